"""What a digest tells one colleague of their cases, and who has not had theirs yet."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from storage.database import Tx
from storage.enums import (
    ENDED,
    Author,
    Direction,
    InvitationStatus,
    MessageKind,
    NoticeState,
    Role,
    Stage,
    StepKind,
)
from storage.queries import alerts
from storage.queries.alerts import ALERT, UNRESOLVED, AlertRow, opened, seen_by
from storage.queries.common import chunks, table
from storage.queries.owed import case_of
from storage.queries.scope import CANDIDATE, POSITION, visible
from storage.tables import (
    Away,
    Conversation,
    CronRun,
    Factor,
    Identity,
    Interview,
    Invitation,
    Message,
    Notice,
    Step,
    Survey,
    User,
)
from storage.vault import Vault, unseal
from storage.viewer import Viewer

MESSAGE, TALK, STEP = table(Message), table(Conversation), table(Step)
INVITATION, INTERVIEW, FACTOR = table(Invitation), table(Interview), table(Factor)
#: Rows of one kind that are opened; more of them are only counted.
MOST = 50
#: Conversations that the time of answers is measured over.
_TALKS = 1000
#: The rule whose standing factor says that somebody is silent.
SILENCE = "silence"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A colleague who gets a digest, and the conversation it goes to."""

    viewer: Viewer
    talk: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """One candidate in a list: of whom, by when, and what it is about."""

    id: str
    name: str
    position: str
    at: datetime | None = None
    on_day: date | None = None
    kind: str = ""
    said: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Open alerts of somebody's cases: how many of each severity and topic, the gravest opened."""

    severities: Mapping[str, int]
    topics: Mapping[str, int]
    gravest: Sequence[AlertRow]


def readers(
    tx: Tx,
    *,
    name: str,
    slots: Mapping[str, str],
    roles: Collection[Role],
    over: Collection[str],
    tied_by: datetime,
) -> list[Reader]:
    """Colleagues of these roles who can be reached, are here, and have not had this digest.

    ``slots``: by user, what their digest of this time is called; see ``named_slots``. Whoever tied
    their chat after ``tied_by`` begins with the next one.
    """
    away, runs = table(Away), table(CronRun)
    absent = {row.user_id for row in tx.all(sa.select(away.c.user_id).where(away.c.active))}
    had: set[str] = set()
    for some in chunks(slots.values()):
        query = sa.select(runs.c.slot).where(runs.c.name == name, runs.c.slot.in_(some))
        had.update(row.slot for row in tx.all(query))
    found = []
    for row in _colleagues(tx, roles):
        if row.id in absent or slots[row.id] in had:
            continue
        talk = alerts.reached(tx, row.id, over)
        if talk is not None and _tied_at(tx, talk.id) <= tied_by:
            viewer = Viewer.of_user(row.id, row.name, Role(row.role))
            found.append(Reader(viewer=viewer, talk=talk))
    return found


def _tied_at(tx: Tx, talk_id: str) -> datetime:
    identity = table(Identity)
    at: datetime = tx.scalar(
        sa.select(sa.func.coalesce(identity.c.linked_at, identity.c.created_at))
        .join(TALK, TALK.c.identity_id == identity.c.id)
        .where(TALK.c.id == talk_id)
    )
    return at


def named_slots(tx: Tx, roles: Collection[Role], day: date) -> dict[str, str]:
    """What the digest of a day is called, by colleague."""
    return {row.id: f"{day.isoformat()}/{row.id}" for row in _colleagues(tx, roles)}


def _colleagues(tx: Tx, roles: Collection[Role]) -> list[Any]:
    user = table(User)
    return tx.all(
        sa.select(user.c.id, user.c.name, user.c.role)
        .where(user.c.role.in_([role.value for role in roles]), user.c.disabled_at.is_(None))
        .order_by(user.c.id)
    )


