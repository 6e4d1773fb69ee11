"""``yinuo risk``: what is typed and what is printed. What it does is ``bot.calibrating``."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot import logs

if TYPE_CHECKING:
    from bot.calibrating import Person
    from bot.risk.backtest import Backtest
    from bot.risk.fit import Fitted
    from config.settings import Settings

FILE = typer.Argument(metavar="FILE", help="CSV：id, outcome, on_day，每条规则一列")
REPORT = typer.Option(metavar="OUT.html", help="另写一份网页报告：一个文件，带图，可打印")


def made(load: Callable[[], Settings]) -> typer.Typer:
    """The commands; ``load`` reads the settings."""
    risk = typer.Typer(help="风险规则：用结果检验、校准", no_args_is_help=True)

    @risk.command("backtest")
    def backtest(
        path: Annotated[Path, FILE],
        report: Annotated[Path | None, REPORT] = None,
        as_json: Annotated[bool, typer.Option("--json", help="JSON，一行")] = False,
    ) -> None:
        """用自己公司的结果检验规则：AUC、前十分之一、校准、每条规则，都带 95% 区间。什么也不改。"""
        from bot import calibrating, risk_page

        settings = _quiet(load)
        rules = calibrating.rules_of(settings)
        with _refusals(path, report):
            cases, found = calibrating.judged(rules, path)
        typer.echo(_json(found.as_dict()) if as_json else told(found))
        if report is not None:
            _kept(report, risk_page.judged(path.name, rules, cases, found), quiet=as_json)

    @risk.command("fit")
    def fit(
        path: Annotated[Path, FILE],
        propose: Annotated[
            str, typer.Option(help="以这位 HR 管理员的名义提交，等另一位确认；不写只看不提交")
        ] = "",
        report: Annotated[Path | None, REPORT] = None,
        as_json: Annotated[bool, typer.Option("--json", help="JSON，一行")] = False,
    ) -> None:
        """在结果上拟合权重，贴着专家写的；在后来的案例上比较。不会自动启用：要两位 HR 管理员。"""
        from bot import calibrating, risk_page
        from bot.risk.weights import written

        settings = _quiet(load)
        rules = calibrating.rules_of(settings)
        with _refusals(path, report):
            cases, found = calibrating.fitted(rules, path)
        if as_json:
            typer.echo(_json(_fit_json(found, written(rules))))
        else:
            typer.echo(_fit_told(found, calibrating.changes(found.adds, rules)))
        if report is not None:
            _kept(report, risk_page.fitted(path.name, rules, cases, found), quiet=as_json)
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


@contextmanager
def _refusals(path: Path, report: Path | None) -> Iterator[None]:
    """Whether a report may be written is asked first; a file that is refused has one too."""
    from bot import risk_page
    from bot.calibrating import BadFile, Unfit

    if report is not None and report.suffix.lower() not in (".html", ".htm"):
        raise Unfit(f"{report}: 报告是网页，文件名要以 .html 结尾")
    if report is not None and report.exists() and path.exists() and report.samefile(path):
        raise Unfit(f"{report}: 报告会覆盖案例文件，请换一个文件名")
    try:
        yield
    except BadFile as error:
        if report is not None:
            _kept(report, risk_page.refused(path.name, error.complaints, error.late), quiet=True)
        raise


def _kept(report: Path, page: str, *, quiet: bool) -> None:
    from bot.calibrating import Unfit

    try:
        report.write_text(page, "utf-8")
    except OSError as error:
        raise Unfit(f"{report}: {error.strerror}") from error
    typer.echo(f"报告：{report}", err=quiet)


def _person(login: str) -> Person:
    from bot.calibrating import Person

    password = typer.prompt(f"{login} 的密码", hide_input=True, err=True)
    code = typer.prompt("动态验证码", err=True)
    return Person(login=login, password=password, code=code)


# --- words ----------------------------------------------------------------------------------------


def told(found: Backtest) -> str:
    """A backtest as people read it."""
    from bot.risk import told as words
    from bot.risk.told import figure, number

    lines = [
        words.cases(found),
        f"AUC {figure(found.auc)}（0.5 等于抛硬币）",
        f"分数最高的十分之一里违约 {figure(found.top_tenth)}，整体 {number(found.base_rate)}",
        words.lead(found),
        "",
        "分数区间    案例  违约",
        *(
            f"{one.low:>4.0f}–{one.high:<4.0f} {one.cases:>7}  {number(one.broken)}"
            for one in found.calibration
        ),
        "",
        "规则                  成立  违约率  提升  提前（天，中位数）",
        *(
            f"{one.rule:<20} {one.cases:>5}  {number(one.precision):>6}  {number(one.lift):>4}  "
            f"{words.days(one.lead_days)}"
            for one in found.rules
        ),
    ]
    return "\n".join(lines)


def _fit_told(found: Fitted, changes: list[tuple[str, float, float]]) -> str:
    from bot.risk.told import figure

    later = found.fitted.cases
    return "\n".join(
        (
            f"在较早的 {found.trained} 个案例上拟合（贴近专家的强度 {found.strength:g}），"
            f"在后来的 {later} 个上比较：",
            f"专家 AUC {figure(found.experts.auc)}",
            f"拟合 AUC {figure(found.fitted.auc)}",
            f"差   {figure(found.better, sign=True)}",
            "",
            _changes_told(changes),
        )
    )


def _changes_told(changes: list[tuple[str, float, float]]) -> str:
    rows = [f"{name:<20} {before:>6.1f} → {after:>6.1f}" for name, before, after in changes]
    return "\n".join(("规则                   专家     拟合", *rows))


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
