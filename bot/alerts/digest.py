"""Digests: ``config/digest.yaml``, and one message of what waits. Pure."""

from __future__ import annotations

import string

from pydantic import BaseModel, ConfigDict, field_validator

#: What may stand in each text about something owed.
_OWED = frozenset({"what", "day", "who"})


class OwedWords(BaseModel):
    """What is owed, by kind; ``_other``: somebody else than the reader owes it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    answer: str
    overdue: str
    handover: str
    correct: str
    erase: str
    pledge: str
    change: str
    offer: str
    greeting: str
    greeting_other: str
    feedback: str
    feedback_other: str

    @field_validator("*")
    @classmethod
    def _known(cls, value: str) -> str:
        return _checked(value, _OWED)


class DigestWords(BaseModel):
    """``config/digest.yaml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    owed: OwedWords


def _checked(text: str, known: frozenset[str]) -> str:
    for _, name, _, _ in string.Formatter().parse(text):
        if name is not None and name not in known:
            raise ValueError(f"unknown placeholder {{{name}}}")
    return text
