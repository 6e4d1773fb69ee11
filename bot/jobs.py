"""Everything timed, by name. ``config/schedule.yaml`` says how often; a test holds them together.

A planned moment is a message too: it is looked at, decided and recorded in the transaction that
claimed it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from bot import attachments, inviting, judging, owing, pipeline, records
from bot.alerts import policy
from bot.appraisal import appraise
from bot.channels.base import Pulls
from bot.conversation.flows import erasing
from bot.pipeline import Road
from bot.risk import engine as risk
from bot.standing import factors_seen
from bot.turn import Outcome, RaiseAlert
from nlp.scheme import Severity
from scheduler.clock import Fire
from scheduler.engine import DELIVERY, FETCH, PULL
from storage.database import Tx
from storage.enums import ENDED, ScheduledStatus
from storage.errors import NotFound
from storage.queries import appraisal, media, people, queues, record, timeline, turns
from storage.queries.people import CandidateRow
from storage.queries.scheduled import Due
from storage.viewer import SYSTEM

#: Names of config/schedule.yaml.
TICKS = (
    "fire",
    "sweep",
    "rescore",
    "reappraise",
    "pull",
    "fetch",
    "compare",
    "report",
    "owe",
    "notice",
    "judge",
    "digest",
    "cover",
)
#: People that are looked up together.
_RESCORED = _APPRAISED = 500
#: Planned moments that come whatever the stage: the law does not ask how far it went.
_RIGHTS = frozenset({erasing.DUE})


def fire(road: Road) -> Fire:
    """What happens at a planned moment, by its kind."""
    kinds: Mapping[str, Callable[[Road, Tx, Due, CandidateRow], RaiseAlert | None]] = {
        "answer_due": answer_due,
        "deadline": deadline,
        erasing.DUE: erase_due,
        **dict.fromkeys(owing.LATE, owing.late),
    }
    pace = inviting.Pace()

    def fired(tx: Tx, due: Due) -> ScheduledStatus:
        try:
            candidate = people.get_candidate(tx, road.vault, SYSTEM, due.person_id)
        except NotFound:
            return ScheduledStatus.CANCELLED
        if candidate.stage in ENDED and due.kind not in _RIGHTS:
            return ScheduledStatus.CANCELLED
        if due.kind == inviting.ASK:
            return inviting.ask(road, tx, due, candidate, pace)
        if due.kind == inviting.REMIND:
            return inviting.remind(road, tx, due, candidate)
        if due.kind in owing.NUDGES:
            return owing.nudge(road, tx, due, candidate)
        alert = kinds[due.kind](road, tx, due, candidate)
        if alert is None:
            return ScheduledStatus.CANCELLED
        turns.touch(tx, candidate.id, candidate.version)
        channels = records.about_candidate(
            tx,
            road.vault.key(tx, candidate.subject_id),
            vault=road.vault,
            rules=road.rulebook,
            candidate_id=candidate.id,
            conversation_id=due.about.get("conversation"),
            source=f"sched:{due.id}",
            said_at=tx.now,
            outcome=Outcome(flow=due.kind, alerts=(alert,)),
            channels=road.channels,
        )
        channels |= pipeline.ring(road, tx, [alert])
        road.engine.wake(tx, DELIVERY, sorted(channels))
        return ScheduledStatus.FIRED

    return fired


def answer_due(road: Road, tx: Tx, due: Due, candidate: CandidateRow) -> RaiseAlert | None:
    """We said we would answer by now. HR's reply cancels the plan, so nobody has."""
    words = _words(road, tx, due.about)
    return policy.own(road.rulebook.policy, policy.OVERDUE, words, Severity.NOW, tx.now)


def deadline(road: Road, tx: Tx, due: Due, candidate: CandidateRow) -> RaiseAlert | None:
    """The candidate named this evening for an answer. Their next message cancels the plan."""
    words = _words(road, tx, due.about)
    return policy.own(road.rulebook.policy, policy.DEADLINE, words, Severity.TODAY, tx.now)


