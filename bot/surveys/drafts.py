"""Questions as a file says them, and the checks that look across questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bot.surveys import conditions, reach
from bot.surveys.problems import Report
from bot.surveys.shape import AlertWhen, Comparison, Condition, Kind, Option, Question
from bot.surveys.texts import VALUE

_OPS: Mapping[Kind, str] = {
    Kind.CHOICE: "= !=",
    Kind.MULTI: "= != contains",
    Kind.RANKING: "= != contains",
    Kind.SCALE: "= != < > <= >=",
    Kind.NUMBER: "= != < > <= >=",
    Kind.MONEY: "< > <= >=",
    Kind.DATE: "= != < > <= >=",
    Kind.TEXT: "= != contains",
}
_CHOOSING = (Kind.CHOICE, Kind.MULTI, Kind.RANKING)
_WIDEST_SCALE = 11


@dataclass(frozen=True, slots=True)
class Wanted:
    """A condition's text and where it stands."""

    path: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A question before it is checked against the others. ``options``: value, if the file gives
    one, and label. ``names``: what the file calls our fields, for complaints.
    """

    path: str
    id: str
    ask: str
    kind: Kind
    options: tuple[tuple[str | None, str], ...]
    low: float | None
    high: float | None
    low_label: str
    high_label: str
    required: bool
    when: Wanted | None
    about: str
    alerts: tuple[tuple[Wanted, str, str], ...]
    help: str
    names: Mapping[str, str]
    #: Other words for each option, where the file gives them.
    also: tuple[tuple[str, ...], ...] = ()

    def at(self, field: str) -> str:
        """The path of one of our fields."""
        return f"{self.path}.{self.names[field]}"


class _Known:
    """The questions read so far, how one arrives at each, and what a file calls its options."""

    def __init__(self, ids: Sequence[str]) -> None:
        self.ids = ids
        self.questions: dict[str, Question] = {}
        self.ways: dict[str, reach.Ways] = {}
        self.values: dict[str, dict[str, str]] = {}

    def add(self, question: Question, draft: Draft) -> None:
        """One more question."""
        self.questions[question.id] = question
        self.ways.setdefault(question.id, reach.ANYHOW)
        names: dict[str, str] = {}
        for (value, label), option in zip(draft.options, question.options, strict=True):
            for name in (value, label, option.value):
                if name is not None:
                    names.setdefault(name, option.value)
        self.values[question.id] = names


def questions(drafts: Sequence[Draft], report: Report) -> tuple[Question, ...]:
    """The questions of a survey. What is wrong is in the report; then the result is of no use."""
    made: list[Question] = []
    known = _Known([draft.id for draft in drafts])
    ids = [draft.id for draft in drafts]
    for number, draft in enumerate(drafts):
        if draft.id in ids[:number]:
            report.wrong(draft.at("id"), "和前面的一道题重名，每道题的 id 只能用一次")
            continue
        options = _options(draft, report)
        question = Question(
            id=draft.id,
            ask=draft.ask,
            kind=draft.kind,
            options=options,
            low=draft.low,
            high=draft.high,
            low_label=draft.low_label,
            high_label=draft.high_label,
            required=draft.required,
            about=draft.about,
            help=draft.help,
        )
        _bounds(draft, report)
        when = _condition(draft, known, report)
        known.add(question, draft)
        alerts = _alerts(draft, known, report)
        made.append(replace(question, when=when, alerts=alerts))
    return tuple(made)


def _options(draft: Draft, report: Report) -> tuple[Option, ...]:
    """The options, each with a value: a file's own where it can be kept, else its number."""
    made: list[Option] = []
    for number, (value, label) in enumerate(draft.options, start=1):
        kept = value if value is not None and VALUE.fullmatch(value) else f"o{number}"
        path = f"{draft.at('options')}[{number - 1}]"
        if any(one.value == kept for one in made):
            report.wrong(path, "两个选项的值相同")
        elif any(one.label == label for one in made):
            report.wrong(path, "两个选项的文字相同，分不出选了哪个")
        also = draft.also[number - 1] if draft.also else ()
        made.append(Option(value=kept, label=label, also=also))
    return tuple(made)


