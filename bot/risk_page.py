"""The report of ``yinuo risk`` as one page: no script, no font, no request.

It holds figures and the names of rules, of cases not even an id. The figures are written by what
prints them (``bot.risk.told``).
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from bot.charts import draw
from bot.charts.draw import Column, Curve
from bot.risk import told
from bot.risk.backtest import Backtest, scores
from bot.risk.cases import Cases
from bot.risk.curves import Curves, Place, curves
from bot.risk.definition import Rules
from bot.risk.fit import Fitted
from bot.risk.told import interval, number
from bot.risk.weights import digest, written
from storage.shares import wilson

MOST_COMPLAINTS = 50
EXPERTS, FITTED = "专家写的权重", "拟合的权重"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A headline figure: what it is, how much, and what belongs beside it."""

    name: str
    value: str
    beside: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A drawing with its name, what its colours are, and how it is read."""

    name: str
    drawn: Markup
    series: tuple[str, ...] = ()
    says: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """One rule as the table tells it. ``fitted`` is empty where nothing was fitted."""

    rule: str
    says: str
    experts: str
    fitted: str
    cases: str
    precision: str
    lift: str
    lead: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """All that the template is given."""

    title: str
    file: str
    about: tuple[str, ...]
    tiles: tuple[Tile, ...] = ()
    charts: tuple[Chart, ...] = ()
    factors: tuple[Factor, ...] = ()
    factor_charts: tuple[Chart, ...] = ()
    left_out: tuple[str, ...] = ()
    late: tuple[tuple[str, int], ...] = ()
    complaints: tuple[str, ...] = ()


def judged(file: str, rules: Rules, cases: Cases, found: Backtest) -> str:
    """The page of a backtest."""
    lines = curves(cases, scores(cases))
    return _page(
        Page(
            title="风险规则回测",
            file=_name(file),
            about=(told.cases(found), f"规则版本 {digest(rules)}"),
            tiles=(_auc("AUC", found), _top("", found), *_plain(found)),
            charts=_charts(found, (lines,), ("",)),
            factors=_factors(rules, found, {}),
            factor_charts=_factor_charts(rules, found, {}),
            left_out=_left_out(cases),
        )
    )


def fitted(file: str, rules: Rules, cases: Cases, found: Fitted) -> str:
    """The page of a fit: both sets of weights on the cases that came later."""
    later = found.fitted
    both = tuple(curves(found.late, one) for one in (found.written, found.told))
    better = Tile(
        name="AUC 差（拟合减专家）",
        value=number(found.better.value, sign=True),
        beside=interval(found.better, sign=True),
    )
    return _page(
        Page(
            title="风险权重拟合",
            file=_name(file),
            about=(
                f"在较早的 {found.trained} 个案例上拟合（贴近专家的强度 {found.strength:g}），"
                f"下面的数字都来自后来的 {later.cases} 个（{later.first} 到 {later.last}）",
                f"规则版本 {digest(rules)}；拟合不会自动启用，要两位 HR 管理员",
            ),
            tiles=(
                _auc("专家 AUC", found.experts),
                _auc("拟合 AUC", later),
                better,
                _top("专家：", found.experts),
                _top("拟合：", later),
                *_plain(later),
            ),
            charts=_charts(later, both, (EXPERTS, FITTED)),
            factors=_factors(rules, later, found.adds),
            factor_charts=_factor_charts(rules, later, found.adds),
            left_out=_left_out(cases),
        )
    )


def refused(file: str, complaints: Sequence[str], late: Mapping[str, int]) -> str:
    """The page of a file that cannot be used: nothing of it was judged."""
    return _page(
        Page(
            title="案例文件不能用",
            file=_name(file),
            about=(f"{len(complaints)} 处问题，什么也没有计算。改好之后重新运行。",),
            late=tuple(sorted(late.items(), key=lambda one: (-one[1], one[0]))),
            complaints=tuple(complaints[:MOST_COMPLAINTS]),
        )
    )


# --- figures --------------------------------------------------------------------------------------


def _auc(name: str, found: Backtest) -> Tile:
    return Tile(name=name, value=number(found.auc.value), beside=interval(found.auc))


def _top(whose: str, found: Backtest) -> Tile:
    return Tile(
        name=f"{whose}分数最高的十分之一里违约",
        value=number(found.top_tenth.value),
        beside=interval(found.top_tenth),
    )


def _plain(found: Backtest) -> tuple[Tile, ...]:
    return (
        Tile(name="整体违约", value=number(found.base_rate), beside=f"违约 {found.broken} 个"),
        Tile(name="案例", value=str(found.cases), beside=f"{found.first} 到 {found.last}"),
        Tile(
            name="提前量（天，中位数）",
            value=told.days(found.lead_days),
            beside=told.lead(found),
        ),
    )


def _factors(rules: Rules, found: Backtest, adds: Mapping[str, float]) -> tuple[Factor, ...]:
    return tuple(
        Factor(
            rule=one.rule,
            says=rules[one.rule].says,
            experts=f"{rules[one.rule].adds:.1f}",
            fitted=f"{adds[one.rule]:.1f}" if one.rule in adds else "",
            cases=str(one.cases),
            precision=number(one.precision),
            lift=number(one.lift),
            lead=told.days(one.lead_days),
        )
        for one in found.rules
    )


def _left_out(cases: Cases) -> tuple[str, ...]:
    unknown = [name for name in cases.rules if name not in cases.dated]
    said = [f"我方撤回的 {cases.skipped} 个案例：不是对方守约或违约，不算"]
    if cases.dated:
        said.append(
            f"结果之后才记下的列：没有。{len(cases.dated)} 列带日期，每一行都早于结果；"
            "有一行不是，整个文件就会被拒绝"
        )
    if unknown:
        said.append(
            f"没有日期的列（{'、'.join(unknown)}）：看不出是不是结果之后才补记的。"
            "要能查、能算提前量，请加上同名的日期列，例如 "
            f"{unknown[0]}@"
        )
    return tuple(said)


# --- charts ---------------------------------------------------------------------------------------


def _charts(found: Backtest, lines: Sequence[Curves], names: tuple[str, ...]) -> tuple[Chart, ...]:
    series = names if len(lines) > 1 else ()
    drawn = [Curve(points=one.roc, band=one.band) for one in lines if one.roc]
    charts = []
    if drawn:
        charts.append(
            Chart(
                name="ROC 曲线",
                drawn=draw.curves("ROC 曲线与 95% 区间", drawn, "误报率", "找到的违约"),
                series=series,
                says="浅色是 95% 区间，虚线等于抛硬币。曲线越靠左上越好。",
            )
        )
    share = [
        Column(
            name=f"{one.low:.0f}–{one.high:.0f}",
            shares=(one.broken,),
            below=f"{one.cases} 个",
            ends=wilson(0 if math.isnan(one.broken) else round(one.broken * one.cases), one.cases),
        )
        for one in found.calibration
    ]
    charts.append(
        Chart(
            name=f"校准{f'（{names[-1]}）' if series else ''}",
            drawn=draw.columns(
                "各分数区间里实际违约的比例", share, "分数", "违约", top=1.0, base=found.base_rate
            ),
            says="每个分数区间里实际违约的比例，竖线是 95% 区间，虚线是整体。",
        )
    )
    charts.append(
        Chart(
            name=f"分数分布{f'（{names[-1]}）' if series else ''}",
            drawn=draw.columns("守约与违约的分数分布", _spread(lines[-1].spread), "分数", "占比"),
            series=("守约", "违约"),
            says="两组各自的占比，合起来都是 100%。重叠越多，分数越分不开。",
        )
    )
    if found.warned:
        charts.append(
            Chart(
                name="提前量",
                drawn=draw.columns(
                    "最早的信号提前多少天",
                    _leads(lines[-1].leads),
                    "天",
                    "占比",
                ),
                says=told.lead(found) + "。",
            )
        )
    return tuple(charts)


def _spread(places: Sequence[Place]) -> list[Column]:
    kept = max(sum(one.kept for one in places), 1)
    broken = max(sum(one.broken for one in places), 1)
    return [
        Column(name=f"{one.low}", shares=(one.kept / kept, one.broken / broken)) for one in places
    ]


def _leads(places: Sequence[Place]) -> list[Column]:
    whole = max(sum(one.broken for one in places), 1)
    return [
        Column(
            name=f"{one.low}+" if one.high is None else f"{one.low}–{one.high - 1}",
            shares=(one.broken / whole,),
            below=f"{one.broken} 个",
        )
        for one in places
    ]


def _factor_charts(rules: Rules, found: Backtest, adds: Mapping[str, float]) -> tuple[Chart, ...]:
    named = [(rules[one.rule].says, one) for one in found.rules]
    before = written(rules)
    weights = [
        (name, (before[one.rule], adds[one.rule]) if one.rule in adds else (before[one.rule],))
        for name, one in named
    ]
    return (
        Chart(
            name="权重",
            drawn=draw.rows("每条规则的权重", weights, lambda value: f"{value:.1f}"),
            series=("专家", "拟合") if adds else (),
        ),
        Chart(
            name="成立次数",
            drawn=draw.rows(
                "每条规则成立的次数",
                [(name, (float(one.cases),)) for name, one in named],
                lambda value: f"{value:.0f}",
            ),
        ),
        Chart(
            name="提升",
            drawn=draw.rows(
                "每条规则的提升", [(name, (one.lift,)) for name, one in named], number, base=1.0
            ),
            says="成立时的违约率是整体的几倍；虚线是 1，等于没有用。",
        ),
    )


# --- the page -------------------------------------------------------------------------------------


def _name(file: str) -> str:
    """A file's name as it may be shown: nothing unseen, nothing that turns the text."""
    seen = "".join(one for one in file if not unicodedata.category(one).startswith("C"))
    return re.sub(r"\s+", " ", seen).strip() or "案例文件"


def _page(page: Page) -> str:
    return _template().render(page=page)


@lru_cache(maxsize=1)
def _template() -> Template:
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "charts"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return made.get_template("risk.html")
