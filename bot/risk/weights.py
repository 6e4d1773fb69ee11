"""Weights of rules that two people took into use, in place of those the experts wrote."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict

from bot.risk.definition import Rules


class Weights(BaseModel):
    """A proposal, or what came of it: points by rule, where they come from, who stands for them.

    ``experts`` is the digest of the written weights they were fitted beside; ``better`` the
    difference of AUC on later cases with its interval.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    adds: Mapping[str, float]
    experts: str
    cases: int
    better: tuple[float, float, float]
    by: str
    by_name: str
    at: str
    confirmed_by: str = ""
    confirmed_name: str = ""
    confirmed_at: str = ""


def applied(rules: Rules, weights: Weights | None) -> Rules:
    """The rules with these weights; a rule they do not know keeps what the experts wrote."""
    if weights is None:
        return rules
    return {
        name: rule.model_copy(update={"adds": max(-100.0, min(100.0, weights.adds[name]))})
        if name in weights.adds
        else rule
        for name, rule in rules.items()
    }


def written(rules: Rules) -> dict[str, float]:
    """What the experts wrote: points by rule."""
    return {name: rule.adds for name, rule in rules.items()}


def digest(rules: Rules) -> str:
    """Names a set of written weights."""
    text = json.dumps(written(rules), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
