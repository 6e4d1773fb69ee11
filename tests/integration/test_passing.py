"""``yinuo demo --fast-forward``: what is planned on the way happens at its own moment."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.errors import NotReady
from bot.sandbox.clock import SandboxClock
from bot.sandbox.passing import passed
from config.settings import Settings
from storage.enums import InvitationStatus, Stage
from tests.clock import FakeClock
from tests.integration.hiring import Company, company


@pytest.fixture
def now(tmp_path: Path, clock: FakeClock) -> SandboxClock:
    return SandboxClock(tmp_path, wall=clock)


@pytest.fixture
def hiring(
    sqlite_url: str, tmp_path: Path, clock: FakeClock, now: SandboxClock
) -> Iterator[Company]:
    settings = Settings(data_dir=tmp_path, database_url=sqlite_url)
    with company(settings, clock, now=now) as made:
        yield made


async def test_surveys_leave_on_their_own_days_in_order(hiring: Company, now: SandboxClock) -> None:
    joined = await hiring.candidate(Stage.ONBOARDED)
    asked = await hiring.candidate(Stage.INTERVIEW)
    before = now()
    await passed(hiring.app, now, timedelta(days=7))
    assert now() == before + timedelta(days=7)  # Monday, 9 November, 09:00
    assert await hiring.asked(joined) == [("day3", "11-05 16:00")]
    assert await hiring.asked(asked) == [("motivation", "11-03 10:00")]
    assert (await hiring.invitations(asked))["motivation"].reminders == 2
    await passed(hiring.app, now, timedelta(days=60))
    status = {name: row.status for name, row in (await hiring.invitations(joined)).items()}
    assert status["month1"] is InvitationStatus.UNANSWERED
    assert [survey for survey, _ in await hiring.asked(joined)] == ["day3", "week1", "month1"]


async def test_beyond_the_end_nothing_happens_at_all(hiring: Company, now: SandboxClock) -> None:
    who = await hiring.candidate(Stage.ONBOARDED)
    before = now()
    with pytest.raises(NotReady):
        await passed(hiring.app, now, timedelta(days=401))
    assert (now(), await hiring.asked(who)) == (before, [])
