"""Invitations before they open, and the moments they are planned for.

``storage.queries.surveys`` goes on from there. Ask ``people.get_candidate`` first. An invitation
and its planned moment (kind ``survey``, its id as anchor) are always written together.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from storage.crypto import new_public_id
from storage.database import Tx
from storage.enums import InvitationStatus, ScheduledStatus
from storage.queries import scheduled
from storage.queries.common import chunks, insert_new, table, update
from storage.queries.scheduled import SCHEDULED
from storage.tables import (
    Candidate,
    Conversation,
    CronRun,
    Identity,
    Invitation,
    Scheduled,
    Survey,
)

#: Kinds of planned moments: asking, and reminding.
ASK, REMIND = "survey", "survey_reminder"
INVITATION, SURVEY, CANDIDATE = table(Invitation), table(Survey), table(Candidate)
_PLANNED = INVITATION.c.status == InvitationStatus.PLANNED.value


def standing(tx: Tx, candidate_id: str) -> Any | None:
    """Where a candidate stands, since when, and from when they are to work: bare."""
    columns = (CANDIDATE.c.stage, CANDIDATE.c.stage_at, CANDIDATE.c.start_on)
    return tx.first(sa.select(*columns).where(CANDIDATE.c.id == candidate_id))


def of(tx: Tx, candidate_id: str) -> list[Any]:
    """All invitations of a candidate, bare, oldest first."""
    query = sa.select(INVITATION).where(INVITATION.c.candidate_id == candidate_id)
    return tx.all(query.order_by(INVITATION.c.created_at, INVITATION.c.id))


def get(tx: Tx, invitation_id: str) -> Any | None:
    """One invitation, bare, with its survey's title and whether that is on."""
    return tx.first(
        sa.select(INVITATION, SURVEY.c.title, SURVEY.c.enabled)
        .join(SURVEY, SURVEY.c.id == INVITATION.c.survey_id)
        .where(INVITATION.c.id == invitation_id)
    )


def plan(
    tx: Tx,
    *,
    candidate_id: str,
    survey_id: str,
    anchor: str,
    due_on: date,
    clock: str | None = None,
    by: str | None = None,
) -> str | None:
    """Invite somebody to a survey; the id, or None where that event has invited already.

    ``clock``: the time of day (HH:MM) at which it goes out by itself; None: somebody opens it.
    """
    invitation_id = new_public_id("iv")
    row = {
        "id": invitation_id,
        "candidate_id": candidate_id,
        "survey_id": survey_id,
        "anchor": anchor,
        "status": InvitationStatus.PLANNED.value,
        "due_on": due_on,
        "via": "",
        "at_question": "",
        "asked_again": False,
        "reminders": 0,
        "why": "",
        "fallback": "",
        "created_at": tx.now,
        "created_by": by,
        "revision": 0,
    }
    if insert_new(tx, Invitation, [row]) != 1:
        return None
    if clock is not None:
        _plan_asking(tx, candidate_id, invitation_id, due_on, clock)
    return invitation_id


def _plan_asking(tx: Tx, candidate_id: str, invitation_id: str, day: date, clock: str) -> bool:
    return scheduled.plan(
        tx,
        kind=ASK,
        person_id=candidate_id,
        anchor=invitation_id,
        day=day,
        clock=clock,
        about={"invitation": invitation_id},
    )


def replan(
    tx: Tx, candidate_id: str, invitation_id: str, *, anchor: str, due_on: date, clock: str
) -> None:
    """It is due another day: one that is planned, or was cancelled and makes sense again."""
    again = (InvitationStatus.PLANNED.value, InvitationStatus.CANCELLED.value)
    theirs = sa.and_(INVITATION.c.id == invitation_id, INVITATION.c.status.in_(again))
    values = {"status": InvitationStatus.PLANNED.value, "why": "", "closed_at": None}
    if update(tx, Invitation, theirs, anchor=anchor, due_on=due_on, **values) != 1:
        return  # it was opened in between
    if not _plan_asking(tx, candidate_id, invitation_id, due_on, clock):
        update(
            tx,
            Scheduled,
            sa.and_(SCHEDULED.c.kind == ASK, SCHEDULED.c.anchor == invitation_id),
            local_date=due_on,
            local_time=clock,
            due_at=scheduled.moment_of(due_on, clock),
            status=ScheduledStatus.PENDING.value,
            fired_at=None,
        )


def cancel(tx: Tx, invitation_id: str, *, why: str) -> None:
    """It makes no sense any more: planned, or under way. Its moments go with it."""
    live = (InvitationStatus.PLANNED.value, InvitationStatus.OPEN.value)
    ends = {"status": InvitationStatus.CANCELLED.value, "why": why, "closed_at": tx.now}
    where = sa.and_(INVITATION.c.id == invitation_id, INVITATION.c.status.in_(live))
    update(tx, Invitation, where, revision=INVITATION.c.revision + 1, **ends)
    update(
        tx,
        Scheduled,
        sa.and_(
            SCHEDULED.c.kind.in_((ASK, REMIND)),
            SCHEDULED.c.anchor.like(f"{invitation_id}%"),
            SCHEDULED.c.status == ScheduledStatus.PENDING.value,
        ),
        status=ScheduledStatus.CANCELLED.value,
    )


