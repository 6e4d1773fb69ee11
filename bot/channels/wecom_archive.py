"""Chats of the message archive (会话内容存档), already decrypted: lines of JSON become messages.

The archive is opened by the vendor's native library, outside of this product; what it writes, one
record a line, is read here. Only chats between one member and one external contact are taken: of
groups and of colleagues among themselves nothing is ours to know.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.channels import wecom_kinds as kinds
from bot.channels.wecom_address import customer, member
from bot.messages import Address, Aside, Inbound, kept
from storage.enums import MessageKind

Record = Mapping[str, Any]

MAX_LINE = 1_000_000
#: External contacts; a robot of the platform begins with ``wb``, everybody else is a member.
_EXTERNAL = re.compile(r"(wm|wo)[A-Za-z0-9_-]{8,}", re.ASCII)
_ROBOT = re.compile(r"wb[A-Za-z0-9_-]{8,}", re.ASCII)
#: Where the content of a kind stands, if not under its own name.
_KEYS = {"docmsg": "doc", "news": "info", "markdown": "info", "external_redpacket": "redpacket"}
_WORDS: Mapping[str, tuple[str, ...]] = {
    "calendar": ("title",),
    "card": ("corpname", "userid"),
    "docmsg": ("title", "link_url"),
    "file": ("filename",),
    "link": ("title", "description", "link_url"),
    "location": ("title", "address"),
    "markdown": ("content",),
    "meeting": ("topic",),
    "qydiskfile": ("filename",),
    "sphfeed": ("sph_name", "feed_desc"),
    "todo": ("title", "content"),
    "vote": ("votetitle",),
    "weapp": ("title", "description"),
}


@dataclass(frozen=True, slots=True)
class Archive:
    """What a file of the archive holds for us, oldest first, and how many lines made no sense."""

    said: tuple[Inbound | Aside, ...]
    unread: int


@dataclass(frozen=True, slots=True)
class _Line:
    seq: int
    at: datetime
    record: Record


def decode(lines: Iterable[str], *, open_kfid: str) -> Archive:
    """Records in order of ``seq``, each once. Contacts are who they are at this kf account."""
    found: dict[str, _Line] = {}
    unread = 0
    for line in lines:
        if not line.strip():
            continue
        record = _record(line)
        if record is None:
            unread += 1
        elif record.get("action") != "switch":  # somebody changed the company, and said nothing
            msgid = record["msgid"]
            found.setdefault(msgid, _Line(_number(record, "seq"), _sent_at(record), record))
    ordered = sorted(found.values(), key=lambda one: (one.seq, one.at))
    return Archive(tuple(_said(ordered, open_kfid)), unread)


def _record(line: str) -> Record | None:
    try:
        found = json.loads(line) if len(line) <= MAX_LINE else None
    except (ValueError, RecursionError):
        return None
    good = isinstance(found, dict) and isinstance(found.get("msgid"), str) and found["msgid"]
    return found if good else None


def _said(ordered: Iterable[_Line], open_kfid: str) -> Iterator[Inbound | Aside]:
    for line in ordered:
        record = line.record
        to = record.get("tolist")
        other = to[0] if isinstance(to, list) and len(to) == 1 else None
        if record.get("roomid") or not isinstance(other, str):
            continue
        sender = record.get("from")
        if not isinstance(sender, str):
            continue
        if _EXTERNAL.fullmatch(sender) and _is_member(other):
            who = customer(open_kfid, sender)
            if who is not None:
                yield _inbound(line, who)
        elif _EXTERNAL.fullmatch(other) and _is_member(sender):
            who, by = customer(open_kfid, other), member(sender)
            if who is not None and by is not None:
                yield _aside(line, who, by)


def _is_member(userid: str) -> bool:
    robot = _ROBOT.fullmatch(userid) or _EXTERNAL.fullmatch(userid)
    return not robot and member(userid) is not None


def _inbound(line: _Line, who: Address) -> Inbound:
    kind, text = _text(line.record)
    return Inbound(
        external_id=_id(line.record),
        sender=who,
        kind=kind,
        text=text,
        sent_at=line.at,
        raw=kinds.raw(line.record) if kind is MessageKind.UNSUPPORTED else "",
    )


def _aside(line: _Line, who: Address, by: Address) -> Aside:
    _, text = _text(line.record)
    return Aside(external_id=_id(line.record), to=who, by=by.value, text=text, sent_at=line.at)


def _text(record: Record) -> tuple[MessageKind, str]:
    """What was said. A file's own bytes stay in the archive: no API of ours brings them."""
    name = str(record.get("msgtype"))
    content = record.get(_KEYS.get(name, name))
    content = content if isinstance(content, dict) else {}
    if name == "text" and isinstance(content.get("content"), str):
        return MessageKind.TEXT, kept(kinds.clean(content["content"]))
    words = [content.get(field) for field in _WORDS.get(name, ())]
    return MessageKind.UNSUPPORTED, kept(kinds.clean(kinds.marked(name, *words)))


def _id(record: Record) -> str:
    return kinds.clean(str(record["msgid"]))[:150]


def _sent_at(record: Record) -> datetime:
    """Milliseconds here, seconds everywhere else on the platform."""
    nothing = datetime.fromtimestamp(0, UTC)
    return kinds.moment(_number(record, "msgtime") / 1000, nothing)


def _number(record: Record, name: str) -> int:
    value = record.get(name)
    return value if isinstance(value, int) and abs(value) < 2**63 else 0
