"""Words for people: the replies the bot says and the names things have, from ``config/``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict, field_validator

from bot.placeholders import checked
from bot.workdays import ZONE, Calendar
from storage.enums import StepKind

SHANGHAI = ZONE
_WEEKDAYS = "一二三四五六日"


class Replies(BaseModel):
    """``config/replies/zh.yaml``: every text the bot says by itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    greeting: str
    greeting_stranger: str
    bound: str
    bound_staff: str
    invite_bad: str
    code_bad: str
    invite_known: str
    handover: str
    hr_says: str
    handed: str
    progress: str
    progress_step: str
    progress_owed: str
    help: str
    staff_help: str
    press_useful: str
    press_false_alarm: str
    press_handled: str
    press_refused: str
    press_known: str
    press_later: str
    press_put_off: str
    press_closed: str
    board_now: str
    pledge_link: str
    pledge_yes: str
    pledge_change: str
    pledge_confirmed: str
    pledge_known: str
    pledge_gone: str
    pledge_what: str
    pledge_asked: str
    pledge_told: str
    pledge_kept: str
    press_noted: str
    survey_open: str
    survey_resumed: str
    survey_later: str
    survey_refused: str
    survey_done: str
    survey_closed: str
    survey_gone: str
    survey_changed: str
    survey_link: str
    survey_letter: str
    survey_why: dict[str, str]
    faq_answer: str
    correct_what: str
    correct_asked: str
    correct_kept: str
    erase_sure: str
    erase_yes: str
    erase_no: str
    erase_told: str
    erase_known: str
    erase_kept: str
    data_link: str
    duty_offer: str
    duty_greeting: str
    duty_greeting_hr: str
    duty_done: str
    duty_noted: str
    feedback_asks: str
    feedback_asks_hr: str
    feedback_choices: dict[str, str]
    feedback_noted: str
    feedback_other: str
    feedback_kept: str
    feedback_undone: str
    feedback_protected: str
    feedback_long: str
    feedback_taken: str
    cover_begins: str
    cover_over: str
    too_long: str
    owner_unknown: str
    owner_named: str
    stages: dict[str, str]
    next_steps: dict[str, str]
    steps: dict[StepKind, str]

    @field_validator("steps")
    @classmethod
    def _every_step(cls, value: dict[StepKind, str]) -> dict[StepKind, str]:
        missing = set(StepKind) - {StepKind.OTHER} - set(value)
        if missing or StepKind.OTHER in value:
            raise ValueError(f"one word for every step but other; missing: {sorted(missing)}")
        return value

    @field_validator("survey_why")
    @classmethod
    def _unclear(cls, value: dict[str, str]) -> dict[str, str]:
        if "unclear" not in value:
            raise ValueError("the words for an answer that was not understood: unclear")
        return value

    @field_validator("*")
    @classmethod
    def _known_placeholders(cls, value: Any) -> Any:
        texts = value.values() if isinstance(value, dict) else [value]
        for text in texts:
            checked(text, PLACEHOLDERS)
        return value


PLACEHOLDERS = frozenset(
    {
        "name",
        "company",
        "owner",
        "position",
        "answer_by",
        "stage",
        "next_step",
        "start",
        "link",
        "lines",
        "step",
        "day",
        "question",
        "answer",
        "what",
        "source",
    }
)


def fill(template: str, **values: str) -> str:
    """A template with its placeholders filled; one that is not given becomes nothing.

    Values are inserted as they are: a candidate called ``{owner}`` stays ``{owner}``.

    >>> fill("{name}您好", name="{owner}")
    '{owner}您好'
    """
    return template.format_map(_Blank(values)).strip()


class _Blank(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ""


def moment(at: datetime) -> str:
    """A moment as people here write it.

    >>> from datetime import UTC
    >>> moment(datetime(2026, 11, 22, 6, 5, tzinfo=UTC))
    '11月22日 周日 14:05'
    """
    local = at.astimezone(SHANGHAI)
    return f"{local.month}月{local.day}日 周{_WEEKDAYS[local.weekday()]} {local:%H:%M}"


def answer_by(now: datetime, hours: float, calendar: Calendar | None = None) -> datetime:
    """Until when an answer is promised: ``hours`` from now, moved out of the night, and with a
    calendar out of days on which nobody works.

    >>> from datetime import UTC
    >>> moment(answer_by(datetime(2026, 11, 22, 18, 37, tzinfo=UTC), 24))
    '11月24日 周二 10:00'
    >>> moment(answer_by(datetime(2026, 11, 20, 6, 0, tzinfo=UTC), 24, Calendar()))
    '11月23日 周一 10:00'
    """
    local = (now + timedelta(hours=hours)).astimezone(SHANGHAI)
    morning = local.replace(hour=10, minute=0, second=0, microsecond=0)
    if local >= morning and local.hour >= 18:
        local = morning = morning + timedelta(days=1)
    local = max(local, morning)
    if calendar is None or calendar.is_workday(local.date()).works:
        return local
    return datetime.combine(calendar.workday_after(local.date(), 0), morning.timetz())


def owner_of(replies: Replies, name: str) -> str:
    """How we call whoever works a case, to the candidate."""
    return fill(replies.owner_named, name=name) if name else replies.owner_unknown


def stage_name(replies: Replies, stage: str) -> str:
    """A stage, in words for the candidate."""
    return replies.stages[stage]


def next_step(replies: Replies, stage: str, start: str) -> str:
    """What comes next for the candidate."""
    template = replies.next_steps.get(stage, replies.next_steps["ended"])
    return fill(template, start=start)


def step_name(replies: Replies, kind: StepKind, own: str) -> str:
    """A planned step, in words for candidate and HR; ``own`` are those of one of kind ``other``."""
    return own or replies.steps[kind]


Named = Mapping[str, str]
