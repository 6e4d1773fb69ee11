"""Callbacks of the self-built app, decoded: what members write, press and do, and hints to pull."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from xml.parsers.expat import ExpatError

from wechatpy.enterprise.parser import parse_message  # type: ignore[import-untyped]

from bot.channels import wecom_kinds as kinds
from bot.channels.wecom_address import NAME, is_account, member
from bot.channels.wecom_draw import QUESTION, SEND
from bot.errors import Malformed, Refused
from bot.messages import Address, Inbound, Media, Pull, Reach, Received, Ticket
from storage.enums import MessageKind

START = "/start"
#: A link's token, as far as the platform lets one travel; anything else names a poster or a page.
_STATE = re.compile(r"[A-Za-z0-9_-]{1,128}", re.ASCII)
_CARD_EVENTS = ("template_card_event", "template_card_menu_event")
#: The list of a card's chosen options, and its misspelling in old copies of the documents.
_OPTIONS = (("OptionIds", "OptionId"), ("OpitonIds", "OpitonId"))
#: Nothing documents the file a member sends; the first of these that is there names it.
_FILE_NAMES = ("FileName", "Title")

Fields = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What decoding has to know: our app, how long a press's code works, and the time."""

    agent_id: int
    code_lasts: timedelta
    now: datetime


def decode(inner: str, rules: Rules) -> Received:
    """One opened callback; empty for what is nobody's word. Raises ``Refused``, ``Malformed``."""
    fields = _fields(inner)
    agent = _text(fields, "AgentID")
    if agent not in ("", "0", str(rules.agent_id)):
        raise Refused("the call is for another app")
    if _text(fields, "MsgType").lower() == "event":
        return _event(fields, rules)
    return _message(fields, inner, rules)


def start(state: str) -> str | None:
    """The message that a link with this state stands for; None where it says nothing of ours."""
    return f"{START} {state}" if _STATE.fullmatch(state) else None


