"""Surveys leave by themselves: on the right working day, once, and never at a bad moment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest

from bot import filing
from bot.turn import AddFact
from config.settings import Settings
from nlp.baseline import RuleReader
from nlp.reading import Reading, Utterance
from storage.enums import InvitationStatus, Stage, StepKind
from storage.tables import Conversation, Identity
from tests.clock import FakeClock
from tests.integration.hiring import Company, company

#: The tests begin on Monday, 2 November 2026, 09:00.
TODAY = date(2026, 11, 2)


@pytest.fixture
def hiring(settings: Settings, clock: FakeClock) -> Iterator[Company]:
    with company(settings, clock) as made:
        yield made


async def test_from_interview_to_month_three_each_survey_leaves_once_on_a_working_day(
    hiring: Company,
) -> None:
    who = await hiring.candidate()
    await hiring.until(date(2026, 11, 3))
    await hiring.close((await hiring.invitations(who))["motivation"], InvitationStatus.DONE)
    await hiring.move(who, Stage.OFFER)
    await hiring.until(date(2026, 11, 5))
    await hiring.move(who, Stage.ACCEPTED, date(2026, 11, 23))
    await hiring.until(date(2026, 11, 10))
    await hiring.close((await hiring.invitations(who))["steps"], InvitationStatus.REFUSED)
    await hiring.until(date(2026, 11, 23), hour=10)
    await hiring.move(who, Stage.ONBOARDED)
    for day, survey in (
        (date(2026, 11, 26), "day3"),
        (date(2026, 11, 30), "week1"),
        (date(2026, 12, 23), "month1"),
        (date(2027, 2, 23), "month3"),
    ):
        await hiring.until(day)
        await hiring.close((await hiring.invitations(who))[survey], InvitationStatus.DONE)
    await hiring.until(date(2027, 6, 1))
    assert await hiring.asked(who) == [
        ("motivation", "11-03 10:00"),
        ("steps", "11-10 10:00"),
        ("day3", "11-26 16:00"),
        ("week1", "11-30 16:00"),
        ("month1", "12-23 16:00"),
        ("month3", "02-23 16:00"),
    ]
    assert len(await hiring.said_in("w_0")) == 6
    assert await hiring.told() == []


async def test_writing_the_same_stage_again_plans_nothing_new(hiring: Company) -> None:
    who = await hiring.candidate()
    before = await hiring.invitations(who)
    await hiring.move(who, Stage.INTERVIEW)
    hiring.clock.advance(timedelta(days=1))
    await hiring.move(who, Stage.INTERVIEW)
    assert await hiring.invitations(who) == before
    assert set(before) == {"motivation"}


async def test_an_end_cancels_what_is_planned_and_what_is_open(hiring: Company) -> None:
    who = await hiring.candidate(Stage.ONBOARDED)
    await hiring.until(date(2026, 11, 5))
    assert (await hiring.invitations(who))["day3"].status is InvitationStatus.OPEN
    await hiring.move(who, Stage.LEFT)
    await hiring.until(date(2027, 3, 1))
    found = await hiring.invitations(who)
    assert {row.status for row in found.values()} == {InvitationStatus.CANCELLED}
    assert {row.why for row in found.values()} == {"ended"}
    assert len(await hiring.said_in("w_0")) == 1


async def test_nobody_is_interrupted(hiring: Company) -> None:
    talking = await hiring.candidate(Stage.ONBOARDED)
    taken = await hiring.candidate(Stage.ONBOARDED)
    await hiring.until(date(2026, 11, 5), hour=15)
    hiring.clock.advance(timedelta(minutes=55))
    await hiring.says(talking)
    await hiring.set(taken, Conversation, muted=True)
    await hiring.until(date(2026, 11, 5), hour=17)
    assert await hiring.asked(talking) == [("day3", "11-05 16:25")]
    assert await hiring.asked(taken) == []
    await hiring.set(taken, Conversation, muted=False)
    await hiring.until(date(2026, 11, 6))
    assert await hiring.asked(taken) == [("day3", "11-06 09:30")]  # nobody was there by six


async def test_one_survey_at_a_time_and_a_day_between_two(hiring: Company) -> None:
    who = await hiring.candidate(Stage.ONBOARDED)
    await hiring.until(date(2026, 11, 9))  # week1 is due, day3 is still open
    found = await hiring.invitations(who)
    assert found["day3"].status is InvitationStatus.OPEN
    assert found["week1"].status is InvitationStatus.PLANNED
    await hiring.close(found["day3"], InvitationStatus.DONE)
    await hiring.until(date(2026, 11, 10))
    assert [survey for survey, _ in await hiring.asked(who)] == ["day3", "week1"]


async def test_two_reminders_and_then_it_is_kept_as_unanswered(hiring: Company) -> None:
    who = await hiring.candidate(Stage.ONBOARDED)
    await hiring.switch_off("week1")
    await hiring.until(date(2026, 11, 5))
    assert len(await hiring.said_in("w_0")) == 1
    await hiring.until(date(2026, 11, 6))
    assert len(await hiring.said_in("w_0")) == 2
    await hiring.until(date(2026, 11, 9))
    assert len(await hiring.said_in("w_0")) == 2  # a weekend and a day
    await hiring.until(date(2026, 11, 10))
    assert len(await hiring.said_in("w_0")) == 3
    assert await hiring.facts(who) == []
    await hiring.until(date(2026, 11, 13))
    row = (await hiring.invitations(who))["day3"]
    assert (row.status, row.reminders) == (InvitationStatus.UNANSWERED, 2)
    assert await hiring.facts(who) == ["survey_unanswered"]
    assert len(await hiring.said_in("w_0")) == 3


async def test_who_answered_meanwhile_is_not_reminded(hiring: Company) -> None:
    who = await hiring.candidate(Stage.ONBOARDED)
    await hiring.until(date(2026, 11, 5))
    await hiring.close((await hiring.invitations(who))["day3"], InvitationStatus.DONE)
    await hiring.until(date(2026, 11, 8))
    assert len(await hiring.said_in("w_0")) == 1
    assert await hiring.facts(who) == []


async def test_a_closed_window_is_told_at_once_and_tried_again_when_they_wrote(
    hiring: Company,
) -> None:
    who = await hiring.candidate(Stage.ONBOARDED, channel="post", address="kf/one/wm1")
    await hiring.says(who)
    await hiring.until(date(2026, 11, 5))
    row = (await hiring.invitations(who))["day3"]
    assert (row.status, row.why) == (InvitationStatus.PLANNED, "late")
    [told] = await hiring.told()
    assert told.startswith("候选0的《入职第三天》发不出去：距对方上一条消息已超过平台允许的时间。")
    await hiring.until(date(2026, 11, 6), hour=9)
    await hiring.says(who)
    await hiring.until(date(2026, 11, 6))
    assert await hiring.asked(who) == [("day3", "11-06 09:30")]
    assert len(await hiring.told()) == 1


async def test_another_chat_is_taken_where_the_last_one_is_closed(hiring: Company) -> None:
    who = await hiring.candidate(Stage.ONBOARDED, channel="post", address="kf/one/wm1")
    other = await hiring.candidate(Stage.INTERVIEW, address="w_other")
    await hiring.move(other, Stage.REJECTED)
    await hiring.set(other, Identity, candidate_id=who)
    await hiring.until(date(2026, 11, 5))
    assert (await hiring.invitations(who))["day3"].via == "webchat"
    assert await hiring.told() == []


@pytest.mark.parametrize(
    ("channel", "address", "blocked", "why"),
    [
        ("", "", False, "none"),
        ("webchat", "", True, "blocked"),
        ("post", "kf/one/wm1", False, "never"),
    ],
)
async def test_who_cannot_be_reached_is_shown_with_the_reason(
    hiring: Company, channel: str, address: str, blocked: bool, why: str
) -> None:
    who = await hiring.candidate(Stage.ONBOARDED, channel=channel, address=address)
    if blocked:
        await hiring.set(who, Identity, reachable=False)
    await hiring.until(date(2026, 11, 6))
    assert (await hiring.invitations(who))["day3"].why == why
    await hiring.until(date(2026, 11, 11), hour=17)
    row = (await hiring.invitations(who))["day3"]
    assert (row.status, row.why) == (InvitationStatus.UNREACHABLE, why)
    assert len(await hiring.told()) == 2  # day3, and week1 that came due meanwhile
    assert await hiring.report() == 1
    assert (await hiring.told())[-1] == "1份问卷过了时间，没有发出：候选0《入职第三天》"
    assert await hiring.report() == 0


async def test_after_a_long_downtime_the_rest_is_told_in_one_line(hiring: Company) -> None:
    who = [await hiring.candidate(Stage.ONBOARDED) for _ in range(3)]
    hiring.clock.set(hiring.clock() + timedelta(days=9))  # Wednesday, 11 November
    await hiring.tick()
    await hiring.until(date(2026, 11, 11), hour=17)
    for one in who:
        found = await hiring.invitations(one)
        assert found["day3"].status is InvitationStatus.MISSED
        assert found["week1"].status is InvitationStatus.OPEN
    assert await hiring.report() == 3
    names = "、".join(f"候选{number}《入职第三天》" for number in range(3))
    assert await hiring.told() == [f"3份问卷过了时间，没有发出：{names}"]


async def test_what_still_makes_sense_goes_out_so_many_a_minute_the_oldest_first(
    hiring: Company,
) -> None:
    places = hiring.road.rulebook.timing.a_minute
    who = [await hiring.candidate(Stage.ONBOARDED) for _ in range(places + 5)]
    hiring.clock.set(hiring.clock() + timedelta(days=3, hours=8))  # Thursday, 17:00
    await hiring.tick()
    await hiring.tick()
    assert [len(await hiring.asked(one)) for one in who] == [1] * places + [0] * 5
    hiring.clock.advance(60)
    await hiring.tick()
    assert [len(await hiring.asked(one)) for one in who] == [1] * (places + 5)


async def test_a_survey_that_was_switched_off_is_not_sent(hiring: Company) -> None:
    who = await hiring.candidate(Stage.ONBOARDED)
    await hiring.switch_off("day3")
    await hiring.until(date(2026, 11, 6))
    row = (await hiring.invitations(who))["day3"]
    assert (row.status, row.why) == (InvitationStatus.CANCELLED, "switched_off")


async def test_a_survey_about_steps_leaves_out_what_is_done_and_an_answer_takes_the_step(
    hiring: Company,
) -> None:
    who = await hiring.candidate(Stage.ACCEPTED)
    due = date(2026, 11, 10)
    for kind in (StepKind.RESIGNATION, StepKind.MEDICAL):
        await filing.plan_step(hiring.road, hiring.hr, who, kind, due)
    done = (await hiring.open_steps(who))[StepKind.RESIGNATION]
    await filing.step_taken(hiring.road, hiring.hr, who, done, TODAY)
    await hiring.until(date(2026, 11, 9))
    row = (await hiring.invitations(who))["steps"]
    assert row.definition is not None
    assert [one["id"] for one in row.definition["questions"]] == [
        "release", "medical", "home", "open",
    ]  # fmt: skip
    [said] = await hiring.said_in("w_0")
    assert "和原公司定的最后一天是哪天？" in said
    await hiring.learns(
        who, AddFact(kind="way.medical", value="yes", source="survey:steps:medical")
    )
    assert await hiring.open_steps(who) == {}


async def test_without_consent_nothing_is_asked_and_hr_reads_why(hiring: Company) -> None:
    hiring.app.road.rulebook = replace(hiring.road.rulebook, form=None)
    who = await hiring.candidate(Stage.ONBOARDED)
    await hiring.until(date(2026, 11, 6))
    row = (await hiring.invitations(who))["day3"]
    assert (row.status, row.why) == (InvitationStatus.PLANNED, "consent")
    assert await hiring.said_in("w_0") == []
    [told] = await hiring.told()
    assert told.startswith("候选0的《入职第三天》发不出去：对方还没有同意分析。")


class Rules:
    """The reader's rules, as the product calls a reader."""

    async def read(self, batch: Sequence[Utterance]) -> list[Reading]:
        return list(RuleReader().read(batch))


async def test_a_day_that_was_named_raises_nothing_until_its_evening(hiring: Company) -> None:
    who = await hiring.candidate(Stage.OFFER)
    hiring.app.road.reader = Rules()
    hiring.app.road.pause = hiring.app.road.longest = timedelta(0)
    await hiring.hears("w_0", who, "我周五前给您答复")
    assert await hiring.alerts(who) == []
    await hiring.until(date(2026, 11, 6), hour=17)
    assert await hiring.alerts(who) == []
    await hiring.until(date(2026, 11, 6), hour=18)
    assert await hiring.alerts(who) == ["deadline"]
