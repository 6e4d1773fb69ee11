"""/api/v1/alerts."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import AwareDatetime

from bot import desk
from bot.showing import suggested
from bot.web import cursors
from bot.web.api.common import (
    PREFIX,
    Cursor,
    IdempotencyKey,
    In,
    Limit,
    Listed,
    Out,
    StrictRoute,
    cause_of,
    cut,
)
from bot.web.console.alert_parts import events
from bot.web.console.common import site_of
from bot.web.errors import Forbidden
from bot.web.security import Principal, needs
from bot.web.site import Site
from storage.database import Tx
from storage.enums import AlertStatus, Verdict
from storage.queries import alert_history, alerts, inbox, timeline
from storage.queries.alerts import AlertRow
from storage.viewer import Permission

router = APIRouter(prefix=f"{PREFIX}/alerts", tags=["alerts"], route_class=StrictRoute)
Reader = Annotated[Principal, needs(Permission.ALERT_READ)]
AlertId = Annotated[str, Path(description="Id of an alert.")]


class Judgement(In):
    """What the alert was worth."""

    verdict: Verdict


class Evidence(Out):
    """Words of a message that carry an intent; offsets count code points of that message."""

    message_id: str
    start: int
    end: int
    text: str
    intent: str


class Alert(Out):
    """An open question about a candidate. ``kind`` is its topic, ``question`` in words."""

    id: str
    candidate_id: str
    kind: str
    severity: str
    status: AlertStatus
    quote: str
    question: str
    evidence: list[Evidence]
    raised_at: datetime
    due_at: datetime
    verdict: Verdict | None
    verdict_by: str
    verdict_at: datetime | None


class Suggestion(Out):
    """What the playbook would answer: a draft to send, what it is for, what to leave unsaid."""

    draft: str
    aims: list[str]
    avoid: str


class Event(Out):
    """Something that happened: raised, joined, escalated, snoozed, woken, replied, or a verdict.
    ``by`` is empty where the program did it. ``until`` is of snoozed, ``level`` of escalated."""

    kind: str
    at: datetime
    by: str
    until: datetime | None
    level: int | None


class WholeAlert(Alert):
    """An alert with what helps to answer it and what became of it."""

    suggestion: Suggestion | None
    snoozed_until: datetime | None
    snoozed_by: str
    escalation: int
    events: list[Event]


class Snooze(In):
    """Until when nobody is reminded, within two weeks; without it as long as the policy says."""

    until: AwareDatetime | None = None


def shown(tx: Tx, site: Site, rows: list[AlertRow]) -> list[Alert]:
    """Rows as the API gives them, with the words of their evidence."""
    uids = sorted({span["uid"] for row in rows for span in row.evidence})
    said = {one.uid: one.text for one in timeline.by_uids(tx, site.road.vault, uids)}
    questions = site.road.rulebook.policy.questions
    return [
        Alert(
            id=row.id,
            candidate_id=row.candidate_id,
            kind=row.topic,
            severity=row.severity,
            status=row.status,
            quote=row.quote,
            question=questions.get(row.question, row.question),
            evidence=[
                Evidence(
                    message_id=span["uid"],
                    start=span["start"],
                    end=span["end"],
                    text=said.get(span["uid"], "")[span["start"] : span["end"]],
                    intent=span["intent"],
                )
                for span in row.evidence
            ],
            raised_at=row.raised_at,
            due_at=row.due_at,
            verdict=row.verdict,
            verdict_by=row.verdict_by,
            verdict_at=row.verdict_at,
        )
        for row in rows
    ]


@router.get("")
async def page(
    request: Request,
    who: Reader,
    candidate: Annotated[str | None, Query(max_length=60, description="Id of one.")] = None,
    status: AlertStatus | None = None,
    kind: Annotated[str | None, Query(max_length=40, description="A topic.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Listed[Alert]:
    """Alerts the caller may know of, newest first."""
    site, after = site_of(request), cursors.moment_and_id(cursor)

    def read(tx: Tx) -> Listed[Alert]:
        rows = alerts.page(
            tx,
            site.road.vault,
            who.viewer,
            candidate_id=candidate,
            statuses=[status] if status is not None else (),
            topic=kind,
            after=after,
            limit=limit + 1,
        )
        rows, following = cut(rows, limit, lambda row: cursors.made(row.raised_at, row.id))
        return Listed(items=shown(tx, site, rows), next=following)

    return await site.road.database.read(read)


@router.get("/{alert_id}")
async def one(request: Request, who: Reader, alert_id: AlertId) -> WholeAlert:
    """One alert, with a suggested reply and its history."""
    return await _alert(site_of(request), who, alert_id)


async def _alert(site: Site, who: Principal, alert_id: str) -> WholeAlert:
    def read(tx: Tx) -> WholeAlert:
        row = alerts.get(tx, site.road.vault, who.viewer, alert_id)
        start = inbox.start_days(tx, [row.candidate_id])[row.candidate_id]
        book = suggested(site.road.rulebook, who.viewer, row, start)
        suggestion = None
        if book is not None:
            suggestion = Suggestion(draft=book.draft, aims=list(book.aims), avoid=book.avoid)
        stands = alert_history.standings(tx, [row.id])[row.id]
        return WholeAlert(
            **dict(shown(tx, site, [row])[0]),
            suggestion=suggestion,
            snoozed_until=stands.snoozed_until,
            snoozed_by=stands.snoozed_by,
            escalation=stands.escalation,
            events=[
                Event(kind=one.kind, at=one.at, by=one.by, until=one.until, level=one.level or None)
                for one in reversed(events(tx, row))
            ],
        )

    return await site.road.database.read(read)


@router.post("/{alert_id}/verdict")
async def judge(
    request: Request, alert_id: AlertId, body: Judgement,
    who: Annotated[Principal, needs(Permission.ALERT_WRITE)],
    idempotency_key: IdempotencyKey = None,
) -> WholeAlert:  # fmt: skip
    """Say what an alert was worth. A verdict is a person's: a key alone is refused with 403;
    call with a console session and its CSRF token, or press the button in console or chat."""
    if not who.is_person:
        raise Forbidden
    site = site_of(request)
    cause = f"api:{cause_of(request, who, idempotency_key, body)}"
    await desk.judge(site.road, who.viewer, alert_id, body.verdict, cause=cause)
    return await _alert(site, who, alert_id)


@router.post("/{alert_id}/snooze")
async def snooze(
    request: Request, alert_id: AlertId, body: Snooze,
    who: Annotated[Principal, needs(Permission.ALERT_WRITE)],
    idempotency_key: IdempotencyKey = None,
) -> WholeAlert:  # fmt: skip
    """Put an alert off: it stays open, nobody is reminded until then, and everybody sees who did
    it. That is a person's, like a verdict: a key alone is refused with 403. A resolved alert, or a
    moment that is past or over two weeks away, is a 409."""
    if not who.is_person:
        raise Forbidden
    site = site_of(request)
    cause = f"api:{cause_of(request, who, idempotency_key, body)}"
    await desk.snooze(site.road, who.viewer, alert_id, body.until, cause=cause)
    return await _alert(site, who, alert_id)
