"""Who stands in for a colleague who is away, and who works a position together with its owner.

Each function is one unit of work, with its link in the audit chain in the same commit. The deputy
is told in their own chat when they begin to stand in, and when it is over.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from bot import saying
from bot.errors import NotFound
from bot.pipeline import Road
from bot.words import SHANGHAI, fill
from scheduler.engine import DELIVERY
from storage.database import Tx
from storage.queries import absences, audit, teams
from storage.queries.absences import Absence
from storage.queries.teams import TeamChange
from storage.viewer import SYSTEM, Viewer

_AT_ONCE = 200


def may_speak_for(viewer: Viewer, user_id: str) -> bool:
    """HR say when they are away themselves; admins and programs, when anybody is."""
    return viewer.sees_all or viewer.id == user_id


def add(
    tx: Tx, road: Road, viewer: Viewer, user_id: str, deputy_id: str, from_on: date, until_on: date
) -> Absence:
    """Part of the caller's unit of work. From today on: the deputy stands in at once.

    Raises ``NotFound``, also for a colleague whom the viewer cannot speak for, and ``Conflict``.
    """
    if not may_speak_for(viewer, user_id):
        raise NotFound("no such colleague")
    made = absences.add(
        tx,
        user_id=user_id,
        deputy_id=deputy_id,
        from_on=from_on,
        until_on=until_on,
        today=today(road),
        by=viewer.id,
    )
    details = {"user": user_id, "deputy": deputy_id, "from": str(from_on), "until": str(until_on)}
    audit.append(tx, road.vault.keystore, viewer, "absence.add", made, details=details)
    found = absences.get(tx, viewer, made)
    if found.active:
        _told(tx, road, found)
    return found


def end(tx: Tx, road: Road, viewer: Viewer, absence_id: str) -> Absence:
    """Take it back, or come home early: nobody stands in from now on. Part of the caller's unit
    of work. Raises ``NotFound``, ``Conflict``."""
    found = absences.end(tx, viewer, absence_id)
    details = {"user": found.user_id, "deputy": found.deputy_id}
    audit.append(tx, road.vault.keystore, viewer, "absence.end", absence_id, details=details)
    if found.active:
        _told(tx, road, found, over=True)
    return found


def share(
    tx: Tx, road: Road, viewer: Viewer, position_id: str, user_ids: Collection[str]
) -> TeamChange:
    """Let exactly these be a position's team. Part of the caller's unit of work. Raises
    ``NotFound``, and ``Conflict`` for a position that is a colleague's."""
    changed = teams.change(tx, viewer, position_id, user_ids)
    if changed.added or changed.removed:
        details = {"added": list(changed.added), "removed": list(changed.removed)}
        keystore = road.vault.keystore
        audit.append(tx, keystore, viewer, "position.team", position_id, details=details)
    return changed


async def switch(road: Road) -> int:
    """Turn on and off what today turns; how many."""

    def work(tx: Tx) -> int:
        turned = absences.switch(tx, today=today(road), limit=_AT_ONCE)
        for one in turned:
            began = one.active
            details = {"user": one.user_id, "deputy": one.deputy_id}
            action = "absence.begin" if began else "absence.over"
            audit.append(tx, road.vault.keystore, SYSTEM, action, one.id, details=details)
            _told(tx, road, one, over=not began)
        return len(turned)

    return await road.database.write(work)


def today(road: Road) -> date:
    """The day it is where the company is."""
    return road.now().astimezone(SHANGHAI).date()


def _told(tx: Tx, road: Road, one: Absence, *, over: bool = False) -> None:
    replies = road.rulebook.replies
    text = fill(
        replies.cover_over if over else replies.cover_begins,
        name=one.user_name,
        start=one.from_on.isoformat(),
        day=one.until_on.isoformat(),
    )
    idem = f"cover:{one.id}:{'over' if over else 'on'}"
    woken = saying.tell(tx, road.vault, one.deputy_id, text, idem=idem, channels=road.channels)
    road.engine.wake(tx, DELIVERY, sorted(woken))
