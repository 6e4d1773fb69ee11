"""Definitions of surveys: both forms, what is refused and where, and the way back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.surveys import lined
from bot.surveys.definition import (
    Kind,
    SurveyInvalid,
    digest,
    load,
    parse,
    plain,
)
from bot.surveys.schema import FILE
from bot.surveys.schema import text as schema_text
from bot.surveys.shape import Comparison, Given
from config import files
from tests.builders import a_rulebook
from tests.schemas import fits

SHORT = """
title: 入职第三天
intro: 谁看得到，先说清楚
start: {after: onboarded, days: 3, at: "16:00"}
stages: [onboarded]
questions:
  - {id: mood, ask: 感觉怎么样？, kind: scale, alerts: [{if: "{mood} < 3", topic: team_fit}]}
  - {id: why, ask: 原因是？, kind: choice, options: [薪资, 团队], when: mood < 3}
  - {id: pay, ask: 期望多少？, kind: money, when: why = 薪资 and mood != 2 or mood = 1}
"""

SURVEYJS = """
{"title": {"zh-cn": "离职回访", "en": "Exit"}, "logoPosition": "right",
\t"description": "两分钟",
 "pages": [{"name": "p1", "elements": [
   {"type": "radiogroup", "name": "came", "title": "来了吗", "isRequired": true,
    "choices": ["来了", {"value": "Item 2", "text": "没来"}]},
   {"type": "rating", "name": "mood", "title": {"zh-cn": "打分"}, "rateMin": 0, "rateMax": 10,
    "visibleIf": "{came} = 'Item 2'"},
   {"type": "boolean", "name": "again", "title": "还会再来吗", "visibleIf": "{mood} > 5"}]},
  {"elements": [
   {"type": "checkbox", "name": "why", "title": "为什么", "choices": [1, 2, "其他"]},
   {"type": "comment", "name": "more", "title": "还有吗", "visibleIf": "{why} contains '其他'"},
   {"type": "text", "inputType": "date", "name": "day", "title": "哪天",
    "visibleIf": "{again} = true"}]}]}
