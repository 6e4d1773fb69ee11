"""The installed command ``yinuo``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from bot import cli_sheets, logs, risk_commands, survey_commands
from bot.errors import BotError, StorageError
from config import settings as configuration
from config.settings import Settings
from config.sources import complaints

cli = typer.Typer(
    name="yinuo",
    help="一诺：守住录用承诺的招聘助手。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
user = typer.Typer(help="控制台账号", no_args_is_help=True)
key = typer.Typer(help="接口密钥", no_args_is_help=True)
audit = typer.Typer(help="审计链", no_args_is_help=True)
channel = typer.Typer(help="渠道", no_args_is_help=True)
cli.add_typer(user, name="user")
cli.add_typer(key, name="key")
cli.add_typer(audit, name="audit")
cli.add_typer(channel, name="channel")


def main() -> None:
    """Run a command; what a person can mend is said in one line, exit code 1."""
    try:
        cli()
    except (BotError, StorageError) as error:
        typer.echo(f"yinuo: {error}", err=True)
        raise SystemExit(1) from None


def _settings(**overrides: Any) -> Settings:
    try:
        return configuration.load(**overrides)
    except ValidationError as error:
        for complaint in complaints(error):
            typer.echo(f"yinuo: 设置 {complaint}", err=True)
        raise SystemExit(1) from None


def _web(settings: Settings, host: str | None, port: int | None) -> Settings:
    changed = {name: v for name, v in (("host", host), ("port", port)) if v is not None}
    return settings.model_copy(update={"web": settings.web.model_copy(update=changed)})


@cli.command()
def serve(
    host: Annotated[str | None, typer.Option(help="监听地址")] = None,
    port: Annotated[int | None, typer.Option(help="端口", min=0, max=65535)] = None,
    role: Annotated[str, typer.Option(help="all, web, worker 或 clock")] = "all",
) -> None:
    """运行。没有任何配置也能启动：SQLite 在 var/ 下，首次运行打印设置链接。"""
    from bot import serving
    from bot.app import Part, build

    if role not in list(Part):
        raise typer.BadParameter("role: all, web, worker, clock")
    settings = _web(_settings(), host, port)
    logs.configure(settings.log_level)
    part, door, link = Part(role), None, None
    if part in (Part.ALL, Part.WEB):
        serving.refuse_open_door(settings)
        door = serving.listen(settings)
        settings = _web(settings, None, door.getsockname()[1])
    app = build(settings, part=part)
    if door is not None:
        link = serving.setup_link(app)

    def ready() -> None:
        typer.echo(f"一诺已启动：{settings.base_url if door is not None else part}")
        if link is not None:
            typer.echo(f"首次使用，请在 30 分钟内打开这个一次性链接创建管理员：\n{link}")
        sys.stdout.flush()

    serving.serve(app, door, ready)


@cli.command()
def demo(
    port: Annotated[int, typer.Option(help="端口", min=0, max=65535)] = 8000,
    fast_forward: Annotated[str, typer.Option(help="把沙盒时钟拨快，例如 7d、36h、90m")] = "",
    data_dir: Annotated[Path, typer.Option(help="沙盒数据目录")] = Path("var/demo"),
    fresh: Annotated[bool, typer.Option(help="删除旧的沙盒，重新开始")] = False,
) -> None:
    """打开一家沙盒公司：职位、候选人、几个月的聊天记录，以及自己的时钟。"""
    from bot import sandbox

    logs.configure("WARNING")
    sandbox.run(port=port, fast_forward=fast_forward, data_dir=data_dir, fresh=fresh)


@cli.command()
def doctor(
    offline: Annotated[
        bool, typer.Option("--offline", help="不联网：不向平台确认渠道的凭据")
    ] = False,
) -> None:
    """检查配置、数据库、模型、时钟和渠道；每个问题都给出解决办法。

    会联网询问每个已配置的平台，询问前先打印它的地址；--offline 则不联网。
    """
    from bot import doctor as checks

    logs.configure("ERROR")
    _tell(checks.examine(online=not offline))


@channel.command("check")
def check_channel(
    name: Annotated[str, typer.Argument(help="渠道名；不写则检查所有已配置的渠道")] = "",
) -> None:
    """联网询问平台，逐个证明渠道的凭据可用；不可用时指出要改的后台页面。"""
    from bot import doctor as checks

    logs.configure("ERROR")
    _tell(checks.channels(_settings(), name))


@channel.command("import")
def import_archive(
    name: Annotated[str, typer.Argument(help="渠道名；目前只有 wecom（会话内容存档）")],
    path: Annotated[Path, typer.Argument(metavar="FILE", help="已解密的记录，每行一个 JSON")],
    account: Annotated[
        str, typer.Option(help="这些联系人所属的客服账号 ID；不写则用 OPEN_KFIDS 的第一个")
    ] = "",
) -> None:
    """把平台自己的会话存档并入候选人的记录；只记录，不解读、不回复；重复导入无害。"""
    from bot import accounts

    settings = _settings()
    logs.configure("WARNING")
    done, unread = accounts.bring_archive(settings, name, path, account)
    typer.echo(
        f"已并入 {done.kept} 条；此前已有 {done.known} 条，"
        f"不是候选人的 {done.strangers} 条未保存，读不懂 {unread} 行"
    )


def _tell(findings: Iterable[Any]) -> None:
    """Print what was found; ends with 1 when something failed."""
    failed = False
    for finding in findings:
        mark = {"ok": "✓", "note": "·", "warn": "!", "fail": "✗"}[finding.state]
        typer.echo(f"{mark} {finding.what}：{finding.found}")
        sys.stdout.flush()  # what is announced is read before it is done
        if finding.remedy:
            typer.echo(f"    → {finding.remedy}")
        failed = failed or finding.state == "fail"
    if failed:
        raise SystemExit(1)


@cli.command()
def classify(
    text: Annotated[
        str | None, typer.Argument(help="一句话，或 - 表示从标准输入读 JSON Lines")
    ] = None,
    jsonl: Annotated[Path | None, typer.Option(help="JSON Lines 文件")] = None,
    now: Annotated[str, typer.Option(help="解析“周五前”等日期的当前时刻，ISO 8601")] = "",
) -> None:
    """读中文：每行一个解读（JSON Lines），顺序不变；坏行给出 error，最后以 1 退出。"""
    import json

    from bot import models
    from nlp.lines import classify_lines

    if (text is None) == (jsonl is None):
        raise typer.BadParameter("give TEXT, --jsonl FILE, or - for standard input")
    moment = datetime.fromisoformat(now) if now else datetime.now(UTC)
    if moment.tzinfo is None:
        raise typer.BadParameter("--now needs a time zone, for example 2026-11-24T09:00:00+08:00")
    settings = _settings()
    reader = models.opened(settings.reader.engine, settings.reader.model, settings.data_dir)
    good = True
    with _lines(text, jsonl, json.dumps({"text": text}, ensure_ascii=True)) as lines:
        for answer, ok in classify_lines(lines, reader, moment):
            sys.stdout.write(answer + "\n")
            good = good and ok
    sys.stdout.flush()
    if not good:
        raise SystemExit(1)


@cli.command()
def resume(
    file: Annotated[Path, typer.Argument(help="简历：文字版 PDF 或 Word（.docx）")],
) -> None:
    """读一份简历，打印可确认的字段（JSON）。不用数据库，什么也不保存。"""
    import asyncio
    import json

    from bot.profile.definition import ProfileDefinition
    from bot.resume import reading
    from config import files

    definition = ProfileDefinition.model_validate(
        files.read("profile.yaml", _settings().config_dir)
    )
    try:
        data = file.read_bytes()
    except OSError as error:
        typer.echo(f"yinuo: {file}: {error.strerror}", err=True)
        raise SystemExit(1) from None
    found = asyncio.run(reading.read(data, definition))
    typer.echo(json.dumps(found.as_json(), ensure_ascii=False, indent=2))


@cli.command()
def evaluate(
    file: Annotated[Path, typer.Argument(help="带标签的 JSON Lines 文件")],
    out: Annotated[Path, typer.Option(help="报告写到哪个目录")] = Path("var/report"),
    baselines: Annotated[
        bool, typer.Option(help="旁边放上基线（需要训练用的库，约一分钟）")
    ] = True,
) -> None:
    """在带标签的文件上衡量现用的模型：打印结果，并写出 report.json 和 report.html。"""
    from bot import training
    from nlp.measure.terminal import as_text

    report, bad = training.evaluate(_settings(), file, out, baselines=baselines)
    typer.echo(as_text(report))
    typer.echo(f"\n{out / 'report.html'}")
    if bad:
        raise SystemExit(1)


@cli.command()
def train(
    more: Annotated[
        list[Path] | None, typer.Option("--with", help="另外的训练行，例如导出的判断；可重复")
    ] = None,
    seeds: Annotated[int, typer.Option(help="训练几次，取最好的一次", min=1, max=9)] = 1,
    layers: Annotated[int, typer.Option(help="编码器层数", min=1, max=12)] = 6,
    epochs: Annotated[int, typer.Option(help="轮数", min=1, max=20)] = 5,
    force: Annotated[bool, typer.Option(help="更差也启用")] = False,
    restore: Annotated[bool, typer.Option("--restore", help="回到上一个模型，不训练")] = False,
) -> None:
    """用仓库里的数据（和 HR 的判断）训练；不比现用的差才启用，旧的留着。"""
    from bot import training

    if restore:
        training.restore(_settings())
        return
    training.train(
        _settings(), more=more or [], seeds=seeds, layers=layers, epochs=epochs, force=force
    )


@contextmanager
def _lines(text: str | None, jsonl: Path | None, one: str) -> Iterator[Any]:
    if jsonl is not None:
        try:
            with jsonl.open("rb") as handle:
                yield handle
        except OSError as error:
            typer.echo(f"yinuo: {jsonl}: {error.strerror}", err=True)
            raise SystemExit(1) from None
    elif text == "-":
        yield sys.stdin.buffer
    else:
        yield [one]


@user.command("add")
def user_add(
    login: Annotated[str, typer.Argument(help="登录名")],
    name: Annotated[str, typer.Option(help="姓名")],
    role: Annotated[str, typer.Option(help="hr, hr_admin, manager 或 auditor")] = "hr",
) -> None:
    """新建控制台账号，打印一次性设置链接（对方自己设密码和动态码）。"""
    from bot import accounts

    settings = _settings()
    logs.configure("WARNING")
    typer.echo(accounts.add_user(settings, login=login, name=name, role=role))


@key.command("create")
def key_create(
    scope: Annotated[list[str], typer.Option(help="权限，可重复；all 为全部")],
    name: Annotated[str, typer.Option(help="用途")] = "integration",
    days: Annotated[int, typer.Option(help="有效天数", min=1, max=365)] = 365,
) -> None:
    """新建接口密钥。密钥只显示这一次，单独在最后一行。"""
    from bot import accounts

    settings = _settings()
    logs.configure("WARNING")
    typer.echo(
        accounts.create_key(settings, name=name, scopes=scope, lifetime=timedelta(days=days))
    )


@audit.command("verify")
def audit_verify() -> None:
    """逐条校验审计链；被改过的第一条会被指出，并以 1 退出。"""
    from bot import accounts

    settings = _settings()
    logs.configure("WARNING")
    verdict = accounts.verify_audit(settings)
    if verdict.ok:
        typer.echo(f"审计链完整：{verdict.count} 条")
        return
    typer.echo(f"审计链在第 {verdict.first_bad_seq} 条损坏：{verdict.reason}", err=True)
    raise SystemExit(1)


cli.add_typer(risk_commands.made(lambda: _settings()), name="risk")
cli.add_typer(survey_commands.made(lambda: _settings()), name="survey")
export = typer.Typer(help="导出", no_args_is_help=True)
cli.add_typer(export, name="export")


@export.command("verdicts")
def export_verdicts(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="写到这个 JSON Lines 文件")],
) -> None:
    """导出 HR 的判断（误报、有用、待复核、改标签），供 yinuo train 使用；姓名和号码已遮盖。"""
    from bot import accounts

    settings = _settings()
    logs.configure("WARNING")
    typer.echo(f"已导出 {accounts.export_verdicts(settings, path)} 条到 {path}")


cli_sheets.add(cli, export, _settings)
