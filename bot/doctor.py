"""``yinuo doctor``: what is well, what is not, and what to do about it."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Literal

from pydantic import ValidationError

from bot import app, doctor_time, mailroom, models, serving
from bot.channels import base
from bot.channels.base import Channel
from bot.errors import BotError, CredentialsWrong, DeliveryError, NotReady, StorageError, Unknown
from bot.finding import Finding
from bot.risk import weights
from bot.words import SHANGHAI
from config import settings as configuration
from config.settings import Settings, idle, lacking
from config.sources import complaints, strange, variable
from nlp.reading import Utterance
from storage import migrate, sqlite
from storage.crypto import Keystore
from storage.database import Database, open_database
from storage.queries import audit, outbox, queues, users
from storage.vault import Vault

#: Digits that make a number one can call.
_NUMBER = 7


def examine(*, online: bool = True) -> Iterator[Finding]:
    """All checks, one after the other; without settings nothing else can be checked.

    ``online``: whether platforms are asked; each is announced before it is called.
    """
    try:
        settings = configuration.load()
    except ValidationError as error:
        yield Finding(
            what="设置",
            state="fail",
            found="；".join(complaints(error)),
            remedy="改正这个环境变量，或 config/settings.yaml 里的同名设置",
        )
        return
    yield Finding(what="设置", state="ok", found=f"数据目录 {settings.data_dir}")
    yield from _unread()
    for check in CHECKS:
        yield from check(settings)
    yield from channels(settings, online=online)
    yield from mailroom.examined(settings, online=online)


def _unread() -> Iterator[Finding]:
    found = strange(Settings, os.environ)
    if found:
        yield Finding(
            what="设置",
            state="warn",
            found=f"没有这样的设置，没有作用：{'、'.join(found)}",
            remedy="核对拼写：YINUO_<一节>__<名称>，中间是两个下划线",
        )


def reachable(contact: str) -> bool:
    """Whether words name a way to reach somebody: a mail address or a number.

    >>> reachable("与您联系的招聘同事"), reachable("hr@example.com"), reachable("0571-8888 1234")
    (False, True, True)
    """
    return "@" in contact or sum(char.isdigit() for char in contact) >= _NUMBER


def _content(settings: Settings) -> Iterator[Finding]:
    try:
        rulebook = app.open_rulebook(settings)
    except (BotError, ValueError) as error:
        yield Finding(
            what="文案与规则", state="fail", found=str(error), remedy="按提示改正 config/ 下的文件"
        )
        return
    yield Finding(what="文案与规则", state="ok", found=f"{len(rulebook.risk)} 条风险规则")
    if not reachable(rulebook.consents.notice.contact):
        yield Finding(
            what="告知",
            state="warn",
            found="告知页的联系方式不是电话或邮箱，候选人无从联系",
            remedy="在 YINUO_CONFIG_DIR 下的 consent.yaml 里填写 notice.contact 和 notice.officer",
        )


def _address(settings: Settings) -> Iterator[Finding]:
    try:
        serving.refuse_open_door(settings)
    except BotError as error:
        yield Finding(what="监听地址", state="fail", found=settings.web.host, remedy=str(error))
        return
    yield Finding(what="监听地址", state="ok", found=f"{settings.web.host}:{settings.web.port}")


def _keys(settings: Settings) -> Iterator[Finding]:
    path = settings.keystore_path
    if not path.exists():
        yield Finding(
            what="密钥文件",
            state="warn",
            found=f"{path} 还不存在",
            remedy="首次运行 yinuo serve 时会自动生成；生成后请立即另存备份",
        )
        return
    try:
        keystore = Keystore.load(path)
    except StorageError as error:
        yield Finding(what="密钥文件", state="fail", found=str(path), remedy=str(error))
        return
    yield Finding(
        what="密钥文件",
        state="ok",
        found=f"{path}（指纹 {keystore.fingerprint}）",
        remedy="请确认它已单独备份到另一台机器：丢失它，所有聊天与手机号都无法再打开",
    )


def _database(settings: Settings) -> Iterator[Finding]:
    url = settings.effective_database_url
    kind = "SQLite" if url.startswith("sqlite") else "PostgreSQL"
    try:
        if not settings.database_url and not (settings.data_dir / "yinuo.db").exists():
            yield Finding(what="数据库", state="ok", found="SQLite，首次运行时建立")
            return
        revision = migrate.current(url)
        database = open_database(url, shared=True)
    except (StorageError, ValueError, OSError) as error:
        yield Finding(
            what="数据库",
            state="fail",
            found=f"{kind}: {error}",
            remedy="检查 YINUO_DATABASE_URL、数据库是否在运行、目录是否可写",
        )
        return
    try:
        if revision != migrate.known_head():
            yield Finding(
                what="数据库",
                state="warn",
                found=f"{kind}，版本 {revision}",
                remedy="启动 yinuo serve 会自动升级；升级前请先备份",
            )
            return
        yield Finding(what="数据库", state="ok", found=f"{kind}，版本 {revision}")
        if kind == "SQLite" and not sqlite.wal_reset_fixed():
            yield Finding(
                what="SQLite 版本",
                state="fail",
                found=sqlite.version(),
                remedy="安装锁定的 pysqlite3：旧版本在 WAL 模式下可能损坏数据库",
            )
        if settings.keystore_path.exists():
            yield from _stored(settings, database)
    finally:
        database.close()


def _stored(settings: Settings, database: Database) -> Iterator[Finding]:
    try:
        keystore = Keystore.load(settings.keystore_path)
    except StorageError:
        return  # the keys' own check has said so
    expected = database.submit_read(lambda tx: users.setting(tx, "keystore")).result()
    if expected and expected != keystore.fingerprint:
        yield Finding(
            what="密钥与数据库",
            state="fail",
            found=f"指纹 {keystore.fingerprint}，数据库要求 {expected}",
            remedy="从备份恢复正确的密钥文件；不要新建",
        )
        return
    verdict = database.submit_read(lambda tx: audit.verify(tx, keystore)).result()
    if not verdict.ok:
        yield Finding(
            what="审计链",
            state="fail",
            found=f"第 {verdict.first_bad_seq} 条：{verdict.reason}",
            remedy="数据库被改动过：保留现场，联系审计员，从备份核对",
        )
    else:
        yield Finding(what="审计链", state="ok", found=f"{verdict.count} 条，完整")
    yield _weights(settings, database, keystore)
    for queue in database.submit_read(queues.failing).result():
        since = f"{queue.pulled_at:%Y-%m-%d %H:%M} UTC" if queue.pulled_at else "无"
        yield Finding(
            what=f"收取 {queue.channel}",
            state="warn",
            found=f"{queue.account}：{queue.error}（上次成功：{since}）",
            remedy="按原因处理；消息在平台只保留三天，恢复后会自动补取",
        )
    dead = database.submit_read(lambda tx: outbox.dead_letters(tx)).result()
    if dead:
        yield Finding(
            what="未送达",
            state="warn",
            found=f"{len(dead)} 条消息发送失败",
            remedy="在控制台打开对应候选人，查看原因并重新发送",
        )


def _weights(settings: Settings, database: Database, keystore: Keystore) -> Finding:
    """Whose weights the risk rules have: the experts', or fitted ones, since when and by whom."""
    what, vault = "风险权重", Vault(keystore)
    try:
        look = partial(app.weights_kept, vault=vault, name=app.WEIGHTS_USED)
        used = database.submit_read(look).result()
        rules = app.open_rulebook(settings).risk
    except NotReady as error:
        return Finding(what=what, state="fail", found=str(error), remedy="yinuo risk restore")
    if used is None:
        return Finding(what=what, state="ok", found="专家写的（config/risk/）")
    since = datetime.fromisoformat(used.confirmed_at).astimezone(SHANGHAI)
    found = f"用 {used.cases} 个案例拟合的 {used.id}，{since:%Y-%m-%d %H:%M} 起；"
    found += f"{used.by_name} 提交，{used.confirmed_name} 确认"
    if used.experts == weights.digest(rules):
        return Finding(what=what, state="ok", found=found)
    remedy = "config/risk/ 在这之后改过：请重新拟合，或用 yinuo risk restore 恢复"
    return Finding(what=what, state="warn", found=found, remedy=remedy)


