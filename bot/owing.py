"""The employer's clocks: what we owe is planned, the one who owes it is nudged, HR is alarmed.

``plan`` finds what has no moments yet; the moments themselves are rows that fire once, whoever's
clock ticks, and look again before they say anything: what was done meanwhile says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from bot import saying
from bot.alerts import duties, policy
from bot.alerts.duties import Moments
from bot.pipeline import Road
from bot.turn import RaiseAlert
from bot.words import SHANGHAI, fill, moment
from nlp.scheme import Severity
from scheduler.engine import DELIVERY
from storage.database import Tx
from storage.enums import Author, Duty, ScheduledStatus, Stage
from storage.queries import alerts, covering, interviews, outbox, scheduled
from storage.queries import duties as owed
from storage.queries.duties import Unplanned
from storage.queries.people import CandidateRow
from storage.queries.scheduled import Due

Choices = tuple[tuple[str, str], ...]
_AT_ONCE = 500
#: Days a nudge may move forward over a holiday, so a first day is seen that much earlier.
LOOKS_AHEAD = 14
#: An interview that was noted later than this after it is nobody's concern any more.
LOOKS_BACK = timedelta(days=14)
NUDGES: Mapping[str, Duty] = {owed.nudge_of(duty): duty for duty in Duty}
LATE: Mapping[str, Duty] = {owed.late_of(duty): duty for duty in Duty}


async def plan(road: Road) -> int:
    """Plan the moments of whatever has none; how many things that were."""

    def work(tx: Tx) -> int:
        rules, calendar = road.rulebook.policy.duties, road.rulebook.calendar
        today = tx.now.astimezone(SHANGHAI).date()
        until = today + timedelta(days=rules.greeting.nudge_days + LOOKS_AHEAD)
        waiting = owed.drafts(tx, limit=_AT_ONCE)
        for one in waiting:
            assert one.since is not None
            _planned(tx, Duty.OFFER, one, duties.of_offer(rules.offer, one.since, calendar))
        coming = owed.starting(tx, today=today, until=until, limit=_AT_ONCE)
        for one in coming:
            assert one.on_day is not None
            at = duties.of_greeting(rules.greeting, one.on_day, tx.now, calendar)
            _planned(tx, Duty.GREETING, one, at)
        held = interviews.unplanned(tx, since=tx.now - LOOKS_BACK, limit=_AT_ONCE)
        for one in held:
            assert one.since is not None
            at = duties.of_feedback(rules.feedback, one.since, tx.now, calendar)
            _planned(tx, Duty.FEEDBACK, one, at)
        return len(waiting) + len(coming) + len(held)

    return await road.database.write(work)


def _planned(tx: Tx, duty: Duty, one: Unplanned, at: Moments) -> None:
    moments = {owed.nudge_of(duty): at.nudge, owed.late_of(duty): at.alert}
    for kind, when in moments.items():
        if when is not None:
            scheduled.plan_at(
                tx, kind=kind, person_id=one.candidate_id, anchor=one.ref, at=when,
                about={"ref": one.ref},
            )  # fmt: skip


def nudge(road: Road, tx: Tx, due: Due, candidate: CandidateRow) -> ScheduledStatus:
    """Remind whoever owes it, in their own chat; nobody, where it is done or void."""
    duty, ref = NUDGES[due.kind], str(due.about["ref"])
    if not _stands(road, tx, duty, candidate, ref):
        return ScheduledStatus.CANCELLED
    words = {
        "name": candidate.name,
        "position": candidate.position_title or "—",
        "day": ref,
        "link": f"{road.base_url}/console/candidates/{candidate.id}",
    }
    idem = f"duty:{due.id}"
    if duty is Duty.OFFER:
        text = fill(road.rulebook.replies.duty_offer, **words)
        woken = _said(road, tx, _responsible(road, tx, candidate), text, idem)
    elif duty is Duty.FEEDBACK:
        woken = _ask_what_they_thought(road, tx, candidate, ref, words, idem)
    else:
        woken = _ask_to_greet(road, tx, candidate, date.fromisoformat(ref), words, idem)
    road.engine.wake(tx, DELIVERY, sorted(woken))
    return ScheduledStatus.FIRED


def _ask_to_greet(
    road: Road, tx: Tx, candidate: CandidateRow, day: date, words: dict[str, str], idem: str
) -> set[str]:
    """Ask the manager, who has a button to say that it is done; HR where they have no chat."""
    replies = road.rulebook.replies
    manager = owed.manager_of(tx, candidate.position_id)
    talk = alerts.reached(tx, manager, road.channels) if manager is not None else None
    talks = [talk] if talk is not None else _responsible(road, tx, candidate)
    text = fill(replies.duty_greeting if talk is not None else replies.duty_greeting_hr, **words)
    choices = ((replies.duty_done, duties.action(candidate.id, day)),)
    return _said(road, tx, talks, text, idem, choices)


def _ask_what_they_thought(
    road: Road, tx: Tx, candidate: CandidateRow, ref: str, words: dict[str, str], idem: str
) -> set[str]:
    """Ask whoever held the interview, else the position's manager, else HR: one press is enough."""
    replies, held = road.rulebook.replies, interviews.waits(tx, candidate.id, ref)
    manager = owed.manager_of(tx, candidate.position_id)
    asked = [one for one in (held.interviewer_id, manager) if one is not None]
    reached = [alerts.reached(tx, one, road.channels) for one in asked]
    talk = next((one for one in reached if one is not None), None)
    words |= {
        "day": moment(held.at),
        "what": fill(replies.feedback_choices["number"], what=str(held.number)),
    }
    text = fill(replies.feedback_asks if talk is not None else replies.feedback_asks_hr, **words)
    choices = tuple(
        (replies.feedback_choices[one], duties.tells(ref, one))
        for one in ("yes", "unsure", "no", "other")
    )
    talks = [talk] if talk is not None else _responsible(road, tx, candidate)
    return _said(road, tx, talks, text, idem, choices)


