"""The type of ``config/meaning.yaml``: what an answer to a question means for the record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from bot.alerts.policy import Policy
from bot.profile.definition import ProfileDefinition, Type
from nlp.scheme import Intent, Severity

#: Types of statements that an answer can become.
TAKEN = frozenset({Type.TEXT, Type.PAY, Type.DATE, Type.NUMBER, Type.CHOICE, Type.CHOICES})
MOTIVES, FIRST = "own.motives", "own.motive_first"


def _word(value: object) -> object:
    # YAML reads a bare yes and no as true and false; here they are the options of a question.
    return {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value


Value = Annotated[str, BeforeValidator(_word)]


class About(BaseModel):
    """One key. ``fact`` empty: the answer is kept as it is and becomes no statement."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    fact: str = ""
    values: Mapping[Value, Value] = Field(default_factory=dict)
    topic: str = ""
    severity: Severity = Severity.DIGEST


class Meanings(BaseModel):
    """The file. ``heard``: the motive that talk of an intent shows."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    about: Mapping[str, About]
    heard: Mapping[Intent, str] = Field(default_factory=dict)

    def wrong(self, profile: ProfileDefinition, policy: Policy) -> str:
        """What does not fit the other files, naming the key; empty when all does."""
        for name, one in self.about.items():
            if one.topic and one.topic not in policy.names:
                return f"about.{name}.topic: policy.yaml has no topic {one.topic}"
            if not one.fact:
                continue
            kind = profile.kinds.get(one.fact)
            if kind is None or profile.repeats(one.fact):
                return f"about.{name}.fact: profile.yaml has no {one.fact} that comes once"
            if kind.type not in TAKEN:
                return f"about.{name}.fact: an answer is no {kind.type}"
            if strange := set(one.values.values()) - set(kind.options):
                return f"about.{name}.values: {one.fact} has no {sorted(strange)}"
        ranked = profile.kinds[MOTIVES].options if MOTIVES in profile.kinds else {}
        if strange := set(self.heard.values()) - set(ranked):
            return f"heard: {MOTIVES} has no {sorted(strange)}"
        return ""
