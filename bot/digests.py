"""Daily and weekly digests: one message for one colleague, in their own chat, once.

What a colleague's digest of a day is called is claimed in the transaction that sends it, so it
leaves once whoever's clock ticks. A day that is over is told by the next one, never after it.
"""

from __future__ import annotations

import asyncio
import statistics
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Protocol

from bot import owed as owing
from bot import saying
from bot.alerts import digest
from bot.alerts.digest import AlertLine, Hours, Section
from bot.owed import Owed
from bot.pipeline import Road
from bot.words import SHANGHAI, fill, step_name
from nlp.scheme import Severity
from scheduler.engine import DELIVERY
from storage.database import Tx
from storage.enums import Author, Role, StepKind
from storage.queries import digests, outbox, scheduled, standings
from storage.queries.digests import Named, Reader
from storage.viewer import Viewer

DAILY, WEEKLY = "digest.daily", "digest.weekly"
_HR, _ALL = (Role.HR, Role.HR_ADMIN), (Role.HR, Role.HR_ADMIN, Role.MANAGER)
#: What is looked up of each kind, to be counted; far less is told.
_COUNTED = 200
_GRAVEST = 12
_WEEK = timedelta(days=7)
#: How long it is known whose turn of the clock something was.
_REMEMBERED = timedelta(days=400)
#: Days ahead that a weekly digest looks for people who begin.
_AHEAD = timedelta(days=13)

Told = Callable[[Road, Tx, Reader, date], str]


class Once(Protocol):
    """The clock, as far as digests need it."""

    async def cron(self, name: str, slot: str, work: Callable[[Tx], None]) -> bool:
        """Do ``work`` once per slot over all processes; whether it was us."""


async def send(road: Road, clock: Once) -> int:
    """Send the digests that are due; to how many colleagues. One that fails is tried again at the
    next tick and keeps nobody else's."""
    words, calendar, now = road.rulebook.digest, road.rulebook.calendar, road.now()
    sent = 0
    if (day := digest.day_of(words.daily, calendar, now)) is not None:
        sent += await _each(road, clock, DAILY, day, words.daily, _HR, daily)
    if (monday := digest.week_of(words.weekly, calendar, now)) is not None:
        sent += await _each(road, clock, WEEKLY, monday, words.weekly, _ALL, weekly)
    if sent:
        today = now.astimezone(SHANGHAI).date().isoformat()
        await clock.cron("digest.forgotten", today, _forget)
    return sent


def _forget(tx: Tx) -> None:
    """Whose digest of a day long ago was sent is nobody's question any more."""
    scheduled.forget_slots(tx, older_than=_REMEMBERED)


