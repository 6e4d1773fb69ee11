"""When a kind of alert loses its card of its own, and what the admins are told of it."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from bot.placeholders import checked
from bot.words import fill
from storage.shares import wilson

#: Of a text for the admins.
PLACEHOLDERS = frozenset(
    {"topic", "hits", "judged", "share", "low", "high", "below", "back_at", "by", "link"}
)


class Tells(BaseModel):
    """What the admins are told, once each: it was demoted, it came back, somebody put it back."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    demoted: str
    back: str
    restored: str

    @field_validator("*")
    @classmethod
    def _known_placeholders(cls, value: str) -> str:
        return checked(value, PLACEHOLDERS)


class Demote(BaseModel):
    """``policy.yaml: demote``. A kind goes into the digest when fewer than ``below`` of its last
    ``over`` judged alerts hit, and is told at once again when at least ``back_at`` of them do."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    below: float = Field(gt=0, lt=1)
    over: int = Field(ge=10, le=1000)
    back_at: float = Field(gt=0, le=1)
    tells: Tells

    @model_validator(mode="after")
    def _apart(self) -> Demote:
        if self.back_at <= self.below:
            raise ValueError("back_at must be above below, or a kind would come and go")
        return self


def told(
    rules: Demote,
    *,
    topic: str,
    demoted_at: datetime | None,
    by: str,
    hits: int,
    judged: int,
    link: str,
) -> str:
    """What changed and by what record. ``topic`` in words, ``by``: who did it by hand."""
    words = rules.tells
    text = words.demoted if demoted_at is not None else words.restored if by else words.back
    low, high = wilson(hits, judged)
    return fill(
        text,
        topic=topic,
        hits=str(hits),
        judged=str(judged),
        share=percent(hits / judged),
        low=percent(low),
        high=percent(high),
        below=percent(rules.below),
        back_at=percent(rules.back_at),
        by=by,
        link=link,
    )


def percent(share: float) -> str:
    """A share in whole percent.

    >>> percent(20 / 30)
    '67%'
    """
    return f"{100 * share:.0f}%"
