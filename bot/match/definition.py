"""The type of ``config/match.yaml``: weights, thresholds, and what would raise each part."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bot.match.match import Part, Scored
from bot.words import fill

CASES = ("fits", "near", "over")


class Thresholds(BaseModel):
    """Below ``warn`` a rule counts it; from ``good`` on it is shown as fitting."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    warn: int = Field(ge=0, le=100)
    good: int = Field(ge=0, le=100)


class MatchDefinition(BaseModel):
    """Everything a match goes by."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    weights: Mapping[Part, float]
    thresholds: Thresholds
    names: Mapping[Part, str]
    words: Mapping[Part, Mapping[str, str]]
    missing: str

    @model_validator(mode="after")
    def _whole(self) -> MatchDefinition:
        for name in ("weights", "names", "words"):
            if set(getattr(self, name)) != set(Part):
                raise ValueError(f"{name}: one for each of {', '.join(Part)}")
        if any(set(cases) != set(CASES) for cases in self.words.values()):
            raise ValueError(f"words: each part has {', '.join(CASES)}")
        if any(weight < 0 for weight in self.weights.values()) or not any(self.weights.values()):
            raise ValueError("weights: none below 0, one above")
        if self.thresholds.warn > self.thresholds.good:
            raise ValueError("thresholds: warn is above good")
        return self

    def says(self, scored: Scored) -> str:
        """What HR reads beside a part."""
        return fill(self.words[scored.part][scored.lacks], **scored.told)
