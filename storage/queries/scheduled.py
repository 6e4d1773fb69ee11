"""Planned moments and repeating ticks: plan, claim, finish."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from storage.database import Tx
from storage.enums import ScheduledStatus
from storage.queries.common import insert_new, table, update
from storage.tables import CronRun, Scheduled

SCHEDULED = table(Scheduled)
SHANGHAI = "Asia/Shanghai"


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A planned moment that has come."""

    id: int
    kind: str
    person_id: str
    about: Mapping[str, Any]
    due_at: datetime


def moment_of(day: date, clock: str, tz: str = SHANGHAI) -> datetime:
    """The UTC moment of a local intention, for example 2026-11-27 at 18:00 in Shanghai."""
    local = datetime.combine(day, time.fromisoformat(clock), ZoneInfo(tz))
    return local.astimezone(UTC)


def plan(
    tx: Tx,
    *,
    kind: str,
    person_id: str,
    anchor: str,
    day: date,
    clock: str,
    tz: str = SHANGHAI,
    about: Mapping[str, Any] | None = None,
) -> bool:
    """Plan a moment. The same kind, person and anchor again is a no-op (False)."""
    row = {
        "kind": kind,
        "person_id": person_id,
        "anchor": anchor,
        "local_date": day,
        "local_time": clock,
        "tz": tz,
        "due_at": moment_of(day, clock, tz),
        "status": ScheduledStatus.PENDING.value,
        "about": dict(about or {}),
    }
    return insert_new(tx, Scheduled, [row]) == 1


def plan_at(
    tx: Tx,
    *,
    kind: str,
    person_id: str,
    anchor: str,
    at: datetime,
    about: Mapping[str, Any] | None = None,
) -> bool:
    """Plan an exact moment (an answer-by time), seconds kept."""
    local = at.astimezone(ZoneInfo(SHANGHAI))
    row = {
        "kind": kind,
        "person_id": person_id,
        "anchor": anchor,
        "local_date": local.date(),
        "local_time": local.strftime("%H:%M"),
        "tz": SHANGHAI,
        "due_at": at,
        "status": ScheduledStatus.PENDING.value,
        "about": dict(about or {}),
    }
    return insert_new(tx, Scheduled, [row]) == 1


def server_time(tx: Tx) -> datetime:
    """The moment this transaction began, by the clock of the PostgreSQL server."""
    moment: datetime = tx.scalar(sa.select(sa.func.now()))
    return moment


def claim_due(tx: Tx, *, limit: int = 50, skip: Collection[int] = ()) -> list[Due]:
    """Due rows, oldest first, locked until the transaction ends: nobody else can fire them.

    ``skip``: ids that were looked at already and stay pending.
    """
    rows = tx.all(
        sa.select(SCHEDULED)
        .where(
            SCHEDULED.c.status == ScheduledStatus.PENDING.value,
            SCHEDULED.c.due_at <= tx.now,
            SCHEDULED.c.id.not_in(skip),
        )
        .order_by(SCHEDULED.c.due_at, SCHEDULED.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [_due(row) for row in rows]


def _due(row: Any) -> Due:
    return Due(
        id=row.id,
        kind=row.kind,
        person_id=row.person_id,
        about=row.about or {},
        due_at=row.due_at,
    )


def finish(tx: Tx, due: Due, status: ScheduledStatus) -> None:
    """Record what became of a claimed row."""
    update(tx, Scheduled, SCHEDULED.c.id == due.id, status=status.value, fired_at=tx.now)


def next_moment(tx: Tx, *, after: datetime) -> datetime | None:
    """The earliest moment after one for which something is planned."""
    found: datetime | None = tx.scalar(
        sa.select(sa.func.min(SCHEDULED.c.due_at)).where(
            SCHEDULED.c.status == ScheduledStatus.PENDING.value, SCHEDULED.c.due_at > after
        )
    )
    return found


def postpone(tx: Tx, due: Due, at: datetime) -> None:
    """Move a claimed row to another moment; it stays pending. What was meant is kept."""
    update(tx, Scheduled, SCHEDULED.c.id == due.id, due_at=at)


def pending(tx: Tx, *, kind: str, person_id: str, limit: int) -> list[Due]:
    """What is planned of one kind for one person and has not come, the next first."""
    rows = tx.all(
        sa.select(SCHEDULED)
        .where(
            SCHEDULED.c.kind == kind,
            SCHEDULED.c.person_id == person_id,
            SCHEDULED.c.status == ScheduledStatus.PENDING.value,
        )
        .order_by(SCHEDULED.c.due_at, SCHEDULED.c.id)
        .limit(limit)
    )
    return [_due(row) for row in rows]


def cancel(tx: Tx, *, kind: str, person_id: str) -> int:
    """Cancel what is still pending of one kind for one person; the number cancelled."""
    return update(
        tx,
        Scheduled,
        sa.and_(
            SCHEDULED.c.kind == kind,
            SCHEDULED.c.person_id == person_id,
            SCHEDULED.c.status == ScheduledStatus.PENDING.value,
        ),
        status=ScheduledStatus.CANCELLED.value,
    )


def claim_slot(tx: Tx, name: str, slot: str) -> bool:
    """Take one tick of a repeating job; False when somebody has it already."""
    return insert_new(tx, CronRun, [{"name": name, "slot": slot, "at": tx.now}]) == 1


def forget_slots(tx: Tx, *, older_than: timedelta) -> int:
    """Delete ticks nobody will ask for again."""
    runs = table(CronRun)
    return tx.run(sa.delete(runs).where(runs.c.at < tx.now - older_than)).rowcount
