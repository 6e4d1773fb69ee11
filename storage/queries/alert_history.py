"""What became of an alert: everything that happened to it, who was told, and how it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from storage.database import Tx
from storage.enums import AlertEventKind, AlertStatus, NoticeState
from storage.queries.alerts import ALERT, UNRESOLVED
from storage.queries.common import table
from storage.tables import AlertAction, AlertEvent, Notice, User

EVENT = table(AlertEvent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """One thing that happened. ``kind`` is an ``AlertEventKind`` or, with ``verdict``, a verdict;
    ``by`` is empty where the program did it."""

    kind: str
    at: datetime
    by: str = ""
    verdict: bool = False
    via: str = ""
    about: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One colleague the alert is for, and whether they were shown it."""

    name: str
    state: NoticeState
    why: str
    level: int
    due_at: datetime
    sent_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How an alert stands besides its verdict. ``answered_by``: who of ours wrote to the candidate
    from it last."""

    snoozed_until: datetime | None = None
    snoozed_by: str = ""
    escalation: int = 0
    answered_by: str = ""
    answered_at: datetime | None = None


def acknowledge(tx: Tx, alert_id: str) -> int | None:
    """An alert is somebody's work now; its new revision. None: it is resolved, and stays so."""
    revision = tx.scalar(
        sa.update(ALERT)
        .where(ALERT.c.id == alert_id, ALERT.c.status.in_(UNRESOLVED))
        .values(
            status=AlertStatus.ACKNOWLEDGED.value,
            updated_at=tx.now,
            revision=ALERT.c.revision + 1,
        )
        .returning(ALERT.c.revision)
    )
    return int(revision) if revision is not None else None


def happened(tx: Tx, alert_id: str) -> list[Happened]:
    """Events and verdicts, in their order."""
    user, action = table(User), table(AlertAction)
    events = tx.all(
        sa.select(EVENT.c.kind, EVENT.c.at, EVENT.c.about, user.c.name)
        .outerjoin(user, user.c.id == EVENT.c.user_id)
        .where(EVENT.c.alert_id == alert_id)
        .order_by(EVENT.c.at, EVENT.c.id)
    )
    verdicts = tx.all(
        sa.select(action.c.verdict, action.c.at, action.c.via, user.c.name)
        .outerjoin(user, user.c.id == action.c.user_id)
        .where(action.c.alert_id == alert_id)
        .order_by(action.c.at, action.c.id)
    )
    found = [
        Happened(kind=row.kind, at=row.at, by=row.name or "", about=row.about) for row in events
    ]
    found += [
        Happened(kind=row.verdict, at=row.at, by=row.name or "", via=row.via, verdict=True)
        for row in verdicts
    ]
    return sorted(found, key=lambda one: one.at)


def shown_to(tx: Tx, alert_id: str) -> list[Shown]:
    """Who of ours the alert is for: whose case it is first, then who helps, then the admins."""
    user, notice = table(User), table(Notice)
    rows = tx.all(
        sa.select(notice, user.c.name)
        .join(user, user.c.id == notice.c.user_id)
        .where(notice.c.alert_id == alert_id)
        .order_by(notice.c.level, notice.c.created_at, notice.c.user_id)
    )
    return [
        Shown(
            name=row.name,
            state=NoticeState(row.state),
            why=row.why,
            level=row.level,
            due_at=row.due_at,
            sent_at=row.sent_at,
        )
        for row in rows
    ]


def standings(tx: Tx, alert_ids: Sequence[str]) -> dict[str, Standing]:
    """How several alerts stand."""
    user = table(User)
    last: dict[tuple[str, str], Any] = {}
    told = (AlertEventKind.SNOOZED.value, AlertEventKind.REPLIED.value)
    for row in tx.all(
        sa.select(EVENT.c.alert_id, EVENT.c.kind, EVENT.c.at, user.c.name)
        .join(user, user.c.id == EVENT.c.user_id)
        .where(EVENT.c.alert_id.in_(alert_ids), EVENT.c.kind.in_(told))
        .order_by(EVENT.c.at, EVENT.c.id)
    ):
        last[row.alert_id, row.kind] = row
    found: dict[str, Standing] = {}
    columns = (ALERT.c.id, ALERT.c.snoozed_until, ALERT.c.escalation)
    for row in tx.all(sa.select(*columns).where(ALERT.c.id.in_(alert_ids))):
        snoozed, answered = (last.get((row.id, kind)) for kind in told)
        found[row.id] = Standing(
            snoozed_until=row.snoozed_until,
            snoozed_by=snoozed.name if snoozed and row.snoozed_until else "",
            escalation=row.escalation,
            answered_by=answered.name if answered else "",
            answered_at=answered.at if answered else None,
        )
    return found
