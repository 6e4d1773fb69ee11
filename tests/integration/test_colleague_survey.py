"""A survey that HR asked for in chat reaches the candidate by the clock, or HR is told why not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest

from bot import asking, pipeline
from bot.messages import Address, Inbound, Received
from bot.workdays import ZONE
from config.settings import Settings
from storage.enums import InvitationStatus, MessageKind, Stage
from tests.clock import FakeClock
from tests.integration.hiring import Company, company

SURVEY = "steps"


@pytest.fixture
def firm(settings: Settings, clock: FakeClock) -> Iterator[Company]:
    clock.set(datetime(2026, 11, 24, 10, 30, tzinfo=ZONE))  # a Tuesday morning
    with company(settings, clock) as made:
        made.app.database.submit(lambda tx: asking.sync(tx, made.road.rulebook)).result(30)
        yield made


async def presses(firm: Company, action: str) -> None:
    """王敏 presses a button under the bot's question."""
    firm.clock.advance(5)
    message = Inbound(
        external_id=f"p_{action}_{firm.clock()}", sender=Address("post", "hr"),
        kind=MessageKind.PRESS, text=action, sent_at=firm.clock(),
    )  # fmt: skip
    await firm.app.door.accept(Received(messages=(message,)))
    await pipeline.handle(firm.road, "v_hr")


async def test_it_is_asked_in_the_candidate_s_chat_once(firm: Company) -> None:
    candidate = await firm.candidate(Stage.ACCEPTED)
    for action in (f"qs:{candidate}:{SURVEY}", *[f"qy:{candidate}:{SURVEY}"] * 2):
        await presses(firm, action)
    told = await firm.told()
    assert "确认给" in told[0]
    assert "已安排给" in told[1]
    assert told[2] == firm.road.rulebook.answers.deed_known
    assert await firm.asked(candidate) == []
    firm.clock.advance(60)
    await firm.tick()
    assert [name for name, _ in await firm.asked(candidate)] == [SURVEY]


async def test_who_cannot_be_reached_is_told_to_hr(firm: Company) -> None:
    candidate = await firm.candidate(Stage.ACCEPTED, channel="")
    for action in (f"qs:{candidate}:{SURVEY}", f"qy:{candidate}:{SURVEY}"):
        await presses(firm, action)
    firm.clock.advance(60)
    await firm.tick()
    row = (await firm.invitations(candidate))[SURVEY]
    assert (row.status, row.opened_at) == (InvitationStatus.PLANNED, None)
    assert candidate in (await firm.told())[-1]
