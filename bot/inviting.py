"""Surveys leave when their moment has come: asked, waited with, reminded of, or given up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot import asking, consenting, saying
from bot.channels.base import why_closed, window_of
from bot.errors import Conflict
from bot.pipeline import Road
from bot.surveys import meaning, stepwise, timing
from bot.surveys.definition import parse
from bot.surveys.shape import Survey
from bot.surveys.timing import UNREACHED, Act, Fate, Seen, Why
from bot.words import fill
from bot.workdays import ZONE
from scheduler.engine import DELIVERY
from storage.database import Tx
from storage.enums import InvitationStatus, ScheduledStatus
from storage.queries import invitations, people, queues, record, scheduled, steps, surveys
from storage.queries.people import CandidateRow
from storage.queries.scheduled import Due
from storage.viewer import SYSTEM

ASK, REMIND = invitations.ASK, invitations.REMIND
#: The first message of a survey is one; a window has to have room for it.
_PARTS = 1
#: What HR reads about, at once: they can do something.
_TOLD = UNREACHED | {Why.CONSENT}
#: Names in the one line about what was not sent.
_NAMED = 8


@dataclass(slots=True)
class Pace:
    """Of one round of the clock: whether this minute's places are taken."""

    full: bool = False


def ask(road: Road, tx: Tx, due: Due, candidate: CandidateRow, pace: Pace) -> ScheduledStatus:
    """The moment of a survey has come. Pending: it waits, for the next round or where it was moved
    to."""
    if pace.full or not invitations.hold(tx, candidate.id):
        return ScheduledStatus.PENDING
    row = invitations.get(tx, str(due.about.get("invitation", "")))
    if row is None or row.status != InvitationStatus.PLANNED:
        return ScheduledStatus.CANCELLED
    talk, unreached = reach(tx, road, candidate.id)
    fate = _fate(road, tx, candidate, row, unreached)
    if fate.act is Act.WAIT:
        assert fate.until is not None
        assert fate.why is not None
        if fate.why in _TOLD:
            _stopped(road, tx, candidate, row, fate.why)
        scheduled.postpone(tx, due, fate.until)
        return ScheduledStatus.PENDING
    if fate.act is Act.SEND:
        return _send(road, tx, candidate, row, talk, pace)
    return _given_up(tx, row.id, fate)


def _fate(road: Road, tx: Tx, candidate: CandidateRow, row: Any, unreached: Why | None) -> Fate:
    talks = invitations.talks(tx, candidate.id)
    seen = Seen(
        survey=parse(surveys.survey(tx, row.survey_id).definition) if row.enabled else None,
        stage=candidate.stage,
        due_on=row.due_on or row.created_at.astimezone(ZONE).date(),
        stopped_by=Why(row.why) if row.why else None,
        muted=any(talk.muted for talk in talks),
        talked_at=max((talk.last_at for talk in talks), default=None),
        another_open=invitations.is_asked(tx, candidate.id),
        asked_at=invitations.asked_at(tx, candidate.id, but=row.id),
        consents=consenting.analysed(tx, road.rulebook, candidate.id),
        unreached=unreached,
    )
    return timing.fate(seen, road.rulebook.timing, road.rulebook.calendar, tx.now)


def reach(tx: Tx, road: Road, candidate_id: str) -> tuple[Any, Why | None]:
    """The conversation somebody can be written to in now, the last they spoke in first; or None,
    with why not even the last would do."""
    first: Why | None = None
    for talk in invitations.talks(tx, candidate_id):
        channel = road.channels.get(talk.channel)
        if channel is None or road.listens(talk.channel, talk.address):
            continue
        why = _closed(tx, talk, window_of(channel.limits, talk.address))
        if why is None:
            return talk, None
        first = first or why
    return None, first or Why.NONE


def _closed(tx: Tx, talk: Any, window: Any) -> Why | None:
    if not talk.reachable:
        return Why.BLOCKED
    if window is None:
        return None
    spoken = queues.spoken(tx, talk.id)
    why = why_closed(window, spoken.last_at, spoken.since, _PARTS, tx.now)
    return Why(why) if why is not None else None


