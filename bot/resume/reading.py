"""A file's bytes in, a proposal out."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable

from bot.profile.definition import ProfileDefinition
from bot.resume import opening
from bot.resume.document import Unreadable
from bot.resume.proposal import Proposal, propose

_NOTHING = "没有读出工作经历、期望等内容；请确认这是一份简历，或手工填写"


async def read(
    data: bytes, definition: ProfileDefinition, *, new_item: Callable[[], str] | None = None
) -> Proposal:
    """What a résumé says. ``new_item`` names employments; j1, j2 … without it.

    Raises ``Unreadable`` with the reason in Chinese.
    """
    lines = await opening.lines_of(data)
    count = itertools.count(1)
    found = await asyncio.to_thread(
        propose, lines, definition, new_item=new_item or (lambda: f"j{next(count)}")
    )
    if not found.fields:
        raise Unreadable(_NOTHING)
    return found