"""


@pytest.mark.parametrize("name", sorted(a_rulebook().surveys))
def test_what_is_shipped_comes_back_from_what_is_kept(name: str) -> None:
    survey = a_rulebook().surveys[name]
    assert parse(plain(survey)) == survey
    assert digest(parse(plain(survey))) == digest(survey)
    assert len(survey.questions) <= 7
    assert "招聘同事" in survey.intro, "who sees it is said first"
    assert survey.start is not None


def test_our_form_is_read_and_written() -> None:
    survey = load(SHORT, id_="day3")
    assert [question.kind for question in survey.questions] == [
        Kind.SCALE,
        Kind.CHOICE,
        Kind.MONEY,
    ]
    assert plain(survey)["questions"][2]["when"] == ("{why} = 'o1' and {mood} != 2 or {mood} = 1")
    assert parse(plain(survey)) == survey


@pytest.mark.parametrize("name", ["", "问卷", "Exit-2", "a" * 41, "../x"])
def test_a_survey_is_called_what_can_be_an_id(name: str) -> None:
    with pytest.raises(SurveyInvalid, match="小写字母"):
        load(SHORT, id_=name)


def test_a_file_and_its_id_agree() -> None:
    with pytest.raises(SurveyInvalid, match="文件名"):
        load("id: other\n" + SHORT, id_="day3")


def test_one_word_makes_another_digest() -> None:
    assert digest(load(SHORT, id_="a")) != digest(load(SHORT.replace("怎么样", "如何"), id_="a"))


def test_surveyjs_is_read_with_its_own_values() -> None:
    survey = load(SURVEYJS, id_="exit")
    assert survey.title == "离职回访"
    assert survey.intro == "两分钟"
    came, mood, again, why, more, day = survey.questions
    assert came.required
    assert [one.value for one in came.options] == ["o1", "o2"]
    assert mood.when is not None
    assert mood.when.either == ((Comparison(question="came", op="=", value="o2"),),)
    assert (mood.low, mood.high) == (0, 10)
    assert again.kind is Kind.CHOICE
    assert [one.value for one in why.options] == ["1", "2", "o3"]
    assert more.kind is Kind.TEXT
    assert day.kind is Kind.DATE
    assert parse(plain(survey)) == survey


def of(*questions: str, head: str = "title: t") -> str:
    return "\n".join([head, "questions:", *(f"  - {{{one}}}" for one in questions)])


A = "id: a, ask: 甲, kind: scale"
MANY = [f"id: q{n}, ask: 问, kind: text" for n in range(8)]
REFUSED: dict[str, tuple[str, int, str, str]] = {
    "nothing": ("", 1, "", "空"),
    "a list": ("- 1", 1, "", "键"),
    "broken": ("title: [", 1, "", "YAML"),
    "twice the same key": ("title: a\ntitle: b", 2, "title", "两遍"),
    "anchors": ("title: &a x\nintro: *a", 1, "", "引用"),
    "a tag": ("title: !!python/object:os.system x", 1, "title", "标签"),
    "an unknown key": (of(A, head="titel: x\ntitle: t"), 1, "titel", "没有这个键"),
    "an unknown kind": (of("id: a, ask: b, kind: matrix"), 3, "questions[0]", "题型"),
    "an unknown key of a question": (of(A + ", x: 1"), 3, "questions[0].x", "没有这个键"),
    "a key of another kind": (
        of("id: a, ask: b, kind: text, range: [1, 2]"),
        3,
        "questions[0].range",
        "没有这个键",
    ),
    "the same id": (of(A, A), 4, "questions[1].id", "重名"),
    "an id that is none": (of("id: A-b, ask: 甲, kind: text"), 3, "questions[0].id", "写法"),
    "an id that yaml takes for no": (
        of("id: no, ask: 甲, kind: text"),
        3,
        "questions[0].id",
        "引号",
    ),
    "no choices": (
        of("id: a, ask: 甲, kind: choice, options: []"),
        3,
        "questions[0].options",
        "至少",
    ),
    "choices alike": (
        of("id: a, ask: 甲, kind: choice, options: [一, 一]"),
        3,
        "questions[0].options[1]",
        "相同",
    ),
    "a later question": (
        of("id: b, ask: 乙, kind: text, when: a > 1", A),
        3,
        "questions[0].when",
        "前面",
    ),
    "no such question": (
        of(A, "id: b, ask: 乙, kind: text, when: z > 1"),
        4,
        "questions[1].when",
        "没有 id",
    ),
    "itself": (of(A, "id: b, ask: 乙, kind: scale, when: b > 1"), 4, "questions[1].when", "自己"),
    "out of the scale": (
        of(A, "id: b, ask: 乙, kind: text, when: a > 5"),
        4,
        "questions[1].when",
        "永远",
    ),
    "a contradiction": (
        of(A, "id: b, ask: 乙, kind: text, when: a < 2 and a > 4"),
        4,
        "questions[1].when",
        "永远",
    ),
    "behind a closed door": (
        of(
            A,
            "id: b, ask: 乙, kind: scale, when: a < 3",
            "id: c, ask: 丙, kind: text, when: b > 1 and a > 4",
        ),
        5,
        "questions[2].when",
        "永远",
    ),
    "no such option": (
        of(
            "id: a, ask: 甲, kind: choice, options: [一, 二]",
            "id: b, ask: 乙, kind: text, when: a = 三",
        ),
        4,
        "questions[1].when",
        "选项",
    ),
    "a program": (
        of(A, "id: b, ask: 乙, kind: text, when: \"__import__('os')\""),
        4,
        "questions[1].when",
        "看不懂",
    ),
    "brackets": (
        of(A, 'id: b, ask: 乙, kind: text, when: "(a > 1)"'),
        4,
        "questions[1].when",
        "括号",
    ),
    "an alert about another": (
        of(A, "id: b, ask: 乙, kind: scale, alerts: [{if: a < 3, topic: salary}]"),
        4,
        "questions[1].alerts[0].if",
        "自己",
    ),
    "a range upside down": (
        of("id: a, ask: 甲, kind: scale, range: [5, 1]"),
        3,
        "questions[0].range",
        "下限",
    ),
    "eight questions": (of(*MANY), 1, "", "最多 7"),
    "eight without a reason": (
        of(*MANY, head="title: t\nmax_questions: 8"),
        2,
        "max_questions",
        "理由",
    ),
    "hidden characters": (
        of('id: a, ask: "甲\u202e乙", kind: text'),
        3,
        "questions[0].ask",
        "看不见",
    ),
    "a bad time": (
        of(A, head='title: t\nstart: {after: offer, at: "25:00"}'),
        2,
        "start.at",
        "写法",
    ),
    "an unknown event": (
        of(A, head="title: t\nstart: {after: birthday}"),
        2,
        "start.after",
        "只能是",
    ),
    "surveyjs: a type": (
        '{"title": "t", "pages": [{"elements": [\n{"type": "matrix", "name": "a"}]}]}',
        2,
        "pages[0].elements[0]",
        "题型",
    ),
    "surveyjs: a key": (
        '{"title": "t", "elements": [\n{"type": "text", "name": "a", "title": "b", '
        '"validators": []}]}',
        2,
        "elements[0].validators",
        "没有这个键",
    ),
    "surveyjs: html": (
        '{"title": "t", "completedHtml": "<b>x</b>", "elements": [{"type": "text", '
        '"name": "a", "title": "b"}]}',
        1,
        "completedHtml",
        "HTML",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_mistake_is_refused_with_line_and_path(name: str) -> None:
    text, line, path, says = REFUSED[name]
    with pytest.raises(SurveyInvalid) as refused:
        load(text, id_="x")
    found = [(one.line, one.path) for one in refused.value.problems if says in one.what]
    assert (line, path) in found, refused.value.problems


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(SurveyInvalid) as refused:
        load(of("id: a, kind: text", "id: b, ask: 乙, kind: 文字"), id_="x")
    assert [one.line for one in refused.value.problems] == [3, 4]


def test_eight_questions_pass_with_a_reason() -> None:
    text = of(*MANY, head="title: t\nmax_questions: 8\nmax_reason: 年度调研，每年一次")
    survey = load(text, id_="x")
    assert len(survey.questions) == 8
    assert parse(plain(survey)) == survey


def test_a_bomb_of_conditions_is_soon_told() -> None:
    """Each question hangs on all before in many ways: nobody has to wait for that."""
    asked = ["id: q0, ask: 问, kind: scale"]
    for n in range(1, 25):
        tests = " or ".join(f"q{at} {op} 3" for at in range(max(0, n - 4), n) for op in "<>=")
        asked.append(f"id: q{n}, ask: 问, kind: scale, when: {tests}")
    survey = load(of(*asked, head="title: t\nmax_questions: 30\nmax_reason: 试"), id_="x")
    assert len(survey.questions) == 25


def test_a_text_that_may_not_be_asked_is_refused_where_it_stands() -> None:
    def guard(text: str) -> str:
        return "不能问（劳动合同法第 8 条）" if "结婚" in text else ""

    with pytest.raises(SurveyInvalid) as refused:
        load(of(A, "id: b, ask: 结婚了吗, kind: text"), id_="x", guard=guard)
    [problem] = refused.value.problems
    assert (problem.line, problem.path) == (4, "questions[1].ask")
    assert "第 8 条" in problem.what


@pytest.mark.parametrize(
    ("op", "value", "answer", "holds"),
    [
        ("<", 3.0, 2, True),
        ("<", 3.0, 3, False),
        ("!=", "yes", "no", True),
        ("!=", "yes", None, False),
        ("contains", "pay", ["team", "pay"], True),
        ("=", "pay", ["pay"], True),
        ("=", "pay", ["pay", "team"], False),
        (">", 20000.0, {"low": 18000, "high": 25000, "period": "month", "months": None}, False),
        (">", 20000.0, {"low": 300000, "high": 300000, "period": "year", "months": 13}, True),
        ("<", 20000.0, {"low": 15000, "high": None, "period": "month", "months": None}, False),
        (">", 10.0, {"low": 500, "high": 500, "period": "day", "months": None}, False),
        (">", "2026-12-01", "2026-12-03", True),
    ],
)
def test_a_comparison_holds(op: str, value: Any, answer: Any, holds: bool) -> None:
    given = {"a": Given(value=answer, text="…")}
    assert Comparison(question="a", op=op, value=value).holds(given) is holds
    assert not Comparison(question="a", op=op, value=value).holds({})


# --- the schema beside the parser ---------------------------------------------------------------

#: Refused by the parser alone: text that is no data, and what hangs on several questions.
BEYOND_A_SCHEMA = frozenset(
    {
        *("nothing", "broken", "twice the same key", "anchors", "a tag", "the same id"),
        *("choices alike", "a later question", "no such question", "itself", "out of the scale"),
        *("a contradiction", "behind a closed door", "no such option", "a program", "brackets"),
        *("an alert about another", "a range upside down", "eight questions"),
        *("eight without a reason", "hidden characters", "surveyjs: html"),
    }
)
SCHEMA = json.loads(FILE.read_text("utf-8"))


def test_the_schema_in_the_repository_is_the_one_that_is_parsed_by() -> None:
    """After a change: ``python -m bot.surveys.schema > bot/surveys/survey.schema.json``."""
    assert FILE.read_text("utf-8") == schema_text()


@pytest.mark.parametrize("text", [SHORT, SURVEYJS], ids=["short", "surveyjs"])
def test_what_the_parser_takes_the_schema_takes(text: str) -> None:
    assert fits(lined.read(text)[0], SCHEMA, SCHEMA)


@pytest.mark.parametrize("name", sorted(a_rulebook().surveys))
def test_what_is_shipped_fits_the_schema(name: str) -> None:
    assert fits(files.read(f"surveys/{name}.yaml"), SCHEMA, SCHEMA)
    assert fits(plain(a_rulebook().surveys[name]), SCHEMA, SCHEMA)


@pytest.mark.parametrize("name", sorted(set(REFUSED) - BEYOND_A_SCHEMA))
def test_what_the_parser_refuses_the_schema_refuses(name: str) -> None:
    raw, _ = lined.read(REFUSED[name][0])
    assert not fits(raw, SCHEMA, SCHEMA)


def test_what_is_said_to_be_beyond_a_schema_is() -> None:
    for name in BEYOND_A_SCHEMA & REFUSED.keys():
        try:
            raw, _ = lined.read(REFUSED[name][0])
        except SurveyInvalid:
            continue
        assert fits(raw, SCHEMA, SCHEMA), name
