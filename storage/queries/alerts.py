"""Alerts: raise or join, judge, list, and where their cards stand."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from storage.crypto import SubjectKey, new_public_id
from storage.database import Tx
from storage.enums import AlertStatus, OutboxKind, OutboxStatus, Role, Stage, Verdict
from storage.errors import NotFound
from storage.queries.common import insert, insert_new, table, update
from storage.queries.scope import CANDIDATE, visible
from storage.tables import (
    Alert,
    AlertAction,
    Card,
    Conversation,
    Identity,
    Outbox,
    Position,
    User,
)
from storage.vault import Vault, seal, unseal
from storage.viewer import Viewer

ALERT = table(Alert)
UNRESOLVED = (AlertStatus.OPEN.value, AlertStatus.ACKNOWLEDGED.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRow:
    """An alert as people see it."""

    id: str
    candidate_id: str
    candidate_name: str
    stage: Stage
    position_title: str
    topic: str
    severity: str
    status: AlertStatus
    verdict: Verdict | None
    verdict_by: str
    verdict_at: datetime | None
    quote: str
    question: str
    evidence: tuple[dict[str, Any], ...]
    raised_at: datetime
    due_at: datetime
    updated_at: datetime
    revision: int
    source: str | None = None  # the message whose reading raised it, by its uid
    raised_by: str = ""  # name of the person of ours who raised it; empty: the reader did
    snoozed_until: datetime | None = None
    escalation: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """What became of a raise."""

    alert_id: str
    revision: int
    joined: bool


def raise_alert(
    tx: Tx,
    key: SubjectKey,
    *,
    candidate_id: str,
    conversation_id: str | None,
    topic: str,
    severity: str,
    rank: int,
    quote: str,
    question: str,
    evidence: list[dict[str, Any]],
    due_at: datetime,
    source: str | None = None,
    raised_by: str | None = None,
) -> Raised:
    """Raise an alert, or join the unresolved one of this person and topic.

    Joining keeps the graver severity and the earlier due time, and shows the newest quote with
    where it comes from: ``source``, and ``raised_by`` when a person of ours raised it.
    The caller holds the candidate's version, so two turns cannot raise the same topic at once.
    """
    existing = tx.first(
        sa.select(ALERT).where(
            ALERT.c.candidate_id == candidate_id,
            ALERT.c.topic == topic,
            ALERT.c.status.in_(UNRESOLVED),
        )
    )
    if existing is None:
        alert_id = new_public_id("a")
        row = {
            "id": alert_id,
            "candidate_id": candidate_id,
            "conversation_id": conversation_id,
            "topic": topic,
            "severity": severity,
            "severity_rank": rank,
            "status": AlertStatus.OPEN.value,
            "quote_sealed": seal(key, quote, "alert.quote_sealed", alert_id),
            "question": question,
            "evidence": evidence,
            "raised_at": tx.now,
            "due_at": due_at,
            "updated_at": tx.now,
            "revision": 1,
            "source": source,
            "raised_by": raised_by,
        }
        insert(tx, Alert, row)
        return Raised(alert_id=alert_id, revision=1, joined=False)
    graver = rank > existing.severity_rank
    update(
        tx,
        Alert,
        ALERT.c.id == existing.id,
        severity=severity if graver else existing.severity,
        severity_rank=max(rank, existing.severity_rank),
        # New evidence after somebody looked needs another look.
        status=AlertStatus.OPEN.value,
        verdict=None,
        verdict_by=None,
        verdict_at=None,
        quote_sealed=seal(key, quote, "alert.quote_sealed", existing.id),
        question=question,
        evidence=[*existing.evidence, *evidence][-20:],
        due_at=min(due_at, existing.due_at) if existing.status == "open" else due_at,
        snoozed_until=None if graver else existing.snoozed_until,
        updated_at=tx.now,
        revision=existing.revision + 1,
        source=source,
        raised_by=raised_by,
    )
    return Raised(alert_id=existing.id, revision=existing.revision + 1, joined=True)


def judge(
    tx: Tx,
    *,
    alert_id: str,
    user_id: str,
    verdict: Verdict,
    status: AlertStatus,
    via: str,
    cause: str,
) -> int | None:
    """Record a verdict; the alert's new revision, or None when this press was known already."""
    action = {
        "id": new_public_id("act"),
        "cause": cause,
        "alert_id": alert_id,
        "user_id": user_id,
        "verdict": verdict.value,
        "via": via,
        "at": tx.now,
        "source": tx.scalar(sa.select(ALERT.c.source).where(ALERT.c.id == alert_id)),
    }
    if not insert_new(tx, AlertAction, [action]):
        return None
    revision = tx.scalar(
        sa.update(ALERT)
        .where(ALERT.c.id == alert_id)
        .values(
            status=status.value,
            verdict=verdict.value,
            verdict_by=user_id,
            verdict_at=tx.now,
            snoozed_until=None,
            updated_at=tx.now,
            revision=ALERT.c.revision + 1,
        )
        .returning(ALERT.c.revision)
    )
    return int(revision)