def _fields(inner: str) -> Fields:
    """The elements of a message as they are; the library's own classes miss half of them."""
    try:
        is_json = inner.lstrip().startswith("{")
        found = json.loads(inner) if is_json else parse_message(inner)._data
    except (ExpatError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise Malformed("the message is not one of the platform's") from None
    if not isinstance(found, dict) or not _text(found, "MsgType"):
        raise Malformed("a message has a type")
    return found


def _message(fields: Fields, inner: str, rules: Rules) -> Received:
    """What a member wrote to the app."""
    sender = member(_text(fields, "FromUserName"))
    if sender is None:
        raise Malformed("a message has a sender")
    kind = _text(fields, "MsgType").lower()
    text = kinds.clean(_text(fields, "Content")) if kind == "text" else _described(kind, fields)
    number = _text(fields, "MsgId")
    return Received(
        messages=(
            Inbound(
                external_id=f"m:{number[:100]}" if number else _event_id(fields),
                sender=sender,
                kind=MessageKind.TEXT if kind == "text" else MessageKind.UNSUPPORTED,
                text=text,
                sent_at=kinds.moment(fields.get("CreateTime"), rules.now),
                media=_media(kind, fields),
                raw="" if kind == "text" else kinds.clean(inner)[: kinds.RAW_CHARACTERS],
            ),
        )
    )


def _described(kind: str, fields: Fields) -> str:
    words = {
        "location": ("Label",),
        "link": ("Title", "Description", "Url"),
        "file": tuple(name for name in _FILE_NAMES if _text(fields, name))[:1],
    }
    return kinds.clean(kinds.marked(kind, *(_text(fields, name) for name in words.get(kind, ()))))


def _media(kind: str, fields: Fields) -> tuple[Media, ...]:
    media_id = fields.get("MediaId")
    if kind not in kinds.MEDIA or not kinds.is_media_id(media_id):
        return ()
    name = next((_text(fields, name) for name in _FILE_NAMES if _text(fields, name)), "")
    return (Media(id=str(media_id), kind=kinds.MEDIA[kind], name=kinds.clean(name)[:200]),)


def _event(fields: Fields, rules: Rules) -> Received:
    event = _text(fields, "Event").lower()
    if event == "kf_msg_or_event":
        return Received(pulls=_pulls([_text(fields, "OpenKfId")], _text(fields, "Token")))
    if event == "kf_account_auth_change":
        added = _listed(fields.get("AuthAddOpenKfId"))
        return Received(pulls=_pulls([str(one) for one in added], "") if added else ())
    who = member(_text(fields, "FromUserName"))
    if who is None:
        return Received()
    if event in _CARD_EVENTS or event == "click":
        return _press(fields, who, rules)
    if event in ("subscribe", "unsubscribe"):
        reach = Reach(sender=who, reachable=event == "subscribe")
        return Received(messages=_arrival(fields, who, rules), reaches=(reach,))
    if event == "enter_agent":
        return Received(messages=_arrival(fields, who, rules))
    return Received()


def _pulls(accounts: list[str], token: str) -> tuple[Pull, ...]:
    if not all(is_account(account) for account in accounts):
        raise Malformed("a hint names an account")
    return tuple(Pull(channel=NAME, account=one, token=token[:128]) for one in accounts)


def _arrival(fields: Fields, who: Address, rules: Rules) -> tuple[Inbound, ...]:
    """Opening the app is no word; a link that carries a state is one."""
    said = start(_text(fields, "EventKey"))
    if said is None:
        return ()
    return (_said(fields, who, rules, MessageKind.TEXT, said, None),)


def _press(fields: Fields, who: Address, rules: Rules) -> Received:
    """A button of a card or of the app's menu. A card's press allows one more change of it."""
    key, task = _text(fields, "EventKey"), _text(fields, "TaskId")
    code, at = _text(fields, "ResponseCode"), kinds.moment(fields.get("CreateTime"), rules.now)
    ticket = Ticket(value=f"{task} {code}", until=at + rules.code_lasts) if task and code else None
    chosen = _chosen(fields)
    said = "\n".join([kinds.clean(key), *chosen])
    if key == SEND and len(chosen) == 1:  # a vote of ours: its option is the action
        said = chosen[0].removeprefix(f"{QUESTION}=")
    return Received(messages=(_said(fields, who, rules, MessageKind.PRESS, said, ticket),))


def _chosen(fields: Fields) -> list[str]:
    """What was ticked on a card, a line for each question: ``question=option,option``."""
    items = fields.get("SelectedItems")
    lines = []
    for item in _listed(items.get("SelectedItem") if isinstance(items, dict) else None):
        if not isinstance(item, dict):
            continue
        ids: list[str] = []
        for many, one in _OPTIONS:
            options = item.get(many)
            found = _listed(options.get(one) if isinstance(options, dict) else None)
            ids += [option for option in found if isinstance(option, str)]
        lines.append(kinds.clean(f"{_text(item, 'QuestionKey')}={','.join(ids)}"))
    return lines


def _said(
    fields: Fields, who: Address, rules: Rules, kind: MessageKind, text: str, ticket: Ticket | None
) -> Inbound:
    return Inbound(
        external_id=_event_id(fields),
        sender=who,
        kind=kind,
        text=text,
        sent_at=kinds.moment(fields.get("CreateTime"), rules.now),
        ticket=ticket,
    )


def _event_id(fields: Fields) -> str:
    """Events have no MsgId: what the documents tell apart by, and what a press is about."""
    names = ("FromUserName", "CreateTime", "MsgType", "Event", "EventKey", "TaskId", "MediaId")
    parts = "\0".join(_text(fields, name) for name in names)
    return "e:" + hashlib.sha256(parts.encode("utf-8", "replace")).hexdigest()[:40]


def _text(fields: Fields, name: str) -> str:
    value = fields.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else ""


def _listed(value: object) -> list[Any]:
    """A repeated element: one of it is not a list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
