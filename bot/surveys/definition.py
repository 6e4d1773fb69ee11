"""A survey's definition: parsed from data or text, told apart by digest, written back plainly."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.surveys.shape import (
    AlertWhen,
    Comparison,
    Condition,
    Event,
    Given,
    Kind,
    Option,
    Question,
    Start,
    Survey,
)

__all__ = [
    "AlertWhen",
    "Comparison",
    "Condition",
    "Event",
    "Given",
    "Kind",
    "Lines",
    "Option",
    "Problem",
    "Question",
    "Start",
    "Survey",
    "SurveyInvalid",
    "digest",
    "plain",
]

#: The line each path stands in, for example ``questions[2].ask``; the root is the empty path.
Lines = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a definition is refused. ``line`` 0: not known."""

    line: int
    path: str
    what: str

    def __str__(self) -> str:
        place = f"第 {self.line} 行" if self.line else ""
        return "，".join(part for part in (place, self.path) if part) + f"：{self.what}"


class SurveyInvalid(ValueError):
    """A definition cannot be used; ``problems`` says all that is wrong with it, in order."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("；".join(map(str, problems)))
        self.problems = problems


def digest(survey: Survey) -> str:
    """40 hexadecimal digits that are the same for the same definition only."""
    text = json.dumps(plain(survey), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:40]


def plain(survey: Survey) -> dict[str, Any]:
    """A survey as data that JSON can hold and ``parse`` reads back to the same survey."""
    made: dict[str, Any] = {"id": survey.id, "title": survey.title}
    made |= _filled(intro=survey.intro, thanks=survey.thanks)
    if not survey.named:
        made["named"] = False
    if survey.start is not None:
        made["start"] = _start(survey.start)
    if survey.stages:
        made["stages"] = [stage.value for stage in survey.stages]
    if survey.max_reason:
        made["max_questions"] = survey.max_questions
        made["max_reason"] = survey.max_reason
    made["questions"] = [_question(one) for one in survey.questions]
    return made


def _filled(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value}


def _start(start: Start) -> dict[str, Any]:
    made: dict[str, Any] = {"after": start.after.value}
    made |= _filled(days=start.days, months=start.months, before=start.before)
    return made | {"at": start.at, "valid_workdays": start.valid_workdays}


def _question(one: Question) -> dict[str, Any]:
    made: dict[str, Any] = {"id": one.id, "ask": one.ask, "kind": one.kind.value}
    if one.options:
        made["options"] = [{"value": each.value, "label": each.label} for each in one.options]
    if one.low is not None or one.high is not None:
        made["range"] = [one.low, one.high]
    made |= _filled(low_label=one.low_label, high_label=one.high_label, required=one.required)
    if one.when is not None:
        made["when"] = " or ".join(
            " and ".join(written(each) for each in group) for group in one.when.either
        )
    if one.alerts:
        made["alerts"] = [
            {"if": written(each.test), "topic": each.topic, "severity": each.severity}
            for each in one.alerts
        ]
    return made | _filled(about=one.about, help=one.help)


def written(test: Comparison) -> str:
    """A comparison as a definition says it.

    >>> written(Comparison(question="mood", op="<", value=3.0))
    '{mood} < 3'
    """
    if isinstance(test.value, str):
        return f"{{{test.question}}} {test.op} '{test.value}'"
    return f"{{{test.question}}} {test.op} {test.value:g}"
