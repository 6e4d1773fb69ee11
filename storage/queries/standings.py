"""The alerts' own record: how good each kind was by people's verdicts, which kinds went into the
digest for it, and which withdrawals came without any alert."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Any

import sqlalchemy as sa

from storage.database import Tx
from storage.enums import Review, Stage, Verdict
from storage.queries.common import chunks, insert_new, table, update
from storage.queries.scope import CANDIDATE, visible
from storage.shares import wilson
from storage.tables import Alert, AlertAction, Ending, KindStanding, Message, Reading, User
from storage.viewer import Viewer

#: Verdicts of a kind that count, the last ones.
OVER = 30
#: The rate of fewer judged alerts says nothing to people.
ENOUGH = 5
#: How a case ends where a person turned us down: before the yes, or after it.
WITHDRAWN = (Stage.DECLINED.value, Stage.RENEGED.value)
ACTION, ALERT, STANDING = table(AlertAction), table(Alert), table(KindStanding)
ENDING = table(Ending)
_SHANGHAI = timezone(timedelta(hours=8))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How many of a kind's last judged alerts were none of ours in vain, with its 95 % interval.

    ``demoted_at``: since when it goes into the digest. ``by``: the name of the admin who changed
    its standing last by hand; empty: the program did, or nobody yet.
    """

    topic: str
    hits: int
    judged: int
    low: float
    high: float
    demoted_at: datetime | None = None
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """Withdrawals, and how many of them came without any alert."""

    withdrawals: int
    silent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A kind whose way of being told changed, by what record."""

    topic: str
    demoted: bool
    hits: int
    judged: int
    at: datetime


def demoted(tx: Tx) -> frozenset[str]:
    """Topics that go into the digest for their record."""
    rows = tx.all(sa.select(STANDING.c.topic).where(STANDING.c.demoted_at.is_not(None)))
    return frozenset(row.topic for row in rows)


def rates(tx: Tx, *, over: int = OVER) -> tuple[Rate, ...]:
    """Every kind that was judged or whose standing changed, by its last ``over`` judged alerts."""
    by = table(User)
    standings = {
        row.topic: row
        for row in tx.all(
            sa.select(STANDING, by.c.name.label("by_name")).outerjoin(by, by.c.id == STANDING.c.by)
        )
    }
    known = [row.topic for row in tx.all(sa.select(ALERT.c.topic).distinct())]
    made = []
    for topic in sorted({*known, *standings}):
        row = standings.get(topic)
        hits, judged = _count(tx, topic, over, row.since if row else None)
        if not judged and (row is None or (row.demoted_at is None and row.by is None)):
            continue
        low, high = wilson(hits, judged)
        made.append(
            Rate(
                topic=topic,
                hits=hits,
                judged=judged,
                low=low,
                high=high,
                demoted_at=row.demoted_at if row else None,
                by=(row.by_name or "") if row else "",
            )
        )
    return tuple(made)


def _count(tx: Tx, topic: str, over: int, since: datetime | None) -> tuple[int, int]:
    """Of a kind's last judged alerts: how many were no false alarms, and how many there are.

    An alert is judged once for every message it quoted, by the last word on whether it was right;
    that somebody handled it counts where nobody said more. Alerts that a person of ours raised say
    nothing of the reader, and nor does what is older than the kind's new beginning (``since``).
    """
    message, reading, other = table(Message), table(Reading), ACTION.alias("other")
    by_hand = (
        sa.select(message.c.uid)
        .join(reading, reading.c.message_id == message.c.id)
        .where(message.c.uid == ACTION.c.source, reading.c.review == Review.FOLLOW_UP.value)
        .exists()
    )
    begun = sa.true() if since is None else ACTION.c.at > since
    handled, handles = (one.c.verdict == Verdict.HANDLED.value for one in (ACTION, other))
    newer = sa.tuple_(other.c.at, other.c.id) > sa.tuple_(ACTION.c.at, ACTION.c.id)
    # Newest first and a look at each one's neighbours: nobody sorts all that was ever said.
    outranked = (
        sa.select(other.c.id)
        .where(
            other.c.alert_id == ACTION.c.alert_id,
            other.c.source.is_not_distinct_from(ACTION.c.source),
            sa.true() if since is None else other.c.at > since,
            sa.or_(sa.and_(~handles, sa.or_(handled, newer)), sa.and_(handles, handled, newer)),
        )
        .exists()
    )
    rows = tx.all(
        sa.select(ACTION.c.verdict)
        .join(ALERT, ALERT.c.id == ACTION.c.alert_id)
        .where(ALERT.c.topic == topic, begun, ~outranked, ~by_hand)
        .order_by(ACTION.c.at.desc(), ACTION.c.id.desc())
        .limit(over)
    )
    hits = sum(row.verdict != Verdict.FALSE_ALARM.value for row in rows)
    return hits, len(rows)


def topics(tx: Tx, alert_ids: Collection[str]) -> frozenset[str]:
    """What several alerts are about."""
    rows = tx.all(sa.select(ALERT.c.topic).where(ALERT.c.id.in_(alert_ids)))
    return frozenset(row.topic for row in rows)


def changed(tx: Tx, *, since: datetime) -> list[Any]:
    """Standings that changed since a moment, with ``by_name``, the first first."""
    by = table(User)
    return tx.all(
        sa.select(STANDING, sa.func.coalesce(by.c.name, "").label("by_name"))
        .outerjoin(by, by.c.id == STANDING.c.by)
        .where(STANDING.c.judged > 0, STANDING.c.changed_at >= since)
        .order_by(STANDING.c.changed_at, STANDING.c.topic)
    )


def judge(tx: Tx, topic: str, *, below: float, over: int, back_at: float) -> Changed | None:
    """Let a kind's record decide on how it is told; None: nothing changes.

    It is demoted when fewer than ``below`` of its last ``over`` judged alerts hit, and comes back
    when at least ``back_at`` of them do. The standing is locked first: of two verdicts at once the
    second counts both.
    """
    row = _hold(tx, topic)
    hits, judged = _count(tx, topic, over, row.since)
    if judged < over:
        return None
    share, down = hits / judged, row.demoted_at is not None
    if down and share >= back_at:
        return _change(tx, topic, False, hits, judged, by=None)
    if not down and share < below:
        return _change(tx, topic, True, hits, judged, by=None)
    return None


def restore(tx: Tx, topic: str, *, over: int = OVER, user_id: str) -> Changed | None:
    """Let a demoted kind be told at once again, by hand: its verdicts begin anew. None: it is
    told at once already."""
    row = _hold(tx, topic)
    if row.demoted_at is None:
        return None
    hits, judged = _count(tx, topic, over, row.since)
    changed = _change(tx, topic, False, hits, judged, by=user_id)
    update(tx, KindStanding, STANDING.c.topic == topic, since=tx.now)
    return changed


def _hold(tx: Tx, topic: str) -> Any:
    """A kind's standing, locked until the commit; the first look at a kind makes it."""
    insert_new(tx, KindStanding, [{"topic": topic, "hits": 0, "judged": 0, "changed_at": tx.now}])
    return tx.first(sa.select(STANDING).where(STANDING.c.topic == topic).with_for_update())


