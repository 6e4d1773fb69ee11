"""An alert answered: words from its page into the candidate's conversation."""

from __future__ import annotations

from bot import desk, snoozing
from bot.casework import decide, lawful, noted
from bot.pipeline import Road
from scheduler.engine import DELIVERY
from storage.database import Tx
from storage.enums import AlertEventKind
from storage.queries import alert_history, alerts, notices
from storage.viewer import Viewer


async def reply(road: Road, viewer: Viewer, alert_id: str, text: str, *, cause: str) -> str:
    """Write to the candidate of an alert in the viewer's name; the message's id. An open alert is
    acknowledged with it, and the bot keeps quiet there until released. The same ``cause`` again
    says nothing again.

    Raises ``NotFound`` for an alert the viewer may not know of, ``Conflict`` when the candidate
    cannot be written to, and ``MayNotAsk`` for a question that the law forbids.
    """
    lawful(road, text)

    def work(tx: Tx) -> str:
        row, _ = alerts.version_of(tx, viewer, alert_id)
        uid, fresh = desk.say(tx, road, viewer, row.candidate_id, text, cause=cause)
        if fresh:
            about = {"message": uid}
            notices.happened(
                tx,
                alert_id,
                AlertEventKind.REPLIED,
                user_id=viewer.id,
                cause=f"replied:{uid}",
                about=about,
            )
            revision = alert_history.acknowledge(tx, alert_id)
            if revision is not None:  # its cards in the colleagues' chats say so too
                channels = snoozing.shown_anew(tx, alert_id, revision)
                road.engine.wake(tx, DELIVERY, sorted(channels))
            noted(tx, road, viewer, "alert.reply", alert_id, about)
        return uid

    return await decide(road, work)
