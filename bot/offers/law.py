"""What stands against an offer: the law of the region (``config/regions``) and our own budget."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bot.offers.terms import Terms
from bot.profile.pay import USUAL_MONTHS, Pay


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Step(_Part):
    """A contract shorter than ``below`` months may have a probation of ``months``."""

    months: int = Field(ge=0)
    below: int | None = None


class Probation(_Part):
    """How long a probation may be, by the length of the contract."""

    article: str
    contract_at_least: int
    steps: tuple[Step, ...]

    @model_validator(mode="after")
    def _ends(self) -> Probation:
        if not self.steps or self.steps[-1].below is not None:
            raise ValueError("steps: the last one has no below")
        return self

    def at_most(self, contract_months: int | None) -> int:
        """Months of probation a contract may have."""
        if contract_months is None:
            return self.steps[-1].months
        if contract_months < self.contract_at_least:
            return 0
        fits = (one for one in self.steps if one.below is None or contract_months < one.below)
        return next(fits).months


class ProbationPay(_Part):
    """The least share of the agreed pay during probation."""

    article: str
    share: float = Field(gt=0, le=1)


class MinimumPay(_Part):
    """Local minimum pay, yuan a month, by city; filled in by the company."""

    article: str
    by_city: Mapping[str, int]


class Contract(_Part):
    """When a written contract has to be there."""

    article: str
    written_within_days: int


class Region(_Part):
    """One region's law, as far as an offer meets it."""

    name: str
    probation: Probation
    probation_pay: ProbationPay
    minimum_pay: MinimumPay
    contract: Contract


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """Something against an offer. ``stops``: it may not be sent; else somebody has to say why."""

    kind: Literal["probation", "probation_pay", "minimum_pay", "budget"]
    stops: bool
    says: str
    article: str = ""


def objections(terms: Terms, region: Region, budget: Pay | None) -> tuple[Objection, ...]:
    """Everything against an offer; the law stops it, the budget asks for a reason."""
    return (*_probation(terms, region), *_pay(terms, region), *_budget(terms, budget))


def _probation(terms: Terms, region: Region) -> Iterable[Objection]:
    most = region.probation.at_most(terms.contract_months)
    if terms.probation_months > most:
        length = "无固定期限" if terms.contract_months is None else f"{terms.contract_months} 个月"
        may = f"至多 {most} 个月" if most else "不得约定试用期"
        yield Objection(
            kind="probation",
            stops=True,
            says=f"合同 {length}，试用期{may}，这里写了 {terms.probation_months} 个月",
            article=region.probation.article,
        )


def _pay(terms: Terms, region: Region) -> Iterable[Objection]:
    if terms.probation_months and terms.probation_pay is not None:
        least = terms.base * region.probation_pay.share
        if terms.probation_pay < least:
            yield Objection(
                kind="probation_pay",
                stops=True,
                says=f"试用期工资 {terms.probation_pay:,} 元，不得低于约定工资的"
                f" {region.probation_pay.share:.0%}（{least:,.0f} 元）",
                article=region.probation_pay.article,
            )
    minimum = region.minimum_pay.by_city.get(terms.city.removesuffix("市"))
    lowest = min(terms.base, terms.probation_pay or terms.base)
    if minimum is not None and lowest < minimum:
        yield Objection(
            kind="minimum_pay",
            stops=True,
            says=f"{terms.city}最低工资 {minimum:,} 元/月，这里是 {lowest:,} 元",
            article=region.minimum_pay.article,
        )


def _budget(terms: Terms, budget: Pay | None) -> Iterable[Objection]:
    if budget is None:
        return
    top = budget.high or budget.low
    if terms.base > top:
        yield Objection(
            kind="budget", stops=False, says=f"固定 {terms.base:,} 元高于职位预算 {top:,} 元"
        )
    whole = top * (budget.months or USUAL_MONTHS)
    if terms.base <= top and terms.yearly > whole:
        yield Objection(
            kind="budget",
            stops=False,
            says=f"年度总额 {terms.yearly:,.0f} 元高于职位预算 {whole:,.0f} 元",
        )
