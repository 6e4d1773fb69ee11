"""Telegram's updates, decoded. Facts: core.telegram.org/bots/api, type Update."""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime
from typing import Any, NoReturn

from telegram import CallbackQuery, ChatMemberUpdated, Message, Update
from telegram.helpers import effective_message_type

from bot.errors import Malformed
from bot.messages import Address, Inbound, Reach, Received
from storage.enums import MessageKind

NAME = "telegram"
#: What we ask Telegram for; everything else is not sent to us.
ALLOWED = ("message", "edited_message", "callback_query", "my_chat_member")
MAX_BYTES = 256 * 1024
MAX_DEPTH = 20
MAX_INT = 2**63 - 1

#: How the record names what we cannot read. Kinds that are missing here are events of the
#: platform (a pinned message, a changed background), which nobody said.
MARKERS = {
    "animation": "动图",
    "audio": "音频",
    "checklist": "清单",
    "contact": "名片",
    "dice": "骰子",
    "document": "文件",
    "game": "游戏",
    "gift": "礼物",
    "giveaway": "抽奖",
    "invoice": "账单",
    "live_photo": "实况照片",
    "location": "位置",
    "paid_media": "付费内容",
    "photo": "图片",
    "poll": "投票",
    "sticker": "贴纸",
    "story": "动态",
    "venue": "位置",
    "video": "视频",
    "video_note": "视频",
    "voice": "语音",
}
#: A kind of message that is newer than this code.
OTHER = "其他消息"

_QUERY_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


def decode(body: bytes) -> Received:
    """The body of one webhook call. Raises ``Malformed`` and nothing else."""
    if len(body) > MAX_BYTES:
        raise Malformed("an update is not that large")
    try:
        data = json.loads(body.decode(), parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError):
        raise Malformed("the body is not JSON") from None
    return decode_update(data)


def decode_update(data: Any) -> Received:
    """One update, already opened. Updates we have no use for are empty; raises ``Malformed``."""
    _check(data)
    if not isinstance(data, dict):
        raise Malformed("an update is an object")
    try:
        return _decoded(Update.de_json(data, None))
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, OSError):
        # The library does not check types; what its annotations promise may be missing.
        raise Malformed("the update misses what it must have") from None


def _decoded(update: Update) -> Received:
    if update.message is not None:
        message = update.message
        return _message(message, f"m:{_id(message.chat.id)}:{_id(message.message_id)}")
    if update.edited_message is not None:
        message = update.edited_message
        # Two edits within one second carry the same edit_date; a redelivery the same update_id.
        here = f"{_id(message.chat.id)}:{_id(message.message_id)}:{_id(update.update_id)}"
        return _message(message, f"e:{here}")
    if update.callback_query is not None:
        return _press(update.callback_query)
    if update.my_chat_member is not None:
        return _membership(update.my_chat_member)
    return Received()


def _message(message: Message, external_id: str) -> Received:
    """What somebody wrote in a private chat; a changed text counts as said again."""
    if message.chat.type != "private" or (message.from_user and message.from_user.is_bot):
        return Received()
    edited = external_id.startswith("e:")
    kind, text = _content(message)
    if kind is None or (edited and not (message.text or message.caption)):
        return Received()  # a live location that moves is an edit, too
    sent_at = message.edit_date if edited else message.date
    if not isinstance(sent_at, datetime):
        raise Malformed("a message has a date")
    return Received(
        messages=(
            Inbound(
                external_id=external_id,
                sender=Address(NAME, str(_id(message.chat.id))),
                kind=kind,
                text=text,
                sent_at=sent_at,
            ),
        )
    )


def _content(message: Message) -> tuple[MessageKind | None, str]:
    """Kind and text for the record; no kind for an event nobody said."""
    if message.text is not None:
        return MessageKind.TEXT, _text(message.text)
    kind = effective_message_type(message)
    if kind is None:
        return MessageKind.UNSUPPORTED, f"[{OTHER}]"
    if str(kind) not in MARKERS:
        return None, ""
    said = [f"[{MARKERS[str(kind)]}]"]
    if message.document is not None and message.document.file_name and not message.animation:
        said.append(_text(message.document.file_name))
    if message.sticker is not None and message.sticker.emoji:
        said.append(_text(message.sticker.emoji))
    if message.caption:
        said.append(_text(message.caption))
    return MessageKind.UNSUPPORTED, " ".join(said)


def _press(query: CallbackQuery) -> Received:
    """A pressed button. Anybody can forge the data: what it may do is decided by who pressed."""
    if query.data is None or query.message is None or query.message.chat.type != "private":
        return Received()
    if not _QUERY_ID.fullmatch(_text(query.id)):
        raise Malformed("the id of a press is short and plain")
    return Received(
        messages=(
            Inbound(
                external_id=f"q:{query.id}",
                sender=Address(NAME, str(_id(query.from_user.id))),
                kind=MessageKind.PRESS,
                text=_text(query.data),
                sent_at=datetime.now(UTC),  # the platform dates the card, not the press
            ),
        )
    )


def _membership(change: ChatMemberUpdated) -> Received:
    """Somebody blocked the bot or let it in again."""
    reachable = {"kicked": False, "member": True}.get(str(change.new_chat_member.status))
    if change.chat.type != "private" or reachable is None:
        return Received()
    who = Address(NAME, str(_id(change.chat.id)))
    return Received(reaches=(Reach(sender=who, reachable=reachable),))


def _id(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise Malformed("an id is a number")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise Malformed("a text is a string")
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError("out of range")
    return value


def _check(data: Any) -> None:
    """No value that something further on cannot store: deep, huge, or half a character."""
    waiting: list[tuple[Any, int]] = [(data, 1)]
    while waiting:
        value, depth = waiting.pop()
        if isinstance(value, str):
            _check_text(value)
        elif isinstance(value, int):
            if not -MAX_INT <= value <= MAX_INT:
                raise Malformed("a number is too large")
        elif isinstance(value, dict | list):
            if depth > MAX_DEPTH:
                raise Malformed("the update is too deep")
            if isinstance(value, dict):
                waiting.extend((key, depth) for key in value)
                value = list(value.values())
            waiting.extend((inner, depth + 1) for inner in value)


def _check_text(text: str) -> None:
    if text.isascii():
        return
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Malformed("a text holds half a character") from None
