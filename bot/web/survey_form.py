"""The form of a survey: its fields as they are shown, and what was sent as answers. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from bot.surveys.shape import Given, Kind, Question
from bot.surveys.understanding import doubted, shown, understood
from bot.web.survey_views import Field, Pick

#: Characters of an answer in own words.
MOST_TEXT = 4_000


def answers_of(
    questions: Sequence[Question], form: Mapping[str, str], *, now: datetime
) -> tuple[dict[str, Given], dict[str, str]]:
    """What a form says, by question, and question -> key of what is wrong with it. A field that
    was left empty says nothing."""
    given: dict[str, Given] = {}
    faults: dict[str, str] = {}
    for question in questions:
        told = _told(question, form, now)
        if isinstance(told, str):
            faults[question.id] = told
        elif told is not None:
            given[question.id] = told
    return given, faults


def _told(question: Question, form: Mapping[str, str], now: datetime) -> Given | str | None:
    name = f"q-{question.id}"
    match question.kind:
        case Kind.MULTI:
            chosen = [one for n, one in enumerate(question.options) if form.get(f"{name}-{n}")]
            return _given(question, [one.value for one in chosen]) if chosen else None
        case Kind.RANKING:
            return _ranked(question, form)
    text = form.get(name, "").strip()
    if not text:
        return None
    if len(text) > MOST_TEXT:
        return "long"
    match question.kind:
        case Kind.CHOICE:
            known = text in [one.value for one in question.options]
            return _given(question, text) if known else "choice"
        case Kind.SCALE:
            assert question.low is not None
            assert question.high is not None
            fits = text.isascii() and text.isdigit() and len(text) < 4
            whole = int(text) if fits else -1
            return _given(question, whole) if question.low <= whole <= question.high else "choice"
        case Kind.DATE:
            day = _day(text)
            if day is not None:
                return Given(value=day, text=day)
    found = understood(question, text, now=now)
    if found is not None:
        return found
    return doubted(question, text, now=now) or question.kind.value


def _ranked(question: Question, form: Mapping[str, str]) -> Given | str | None:
    known = {one.value for one in question.options}
    places = [form.get(f"q-{question.id}-{n}", "") for n in range(len(question.options))]
    chosen = [one for one in places if one]
    if not chosen:
        return None
    if len(set(chosen)) < len(chosen):
        return "twice"
    return _given(question, chosen) if known.issuperset(chosen) else "choice"


def _given(question: Question, value: Any) -> Given:
    if question.kind is Kind.SCALE:
        return Given(value=value, text=str(value))
    return Given(value=value, text=shown(question, Given(value=value, text="")))


def _day(text: str) -> str | None:
    try:
        return date.fromisoformat(text).isoformat() if len(text) == 10 else None
    except ValueError:
        return None


def fields_of(
    questions: Sequence[Question],
    answers: Mapping[str, Given],
    errors: Mapping[str, str],
    form: Mapping[str, str] | None = None,
    *,
    told: Collection[str] = (),
) -> tuple[Field, ...]:
    """Questions as the page shows them: with ``form`` as it was sent, else with the answers. Those
    ``told`` elsewhere only say so."""
    made = []
    for number, one in enumerate(questions, start=1):
        sent = form if form is not None else _filled(one, answers.get(one.id))
        field = _field(number, one, sent, errors)
        made.append(replace(field, told=one.id in told and one.id not in answers))
    return tuple(made)


def _filled(question: Question, given: Given | None) -> dict[str, str]:
    """The fields of a form that says an answer."""
    name = f"q-{question.id}"
    if given is None:
        return {}
    if given.value is None:
        return {name: given.text}
    match question.kind:
        case Kind.MULTI:
            values = [one.value for one in question.options]
            return {f"{name}-{values.index(one)}": "1" for one in given.value if one in values}
        case Kind.RANKING:
            return {f"{name}-{n}": str(one) for n, one in enumerate(given.value)}
        case Kind.CHOICE | Kind.DATE:
            return {name: str(given.value)}
        case Kind.SCALE:
            return {name: f"{given.value:g}"}
    return {name: given.text}


def _field(
    number: int, question: Question, form: Mapping[str, str], errors: Mapping[str, str]
) -> Field:
    name = f"q-{question.id}"
    text = form.get(name, "")[: 2 * MOST_TEXT]
    ranks: tuple[tuple[Pick, ...], ...] = ()
    if question.kind is Kind.RANKING:
        places = [form.get(f"{name}-{n}", "") for n in range(len(question.options))]
        ranks = tuple(
            tuple(
                Pick(value=one.value, label=one.label, chosen=one.value == place)
                for one in question.options
            )
            for place in places
        )
    return Field(
        id=question.id,
        number=number,
        ask=question.ask.strip(),
        kind=question.kind.value,
        help=question.help.strip(),
        required=question.required,
        options=_picks(question, form, text),
        ranks=ranks,
        low_label=question.low_label,
        high_label=question.high_label,
        text=text,
        error=errors.get(question.id, ""),
    )


def _picks(question: Question, form: Mapping[str, str], text: str) -> tuple[Pick, ...]:
    if question.kind is Kind.SCALE:
        assert question.low is not None
        assert question.high is not None
        points = map(str, range(int(question.low), int(question.high) + 1))
        return tuple(Pick(value=one, label=one, chosen=one == text) for one in points)
    several = question.kind is Kind.MULTI
    return tuple(
        Pick(
            value=one.value,
            label=one.label,
            chosen=bool(form.get(f"q-{question.id}-{n}")) if several else one.value == text,
        )
        for n, one in enumerate(question.options)
    )
