"""``yinuo survey``: checking a survey's file, and turning a spreadsheet into one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot import logs

if TYPE_CHECKING:
    from bot.surveys.shape import Survey
    from config.settings import Settings

FILE = typer.Argument(metavar="FILE", help="问卷：.yaml、.json（SurveyJS 子集）或 .xlsx（XLSForm）")


def made(load: Callable[[], Settings]) -> typer.Typer:
    """The commands; ``load`` reads the settings."""
    survey = typer.Typer(help="问卷：检查、转换", no_args_is_help=True)

    @survey.command("check")
    def check(path: Annotated[Path, FILE]) -> None:
        """检查一份问卷。每个问题给出行、位置和原因，有问题以 1 退出。什么也不改。"""
        found = _read(load, path)
        typer.echo(f"可以用：{found.title}（{found.id}），{len(found.questions)} 道题")

    @survey.command("convert")
    def convert(path: Annotated[Path, FILE]) -> None:
        """把一份问卷写成 YAML，打印出来；放进 config/surveys/（YINUO_CONFIG_DIR）即可使用。"""
        import yaml

        from bot.surveys.definition import plain

        found = _read(load, path)
        text = yaml.safe_dump(plain(found), allow_unicode=True, sort_keys=False, width=100)
        typer.echo(text, nl=False)

    return survey


def _read(load: Callable[[], Settings], path: Path) -> Survey:
    from bot.app import open_rulebook
    from bot.errors import BotError
    from bot.surveying import MOST_BYTES, survey_of
    from bot.surveys.problems import SurveyInvalid

    logs.configure("ERROR")
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise BotError(f"{path}: {error.strerror}") from error
    book = open_rulebook(load())
    try:
        return asyncio.run(survey_of(data, path.name, book.forbidden.why, book.vocabulary))
    except SurveyInvalid as error:
        for problem in error.problems:
            typer.echo(f"✗ {problem}", err=True)
        raise SystemExit(1) from None