def _reader(settings: Settings) -> Iterator[Finding]:
    started = time.monotonic()
    try:
        reader = models.opened(settings.reader.engine, settings.reader.model, settings.data_dir)
    except models.ModelUnusable as error:
        yield Finding(
            what="解读",
            state="fail",
            found=error.reason,
            remedy="模型文件缺失或被改动：重新安装，或运行 yinuo train --restore 回到上一个模型；"
            "YINUO_READER__ENGINE=rules 可暂时只用规则",
        )
        return
    utterance = Utterance(text="薪资这块我还想再考虑一下", now=datetime.now(UTC))
    [reading] = reader.read([utterance])
    took = time.monotonic() - started
    state: Literal["ok", "fail"] = "ok" if reading.alert else "fail"
    yield Finding(
        what="解读",
        state=state,
        found=f"{reader.name}，首次 {took:.1f} 秒",
        remedy="" if state == "ok" else "词典或规则文件不完整，请重新安装",
    )


def channels(settings: Settings, only: str = "", *, online: bool = True) -> Iterator[Finding]:
    """Whether each channel that is set up, or the one named, works with its credentials.

    Raises ``NotReady`` for a name that is no channel or is not set up.
    """
    names = app.chosen(settings)
    if only and only not in names and not _held_back(settings, only):
        raise NotReady(_absent(settings, only))
    keystore = _keystore(settings)
    for name in [only] if only else base.discover():
        yield from _unfinished(settings, name)
        if name in names:
            yield from _channel(settings, keystore, name, online=online)
        yield from _region(settings, name, asked=bool(only))


