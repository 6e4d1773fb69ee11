"""What colleagues ask of the people in their sight: names, lists by question, another owner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from storage.database import Tx
from storage.enums import ENDED, Direction, MessageKind, Role, Stage
from storage.errors import NotFound
from storage.queries.alerts import ALERT, UNRESOLVED
from storage.queries.common import chunks, table
from storage.queries.scope import CANDIDATE, POSITION, visible
from storage.tables import Conversation, Factor, Identity, Message, User
from storage.vault import Vault, unseal
from storage.viewer import Viewer

USER, FACTOR = table(User), table(Factor)
#: The most names that are looked through, newest people first.
NAMES = 20_000
#: The rule of config/risk whose factor says that somebody does not answer any more.
SILENCE = "silence"
_GOING_ON = CANDIDATE.c.stage.not_in([str(one) for one in ENDED])
_HIGH = ("high", "critical")


@dataclass(frozen=True, slots=True, kw_only=True)
class NameRow:
    """Somebody a colleague may know of, by name."""

    id: str
    name: str
    position: str
    stage: Stage
    start_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Some:
    """The first of a list, by id, and how many it has."""

    ids: tuple[str, ...]
    count: int


def names(tx: Tx, vault: Vault, viewer: Viewer) -> list[NameRow]:
    """Everybody a viewer may know of, newest first."""
    rows = tx.all(
        sa.select(
            CANDIDATE.c.id,
            CANDIDATE.c.subject_id,
            CANDIDATE.c.name_sealed,
            CANDIDATE.c.stage,
            CANDIDATE.c.start_on,
            POSITION.c.title,
        )
        .outerjoin(POSITION, POSITION.c.id == CANDIDATE.c.position_id)
        .where(visible(viewer))
        .order_by(CANDIDATE.c.created_at.desc(), CANDIDATE.c.id.desc())
        .limit(NAMES)
    )
    keys = vault.keys(tx, {row.subject_id for row in rows})
    return [
        NameRow(
            id=row.id,
            name=unseal(keys[row.subject_id], row.name_sealed, "candidate.name_sealed", row.id),
            position=row.title or "",
            stage=Stage(row.stage),
            start_on=row.start_on,
        )
        for row in rows
    ]


def mine(tx: Tx, viewer: Viewer, *, limit: int) -> Some:
    """The people somebody works with who are still on the way, the nearest first day first. Of an
    admin, who sees everybody, those they own."""
    where: list[sa.ColumnElement[bool]] = [_GOING_ON]
    if viewer.sees_all:
        where.append(sa.func.coalesce(CANDIDATE.c.owner_id, POSITION.c.owner_id) == viewer.id)
    return _some(tx, viewer, where, [CANDIDATE.c.start_on.is_(None), CANDIDATE.c.start_on], limit)


def starting(tx: Tx, viewer: Viewer, *, since: date, until: date, limit: int) -> Some:
    """Whose first day is in these days, both included."""
    comes = [Stage.OFFER.value, Stage.ACCEPTED.value, Stage.ONBOARDED.value]
    where = [CANDIDATE.c.start_on.between(since, until), CANDIDATE.c.stage.in_(comes)]
    return _some(tx, viewer, where, [CANDIDATE.c.start_on], limit)


def at_risk(tx: Tx, viewer: Viewer, *, limit: int) -> Some:
    """Who is on the way, and has a high score or an unresolved alert that is no small one; the
    most urgent first."""
    gravest = (
        sa.select(sa.func.max(ALERT.c.severity_rank))
        .where(
            ALERT.c.candidate_id == CANDIDATE.c.id,
            ALERT.c.status.in_(UNRESOLVED),
            ALERT.c.severity.in_(("now", "today")),
        )
        .scalar_subquery()
    )
    where = [_GOING_ON, sa.or_(CANDIDATE.c.level.in_(_HIGH), gravest.is_not(None))]
    order = [sa.func.coalesce(gravest, 0).desc(), CANDIDATE.c.score.desc()]
    return _some(tx, viewer, where, order, limit)


def silent(tx: Tx, viewer: Viewer, *, limit: int) -> Some:
    """Who has not answered for much longer than they usually take; longest first by their score."""
    holds = sa.exists().where(
        FACTOR.c.candidate_id == CANDIDATE.c.id,
        FACTOR.c.rule == SILENCE,
        FACTOR.c.ended_at.is_(None),
    )
    return _some(tx, viewer, [_GOING_ON, holds], [CANDIDATE.c.score.desc()], limit)


def _some(tx: Tx, viewer: Viewer, where: Sequence[Any], order: Sequence[Any], limit: int) -> Some:
    theirs = (
        sa.select(CANDIDATE.c.id)
        .outerjoin(POSITION, POSITION.c.id == CANDIDATE.c.position_id)
        .where(visible(viewer), *where)
    )
    count: int = tx.scalar(sa.select(sa.func.count()).select_from(theirs.subquery()))
    rows = tx.all(theirs.order_by(*order, CANDIDATE.c.id).limit(limit)) if count else []
    return Some(ids=tuple(row.id for row in rows), count=count)


def waiting(tx: Tx, viewer: Viewer, *, limit: int) -> tuple[list[Any], int]:
    """Unresolved alerts (id, candidate_id) that are no small ones, or are due, gravest first and
    then by their due time; how many there are. Those that were put off are left out."""
    theirs = (
        sa.select(ALERT.c.id, ALERT.c.candidate_id, ALERT.c.severity_rank, ALERT.c.due_at)
        .join(CANDIDATE, CANDIDATE.c.id == ALERT.c.candidate_id)
        .where(
            visible(viewer),
            ALERT.c.status.in_(UNRESOLVED),
            sa.or_(ALERT.c.severity.in_(("now", "today")), ALERT.c.due_at <= tx.now),
            sa.or_(ALERT.c.snoozed_until.is_(None), ALERT.c.snoozed_until <= tx.now),
        )
    )
    count: int = tx.scalar(sa.select(sa.func.count()).select_from(theirs.subquery()))
    order = (ALERT.c.severity_rank.desc(), ALERT.c.due_at, ALERT.c.id)
    return (tx.all(theirs.order_by(*order).limit(limit)) if count else []), count


def worries(tx: Tx, candidate_ids: Sequence[str]) -> set[str]:
    """Those of some candidates with an unresolved alert that is no small one."""
    found: set[str] = set()
    for some in chunks(candidate_ids):
        rows = tx.all(
            sa.select(ALERT.c.candidate_id).where(
                ALERT.c.candidate_id.in_(some),
                ALERT.c.status.in_(UNRESOLVED),
                ALERT.c.severity.in_(("now", "today")),
            )
        )
        found.update(row.candidate_id for row in rows)
    return found


def spoke(tx: Tx, candidate_ids: Sequence[str]) -> dict[str, datetime]:
    """When each of some candidates said something last."""
    message, talk, identity = table(Message), table(Conversation), table(Identity)
    rows = tx.all(
        sa.select(identity.c.candidate_id, sa.func.max(message.c.sent_at).label("at"))
        .join(talk, talk.c.identity_id == identity.c.id)
        .join(message, message.c.conversation_id == talk.c.id)
        .where(
            identity.c.candidate_id.in_(candidate_ids),
            message.c.direction == Direction.INBOUND.value,
            message.c.kind != MessageKind.NOTE.value,
        )
        .group_by(identity.c.candidate_id)
    )
    return {row.candidate_id: row.at for row in rows}


def working(tx: Tx, *, but: str) -> list[Any]:
    """Colleagues (id, name) who may take a case over."""
    roles = (Role.HR.value, Role.HR_ADMIN.value)
    query = sa.select(USER.c.id, USER.c.name).where(
        USER.c.role.in_(roles), USER.c.disabled_at.is_(None), USER.c.id != but
    )
    return tx.all(query.order_by(USER.c.name, USER.c.id))


def transfer(tx: Tx, viewer: Viewer, candidate_id: str, user_id: str) -> None:
    """Give a candidate to another colleague of HR. Raises ``NotFound`` for a candidate the viewer
    may not know of, and for somebody who cannot take the case."""
    taker = tx.first(sa.select(USER.c.role, USER.c.disabled_at).where(USER.c.id == user_id))
    if taker is None or taker.disabled_at or taker.role not in (Role.HR, Role.HR_ADMIN):
        raise NotFound("no such colleague")
    theirs = sa.and_(CANDIDATE.c.id == candidate_id, visible(viewer))
    values = {"owner_id": user_id, "version": CANDIDATE.c.version + 1}
    if tx.run(sa.update(CANDIDATE).where(theirs).values(**values)).rowcount != 1:
        raise NotFound("no such candidate")
