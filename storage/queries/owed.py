"""What we owe the people of a viewer: answers, offers, agreed points, a hello, feedback.

Each query is of one kind and brings what is due first. Nothing here decides whether it is late.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from storage.database import Tx
from storage.enums import ENDED, Duty, Role, ScheduledStatus, Stage
from storage.queries.alerts import ALERT, UNRESOLVED
from storage.queries.common import chunks, table
from storage.queries.offers import ENDED as OFFER_ENDED
from storage.queries.offers import OFFER, PLEDGE, REQUEST
from storage.queries.scheduled import SCHEDULED
from storage.queries.scope import CANDIDATE, POSITION, visible
from storage.tables import Away, Fact, Interview, Teammate, User
from storage.vault import Vault, unseal
from storage.viewer import Viewer

INTERVIEW, MANAGER = table(Interview), table(User).alias("manager")
#: Cards that are opened to look for what they leave open, the newest.
_CARDS = 2000
#: How long after an interview nobody is asked any more.
_FORGOTTEN = timedelta(days=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedRow:
    """Something we owe one person.

    ``ref`` is what it is about (the alert, the card, the interview), ``said`` its words where it
    has some, ``body`` a card's. ``who`` owes it, where that is not whose case it is.
    """

    candidate_id: str
    name: str
    position: str
    ref: str = ""
    topic: str = ""
    at: datetime | None = None
    on_day: date | None = None
    said: str = ""
    body: Mapping[str, Any] | None = None
    who_id: str | None = None
    who: str = ""


def case_of(user_id: str) -> sa.ColumnElement[bool]:
    """The condition that a case is somebody's, or of one they stand in for: of ``candidate`` joined
    with ``position``. What nobody owns is the position's team's, without one everybody's."""
    away, mate = table(Away), table(Teammate)
    absent = sa.select(away.c.user_id).where(away.c.deputy_id == user_id, away.c.active)
    owner = sa.func.coalesce(CANDIDATE.c.owner_id, POSITION.c.owner_id)
    team = sa.exists().where(mate.c.position_id == CANDIDATE.c.position_id)
    nobody = sa.and_(owner.is_(None), sa.or_(team.where(mate.c.user_id == user_id), ~team))
    return sa.or_(owner == user_id, owner.in_(absent), nobody)


def _theirs(viewer: Viewer, mine: bool) -> sa.ColumnElement[bool]:
    return sa.and_(visible(viewer), case_of(viewer.id)) if mine else visible(viewer)


def _people(*columns: Any) -> sa.Select[Any]:
    """Select of people with their position; what is owed is joined to it."""
    named = (CANDIDATE.c.id.label("person_id"), CANDIDATE.c.subject_id, CANDIDATE.c.name_sealed)
    return sa.select(*named, POSITION.c.title.label("position_title"), *columns).outerjoin(
        POSITION, POSITION.c.id == CANDIDATE.c.position_id
    )


def _going_on() -> sa.ColumnElement[bool]:
    return CANDIDATE.c.stage.not_in([str(one) for one in ENDED])


def answers(tx: Tx, vault: Vault, viewer: Viewer, *, mine: bool, limit: int) -> list[OwedRow]:
    """Answers we said we would give by a moment that has not come."""
    query = (
        _people(SCHEDULED.c.due_at.label("at"))
        .join(SCHEDULED, SCHEDULED.c.person_id == CANDIDATE.c.id)
        .where(
            SCHEDULED.c.kind == "answer_due",
            SCHEDULED.c.status == ScheduledStatus.PENDING.value,
            _theirs(viewer, mine),
        )
        .order_by(SCHEDULED.c.due_at, SCHEDULED.c.id)
        .limit(limit)
    )
    return _opened(tx, vault, tx.all(query))


def asked(
    tx: Tx, vault: Vault, viewer: Viewer, *, topics: Collection[str], mine: bool, limit: int
) -> list[OwedRow]:
    """Open alerts of these topics: somebody waits for our answer."""
    query = (
        _people(ALERT.c.id.label("ref"), ALERT.c.topic, ALERT.c.due_at.label("at"))
        .join(ALERT, ALERT.c.candidate_id == CANDIDATE.c.id)
        .where(
            ALERT.c.status.in_(UNRESOLVED),
            ALERT.c.topic.in_(list(topics)),
            _theirs(viewer, mine),
        )
        .order_by(ALERT.c.due_at, ALERT.c.id)
        .limit(limit)
    )
    return _opened(tx, vault, tx.all(query))


def drafts(tx: Tx, vault: Vault, viewer: Viewer, *, mine: bool, limit: int) -> list[OwedRow]:
    """Offers that wait as drafts; ``at`` is since when."""
    query = (
        _people(OFFER.c.id.label("ref"), OFFER.c.created_at.label("at"))
        .join(OFFER, OFFER.c.candidate_id == CANDIDATE.c.id)
        .where(OFFER.c.state == "draft", _going_on(), _theirs(viewer, mine))
        .order_by(OFFER.c.created_at, OFFER.c.id)
        .limit(limit)
    )
    return _opened(tx, vault, tx.all(query))


def cards(tx: Tx, vault: Vault, viewer: Viewer, *, mine: bool) -> list[OwedRow]:
    """The cards that stand, opened, whatever they leave open; the newest of very many."""
    query = (
        _people(PLEDGE.c.id.label("ref"), PLEDGE.c.created_at.label("at"), PLEDGE.c.body_sealed)
        .join(PLEDGE, PLEDGE.c.candidate_id == CANDIDATE.c.id)
        .outerjoin(OFFER, OFFER.c.id == PLEDGE.c.offer_id)
        .where(
            PLEDGE.c.replaced_at.is_(None),
            sa.or_(OFFER.c.id.is_(None), OFFER.c.state.not_in(OFFER_ENDED)),
            _going_on(),
            _theirs(viewer, mine),
        )
        .order_by(PLEDGE.c.created_at.desc(), PLEDGE.c.id)
        .limit(_CARDS)
    )
    return _opened(tx, vault, tx.all(query), sealed="pledge.body_sealed")


