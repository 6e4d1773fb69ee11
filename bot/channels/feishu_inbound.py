"""Feishu's events, decoded: schema 2.0 and the older 1.0, from a webhook or a long connection."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.channels import feishu_content as content
from bot.errors import Malformed
from bot.messages import MAX_TEXT, Address, Inbound, Reach, Received
from storage.enums import MessageKind

NAME = "feishu"
JSON = "application/json"

MESSAGE = "im.message.receive_v1"
PRESS = "card.action.trigger"
ENTERED = "im.chat.access_event.bot_p2p_chat_entered_v1"
CREATED = "p2p_chat_create"  # schema 1.0
#: What the console must subscribe to. Everything else is acknowledged and means nothing to us.
EVENTS = (MESSAGE, ENTERED, CREATED)

#: First contact, for the record. Not a text: it must not join what they say a moment later.
OPENED = "[打开了会话]"
MAX_RAW = 8_000
#: Shown for a moment after a press; what came of it stands on the card a second later.
TAKEN = {"toast": {"type": "info", "content": "已收到"}}
NOT_OURS = {"toast": {"type": "warning", "content": "这个按钮已经失效"}}

_PERSON = re.compile(r"ou_[A-Za-z0-9_-]{1,100}", re.ASCII)
_CHAT = re.compile(r"oc_[A-Za-z0-9_-]{1,100}", re.ASCII)
_MESSAGE = re.compile(r"om_[A-Za-z0-9_=-]{1,100}", re.ASCII)
_ANY = re.compile(r"[A-Za-z0-9_:.-]{1,100}", re.ASCII)
_MOMENT = re.compile(r"(\d{1,10})(\.\d{1,9})?|\d{13}|\d{16}", re.ASCII)

Json = Mapping[str, Any]


def decode(data: Json, robot: str) -> Received:
    """One event. Those we have no use for are empty. Raises ``Malformed`` and nothing else.

    ``robot`` is our own open_id, empty while it is not known.
    """
    if data.get("type") == "url_verification":
        answer = {"challenge": _text(data, "challenge")}
        return Received(reply=json.dumps(answer).encode(), media_type=JSON)
    if "header" in data:
        header = _object(data, "header")
        kind, sent = header.get("event_type"), header.get("create_time")
        event_id, tenant = header.get("event_id"), header.get("tenant_key")
        event = _object(data, "event")
    else:
        event = _object(data, "event")
        kind, sent = event.get("type"), data.get("ts")
        event_id, tenant = data.get("uuid"), event.get("tenant_key")
    known = _KINDS.get(kind) if isinstance(kind, str) else None
    if known is None:
        return Received()
    return known(event, {"id": event_id, "sent": sent, "tenant": tenant, "robot": robot})


def moment(given: Any) -> datetime:
    """A time in seconds, milliseconds or microseconds: the platform mixes them.

    >>> moment("1700000000000") == moment("1700000000000000") == moment("1700000000.0")
    True
    """
    text = str(given) if isinstance(given, int | str) and not isinstance(given, bool) else ""
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise Malformed("an event has a time")
    if found[1] is not None:
        micros = int(float(text) * 1_000_000) if found[2] else int(text) * 1_000_000
    else:
        micros = int(text) * (1_000 if len(text) == 13 else 1)
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=micros)


def _message(event: Json, about: Json) -> Received:
    """What somebody wrote to us, alone or in a group where they called us."""
    sender, message = _object(event, "sender"), _object(event, "message")
    if sender.get("sender_type") != "user" or message.get("content") == "":
        return Received()  # another bot; or it was taken back before we heard of it
    robot = str(about["robot"])
    in_group = message.get("chat_type") != "p2p"
    if in_group and not content.calls(message.get("mentions"), robot):
        return Received()
    who = Address(NAME, _id(_object(sender, "sender_id"), "open_id", _PERSON))
    external_id = _id(message, "message_id", _MESSAGE)
    said = content.read(message, robot)
    raw = ""
    if said.kind is MessageKind.UNSUPPORTED:
        raw = json.dumps(message, ensure_ascii=False, separators=(",", ":"))[:MAX_RAW]
    inbound = Inbound(
        external_id=external_id,
        sender=who,
        kind=said.kind,
        text=said.text[:MAX_TEXT],  # a client lets one write more, and nothing would be kept of it
        sent_at=_written_at(message, about),
        media=said.media,
        raw=raw,
    )
    tenant = sender.get("tenant_key")
    outside = bool(tenant and about["tenant"] and tenant != about["tenant"])
    reaches = (Reach(sender=who, reachable=True),) if outside else ()
    return Received(messages=(inbound,), reaches=reaches)


def _written_at(message: Json, about: Json) -> datetime:
    """By the message itself, else by the event: for want of a time nobody's words are lost."""
    try:
        return moment(message.get("create_time"))
    except Malformed:
        return moment(about["sent"])


def _press(event: Json, about: Json) -> Received:
    """A pressed button. Cards can be forwarded: what it may do is decided by who pressed."""
    who = _id(_object(event, "operator"), "open_id", _PERSON)
    value = _object(event, "action").get("value")
    action = value.get("action") if isinstance(value, dict) else None
    if not isinstance(action, str) or len(action.encode()) > 64:
        return Received(reply=_answer(NOT_OURS), media_type=JSON)
    message = Inbound(
        external_id=f"press:{_id(about, 'id', _ANY)}",
        sender=Address(NAME, who),
        kind=MessageKind.PRESS,
        text=action,
        sent_at=moment(about["sent"]),
    )
    return Received(messages=(message,), reply=_answer(TAKEN), media_type=JSON)


def _entered(event: Json, about: Json) -> Received:
    """Somebody opened the chat. Only the first time says something new."""
    if event.get("last_message_id"):
        return Received()
    return _started(event, _object(event, "operator_id"), about)


def _created(event: Json, about: Json) -> Received:
    """The chat with somebody exists from now on."""
    return _started(event, _object(event, "operator"), about)


def _started(event: Json, operator: Json, about: Json) -> Received:
    """First contact; both events that tell of it carry one id."""
    who = Address(NAME, _id(operator, "open_id", _PERSON))
    message = Inbound(
        external_id=f"chat:{_id(event, 'chat_id', _CHAT)}",
        sender=who,
        kind=MessageKind.UNSUPPORTED,
        text=OPENED,
        sent_at=moment(about["sent"]),
    )
    return Received(messages=(message,), reaches=(Reach(sender=who, reachable=True),))


_KINDS: Mapping[str, Callable[[Json, Json], Received]] = {
    MESSAGE: _message,
    PRESS: _press,
    ENTERED: _entered,
    CREATED: _created,
}


def _answer(said: Json) -> bytes:
    return json.dumps(said, ensure_ascii=False).encode()


def _object(data: Json, name: str) -> Json:
    value = data.get(name)
    if not isinstance(value, dict):
        raise Malformed("the event misses what it must have")
    return value


def _text(data: Json, name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str):
        raise Malformed("the event misses what it must have")
    return value


def _id(data: Json, name: str, pattern: re.Pattern[str]) -> str:
    value = _text(data, name)
    if not pattern.fullmatch(value):
        raise Malformed("an id is short and plain")
    return value