def erase_due(road: Road, tx: Tx, due: Due, candidate: CandidateRow) -> RaiseAlert | None:
    """They are still here, and the limit for erasing them is near. No reply of ours ends that."""
    words = _words(road, tx, due.about)
    return policy.own(road.rulebook.policy, policy.ERASE, words, Severity.NOW, tx.now)


def _words(road: Road, tx: Tx, about: Mapping[str, Any]) -> str:
    """The sentence the moment was planned for."""
    found = timeline.by_uid(tx, str(about.get("uid", "")))
    return timeline.text_of(tx, road.vault, found)[:200] if found is not None else ""


async def pull(road: Road) -> int:
    """Wake every queue that is pulled: callbacks are hints, and hints get lost."""

    def work(tx: Tx) -> int:
        known = set(queues.accounts(tx))
        pulled = {name: one for name, one in road.channels.items() if isinstance(one, Pulls)}
        for name, channel in pulled.items():
            known.update((name, account) for account in channel.accounts())
        keys = sorted(f"{name}:{account}" for name, account in known if name in pulled)
        road.engine.wake(tx, PULL, keys)
        return len(keys)

    return await road.database.write(work)


async def fetch(road: Road) -> int:
    """Wake what is still to be fetched from its platform, should its wake-up be lost."""

    def work(tx: Tx) -> int:
        # Younger ones are still tried by the engine, or are being uploaded right now.
        waiting = media.unfetched(tx, before=tx.now - attachments.YOUNG, limit=200)
        road.engine.wake(tx, FETCH, waiting)
        return len(waiting)

    return await road.database.write(work)


async def judge(road: Road) -> int:
    """Look at every kind's record, and tell the admins what changed, in hours of work; how many
    changed now."""
    changed = await road.database.write(lambda tx: judging.settle(tx, road.vault, road.rulebook))

    def tell(tx: Tx) -> None:
        if road.rulebook.calendar.next_moment(tx.now) <= tx.now:
            channels = judging.tell(
                tx, road.vault, road.rulebook, base_url=road.base_url, channels=road.channels
            )
            road.engine.wake(tx, DELIVERY, sorted(channels))

    # A commit of its own: what is said to somebody waits for their turn, which may hold a kind.
    await road.database.write(tell)
    return len(changed)


async def rescore(road: Road) -> int:
    """Let risk fade where lists are ordered by it; the number of scores that moved."""
    moved = 0
    after: str | None = None
    while True:
        changed, after = await road.database.write(partial(_rescore, after))
        moved += changed
        if after is None:
            return moved


def _rescore(after: str | None, tx: Tx) -> tuple[int, str | None]:
    found = people.scored(tx, after=after, limit=_RESCORED)
    moved = 0
    for row in found:
        value = risk.score(factors_seen(tx, row.id), tx.now)
        if value != row.score:
            record.score(tx, row.id, value, str(risk.level(value)))
            moved += 1
    return moved, found[-1].id if len(found) == _RESCORED else None


async def reappraise(road: Road) -> int:
    """Look again at everybody with whom it has not ended; how many there are.

    Some rules begin by time alone: a step whose day has passed, a question that nobody answers.
    """
    done, after = 0, ""
    while True:
        page = partial(appraisal.going_on, after=after, limit=_APPRAISED)
        found = await road.database.read(page)
        for candidate_id in found:  # one by one: nobody waits for the others
            done += await road.database.write(partial(_reappraise, road, candidate_id))
        if len(found) < _APPRAISED:
            return done
        after = found[-1]


def _reappraise(road: Road, candidate_id: str, tx: Tx) -> bool:
    try:
        appraise(tx, road.vault, road.rulebook, candidate_id)
    except NotFound:  # erased or merged since the page was read
        return False
    return True
