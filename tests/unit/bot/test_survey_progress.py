"""A survey under way: each message has a stated result."""

from __future__ import annotations

from datetime import datetime
from time import perf_counter
from typing import Any

import pytest

from bot.surveys.commands import Command, command
from bot.surveys.definition import load
from bot.surveys.measures import money
from bot.surveys.progress import Move, Progress, answer, asked, upcoming
from bot.surveys.shape import Given, Survey
from bot.surveys.understanding import doubted, shown, understood
from tests.builders import a_rulebook

NOW = datetime.fromisoformat("2026-11-28T12:00+08:00")
BOOK = a_rulebook().surveys


class Talk:
    """One person and one survey."""

    def __init__(self, survey: Survey) -> None:
        self.survey = survey
        self.answers: dict[str, Given] = {}
        first = upcoming(Progress(survey=survey, answers={}))
        assert first is not None
        self.at, self.asked_again = first.id, False

    def say(self, text: str) -> Move:
        move = answer(
            Progress(
                survey=self.survey, answers=self.answers, at=self.at, asked_again=self.asked_again
            ),
            text,
            now=NOW,
        )
        self.answers |= dict(move.given)
        self.at, self.asked_again = move.at, move.asked_again
        return move

    @property
    def values(self) -> dict[str, Any]:
        return {key: given.value for key, given in self.answers.items()}


def test_a_survey_is_answered_in_own_words_to_the_end() -> None:
    talk = Talk(BOOK["week1"])
    for text in ("不太清楚", "奖金怎么算没说", "聊过了", "三分吧"):
        assert talk.say(text).next is not None
    assert talk.say("没了").ended == "done"
    assert talk.values == {
        "pay_clear": "no",
        "pay_what": "奖金怎么算没说",
        "manager_met": "yes",
        "team": 3,
        "said": "没了",
    }


def test_what_hangs_on_an_answer_is_not_asked_when_it_changes() -> None:
    talk = Talk(BOOK["week1"])
    talk.say("不清楚")
    talk.say("奖金")
    talk.say("上一题")
    talk.say("上一题")
    move = talk.say("清楚")
    assert move.next is not None
    assert move.next.id == "manager_met"
    assert "pay_what" not in [one.id for one in asked(talk.survey, talk.answers)]


def test_what_fits_no_kind_is_asked_again_once_and_then_kept_as_words() -> None:
    talk = Talk(BOOK["day3"])
    first = talk.say("几点下班？")
    assert (first.again, first.given, first.at) == (True, (), "mood")
    second = talk.say("我问你几点下班？")
    assert second.given == (("mood", Given(value=None, text="我问你几点下班？")),)
    assert second.next is not None
    assert second.next.id == "ready"
    assert not second.asked_again


def test_a_day_that_does_not_exist_is_asked_again_with_the_reason() -> None:
    talk = Talk(BOOK["steps"])
    talk.say("准备交")
    move = talk.say("2月30日")
    assert (move.again, move.why) == (True, "date")
    assert talk.say("2月28日").given == (("release", Given(value="2027-02-28", text="2月28日")),)


def test_a_day_that_is_not_settled_is_an_answer() -> None:
    talk = Talk(BOOK["steps"])
    talk.say("准备交")
    move = talk.say("还没定呢")
    assert move.given == (("release", Given(value=None, text="还没定呢")),)
    assert not move.again


@pytest.mark.parametrize("text", ["聊过了，4分", "聊过了\n4分", "1. 聊过了 2. 4分", "聊过了；四分"])
def test_two_answers_in_one_message_fill_two_questions(text: str) -> None:
    talk = Talk(BOOK["week1"])
    talk.say("清楚")
    move = talk.say(text)
    assert [(key, given.value) for key, given in move.given] == [
        ("manager_met", "yes"),
        ("team", 4),
    ]
    assert move.at == "said"


@pytest.mark.parametrize("text", ["4分，挺好的", "4分，同事很照顾我", "4分，加油"])
def test_an_answer_with_its_reason_fills_one_question(text: str) -> None:
    talk = Talk(BOOK["month1"])
    assert [key for key, _ in talk.say(text).given] == ["mood"]


