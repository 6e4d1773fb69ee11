"""A survey's definition: parsed from data or text, told apart by digest, written back plainly."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from bot.surveys import lined, short_form, surveyjs
from bot.surveys.drafts import Draft, questions
from bot.surveys.problems import Lines, Problem, Report, SurveyInvalid
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
from bot.surveys.short_form import ShortForm
from bot.surveys.surveyjs import SurveyJs
from bot.surveys.texts import ID, Whole, complain
from storage.enums import Stage

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
    "Vocabulary",
    "digest",
    "load",
    "parse",
    "plain",
]

#: Why a text may not be asked; empty when it may.
Guard = Callable[[str], str]
USUAL_QUESTIONS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """What a survey may refer to: keys of meaning.yaml, and topics of policy.yaml."""

    about: Collection[str]
    topics: Collection[str]


def load(
    text: str,
    *,
    id_: str = "",
    guard: Guard | None = None,
    vocabulary: Vocabulary | None = None,
) -> Survey:
    """The survey of a YAML or JSON text; see ``parse``."""
    raw, lines = lined.read(text)
    return parse(raw, lines, id_=id_, guard=guard, vocabulary=vocabulary)


def parse(
    raw: Any,
    lines: Lines | None = None,
    *,
    id_: str = "",
    guard: Guard | None = None,
    vocabulary: Vocabulary | None = None,
) -> Survey:
    """A survey of data in our shorter form or in SurveyJS's. ``id_`` is taken where the data has
    none (a file's name); ``guard`` says why a text may not be asked, ``vocabulary`` what may be
    referred to (None: anything). Raises ``SurveyInvalid``.
    """
    report = Report(lines or {})
    if not isinstance(raw, Mapping):
        report.wrong("", "问卷要写成「键: 值」")
        report.close()
    short = short_form.is_short(raw)
    try:
        file = (ShortForm if short else SurveyJs).model_validate(raw)
    except ValidationError as error:
        complain(error, raw, report)
        report.close()
        raise
    drafts = list(short_form.drafts(file) if isinstance(file, ShortForm) else surveyjs.drafts(file))
    survey = _whole(file, id_, questions(drafts, report), report)
    if guard is not None:
        _guarded(survey, drafts, guard, report)
    if vocabulary is not None:
        _known(drafts, vocabulary, report)
    report.close()
    return survey


def _whole(file: Whole, id_: str, asked: tuple[Question, ...], report: Report) -> Survey:
    told = file.id or id_
    if not re.fullmatch(ID, told):
        says = "问卷的 id（没有写就是文件名）只能用小写字母、数字和下划线，最多 40 个"
        report.wrong("id" if file.id else "", says)
    elif file.id and id_ and file.id != id_:
        report.wrong("id", f"要和文件名一样：{id_}")
    if not asked:
        report.wrong("", "问卷要有至少一道题")
    if len(asked) > file.max_questions:
        hint = "；确有需要，请写 max_questions 和理由 max_reason" if not file.max_reason else ""
        report.wrong("", f"有 {len(asked)} 道题，最多 {file.max_questions} 道{hint}")
    if file.max_questions > USUAL_QUESTIONS and not file.max_reason:
        report.wrong("max_questions", f"超过 {USUAL_QUESTIONS} 道题，要在 max_reason 里写明理由")
    start = file.start
    if start is not None and start.before and start.months:
        report.wrong("start.months", "事前的问卷只能按天数算")
    intro, thanks = file.intro, file.thanks
    if isinstance(file, SurveyJs):
        intro, thanks = intro or file.description, thanks or file.completedHtml
        if thanks and "<" in thanks:
            report.wrong("completedHtml", "不支持 HTML，请只写文字")
    return Survey(
        id=told,
        title=file.title,
        intro=intro or "",
        thanks=thanks or "",
        questions=asked,
        start=Start(**start.model_dump() | {"after": Event(start.after)}) if start else None,
        named=file.named,
        stages=tuple(Stage(one) for one in file.stages),
        max_questions=file.max_questions,
        max_reason=file.max_reason or "",
    )


def _guarded(survey: Survey, drafts: list[Draft], guard: Guard, report: Report) -> None:
    """Nothing that is asked, shown or listened for is about what may not be asked."""
    texts = [("title", survey.title), ("intro", survey.intro), ("thanks", survey.thanks)]
    for draft in drafts:
        texts.append((draft.at("ask"), draft.ask))
        texts.append((draft.path, draft.help))
        texts += [(draft.path, draft.low_label), (draft.path, draft.high_label)]
        texts += [
            (f"{draft.at('options')}[{number}]", label)
            for number, (_, label) in enumerate(draft.options)
        ]
    known = {one.id: one for one in survey.questions}
    for draft in drafts:
        for number, option in enumerate(known[draft.id].options if draft.id in known else ()):
            texts += [(f"{draft.at('options')}[{number}]", word) for word in option.also]
    for path, text in texts:
        if text and (why := guard(text)):
            report.wrong(path, why)


def _known(drafts: list[Draft], vocabulary: Vocabulary, report: Report) -> None:
    for draft in drafts:
        if draft.about and draft.about not in vocabulary.about:
            report.wrong(f"{draft.path}.about", f"meaning.yaml 里没有 {draft.about}")
        for number, (_, topic, _) in enumerate(draft.alerts):
            if topic not in vocabulary.topics:
                path = f"{draft.path}.alerts[{number}].topic"
                report.wrong(path, f"policy.yaml 里没有话题 {topic}")


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
        made["options"] = [
            {"value": each.value, "label": each.label} | _filled(also=list(each.also))
            for each in one.options
        ]
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
    return f"{{{test.question}}} {test.op} {number(test.value)}"


def number(value: float) -> str:
    """A number as people write it.

    >>> number(20000.0), number(2.5)
    ('20000', '2.5')
    """
    return str(int(value)) if float(value).is_integer() else repr(value)
