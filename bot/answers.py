"""``config/answers.yaml``: what the bot answers to colleagues who ask it in their own chat."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, field_validator

from bot.placeholders import checked
from storage.enums import Level

PLACEHOLDERS = frozenset(
    {
        "answer_by",
        "colleague",
        "count",
        "day",
        "level",
        "lines",
        "link",
        "name",
        "next",
        "owner",
        "position",
        "question",
        "quote",
        "span",
        "stage",
        "title",
        "todo",
        "topic",
        "what",
    }
)


class Answers(BaseModel):
    """The texts, each checked for placeholders nobody fills."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    help_manager: str
    help_hr: str
    help_auditor: str
    nobody: str
    which: str
    which_more: str
    label: str
    no_position: str
    starts: str
    person: str
    no_date: str
    dated: str
    first_day: str
    theirs: str
    ours: str
    nothing_owed: str
    by_day: str
    overdue: str
    undated: str
    unnamed: str
    todo_manager: str
    todo_hr: str
    waits: str
    waits_more: str
    greet: str
    owes: str
    nothing_todo: str
    ended_todo: str
    answer_first: str
    help_step: str
    attention: dict[str, str]
    mine: str
    mine_none: str
    mine_line: str
    starting: str
    starting_none: str
    starting_line: str
    at_risk: str
    at_risk_none: str
    at_risk_manager: str
    at_risk_hr: str
    no_reason: str
    owed: str
    owed_none: str
    owed_line: str
    today: str
    today_none: str
    today_line: str
    silent: str
    silent_none: str
    silent_line: str
    silent_never: str
    reasons: str
    reasons_none: str
    no_hint: str
    more: str
    more_things: str
    levels: dict[Level, str]
    this_week: str
    no_pay: str
    no_pay_hr: str
    no_chat: str
    no_chat_hr: str
    no_private: str
    no_compare: str
    no_reasons: str
    no_deed: str
    deed_yes: str
    deed_no: str
    deed_kept: str
    deed_known: str
    deed_gone: str
    survey_which: str
    survey_sure: str
    survey_done: str
    survey_none: str
    transfer_who: str
    transfer_nobody: str
    transfer_sure: str
    transfer_done: str
    transfer_told: str

    @field_validator("*")
    @classmethod
    def _known_placeholders(cls, value: Any) -> Any:
        for text in value.values() if isinstance(value, dict) else [value]:
            checked(text, PLACEHOLDERS)
        return value

    @field_validator("attention")
    @classmethod
    def _for_every_stage(cls, value: dict[str, str]) -> dict[str, str]:
        if "else" not in value:
            raise ValueError("the words for every other stage: else")
        return value

    @field_validator("levels")
    @classmethod
    def _every_level(cls, value: dict[Level, str]) -> dict[Level, str]:
        if set(value) != set(Level):
            raise ValueError(f"one word for each of {sorted(map(str, Level))}")
        return value