def seen_by(viewer: Viewer) -> sa.Select[Any]:
    """Select of the alerts a viewer may know of."""
    judge_, raiser, position = table(User), table(User).alias("raiser"), table(Position)
    return (
        sa.select(
            ALERT,
            CANDIDATE.c.subject_id,
            CANDIDATE.c.name_sealed,
            CANDIDATE.c.stage,
            CANDIDATE.c.version.label("candidate_version"),
            position.c.title.label("position_title"),
            judge_.c.name.label("judge_name"),
            raiser.c.name.label("raiser_name"),
        )
        .join(CANDIDATE, CANDIDATE.c.id == ALERT.c.candidate_id)
        .outerjoin(position, position.c.id == CANDIDATE.c.position_id)
        .outerjoin(judge_, judge_.c.id == ALERT.c.verdict_by)
        .outerjoin(raiser, raiser.c.id == ALERT.c.raised_by)
        .where(visible(viewer))
    )


def _open(row: Any, key: SubjectKey) -> AlertRow:
    return AlertRow(
        id=row.id,
        candidate_id=row.candidate_id,
        candidate_name=unseal(key, row.name_sealed, "candidate.name_sealed", row.candidate_id),
        stage=Stage(row.stage),
        position_title=row.position_title or "",
        topic=row.topic,
        severity=row.severity,
        status=AlertStatus(row.status),
        verdict=Verdict(row.verdict) if row.verdict else None,
        verdict_by=row.judge_name or "",
        verdict_at=row.verdict_at,
        quote=unseal(key, row.quote_sealed, "alert.quote_sealed", row.id),
        question=row.question,
        evidence=tuple(row.evidence),
        raised_at=row.raised_at,
        due_at=row.due_at,
        updated_at=row.updated_at,
        revision=row.revision,
        source=row.source,
        raised_by=row.raiser_name or "",
        snoozed_until=row.snoozed_until,
        escalation=row.escalation,
    )


def get(tx: Tx, vault: Vault, viewer: Viewer, alert_id: str) -> AlertRow:
    """One alert. Raises ``NotFound``, also for one the viewer may not know of."""
    row = tx.first(seen_by(viewer).where(ALERT.c.id == alert_id))
    if row is None:
        raise NotFound("no such alert")
    return _open(row, vault.key(tx, row.subject_id))


def version_of(tx: Tx, viewer: Viewer, alert_id: str) -> tuple[Any, int]:
    """The alert's bare row and its candidate's version, for a decision. Raises ``NotFound``."""
    row = tx.first(seen_by(viewer).where(ALERT.c.id == alert_id))
    if row is None:
        raise NotFound("no such alert")
    return row, row.candidate_version


def page(
    tx: Tx,
    vault: Vault,
    viewer: Viewer,
    *,
    candidate_id: str | None = None,
    statuses: Sequence[AlertStatus] = (),
    topic: str | None = None,
    after: tuple[datetime, str] | None = None,
    limit: int = 50,
) -> list[AlertRow]:
    """Alerts, newest first; ``after`` is (raised_at, id) of the last one seen."""
    query = seen_by(viewer).order_by(ALERT.c.raised_at.desc(), ALERT.c.id.desc()).limit(limit)
    if candidate_id is not None:
        query = query.where(ALERT.c.candidate_id == candidate_id)
    if statuses:
        query = query.where(ALERT.c.status.in_([status.value for status in statuses]))
    if topic is not None:
        query = query.where(ALERT.c.topic == topic)
    if after is not None:
        query = query.where(sa.tuple_(ALERT.c.raised_at, ALERT.c.id) < sa.tuple_(*after))
    return opened(tx, vault, tx.all(query))