def _responsible(road: Road, tx: Tx, candidate: CandidateRow) -> list[Any]:
    """The chats of whose case it is; of who stands in, where they are away."""
    told = [
        alerts.reached(tx, one.user_id, road.channels) for one in covering.first(tx, candidate.id)
    ]
    return [one for one in told if one is not None]


def _said(
    road: Road, tx: Tx, talks: list[Any], text: str, idem: str, choices: Choices = ()
) -> set[str]:
    sends = []
    for one in talks:
        key = road.vault.key(tx, one.subject_id)
        sends += saying.said_by_us(
            tx, key, one, idem=f"{idem}:{one.id}", text=text, author=Author.BOT, choices=choices
        )
    return outbox.enqueue(tx, sends)


def late(road: Road, tx: Tx, due: Due, candidate: CandidateRow) -> RaiseAlert | None:
    """The nudge did not help: HR has to look. None where it is done or void."""
    duty, ref = LATE[due.kind], str(due.about["ref"])
    if not _stands(road, tx, duty, candidate, ref):
        return None
    rules = road.rulebook.policy
    day = moment(interviews.waits(tx, candidate.id, ref).at) if duty is Duty.FEEDBACK else ref
    words = rules.duty_quotes[duty].format(day=day, position=candidate.position_title or "—")
    return policy.own(rules, duties.topic(duty), words, Severity.TODAY, tx.now)


def _stands(road: Road, tx: Tx, duty: Duty, candidate: CandidateRow, ref: str) -> bool:
    """Whether it is still owed: the offer is a draft, the first day is that day and unmet."""
    if duty is Duty.OFFER:
        return owed.offer_waits(tx, candidate.id, ref)
    if duty is Duty.FEEDBACK:
        return interviews.waits(tx, candidate.id, ref) is not None
    if candidate.stage is not Stage.ACCEPTED or candidate.start_on is None:
        return False
    key = road.vault.key(tx, candidate.subject_id)
    same = candidate.start_on.isoformat() == ref
    return same and not owed.is_done(tx, key, candidate.id, duty, ref)
