"""A decoded call or page as plain JSON: the form the golden files have, one for every channel."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from bot.messages import Overheard, Received
from storage.enums import MessageKind


def as_json(received: Received) -> dict[str, Any]:
    """Everything a call became. What a platform does not date is dated by its arrival: no date."""
    return {
        "messages": [
            {
                "external_id": message.external_id,
                "sender": message.sender.value,
                "kind": message.kind.value,
                "text": message.text,
                "sent_at": None
                if message.kind is MessageKind.PRESS or _just_now(message.sent_at)
                else message.sent_at.isoformat(),
                "media": [[one.kind.value, one.id, one.name] for one in message.media],
                "ticket": [message.ticket.value, message.ticket.until.isoformat()]
                if message.ticket
                else None,
                "raw": bool(message.raw),
                **_overheard(message.overheard),
            }
            for message in received.messages
        ],
        "asides": [
            [
                *(aside.external_id, aside.to.value, aside.by, aside.text),
                aside.sent_at.isoformat(),
                *_overheard(aside.overheard).values(),
            ]
            for aside in received.asides
        ],
        "bounces": [[bounce.receipt.value, bounce.reason] for bounce in received.bounces],
        "reaches": [[reach.sender.value, reach.reachable] for reach in received.reaches],
        "pulls": [[pull.account, pull.token] for pull in received.pulls],
    }


def _just_now(moment: datetime) -> bool:
    return abs(datetime.now(UTC) - moment) < timedelta(minutes=1)


def _overheard(overheard: Overheard | None) -> dict[str, list[str]]:
    """Whose chat something was overheard in, and with whom; nothing for what was said to us."""
    if overheard is None:
        return {}
    return {"overheard": [overheard.host.value, overheard.person.value]}