def opened(tx: Tx, vault: Vault, rows: Sequence[Any]) -> list[AlertRow]:
    """Rows of ``seen_by``, unsealed."""
    keys = vault.keys(tx, {row.subject_id for row in rows})
    return [_open(row, keys[row.subject_id]) for row in rows]


def open_counts(tx: Tx, viewer: Viewer, candidate_ids: Sequence[str]) -> dict[str, int]:
    """Unresolved alerts of several candidates."""
    rows = tx.all(
        sa.select(ALERT.c.candidate_id, sa.func.count().label("n"))
        .join(CANDIDATE, CANDIDATE.c.id == ALERT.c.candidate_id)
        .where(
            visible(viewer),
            ALERT.c.candidate_id.in_(candidate_ids),
            ALERT.c.status.in_(UNRESOLVED),
        )
        .group_by(ALERT.c.candidate_id)
    )
    return {row.candidate_id: row.n for row in rows}


def unresolved(tx: Tx, candidate_id: str) -> list[Any]:
    """Bare unresolved alerts of one candidate, for a decision."""
    return tx.all(
        sa.select(ALERT).where(ALERT.c.candidate_id == candidate_id, ALERT.c.status.in_(UNRESOLVED))
    )


def receivers(tx: Tx, owner_id: str | None, channels: Collection[str]) -> list[Any]:
    """Staff conversations (id, channel, subject_id) a card goes to: the owner's, or every HR's when
    nobody owns the case. One each, however many accounts they have.

    Of a colleague's accounts on ``channels`` (those that run) which can be reached, it is the one
    they tied or chose last.
    """
    user = table(User)
    working = user.c.role.in_([Role.HR.value, Role.HR_ADMIN.value])
    mine = sa.true() if owner_id is None else user.c.id == owner_id
    return _reached(tx, channels, sa.and_(working, mine))


def reached(tx: Tx, user_id: str, channels: Collection[str]) -> Any:
    """The one conversation (id, channel) in which a colleague of any role gets what they ask for
    themselves; None: they have no account that can be reached."""
    found = _reached(tx, channels, table(User).c.id == user_id)
    return found[0] if found else None


def _reached(tx: Tx, channels: Collection[str], who: sa.ColumnElement[bool]) -> list[Any]:
    """One conversation of each colleague on these channels, the last one tied or chosen."""
    talk, identity, user = table(Conversation), table(Identity), table(User)
    newest = sa.func.coalesce(identity.c.linked_at, identity.c.created_at).desc()
    ranked = (
        sa.select(
            talk.c.id,
            talk.c.channel,
            talk.c.subject_id,
            sa.func.row_number()
            .over(partition_by=identity.c.user_id, order_by=[newest, talk.c.id])
            .label("place"),
        )
        .join(identity, identity.c.id == talk.c.identity_id)
        .join(user, user.c.id == identity.c.user_id)
        .where(
            identity.c.reachable,
            identity.c.channel.in_(channels),
            user.c.disabled_at.is_(None),
            who,
        )
    )
    first = ranked.subquery()
    return tx.all(
        sa.select(first.c.id, first.c.channel, first.c.subject_id)
        .where(first.c.place == 1)
        .order_by(first.c.id)
    )


def card_places(tx: Tx, alert_id: str) -> list[Any]:
    """Conversations (id, channel) where an alert's card stands or is on its way to."""
    card, talk, outbox = table(Card), table(Conversation), table(Outbox)
    standing = sa.select(card.c.conversation_id).where(card.c.alert_id == alert_id)
    coming = sa.select(outbox.c.conversation_id).where(
        outbox.c.kind == OutboxKind.CARD.value,
        outbox.c.payload == alert_id,
        outbox.c.status.in_([OutboxStatus.NEW.value, OutboxStatus.SENDING.value]),
    )
    return tx.all(
        sa.select(talk.c.id, talk.c.channel)
        .where(sa.or_(talk.c.id.in_(standing), talk.c.id.in_(coming)))
        .order_by(talk.c.id)
    )


def card_at(tx: Tx, alert_id: str, conversation_id: str) -> Any:
    """The card of an alert in one conversation, or None."""
    card = table(Card)
    return tx.first(
        sa.select(card).where(
            card.c.alert_id == alert_id, card.c.conversation_id == conversation_id
        )
    )