async def _each(
    road: Road,
    clock: Once,
    name: str,
    day: date,
    hours: Hours,
    roles: Sequence[Role],
    told: Told,
) -> int:
    began = datetime.combine(road.now().astimezone(SHANGHAI).date(), hours.at, SHANGHAI)

    def look(tx: Tx) -> tuple[Mapping[str, str], list[Reader]]:
        slots = digests.named_slots(tx, roles, day)
        return slots, digests.readers(
            tx, name=name, slots=slots, roles=roles, over=road.channels, tied_by=began
        )

    slots, found = await road.database.read(look)
    claims = [
        clock.cron(name, slot := slots[one.viewer.id], partial(_say, road, one, name, slot, told))
        for one in found
    ]
    results = await asyncio.gather(*claims, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return sum(result is True for result in results)


def _say(road: Road, to: Reader, name: str, slot: str, told: Told, tx: Tx) -> None:
    """What there is to tell, as a message in somebody's chat; nothing when there is nothing."""
    text = told(road, tx, to, tx.now.astimezone(SHANGHAI).date())
    if not text:
        return
    key = road.vault.key(tx, to.talk.subject_id)
    sends = saying.said_by_us(tx, key, to.talk, idem=f"{name}:{slot}", text=text, author=Author.BOT)
    road.engine.wake(tx, DELIVERY, sorted(outbox.enqueue(tx, sends)))


# --- every working day ---------------------------------------------------------------------------


def daily(road: Road, tx: Tx, to: Reader, today: date) -> str:
    """What waits for an HR colleague this morning."""
    words, viewer, vault = road.rulebook.digest, to.viewer, road.vault
    owed = owing.owed(tx, vault, road.rulebook, viewer, limit=_COUNTED)
    late = [one for one in owed if one.overdue]
    alerts = _alerts(road, tx, viewer)
    sections = [
        *alerts,
        *_late(road, tx, late),
        *_today(road, tx, viewer, today),
        *_waiting(road, tx, viewer, today),
    ]
    page = "alerts?show=mine" if alerts or not late else "owed"
    title = fill(words.titles["daily"], day=_named(today), name=viewer.name)
    return digest.drawn(words, title, sections, link=f"{road.base_url}/console/{page}")


def _alerts(road: Road, tx: Tx, viewer: Viewer) -> list[Section]:
    rules, words = road.rulebook, road.rulebook.digest
    waiting = digests.waiting(tx, road.vault, viewer, limit=_GRAVEST)
    total = sum(waiting.severities.values())
    if not total:
        return []
    names = rules.policy.severities
    counts = {names[one]: waiting.severities.get(one, 0) for one in _BY_WEIGHT}
    items = [
        digest.alert_line(
            words,
            AlertLine(
                severity=Severity(row.severity),
                topic=row.topic,
                name=row.candidate_name,
                quote=row.quote,
                due_at=row.due_at,
            ),
            severity=names[Severity(row.severity)],
            topic=rules.policy.names.get(row.topic, row.topic),
            now=tx.now,
        )
        for row in waiting.gravest
    ]
    head = fill(words.sections.alerts, count=str(total), detail=_counted(words, counts))
    return [
        Section(head=head, items=items, more=total - len(items)),
        *_untold(road, tx, viewer, waiting.topics),
    ]


def _untold(road: Road, tx: Tx, viewer: Viewer, topics: Mapping[str, int]) -> list[Section]:
    """Of the open alerts: of which no card came, and kinds that come by the digest alone."""
    words, names = road.rulebook.digest, road.rulebook.policy.names
    found: list[Section] = []
    if folded := digests.folded(tx, viewer.id):
        why: Counter[str] = Counter()
        for code, number in folded.items():
            why[words.folded_why.get(code, words.folded_why["other"])] += number
        total = str(sum(folded.values()))
        head = fill(words.sections.folded, count=total, detail=_counted(words, why))
        found.append(Section(head=head))
    if down := standings.demoted(tx) & set(topics):
        kinds = {names.get(one, one): topics[one] for one in sorted(down)}
        head = fill(words.sections.demoted, detail=_counted(words, kinds))
        found.append(Section(head=head))
    return found


_BY_WEIGHT = (Severity.NOW, Severity.TODAY, Severity.DIGEST)


def _late(road: Road, tx: Tx, late: Sequence[Owed]) -> list[Section]:
    if not late:
        return []
    words = road.rulebook.digest
    head = fill(words.sections.overdue, count=str(len(late)))
    return [Section(head=head, items=[_owed_item(road, one, tx.now) for one in late])]


def _today(road: Road, tx: Tx, viewer: Viewer, today: date) -> list[Section]:
    """Who begins, who is talked with, and what candidates are to do today."""
    rules, sections = road.rulebook, road.rulebook.digest.sections
    vault = road.vault
    begins = datetime.combine(today, datetime.min.time(), SHANGHAI)
    first = digest.since(rules.calendar, today)
    return [
        *_inline(
            road,
            sections.starts_today,
            digests.starts(tx, vault, viewer, first=today, last=today),
            lambda one: one.position,
        ),
        *_inline(
            road,
            sections.interviews,
            digests.interviews(tx, vault, viewer, first=begins, last=begins + timedelta(days=1)),
            lambda one: f"{one.at.astimezone(SHANGHAI):%H:%M}" if one.at else "",
        ),
        *_inline(
            road,
            sections.steps,
            digests.due_steps(tx, vault, viewer, first=first, last=today),
            lambda one: step_name(rules.replies, StepKind(one.kind), one.said),
        ),
    ]


def _waiting(road: Road, tx: Tx, viewer: Viewer, today: date) -> list[Section]:
    """Who is silent, and what could not be asked."""
    sections, vault = road.rulebook.digest.sections, road.vault
    first = digest.since(road.rulebook.calendar, today)
    since = datetime.combine(first, datetime.min.time(), SHANGHAI)
    silent = digests.silent(tx, vault, viewer)
    unsent = digests.unsent(tx, vault, viewer, since=since)
    return [
        *_inline(road, sections.silent, silent, lambda one: one.position),
        *_inline(road, sections.unsent, unsent, lambda one: f"《{one.said}》"),
    ]


# --- once a week ---------------------------------------------------------------------------------


def weekly(road: Road, tx: Tx, to: Reader, today: date) -> str:
    """The week of a colleague: what we owe, who begins; of HR also how it went."""
    words, viewer = road.rulebook.digest, to.viewer
    manager = viewer.role is Role.MANAGER
    sections = [*_owed(road, tx, viewer), *_starts(road, tx, viewer, today)]
    if not manager:
        sections += _record(road, tx, viewer, today)
    title = fill(
        words.titles["manager" if manager else "weekly"], day=_named(today), name=viewer.name
    )
    return digest.drawn(words, title, sections, link=f"{road.base_url}/console/owed")


def _owed(road: Road, tx: Tx, viewer: Viewer) -> list[Section]:
    found = owing.owed(tx, road.vault, road.rulebook, viewer, limit=_COUNTED)
    if not found:
        return []
    late = sum(one.overdue for one in found)
    head = fill(road.rulebook.digest.sections.owed, count=str(len(found)), late=str(late))
    items = [_owed_item(road, one, tx.now) for one in found]
    return [Section(head=head, items=items)]


def _starts(road: Road, tx: Tx, viewer: Viewer, today: date) -> list[Section]:
    """Who begins within two weeks: of a manager's positions, of HR's own cases."""
    words = road.rulebook.digest
    found = digests.starts(
        tx,
        road.vault,
        viewer,
        first=today,
        last=today + _AHEAD,
        mine=viewer.role is not Role.MANAGER,
    )
    if not found:
        return []
    items = [
        fill(
            words.sections.start,
            day=_named(one.on_day or today),
            name=digest.short(one.name, words.room.name),
            position=_beside(road, one.position),
        )
        for one in found
    ]
    return [Section(head=fill(words.sections.starts, count=_number(found)), items=items)]


def _record(road: Road, tx: Tx, viewer: Viewer, today: date) -> list[Section]:
    """How good alerts were, what came without one, and how soon this colleague answered."""
    rules, words = road.rulebook, road.rulebook.digest
    sections, names = words.sections, rules.policy.names
    made: list[Section] = []
    rates = [one for one in standings.rates(tx) if one.judged >= standings.ENOUGH]
    if rates:
        items = [
            fill(
                sections.rate,
                topic=names.get(one.topic, one.topic),
                rate=f"{100 * one.hits / one.judged:.0f}",
                low=f"{100 * one.low:.0f}",
                high=f"{100 * one.high:.0f}",
                hits=str(one.hits),
                judged=str(one.judged),
            )
            for one in sorted(rates, key=lambda one: (one.hits / one.judged, one.topic))
        ]
        made.append(Section(head=sections.rates, items=items))
    if down := sorted(standings.demoted(tx)):
        detail = "、".join(names.get(one, one) for one in down)
        made.append(Section(head=fill(sections.demoted, detail=detail)))
    until = datetime.combine(today - timedelta(days=today.weekday()), datetime.min.time(), SHANGHAI)
    span = {"since": until - _WEEK, "until": until}
    lost = standings.missed(tx, viewer, **span)
    if lost.withdrawals:
        counts = {"withdrawals": str(lost.withdrawals), "silent": str(lost.silent)}
        made.append(Section(head=fill(sections.missed, **counts)))
    if times := digests.answer_times(tx, viewer, **span):
        median = digest.lasted(words, statistics.median(times))
        told = fill(sections.answered, time=median, count=str(len(times)))
        made.append(Section(head=told))
    return made


# --- words ---------------------------------------------------------------------------------------


def _owed_item(road: Road, one: Owed, now: datetime) -> str:
    """Something owed on one line, with its day."""
    words = road.rulebook.digest
    by = ""
    if one.overdue:
        by = words.sections.owed_late
    elif one.by is not None:
        by = fill(words.sections.owed_by, day=digest.when(one.by, now))
    return fill(
        words.sections.owed_item,
        name=digest.short(one.name, words.room.name),
        what=digest.short(one.what, words.room.words + words.room.name),
        by=by,
    )


def _inline(
    road: Road, head: str, found: Sequence[Named], what: Callable[[Named], str]
) -> list[Section]:
    """People behind a head, each with what it is about."""
    if not found:
        return []
    words = road.rulebook.digest
    items = [
        fill(
            words.sections.person,
            name=digest.short(one.name, words.room.name),
            what=_beside(road, what(one)),
        )
        for one in found
    ]
    return [Section(head=fill(head, count=_number(found)), items=items, inline=True)]


def _beside(road: Road, what: str) -> str:
    if not what:
        return ""
    flat = digest.short(what, road.rulebook.digest.room.name + 4)
    return flat if flat.startswith("《") else f"（{flat}）"


def _number(found: Sequence[Named]) -> str:
    """How many; of very many, at least so many."""
    return f"{digests.MOST}+" if len(found) == digests.MOST else str(len(found))


def _counted(words: digest.DigestWords, counts: Mapping[str, int]) -> str:
    return " · ".join(
        fill(words.sections.counted, what=what, count=str(count))
        for what, count in counts.items()
        if count
    )


def _named(day: date) -> str:
    return owing.day(day)
