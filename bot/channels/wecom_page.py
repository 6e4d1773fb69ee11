"""A page of ``kf/sync_msg``, decoded: what customers and colleagues say, and what happens.

One item that cannot be read never holds up the others: it is kept as it came, or, when it names
nobody, passed over.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote

from bot.channels import wecom_kinds as kinds
from bot.channels.wecom_address import NAME, customer, member
from bot.channels.wecom_inbound import START, start
from bot.channels.wecom_post import first_part
from bot.messages import (
    Address,
    Aside,
    Bounce,
    Inbound,
    Media,
    Reach,
    Receipt,
    Received,
    Ticket,
    kept,
)
from storage.enums import MessageKind

Item = Mapping[str, Any]

BY_CUSTOMER, BY_SYSTEM, BY_SERVICER = 3, 4, 5
#: Read by HR beside a message that bounced, by the platform's ``fail_type``.
FAILURES = {
    1: "这个客服账号已被删除",
    2: "应用已停用或被关闭",
    4: "距对方上一条消息已超过 48 小时",
    5: "会话已经结束",
    6: "对方上一条消息之后已发满 5 条",
    8: "企业主体未认证，不能发送",
    10: "对方拒收了客服消息",
    11: "企业没有成员登录过应用",
    12: "这类消息被平台禁止",
}
REFUSES = 10
NOT_DELIVERED = "微信没有送达这条消息"
#: What a colleague did in the client, by ``change_type``; kept in the conversation.
CHANGES = {1: "接入了会话", 2: "转接了会话", 3: "结束了会话", 4: "重新接入了会话"}
_BY_OTHERS = "servicer_status_change"  # about a colleague, and no conversation


@dataclass(slots=True)
class _Gathered:
    """What a page comes to, in its order. The last word on reaching somebody counts."""

    messages: list[Inbound] = field(default_factory=list)
    asides: list[Aside] = field(default_factory=list)
    bounces: list[Bounce] = field(default_factory=list)
    reaches: dict[str, Reach] = field(default_factory=dict)

    def reach(self, who: Address, reachable: bool) -> None:
        self.reaches[who.value] = Reach(sender=who, reachable=reachable)


def decode(answer: Item, *, account: str, welcome: timedelta, now: datetime) -> Received:
    """The items of one answer. ``welcome``: how long a welcome code works."""
    gathered = _Gathered()
    items = answer.get("msg_list")
    for item in items if isinstance(items, list) else []:
        if isinstance(item, dict) and isinstance(item.get("msgid"), str):
            _take(gathered, item, account, welcome, now)
    return Received(
        messages=tuple(gathered.messages),
        asides=tuple(gathered.asides),
        bounces=tuple(gathered.bounces),
        reaches=tuple(gathered.reaches.values()),
    )


def _take(gathered: _Gathered, item: Item, account: str, welcome: timedelta, now: datetime) -> None:
    event = item.get("event")
    if item.get("msgtype") == "event" and isinstance(event, dict):
        who = customer(event.get("open_kfid") or account, event.get("external_userid"))
        if who is not None:
            _happened(gathered, item, event, who, welcome, now)
        return
    who = customer(item.get("open_kfid") or account, item.get("external_userid"))
    if who is None:
        return
    if item.get("origin") == BY_CUSTOMER:
        gathered.messages.append(_message(item, who, now))
        gathered.reach(who, True)
    elif item.get("origin") == BY_SERVICER:
        text = str(_content(item).get("content") or "") if _is_text(item) else ""
        by = item.get("servicer_userid")
        gathered.asides.append(_aside(item, who, by, text or described(item), now))


def _message(item: Item, who: Address, now: datetime) -> Inbound:
    """What a customer sent. Pressing an item of a menu comes as its label, with its id."""
    content = _content(item)
    text, menu = content.get("content"), content.get("menu_id")
    kind, said = MessageKind.UNSUPPORTED, described(item)
    if _is_text(item) and isinstance(menu, str) and menu:
        kind, said = MessageKind.PRESS, menu
    elif _is_text(item) and isinstance(text, str):
        kind, said = MessageKind.TEXT, text
    return _inbound(item, who, kind, said, now)


def _inbound(
    item: Item,
    who: Address,
    kind: MessageKind,
    said: str,
    now: datetime,
    ticket: Ticket | None = None,
    *,
    opens: bool = True,
) -> Inbound:
    return Inbound(
        external_id=f"k:{kinds.clean(item['msgid'])[:100]}",
        sender=who,
        kind=kind,
        text=kept(kinds.clean(said)),
        sent_at=kinds.moment(item.get("send_time"), now),
        media=_media(item),
        ticket=ticket,
        raw=kinds.raw(item) if kind is MessageKind.UNSUPPORTED else "",
        opens=opens,
    )


def _media(item: Item) -> tuple[Media, ...]:
    kind, media_id = str(item.get("msgtype")), _content(item).get("media_id")
    if kind not in kinds.MEDIA or not kinds.is_media_id(media_id):
        return ()
    return (Media(id=str(media_id), kind=kinds.MEDIA[kind]),)


def _aside(
    item: Item, who: Address, by: object, text: str, now: datetime, *, words: bool = True
) -> Aside:
    servicer = member(by)
    return Aside(
        external_id=f"k:{kinds.clean(item['msgid'])[:100]}",
        to=who,
        by=servicer.value if servicer else "",
        text=kept(kinds.clean(text)),
        sent_at=kinds.moment(item.get("send_time"), now),
        words=words,
    )


# Events


def _happened(
    gathered: _Gathered, item: Item, event: Item, who: Address, welcome: timedelta, now: datetime
) -> None:
    """One event that is about a customer. None opens the window: only what they send does."""
    match event.get("event_type"):
        case "enter_session":
            gathered.messages += _entered(item, event, who, welcome, now)
        case "msg_send_fail":
            _bounced(gathered, event, who)
        case "session_status_change":
            by = event.get("new_servicer_userid") or event.get("old_servicer_userid")
            text = f"[{CHANGES.get(_number(event, 'change_type'), kinds.OTHER)}]"
            gathered.asides.append(_aside(item, who, by, text, now, words=False))
        case "user_recall_msg":
            recalled = kinds.marked("revoke")
            kind = MessageKind.UNSUPPORTED
            gathered.messages.append(_inbound(item, who, kind, recalled, now, opens=False))
        case "servicer_recall_msg":
            by = event.get("servicer_userid")
            revoked = kinds.marked("revoke")
            gathered.asides.append(_aside(item, who, by, revoked, now, words=False))
        case "reject_customer_msg_switch_change":
            gathered.reach(who, event.get("reject_switch") != 1)
        case str(other) if other != _BY_OTHERS:
            unknown = kinds.marked(other)
            kind = MessageKind.UNSUPPORTED
            gathered.messages.append(_inbound(item, who, kind, unknown, now, opens=False))


def _entered(
    item: Item, event: Item, who: Address, welcome: timedelta, now: datetime
) -> list[Inbound]:
    """Somebody opened the chat. It is a word when the link said who they are, or when it lets us
    welcome them; else they only looked in.
    """
    param, code = event.get("scene_param"), event.get("welcome_code")
    said = start(unquote(param)) if isinstance(param, str) else None
    ticket = None
    if isinstance(code, str) and code:
        until = kinds.moment(item.get("send_time"), now) + welcome
        ticket = Ticket(value=code, until=until)
    if said is None and ticket is None:
        return []
    return [_inbound(item, who, MessageKind.TEXT, said or START, now, ticket, opens=False)]


def _bounced(gathered: _Gathered, event: Item, who: Address) -> None:
    failed, kind = event.get("fail_msgid"), _number(event, "fail_type")
    if isinstance(failed, str) and failed:
        why = FAILURES.get(kind)
        reason = f"{NOT_DELIVERED}：{why}" if why else NOT_DELIVERED
        receipt = Receipt(first_part(failed))
        gathered.bounces.append(Bounce(channel=NAME, receipt=receipt, reason=reason))
    if kind == REFUSES:
        gathered.reach(who, False)


# Words


def described(item: Item) -> str:
    """What is said of a message that is not words."""
    kind, content = str(item.get("msgtype")), _content(item)
    words = _WORDS.get(kind)
    return kinds.marked(kind, *(words(content) if words else ()))


def _fields(*names: str) -> Callable[[Item], tuple[object, ...]]:
    return lambda content: tuple(content.get(name) for name in names)


def _menu(content: Item) -> tuple[object, ...]:
    """A menu's head, its lines, its tail."""
    items = content.get("list")
    lines = []
    for entry in items if isinstance(items, list) else []:
        inner = entry.get(str(entry.get("type"))) if isinstance(entry, dict) else None
        lines.append(inner.get("content") if isinstance(inner, dict) else None)
    return (content.get("head_content"), *lines, content.get("tail_content"))


