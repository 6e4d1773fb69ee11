"""Commands about spreadsheets: ``yinuo import``, ``export candidates``, ``template`` and so on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from bot import logs

Sheet = Annotated[Path, typer.Argument(metavar="FILE", help="以 .xlsx 或 .csv 结尾的文件名")]
_UNITS = {"candidates": "位候选人", "positions": "个职位"}


def add(cli: typer.Typer, export: typer.Typer, settings: Callable[[], Any]) -> None:
    """Add the commands; ``settings`` loads what an installation is set to."""

    @export.command("candidates")
    def export_candidates(path: Sheet) -> None:
        """导出所有候选人的档案（号码完整）；.xlsx 里还有职位表，可以原样导入另一个一诺。"""
        _export(settings(), "candidates", path)

    @export.command("positions")
    def export_positions(path: Sheet) -> None:
        """导出所有职位。"""
        _export(settings(), "positions", path)

    @export.command("endings")
    def export_endings(
        path: Sheet,
        days: Annotated[
            int,
            typer.Option("--days-before", min=1, max=365, help="取结局前几天的数据"),
        ] = 1,
    ) -> None:
        """导出有结局的候选人，供 yinuo risk backtest 和 fit 读取（.csv）；没有姓名和号码。"""
        _export_endings(settings(), path, days)

    @cli.command("import")
    def import_sheet(
        parts: Annotated[
            list[str],
            typer.Argument(metavar="[candidates|positions] FILE", help="要导入的 .xlsx 或 .csv"),
        ],
        dry_run: Annotated[
            bool, typer.Option("--dry-run", help="只看会新建、修改什么，什么也不写")
        ] = False,
    ) -> None:
        """导入候选人和职位。有一处错误就什么都不写，按行和列指出，以 1 退出。"""
        *kind, name = parts
        if kind not in ([], ["candidates"], ["positions"]):
            raise typer.BadParameter("FILE, candidates FILE, or positions FILE")
        _import(settings(), Path(name), dry=dry_run)

    @cli.command()
    def template(path: Sheet) -> None:
        """写出一张空表：列名、可选的词和填写说明。"""
        from bot import accounts

        accounts.write_template(settings(), path)
        typer.echo(f"已写到 {path}")


def _export(settings: Any, what: str, path: Path) -> None:
    from bot import accounts

    logs.configure("WARNING")
    typer.echo(f"已导出 {accounts.export_sheet(settings, what, path)} {_UNITS[what]}到 {path}")


def _export_endings(settings: Any, path: Path, days: int) -> None:
    from bot import accounts

    logs.configure("WARNING")
    made = accounts.export_endings(settings, path, days=days)
    typer.echo(f"已导出 {made.count} 个结局到 {path}（按结局前 {days} 天已记下的计）")
    if made.left_out:
        typer.echo(f"· 另有 {made.left_out} 个那时还没有档案，无从判断，没有导出")


def _import(settings: Any, path: Path, *, dry: bool) -> None:
    from bot import accounts

    logs.configure("WARNING")
    plan, done = accounts.import_sheet(settings, path, dry=dry)
    for note in plan.notes:
        typer.echo(f"· {note}")
    for fault in plan.faults:
        typer.echo(f"✗ {fault}", err=True)
    if plan.faults:
        typer.echo(f"有 {len(plan.faults)} 处要改，什么都没有写入", err=True)
        raise SystemExit(1)
    how = "已导入" if done is not None else "试导入" if dry else "没有要改的"
    typer.echo(
        f"{how}：新建职位 {len(plan.places)} 个、候选人 {len(plan.created)} 位，"
        f"更新 {len(plan.changed)} 位，没有变化 {plan.unchanged} 位"
    )
