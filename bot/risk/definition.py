"""The type of a rule in ``config/risk/*.yaml``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from bot.profile.forbidden import names_protected
from nlp.scheme import COMMITMENT_MAX, COMMITMENT_MIN, Condition, Intent


def _days(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(r"\d{1,4}d", value):
        return float(value[:-1])
    raise ValueError("write a number of days as 14d")


class When(BaseModel):
    """What has to be heard. All given parts must hold."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    signal: Intent | None = None
    commitment: tuple[int, int] = (COMMITMENT_MIN, COMMITMENT_MAX)
    condition: Condition | None = None
    confidence: float = Field(default=0.5, ge=0, le=1)

    @model_validator(mode="after")
    def _something(self) -> When:
        if self.signal is None and self.condition is None:
            raise ValueError("a rule needs a signal or a condition")
        low, high = self.commitment
        if not COMMITMENT_MIN <= low <= high <= COMMITMENT_MAX:
            raise ValueError("commitment is a range within -3..3")
        return self


class RuleDefinition(BaseModel):
    """One rule: what has to be heard, what it adds, how fast it fades, and why in Chinese."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    says: str = Field(min_length=4)
    when: When
    adds: float = Field(ge=-100, le=100)
    fades_after: Annotated[float, BeforeValidator(_days)] = Field(gt=0)
    example: str = Field(min_length=4)
    stage: str = "offer"

    @model_validator(mode="after")
    def _allowed(self) -> RuleDefinition:
        if names_protected(self.says):
            raise ValueError("a rule may not name a protected attribute")
        return self


Rules = Mapping[str, RuleDefinition]


def parse(files: Mapping[str, Any]) -> dict[str, RuleDefinition]:
    """Rules by name. Raises ``pydantic.ValidationError``."""
    return {name: RuleDefinition.model_validate(raw) for name, raw in files.items()}
