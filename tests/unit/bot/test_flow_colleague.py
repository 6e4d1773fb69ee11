"""A colleague asks: what the flow says, keeps, and never mixes up."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot import briefs, inquiry
from bot.conversation import router
from bot.conversation.flows import colleague
from bot.inquiry import Brief, ColleagueSeen, Deed, Due, Memory, Named, Option, Owed, Told, Waits
from bot.questions import Ask
from bot.turn import Context, Outcome
from storage.enums import Level, MessageKind, Role, Stage
from tests.builders import NOW, a_colleague, a_context, a_rulebook, said

RULES = a_rulebook()
WORDS = RULES.answers
C, D = "c_" + "a" * 26, "c_" + "b" * 26
U = "u_" + "a" * 26
HOME = "https://hr.example.com"


def a_brief(**changes: Any) -> Brief:
    made = Brief(
        id=C, name="陈一鸣", position="后端工程师", stage=Stage.ACCEPTED, stage_on=NOW.date()
    )
    return replace(made, **changes)


def one(id_: str = C, **changes: Any) -> Named:
    made = Named(id=id_, name="张伟", position="后端工程师", stage=Stage.OFFER, start_on=None)
    return replace(made, **changes)


def seen(ask: str, role: Role = Role.MANAGER, **more: Any) -> ColleagueSeen:
    return ColleagueSeen(role=role, ask=ask, home=HOME, **more)


def asked(what: ColleagueSeen | None, text: str = "在吗", **changes: Any) -> Context:
    values: dict[str, Any] = {"candidate": None, "staff": a_colleague(), "state": {}}
    return a_context(text, **(values | {"colleague": what} | changes))


def pressed(action: str, what: ColleagueSeen | None, **changes: Any) -> Context:
    return asked(what, said=(said(action, kind=MessageKind.PRESS),), **changes)


def step(context: Context) -> Outcome:
    return router.decide(context, None, RULES, now=NOW)


def text_of(outcome: Outcome) -> str:
    [reply] = outcome.replies
    assert outcome.flow == colleague.FLOW
    return reply.text


def test_one_person_is_told_whole_and_kept_as_told() -> None:
    brief = a_brief(
        start_on=(NOW + timedelta(days=3)).date(),
        theirs=(Due(what="提交离职申请", by=(NOW + timedelta(days=1)).date()),),
        unnamed=True,
        greets=True,
    )
    outcome = step(asked(seen(Ask.STATUS, briefs=(brief,), found=(one(),))))
    text = text_of(outcome)
    for words in ("陈一鸣（后端工程师）", "阶段：已接受", "候选人：提交离职申请", WORDS.unnamed):
        assert words in text
    assert text.splitlines()[2].endswith("提交离职申请")  # the nearest of the two days
    assert text.endswith(f"您可以做的一件事：{WORDS.greet}")
    assert outcome.told == (Told(candidate_id=C, what=Ask.STATUS),)
    assert outcome.state is not None
    assert inquiry.remembered(outcome.state, NOW).about == (C,)


@pytest.mark.parametrize("past", [0, 5])
def test_what_is_past_is_no_next_date(past: int) -> None:
    due = Due(what="交齐入职材料", by=(NOW - timedelta(days=past)).date(), overdue=past > 0)
    text = briefs.person(RULES, a_brief(theirs=(due,)), Role.MANAGER, NOW)
    assert (WORDS.no_date in text) == (past > 0)
    assert ("已超时" in text) == (past > 0)


@pytest.mark.parametrize(
    ("brief", "thing"),
    [
        (a_brief(), WORDS.nothing_todo),
        (a_brief(greets=True), f"您可以做的一件事：{WORDS.greet}"),
        (a_brief(attention=True, greets=True), WORDS.attention["accepted"]),
        (a_brief(attention=True, stage=Stage.LEFT), WORDS.ended_todo),
        (
            a_brief(attention=True, ours=(Due(what="面试反馈"),)),
            "您可以做的一件事：先把我们欠的办掉：面试反馈",
        ),
    ],
)
def test_a_manager_gets_one_thing_to_do(brief: Brief, thing: str) -> None:
    assert briefs.todo(RULES, brief, Role.MANAGER) == thing


def test_one_thing_for_hr_is_what_waits_first() -> None:
    waits = Waits(topic="薪资", question="期望多少？", quote="再谈谈", due_at=NOW)
    brief = a_brief(waits=(waits,), ours=(Due(what="答复"),), hint="问问进展")
    assert "先回复“薪资”：期望多少？" in briefs.todo(RULES, brief, Role.HR)
    assert "先把我们欠的办掉：答复" in briefs.todo(RULES, replace(brief, waits=()), Role.HR)
    assert briefs.todo(RULES, replace(brief, waits=(), ours=()), Role.HR) == "下一步：问问进展"


@pytest.mark.parametrize("count", [0, 1, 8, 9, 400])
def test_a_list_says_all_or_how_many_more_and_where(count: int) -> None:
    shown = tuple(a_brief(id=f"c_{n}", name=f"林{n}") for n in range(min(count, 8)))
    outcome = step(asked(seen(Ask.MINE, briefs=shown, more=max(count - 8, 0))))
    text = text_of(outcome)
    assert text.count("\n· ") == min(count, 8)
    assert (f"{HOME}/console/candidates" in text) == (count > 8)
    assert len(outcome.told) == min(count, 8)
    if count:
        assert f"共{count}位" in text
    else:
        assert text == WORDS.mine_none


def test_what_is_owed_is_told_by_line_and_each_person_kept_once() -> None:
    late = Owed(candidate_id=C, name="陈一鸣", position="", what="面试反馈", by=NOW, overdue=True)
    soon = replace(late, what="打个招呼", by=None, overdue=False)
    outcome = step(asked(seen(Ask.OWED, owed=(late, soon))))
    text = text_of(outcome)
    assert "陈一鸣（未定职位）：面试反馈（11月2日到期，已超时）" in text
    assert "陈一鸣（未定职位）：打个招呼" in text
    assert outcome.told == (Told(candidate_id=C, what=Ask.OWED),)


@pytest.mark.parametrize("ask", [Ask.PAY, Ask.CHAT, Ask.PRIVATE, Ask.COMPARE])
@pytest.mark.parametrize("role", [Role.MANAGER, Role.HR, Role.HR_ADMIN])
def test_what_is_refused_is_refused_whoever_is_meant(ask: Ask, role: Role) -> None:
    plain = step(asked(seen(ask, role)))
    named = step(asked(seen(ask, role, briefs=(a_brief(),), found=(one(),))))
    nobody = step(asked(seen(ask, role, nobody=True)))
    assert text_of(plain) == text_of(named) == text_of(nobody)
    assert plain.told == named.told == nobody.told == ()


@pytest.mark.parametrize("ask", [Ask.REASONS, Ask.SEND_SURVEY, Ask.TRANSFER])
def test_what_only_hr_may_is_refused_to_managers_whoever_is_meant(ask: Ask) -> None:
    named = step(asked(seen(ask, found=(one(),), briefs=(a_brief(reasons=("x",)),))))
    assert text_of(named) == text_of(step(asked(seen(ask, nobody=True))))
    assert named.told == ()


def test_people_of_one_name_become_choices_and_nobody_was_told() -> None:
    day = (NOW + timedelta(days=9)).date()
    found = (one(C), one(D, position="", stage=Stage.ACCEPTED, start_on=day))
    outcome = step(asked(seen(Ask.STATUS, found=found)))
    [reply] = outcome.replies
    assert reply.choices == (
        ("张伟｜后端工程师｜已发 offer", f"qa:status:{C}"),
        (f"张伟｜未定职位｜{day.month}月{day.day}日入职", f"qa:status:{D}"),
    )
    assert outcome.told == ()
    more = step(asked(seen(Ask.STATUS, found=found, more=3)))
    assert "还有3位" in text_of(more)


def test_actions_go_to_any_platform_and_come_back() -> None:
    for ask in Ask:
        action = inquiry.asking(ask, C)
        assert len(action.encode()) <= 64
        assert action.isascii()
        assert inquiry.asked(action) == (ask, C)
    for kind, what in (("survey", "s" * 32), ("transfer", U)):
        for sure in (False, True):
            deed = Deed(kind=kind, candidate_id=C, what=what, sure=sure)
            assert len(inquiry.deed(deed).encode()) <= 64
            assert inquiry.wanted(inquiry.deed(deed)) == deed


@pytest.mark.parametrize(
    "text",
    ["", "qa:status:", f"qa:STATUS:{C}", f"qa:status:{C} ", f"qz:{C}:{C}", f"qy:{C}:../x",
     f"qs:{C}:{'s' * 33}", f"al:{C}:useful", f"qa:status:{C}\n"],
)  # fmt: skip
def test_what_we_never_sent_is_not_ours(text: str) -> None:
    assert not inquiry.is_ours(text)


@pytest.mark.parametrize("action", [f"qa:status:{C}", f"qz:{C}:{U}", inquiry.CANCEL])
def test_a_press_of_somebody_else_is_refused(action: str) -> None:
    context = pressed(action, None, staff=None)
    outcome = step(context)
    assert outcome.press_note == RULES.replies.press_refused
    assert (outcome.replies, outcome.told, outcome.deed) == ((), (), None)


OPTIONS = (Option(id="day3", name="入职第三天"), Option(id="week1", name="第一周"))


def test_a_survey_is_chosen_then_confirmed_then_done() -> None:
    which = step(asked(seen(Ask.SEND_SURVEY, Role.HR, found=(one(),), options=OPTIONS)))
    assert [action for _, action in which.replies[0].choices] == [
        f"qs:{C}:day3",
        f"qs:{C}:week1",
    ]
    deed = Deed(kind="survey", candidate_id=C, what="day3")
    known = seen(Ask.SEND_SURVEY, Role.HR, found=(one(),), options=OPTIONS, deed=deed)
    sure = step(pressed(f"qs:{C}:day3", known))
    assert "《入职第三天》" in text_of(sure)
    assert sure.deed is None
    assert sure.state is not None
    assert inquiry.remembered(sure.state, NOW).deed == deed
    yes = replace(deed, sure=True)
    done = step(pressed(f"qy:{C}:day3", replace(known, deed=yes), state=sure.state))
    assert done.deed == yes
    assert done.state is not None
    assert inquiry.remembered(done.state, NOW).done == yes
    again = step(pressed(f"qy:{C}:day3", replace(known, deed=yes, deed_done=True)))
    assert (text_of(again), again.deed) == (WORDS.deed_known, None)


def test_a_no_forgets_what_was_to_be_done() -> None:
    deed = Deed(kind="transfer", candidate_id=C, what=U)
    state = inquiry.remembering({"greeted": True}, Memory(about=(C,), deed=deed), NOW)
    outcome = step(pressed(inquiry.CANCEL, seen(inquiry.CANCELLED, Role.HR), state=state))
    assert text_of(outcome) == WORDS.deed_kept
    assert outcome.state is not None
    assert outcome.state["greeted"]
    kept = inquiry.remembered(outcome.state, NOW)
    assert (kept.deed, kept.about) == (None, (C,))


def test_what_was_talked_about_is_forgotten_after_a_while() -> None:
    state = inquiry.remembering({}, Memory(ask=Ask.STATUS, about=(C,)), NOW)
    soon, later = NOW + timedelta(minutes=30), NOW + timedelta(minutes=31)
    assert inquiry.remembered(state, soon).about == (C,)
    assert inquiry.remembered(state, later) == Memory()


def test_reasons_are_words_and_no_number() -> None:
    waits = Waits(topic="薪资", question="期望多少？", quote="再谈谈" * 50, due_at=NOW)
    brief = a_brief(level=Level.HIGH, reasons=("候选人提到其他公司的机会",), waits=(waits,))
    text = text_of(step(asked(seen(Ask.REASONS, Role.HR, briefs=(brief,), found=(one(),)))))
    assert "目前：较高" in text
    assert "…”" in text  # a long quote is cut
    none = a_brief(level=Level.LOW)
    calm = text_of(step(asked(seen(Ask.REASONS, Role.HR, briefs=(none,), found=(one(),)))))
    assert calm == "陈一鸣（后端工程师）目前没有风险信号。"


@pytest.mark.parametrize(
    ("role", "says"),
    [(Role.MANAGER, "我的候选人"), (Role.HR, "今天要处理的"), (Role.AUDITOR, "审计")],
)
def test_who_is_not_understood_is_told_what_may_be_asked(role: Role, says: str) -> None:
    assert says in text_of(step(asked(seen("", role))))


def test_a_file_is_no_question() -> None:
    context = asked(None, said=(said("[图片]", kind=MessageKind.UNSUPPORTED),))
    assert step(context).flow == "staff"