def _send(
    road: Road, tx: Tx, candidate: CandidateRow, row: Any, talk: Any, pace: Pace
) -> ScheduledStatus:
    rules = road.rulebook
    if not invitations.take_place(tx, rules.timing.a_minute):
        pace.full = True
        return ScheduledStatus.PENDING
    try:
        with tx.conn.begin_nested():
            woken = asking.begin(
                tx,
                road.vault,
                rules,
                road.channels,
                invitation_id=row.id,
                talk=talk,
                survey=_worth_asking(road, tx, candidate.id, row),
            )
    except Conflict:  # nothing is left to ask
        return _given_up(tx, row.id, Fate(act=Act.CANCEL, why=Why.NOTHING))
    _plan_reminder(road, tx, candidate.id, row.id, 0)
    road.engine.wake(tx, DELIVERY, sorted(woken))
    return ScheduledStatus.FIRED


def _worth_asking(road: Road, tx: Tx, candidate_id: str, row: Any) -> Survey:
    """What of a survey is asked now: nothing about steps that are closed, or far off."""
    found = steps.kinds(tx, candidate_id)
    return stepwise.narrowed(
        parse(surveys.survey(tx, row.survey_id).definition),
        road.rulebook.meanings,
        due={kind: step.due_on for kind, step in found.open.items()},
        closed=found.closed,
        today=tx.now.astimezone(ZONE).date(),
    )


def _given_up(tx: Tx, invitation_id: str, fate: Fate) -> ScheduledStatus:
    assert fate.why is not None
    if fate.act is Act.CANCEL:
        invitations.give_up(tx, invitation_id, InvitationStatus.CANCELLED, why=fate.why)
        return ScheduledStatus.CANCELLED
    never = InvitationStatus.UNREACHABLE if fate.why in UNREACHED else InvitationStatus.MISSED
    invitations.give_up(tx, invitation_id, never, why=fate.why)
    return ScheduledStatus.MISSED


def _stopped(road: Road, tx: Tx, candidate: CandidateRow, row: Any, why: Why) -> None:
    """Keep why a survey cannot be sent; whoever is responsible is told once, with what to do."""
    rules = road.rulebook.timing
    fallback = rules.fallback_of(row.survey_id) if why in UNREACHED else timing.Fallback.WAIT
    first = not row.fallback
    invitations.stopped(tx, row.id, why=why, fallback=fallback)
    if not first:
        return
    words = fill(
        getattr(rules.told, fallback),
        name=candidate.name,
        title=row.title,
        why=rules.reasons[why].zh,
        link=f"{road.base_url}/console/candidates/{candidate.id}",
    )
    idem = f"stopped:{row.id}"
    channels = road.channels
    woken = saying.tell(tx, road.vault, candidate.owner_id, words, idem=idem, channels=channels)
    road.engine.wake(tx, DELIVERY, sorted(woken))


# --- reminders ----------------------------------------------------------------------------------


def remind(road: Road, tx: Tx, due: Due, candidate: CandidateRow) -> ScheduledStatus:
    """An open survey may be unanswered still: reminded of, or 未答 after the last reminder."""
    if not invitations.hold(tx, candidate.id):
        return ScheduledStatus.PENDING
    row = invitations.get(tx, str(due.about.get("invitation", "")))
    if row is None or row.status != InvitationStatus.OPEN:
        return ScheduledStatus.CANCELLED
    later = _later(road, tx, candidate.id, row)
    if later is not None:
        scheduled.postpone(tx, due, later)
        return ScheduledStatus.PENDING
    if row.reminders >= len(road.rulebook.timing.remind_after):
        _unanswered(road, tx, candidate, row)
        return ScheduledStatus.FIRED
    talk, _ = reach(tx, road, candidate.id)
    if talk is not None:  # else there is nothing to do but to count it
        woken = asking.put_again(
            tx, road.vault, road.rulebook, road.channels, invitation_id=row.id, talk=talk
        )
        road.engine.wake(tx, DELIVERY, sorted(woken))
    invitations.reminded(tx, row.id, row.reminders + 1)
    _plan_reminder(road, tx, candidate.id, row.id, row.reminders + 1)
    return ScheduledStatus.FIRED