def _forwarded(content: Item) -> tuple[object, ...]:
    """Messages passed on in one: who said what, a line each. Each is JSON inside of JSON."""
    lines = [str(content.get("title") or "")]
    items = content.get("item")
    for entry in items if isinstance(items, list) else []:
        if not isinstance(entry, dict):
            continue
        try:
            inner = json.loads(str(entry.get("msg_content")))
        except (ValueError, RecursionError):
            inner = None
        inner = inner if isinstance(inner, dict) else {"msgtype": entry.get("msgtype")}
        text = _content(inner).get("content") if _is_text(inner) else described(inner)
        lines.append(f"{entry.get('sender_name') or ''}：{text}")
    return ("\n".join(lines),)


_WORDS: Mapping[str, Callable[[Item], tuple[object, ...]]] = {
    "location": _fields("name", "address"),
    "link": _fields("title", "desc", "url"),
    "business_card": _fields("userid"),
    "miniprogram": _fields("title"),
    "msgmenu": _menu,
    "merged_msg": _forwarded,
    "channels": _fields("nickname", "title"),
    "channels_shop_product": _fields("shop_nickname", "title"),
    "channels_shop_order": _fields("shop_nickname", "product_titles", "state"),
}


def _content(item: Item) -> Item:
    content = item.get(str(item.get("msgtype")))
    return content if isinstance(content, dict) else {}


def _is_text(item: Item) -> bool:
    return item.get("msgtype") == "text"


def _number(item: Item, name: str) -> int:
    value = item.get(name)
    return value if isinstance(value, int) else 0