def give_up(tx: Tx, invitation_id: str, status: InvitationStatus, *, why: str) -> None:
    """It was never asked, and will not be. ``moved_at`` stays empty until somebody is told."""
    ends = {"status": status.value, "why": why, "closed_at": tx.now}
    update(tx, Invitation, sa.and_(INVITATION.c.id == invitation_id, _PLANNED), **ends)


def stopped(tx: Tx, invitation_id: str, *, why: str, fallback: str) -> None:
    """Note what keeps it from being sent, and what HR was told to do instead."""
    where = sa.and_(INVITATION.c.id == invitation_id, _PLANNED)
    update(tx, Invitation, where, why=why, fallback=fallback)


def hold(tx: Tx, candidate_id: str) -> bool:
    """Keep everybody else from deciding about a candidate until this commits; False where somebody
    does so already. On SQLite there is one writer anyway."""
    query = sa.select(CANDIDATE.c.id).where(CANDIDATE.c.id == candidate_id)
    return tx.first(query.with_for_update(skip_locked=True)) is not None


def asked_at(tx: Tx, candidate_id: str, *, but: str = "") -> datetime | None:
    """When somebody was asked a survey last."""
    theirs = sa.and_(INVITATION.c.candidate_id == candidate_id, INVITATION.c.id != but)
    found: datetime | None = tx.scalar(sa.select(sa.func.max(INVITATION.c.opened_at)).where(theirs))
    return found


def is_asked(tx: Tx, candidate_id: str) -> bool:
    """Whether a survey is open."""
    theirs = INVITATION.c.candidate_id == candidate_id
    now = INVITATION.c.status == InvitationStatus.OPEN.value
    return tx.first(sa.select(INVITATION.c.id).where(theirs, now).limit(1)) is not None


def take_place(tx: Tx, a_minute: int) -> bool:
    """Take one of the places this minute has for asking, over all processes; False: it is full."""
    minute = tx.now.strftime("%Y-%m-%dT%H:%M")
    slot = table(CronRun).c
    taken = sa.select(sa.func.count()).where(
        slot.name == ASK, slot.slot >= f"{minute}/", slot.slot < f"{minute}0"
    )
    return any(
        scheduled.claim_slot(tx, ASK, f"{minute}/{place:05}")
        for place in range(int(tx.scalar(taken)), a_minute)
    )


def plan_reminder(tx: Tx, candidate_id: str, invitation_id: str, number: int, at: datetime) -> None:
    """Look again whether an open survey is answered; ``number`` counts the reminders before."""
    scheduled.plan_at(
        tx,
        kind=REMIND,
        person_id=candidate_id,
        anchor=f"{invitation_id}:{number}",
        at=at,
        about={"invitation": invitation_id},
    )


def talks(tx: Tx, candidate_id: str) -> list[Any]:
    """A candidate's conversations, whole, with ``reachable`` and ``candidate_id``; the one somebody
    spoke in last comes first."""
    identity, talk = table(Identity), table(Conversation)
    return tx.all(
        sa.select(talk, identity.c.reachable, identity.c.candidate_id)
        .join(identity, identity.c.id == talk.c.identity_id)
        .where(identity.c.candidate_id == candidate_id)
        .order_by(talk.c.last_at.desc(), talk.c.id)
    )


def reminded(tx: Tx, invitation_id: str, reminders: int) -> None:
    """One more reminder was sent."""
    update(tx, Invitation, INVITATION.c.id == invitation_id, reminders=reminders)


def missed(tx: Tx, *, limit: int = 500) -> list[Any]:
    """What was never asked and nobody was told of yet: id, candidate_id, title; oldest first."""
    never = (InvitationStatus.MISSED.value, InvitationStatus.UNREACHABLE.value)
    every = [row.id for row in tx.all(sa.select(SURVEY.c.id))]  # what the index begins with
    return tx.all(
        sa.select(INVITATION.c.id, INVITATION.c.candidate_id, SURVEY.c.title)
        .join(SURVEY, SURVEY.c.id == INVITATION.c.survey_id)
        .where(
            INVITATION.c.survey_id.in_(every),
            INVITATION.c.status.in_(never),
            INVITATION.c.moved_at.is_(None),
        )
        .order_by(INVITATION.c.due_on, INVITATION.c.created_at, INVITATION.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=INVITATION)
    )


def told(tx: Tx, ids: Collection[str]) -> None:
    """Somebody was told of what was never asked."""
    for some in chunks(ids):
        update(tx, Invitation, INVITATION.c.id.in_(some), moved_at=tx.now)