def waiting(tx: Tx, vault: Vault, viewer: Viewer, *, limit: int) -> Waiting:
    """Open alerts of somebody's own cases that nobody has put off, the gravest first."""
    mine = (
        ALERT.c.status.in_(UNRESOLVED),
        sa.or_(ALERT.c.snoozed_until.is_(None), ALERT.c.snoozed_until <= tx.now),
        _mine(viewer),
    )
    counted = tx.all(
        sa.select(ALERT.c.severity, ALERT.c.topic, sa.func.count().label("n"))
        .join(CANDIDATE, CANDIDATE.c.id == ALERT.c.candidate_id)
        .outerjoin(POSITION, POSITION.c.id == CANDIDATE.c.position_id)
        .where(*mine)
        .group_by(ALERT.c.severity, ALERT.c.topic)
    )
    severities: dict[str, int] = {}
    topics: dict[str, int] = {}
    for row in counted:
        severities[row.severity] = severities.get(row.severity, 0) + row.n
        topics[row.topic] = topics.get(row.topic, 0) + row.n
    ids = (
        sa.select(ALERT.c.id)
        .join(CANDIDATE, CANDIDATE.c.id == ALERT.c.candidate_id)
        .outerjoin(POSITION, POSITION.c.id == CANDIDATE.c.position_id)
        .where(*mine)
        .order_by(-ALERT.c.severity_rank, ALERT.c.due_at, ALERT.c.id)
        .limit(limit)
    )
    some = [row.id for row in tx.all(ids)]
    query = seen_by(viewer).where(ALERT.c.id.in_(some))
    gravest = tx.all(query.order_by(-ALERT.c.severity_rank, ALERT.c.due_at, ALERT.c.id))
    return Waiting(severities=severities, topics=topics, gravest=opened(tx, vault, gravest))


def folded(tx: Tx, user_id: str) -> dict[str, int]:
    """Open alerts a colleague was shown no card of, by why."""
    notice = table(Notice)
    rows = tx.all(
        sa.select(notice.c.why, sa.func.count().label("n"))
        .join(ALERT, ALERT.c.id == notice.c.alert_id)
        .where(
            notice.c.user_id == user_id,
            notice.c.state == NoticeState.FOLDED.value,
            ALERT.c.status.in_(UNRESOLVED),
        )
        .group_by(notice.c.why)
    )
    return {row.why: int(row.n) for row in rows}


def starts(
    tx: Tx, vault: Vault, viewer: Viewer, *, first: date, last: date, mine: bool = True
) -> list[Named]:
    """Who begins from one day to another: has said yes, or is here already; the first first."""
    query = (
        _people(CANDIDATE.c.start_on.label("on_day"))
        .where(
            CANDIDATE.c.stage.in_([Stage.ACCEPTED.value, Stage.ONBOARDED.value]),
            CANDIDATE.c.start_on.between(first, last),
            _mine(viewer) if mine else visible(viewer),
        )
        .order_by(CANDIDATE.c.start_on, CANDIDATE.c.id)
    )
    return _opened(tx, vault, query)


def interviews(
    tx: Tx, vault: Vault, viewer: Viewer, *, first: datetime, last: datetime
) -> list[Named]:
    """Interviews from one moment to another that were not called off."""
    query = (
        _people(INTERVIEW.c.at)
        .join(INTERVIEW, INTERVIEW.c.candidate_id == CANDIDATE.c.id)
        .where(
            INTERVIEW.c.at >= first,
            INTERVIEW.c.at < last,
            INTERVIEW.c.cancelled_at.is_(None),
            _mine(viewer),
        )
        .order_by(INTERVIEW.c.at, INTERVIEW.c.id)
    )
    return _opened(tx, vault, query)


def due_steps(tx: Tx, vault: Vault, viewer: Viewer, *, first: date, last: date) -> list[Named]:
    """Steps that candidates are to take from one day to another and did not take yet; ``said`` are
    the words of one of kind ``other``."""
    query = (
        _people(
            STEP.c.due_on.label("on_day"),
            STEP.c.kind,
            STEP.c.id.label("step_id"),
            STEP.c.words_sealed,
        )
        .join(STEP, STEP.c.candidate_id == CANDIDATE.c.id)
        .where(
            STEP.c.due_on.between(first, last),
            STEP.c.done_at.is_(None),
            STEP.c.dropped_at.is_(None),
            _going_on(),
            _mine(viewer),
        )
        .order_by(STEP.c.due_on, STEP.c.id)
    )
    return _opened(tx, vault, query)


def silent(tx: Tx, vault: Vault, viewer: Viewer) -> list[Named]:
    """Who does not answer, by their own rhythm: the rule holds as of now, the longest first."""
    query = (
        _people(FACTOR.c.at)
        .join(FACTOR, FACTOR.c.candidate_id == CANDIDATE.c.id)
        .where(
            FACTOR.c.rule == SILENCE,
            FACTOR.c.ended_at.is_(None),
            FACTOR.c.words_sealed.is_not(None),
            _going_on(),
            _mine(viewer),
        )
        .order_by(FACTOR.c.at, FACTOR.c.id)
    )
    return _opened(tx, vault, query)


