"""``yinuo risk``: what is typed and what is printed. What it does is ``bot.calibrating``."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot import logs

if TYPE_CHECKING:
    from bot.calibrating import Person
    from bot.risk.backtest import Backtest, Figure
    from bot.risk.fit import Fitted
    from config.settings import Settings

FILE = typer.Argument(metavar="FILE", help="CSV：id, outcome, on_day，每条规则一列")


def made(load: Callable[[], Settings]) -> typer.Typer:
    """The commands; ``load`` reads the settings."""
    risk = typer.Typer(help="风险规则：用结果检验、校准", no_args_is_help=True)

    @risk.command("backtest")
    def backtest(
        path: Annotated[Path, FILE],
        as_json: Annotated[bool, typer.Option("--json", help="JSON，一行")] = False,
    ) -> None:
        """用自己公司的结果检验规则：AUC、前十分之一、校准、每条规则，都带 95% 区间。什么也不改。"""
        from bot import calibrating

        found = calibrating.judged(_quiet(load), path)
        typer.echo(_json(found.as_dict()) if as_json else told(found))

    @risk.command("fit")
    def fit(
        path: Annotated[Path, FILE],
        propose: Annotated[
            str, typer.Option(help="以这位 HR 管理员的名义提交，等另一位确认；不写只看不提交")
        ] = "",
        as_json: Annotated[bool, typer.Option("--json", help="JSON，一行")] = False,
    ) -> None:
        """在结果上拟合权重，贴着专家写的；在后来的案例上比较。不会自动启用：要两位 HR 管理员。"""
        from bot import calibrating
        from bot.risk.weights import written

        settings = _quiet(load)
        found = calibrating.fitted(settings, path)
        rules = calibrating.rules_of(settings)
        if as_json:
            typer.echo(_json(_fit_json(found, written(rules))))
        else:
            typer.echo(_fit_told(found, calibrating.changes(found.adds, rules)))
        if propose:
            kept = calibrating.propose(settings, found, _person(propose))
            typer.echo(
                f"已提交 {kept.id}，还没有启用。请另一位 HR 管理员在 7 天内运行：\n"
                f"yinuo risk confirm {kept.id} --by 登录名",
                err=as_json,
            )
        elif not as_json:
            typer.echo("没有启用。要启用，请一位 HR 管理员加 --propose 提交，另一位确认。")

    @risk.command("confirm")
    def confirm(
        proposal: Annotated[str, typer.Argument(help="yinuo risk fit --propose 打印的编号")],
        by: Annotated[str, typer.Option(help="确认的人：另一位 HR 管理员的登录名")],
    ) -> None:
        """第二位 HR 管理员确认，启用拟合的权重。"""
        from bot import calibrating

        settings = _quiet(load)
        waiting = calibrating.proposal(settings)
        if waiting is not None and waiting.id == proposal:
            rules = calibrating.rules_of(settings)
            value, low, high = waiting.better
            typer.echo(
                f"{waiting.by_name} 于 {waiting.at[:16]} 提交，{waiting.cases} 个案例，"
                f"AUC 差 {value:+.3f}（{low:+.3f} 到 {high:+.3f}）"
            )
            typer.echo(_changes_told(calibrating.changes(waiting.adds, rules)))
        used = calibrating.confirm(settings, proposal, _person(by))
        typer.echo(f"已启用 {used.id}：{used.by_name} 提交，{used.confirmed_name} 确认。")
        typer.echo("服务重启后生效；yinuo risk restore 回到之前的权重。")

    @risk.command("restore")
    def restore(
        by: Annotated[str, typer.Option(help="HR 管理员的登录名")],
    ) -> None:
        """回到之前的权重。"""
        from bot import calibrating

        used = calibrating.restore(_quiet(load), _person(by))
        typer.echo(f"已回到 {used.id if used else '专家写的权重'}。服务重启后生效。")

    @risk.command("weights")
    def weights() -> None:
        """现在用的是哪一份权重，谁提交、谁确认。"""
        from bot import calibrating

        used = calibrating.in_use(_quiet(load))
        if used is None:
            typer.echo("专家写的权重（config/risk/）")
            return
        typer.echo(
            f"{used.id}：{used.cases} 个案例上拟合；{used.by_name} 提交，"
            f"{used.confirmed_name} 于 {used.confirmed_at[:16]} 确认"
        )

    return risk


def _quiet(load: Callable[[], Settings]) -> Settings:
    settings = load()
    logs.configure("ERROR")
    return settings


def _person(login: str) -> Person:
    from bot.calibrating import Person

    password = typer.prompt(f"{login} 的密码", hide_input=True, err=True)
    code = typer.prompt("动态验证码", err=True)
    return Person(login=login, password=password, code=code)


# --- words ----------------------------------------------------------------------------------------


def told(found: Backtest) -> str:
    """A backtest as people read it."""
    lines = [
        f"{found.cases} 个案例（{found.first} 到 {found.last}），违约 {found.broken} 个；"
        f"我方撤回的 {found.skipped} 个不算",
        f"AUC {_figure(found.auc)}（0.5 等于抛硬币）",
        f"分数最高的十分之一里违约 {_figure(found.top_tenth)}，整体 {_number(found.base_rate)}",
        "",
        "分数区间    案例  违约",
        *(
            f"{one.low:>4.0f}–{one.high:<4.0f} {one.cases:>7}  {_number(one.broken)}"
            for one in found.calibration
        ),
        "",
        "规则                  成立  违约率  提升  提前（天，中位数）",
        *(
            f"{one.rule:<20} {one.cases:>5}  {_number(one.precision):>6}  {_number(one.lift):>4}  "
            f"{'—' if one.lead_days is None else f'{one.lead_days:g}'}"
            for one in found.rules
        ),
    ]
    return "\n".join(lines)


def _fit_told(found: Fitted, changes: list[tuple[str, float, float]]) -> str:
    later = found.fitted.cases
    return "\n".join(
        (
            f"在较早的 {found.trained} 个案例上拟合（贴近专家的强度 {found.strength:g}），"
            f"在后来的 {later} 个上比较：",
            f"专家 AUC {_figure(found.experts.auc)}",
            f"拟合 AUC {_figure(found.fitted.auc)}",
            f"差   {_figure(found.better, sign=True)}",
            "",
            _changes_told(changes),
        )
    )


def _changes_told(changes: list[tuple[str, float, float]]) -> str:
    rows = [f"{name:<20} {before:>6.1f} → {after:>6.1f}" for name, before, after in changes]
    return "\n".join(("规则                   专家     拟合", *rows))


def _figure(figure: Figure, *, sign: bool = False) -> str:
    low, high = _number(figure.low, sign=sign), _number(figure.high, sign=sign)
    return f"{_number(figure.value, sign=sign)}（95% 区间 {low} 到 {high}）"


def _number(value: float, *, sign: bool = False) -> str:
    if math.isnan(value):
        return "—"
    return f"{value:+.3f}" if sign else f"{value:.3f}"


def _fit_json(found: Fitted, experts: dict[str, float]) -> dict[str, Any]:
    return {
        "adds": dict(found.adds),
        "experts_adds": {name: experts[name] for name in found.adds},
        "strength": found.strength,
        "trained": found.trained,
        "experts": found.experts.as_dict(),
        "fitted": found.fitted.as_dict(),
        "better": {"value": found.better.value, "low": found.better.low, "high": found.better.high},
    }


def _json(value: Any) -> str:
    """One line of JSON; what cannot be told is null, for JSON has no NaN."""
    return json.dumps(_finite(value), ensure_ascii=False)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