def _bounds(draft: Draft, report: Report) -> None:
    low, high = draft.low, draft.high
    if draft.kind not in (Kind.SCALE, Kind.NUMBER) and (low is not None or high is not None):
        report.wrong(draft.at("low"), "只有数字题可以写上下限")
    elif low is not None and high is not None and low >= high:
        report.wrong(draft.at("low"), "下限要小于上限")
    elif draft.kind is Kind.SCALE and low is not None and high is not None:
        if high - low + 1 > _WIDEST_SCALE:
            report.wrong(draft.at("low"), f"打分最多 {_WIDEST_SCALE} 档")
        elif low < 0:
            report.wrong(draft.at("low"), "打分从 0 或 1 开始")


def _condition(draft: Draft, known: _Known, report: Report) -> Condition | None:
    if draft.when is None:
        return None
    try:
        read = conditions.read(draft.when.text)
        made = Condition(
            either=tuple(
                tuple(_comparison(one, draft.id, known) for one in group) for group in read.either
            )
        )
    except ValueError as error:
        report.wrong(draft.when.path, str(error))
        return None
    ways = reach.ways(made, known.questions, known.ways)
    if not ways:
        report.wrong(draft.when.path, "这个条件永远不成立，这道题谁也看不到")
    known.ways[draft.id] = ways or reach.ANYHOW
    return made


def _comparison(one: Comparison, own: str, known: _Known) -> Comparison:
    if one.question == own:
        raise ValueError("条件不能看这道题自己的回答")
    if one.question not in known.questions:
        later = one.question in known.ids
        raise ValueError("条件只能看前面的题" if later else f"没有 id 为 {one.question} 的题")
    return _fitting(one, known)


def _fitting(one: Comparison, known: _Known) -> Comparison:
    """A comparison with a value of the question's kind. Raises ``ValueError``."""
    about = known.questions[one.question]
    if one.op not in _OPS[about.kind].split():
        raise ValueError(f"{about.id} 是{KIND_NAMES[about.kind]}，只能用 {_OPS[about.kind]} 比较")
    value = one.value
    if about.kind in _CHOOSING:
        text = f"{value:g}" if isinstance(value, float) else value
        if text in known.values[about.id]:
            return replace(one, value=known.values[about.id][text])
        raise ValueError(f"{about.id} 没有这个选项")
    if about.kind is Kind.DATE:
        if not isinstance(value, str) or not reach.is_day(value):
            raise ValueError("日期要写成 '2026-12-01'")
        return one
    if about.kind is Kind.TEXT:
        return replace(one, value=value if isinstance(value, str) else f"{value:g}")
    if isinstance(value, str):
        raise ValueError(f"{about.id} 要和一个数字比较")  # noqa: TRY004 — told as a problem
    return one


def _alerts(draft: Draft, known: _Known, report: Report) -> tuple[AlertWhen, ...]:
    made = []
    for wanted, topic, severity in draft.alerts:
        try:
            read = conditions.read(wanted.text)
            if len(read.either) != 1 or len(read.either[0]) != 1:
                raise ValueError("预警只能写一个比较")
            test = read.either[0][0]
            if test.question != draft.id:
                raise ValueError("预警只能看这道题自己的回答")
            test = _fitting(test, known)
        except ValueError as error:
            report.wrong(wanted.path, str(error))
            continue
        if not reach.satisfiable((test,), known.questions):
            report.wrong(wanted.path, "这个条件永远不成立")
        made.append(AlertWhen(test=test, topic=topic, severity=severity))
    return tuple(made)


KIND_NAMES: Mapping[Kind, str] = {
    Kind.CHOICE: "单选题",
    Kind.MULTI: "多选题",
    Kind.RANKING: "排序题",
    Kind.SCALE: "打分题",
    Kind.NUMBER: "数字题",
    Kind.MONEY: "金额题",
    Kind.DATE: "日期题",
    Kind.TEXT: "文字题",
}