def test_twenty_thousand_characters_are_kept_where_words_are_asked_and_nowhere_else() -> None:
    long = "三分吧" * 6667
    talk = Talk(BOOK["day3"])
    assert talk.say(long).again
    move = talk.say(long)
    assert move.given == (("mood", Given(value=None, text=long)),)
    talk.say("都齐了")
    assert talk.say(long).given == (("said", Given(value=long, text=long)),)


def test_skip_back_later_and_stop() -> None:
    talk = Talk(BOOK["month1"])
    assert talk.say("上一题").at == "mood", "before the first there is none"
    assert talk.say("跳过").given == (("mood", Given(value=None, text="")),)
    assert talk.say("改一下上一题").at == "mood"
    talk.say("5")
    later = talk.say("先不填了，晚点再填")
    assert (later.ended, later.at, later.given) == ("later", "workload", ())
    assert talk.say("4").at == "team", "resumes where it stopped"
    assert talk.say("别问了").ended == "refused"
    assert talk.values == {"mood": 5, "workload": 4}


def test_a_required_question_may_be_left_out_at_the_second_word() -> None:
    survey = load(
        "title: t\nquestions:\n - {id: a, ask: 甲, kind: scale, required: true}\n"
        " - {id: b, ask: 乙, kind: text}",
        id_="x",
    )
    talk = Talk(survey)
    assert (talk.say("跳过").why, talk.asked_again) == ("required", True)
    assert talk.say("跳过").given == (("a", Given(value=None, text="")),)


def test_after_the_last_answer_nothing_more_is_asked() -> None:
    survey = BOOK["day3"]
    answers = {one.id: Given(value="x", text="x") for one in survey.questions}
    assert upcoming(Progress(survey=survey, answers=answers)) is None
    assert answer(Progress(survey=survey, answers=answers), "还有", now=NOW).ended == "done"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        *(
            (one, Command.SKIP)
            for one in ("跳过", "不想说", "这题跳过吧", "下一题", "不方便透露", "这题不答", "skip")
        ),
        *(
            (one, Command.BACK)
            for one in (
                "上一题",
                "改一下上一题",
                "我想改一下上一题的答案",
                "返回",
                "刚才那题选错了",
            )
        ),
        *(
            (one, Command.LATER)
            for one in (
                "先不填了",
                "晚点再填",
                "现在没空",
                "在忙",
                "等会儿",
                "明天再说",
                "下班后再填吧",
            )
        ),
        *(
            (one, Command.STOP)
            for one in ("不填了", "别问了", "不想填了", "退出", "不参加", "不想做这个问卷")
        ),
        *(
            (one, None)
            for one in (
                "三分吧",
                "还行",
                "没有",
                "下周三",
                "上一家公司加班多",
                "不想加班",
                "明天",
                "太忙了，每天加班到十点",
                "先入职再说薪资",
                "我不想填上一家的工资",
                "下周五",
                "",
            )
        ),
    ],
)
def test_commands_are_known_in_natural_wording(text: str, meant: Command | None) -> None:
    assert command(text) is meant


PAY = BOOK["motivation"].question("pay")
DAY = BOOK["motivation"].question("others_by")
REASONS = BOOK["motivation"].question("reasons")
RESIGNED = BOOK["steps"].question("resigned")
HOME = BOOK["steps"].question("home")
WHY = BOOK["month3"].question("why")


@pytest.mark.parametrize(
    ("question", "text", "value"),
    [
        (RESIGNED, "第二个", "soon"),
        (RESIGNED, "B", "soon"),
        (RESIGNED, "②", "soon"),
        (RESIGNED, "交了", "yes"),
        (RESIGNED, "还没呢", "no"),
        (RESIGNED, "已经离职了", "free"),
        (RESIGNED, "打算下周提", "soon"),
        (RESIGNED, "都行", None),
        (RESIGNED, "5", None),
        (HOME, "老婆不同意", "against"),
        (HOME, "都商量好了", "agreed"),
        (HOME, "还没商量", "talking"),
        (REASONS, "发展、薪资", ["growth", "pay"]),
        (REASONS, "213", ["growth", "pay", "stability"]),
        (REASONS, "团队最重要，其次是钱", ["team", "pay"]),
        (REASONS, "薪资没有发展重要", ["growth", "pay"]),
        (REASONS, "不看重薪资，看重发展", ["growth"]),
        (REASONS, "都重要", None),
        (WHY, "都有", ["pay", "growth", "team", "workload", "place", "other"]),
        (WHY, "都没有", []),
        (WHY, "AC", ["pay", "team"]),
        (WHY, "加班太多，离家也远", ["workload"]),
        (DAY, "下月3号", "2026-12-03"),
        (DAY, "12.15", "2026-12-15"),
        (DAY, "2月30日", None),
        (DAY, "12月1号或者5号", None),
    ],
)
def test_an_answer_in_own_words_is_understood(question: Any, text: str, value: Any) -> None:
    given = understood(question, text, now=NOW)
    assert (given and given.value) == value


