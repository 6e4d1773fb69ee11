"""Our own, shorter form of a survey: ``questions`` with ``id``, ``ask`` and ``kind``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from bot.surveys.drafts import Draft, Wanted
from bot.surveys.shape import Kind
from bot.surveys.texts import VALUE, Alert, Ask, Id, Key, Label, Note, Rule, Strict, Whole


def _option(raw: Any) -> Any:
    return {"label": raw} if isinstance(raw, str) else raw


class OptionFile(Strict):
    """A choice: its label alone, or with the value that is kept and other words for it."""

    value: Annotated[str, Field(pattern=f"^{VALUE.pattern}$")] | None = None
    label: Label
    also: list[Label] = Field(default_factory=list, max_length=20)


_LABEL = {"type": "string", "minLength": 1, "maxLength": 60}
_VALUE = {"type": "string", "pattern": f"^{VALUE.pattern}$"}
OptionItem = Annotated[
    OptionFile,
    BeforeValidator(_option),
    WithJsonSchema(
        {
            "anyOf": [
                _LABEL,
                {
                    "type": "object",
                    "properties": {
                        "value": _VALUE,
                        "label": _LABEL,
                        "also": {"type": "array", "maxItems": 20, "items": _LABEL},
                    },
                    "required": ["label"],
                    "additionalProperties": False,
                },
            ]
        }
    ),
]


class _Any(Strict):
    id: Id
    ask: Ask
    required: bool = False
    when: Rule | None = None
    about: Key | None = None
    alerts: list[Alert] = Field(default_factory=list, max_length=10)
    help: Note | None = None


class Choosing(_Any):
    """One of several, several of them, or all of them in order."""

    kind: Literal["choice", "multi", "ranking"]
    options: list[OptionItem] = Field(min_length=2, max_length=20)


class Rated(_Any):
    """A whole number between two, with words for both ends."""

    kind: Literal["scale"]
    range: list[int] = Field(default=[1, 5], min_length=2, max_length=2)
    low_label: Label | None = None
    high_label: Label | None = None


class Counted(_Any):
    """A number; ``range`` bounds it, ``null`` leaves an end open."""

    kind: Literal["number"]
    range: list[float | None] = Field(default=[None, None], min_length=2, max_length=2)


class Open(_Any):
    """What needs no more than the question."""

    kind: Literal["money", "date", "text"]


QuestionFile = Annotated[Choosing | Rated | Counted | Open, Field(discriminator="kind")]


class ShortForm(Whole):
    """A whole file in our shorter form."""

    questions: list[QuestionFile] = Field(min_length=1, max_length=30)


def drafts(file: ShortForm) -> Iterator[Draft]:
    """The questions of a file, each with its place in it."""
    for number, one in enumerate(file.questions):
        path = f"questions[{number}]"
        options = one.options if isinstance(one, Choosing) else []
        low, high = one.range if isinstance(one, Rated | Counted) else (None, None)
        labels = (one.low_label, one.high_label) if isinstance(one, Rated) else (None, None)
        yield Draft(
            path=path,
            id=one.id,
            ask=one.ask,
            kind=Kind(one.kind),
            options=tuple((each.value, each.label) for each in options),
            also=tuple(tuple(each.also) for each in options),
            low=low,
            high=high,
            low_label=labels[0] or "",
            high_label=labels[1] or "",
            required=one.required,
            when=Wanted(f"{path}.when", one.when) if one.when else None,
            about=one.about or "",
            alerts=tuple(
                (Wanted(f"{path}.alerts[{at}].if", each.test), each.topic, each.severity)
                for at, each in enumerate(one.alerts)
            ),
            help=one.help or "",
            names={"id": "id", "ask": "ask", "options": "options", "low": "range"},
        )


def is_short(raw: Mapping[str, Any]) -> bool:
    """Whether data is in this form: it says ``questions``, and no ``pages`` or ``elements``."""
    return "pages" not in raw and "elements" not in raw
