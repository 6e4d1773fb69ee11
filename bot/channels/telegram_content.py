"""What a Telegram message holds: words, attachments to fetch later, or a name for the rest."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from telegram import Message
from telegram.constants import MessageType

from bot.errors import Malformed
from bot.messages import Media
from storage.enums import MediaKind, MessageKind

#: How the record names what we cannot show, the more telling name first: a venue is a location,
#: too, and an animation a document.
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
    "venue": "位置",
    "location": "位置",
    "paid_media": "付费内容",
    "photo": "图片",
    "poll": "投票",
    "sticker": "贴纸",
    "story": "动态",
    "video": "视频",
    "video_note": "视频",
    "voice": "语音",
}
#: A kind of message that is newer than this code.
OTHER = "其他消息"
#: What getFile brings; of a photo, its largest size.
MEDIA = {
    "animation": MediaKind.VIDEO,
    "audio": MediaKind.FILE,
    "document": MediaKind.FILE,
    "live_photo": MediaKind.VIDEO,
    "photo": MediaKind.IMAGE,
    "video": MediaKind.VIDEO,
    "video_note": MediaKind.VIDEO,
    "voice": MediaKind.VOICE,
}
MAX_RAW = 8_000
MAX_NAME = 200

#: What a message may be besides its kind, although the library lists it among the kinds.
_ASIDE = {"business_connection_id", "effect_id", "reply_to_story", "sender_business_bot"}
#: Events of the platform (a pinned message, a changed background), which nobody said.
_EVENTS = {str(kind) for kind in MessageType} - MARKERS.keys() - _ASIDE
_FILE_ID = re.compile(r"[A-Za-z0-9_-]{1,200}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A message's content. ``raw`` is Telegram's own form of what we cannot show."""

    kind: MessageKind
    text: str
    media: tuple[Media, ...] = ()
    raw: str = ""


def read(message: Message, data: Mapping[str, Any]) -> Said | None:
    """The content of a message, and of its ``data``; None for an event nobody said.

    Words under an attachment are words: they are read, and the attachment is kept beside them.
    """
    if message.text is not None:
        return Said(kind=MessageKind.TEXT, text=text(message.text))
    kind = next((name for name in MARKERS if message[name]), "")
    if not kind and any(message[name] for name in _EVENTS):
        return None
    media = _media(kind, message)
    caption = text(message.caption).strip() if message.caption is not None else ""
    if caption and media:
        return Said(kind=MessageKind.TEXT, text=caption, media=media)
    words = [f"[{MARKERS.get(kind, OTHER)}]", media[0].name if media else "", caption]
    if message.sticker is not None and message.sticker.emoji:
        words.append(text(message.sticker.emoji))
    return Said(
        kind=MessageKind.UNSUPPORTED,
        text=" ".join(word for word in words if word),
        media=media,
        raw=json.dumps(data, ensure_ascii=False)[:MAX_RAW],
    )


def _media(kind: str, message: Message) -> tuple[Media, ...]:
    """What is attached, by the id it can be fetched with."""
    if kind not in MEDIA:
        return ()
    held: Any = message[kind]
    file = held[-1] if kind == "photo" else held
    if not isinstance(file.file_id, str) or not _FILE_ID.fullmatch(file.file_id):
        return ()
    size, name = file.file_size, getattr(file, "file_name", None)
    return (
        Media(
            id=file.file_id,
            kind=MEDIA[kind],
            name=text(name)[:MAX_NAME] if name is not None else "",
            size=size if isinstance(size, int) and size > 0 else 0,
        ),
    )


def text(value: object) -> str:
    """A text, which the library does not make sure of. Raises ``Malformed``."""
    if not isinstance(value, str):
        raise Malformed("a text is a string")
    return value
