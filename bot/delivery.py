"""Station 6: what leaves. Opens a claimed row, draws it for its channel, sends it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot import portraying, showing
from bot.channels.base import Channel, Payload, listens_only, why_closed, window_of
from bot.messages import Address, Button, Card, Content, Receipt, Ticket
from bot.pipeline import Road
from bot.words import fill
from scheduler.errors import GiveUp, Hold, TryLater
from scheduler.sender import Delivered
from storage.database import Tx
from storage.enums import OutboxKind
from storage.queries import carried, queues, timeline
from storage.queries.outbox import Claimed
from storage.queries.queues import Spoken

_REOPENS = "对方再次开口后自动发出；也可以换电话或邮件联系"
#: Read by HR beside a message that waits; see ``bot.channels.base.why_closed``.
HELD = {
    "never": f"对方还没有在这里说过话，平台不允许主动发送。{_REOPENS}",
    "late": f"距对方上一条消息已超过平台允许的时间。{_REOPENS}",
    "used": f"对方上一条消息之后的回复条数已用完。{_REOPENS}",
}
#: Read by HR beside what was meant for a colleague's own chat, whoever put it there.
LISTENED = "这是同事自己的聊天，一诺只听不说，不会以同事的名义发送；请换其他渠道联系对方"


@dataclass(frozen=True, slots=True)
class _Seen:
    """What we know of somebody as we begin to send."""

    ticket: Ticket | None
    spoken: Spoken | None  # where a window is reckoned by it
    heard: int


class ChannelDelivery:
    """Delivers the outbox rows of one channel."""

    def __init__(self, road: Road, channel: Channel) -> None:
        self._road = road
        self._channel = channel

    async def deliver(self, claimed: Claimed) -> Delivered:
        """Send one row. Raises TryLater, Hold, GiveUp or Unknown."""
        if listens_only(self._channel.limits, claimed.address):
            raise GiveUp(LISTENED)
        if claimed.kind is OutboxKind.TEXT:
            content = await self._road.database.read(lambda tx: self._content(tx, claimed))
            return await self._send(claimed, content)
        if claimed.kind is OutboxKind.ANSWER:
            uid, _, note = claimed.payload.partition("\n")
            await self._channel.noticed(await self._external_id(uid), note)
            return Delivered(receipt=None)
        if claimed.kind is OutboxKind.PORTRAIT:
            payload, talk = claimed.payload, claimed.conversation_id
            card = await self._road.database.read(
                lambda tx: portraying.card(tx, self._road, payload, talk)
            )
            return await self._send(claimed, card)
        alert_id, talk = claimed.payload, claimed.conversation_id
        shown = await self._road.database.read(
            lambda tx: showing.card(tx, self._road, alert_id, talk)
        )
        if shown is None:  # a newer state is there already
            return Delivered(receipt=None)
        return await self._send(
            claimed, shown.card, replaces=shown.replaces, revision=shown.revision
        )

    async def _send(
        self,
        claimed: Claimed,
        content: Content | Card,
        *,
        replaces: Receipt | None = None,
        revision: int | None = None,
    ) -> Delivered:
        payloads = self._channel.render(content)
        seen = await self._seen(claimed)
        receipt: Receipt | None = None
        try:
            to = Address(claimed.channel, claimed.address, self._ticket(claimed, seen, payloads))
            for part, payload in enumerate(payloads):
                sent = await self._channel.send(
                    to,
                    payload,
                    key=claimed.idem if part == 0 else f"{claimed.idem}#{part}",
                    replaces=replaces if part == 0 else None,
                    again=claimed.again,
                )
                receipt = receipt or sent
        except Hold as held:
            raise Hold(str(held), seen.heard, partly=receipt is not None) from None
        except TryLater as later:
            raise TryLater(str(later), later.delay, partly=receipt is not None) from None
        await self._spent(claimed, seen)
        return Delivered(
            receipt=receipt.value if receipt else None, revision=revision, parts=len(payloads)
        )

    async def _seen(self, claimed: Claimed) -> _Seen:
        road = self._road
        window = window_of(self._channel.limits, claimed.address)

        def look(tx: Tx) -> _Seen:
            found = carried.ticket(tx, road.vault, claimed.conversation_id)
            return _Seen(
                ticket=Ticket(value=found.value, until=found.until) if found else None,
                spoken=queues.spoken(tx, claimed.conversation_id) if window else None,
                heard=queues.heard(tx, claimed.conversation_id),
            )

        return await road.database.read(look)

    def _ticket(self, claimed: Claimed, seen: _Seen, parts: Sequence[Payload]) -> Ticket | None:
        """What lets us answer now, if anything special does. Raises ``Hold`` outside the window."""
        window = window_of(self._channel.limits, claimed.address)
        if window is not None and seen.spoken is not None and seen.ticket is None:
            last_at, since = seen.spoken.last_at, seen.spoken.since
            held = why_closed(window, last_at, since, len(parts), self._road.now())
            if held is not None:
                raise Hold(HELD[held])
        return seen.ticket

    async def _spent(self, claimed: Claimed, seen: _Seen) -> None:
        """Where a window is closed but for a ticket, the ticket let one message through."""
        ticket, talk = seen.ticket, claimed.conversation_id
        if ticket is not None and seen.spoken is not None:
            await self._road.database.write(lambda tx: carried.spend_ticket(tx, talk, ticket.until))

    def _content(self, tx: Tx, claimed: Claimed) -> Content:
        assert claimed.message_id is not None
        text, choices = timeline.said(tx, self._road.vault, claimed.message_id)
        name = "" if self._channel.limits.names else timeline.colleague(tx, claimed.message_id)
        if name:  # who answers is seen everywhere
            text = fill(self._road.rulebook.replies.hr_says, name=name, answer=text)
        return Content(text=text, buttons=tuple(Button(*choice) for choice in choices))

    async def _external_id(self, uid: str) -> str:
        found = await self._road.database.read(lambda tx: timeline.external_id(tx, uid))
        if found is None:
            raise GiveUp("the press does not exist any more")
        return found
