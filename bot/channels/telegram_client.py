"""Calling the Bot API: python-telegram-bot's client, and what each of its errors means to us."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any, TypeVar

import httpx
import structlog
from telegram import Bot, BusinessConnection, InlineKeyboardMarkup, LinkPreviewOptions, WebhookInfo
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)
from telegram.request import HTTPXRequest

from bot.channels.base import Payload
from bot.channels.telegram_draw import plain
from bot.channels.tls_authorities import authorities
from bot.errors import DeliveryError, GiveUp, TryLater, Unknown

log = structlog.get_logger()

T = TypeVar("T")

# The library warns at every 429 unless durations may be durations.
os.environ.setdefault("PTB_TIMEDELTA", "1")

#: What HR reads next to a message that did not arrive.
WORDS = {
    "address": "这不是一个 Telegram 会话，无法发送",
    "sign_in": "Telegram 不需要登录，请直接打开收到的链接并点“开始”",
    "blocked": "对方屏蔽了机器人、注销了账号，或从未点过“开始”，消息发不过去",
    "no_chat": "对方还没有和机器人打开会话，请让对方点开邀请链接",
    "busy": "Telegram 要求放慢发送速度",
    "token": "Telegram 不认这个机器人令牌，请在 @BotFather 核对 YINUO_TELEGRAM__BOT_TOKEN",
    "down": "Telegram 暂时无法服务",
    "network": "连不上 Telegram，请检查网络或代理",
    "no_answer": "消息已发出，但没有收到 Telegram 的回应，可能已送达",
    "refused": "Telegram 拒绝了这条消息",
    "file": "附件已无法从 Telegram 下载",
    "large": "附件超过 20 MB，Telegram 不让机器人下载；请对方改用邮件发送",
    "moved": "这个会话已升级成群，机器人只在私聊里说话",
    "elsewhere": "Telegram 正把消息推送到别处：同一个机器人还有另一处安装，请停掉它或换一个机器人",
    "unpushed": "Telegram 推送不到这里，积压 {pending} 条，最近一次得到 {status}；请检查公网地址、"
    "反向代理和 YINUO_TELEGRAM__SECRET_TOKEN",
    "help": "看看我能做什么",
}
#: A refused token is a person's to mend; asking more often does not help.
TOKEN_DELAY = timedelta(minutes=5)
CHUNK_BYTES = 64 * 1024

#: Statuses whose meaning python-telegram-bot keeps in the type of its exception.
_TOLD_APART = frozenset({400, 401, 403, 404, 409, 429})
#: The connection was never made, so nothing left this machine.
_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
_NOT_MODIFIED = "message is not modified"
_GONE = ("message to edit not found", "message can't be edited", "message_id_invalid")
_TOO_LARGE = "file is too big"
_BAD_MARKUP = "can't parse entities"
_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


class Answered(TelegramError):
    """A status the library does not tell apart, or an answer that is not the Bot API's."""

    def __init__(self, status: int, *, genuine: bool) -> None:
        super().__init__(f"status {status}")
        self.status, self.genuine = status, genuine


