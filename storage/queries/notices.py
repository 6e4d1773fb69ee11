"""What each colleague is due to be shown of an alert, what became of it, and its way up."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from storage.crypto import new_public_id
from storage.database import Tx
from storage.enums import AlertEventKind, AlertStatus, NoticeState
from storage.queries.alerts import ALERT, UNRESOLVED
from storage.queries.common import insert_new, table, update
from storage.queries.scope import CANDIDATE
from storage.tables import AlertEvent, Notice, User

NOTICE, EVENT = table(Notice), table(AlertEvent)
_WAITING = NOTICE.c.state == NoticeState.WAITING.value
_CASE = (
    ALERT.c.id,
    ALERT.c.candidate_id,
    ALERT.c.topic,
    ALERT.c.severity,
    ALERT.c.severity_rank,
    ALERT.c.status,
    ALERT.c.verdict_at,
    ALERT.c.due_at,
    ALERT.c.revision,
    ALERT.c.raised_at,
    ALERT.c.escalation,
    ALERT.c.snoozed_until,
)


def happened(
    tx: Tx,
    alert_id: str,
    kind: AlertEventKind,
    *,
    cause: str,
    user_id: str | None = None,
    about: Mapping[str, Any] | None = None,
) -> bool:
    """Keep what happened to an alert; False: this cause was known already."""
    row = {
        "id": new_public_id("ev"),
        "alert_id": alert_id,
        "kind": kind.value,
        "user_id": user_id,
        "cause": cause,
        "at": tx.now,
        "about": dict(about or {}),
    }
    return insert_new(tx, AlertEvent, [row]) == 1


def case(tx: Tx, alert_id: str) -> Any:
    """An alert's bare row, as far as telling goes by it."""
    return tx.first(sa.select(*_CASE).where(ALERT.c.id == alert_id))


def settled(tx: Tx, alert: Any) -> Any:
    """The last alert of the same person and topic that was resolved before: verdict_at and
    severity_rank; None."""
    return tx.first(
        sa.select(ALERT.c.verdict_at, ALERT.c.severity_rank)
        .where(
            ALERT.c.candidate_id == alert.candidate_id,
            ALERT.c.topic == alert.topic,
            ALERT.c.id != alert.id,
            ALERT.c.status == AlertStatus.RESOLVED.value,
            ALERT.c.verdict_at.is_not(None),
        )
        .order_by(ALERT.c.verdict_at.desc())
        .limit(1)
    )


def of_alert(tx: Tx, alert_id: str) -> list[Any]:
    """Everybody's notice of an alert."""
    return tx.all(sa.select(NOTICE).where(NOTICE.c.alert_id == alert_id))


def put(
    tx: Tx,
    alert_id: str,
    user_id: str,
    *,
    state: NoticeState,
    why: str,
    level: int,
    revision: int,
    due_at: datetime,
    sent_at: datetime | None,
) -> None:
    """Keep what one colleague is due to be shown of an alert now."""
    values = {
        "state": state.value,
        "why": why,
        "level": level,
        "revision": revision,
        "due_at": due_at,
        "sent_at": sent_at,
        "created_at": tx.now,
    }
    here = sa.and_(NOTICE.c.alert_id == alert_id, NOTICE.c.user_id == user_id)
    if not update(tx, Notice, here, **values):
        insert_new(tx, Notice, [{"alert_id": alert_id, "user_id": user_id, **values}])


def move(tx: Tx, notice: Any, **values: Any) -> None:
    """Change one colleague's notice."""
    here = sa.and_(NOTICE.c.alert_id == notice.alert_id, NOTICE.c.user_id == notice.user_id)
    update(tx, Notice, here, **values)


def cards_since(tx: Tx, user_id: str, since: datetime) -> int:
    """How many cards a colleague was sent since a moment."""
    return int(
        tx.scalar(
            sa.select(sa.func.count()).where(
                NOTICE.c.user_id == user_id,
                NOTICE.c.sent_at > since,
                NOTICE.c.state == NoticeState.SENT.value,
            )
        )
    )


def folded_at(tx: Tx, user_id: str) -> datetime | None:
    """When a colleague was last told of several alerts in one message."""
    found: datetime | None = tx.scalar(
        sa.select(sa.func.max(NOTICE.c.sent_at)).where(
            NOTICE.c.user_id == user_id, NOTICE.c.state == NoticeState.FOLDED.value
        )
    )
    return found


def due_users(tx: Tx, *, limit: int) -> list[str]:
    """Colleagues who have a notice that is due."""
    rows = tx.all(
        sa.select(NOTICE.c.user_id)
        .where(_WAITING, NOTICE.c.due_at <= tx.now)
        .group_by(NOTICE.c.user_id)
        .order_by(sa.func.min(NOTICE.c.due_at))
        .limit(limit)
    )
    return [row.user_id for row in rows]


