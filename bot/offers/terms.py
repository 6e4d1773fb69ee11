"""The terms of an offer. Money is gross yuan; a month's unless it says otherwise."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Yuan = Annotated[int, Field(ge=1, le=1_000_000)]
Words = Annotated[str, Field(min_length=1, max_length=200)]


class Per(StrEnum):
    """How often a bonus is paid."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    ONCE = "once"


#: Payments a year; a payment made once is none of a later year's.
TIMES = {Per.MONTH: 12, Per.QUARTER: 4, Per.YEAR: 1, Per.ONCE: 0}


class Bonus(BaseModel):
    """Money beside the base. ``when`` says what has to be reached: a bonus without it is a promise
    nobody can check."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Words
    amount: Yuan
    per: Per
    when: Words


class Terms(BaseModel):
    """One version of an offer. ``contract_months`` None: without a fixed term."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base: Yuan
    months: float = Field(default=12, ge=12, le=36)
    bonuses: tuple[Bonus, ...] = Field(default=(), max_length=10)
    level: str = Field(default="", max_length=40)
    city: str = Field(default="", max_length=60)
    start_on: date | None = None
    contract_months: int | None = Field(default=36, ge=1, le=600)
    probation_months: int = Field(default=0, ge=0, le=24)
    probation_pay: Yuan | None = None
    notes: str = Field(default="", max_length=1000)

    @property
    def yearly(self) -> float:
        """Yuan in a full year, with every bonus reached."""
        return self.base * self.months + sum(one.amount * TIMES[one.per] for one in self.bonuses)

    @property
    def monthly(self) -> float:
        """The year's yuan, a month."""
        return self.yearly / 12
