"""The type of ``config/profile.yaml``: which statements a record is made of."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bot.profile.forbidden import names_protected


class Type(StrEnum):
    """What a statement's value is; ``bot.profile.values`` reads and shows each."""

    TEXT = "text"
    PAY = "pay"
    MONTH = "month"
    MONTH_OR_NOW = "month_or_now"
    DATE = "date"
    NUMBER = "number"
    CHOICE = "choice"
    CHOICES = "choices"


class Kind(BaseModel):
    """One kind of statement. ``options`` are key to label, for choices only.

    ``shared`` kinds are also shown to hiring managers; a pay never is. ``in_sheets``: spreadsheets
    have a column for it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: str = Field(min_length=1, max_length=40)
    type: Type
    options: Mapping[str, str] = Field(default_factory=dict)
    shared: bool = False
    in_sheets: bool = True

    @model_validator(mode="after")
    def _sound(self) -> Kind:
        if self.shared and self.type is Type.PAY:
            raise ValueError("a pay is not shared with managers")
        if bool(self.options) != (self.type in (Type.CHOICE, Type.CHOICES)):
            raise ValueError("options belong to choice and choices, and only to them")
        if any(names_protected(word) for word in (self.label, *self.options.values())):
            raise ValueError("a record may not keep a protected attribute")
        return self


class ProfileDefinition(BaseModel):
    """All kinds, in the order people see them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    groups: Mapping[str, str]
    several: tuple[str, ...]
    kinds: Mapping[str, Kind]
    left_words: Mapping[str, tuple[str, ...]]

    @model_validator(mode="after")
    def _known(self) -> ProfileDefinition:
        for name in self.kinds:
            group, _, rest = name.partition(".")
            if group not in self.groups or not rest.isidentifier():
                raise ValueError(f"{name}: a kind is <group>.<name> of a known group")
        if unknown := set(self.several) - set(self.groups):
            raise ValueError(f"several: unknown groups {sorted(unknown)}")
        tags = self.kinds["job.left_tag"].options if "job.left_tag" in self.kinds else {}
        if unknown := set(self.left_words) - set(tags):
            raise ValueError(f"left_words: unknown tags {sorted(unknown)}")
        return self

    def repeats(self, kind: str) -> bool:
        """Whether a kind comes once for each entry of its group. Raises KeyError when unknown."""
        if kind not in self.kinds:
            raise KeyError(kind)
        return kind.partition(".")[0] in self.several

    def left_tag(self, words: str) -> str | None:
        """The tag that a leaving reason in own words suggests, for HR to confirm."""
        for tag, hints in self.left_words.items():
            if any(hint in words for hint in hints):
                return tag
        return None
