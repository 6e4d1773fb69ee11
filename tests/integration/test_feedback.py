"""After an interview, on each kind of database: asked once, a press, a sentence, an alarm."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot import jobs, owing
from scheduler.clock import Clock
from storage.crypto import new_public_id
from storage.database import Tx
from storage.enums import Opinion, Role, Stage
from storage.errors import NotFound
from storage.queries import absences, audit, interviews, merging, people, users
from storage.queries.interviews import InterviewRow
from storage.tables import Interview
from storage.viewer import SYSTEM, Viewer
from tests.integration.test_owing import HR, MANAGER, STRANGER, Firm, opened
from tests.integration.town import Town

GUEST = "app/guest"


@pytest.fixture
async def firm(town: Town) -> Firm:
    return await opened(town)


async def interview(
    firm: Firm, candidate: str, *, ago: float = 0, holder: str | None = None
) -> str:
    """A talk so many hours ago (or, negative, in so many hours); its id."""
    made = new_public_id("vw")

    def work(tx: Tx) -> None:
        at = tx.now - timedelta(hours=ago)
        who = firm.ids[holder] if holder is not None else None
        interviews.add(tx, candidate, made, at=at, interviewer_id=who, number=None, by=firm.ids[HR])

    await firm.write(work)
    return made


async def told(firm: Firm, candidate: str) -> list[InterviewRow]:
    def work(tx: Tx) -> list[InterviewRow]:
        row = people.get_candidate(tx, firm.road.vault, SYSTEM, candidate)
        return interviews.of_candidate(tx, firm.road.vault.key(tx, row.subject_id), candidate)

    rows: list[InterviewRow] = await firm.town.database.read(work)
    return rows


async def deeds(firm: Firm) -> list[dict[str, Any]]:
    rows = await firm.town.database.read(lambda tx: audit.page(tx, limit=50))
    return [row.details for row in reversed(rows) if row.action == "interview.feedback"]


async def test_whoever_held_it_is_asked_once_and_one_press_is_enough(firm: Firm) -> None:
    await firm.colleague(GUEST, Role.MANAGER)
    who = await firm.candidate(Stage.INTERVIEW)
    talk = await interview(firm, who, ago=1, holder=GUEST)
    await firm.tick(hours=21)  # twenty hours later is before ten
    assert await firm.told() == []
    await firm.tick(hours=1.5)
    await firm.tick(hours=1)
    [asked] = await firm.told()
    assert "陈一鸣（后端工程师，第 1 轮）" in asked
    assert "1. 可以录用\n2. 再看看\n3. 不合适\n4. 已另行反馈" in asked
    [answer] = await firm.type(GUEST, "2")
    assert answer.startswith("已记下：再看看")
    assert await firm.type(GUEST, "再看看") == ["已经记过了"]
    [row] = await told(firm, who)
    assert (row.verdict, row.feedback, row.told_by) == (Opinion.UNSURE, "", f"同事{GUEST}")
    assert await deeds(firm) == [{"interview": talk, "what": "verdict", "via": "post"}]
    await firm.tick(days=4)
    assert await firm.alerts(who) == []
    assert len(await firm.told()) == 3


async def test_the_next_sentence_is_kept_sealed_and_can_be_taken_back(firm: Firm) -> None:
    who = await firm.candidate(Stage.INTERVIEW)
    talk = await interview(firm, who, ago=21)
    await firm.tick(minutes=1)
    await firm.type(MANAGER, "可以录用")
    [kept] = await firm.type(MANAGER, "底子扎实，带过项目")
    assert "「底子扎实，带过项目」" in kept
    [row] = await told(firm, who)
    assert (row.verdict, row.feedback) == (Opinion.YES, "底子扎实，带过项目")
    raw = await firm.town.rows(Interview)
    assert "底子" not in str(raw)
    # What follows is no feedback any more.
    other = await firm.type(MANAGER, "下周三我出差")
    assert "面试反馈" not in "".join(other)
    assert [row.feedback for row in await told(firm, who)] == ["底子扎实，带过项目"]
    await firm.press(MANAGER, f"dt:feedback:{talk}:undo")
    [row] = await told(firm, who)
    assert (row.verdict, row.feedback) == (Opinion.YES, "")
    assert [one["what"] for one in await deeds(firm)] == ["verdict", "words", "words_back"]


async def test_what_is_no_feedback_is_not_taken_for_it(firm: Firm) -> None:
    who = await firm.candidate(Stage.INTERVIEW)
    await interview(firm, who, ago=21)
    await firm.tick(minutes=1)
    await firm.type(MANAGER, "1")
    await firm.type(MANAGER, "他什么时候能来？")
    [long] = await firm.type(MANAGER, "很" * 301)
    assert "太长" in long
    [private] = await firm.type(MANAGER, "技术可以，但是已婚未育")
    assert "没有记下" in private
    assert [row.feedback for row in await told(firm, who)] == [""]
    firm.town.clock.advance(timedelta(minutes=31))
    await firm.type(MANAGER, "底子扎实")
    assert [row.feedback for row in await told(firm, who)] == [""]


async def test_they_may_think_again_and_nobody_speaks_over_them(firm: Firm) -> None:
    who = await firm.candidate(Stage.INTERVIEW)
    talk = await interview(firm, who, ago=21)
    await firm.tick(minutes=1)
    await firm.type(MANAGER, "1")
    await firm.press(MANAGER, f"dt:feedback:{talk}:no")
    assert [row.verdict for row in await told(firm, who)] == [Opinion.NO]
    await firm.press(HR, f"dt:feedback:{talk}:yes")
    await firm.press(HR, f"dt:feedback:{talk}:undo")
    [row] = await told(firm, who)
    assert (row.verdict, row.done_by) == (Opinion.NO, firm.ids[MANAGER])


async def test_who_told_hr_another_way_says_so_and_is_left_alone(firm: Firm) -> None:
    who = await firm.candidate(Stage.INTERVIEW)
    await interview(firm, who, ago=21)
    await firm.tick(minutes=1)
    assert await firm.type(MANAGER, "已另行反馈") == ["好的，记下了：已另行反馈。"]
    await firm.type(MANAGER, "底子扎实")
    [row] = await told(firm, who)
    assert (row.verdict, row.feedback, row.done_at is not None) == (None, "", True)
    await firm.tick(days=4)
    assert await firm.alerts(who) == []


async def test_a_stranger_and_a_forged_press_change_nothing(firm: Firm) -> None:
    who = await firm.candidate(Stage.INTERVIEW)
    talk = await interview(firm, who, ago=21)
    await firm.tick(minutes=1)
    for action in (
        f"dt:feedback:{talk}:yes",
        f"dt:feedback:{talk}:hire",
        f"dt:feedback:vw_{'a' * 26}:yes",
    ):
        await firm.press(STRANGER, action)
    await firm.type(STRANGER, "底子扎实")
    [row] = await told(firm, who)
    assert (row.verdict, row.done_at) == (None, None)
    assert await deeds(firm) == []


async def test_feedback_that_never_came_alarms_hr_once(firm: Firm) -> None:
    who = await firm.candidate(Stage.INTERVIEW)
    await interview(firm, who, ago=21)
    await firm.tick(minutes=1)
    await firm.tick(hours=22)
    assert await firm.alerts(who) == []
    await firm.tick(hours=2)
    [alert] = await firm.alerts(who)
    assert (alert.topic, alert.severity) == ("feedback_late", "today")
    assert "的面试（后端工程师）还没有反馈" in alert.quote
    await firm.tick(days=3)
    assert len(await firm.alerts(who)) == 1


@pytest.mark.parametrize("over", ["cancelled", "rejected", "long_ago", "ahead"])
async def test_nobody_is_asked_about_what_did_not_take_place(firm: Firm, over: str) -> None:
    who = await firm.candidate(Stage.INTERVIEW)
    talk = await interview(firm, who, ago={"long_ago": 15 * 24, "ahead": -100}.get(over, 2))
    await firm.tick(hours=1)
    if over == "cancelled":
        await firm.write(lambda tx: interviews.cancel(tx, who, talk))
    if over == "rejected":
        await firm.write(lambda tx: people.set_stage(tx, SYSTEM, who, Stage.REJECTED))
    await firm.tick(hours=70)
    assert await firm.told() == []
    assert await firm.alerts(who) == []


async def test_where_nobody_has_a_chat_hr_is_asked_and_of_hr_who_stands_in(firm: Firm) -> None:
    deputy = await firm.colleague(GUEST, Role.HR)
    today = firm.town.clock().date()

    def away(tx: Tx) -> None:
        absences.add(
            tx, user_id=firm.ids[HR], deputy_id=deputy, from_on=today,
            until_on=today + timedelta(days=5), today=today, by=firm.ids[HR],
        )  # fmt: skip

    await firm.write(away)
    who = await firm.candidate(Stage.INTERVIEW, managed=False)
    await interview(firm, who, ago=21)
    await firm.tick(minutes=1)
    [asked] = await firm.told()
    assert "面试官没有连接聊天账号" in asked
    [answer] = await firm.type(GUEST, "不合适")
    assert answer.startswith("已记下：不合适")
    [row] = await told(firm, who)
    assert (row.verdict, row.done_by) == (Opinion.NO, deputy)


async def test_two_clocks_ask_once(firm: Firm) -> None:
    who = await firm.candidate(Stage.INTERVIEW)
    await interview(firm, who, ago=21)
    other = Clock(firm.town.database, now=firm.town.clock)
    await owing.plan(firm.road)
    assert await owing.plan(firm.road) == 0
    fire = jobs.fire(firm.road)
    done = await firm.clock.fire_due(fire), await other.fire_due(fire)
    assert sorted(done) == [0, 1]
    assert len(await firm.told()) == 1


async def test_what_a_colleague_owes_is_listed_until_they_said_it(firm: Firm) -> None:
    await firm.colleague(GUEST, Role.MANAGER)
    who = await firm.candidate(Stage.INTERVIEW)
    theirs = await interview(firm, who, ago=3, holder=GUEST)
    nobodys = await interview(firm, who, ago=2)
    await interview(firm, who, ago=-2, holder=GUEST)

    async def owed(address: str) -> list[str]:
        rows = await firm.town.database.read(
            lambda tx: interviews.owed_by(tx, firm.ids[address], before=tx.now)
        )
        return [row.id for row in rows]

    assert await owed(GUEST) == [theirs]
    assert await owed(MANAGER) == [nobodys]
    await firm.press(GUEST, f"dt:feedback:{theirs}:yes")
    assert await owed(GUEST) == []


async def test_a_merge_moves_talks_with_their_words_and_an_undo_moves_them_back(
    firm: Firm,
) -> None:
    gone, kept = await firm.candidate(Stage.INTERVIEW), await firm.candidate(Stage.INTERVIEW)
    talk = await interview(firm, gone, ago=21)
    await firm.tick(minutes=1)
    await firm.type(MANAGER, "1")
    await firm.type(MANAGER, "底子扎实")
    vault = firm.road.vault
    merge = await firm.write(lambda tx: merging.merge(tx, vault, SYSTEM, kept=kept, gone=gone))
    [row] = await told(firm, kept)
    assert (row.id, row.verdict, row.feedback) == (talk, Opinion.YES, "底子扎实")
    await firm.write(lambda tx: merging.undo(tx, vault, SYSTEM, merge))
    assert await told(firm, kept) == []
    assert [row.feedback for row in await told(firm, gone)] == ["底子扎实"]


async def test_only_whoever_held_it_or_sees_the_candidate_may_speak(firm: Firm) -> None:
    guest = await firm.colleague(GUEST, Role.MANAGER)
    who = await firm.candidate(Stage.INTERVIEW)
    talk = await interview(firm, who, ago=3, holder=GUEST)

    async def may(user: str, role: Role) -> bool:
        def read(tx: Tx) -> bool:
            try:
                interviews.asked(tx, Viewer.of_user(user, "", role), talk)
            except NotFound:
                return False
            return True

        return bool(await firm.town.database.read(read))

    assert await may(guest, Role.MANAGER)
    assert await may(firm.ids[HR], Role.HR)
    assert not await may(firm.ids[STRANGER], Role.MANAGER)
    assert not await may(guest, Role.AUDITOR)
    await firm.write(lambda tx: users.change_user(tx, guest, disabled_at=tx.now))
    await firm.press(GUEST, f"dt:feedback:{talk}:yes")
    assert [row.verdict for row in await told(firm, who)] == [None]