def _unfinished(settings: Settings, name: str) -> Iterator[Finding]:
    """What was given of a channel and does not do what somebody hopes."""
    if missing := lacking(settings, name):
        yield Finding(
            what=f"渠道 {name}",
            state="fail",
            found=f"设了一半，没有启用：还缺 {'、'.join(missing)}",
            remedy=f"补上，或删掉其余的；步骤见 {_guide(name)}",
        )
    if unused := idle(settings, name):
        yield Finding(
            what=f"渠道 {name}",
            state="warn",
            found=f"目前没有作用：{'、'.join(unused)}",
            remedy=f"删掉它；该用哪个设置见 {_guide(name)}",
        )


def _absent(settings: Settings, name: str) -> str:
    """Why a channel that somebody asked about is not there."""
    known = base.discover()
    if name not in known:
        return f"没有渠道 {name}（有：{'、'.join(known)}）"
    needs = getattr(getattr(settings, name, None), "needs", ())
    missing = lacking(settings, name) or [variable((name, need)) for need in needs]
    what = f"还缺 {'、'.join(missing)}" if missing else f"{variable((name, 'enabled'))} 不是 true"
    return f"渠道 {name} 没有启用：{what}；步骤见 {_guide(name)}"


def _guide(name: str) -> str:
    return f"bot/channels/guides/{name}.md"


def _keystore(settings: Settings) -> Keystore:
    """The keys, or some for the moment: asking a platform must not make a key file."""
    try:
        return Keystore.load(settings.keystore_path)
    except StorageError:  # missing, or no good, as the check of the keys says
        return Keystore.generate()


def _held_back(settings: Settings, name: str) -> bool:
    """Whether a channel is set up and not used, because of where it keeps what people say."""
    section = getattr(settings, name, None)
    return section is not None and section.enabled and settings.forbids(name)


def _region(settings: Settings, name: str, *, asked: bool) -> Iterator[Finding]:
    if _held_back(settings, name):
        yield Finding(
            what="数据出境",
            state="fail" if asked else "warn",
            found=f"{name} 会把候选人信息传到境外，data_region=cn 时不启用",
            remedy=f"取得候选人单独同意并完成评估后，设置 YINUO_{name.upper()}__ABROAD=true；"
            "不需要时删除它的令牌",
        )


def _channel(
    settings: Settings, keystore: Keystore, name: str, *, online: bool
) -> Iterator[Finding]:
    what, address = f"渠道 {name}", getattr(getattr(settings, name), "address", "")
    try:
        channel = app.open_channel(settings, keystore, name)
    except BotError as error:
        yield Finding(what=what, state="fail", found="设置不对", remedy=str(error))
        return
    if not address:
        yield Finding(what=what, state="ok", found="可用，不经过外部平台")
        return
    if not online:
        yield Finding(what=what, state="note", found="已配置；没有联网，凭据未经平台确认")
        return
    yield Finding(what=what, state="note", found=f"联网询问 {address}")
    yield _asked(channel, what, address)


def _asked(channel: Channel, what: str, address: str) -> Finding:
    """What the platform says of our settings."""
    try:
        asyncio.run(_checked(channel))
    except CredentialsWrong as error:
        return Finding(what=what, state="fail", found="平台不放行", remedy=str(error))
    except BotError as error:
        return Finding(what=what, state="fail", found="设置不完整", remedy=str(error))
    except DeliveryError as error:
        return Finding(
            what=what,
            state="fail",
            found="平台没有回应" if isinstance(error, Unknown) else str(error),
            remedy=f"过一会儿再试；一直如此时，看这台机器能否访问 {address}："
            "网络、DNS、代理（HTTPS_PROXY）",
        )
    return Finding(what=what, state="ok", found="平台认可现在的凭据和权限")


async def _checked(channel: Channel) -> None:
    try:
        await channel.check()
    finally:
        await channel.stop()


Check = Callable[[Settings], Iterator[Finding]]
CHECKS: tuple[Check, ...] = (
    _content,
    _address,
    _keys,
    _database,
    _reader,
    doctor_time.clock,
    doctor_time.calendar,
)
