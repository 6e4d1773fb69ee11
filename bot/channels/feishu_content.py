"""What a Feishu message holds, as text for the record and attachments to fetch later. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bot.messages import Media
from storage.enums import MediaKind, MessageKind

#: How the record names what we cannot read.
MARKERS = {
    "audio": "语音",
    "calendar": "日程",
    "file": "文件",
    "folder": "文件夹",
    "general_calendar": "日程",
    "hongbao": "红包",
    "image": "图片",
    "interactive": "卡片",
    "location": "位置",
    "media": "视频",
    "merge_forward": "聊天记录",
    "share_calendar_event": "日程",
    "share_chat": "群名片",
    "share_user": "名片",
    "sticker": "表情",
    "system": "系统消息",
    "todo": "任务",
    "video_chat": "视频会议",
    "vote": "投票",
}
EVERYBODY = "@所有人"
#: A kind of message that is newer than this code.
OTHER = "暂不支持的消息"
MAX_MEDIA = 20
MAX_NAME = 200

#: Attachments: the key's name in the content, what it is to us, and ``type`` when fetched.
_MEDIA = {
    "image": ("image_key", MediaKind.IMAGE, "image"),
    "file": ("file_key", MediaKind.FILE, "file"),
    "audio": ("file_key", MediaKind.VOICE, "file"),
    "media": ("file_key", MediaKind.VIDEO, "file"),
}
#: Where a few others say what they are about.
_CALLED = {"location": "name", "interactive": "title"}
_MENTION = re.compile(r"@_user_\d{1,6}|@_all", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9_=-]{1,200}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A message's content, read."""

    kind: MessageKind
    text: str
    media: tuple[Media, ...] = ()


def read(message: Mapping[str, Any], robot: str) -> Said:
    """The content of ``event.message``; mentions of ``robot`` (an open_id) are left out."""
    kind, body = message.get("message_type"), _body(message.get("content"))
    names = _names(message.get("mentions"), robot)
    where = str(message.get("message_id", ""))
    text = body.get("text")
    if kind == "text" and isinstance(text, str) and text.strip():
        said = _resolved(text, names).strip() or _resolved(text, _names(message.get("mentions")))
        return Said(kind=MessageKind.TEXT, text=said.strip())
    if kind == "post" and isinstance(body.get("content"), list):
        return _post(body, names, where)
    return _other(str(kind), body, where)


def ref(message_id: str, key: str, kind: str) -> str:
    """The id of an attachment: the platform wants its message and its key, and what it is."""
    return f"{message_id}/{kind}/{key}"


def parts(ref: str) -> tuple[str, str, str] | None:
    """Message, ``type`` and key of an attachment's id; None for anything else.

    >>> parts(ref("om_1", "img_v3_a", "image"))
    ('om_1', 'image', 'img_v3_a')
    """
    found = ref.split("/")
    if len(found) != 3 or found[1] not in ("image", "file"):
        return None
    if not found[0].startswith("om_") or not all(_ID.fullmatch(part) for part in found):
        return None
    return found[0], found[1], found[2]


def calls(mentions: Any, robot: str) -> bool:
    """Whether a bot is mentioned: ours, or any while we do not know our own open_id."""
    return any(_is_robot(mention, robot) for mention in _objects(mentions))


def _is_robot(mention: Mapping[str, Any], robot: str) -> bool:
    who = mention.get("id")
    open_id = who.get("open_id") if isinstance(who, dict) else None
    return open_id == robot if robot else mention.get("mentioned_type") == "bot"


def _names(mentions: Any, robot: str | None = None) -> dict[str, str]:
    """What is written for each ``@_user_N``; nothing for ``robot``, who knows it is meant."""
    names = {"@_all": EVERYBODY}
    for mention in _objects(mentions):
        key, name = mention.get("key"), mention.get("name")
        if isinstance(key, str) and isinstance(name, str):
            called = robot is not None and _is_robot(mention, robot)
            names[key] = "" if called else f"@{name}"
    return names


def _resolved(text: str, names: Mapping[str, str]) -> str:
    """A text with names in it."""
    return _MENTION.sub(lambda found: names.get(found[0], found[0]), text)


def _post(body: Mapping[str, Any], names: Mapping[str, str], where: str) -> Said:
    """Rich text, flattened: a line a paragraph. Pictures in it are attachments."""
    title = body.get("title")
    lines = [title.strip()] if isinstance(title, str) and title.strip() else []
    media: list[Media] = []
    for paragraph in body["content"]:
        nodes = list(_objects(paragraph))
        media += [found for node in nodes if (found := _attached(node, where))]
        lines.append("".join(_node(node, names) for node in nodes).rstrip())
    text = "\n".join(lines).strip("\n ")
    worded = text.replace("[图片]", "").replace("[视频]", "").strip()
    kind = MessageKind.TEXT if worded else MessageKind.UNSUPPORTED
    return Said(kind=kind, text=text or f"[{OTHER}]", media=tuple(media[:MAX_MEDIA]))


def _node(node: Mapping[str, Any], names: Mapping[str, str]) -> str:
    draw = _NODES.get(str(node.get("tag")))
    if draw is not None:
        return draw(node, names)
    return _string(node, "text")


def _at(node: Mapping[str, Any], names: Mapping[str, str]) -> str:
    key = _string(node, "user_id")
    if key == "all":
        return EVERYBODY
    return names.get(key, f"@{_string(node, 'user_name')}")


def _link(node: Mapping[str, Any], names: Mapping[str, str]) -> str:
    text, href = _string(node, "text"), _string(node, "href")
    return text if not href or text == href else f"{text}（{href}）"


_NODES: dict[str, Callable[[Mapping[str, Any], Mapping[str, str]], str]] = {
    "text": lambda node, names: _resolved(_string(node, "text"), names),
    "md": lambda node, names: _resolved(_string(node, "text"), names),
    "a": _link,
    "at": _at,
    "img": lambda node, names: "[图片]",
    "media": lambda node, names: "[视频]",
    "emotion": lambda node, names: f"[{_string(node, 'emoji_type') or '表情'}]",
    "hr": lambda node, names: "———",
}


def _attached(node: Mapping[str, Any], where: str) -> Media | None:
    tag = {"img": "image", "media": "media"}.get(str(node.get("tag")))
    return _media(tag, node, where) if tag else None


def _media(kind: str, body: Mapping[str, Any], where: str) -> Media | None:
    name, known, fetched_as = _MEDIA[kind]
    key = body.get(name)
    if not isinstance(key, str) or not _ID.fullmatch(key):
        return None
    called = _string(body, "file_name")[:MAX_NAME]
    return Media(id=ref(where, key, fetched_as), kind=known, name=called)


def _other(kind: str, body: Mapping[str, Any], where: str) -> Said:
    said = [f"[{MARKERS.get(kind, OTHER)}]", _string(body, "file_name")]
    said.append(_string(body, _CALLED.get(kind, "")))
    attached = _media(kind, body, where) if kind in _MEDIA else None
    return Said(
        kind=MessageKind.UNSUPPORTED,
        text=" ".join(part for part in said if part),
        media=(attached,) if attached else (),
    )


def _body(content: Any) -> Mapping[str, Any]:
    """The object in a content string; an empty one where there is none."""
    if not isinstance(content, str):
        return {}
    try:
        body = json.loads(content)
        json.dumps(body, ensure_ascii=False, allow_nan=False).encode()  # nothing unstorable
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _objects(values: Any) -> Iterator[Mapping[str, Any]]:
    for value in values if isinstance(values, list) else ():
        if isinstance(value, dict):
            yield value


def _string(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""
