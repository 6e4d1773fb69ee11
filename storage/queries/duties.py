"""What we owe candidates by the clock: whose moments are still to be planned, what was done.

That something was done is a fact of the candidate: its kind names the duty, its value what it was
about (the first day). Ask ``people.get_candidate`` first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from storage.crypto import SubjectKey
from storage.database import Tx
from storage.enums import ENDED, Duty, ScheduledStatus, Stage
from storage.queries import record
from storage.queries.common import table, update
from storage.tables import Candidate, Fact, Offer, Position, Scheduled
from storage.vault import unseal

CANDIDATE, OFFER, SCHEDULED = table(Candidate), table(Offer), table(Scheduled)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unplanned:
    """Something whose moments were not planned yet. ``ref``: the offer, or the first day."""

    candidate_id: str
    ref: str
    since: datetime | None = None
    on_day: date | None = None


def nudge_of(duty: Duty) -> str:
    """The kind of the planned moment at which somebody is nudged."""
    return f"{duty.value}_nudge"


def late_of(duty: Duty) -> str:
    """The kind of the planned moment at which HR is alarmed."""
    return f"{duty.value}_late"


def not_planned(duty: Duty, anchor: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Whether no moment of a duty was planned for this of a candidate's."""
    return ~sa.exists().where(
        SCHEDULED.c.kind == nudge_of(duty),
        SCHEDULED.c.person_id == CANDIDATE.c.id,
        SCHEDULED.c.anchor == anchor,
    )


def drafts(tx: Tx, *, limit: int) -> list[Unplanned]:
    """Offers that wait as drafts, oldest first."""
    rows = tx.all(
        sa.select(OFFER.c.candidate_id, OFFER.c.id, OFFER.c.created_at)
        .join(CANDIDATE, CANDIDATE.c.id == OFFER.c.candidate_id)
        .where(
            OFFER.c.state == "draft",
            CANDIDATE.c.erased_at.is_(None),
            CANDIDATE.c.stage.not_in([stage.value for stage in ENDED]),
            not_planned(Duty.OFFER, OFFER.c.id),
        )
        .order_by(OFFER.c.created_at, OFFER.c.id)
        .limit(limit)
    )
    return [Unplanned(candidate_id=r.candidate_id, ref=r.id, since=r.created_at) for r in rows]


def starting(tx: Tx, *, today: date, until: date, limit: int) -> list[Unplanned]:
    """People who have accepted and whose first day comes from ``today`` to ``until``."""
    days = [date.fromordinal(n) for n in range(today.toordinal(), until.toordinal() + 1)]
    found: list[Unplanned] = []
    for day in days:
        rows = tx.all(
            sa.select(CANDIDATE.c.id)
            .where(
                CANDIDATE.c.stage == Stage.ACCEPTED.value,
                CANDIDATE.c.start_on == day,
                CANDIDATE.c.erased_at.is_(None),
                not_planned(Duty.GREETING, sa.literal(day.isoformat())),
            )
            .order_by(CANDIDATE.c.id)
            .limit(limit)
        )
        found += [Unplanned(candidate_id=row.id, ref=day.isoformat(), on_day=day) for row in rows]
    return found[:limit]


def offer_waits(tx: Tx, candidate_id: str, offer_id: str) -> bool:
    """Whether an offer is still a draft."""
    state = tx.scalar(
        sa.select(OFFER.c.state).where(OFFER.c.id == offer_id, OFFER.c.candidate_id == candidate_id)
    )
    return bool(state == "draft")


def manager_of(tx: Tx, position_id: str | None) -> str | None:
    """Who manages a position; None: nobody is named."""
    position = table(Position)
    if position_id is None:
        return None
    found: str | None = tx.scalar(
        sa.select(position.c.manager_id).where(position.c.id == position_id)
    )
    return found


def is_done(tx: Tx, key: SubjectKey, candidate_id: str, duty: Duty, ref: str) -> bool:
    """Whether somebody said that it is done."""
    return ref in _done(tx, key, candidate_id, duty)


def take(tx: Tx, key: SubjectKey, candidate_id: str, duty: Duty, ref: str, *, by: str) -> bool:
    """Keep that a colleague did it; False: it was known already. What was planned for it ends."""
    if is_done(tx, key, candidate_id, duty, ref):
        return False
    record.fact(
        tx,
        key,
        candidate_id=candidate_id,
        kind=f"duty_{duty.value}",
        value=ref,
        source=f"user:{by}",
        said_at=tx.now,
    )
    end(tx, candidate_id, duty, ref)
    return True


def end(tx: Tx, candidate_id: str, duty: Duty, ref: str) -> None:
    """What was planned for it is not needed any more."""
    theirs = sa.and_(
        SCHEDULED.c.kind.in_([nudge_of(duty), late_of(duty)]),
        SCHEDULED.c.person_id == candidate_id,
        SCHEDULED.c.anchor == ref,
        SCHEDULED.c.status == ScheduledStatus.PENDING.value,
    )
    update(tx, Scheduled, theirs, status=ScheduledStatus.CANCELLED.value)


def _done(tx: Tx, key: SubjectKey, candidate_id: str, duty: Duty) -> Sequence[str]:
    facts = table(Fact)
    rows = tx.all(
        sa.select(facts.c.id, facts.c.value_sealed).where(
            facts.c.candidate_id == candidate_id,
            facts.c.kind == f"duty_{duty.value}",
            facts.c.superseded_at.is_(None),
        )
    )
    return [unseal(key, row.value_sealed, "fact.value_sealed", row.id) for row in rows]
