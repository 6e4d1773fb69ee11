"""What DingTalk tells us, decoded: messages to the robot, presses on cards, events.

The same JSON comes over the stream and over HTTP. A message in a group counts as said by its
sender to us alone: everything we have to say concerns one person, and a group would read along.
All that the group gets to see is that we heard; see ``Wave``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

import structlog

from bot.channels.dingtalk_config import Config
from bot.channels.dingtalk_values import NAME, digest, inner, is_session, moment, staff, words
from bot.errors import Malformed
from bot.messages import Address, Inbound, Media, Reach, Received, Ticket
from storage.enums import MediaKind, MessageKind

log = structlog.get_logger()
T = TypeVar("T")

#: Of what we cannot show, this much of the platform's JSON is kept.
RAW_CHARACTERS = 8_000
NAME_CHARACTERS = 200
CODE_CHARACTERS = 4_000
ACTION_BYTES = 200
#: Sessions live for 90 minutes. A longer promise may be forged, to catch our answers for long.
SESSION_LIFE = timedelta(hours=2)
#: What a tap on a choice in a markdown message makes the person say; see ``dingtalk_draw``.
PRESS = "/press "

OTHER = "[暂不支持的消息]"
EMPTY = "[空消息]"
QUOTA = "[钉钉本月的消息推送额度已用完，这条消息的内容没有送到]"
NOT_DELIVERED = "[钉钉没有把这条消息的内容送过来]"
QUOTA_CODE = "20001"

LEFT = frozenset({"user_leave_org"})
CAME = frozenset({"user_add_org", "user_active_org"})
MOST_PEOPLE = 1_000

_MARKERS = {
    "picture": ("[图片]", MediaKind.IMAGE),
    "audio": ("[语音]", MediaKind.VOICE),
    "video": ("[视频]", MediaKind.VIDEO),
    "file": ("[文件]", MediaKind.FILE),
}
_MESSAGE_ID = re.compile(r"[\x21-\x7e]{1,120}", re.ASCII)
_TRACK = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Content:
    """What a message says."""

    kind: MessageKind
    text: str
    media: tuple[Media, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """Somebody spoke to us in a group: whom to show there that we heard, and nothing else."""

    who: str
    session: str = field(repr=False)  # the group's webhook; empty where it is none we may call


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one call or frame tells. ``wave`` is owed once it is stored."""

    received: Received
    wave: Wave | None = None


def _ignored(data: dict[str, Any], config: Config) -> str:
    """Why a message is from nobody we can know, or nothing."""
    corp, theirs = words(data, "chatbotCorpId"), words(data, "senderCorpId")
    if config.corp_id and corp and corp != config.corp_id:
        return "another organisation"
    if corp and theirs and corp != theirs:
        # A userid means somebody in one organisation only, and somebody else in the next.
        return "a member of another organisation"
    if not staff(data.get("senderStaffId")):
        # Not a member, or the robot was never published: then nobody has an id.
        return "no senderStaffId"
    return ""


def message(data: dict[str, Any], config: Config, *, now: datetime) -> Told:
    """One message to the robot; nothing, and a line in the log, where nobody can know its sender.

    What is odd in a message of somebody we know does not lose it: it is kept as it came.
    Raises ``Malformed`` only where not even that can be told.
    """
    if why := _ignored(data, config):
        log.warning("dingtalk.ignored", why=why)
        return Told(received=Received())
    who, message_id = staff(data["senderStaffId"]), _id(data)
    content = _or(lambda: _content(data), Content(MessageKind.UNSUPPORTED, OTHER))
    pressed = content.kind is MessageKind.TEXT and content.text.startswith(PRESS)
    if pressed:
        content = Content(MessageKind.PRESS, content.text.removeprefix(PRESS).strip())
    session = _or(lambda: _session(data, config, now), None)
    alone, group = (data.get("conversationType") == one for one in ("1", "2"))
    said = Inbound(
        # Who pressed is in the id, because nothing else is there when it is answered.
        external_id=f"t/{message_id}/{who}" if pressed else f"m:{message_id}",
        sender=Address(NAME, f"u/{who}"),
        kind=content.kind,
        text=content.text,
        sent_at=_or(lambda: moment(data.get("createAt")), None) or now,
        media=content.media,
        # The webhook of a group would answer where all can read.
        ticket=session if alone else None,
        raw=_raw(data) if content.kind is MessageKind.UNSUPPORTED else "",
    )
    wave = Wave(who=who, session=session.value if session is not None else "")
    # Whoever writes is here again, whatever we missed of their going and coming.
    back = Reach(sender=said.sender, reachable=True)
    return Told(received=Received(messages=(said,), reaches=(back,)), wave=wave if group else None)