def unsent(tx: Tx, vault: Vault, viewer: Viewer, *, since: datetime) -> list[Named]:
    """Surveys that wait because nobody can be written to, or were given up since a moment.

    ``kind`` is why, by code; ``said`` the survey's title.
    """
    survey = table(Survey)
    never = (InvitationStatus.MISSED.value, InvitationStatus.UNREACHABLE.value)
    query = (
        _people(INVITATION.c.why.label("kind"), survey.c.title.label("said"))
        .join(INVITATION, INVITATION.c.candidate_id == CANDIDATE.c.id)
        .join(survey, survey.c.id == INVITATION.c.survey_id)
        .where(
            sa.or_(
                sa.and_(
                    INVITATION.c.status == InvitationStatus.PLANNED.value,
                    INVITATION.c.fallback != "",
                ),
                sa.and_(INVITATION.c.status.in_(never), INVITATION.c.closed_at >= since),
            ),
            _going_on(),
            _mine(viewer),
        )
        .order_by(INVITATION.c.created_at, INVITATION.c.id)
    )
    return _opened(tx, vault, query)


def answer_times(tx: Tx, viewer: Viewer, *, since: datetime, until: datetime) -> list[float]:
    """Seconds that candidates of somebody's own cases waited for each answer they gave in a time:
    from the first message that nobody of ours had answered."""
    identity = table(Identity)
    talks = tx.all(
        sa.select(TALK.c.id)
        .join(identity, identity.c.id == TALK.c.identity_id)
        .join(CANDIDATE, CANDIDATE.c.id == identity.c.candidate_id)
        .outerjoin(POSITION, POSITION.c.id == CANDIDATE.c.position_id)
        .where(TALK.c.last_at >= since, _mine(viewer))
        .order_by(TALK.c.last_at.desc(), TALK.c.id)
        .limit(_TALKS)
    )
    found: list[float] = []
    for talk in talks:
        found += _waited(tx, talk.id, viewer.id, since, until)
    return found


def _waited(tx: Tx, talk_id: str, user_id: str, since: datetime, until: datetime) -> list[float]:
    rows = tx.all(
        sa.select(MESSAGE.c.direction, MESSAGE.c.author, MESSAGE.c.author_id, MESSAGE.c.sent_at)
        .where(
            MESSAGE.c.conversation_id == talk_id,
            MESSAGE.c.kind.in_([MessageKind.TEXT.value, MessageKind.UNSUPPORTED.value]),
            sa.or_(
                MESSAGE.c.direction == Direction.INBOUND.value,
                MESSAGE.c.author == Author.HR.value,
            ),
        )
        .order_by(MESSAGE.c.id.desc())
        .limit(500)
    )
    found: list[float] = []
    asked_at: datetime | None = None
    for row in reversed(rows):
        if row.direction == Direction.INBOUND.value:
            asked_at = asked_at or row.sent_at
            continue
        if asked_at is not None and row.author_id == user_id and since <= row.sent_at < until:
            found.append((row.sent_at - asked_at).total_seconds())
        asked_at = None
    return found


def _mine(viewer: Viewer) -> sa.ColumnElement[bool]:
    return sa.and_(visible(viewer), case_of(viewer))


def _going_on() -> sa.ColumnElement[bool]:
    return CANDIDATE.c.stage.not_in([str(one) for one in ENDED])


def _people(*columns: Any) -> sa.Select[Any]:
    named = (CANDIDATE.c.id.label("person_id"), CANDIDATE.c.subject_id, CANDIDATE.c.name_sealed)
    return (
        sa.select(*named, POSITION.c.title.label("position_title"), *columns)
        .outerjoin(POSITION, POSITION.c.id == CANDIDATE.c.position_id)
        .limit(MOST)
    )


def _opened(tx: Tx, vault: Vault, query: sa.Select[Any]) -> list[Named]:
    rows = tx.all(query)
    keys = vault.keys(tx, {row.subject_id for row in rows})
    found = []
    for row in rows:
        key, told = keys[row.subject_id], row._mapping
        said = told.get("said") or ""
        if told.get("words_sealed") is not None and row.kind == StepKind.OTHER.value:
            said = unseal(key, row.words_sealed, "step.words_sealed", row.step_id)
        found.append(
            Named(
                id=row.person_id,
                name=unseal(key, row.name_sealed, "candidate.name_sealed", row.person_id),
                position=row.position_title or "",
                at=told.get("at"),
                on_day=told.get("on_day"),
                kind=told.get("kind") or "",
                said=said,
            )
        )
    return found
