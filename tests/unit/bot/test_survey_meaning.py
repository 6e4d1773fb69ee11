"""What answers become: facts of the record, alerts, and nothing where nothing may come of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from bot.alerts import policy
from bot.profile import values
from bot.surveys import meaning, motives
from bot.surveys.shape import AlertWhen, Comparison, Given, Kind, Option, Question, Survey
from bot.turn import AddFact, FactorSeen
from nlp.scheme import Intent, Severity
from tests.builders import NOW, a_context, a_rulebook, heard
from tests.known import known

BOOK = a_rulebook()
REASONS = tuple(Option(value=one, label=one) for one in ("salary", "growth", "team", "weather"))


def asking(kind: Kind, about: str = "", **more: Any) -> Question:
    return Question(id="q", ask="问什么？", kind=kind, about=about, **more)


def meant(
    question: Question, value: Any, text: str = "", *, said: Mapping[str, Any] | None = None
) -> meaning.Meant:
    found = None
    if said is not None:
        intents = said.get("intents", ())
        rest = {name: one for name, one in said.items() if name != "intents"}
        found = heard(a_context(text), *intents, **rest)
    return meaning.meant(BOOK, "week1", question, Given(value=value, text=text), found, now=NOW)


def money(**more: Any) -> dict[str, Any]:
    usual = {"low": 18000.0, "high": 20000.0, "currency": "CNY", "period": "month", "months": None}
    return usual | more


@pytest.mark.parametrize(
    ("about", "kind", "value", "text", "kept"),
    [
        ("expected_pay", Kind.MONEY, money(), "18到20k", (18000, 20000, None)),
        ("expected_pay", Kind.MONEY, money(high=None, months=14), "", (18000, None, 14)),
        (
            "expected_pay",
            Kind.MONEY,
            money(low=240000, high=None, period="year"),
            "",
            (20000, None, None),
        ),
    ],
)
def test_a_pay_is_kept_by_the_month_and_a_range_stays_one(
    about: str, kind: Kind, value: Any, text: str, kept: tuple[object, ...]
) -> None:
    [fact] = meant(asking(kind, about), value, text).facts
    assert (fact.kind, fact.source) == ("expect.pay", "survey:week1:q")
    assert (fact.value["low"], fact.value["high"], fact.value["months"]) == kept
    assert values.shown(BOOK.profile.kinds[fact.kind], fact.value)


@pytest.mark.parametrize(
    "value",
    [money(currency="USD"), money(period="hour"), money(low=5), money(low=9e6), money(high=2000)],
)
def test_a_pay_that_cannot_be_one_is_not_guessed(value: Any) -> None:
    assert meant(asking(Kind.MONEY, "expected_pay"), value, "这么多").facts == ()


@pytest.mark.parametrize(
    ("about", "kind", "value", "text", "fact"),
    [
        ("career_plan", Kind.TEXT, "带团队", "带团队", AddFact(kind="expect.plan", value="带团队")),
        (
            "release_date",
            Kind.DATE,
            "2026-12-03",
            "下月3号",
            AddFact(kind="way.release_on", value="2026-12-03"),
        ),
        ("team", Kind.SCALE, 2, "两分吧", AddFact(kind="joined.team", value=2)),
        ("resigned", Kind.CHOICE, "no", "还没", AddFact(kind="way.resigned", value="no")),
        ("processes", Kind.CHOICE, "yes", "有", AddFact(kind="own.processes", value="talking")),
        (
            "motives",
            Kind.RANKING,
            ["growth", "salary", "weather"],
            "",
            AddFact(kind="own.motives", value=["growth", "pay", "other"]),
        ),
        ("motives", Kind.CHOICE, "team", "", AddFact(kind="own.motives", value=["team"])),
    ],
)
def test_an_answer_becomes_a_statement_of_the_record(
    about: str, kind: Kind, value: Any, text: str, fact: AddFact
) -> None:
    [found] = meant(asking(kind, about, options=REASONS), value, text).facts
    assert (found.kind, found.value) == (fact.kind, fact.value)
    assert values.shown(BOOK.profile.kinds[found.kind], found.value)


@pytest.mark.parametrize("about", ["", "open_questions"])
def test_what_means_nothing_for_the_record_is_only_an_answer(about: str) -> None:
    assert meant(asking(Kind.TEXT, about), "没有了", "没有了") == meaning.Meant()


@pytest.mark.parametrize("about", ["pay_clear", "processes", "team", "motives"])
def test_words_that_fit_no_kind_make_no_statement(about: str) -> None:
    assert meant(asking(Kind.CHOICE, about, options=REASONS), None, "说不好啊").facts == ()


def test_a_skipped_question_leads_to_nothing() -> None:
    always = AlertWhen(test=Comparison(question="q", op="!=", value="x"), topic="salary")
    question = asking(Kind.CHOICE, "pay_clear", options=REASONS, alerts=(always,))
    assert meant(question, None) == meaning.Meant()


def test_a_refusal_is_a_fact_and_no_reason() -> None:
    fact = meaning.closed("week1", meaning.REFUSED)
    assert fact == AddFact(kind="survey_refused", value="week1", source="survey:week1")
    assert "." not in fact.kind  # no statement of the record, so no rule can see it


def test_a_question_says_itself_what_a_person_has_to_see() -> None:
    low = AlertWhen(
        test=Comparison(question="q", op="<", value=3), topic="team_fit", severity="now"
    )
    question = asking(Kind.SCALE, "team", low=1, high=5, alerts=(low,))
    [alert] = meant(question, 2).alerts
    assert (alert.topic, alert.severity) == ("team_fit", Severity.NOW)
    assert "问什么？" in alert.quote
    assert "2" in alert.quote
    assert alert.due_at == NOW + timedelta(hours=BOOK.policy.due_hours[Severity.NOW])
    assert meant(question, 3).alerts == ()


def test_a_worry_without_a_name_is_about_what_was_asked() -> None:
    question = asking(Kind.TEXT, "pay_clear")
    said = {"intents": (Intent.COMPANY_DOUBT,), "commitment": -1}
    [alert] = meant(question, "到手比说好的少", "到手比说好的少", said=said).alerts
    assert (alert.topic, alert.severity) == ("salary", Severity.NOW)


def test_a_signal_keeps_its_own_name() -> None:
    said = {"intents": (Intent.LEAVE_SIGNAL,), "commitment": -3}
    [alert] = meant(asking(Kind.TEXT, "pay_clear"), "我想走了", "我想走了", said=said).alerts
    assert alert.topic == "leave_signal"


def test_what_the_reader_finds_harmless_calls_nobody() -> None:
    said = {"intents": (Intent.POSITIVE,), "commitment": 1}
    assert meant(asking(Kind.TEXT, "team"), "挺好", "挺好", said=said).alerts == ()


def test_a_worry_moves_risk_through_the_rules() -> None:
    said = {"intents": (Intent.COMPANY_DOUBT,), "commitment": -1}
    found = meant(asking(Kind.TEXT, "said"), "有点担心", "有点担心", said=said)
    assert [one.rule for one in found.factors] == ["company_doubt"]


@pytest.mark.parametrize(
    "text", ["我刚结婚，想稳定下来", "我怀孕了，想换个轻松的", "有乙肝，怕体检", "我是回族"]
)
def test_a_protected_attribute_becomes_neither_fact_nor_reason(text: str) -> None:
    said = {"intents": (Intent.COMPANY_DOUBT,), "commitment": -1}
    found = meant(asking(Kind.TEXT, "career_plan"), text, text, said=said)
    assert found.protected
    assert found.factors == ()
    [flag] = found.facts
    assert (flag.kind, flag.value) == ("protected_told", "q")


def test_the_same_topic_is_raised_once_and_gravely() -> None:
    low = AlertWhen(
        test=Comparison(question="q", op="contains", value="少"), topic="salary", severity="today"
    )
    question = asking(Kind.TEXT, "pay_clear", alerts=(low,))
    said = {"intents": (Intent.SALARY,), "commitment": -1}
    [alert] = meant(question, "少了", "少了", said=said).alerts
    assert alert.severity is Severity.NOW
    assert policy.once((alert, alert)) == (alert,)


def test_20_000_characters_are_cut() -> None:
    long = "规划" * 10_000
    said = {"intents": (Intent.COMPANY_DOUBT,), "commitment": -1}
    found = meant(asking(Kind.TEXT, "career_plan"), long, long, said=said)
    assert len(found.facts[0].value) == meaning.MOST_TEXT
    assert len(found.alerts[0].quote) <= 202


def factor(rule: str, days: float = 0) -> FactorSeen:
    at = NOW - timedelta(days=days)
    return FactorSeen(rule=rule, adds=20, fades_after_days=20, at=at)


def order(ranked: list[str], *factors: FactorSeen) -> list[str]:
    return [one.name for one in motives.priority(BOOK, ranked, factors, now=NOW)]


def test_motives_are_as_they_were_ranked_where_nothing_else_is_heard() -> None:
    assert order(["growth", "team", "pay"]) == ["growth", "team", "pay"]


def test_what_somebody_keeps_coming_back_to_moves_up() -> None:
    assert order(["growth", "team", "pay"], factor("pay_pressure")) == ["growth", "pay", "team"]
    assert order(["growth", "pay"], factor("pay_pressure")) == ["growth", "pay"]


def test_old_talk_has_faded() -> None:
    found = motives.priority(BOOK, ["growth"], (factor("pay_pressure", 20),), now=NOW)
    assert [one.name for one in found] == ["growth"]


def test_a_motive_names_its_evidence() -> None:
    [_, pay] = motives.priority(BOOK, ["growth"], (factor("pay_pressure", 2),), now=NOW)
    [(rule, day)] = pay.heard
    assert (pay.rank, rule) == (0, "pay_pressure")
    assert day == (NOW - timedelta(days=2)).date()


def test_a_record_tells_its_motives() -> None:
    profile = known({"own.motives": "发展、薪资"}).profile
    found = motives.of_profile(BOOK, profile, (), now=NOW)
    assert [one.name for one in found] == ["growth", "pay"]
    only = known({"own.motive_first": "薪资"}).profile
    assert [one.name for one in motives.of_profile(BOOK, only, (), now=NOW)] == ["pay"]
    assert motives.of_profile(BOOK, known({}).profile, (), now=NOW) == ()


def a_survey(*questions: Question) -> Survey:
    return Survey(id="motivation", title="了解您", intro="", thanks="", questions=questions)


def test_a_finished_survey_tells_the_first_motive() -> None:
    question = asking(Kind.RANKING, "motives", options=REASONS)
    answers = {"q": Given(value=["salary", "team"], text="")}
    [fact] = motives.finished(BOOK, a_survey(question), answers, (), now=NOW).facts
    assert (fact.kind, fact.value) == ("own.motive_first", "pay")
    assert fact.source == "survey:motivation:q"


@pytest.mark.parametrize("answers", [{}, {"q": Given(value=None, text="")}])
def test_a_survey_without_the_ranking_tells_none(answers: dict[str, Given]) -> None:
    question = asking(Kind.RANKING, "motives", options=REASONS)
    assert motives.finished(BOOK, a_survey(question), answers, (), now=NOW) == meaning.Meant()


def test_every_option_of_a_shipped_question_is_understood() -> None:
    """What is shipped fits: each option of a question that becomes a choice is one of its own."""
    seen = set()
    for survey in BOOK.surveys.values():
        for question in survey.questions:
            fact = BOOK.meanings.about[question.about].fact if question.about else ""
            for option in question.options if fact else ():
                given = Given(value=option.value, text=option.label)
                [found] = meaning.meant(BOOK, survey.id, question, given, None, now=NOW).facts
                assert found.value not in ("other", ["other"]), (survey.id, question.id, option)
                assert found.source == f"survey:{survey.id}:{question.id}"
                seen.add(found.kind)
    assert {"own.motives", "own.processes", "joined.pay_clear", "way.resigned"} <= seen


@pytest.mark.parametrize("value", ["partly", "no"])
def test_a_pay_complaint_of_the_first_week_reaches_a_person_at_once(value: str) -> None:
    question = BOOK.surveys["week1"].question("pay_clear")
    assert question is not None
    [alert] = meaning.meant(
        BOOK, "week1", question, Given(value=value, text="不清楚"), None, now=NOW
    ).alerts
    assert (alert.topic, alert.severity) == ("salary", Severity.NOW)
    assert (
        meaning.meant(
            BOOK, "week1", question, Given(value="yes", text="清楚"), None, now=NOW
        ).alerts
        == ()
    )