def press(data: dict[str, Any], config: Config, *, delivery: str, sent_at: datetime) -> Received:
    """One press on a card. Anybody can forge the action: who pressed decides what it may do.

    ``delivery`` identifies the call that brought it; the body has nothing that does.
    """
    who = staff(data.get("userId"))
    if not who or str(data.get("userIdType", 1)) != "1":
        return Received()  # an outside person; our cards are not made for them
    corp = words(data, "corpId")
    if config.corp_id and corp and corp != config.corp_id:
        log.warning("dingtalk.ignored", why="another organisation")
        return Received()
    track = words(data, "outTrackId")
    here = track if _TRACK.fullmatch(track) else ""
    return Received(
        messages=(
            Inbound(
                external_id=f"p/{digest(delivery)}/{here}/{who}",
                sender=Address(NAME, f"u/{who}"),
                kind=MessageKind.PRESS,
                text=_action(data),
                sent_at=sent_at,
            ),
        )
    )


def event(data: dict[str, Any]) -> Received:
    """People who come and go; every other event is empty.

    One that comes twice says the same twice, so none has to be remembered.
    """
    _withheld(data)
    kind = str(data.get("EventType") or data.get("eventType") or "")
    if kind not in LEFT | CAME:
        return Received()
    people: list[Any] = []
    for name in ("UserId", "userId", "userIds", "UserIds"):
        value = data.get(name)
        people += value if isinstance(value, list) else [value]
    known = dict.fromkeys(staff(one) for one in people[:MOST_PEOPLE])
    return Received(
        reaches=tuple(
            Reach(sender=Address(NAME, f"u/{one}"), reachable=kind in CAME) for one in known if one
        )
    )


def _content(data: dict[str, Any]) -> Content:
    """Kind, words and attachments. Never an empty text."""
    kind = words(data, "msgtype")
    # One official sample has the keys of ``content`` at the top.
    holder = data["content"] if isinstance(data.get("content"), dict) else data
    said: Content | None = None
    if kind == "text":
        said = _text(words(inner(data.get("text")) or holder, "content"))
    elif kind == "richText":
        said = _rich(holder)
    elif kind == "audio":
        said = _audio(holder)
    elif kind in _MARKERS:
        said = _attached(kind, holder)
    if said is None:
        said = Content(MessageKind.UNSUPPORTED, OTHER)
    if said.kind is MessageKind.UNSUPPORTED and not said.media and (code := _withheld(data)):
        return Content(said.kind, QUOTA if code == QUOTA_CODE else NOT_DELIVERED)
    return said


def _withheld(data: dict[str, Any]) -> str:
    """Why the platform kept the content to itself, as its code; empty: it did not."""
    code = str(data.get("errorCode") or "0")
    if code == "0":
        return ""
    log.error("dingtalk.withheld", quota_used_up=code == QUOTA_CODE)
    return code


def _text(given: str) -> Content:
    text = given.strip()  # after a mention it begins with a space
    return Content(MessageKind.TEXT, text) if text else Content(MessageKind.UNSUPPORTED, EMPTY)