@pytest.mark.parametrize(
    ("text", "low", "high", "period", "months", "said"),
    [
        ("18到20k", 18000, 20000, "month", None, "18,000–20,000 元/月"),
        ("一万八左右", 18000, 18000, "month", None, "18,000 元/月"),
        ("20-25", 20000, 25000, "month", None, "20,000–25,000 元/月"),
        ("现在15k，期望18k", 18000, 18000, "month", None, "18,000 元/月"),
        ("最低18k，理想20k", 18000, 20000, "month", None, "18,000–20,000 元/月"),
        ("年薪30万", 300000, 300000, "year", None, "300,000 元/年"),
        ("18*14薪", 18000, 18000, "month", 14, "18,000 元/月 × 14"),
        ("15k以上", 15000, None, "month", None, "15,000 以上 元/月"),
    ],
)
def test_pay_stays_the_range_it_is(
    text: str, low: float, high: float | None, period: str, months: float | None, said: str
) -> None:
    assert PAY is not None
    given = understood(PAY, text, now=NOW)
    assert given is not None
    wanted = {"low": low, "high": high, "currency": "CNY", "period": period, "months": months}
    assert given.value == wanted
    assert shown(PAY, given) == said


@pytest.mark.parametrize(
    ("text", "value", "why"),
    [
        ("30天", 30, ""),
        ("三十天左右", 30, ""),
        ("两天半", 2.5, ""),
        ("没有", 0, ""),
        ("20到30天", None, "range"),
        ("一两个", None, "range"),
        ("-3", None, "range"),
        ("99999", None, "range"),
        ("很多", None, ""),
    ],
)
def test_a_number_is_one_number(text: str, value: float | None, why: str) -> None:
    survey = load(
        "title: t\nquestions:\n - {id: n, ask: 几天？, kind: number, range: [0, 365]}", id_="x"
    )
    [question] = survey.questions
    given = understood(question, text, now=NOW)
    assert (given and given.value) == value
    assert doubted(question, text, now=NOW) == why


def test_an_answer_is_shown_in_its_labels() -> None:
    assert REASONS is not None
    assert WHY is not None
    assert shown(REASONS, Given(value=["growth", "pay"], text="2 1")) == "发展 > 薪资"
    assert shown(WHY, Given(value=[], text="都没有")) == "都没有"
    assert shown(WHY, Given(value=None, text="")) == ""
    assert shown(WHY, Given(value=None, text="说不清")) == "说不清"


SLOW = (
    "那就",
    "这",
    "这个",
    "我就",
    "就是",
    "都是",
    "全都",
    "没有",
    "不想",
    "晚点",
    "先",
    "谢",
    "好的",
    "一",
    "十",
    "百万",
    "1,",
    "12 ",
    "第一个",
    "ab",
    "薪资",
    "18到",
    "2月3",
    "k",
    "，",
    "1. ",
)


@pytest.mark.parametrize("token", SLOW)
def test_no_answer_takes_long(token: str) -> None:
    """Repeated words are what makes patterns slow; both lengths that are looked at."""
    questions = [one for survey in BOOK.values() for one in survey.questions]
    for length in (24, 500):
        for end in ("", "x", "？"):
            text = (token * length)[: length - 1] + end
            began = perf_counter()
            command(text)
            for question in questions:
                understood(question, text, now=NOW)
            assert perf_counter() - began < 5


@pytest.mark.parametrize(
    ("text", "months"),
    [
        ("18到20k，14薪", 14),
        ("一万八，十三薪", 13),
        ("18k，一年发15个月", 15),
        ("18k，试用期12个月", None),
        ("20k", None),
    ],
)
def test_months_a_year_may_stand_apart_from_the_sum(text: str, months: float | None) -> None:
    told = money(text)
    assert isinstance(told, dict)
    assert told["months"] == months
