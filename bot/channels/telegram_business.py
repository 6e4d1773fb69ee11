"""Chats of a colleague's own account (Telegram Business): who lets us listen, and what is said.

Facts: core.telegram.org/bots/api, types BusinessConnection and BusinessMessagesDeleted. We never
answer there, so we ask for no right to; nothing here or elsewhere sends a business_connection_id.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from telegram import BusinessConnection, BusinessMessagesDeleted, Message
from telegram.error import TelegramError

from bot.channels import telegram_address as address
from bot.channels import telegram_content as content
from bot.channels.telegram_address import NAME, number
from bot.channels.telegram_client import meaning
from bot.errors import GiveUp, Malformed
from bot.messages import Address, Aside, Inbound, Overheard, Received
from storage.enums import MessageKind

CONNECTED = "business_connection"
SAID = ("business_message", "edited_business_message")
DELETED = "deleted_business_messages"
KINDS = (CONNECTED, *SAID, DELETED)

#: Why a line is not listened to; for the log.
OFF, NO_RIGHT, UNKNOWN = "off", "no_right", "unknown"
#: It stands for marking as read. Telegram sends messages without it, too; but an owner who does
#: not even let the bot do that has not meant it to read.
RIGHT = "can_read_messages"
#: Telegram tells us at once when a connection changes, but only one of our processes.
LASTS = timedelta(minutes=10)
REMEMBERED = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One account the bot was let into. ``host`` is its owner; ``closed``: why we do not listen."""

    id: str
    host: int = 0
    closed: str = ""


class Lines:
    """The lines we know. Telegram is asked about others, and again after a while."""

    def __init__(
        self,
        ask: Callable[[str], Awaitable[BusinessConnection]],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``clock``: seconds."""
        self._ask, self._clock = ask, clock
        self._known: OrderedDict[str, tuple[float, Line]] = OrderedDict()

    def learn(self, data: Mapping[str, Any]) -> Line:
        """What a ``business_connection`` says. Raises ``Malformed``."""
        try:
            return self._keep(_line(BusinessConnection.de_json(dict(data), None)))
        except (TypeError, ValueError, AttributeError, ArithmeticError, OSError):
            raise Malformed("the connection misses what it must have") from None

    async def of(self, id: str) -> Line:
        """The line behind an id. Raises ``TelegramError`` while Telegram does not answer."""
        until, known = self._known.get(id, (0.0, None))
        if known is not None and self._clock() < until:
            return known
        try:
            return self._keep(_line(await self._ask(id)))
        except TelegramError as error:
            if not isinstance(meaning(error), GiveUp):
                raise
            return self._keep(Line(id=id, closed=UNKNOWN))

    def _keep(self, line: Line) -> Line:
        self._known.pop(line.id, None)
        self._known[line.id] = (self._clock() + LASTS.total_seconds(), line)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return line


def _line(told: BusinessConnection) -> Line:
    closed = NO_RIGHT if getattr(told.rights, RIGHT, None) is not True else ""
    return Line(
        id=address.connection(told.id),
        host=number(told.user.id),
        closed=closed if told.is_enabled is True else OFF,
    )


def line_id(data: Mapping[str, Any]) -> str | None:
    """The connection an update came over; None for what came to the bot. Raises ``Malformed``."""
    for kind in (*SAID, DELETED):
        inner = data.get(kind)
        if isinstance(inner, dict):
            return address.connection(inner.get("business_connection_id"))
    return None


def message(
    said: Message, data: Mapping[str, Any], line: Line, *, revision: int | None = None
) -> Received:
    """A message of the owner's chat with somebody: theirs is read, the owner's an aside.

    ``revision``: an edit, said again under an id of its own.
    """
    chat, who = number(said.chat.id), said.from_user
    if said.chat.type != "private" or who is None or said.sender_business_bot is not None:
        return Received()  # a bot in the owner's name: not the owner's words
    read = content.read(said, data)
    sent_at = said.date if revision is None else said.edit_date
    if read is None or who.is_bot or number(who.id) not in (chat, line.host):
        return Received()
    if not isinstance(sent_at, datetime):
        raise Malformed("a message has a date")
    where, overheard = address.business(line.id, chat), _overheard(line, chat)
    here = f"{line.id}:{chat}:{number(said.message_id)}"
    external_id = f"b:{here}" if revision is None else f"be:{here}:{revision}"
    if who.id == line.host:
        aside = Aside(
            external_id=external_id,
            to=where,
            by=str(line.host),
            text=read.text,
            sent_at=sent_at,
            overheard=overheard,
        )
        return Received(asides=(aside,))
    inbound = Inbound(
        external_id=external_id,
        sender=where,
        kind=read.kind,
        text=read.text,
        sent_at=sent_at,
        media=read.media,
        raw=read.raw,
        overheard=overheard,
    )
    return Received(messages=(inbound,))


def deleted(told: BusinessMessagesDeleted, line: Line, update: int) -> Received:
    """Messages were deleted. What was said stays said; that it was deleted is kept beside it."""
    chat, count = number(told.chat.id), len(told.message_ids)
    if told.chat.type != "private" or not count:
        return Received()
    note = Inbound(
        external_id=f"bd:{line.id}:{chat}:{update}",
        sender=address.business(line.id, chat),
        kind=MessageKind.UNSUPPORTED,
        text=f"[这个聊天里有 {count} 条消息被删除]",  # by which of the two, Telegram does not say
        sent_at=datetime.now(UTC),  # nor when
        overheard=_overheard(line, chat),
    )
    return Received(messages=(note,))


def _overheard(line: Line, chat: int) -> Overheard:
    return Overheard(host=Address(NAME, str(line.host)), person=address.person(chat))
