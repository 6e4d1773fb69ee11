"""Telegram's updates, decoded. Facts: core.telegram.org/bots/api, type Update."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from telegram import CallbackQuery, ChatMemberUpdated, Message, Update

from bot.channels import telegram_address as address
from bot.channels import telegram_business as business
from bot.channels import telegram_content as content
from bot.channels.telegram_address import number
from bot.channels.telegram_business import Line
from bot.channels.telegram_content import text
from bot.errors import Malformed
from bot.messages import Inbound, Reach, Received
from storage.enums import MessageKind

#: What we ask Telegram for; everything else is not sent to us.
ALLOWED = ("message", "edited_message", "callback_query", "my_chat_member", *business.KINDS)
EMPTY = Received()
_QUERY_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


def decoded(data: dict[str, Any], line: Line | None = None) -> Received:
    """A checked update. Those we have no use for are empty; raises ``Malformed``.

    ``line`` is whom the update was heard from, where it did not come to the bot itself.
    """
    try:
        update = Update.de_json(data, None)
        return _overheard(update, data, line) if line is not None else _told(update, data)
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, OSError):
        # The library does not check types; what its annotations promise may be missing.
        raise Malformed("the update misses what it must have") from None


def _told(update: Update, data: Mapping[str, Any]) -> Received:
    """What came to the bot itself."""
    if update.message is not None:
        message = update.message
        external_id = f"m:{number(message.chat.id)}:{number(message.message_id)}"
        return _message(message, data["message"], external_id)
    if update.edited_message is not None:
        message = update.edited_message
        # Two edits within one second carry the same edit_date; a redelivery the same update_id.
        here = f"{number(message.chat.id)}:{number(message.message_id)}"
        external_id = f"e:{here}:{number(update.update_id)}"
        return _message(message, data["edited_message"], external_id, edited=True)
    if update.callback_query is not None:
        return _press(update.callback_query)
    if update.my_chat_member is not None:
        return _membership(update.my_chat_member)
    return EMPTY


def _overheard(update: Update, data: Mapping[str, Any], line: Line) -> Received:
    """What was said in the chats of a colleague's account."""
    if update.business_message is not None:
        return business.message(update.business_message, data["business_message"], line)
    if update.edited_business_message is not None:
        edited, revision = update.edited_business_message, number(update.update_id)
        said = data["edited_business_message"]
        return business.message(edited, said, line, revision=revision) if _worded(edited) else EMPTY
    if update.deleted_business_messages is not None:
        return business.deleted(update.deleted_business_messages, line, number(update.update_id))
    return EMPTY


def _message(
    message: Message, data: Mapping[str, Any], external_id: str, *, edited: bool = False
) -> Received:
    """What somebody wrote in a private chat; a changed text counts as said again."""
    if message.chat.type != "private" or (message.from_user and message.from_user.is_bot):
        return EMPTY
    read = content.read(message, data)
    if read is None or (edited and not _worded(message)):
        return EMPTY
    sent_at = message.edit_date if edited else message.date
    if not isinstance(sent_at, datetime):
        raise Malformed("a message has a date")
    inbound = Inbound(
        external_id=external_id,
        sender=address.person(number(message.chat.id)),
        kind=read.kind,
        text=read.text,
        sent_at=sent_at,
        media=read.media,
        raw=read.raw,
    )
    return Received(messages=(inbound,))


def _worded(message: Message) -> bool:
    """Whether an edit can have changed words: a live location that moves is an edit, too."""
    return bool(message.text or message.caption)


def _press(query: CallbackQuery) -> Received:
    """A pressed button. Anybody can forge the data: what it may do is decided by who pressed."""
    if query.data is None or query.message is None or query.message.chat.type != "private":
        return EMPTY
    if not _QUERY_ID.fullmatch(text(query.id)):
        raise Malformed("the id of a press is short and plain")
    press = Inbound(
        external_id=f"q:{query.id}",
        sender=address.person(number(query.from_user.id)),
        kind=MessageKind.PRESS,
        text=text(query.data),
        sent_at=datetime.now(UTC),  # the platform dates the card, not the press
    )
    return Received(messages=(press,))


def _membership(change: ChatMemberUpdated) -> Received:
    """Somebody blocked the bot or let it in again."""
    reachable = {"kicked": False, "member": True}.get(str(change.new_chat_member.status))
    if change.chat.type != "private" or reachable is None:
        return EMPTY
    who = address.person(number(change.chat.id))
    return Received(reaches=(Reach(sender=who, reachable=reachable),))
