"""Station 6: what leaves. Opens a claimed row, draws it for its channel, sends it."""

from __future__ import annotations

from dataclasses import dataclass

from bot import rows
from bot.alerts import cards
from bot.channels.base import Channel
from bot.messages import Address, Card, Content, Receipt
from bot.pipeline import Road
from scheduler.errors import GiveUp
from scheduler.sender import Delivered
from storage.database import Tx
from storage.enums import OutboxKind
from storage.errors import NotFound
from storage.queries import alerts, timeline
from storage.queries.outbox import Claimed
from storage.viewer import SYSTEM


@dataclass(frozen=True, slots=True)
class CardToSend:
    """A card as it stands now, and where an older state of it stands."""

    card: Card
    revision: int
    replaces: Receipt | None


class ChannelDelivery:
    """Delivers the outbox rows of one channel."""

    def __init__(self, road: Road, channel: Channel) -> None:
        self._road = road
        self._channel = channel

    async def deliver(self, claimed: Claimed) -> Delivered:
        """Send one row. Raises TryLater, GiveUp or Unknown."""
        if claimed.kind is OutboxKind.TEXT:
            text = await self._road.database.read(lambda tx: self._text(tx, claimed))
            return await self._send(claimed, Content(text=text))
        if claimed.kind is OutboxKind.ANSWER:
            uid, _, note = claimed.payload.partition("\n")
            await self._channel.noticed(await self._external_id(uid), note)
            return Delivered(receipt=None)
        shown = await self._road.database.read(lambda tx: self._card(tx, claimed))
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
        to = Address(claimed.channel, claimed.address)
        receipt: Receipt | None = None
        for part, payload in enumerate(self._channel.render(content)):
            key = claimed.idem if part == 0 else f"{claimed.idem}#{part}"
            sent = await self._channel.send(
                to, payload, key=key, replaces=replaces if part == 0 else None
            )
            receipt = receipt or sent
        return Delivered(receipt=receipt.value if receipt else None, revision=revision)

    def _text(self, tx: Tx, claimed: Claimed) -> str:
        assert claimed.message_id is not None
        return timeline.text_of(tx, self._road.vault, claimed.message_id)

    async def _external_id(self, uid: str) -> str:
        found = await self._road.database.read(lambda tx: timeline.external_id(tx, uid))
        if found is None:
            raise GiveUp("the press does not exist any more")
        return found

    def _card(self, tx: Tx, claimed: Claimed) -> CardToSend | None:
        try:
            alert = alerts.get(tx, self._road.vault, SYSTEM, claimed.payload)
        except NotFound as error:
            raise GiveUp("the alert does not exist any more") from error
        standing = alerts.card_at(tx, alert.id, claimed.conversation_id)
        if standing is not None and standing.revision >= alert.revision:
            return None
        link = f"{self._road.base_url}/console/candidates/{alert.candidate_id}"
        return CardToSend(
            card=cards.drawn(self._road.rulebook.policy, rows.alert_shown(alert), link=link),
            revision=alert.revision,
            replaces=Receipt(standing.receipt) if standing is not None else None,
        )