def _later(road: Road, tx: Tx, candidate_id: str, row: Any) -> datetime | None:
    """When to look again instead of now: they answered since, or it is no moment to write."""
    rules, calendar = road.rulebook.timing, road.rulebook.calendar
    silent = row.moved_at or row.opened_at or row.created_at
    at = _after(road, silent, rules.remind_on(row.reminders))
    if at.astimezone(ZONE).date() > tx.now.astimezone(ZONE).date():
        return at
    allowed = calendar.next_moment(tx.now)
    if allowed > tx.now:
        return allowed
    talks = invitations.talks(tx, candidate_id)
    if any(talk.muted for talk in talks):
        return calendar.next_moment(tx.now + timedelta(minutes=rules.again_minutes))
    quiet = timedelta(minutes=rules.talk_pause_minutes)
    talked_at = max((talk.last_at for talk in talks), default=None)
    if talked_at is not None and talked_at + quiet > tx.now:
        return calendar.next_moment(talked_at + quiet)
    return None


def _unanswered(road: Road, tx: Tx, candidate: CandidateRow, row: Any) -> None:
    """It ends: a dated fact, and nothing that moves a score."""
    surveys.close(tx, row.id, row.revision, InvitationStatus.UNANSWERED)
    fact = meaning.closed(row.survey_id, meaning.UNANSWERED)
    record.fact(
        tx,
        road.vault.key(tx, candidate.subject_id),
        candidate_id=candidate.id,
        kind=fact.kind,
        value=fact.value,
        source=fact.source,
        said_at=tx.now,
    )


def _plan_reminder(road: Road, tx: Tx, candidate_id: str, invitation_id: str, sent: int) -> None:
    at = _after(road, tx.now, road.rulebook.timing.remind_on(sent))
    invitations.plan_reminder(tx, candidate_id, invitation_id, sent, at)


def _after(road: Road, moment: datetime, workdays: int) -> datetime:
    """The same time of day, so many working days later, where writing is allowed."""
    local, calendar = moment.astimezone(ZONE), road.rulebook.calendar
    day = calendar.workday_after(local.date(), workdays)
    return calendar.next_moment(datetime.combine(day, local.timetz()))


# --- what was never asked -----------------------------------------------------------------------


async def report(road: Road) -> int:
    """Tell whoever is responsible, in one line each, what was never asked; how many it was."""

    def work(tx: Tx) -> int:
        if road.rulebook.calendar.next_moment(tx.now) > tx.now:
            return 0  # in the morning, together
        rows = invitations.missed(tx)
        found = people.among(tx, road.vault, SYSTEM, ids={row.candidate_id for row in rows})
        candidates = {one.id: one for one in found}
        lines: dict[str | None, list[Any]] = {}
        for row in rows:
            one = candidates.get(row.candidate_id)
            if one is not None:
                lines.setdefault(one.owner_id, []).append((row, one))
        woken: set[str] = set()
        for owner, some in lines.items():
            woken |= _tell_missed(road, tx, owner, some)
        invitations.told(tx, [row.id for row in rows])
        road.engine.wake(tx, DELIVERY, sorted(woken))
        return len(rows)

    return await road.database.write(work)


def _tell_missed(road: Road, tx: Tx, owner: str | None, some: list[Any]) -> set[str]:
    names = "、".join(f"{one.name}《{row.title}》" for row, one in some[:_NAMED])
    words = fill(
        road.rulebook.timing.told.missed,
        count=str(len(some)),
        names=names + ("等" if len(some) > _NAMED else ""),
    )
    idem = f"missed:{some[0][0].id}"
    return saying.tell(tx, road.vault, owner, words, idem=idem, channels=road.channels)
