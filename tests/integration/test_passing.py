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
from storage.database import Tx
from storage.enums import InvitationStatus, Stage
from storage.queries import alerts, people
from storage.viewer import SYSTEM
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


async def test_digests_of_the_days_on_the_way_are_sent_at_their_hour(
    hiring: Company, now: SandboxClock
) -> None:
    """A silent week: each working morning tells what waits, and no evening or weekend."""
    who = await hiring.candidate(Stage.ACCEPTED)
    key = hiring.road.vault

    def raises(tx: Tx) -> None:
        row = people.get_candidate(tx, key, SYSTEM, who)
        alerts.raise_alert(
            tx, key.key(tx, row.subject_id), candidate_id=who, conversation_id=None,
            topic="salary", severity="today", rank=2, quote="薪资再谈谈", question="salary",
            evidence=[], due_at=tx.now,
        )  # fmt: skip

    await hiring.road.database.write(raises)
    await passed(hiring.app, now, timedelta(days=7))
    told = [text.split("\n")[0] for text in await hiring.told()]
    daily = [text for text in told if text.startswith("【今日要看】")]
    assert daily == [f"【今日要看】11月{day}日" for day in (2, 3, 4, 5, 6, 9)]
