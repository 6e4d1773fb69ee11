"""Putting an alert off at the desk: the same record as a press of 稍后 on its card."""

from __future__ import annotations

from datetime import datetime

from bot import snoozing
from bot.alerts import actions
from bot.casework import decide
from bot.errors import Conflict
from bot.pipeline import Road
from bot.standing import alert_seen
from bot.turn import Outcome
from scheduler.engine import DELIVERY
from storage.database import Tx
from storage.enums import AlertStatus
from storage.queries import alerts, audit, turns
from storage.viewer import Viewer


async def snooze(
    road: Road, viewer: Viewer, alert_id: str, until: datetime | None, *, cause: str
) -> datetime:
    """Remind nobody of an alert before ``until``, or for as long as the policy says; until when
    that is. The same ``cause`` again changes nothing.

    Raises ``NotFound`` when the viewer may not know of the alert, ``Conflict`` when it is resolved
    already or the moment is past or too far away.
    """

    def work(tx: Tx) -> datetime:
        row, version = alerts.version_of(tx, viewer, alert_id)
        seen, policy = alert_seen(row), road.rulebook.policy
        if seen.status is AlertStatus.RESOLVED:
            raise Conflict("this alert is resolved already")
        wanted = until or actions.later(policy.snooze, seen, road.rulebook.calendar, now=tx.now)
        if not tx.now < wanted <= tx.now + actions.LONGEST:
            raise Conflict("an alert can be put off to a moment within two weeks")
        one = actions.snoozed(seen, wanted, user_id=viewer.id, cause=cause)
        turns.touch(tx, row.candidate_id, version)
        channels = snoozing.write(tx, Outcome(flow="console", snoozes=(one,)))
        road.engine.wake(tx, DELIVERY, sorted(channels))
        details = {"until": wanted.isoformat()}
        audit.append(tx, road.vault.keystore, viewer, "alert.snooze", alert_id, details=details)
        return wanted

    return await decide(road, work)