def due(tx: Tx, user_id: str, *, limit: int) -> list[Any]:
    """A colleague's notices that are due with their alerts, gravest first; those that another
    clock has in its hands are left out. ``sent_at`` and ``why`` are the notice's."""
    return tx.all(
        sa.select(
            *_CASE,
            NOTICE.c.alert_id,
            NOTICE.c.user_id,
            NOTICE.c.why,
            NOTICE.c.level,
            NOTICE.c.sent_at,
            NOTICE.c.created_at,
            CANDIDATE.c.erased_at,
        )
        .join(ALERT, ALERT.c.id == NOTICE.c.alert_id)
        .join(CANDIDATE, CANDIDATE.c.id == ALERT.c.candidate_id)
        .where(NOTICE.c.user_id == user_id, _WAITING, NOTICE.c.due_at <= tx.now)
        .order_by(ALERT.c.severity_rank.desc(), ALERT.c.due_at, ALERT.c.id)
        .limit(limit)
        .with_for_update(of=NOTICE, skip_locked=True)
    )


def hold(tx: Tx, user_id: str) -> None:
    """One clock at a time decides what a colleague is told."""
    user = table(User)
    tx.first(sa.select(user.c.id).where(user.c.id == user_id).with_for_update(key_share=True))


def unheeded(tx: Tx, severities: Collection[str], *, limit: int, after: str = "") -> list[Any]:
    """Open alerts past their due time that nobody touched or put off, and that can go further up;
    of those somebody was to be told of. In the order of their ids, after one."""
    known = sa.exists(sa.select(NOTICE.c.alert_id).where(NOTICE.c.alert_id == ALERT.c.id))
    return tx.all(
        sa.select(*_CASE)
        .join(CANDIDATE, CANDIDATE.c.id == ALERT.c.candidate_id)
        .where(
            ALERT.c.status == AlertStatus.OPEN.value,
            ALERT.c.escalation < 2,
            ALERT.c.due_at <= tx.now,
            ALERT.c.snoozed_until.is_(None),
            ALERT.c.severity.in_(severities),
            CANDIDATE.c.erased_at.is_(None),
            ALERT.c.id > after,
            known,
        )
        .order_by(ALERT.c.id)
        .limit(limit)
    )


def claim(tx: Tx, alert: Any) -> Any:
    """The alert's row for this transaction alone if it still stands as it was seen, else None."""
    return tx.first(
        sa.select(*_CASE)
        .where(
            ALERT.c.id == alert.id,
            ALERT.c.status == alert.status,
            ALERT.c.revision == alert.revision,
            ALERT.c.escalation == alert.escalation,
        )
        .with_for_update(skip_locked=True)
    )


def risen_at(tx: Tx, alert_id: str) -> datetime | None:
    """When an alert last went up."""
    found: datetime | None = tx.scalar(
        sa.select(sa.func.max(EVENT.c.at)).where(
            EVENT.c.alert_id == alert_id, EVENT.c.kind == AlertEventKind.ESCALATED.value
        )
    )
    return found


def rise(tx: Tx, alert_id: str, level: int) -> None:
    """An alert has gone up to a level."""
    tx.run(
        sa.update(ALERT).where(ALERT.c.id == alert_id).values(escalation=level, updated_at=tx.now)
    )


def due_from(tx: Tx, alert_id: str, due_at: datetime) -> None:
    """Whoever has to act is told later, and has the time from then on."""
    tx.run(sa.update(ALERT).where(ALERT.c.id == alert_id).values(due_at=due_at))


def woken(tx: Tx, *, limit: int) -> list[Any]:
    """Alerts whose time of being put off is over, with their candidates' versions."""
    return tx.all(
        sa.select(*_CASE, CANDIDATE.c.version.label("candidate_version"))
        .join(CANDIDATE, CANDIDATE.c.id == ALERT.c.candidate_id)
        .where(
            ALERT.c.status.in_(UNRESOLVED),
            ALERT.c.snoozed_until <= tx.now,
            CANDIDATE.c.erased_at.is_(None),
        )
        .order_by(ALERT.c.snoozed_until, ALERT.c.id)
        .limit(limit)
    )


def wake(tx: Tx, alert: Any, *, due_at: datetime) -> int:
    """An alert is not put off any more; its new revision. The caller holds the candidate."""
    revision = tx.scalar(
        sa.update(ALERT)
        .where(ALERT.c.id == alert.id)
        .values(
            snoozed_until=None,
            due_at=due_at,
            updated_at=tx.now,
            revision=ALERT.c.revision + 1,
        )
        .returning(ALERT.c.revision)
    )
    return int(revision)


def names(tx: Tx, user_ids: Collection[str]) -> dict[str, str]:
    """What colleagues are called."""
    user = table(User)
    rows = tx.all(sa.select(user.c.id, user.c.name).where(user.c.id.in_(user_ids)))
    return {row.id: str(row.name) for row in rows}