def requests(tx: Tx, vault: Vault, viewer: Viewer, *, mine: bool, limit: int) -> list[OwedRow]:
    """What candidates asked to change and nobody answered; ``at`` is since when."""
    query = (
        _people(REQUEST.c.id.label("ref"), REQUEST.c.asked_at.label("at"), REQUEST.c.body_sealed)
        .join(REQUEST, REQUEST.c.candidate_id == CANDIDATE.c.id)
        .where(
            REQUEST.c.state == "open",
            REQUEST.c.side == "candidate",
            _going_on(),
            _theirs(viewer, mine),
        )
        .order_by(REQUEST.c.asked_at, REQUEST.c.id)
        .limit(limit)
    )
    return _opened(tx, vault, tx.all(query), sealed="change_request.body_sealed")


def greetings(
    tx: Tx, vault: Vault, viewer: Viewer, *, first: date, last: date, mine: bool, limit: int
) -> list[OwedRow]:
    """People who begin from one day to another and whom nobody has greeted, the next first.

    ``who``: the position's manager. The cases they manage are a viewer's own here.
    """
    whose = visible(viewer)
    if mine:
        whose = sa.and_(whose, sa.or_(case_of(viewer.id), POSITION.c.manager_id == viewer.id))
    query = (
        _people(
            CANDIDATE.c.start_on.label("on_day"),
            POSITION.c.manager_id.label("who_id"),
            MANAGER.c.name.label("who"),
        )
        .outerjoin(MANAGER, MANAGER.c.id == POSITION.c.manager_id)
        .where(
            CANDIDATE.c.stage == Stage.ACCEPTED.value,
            CANDIDATE.c.start_on.between(first, last),
            whose,
        )
        .order_by(CANDIDATE.c.start_on, CANDIDATE.c.id)
        .limit(limit)
    )
    rows = tx.all(query)
    greeted = _greeted(tx, vault, rows)
    return _opened(
        tx, vault, [row for row in rows if (row.person_id, row.on_day.isoformat()) not in greeted]
    )


def _greeted(tx: Tx, vault: Vault, rows: Sequence[Any]) -> set[tuple[str, str]]:
    """Whose first day somebody said hello before: person, day."""
    keys = vault.keys(tx, {row.subject_id for row in rows})
    subjects = {row.person_id: row.subject_id for row in rows}
    fact = table(Fact)
    found: set[tuple[str, str]] = set()
    for some in chunks(subjects):
        query = sa.select(fact.c.id, fact.c.candidate_id, fact.c.value_sealed).where(
            fact.c.candidate_id.in_(some),
            fact.c.kind == f"duty_{Duty.GREETING.value}",
            fact.c.superseded_at.is_(None),
        )
        for row in tx.all(query):
            key = keys[subjects[row.candidate_id]]
            day = unseal(key, row.value_sealed, "fact.value_sealed", row.id)
            found.add((row.candidate_id, day))
    return found


def feedback(tx: Tx, vault: Vault, viewer: Viewer, *, mine: bool, limit: int) -> list[OwedRow]:
    """Interviews that have been and of which nothing was heard, oldest first; ``at`` is when.

    ``who``: the interviewer, else the position's manager. Whoever owes it sees it, whatever else
    they may know of.
    """
    who_id = sa.func.coalesce(INTERVIEW.c.interviewer_id, POSITION.c.manager_id)
    whose = sa.and_(CANDIDATE.c.erased_at.is_(None), who_id == viewer.id)
    if viewer.role is not Role.MANAGER:
        whose = sa.or_(whose, _theirs(viewer, mine))
    query = (
        _people(
            INTERVIEW.c.id.label("ref"),
            INTERVIEW.c.at,
            who_id.label("who_id"),
            MANAGER.c.name.label("who"),
        )
        .join(INTERVIEW, INTERVIEW.c.candidate_id == CANDIDATE.c.id)
        .outerjoin(MANAGER, MANAGER.c.id == who_id)
        .where(
            INTERVIEW.c.at < tx.now,
            INTERVIEW.c.at > tx.now - _FORGOTTEN,
            INTERVIEW.c.cancelled_at.is_(None),
            INTERVIEW.c.verdict.is_(None),
            INTERVIEW.c.done_at.is_(None),
            _going_on(),
            whose,
        )
        .order_by(INTERVIEW.c.at, INTERVIEW.c.id)
        .limit(limit)
    )
    return _opened(tx, vault, tx.all(query))


def _opened(tx: Tx, vault: Vault, rows: Sequence[Any], *, sealed: str = "") -> list[OwedRow]:
    keys = vault.keys(tx, {row.subject_id for row in rows})
    found = []
    for row in rows:
        key, told = keys[row.subject_id], row._mapping
        body = json.loads(unseal(key, row.body_sealed, sealed, row.ref)) if sealed else None
        found.append(
            OwedRow(
                candidate_id=row.person_id,
                name=unseal(key, row.name_sealed, "candidate.name_sealed", row.person_id),
                position=row.position_title or "",
                ref=told.get("ref", ""),
                topic=told.get("topic", ""),
                at=told.get("at"),
                on_day=told.get("on_day"),
                said=str(body.get("what", "")) if body else "",
                body=body,
                who_id=told.get("who_id"),
                who=told.get("who") or "",
            )
        )
    return found
