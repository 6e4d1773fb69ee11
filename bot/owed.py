"""「我欠候选人的」: what we owe the people of one colleague, the most pressing first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from bot.alerts import duties, policy
from bot.alerts.digest import OwedWords
from bot.offers.pledge import Body, Side
from bot.rulebook import Rulebook
from bot.words import SHANGHAI, fill
from storage.database import Tx
from storage.queries import owed as query
from storage.queries.owed import OwedRow
from storage.vault import Vault
from storage.viewer import Permission, Viewer

#: Alerts that say that somebody waits for an answer of ours.
ASKED = (policy.OVERDUE, policy.HANDOVER, policy.CORRECT, policy.ERASE)
#: Days ahead in which a first day may call for a hello: a nudge moves forward over a holiday.
_AHEAD = 14
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """One thing we owe somebody. ``kind`` is a key of ``owed`` in config/digest.yaml; ``ref`` the
    alert, the card, the offer or the interview it is about."""

    candidate_id: str
    name: str
    position: str
    what: str
    by: datetime | date | None
    overdue: bool
    kind: str
    ref: str = ""


def owed(
    tx: Tx, vault: Vault, rules: Rulebook, viewer: Viewer, *, limit: int = 20, mine: bool = True
) -> tuple[Owed, ...]:
    """What we owe the candidates of a viewer, overdue first, then by the day it is due.

    ``mine``: only cases that are theirs, or of whom they stand in for; else all they may know of. A
    manager is told what they owe themselves, in no word of a chat or an offer.
    """
    found: list[Owed] = []
    if viewer.may(Permission.ALERT_READ):
        found += _answers(tx, vault, rules, viewer, mine=mine, limit=limit)
    if viewer.may(Permission.OFFER_READ):
        found += _agreed(tx, vault, rules, viewer, mine=mine, limit=limit)
    if viewer.may(Permission.CANDIDATE_READ):
        found += _greetings(tx, vault, rules, viewer, mine=mine, limit=limit)
        found += _feedback(tx, vault, rules, viewer, mine=mine, limit=limit)
    return tuple(sorted(found, key=_pressing)[:limit])


def _pressing(one: Owed) -> tuple[bool, datetime, str, str]:
    """Overdue first; what has no day comes last; a day counts from its evening."""
    by = one.by
    if isinstance(by, date) and not isinstance(by, datetime):
        by = datetime(by.year, by.month, by.day, 18, tzinfo=SHANGHAI)
    return not one.overdue, by or datetime.max.replace(tzinfo=UTC), one.candidate_id, one.kind


def _one(row: OwedRow, words: str, kind: str, *, by: datetime | date | None, overdue: bool) -> Owed:
    return Owed(
        candidate_id=row.candidate_id,
        name=row.name,
        position=row.position,
        what=words,
        by=by,
        overdue=overdue,
        kind=kind,
        ref=row.ref,
    )


def _answers(
    tx: Tx, vault: Vault, rules: Rulebook, viewer: Viewer, *, mine: bool, limit: int
) -> Iterator[Owed]:
    """Answers: one line a person, the gravest: our word is broken, or they wait for a person."""
    words = rules.digest.owed
    seen: set[str] = set()
    asked = query.asked(tx, vault, viewer, topics=ASKED, mine=mine, limit=limit)
    for row in sorted(asked, key=lambda row: ASKED.index(row.topic)):
        # An answer that is overdue answers the call for a person, too; the law's limits stand.
        if row.topic == policy.HANDOVER and row.candidate_id in seen:
            continue
        if row.topic in (policy.OVERDUE, policy.HANDOVER):
            seen.add(row.candidate_id)
        late = row.topic == policy.OVERDUE or (row.at is not None and row.at <= tx.now)
        yield _one(row, getattr(words, row.topic), row.topic, by=row.at, overdue=late)
    for row in query.answers(tx, vault, viewer, mine=mine, limit=limit):
        if row.candidate_id not in seen:
            seen.add(row.candidate_id)
            late = row.at is not None and row.at <= tx.now
            yield _one(row, words.answer, "answer", by=row.at, overdue=late)


def _agreed(
    tx: Tx, vault: Vault, rules: Rulebook, viewer: Viewer, *, mine: bool, limit: int
) -> Iterator[Owed]:
    """Offers not sent, points of cards that wait for us, and changes asked for."""
    words, calendar = rules.digest.owed, rules.calendar
    for row in query.drafts(tx, vault, viewer, mine=mine, limit=limit):
        assert row.at is not None
        by = duties.of_offer(rules.policy.duties.offer, row.at, calendar).nudge
        text = fill(words.offer, day=day(row.at))
        yield _one(row, text, "offer", by=by, overdue=by <= tx.now)
    today = tx.now.astimezone(SHANGHAI).date()
    for row in query.cards(tx, vault, viewer, mine=mine):
        for point in Body.model_validate(row.body).open:
            if point.who is Side.COMPANY:
                text = fill(words.pledge, what=point.what)
                yield _one(row, text, "pledge", by=point.by, overdue=point.by < today)
    for row in query.requests(tx, vault, viewer, mine=mine, limit=limit):
        assert row.at is not None
        by = row.at + timedelta(hours=rules.policy.answer_hours)
        text = fill(words.change, what=row.said)
        yield _one(row, text, "change", by=by, overdue=by <= tx.now)


def _greetings(
    tx: Tx, vault: Vault, rules: Rulebook, viewer: Viewer, *, mine: bool, limit: int
) -> Iterator[Owed]:
    clock, calendar = rules.policy.duties.greeting, rules.calendar
    today = tx.now.astimezone(SHANGHAI).date()
    last = today + timedelta(days=clock.nudge_days + _AHEAD)
    rows = query.greetings(
        tx, vault, viewer, first=today, last=last, mine=mine, limit=limit + _AHEAD
    )
    for row in rows:
        assert row.on_day is not None
        at = duties.of_greeting(clock, row.on_day, _LONG_AGO, calendar)
        if at.nudge <= tx.now:
            late = at.alert is not None and at.alert <= tx.now
            text = _whose(rules.digest.owed, "greeting", row, viewer, row.on_day)
            yield _one(row, text, "greeting", by=row.on_day, overdue=late)


def _feedback(
    tx: Tx, vault: Vault, rules: Rulebook, viewer: Viewer, *, mine: bool, limit: int
) -> Iterator[Owed]:
    today = tx.now.astimezone(SHANGHAI).date()
    for row in query.feedback(tx, vault, viewer, mine=mine, limit=limit):
        assert row.at is not None
        held = row.at.astimezone(SHANGHAI).date()
        by = rules.calendar.workday_after(held, 1)
        text = _whose(rules.digest.owed, "feedback", row, viewer, held)
        yield _one(row, text, "feedback", by=by, overdue=by < today)


def _whose(words: OwedWords, kind: str, row: OwedRow, viewer: Viewer, on: date) -> str:
    """The words for something of which it is told who owes it, unless the reader does."""
    other = bool(row.who) and row.who_id != viewer.id
    template: str = getattr(words, f"{kind}_other" if other else kind)
    return fill(template, day=day(on), who=row.who)


def day(at: datetime | date) -> str:
    """A day as people here write it.

    >>> day(date(2026, 11, 30))
    '11月30日'
    """
    on = at.astimezone(SHANGHAI).date() if isinstance(at, datetime) else at
    return f"{on.month}月{on.day}日"