def _rich(holder: dict[str, Any]) -> Content | None:
    """Words and pictures mixed: the words are said, the pictures attached."""
    parts = holder.get("richText")
    if not isinstance(parts, list):
        return None
    said: list[str] = []
    media: list[Media] = []
    for part in parts:
        if not isinstance(part, dict):
            raise Malformed("a part of a rich text is an object")
        said.append(words(part, "text"))
        media += _media(part, MediaKind.IMAGE)
    text = "".join(said).strip()
    if text:
        return Content(MessageKind.TEXT, text, tuple(media))
    marker = _MARKERS["picture"][0]
    return Content(MessageKind.UNSUPPORTED, marker, tuple(media)) if media else None


def _audio(holder: dict[str, Any]) -> Content:
    """Speech; what the platform understood of it is what was said."""
    marker, kind = _MARKERS["audio"]
    media = _media(holder, kind)
    heard = words(holder, "recognition").strip()
    if heard:
        return Content(MessageKind.TEXT, heard, media)
    return Content(MessageKind.UNSUPPORTED, marker, media)


def _attached(msgtype: str, holder: dict[str, Any]) -> Content:
    marker, kind = _MARKERS[msgtype]
    media = _media(holder, kind)
    name = media[0].name if media else ""
    return Content(MessageKind.UNSUPPORTED, f"{marker} {name}".strip(), media)


def _media(holder: dict[str, Any], kind: MediaKind) -> tuple[Media, ...]:
    code = words(holder, "downloadCode") or words(holder, "pictureDownloadCode")
    if not 0 < len(code) <= CODE_CHARACTERS:
        return ()
    named = words(holder, "fileName").replace("\\", "/").rpartition("/")[2]
    name = "".join(one for one in named if one.isprintable())[:NAME_CHARACTERS]
    return (Media(id=code, kind=kind, name=name),)


def _or(read: Callable[[], T], otherwise: T) -> T:
    """What is read, or something else where it makes no sense."""
    try:
        return read()
    except Malformed:
        log.warning("dingtalk.odd")
        return otherwise


def _session(data: dict[str, Any], config: Config, now: datetime) -> Ticket | None:
    """The webhook that answers where this was said, while it lives."""
    url = words(data, "sessionWebhook")
    if url and not is_session(url, (config.api_base, config.oapi_base)):
        # Over HTTP nothing signs the body: somebody may want our answers, or our network.
        log.error("dingtalk.foreign_webhook")
        return None
    until = moment(data.get("sessionWebhookExpiredTime"))
    if not url or until is None or until <= now:
        return None
    return Ticket(value=url, until=min(until, now + SESSION_LIFE))


def _action(data: dict[str, Any]) -> str:
    """What a button carries; documents and observations disagree on where. May be empty."""
    holders: list[dict[str, Any]] = []
    for value in (data.get("content"), data.get("value"), data):
        outer = inner(value)
        private = inner(outer.get("cardPrivateData"))
        holders += [private, outer]
    for holder in holders:
        action = inner(holder.get("params")).get("action")
        if isinstance(action, str) and action:
            return _short(action)
    for holder in holders:
        ids = holder.get("actionIds")
        listed: Sequence[Any] = ids if isinstance(ids, list) else ()
        for action in (*listed[:1], holder.get("actionId")):
            if isinstance(action, str) and action:
                return _short(action)
    return ""


def _short(action: str) -> str:
    if len(action.encode()) > ACTION_BYTES:
        raise Malformed("an action is short")
    return action


def _id(data: dict[str, Any]) -> str:
    """Of the message, wherever and however often it comes."""
    given = data.get("msgId")
    good = isinstance(given, str) and _MESSAGE_ID.fullmatch(given)
    return str(given) if good else f"h:{_fingerprint(data)}"


def _fingerprint(data: dict[str, Any]) -> str:
    """The same when it comes again; the session's address is a new one each time."""
    kept = {name: value for name, value in data.items() if not name.startswith("session")}
    return digest(json.dumps(kept, ensure_ascii=False, sort_keys=True))


def _raw(data: dict[str, Any]) -> str:
    """The platform's own JSON without the address that lets anybody answer."""
    kept = {name: value for name, value in data.items() if name != "sessionWebhook"}
    return json.dumps(kept, ensure_ascii=False)[:RAW_CHARACTERS]
