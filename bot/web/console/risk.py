"""/console/candidates/{id}/risk: the score explained, every factor with what it rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response

from bot.profile import values
from bot.risk import engine
from bot.turn import FactorSeen
from bot.web import portrait_views as shapes
from bot.web.console import portrait
from bot.web.console.cards import places, segments
from bot.web.security import Principal, needs
from bot.web.site import Site
from bot.words import SHANGHAI
from storage.crypto import SubjectKey
from storage.database import Tx
from storage.queries import appraisal, profile, timeline
from storage.queries.people import CandidateRow
from storage.queries.profile import StatementRow
from storage.queries.timeline import MessageRow
from storage.viewer import Permission

router = APIRouter(prefix="/console/candidates/{candidate_id}/risk", include_in_schema=False)
#: The reasons of a score are for whoever may read what was said.
Reader = Annotated[Principal, needs(Permission.CHAT_READ)]
#: A contribution smaller than this is as good as faded.
LEAST = 0.5
COURSE_DAYS = 60
_WIDE, _HIGH = 600, 100


@router.get("")
async def page(request: Request, who: Reader, candidate_id: str) -> Response:
    """The page."""

    def make(tx: Tx, site: Site, row: CandidateRow, key: SubjectKey) -> shapes.RiskPage:
        found = appraisal.history(tx, row.id)
        now = tx.now
        standing = [one for one in found if one.ended_at is None]
        score = engine.score([seen(one) for one in standing], now)
        head = portrait.head(who.viewer, row, "risk")
        factors = _factors(tx, site, key, row.id, standing, now)
        return shapes.RiskPage(
            head=replace(head, score=score, level=str(engine.level(score))),
            factors=factors,
            past=_past(site, found, now),
            total=round(sum(one.points for one in factors), 1),
            course=course(found, now),
            thresholds=tuple((str(name), least) for least, name in reversed(engine.THRESHOLDS)),
        )

    return await portrait.show(request, who, candidate_id, "risk", make)


def seen(row: Any) -> FactorSeen:
    """A stored contribution as the engine takes it."""
    return FactorSeen(
        rule=row.rule, adds=row.adds, fades_after_days=row.fades_after_days, at=row.at
    )


def _factors(
    tx: Tx, site: Site, key: SubjectKey, candidate_id: str, rows: Sequence[Any], now: datetime
) -> tuple[shapes.Factor, ...]:
    """The strongest contribution of each rule, strongest first."""
    by_rule: dict[str, list[Any]] = {}
    for row in rows:
        if abs(engine.left(seen(row), now)) >= LEAST:
            by_rule.setdefault(row.rule, []).append(row)
    chosen = [
        max(same, key=lambda row: abs(engine.left(seen(row), now))) for same in by_rule.values()
    ]
    chosen.sort(key=lambda row: -abs(engine.left(seen(row), now)))
    uids = sorted({str(span["uid"]) for row in chosen for span in row.spans})
    said = {one.uid: one for one in timeline.by_uids(tx, site.road.vault, uids)}
    told = {one.id: one for one in profile.statements(tx, key, candidate_id, history=True)}
    sources = portrait.Sources(tx, [one.source for one in told.values()], [])
    made = []
    for row in chosen:
        rule = site.road.rulebook.risk.get(row.rule)
        points = engine.left(seen(row), now)
        made.append(
            shapes.Factor(
                reason=rule.says if rule else row.rule,
                adds=row.adds,
                points=points,
                left=round(100 * points / row.adds) if row.adds else 0,
                at=row.at,
                fades_on=(row.at + timedelta(days=row.fades_after_days))
                .astimezone(SHANGHAI)
                .date(),
                ask=rule.ask if rule else "",
                measured=tuple(appraisal.words_of(key, row)),
                quotes=_quotes(row, said),
                statements=_statements(site, row, told, sources),
                again=len(by_rule[row.rule]) - 1,
            )
        )
    return tuple(made)


def _quotes(row: Any, said: Mapping[str, MessageRow]) -> tuple[shapes.Quote, ...]:
    """The sentences of a factor, whole, with the words it hangs on marked."""
    uids = list(dict.fromkeys(str(span["uid"]) for span in row.spans))
    return tuple(
        shapes.Quote(
            uid=uid,
            words=segments(said[uid].text, places([s for s in row.spans if s["uid"] == uid])),
            at=said[uid].sent_at,
        )
        for uid in uids
        if uid in said
    )


def _statements(
    site: Site, row: Any, told: Mapping[str, StatementRow], sources: portrait.Sources
) -> tuple[shapes.Statement, ...]:
    kinds = site.road.rulebook.profile.kinds
    entries = {
        one.item: values.shown(kinds[name], one.value)
        for name in ("job.from", "job.company")  # the company where it is known
        for one in told.values()
        if one.kind == name and name in kinds and one.superseded_at is None
    }
    return tuple(
        shapes.Statement(
            entry=entries.get(one.item, "") if one.item else "",
            label=kinds[one.kind].label,
            value=values.shown(kinds[one.kind], one.value),
            source=sources.of(one.source),
            at=one.said_at,
            stands=one.superseded_at is None,
        )
        for fact in row.facts or ()
        if (one := told.get(fact)) is not None and one.kind in kinds
    )


def _past(site: Site, rows: Sequence[Any], now: datetime) -> tuple[shapes.Past, ...]:
    rules = site.road.rulebook.risk
    found = []
    for row in rows:
        faded = row.at + timedelta(days=row.fades_after_days)
        if row.ended_at is None and abs(engine.left(seen(row), now)) >= LEAST:
            continue
        found.append(
            shapes.Past(
                reason=rules[row.rule].says if row.rule in rules else row.rule,
                adds=row.adds,
                at=row.at,
                why="faded" if row.ended_at is None or faded <= row.ended_at else "ended",
                ended_at=min(faded, row.ended_at or faded, now),
            )
        )
    return tuple(found)


def course(rows: Sequence[Any], now: datetime) -> shapes.Course | None:
    """The score at the end of each of the last days, as what stood then makes it; None where
    there is no day to compare."""
    if not rows:
        return None
    today = now.astimezone(SHANGHAI).date()
    first = max(
        min(row.at for row in rows).astimezone(SHANGHAI).date(), today - timedelta(days=COURSE_DAYS)
    )
    days = [first + timedelta(days=n) for n in range((today - first).days + 1)]
    if len(days) < 2:
        return None
    ends = [datetime.combine(day, time.max, SHANGHAI) for day in days[:-1]] + [now]
    scores = [
        engine.score(
            [
                seen(row)
                for row in rows
                if row.at <= at and (row.ended_at is None or row.ended_at > at)
            ],
            at,
        )
        for at in ends
    ]
    step = _WIDE / (len(days) - 1)
    highest = max(scores)
    return shapes.Course(
        line=" ".join(f"{n * step:.1f},{_HIGH - score}" for n, score in enumerate(scores)),
        days=(days[0], days[-1]),
        highest=highest,
        highest_on=days[scores.index(highest)],
    )
