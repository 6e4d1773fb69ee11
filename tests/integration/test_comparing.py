"""Career plans against roles, from the statement to the score, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from bot import comparing, filing
from bot.appraisal import look
from bot.match.match import Match, Part, Scored
from nlp.likeness import version
from nlp.likeness.score import likeness as compared
from nlp.reading import Compared, ReaderUnavailable
from storage.queries import likeness, people, users
from tests.integration.hr import Desk

PLAN = ("expect.plan", "")
DOES = "拜访企业客户，跟招投标，签年度合同；两年做区域经理，带小组"
WISH = "想一直做销售，以后自己带团队"


class Here:
    """Compares in this process; ``seen`` is what it was asked."""

    def __init__(self, *, away: bool = False, deadly: str = "毒药") -> None:
        self.seen: list[Compared] = []
        self.away, self._deadly = away, deadly

    async def compare(self, pairs: Sequence[Compared]) -> list[float | None]:
        if self.away or any(self._deadly in pair.plan for pair in pairs):
            raise ReaderUnavailable("away")
        self.seen += pairs
        return compared(pairs)


def seat(desk: Desk, who: str, does: str = DOES, title: str = "大客户销售") -> str:
    def work(tx: Any) -> str:
        made = people.create_position(
            tx, desk.hr, title=title, requirements=does, owner_id=desk.hr.id
        )
        people.assign(tx, desk.hr, who, made)
        return made

    found: str = desk.write(work)
    return found


async def say(desk: Desk, who: str, plan: str) -> None:
    await filing.state(desk.road, desk.hr, who, {PLAN: plan}, source=f"form:{desk.hr.id}")


def fit(desk: Desk, who: str) -> Match:
    def work(tx: Any) -> Match:
        row = people.get_candidate(tx, desk.road.vault, desk.hr, who)
        key = desk.road.vault.key(tx, row.subject_id)
        return look(tx, desk.road.vault, key, desk.road.rulebook, row)[1]

    found: Match = desk.write(work)
    return found


def plan_part(desk: Desk, who: str) -> Scored | None:
    return next((one for one in fit(desk, who).parts if one.part is Part.PLAN), None)


def due(desk: Desk) -> list[str]:
    found: list[str] = desk.write(lambda tx: likeness.due(tx, limit=100))
    return found


@pytest.fixture
def here(hr_desk: Desk) -> Here:
    made = Here()
    hr_desk.road.comparer = made
    return made


async def test_from_a_statement_to_a_part(hr_desk: Desk, here: Here) -> None:
    who = hr_desk.candidate()[0]
    seat(hr_desk, who)
    assert due(hr_desk) == []
    await say(hr_desk, who, WISH)
    assert due(hr_desk) == [who]
    assert plan_part(hr_desk, who) is None
    assert await comparing.compare(hr_desk.road) == 1
    part = plan_part(hr_desk, who)
    assert part is not None
    assert part.score >= 80
    assert part.lacks == "fits"
    words = hr_desk.road.rulebook.match.says(part)
    assert WISH in words
    assert DOES in words
    assert due(hr_desk) == []
    await say(hr_desk, who, WISH)
    assert due(hr_desk) == []


async def test_another_plan_is_unknown_until_it_is_compared(hr_desk: Desk, here: Here) -> None:
    who = hr_desk.candidate()[0]
    seat(hr_desk, who)
    await say(hr_desk, who, WISH)
    await comparing.compare(hr_desk.road)
    await say(hr_desk, who, "不想再做销售了，想找后台的活")
    assert plan_part(hr_desk, who) is None
    assert due(hr_desk) == [who]
    await comparing.compare(hr_desk.road)
    part = plan_part(hr_desk, who)
    assert part is not None
    assert part.score < 60


async def test_another_position_is_another_pair(hr_desk: Desk, here: Here) -> None:
    who = hr_desk.candidate()[0]
    seat(hr_desk, who)
    await say(hr_desk, who, WISH)
    await comparing.compare(hr_desk.road)
    seat(hr_desk, who, "月结、报表、报税；财务主管", "总账会计")
    assert plan_part(hr_desk, who) is None
    await say(hr_desk, who, f"{WISH}。")
    await comparing.compare(hr_desk.road)
    part = plan_part(hr_desk, who)
    assert part is not None
    assert part.score < 60


async def test_what_says_too_little_is_asked_once(hr_desk: Desk, here: Here) -> None:
    who = hr_desk.candidate()[0]
    seat(hr_desk, who)
    await say(hr_desk, who, "没想好")
    assert await comparing.compare(hr_desk.road) == 1
    assert plan_part(hr_desk, who) is None
    assert Part.PLAN in fit(hr_desk, who).missing
    assert due(hr_desk) == []
    await say(hr_desk, who, "没想好")
    assert due(hr_desk) == []


async def test_a_role_that_is_only_a_title_is_not_asked(hr_desk: Desk, here: Here) -> None:
    who = hr_desk.candidate()[0]
    seat(hr_desk, who, "")
    await say(hr_desk, who, WISH)
    assert due(hr_desk) == []


async def test_while_the_reader_is_away_the_part_is_missing(hr_desk: Desk) -> None:
    who = hr_desk.candidate()[0]
    seat(hr_desk, who)
    await say(hr_desk, who, WISH)
    for away in (None, Here(away=True)):
        hr_desk.road.comparer = away
        with pytest.raises(ReaderUnavailable):
            await comparing.compare(hr_desk.road)
        assert plan_part(hr_desk, who) is None
        assert due(hr_desk) == [who]
    hr_desk.road.comparer = Here()
    assert await comparing.compare(hr_desk.road) == 1
    assert plan_part(hr_desk, who) is not None


async def test_one_deadly_plan_keeps_nobody_waiting(hr_desk: Desk, here: Here) -> None:
    people_of = [hr_desk.candidate(name)[0] for name in ("甲", "乙", "丙")]
    for who, plan in zip(people_of, (WISH, f"毒药，{WISH}", WISH), strict=True):
        seat(hr_desk, who)
        await say(hr_desk, who, plan)
    assert await comparing.compare(hr_desk.road) == 2
    assert due(hr_desk) == [people_of[1]]


async def test_what_changed_while_it_was_compared_is_compared_again(hr_desk: Desk) -> None:
    who = hr_desk.candidate()[0]
    seat(hr_desk, who)
    await say(hr_desk, who, WISH)

    class Slow(Here):
        async def compare(self, pairs: Sequence[Compared]) -> list[float | None]:
            await say(hr_desk, who, "想转行去做会计，学做账报税")
            return await super().compare(pairs)

    hr_desk.road.comparer = Slow()
    await comparing.compare(hr_desk.road)
    assert plan_part(hr_desk, who) is None
    assert due(hr_desk) == [who]


async def test_after_an_update_everybody_is_compared_again(hr_desk: Desk, here: Here) -> None:
    who = hr_desk.candidate()[0]
    seat(hr_desk, who)
    await say(hr_desk, who, WISH)
    await comparing.compare(hr_desk.road)
    assert await comparing.wake(hr_desk.road) == 1  # the first time ever
    await comparing.compare(hr_desk.road)
    assert await comparing.wake(hr_desk.road) == 0
    hr_desk.write(lambda tx: users.set_setting(tx, "likeness", "likeness@another"))
    assert await comparing.wake(hr_desk.road) == 1
    assert hr_desk.write(lambda tx: users.setting(tx, "likeness")) == version.name()


async def test_the_clock_wakes_and_a_worker_compares(hr_desk: Desk, here: Here) -> None:
    who = hr_desk.candidate()[0]
    seat(hr_desk, who)
    await say(hr_desk, who, WISH)
    running = asyncio.create_task(hr_desk.road.engine.run())
    try:
        await comparing.wake(hr_desk.road)
        async with asyncio.timeout(20):
            while plan_part(hr_desk, who) is None:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    finally:
        await hr_desk.road.engine.stop()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert here.seen == [Compared(plan=WISH, title="大客户销售", role=DOES)]


async def test_the_digest_tells_nothing(hr_desk: Desk, here: Here) -> None:
    """Two people with the same words have different ones."""
    of = []
    for name in ("甲", "乙"):
        who = hr_desk.candidate(name)[0]
        seat(hr_desk, who)
        await say(hr_desk, who, WISH)
        await comparing.compare(hr_desk.road)
        row = hr_desk.write(
            lambda tx, who=who: people.get_candidate(tx, hr_desk.road.vault, hr_desk.hr, who)
        )
        of.append(row.likeness_of)
    assert len(set(of)) == 2
    assert all(one and len(one) == 32 for one in of)
