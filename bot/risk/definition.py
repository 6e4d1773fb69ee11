"""The type of a rule in ``config/risk/*.yaml``: over what was heard, or over the record."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from bot.profile.forbidden import names_protected
from bot.risk.measures import MEASURES
from nlp.scheme import COMMITMENT_MAX, COMMITMENT_MIN, Condition, Intent


def _days(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(r"\d{1,4}d", value):
        return float(value[:-1])
    raise ValueError("write a number of days as 14d")


class Limit(BaseModel):
    """A measure and where it has to stand: above, below, or at least. One of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    measure: str
    above: float | None = None
    below: float | None = None
    at_least: float | None = None

    @model_validator(mode="after")
    def _known(self) -> Limit:
        if self.measure not in MEASURES:
            raise ValueError(f"unknown measure; there are {', '.join(MEASURES)}")
        if [self.above, self.below, self.at_least].count(None) != 2:
            raise ValueError("a limit is one of above, below, at_least")
        return self

    def holds(self, value: float) -> bool:
        """Whether a value is on the side the rule is about."""
        if self.above is not None:
            return value > self.above
        if self.below is not None:
            return value < self.below
        return value >= (self.at_least or 0.0)


class When(BaseModel):
    """What has to be heard, or what the record has to show. All given parts must hold."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    signal: Intent | None = None
    commitment: tuple[int, int] = (COMMITMENT_MIN, COMMITMENT_MAX)
    condition: Condition | None = None
    confidence: float = Field(default=0.5, ge=0, le=1)
    record: tuple[Limit, ...] = ()
    #: Limits that take the rule back when they hold: better performance, for example.
    unless: tuple[Limit, ...] = ()

    @model_validator(mode="after")
    def _something(self) -> When:
        heard = self.signal is not None or self.condition is not None
        if heard == bool(self.record):
            raise ValueError("a rule needs a signal or a condition, or limits over the record")
        if self.unless and not self.record:
            raise ValueError("unless belongs to limits over the record")
        low, high = self.commitment
        if not COMMITMENT_MIN <= low <= high <= COMMITMENT_MAX:
            raise ValueError("commitment is a range within -3..3")
        return self


class Example(BaseModel):
    """A record the rule holds for and one it does not. A test tries both."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    holds: Mapping[str, Any]
    fails: Mapping[str, Any]


class RuleDefinition(BaseModel):
    """One rule: what has to be so, what it adds, how fast it fades, and why in Chinese.

    ``ask`` is what HR can do about it. ``example`` is a sentence, of rules over what was heard;
    ``examples`` are two records, of rules over the record.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    says: str = Field(min_length=4)
    when: When
    adds: float = Field(ge=-100, le=100)
    fades_after: Annotated[float, BeforeValidator(_days)] = Field(gt=0)
    example: str | None = Field(default=None, min_length=4)
    examples: Example | None = None
    ask: str = ""
    stage: str = "offer"

    @model_validator(mode="after")
    def _allowed(self) -> RuleDefinition:
        if names_protected(self.says) or names_protected(self.ask):
            raise ValueError("a rule may not name a protected attribute")
        if (self.example is None) == (self.examples is None):
            raise ValueError("give an example, or examples")
        if bool(self.when.record) != (self.examples is not None):
            raise ValueError("an example is for what is heard, examples are for the record")
        return self


Rules = Mapping[str, RuleDefinition]


def parse(files: Mapping[str, Any]) -> dict[str, RuleDefinition]:
    """Rules by name. Raises ``pydantic.ValidationError``."""
    return {name: RuleDefinition.model_validate(raw) for name, raw in files.items()}
