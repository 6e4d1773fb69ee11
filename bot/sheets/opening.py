"""A file's bytes in, its sheets out; opened by a confined child."""

from __future__ import annotations

from bot.resume import opening, proof
from bot.resume.child import WALL_SECONDS
from bot.resume.document import Unreadable
from bot.sheets import office
from bot.sheets.document import Book


async def opened(data: bytes, *, seconds: float = WALL_SECONDS) -> Book:
    """The sheets of a file. Raises ``Unreadable`` with the reason in Chinese."""
    try:
        kind = office.kind_of(data)
    except proof.Refusal as refusal:
        raise Unreadable(str(refusal)) from refusal
    said = await opening.told(data, "bot.sheets.child", kind, seconds=seconds)
    try:
        return Book.of_json(said["sheets"])
    except (KeyError, TypeError, ValueError) as error:
        raise Unreadable(opening.FAILED) from error
