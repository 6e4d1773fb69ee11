"""The SurveyJS subset: ``pages[].elements[]``, as existing designers write it.

Whatever is not in the subset is refused by name and line, never left out in silence. Our own keys
(``start``, ``stages``, ``named``, ``about``, ``alerts`` …) may stand beside theirs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from bot.surveys.drafts import Draft, Wanted
from bot.surveys.shape import Kind
from bot.surveys.texts import (
    Alert,
    Id,
    Key,
    Label,
    LocalAsk,
    LocalLabel,
    LocalNote,
    Rule,
    Strict,
    Whole,
)


def _choice(raw: Any) -> Any:
    if isinstance(raw, str):
        return {"value": raw, "text": raw}
    if isinstance(raw, int) and not isinstance(raw, bool):
        return {"value": str(raw), "text": str(raw)}
    if isinstance(raw, dict) and "value" in raw:
        value = raw["value"]
        plain = isinstance(value, int) and not isinstance(value, bool)
        raw = raw | {"value": str(value)} if plain else raw
        return raw if "text" in raw else raw | {"text": raw["value"]}
    return raw


class Choice(Strict):
    """``value`` may be anything people write; ``text`` is what they read."""

    value: Label
    text: LocalLabel


_LABEL = {"type": "string", "minLength": 1, "maxLength": 60}
_LOCAL = {"anyOf": [_LABEL, {"type": "object"}]}
ChoiceItem = Annotated[
    Choice,
    BeforeValidator(_choice),
    WithJsonSchema(
        {
            "anyOf": [
                _LABEL,
                {"type": "integer"},
                {
                    "type": "object",
                    "properties": {"value": {"anyOf": [_LABEL, {"type": "integer"}]},
                                   "text": _LOCAL},
                    "required": ["value"],
                    "additionalProperties": False,
                },
            ]
        }
    ),
]  # fmt: skip


class _Element(Strict):
    name: Id
    title: LocalAsk
    description: LocalNote | None = None
    isRequired: bool = False
    visibleIf: Rule | None = None
    about: Key | None = None
    alerts: list[Alert] = Field(default_factory=list, max_length=10)


class Chosen(_Element):
    """``radiogroup`` and ``dropdown`` are one choice, ``checkbox`` several, ``ranking`` all."""

    type: Literal["radiogroup", "dropdown", "checkbox", "ranking"]
    choices: list[ChoiceItem] = Field(min_length=2, max_length=20)


class Rating(_Element):
    """A scale."""

    type: Literal["rating"]
    rateMin: int = 1
    rateMax: int = 5
    minRateDescription: LocalLabel | None = None
    maxRateDescription: LocalLabel | None = None


class Boolean(_Element):
    """Yes or no: a choice of the values ``true`` and ``false``."""

    type: Literal["boolean"]
    labelTrue: LocalLabel = "是"
    labelFalse: LocalLabel = "否"


class Text(_Element):
    """One line: words, a number, a sum of money (ours) or a day."""

    type: Literal["text"]
    inputType: Literal["text", "number", "money", "date"] = "text"
    min: float | None = None
    max: float | None = None


class Comment(_Element):
    """Several lines."""

    type: Literal["comment"]


Element = Annotated[Chosen | Rating | Boolean | Text | Comment, Field(discriminator="type")]


class Page(Strict):
    """Elements that stand together; all are asked one after the other."""

    name: Annotated[str, Field(max_length=60)] | None = None
    elements: list[Element] = Field(min_length=1, max_length=30)


class SurveyJs(Whole):
    """A whole file in SurveyJS's form. Keys of mere looks are taken and have no effect."""

    description: LocalNote | None = None
    completedHtml: LocalNote | None = None
    pages: list[Page] = Field(default_factory=list, max_length=30)
    elements: list[Element] = Field(default_factory=list, max_length=30)
    locale: str | None = None
    logoPosition: str | None = None
    showQuestionNumbers: bool | str | None = None


_KINDS = {
    "radiogroup": Kind.CHOICE, "dropdown": Kind.CHOICE, "checkbox": Kind.MULTI,
    "ranking": Kind.RANKING, "rating": Kind.SCALE, "boolean": Kind.CHOICE, "comment": Kind.TEXT,
}  # fmt: skip
_INPUTS = {"text": Kind.TEXT, "number": Kind.NUMBER, "money": Kind.MONEY, "date": Kind.DATE}


def drafts(file: SurveyJs) -> Iterator[Draft]:
    """The questions of a file, each with its place in it."""
    for page_at, page in enumerate(file.pages):
        for at, one in enumerate(page.elements):
            yield _draft(one, f"pages[{page_at}].elements[{at}]")
    for at, one in enumerate(file.elements):
        yield _draft(one, f"elements[{at}]")


def _draft(one: Chosen | Rating | Boolean | Text | Comment, path: str) -> Draft:
    options: tuple[tuple[str | None, str], ...] = ()
    low: float | None = None
    high: float | None = None
    labels: tuple[str | None, str | None] = (None, None)
    kind = _INPUTS[one.inputType] if isinstance(one, Text) else _KINDS[one.type]
    if isinstance(one, Chosen):
        options = tuple((each.value, each.text) for each in one.choices)
    elif isinstance(one, Boolean):
        options = (("true", one.labelTrue), ("false", one.labelFalse))
    elif isinstance(one, Rating):
        low, high = one.rateMin, one.rateMax
        labels = (one.minRateDescription, one.maxRateDescription)
    elif isinstance(one, Text):
        low, high = one.min, one.max
    return Draft(
        path=path,
        id=one.name,
        ask=one.title,
        kind=kind,
        options=options,
        low=low,
        high=high,
        low_label=labels[0] or "",
        high_label=labels[1] or "",
        required=one.isRequired,
        when=Wanted(f"{path}.visibleIf", one.visibleIf) if one.visibleIf else None,
        about=one.about or "",
        alerts=tuple(
            (Wanted(f"{path}.alerts[{at}].if", each.test), each.topic, each.severity)
            for at, each in enumerate(one.alerts)
        ),
        help=one.description or "",
        names={"id": "name", "ask": "title", "options": "choices",
               "low": "rateMin" if isinstance(one, Rating) else "min"},
    )  # fmt: skip
