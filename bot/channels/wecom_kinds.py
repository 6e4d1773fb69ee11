"""What a message of WeCom says in one line, whichever of its three doors it came through.

Customer service, the self-built app and the message archive name the same kinds of message; their
fields differ, so each door hands over the words it found.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from storage.enums import MediaKind

#: What is kept of the platform's own form of a message we cannot show.
RAW_CHARACTERS = 8_000
#: A kind of message that is newer than this code.
OTHER = "暂不支持的消息"
MARKERS = {
    "agree": "同意会话存档",
    "business_card": "名片",
    "calendar": "日程",
    "card": "名片",
    "ca_link": "获客链接",
    "channels": "视频号",
    "channels_shop_order": "订单",
    "channels_shop_product": "商品",
    "chatrecord": "聊天记录",
    "collect": "填表",
    "disagree": "不同意会话存档",
    "docmsg": "在线文档",
    "emotion": "表情",
    "external_redpacket": "红包",
    "file": "文件",
    "image": "图片",
    "link": "链接",
    "location": "位置",
    "markdown": "消息",
    "meeting": "会议",
    "meeting_voice_call": "语音通话",
    "merged_msg": "聊天记录",
    "miniprogram": "小程序",
    "mixed": "图文",
    "msgmenu": "菜单",
    "news": "图文",
    "note": "笔记",
    "qydiskfile": "微盘文件",
    "redpacket": "红包",
    "revoke": "撤回了一条消息",
    "schedule": "日程",
    "shortvideo": "视频",
    "sphfeed": "视频号",
    "todo": "待办",
    "video": "视频",
    "voice": "语音",
    "voip_doc_share": "共享文档",
    "voiptext": "通话",
    "vote": "投票",
    "weapp": "小程序",
}
#: What ``media/get`` brings, by the name the platform gives a kind.
MEDIA = {
    "image": MediaKind.IMAGE,
    "voice": MediaKind.VOICE,
    "video": MediaKind.VIDEO,
    "shortvideo": MediaKind.VIDEO,
    "file": MediaKind.FILE,
}
_MEDIA_ID = re.compile(r"[\x21-\x7e]{1,512}", re.ASCII)


def marked(kind: str, *words: object) -> str:
    """A message we cannot show, as the record names it.

    >>> marked("location", "国贸大厦", None)
    '[位置] 国贸大厦'
    """
    said = [str(word).strip() for word in words if isinstance(word, str | int | float)]
    return " ".join([f"[{MARKERS.get(kind, OTHER)}]", *(word for word in said if word)])


def is_media_id(value: object) -> bool:
    """Whether this can be asked for with ``media/get``."""
    return isinstance(value, str) and _MEDIA_ID.fullmatch(value) is not None


def clean(text: str) -> str:
    """Without what a database cannot store: NUL, and halves of characters."""
    if text.isascii() and "\0" not in text:
        return text
    return text.encode("utf-8", "replace").decode().replace("\0", "")


def raw(item: Mapping[str, Any]) -> str:
    """The platform's own JSON, as much of it as is kept."""
    return clean(json.dumps(item, ensure_ascii=False))[:RAW_CHARACTERS]


def moment(seconds: object, now: datetime) -> datetime:
    """A time of the platform in seconds; ours where it gives none that can be one."""
    try:
        at = datetime.fromtimestamp(float(str(seconds)), UTC)
    except (ValueError, OverflowError, OSError):
        return now
    return at if at.year >= 2000 else now