def _change(tx: Tx, topic: str, down: bool, hits: int, judged: int, *, by: str | None) -> Changed:
    update(
        tx,
        KindStanding,
        STANDING.c.topic == topic,
        demoted_at=tx.now if down else None,
        by=by,
        hits=hits,
        judged=judged,
        changed_at=tx.now,
    )
    return Changed(topic=topic, demoted=down, hits=hits, judged=judged, at=tx.now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """A person who turned us down: on what day, and whether any alert had come before."""

    candidate_id: str
    outcome: str
    on_day: date
    told_at: datetime  # when we first knew of it, at the latest
    silent: bool


def missed(tx: Tx, viewer: Viewer, *, since: datetime, until: datetime) -> Missed:
    """Withdrawals from one moment to another of people the viewer may know of, and how many of
    them came without any alert that was heard in what they said."""
    found = withdrawals(tx, viewer, since=since, until=until)
    return Missed(withdrawals=len(found), silent=sum(one.silent for one in found))


def withdrawals(
    tx: Tx, viewer: Viewer, *, since: datetime, until: datetime, candidate_id: str | None = None
) -> list[Withdrawal]:
    """Withdrawals from one moment to another, the newest day first; all, or one person's."""
    whose = CANDIDATE.c.id == candidate_id if candidate_id is not None else sa.true()
    first = since.astimezone(_SHANGHAI).date()
    last = (until - timedelta(microseconds=1)).astimezone(_SHANGHAI).date()
    newest = sa.func.row_number().over(
        partition_by=ENDING.c.candidate_id,
        order_by=(ENDING.c.recorded_at.desc(), ENDING.c.id.desc()),
    )
    # Written down again, to mend a reason, it was known all the same since the first time.
    known = sa.func.min(ENDING.c.recorded_at).over(
        partition_by=(ENDING.c.candidate_id, ENDING.c.outcome, ENDING.c.on_day)
    )
    told = sa.select(
        ENDING.c.candidate_id,
        ENDING.c.outcome,
        ENDING.c.on_day,
        known.label("told_at"),
        newest.label("place"),
    ).subquery()
    ended = (
        sa.select(CANDIDATE.c.id, told.c.outcome, told.c.on_day, told.c.told_at)
        .join(told, sa.and_(told.c.candidate_id == CANDIDATE.c.id, told.c.place == 1))
        .where(
            visible(viewer),
            whose,
            told.c.outcome.in_(WITHDRAWN),
            told.c.on_day >= first,
            told.c.on_day <= last,
        )
    )
    moved = sa.select(CANDIDATE.c.id, CANDIDATE.c.stage, CANDIDATE.c.stage_at).where(
        visible(viewer),
        whose,
        CANDIDATE.c.stage.in_(WITHDRAWN),
        CANDIDATE.c.stage_at >= since,
        CANDIDATE.c.stage_at < until,
        ~sa.exists().where(ENDING.c.candidate_id == CANDIDATE.c.id),
    )
    made: dict[str, tuple[str, date, datetime]] = {}
    for row in tx.all(ended):
        over = datetime.combine(row.on_day + timedelta(days=1), datetime.min.time(), _SHANGHAI)
        made[row.id] = (row.outcome, row.on_day, min(row.told_at, over))
    for row in tx.all(moved):
        made[row.id] = (row.stage, row.stage_at.astimezone(_SHANGHAI).date(), row.stage_at)
    heard = _first_heard(tx, list(made))
    found = [
        Withdrawal(
            candidate_id=one,
            outcome=outcome,
            on_day=day,
            told_at=told_at,
            silent=one not in heard or heard[one] > told_at,
        )
        for one, (outcome, day, told_at) in made.items()
    ]
    return sorted(found, key=lambda one: (one.on_day, one.told_at, one.candidate_id), reverse=True)


def _first_heard(tx: Tx, candidate_ids: list[str]) -> dict[str, datetime]:
    """When the first alert about each was raised by something they said."""
    found: dict[str, datetime] = {}
    for some in chunks(candidate_ids):
        rows = tx.all(
            sa.select(ALERT.c.candidate_id, sa.func.min(ALERT.c.raised_at).label("at"))
            .where(ALERT.c.candidate_id.in_(some), ALERT.c.source.is_not(None))
            .group_by(ALERT.c.candidate_id)
        )
        found.update({row.candidate_id: row.at for row in rows})
    return found
