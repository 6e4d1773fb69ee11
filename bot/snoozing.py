"""Writing that an alert is put off, and letting its card say so wherever it stands."""

from __future__ import annotations

from bot.turn import Outcome
from storage.database import Tx
from storage.enums import OutboxKind
from storage.queries import alerts, outbox, snoozes
from storage.queries.outbox import NewSend


def write(tx: Tx, outcome: Outcome) -> set[str]:
    """Put alerts off as an outcome asks; the channels that have a card to change."""
    woken: set[str] = set()
    for one in outcome.snoozes:
        revision = snoozes.snooze(tx, one.alert_id, one.until, user_id=one.user_id, cause=one.cause)
        if revision is not None:
            woken |= shown_anew(tx, one.alert_id, revision)
    return woken


def shown_anew(tx: Tx, alert_id: str, revision: int) -> set[str]:
    """Send an alert's new state to wherever its card stands, or is on its way to."""
    return outbox.enqueue(
        tx,
        [
            NewSend(
                idem=f"card:{alert_id}:{revision}:{place.id}",
                channel=place.channel,
                conversation_id=place.id,
                kind=OutboxKind.CARD,
                payload=alert_id,
            )
            for place in alerts.card_places(tx, alert_id)
        ],
    )