class Request(HTTPXRequest):
    """The library's transport; it keeps the status and never logs an answer."""

    async def do_request(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        """Raises ``Answered`` for what would otherwise be one more ``NetworkError``."""
        status, body = await super().do_request(*args, **kwargs)
        genuine = b'"ok"' in body  # and not the page of a proxy or a hotel
        known = status in _TOLD_APART or (200 <= status < 300 and b'"result"' in body)
        if not (known and genuine):
            raise Answered(status, genuine=genuine)
        return status, body

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """The answer, opened. It may repeat our URL, and the URL has the token: nothing is kept."""
        try:
            answer = json.loads(payload)
        except ValueError:
            raise TelegramError("the answer is not JSON") from None
        if not isinstance(answer, dict):
            raise TelegramError("the answer is not an object")
        return answer


class Client:
    """One bot's calls. Raises ``TelegramError``; no text of one may be shown or logged."""

    def __init__(self, token: str, api_base: str, *, poll_s: int, answer_s: float) -> None:
        """Seconds that Telegram holds a poll with nothing to say, and that other calls wait."""
        _quieten()
        self._poll_s, self._files = poll_s, f"{api_base}/file/bot"
        self._request = Request(
            connection_pool_size=32,
            connect_timeout=5,
            read_timeout=answer_s,
            pool_timeout=10,
            httpx_kwargs={"verify": authorities()},
        )
        self._bot = Bot(
            token,
            base_url=f"{api_base}/bot",
            base_file_url=self._files,
            request=self._request,
            get_updates_request=self._request,
        )

    async def open(self) -> None:
        """Open connections again after ``close``."""
        # Not the library's own start: it calls getMe, and repeats the token when that fails.
        await self._request.initialize()

    async def close(self) -> None:
        """Close connections; calls under way fail."""
        await self._request.shutdown()

    async def username(self) -> str:
        """The bot's own name (getMe)."""
        return (await self._bot.get_me()).username or ""

    async def set_webhook(self, url: str, secret: str, allowed: Sequence[str]) -> None:
        """Where updates are pushed to, and with which secret."""
        await self._bot.set_webhook(url, secret_token=secret, allowed_updates=allowed)

    async def webhook(self) -> WebhookInfo:
        """Where updates are pushed to, and how that goes."""
        return await self._bot.get_webhook_info()

    async def set_commands(self) -> None:
        """What the menu beside the text box offers."""
        await self._bot.set_my_commands([("help", WORDS["help"])])

    async def connection(self, id: str) -> BusinessConnection:
        """Who stands behind a business connection."""
        try:
            return await self._bot.get_business_connection(id)
        except (TypeError, ValueError, AttributeError):
            raise TelegramError("the answer is no connection") from None

    async def delete_webhook(self) -> None:
        """Updates wait for a poll again."""
        await self._bot.delete_webhook()

    async def updates(self, offset: int | None, allowed: Sequence[str]) -> list[Any]:
        """Poll. ``offset`` confirms all updates below it."""
        wanted: dict[str, Any] = {"timeout": self._poll_s, "allowed_updates": list(allowed)}
        if offset is not None:
            wanted["offset"] = offset
        # Not get_updates: one update it cannot read fails the batch, and the batch is logged.
        # In lower case, which Telegram takes as well: at its own spelling the library warns.
        answer = await self._bot.do_api_request(
            "getupdates", api_kwargs=wanted, read_timeout=self._poll_s + 15
        )
        return answer if isinstance(answer, list) else []

    async def put(self, chat: int, payload: Payload, message_id: int | None) -> int:
        """Change a message, or say a new one where there is none to change; its id."""
        if message_id is not None:
            try:
                await self._parsed(payload, lambda put: self._edit(chat, message_id, put))
            except BadRequest as error:
                said = error.message.lower()
                if _NOT_MODIFIED in said:
                    return message_id
                if not any(gone in said for gone in _GONE):
                    raise
            else:
                return message_id
        return await self._parsed(payload, lambda put: self._say(chat, put))

    async def _parsed(self, payload: Payload, call: Callable[[Payload], Awaitable[T]]) -> T:
        """Make a call; again without markup where Telegram does not like ours."""
        try:
            return await call(payload)
        except BadRequest as error:
            if "parse_mode" not in payload or _BAD_MARKUP not in error.message.lower():
                raise
        log.warning("telegram.markup_refused")
        rest = {name: value for name, value in payload.items() if name != "parse_mode"}
        return await call({**rest, "text": plain(payload["text"])})

    async def _say(self, chat: int, payload: Payload) -> int:
        message = await self._bot.send_message(
            chat,
            payload["text"],
            parse_mode=payload.get("parse_mode"),
            disable_notification=payload.get("disable_notification"),
            reply_markup=_keyboard(payload),
            link_preview_options=_NO_PREVIEW,
        )
        return message.message_id

    async def _edit(self, chat: int, message_id: int, payload: Payload) -> None:
        await self._bot.edit_message_text(
            payload["text"],
            chat_id=chat,
            message_id=message_id,
            parse_mode=payload.get("parse_mode"),
            reply_markup=_keyboard(payload),
            link_preview_options=_NO_PREVIEW,
        )

    async def answer(self, query: str, text: str) -> None:
        """Stop the spinner of a pressed button."""
        await self._bot.answer_callback_query(query, text or None)

    async def stream(self, file_id: str) -> AsyncGenerator[bytes]:
        """The bytes of a file of at most 20 MB (getFile). Raises ``httpx.HTTPError`` as well."""
        file = await self._bot.get_file(file_id)
        if not str(file.file_path).startswith(self._files):
            raise Answered(404, genuine=True)  # a path on the disk of a server of one's own
        async with (
            httpx.AsyncClient(timeout=30, verify=authorities()) as client,
            client.stream("GET", str(file.file_path)) as answer,
        ):
            if not answer.is_success:
                raise Answered(answer.status_code, genuine=True)
            async for chunk in answer.aiter_bytes(CHUNK_BYTES):
                yield chunk


def meaning(error: TelegramError) -> DeliveryError:
    """What to do after a failed call. Texts are ours: an answer may quote a person or a URL."""
    match error:
        case RetryAfter():
            wait = error.retry_after
            delay = wait if isinstance(wait, timedelta) else timedelta(seconds=wait)
            return TryLater(WORDS["busy"], delay)
        case Forbidden():
            return GiveUp(WORDS["blocked"])
        case InvalidToken():
            return TryLater(WORDS["token"], TOKEN_DELAY)
        case Answered():
            return _by_status(error)
        case BadRequest() if "chat not found" in error.message.lower():
            return GiveUp(WORDS["no_chat"])
        case BadRequest() if _TOO_LARGE in error.message.lower():
            return GiveUp(WORDS["large"])
        case ChatMigrated():
            return GiveUp(WORDS["moved"])
        case BadRequest():
            return GiveUp(WORDS["refused"])
        case Conflict():
            return TryLater(WORDS["busy"])
        case NetworkError():
            return _by_cause(error)
        case _:
            return Unknown(WORDS["no_answer"])


def harmless(error: TelegramError) -> DeliveryError:
    """The same after a call that may be repeated: nobody has to be worried by a lost answer."""
    told = meaning(error)
    return TryLater(str(told)) if isinstance(told, Unknown) else told


def _by_status(error: Answered) -> DeliveryError:
    if error.status >= 500:
        return TryLater(f"{WORDS['down']}（{error.status}）")
    if error.status >= 300 and not error.genuine:
        return TryLater(f"{WORDS['network']}（{error.status}）")
    if error.status >= 400:
        return GiveUp(f"{WORDS['refused']}（{error.status}）")
    return Unknown(WORDS["no_answer"])


def _by_cause(error: NetworkError) -> DeliveryError:
    if isinstance(error.__cause__, _NOT_SENT):
        return TryLater(WORDS["network"])
    if error.__cause__ is None and not isinstance(error, TimedOut):
        return TryLater(WORDS["busy"])  # a 429 that names no time
    return Unknown(WORDS["no_answer"])


def _keyboard(payload: Payload) -> InlineKeyboardMarkup | None:
    markup = payload.get("reply_markup")
    return InlineKeyboardMarkup.de_json(markup, None) if markup else None


def _quieten() -> None:
    """These log whole URLs, where the token is, and whole messages, where people are."""
    for name in ("httpx", "httpcore", "telegram"):
        logger = logging.getLogger(name)
        if logger.getEffectiveLevel() < logging.WARNING:
            logger.setLevel(logging.WARNING)
