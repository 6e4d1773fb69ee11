"""/api/v1/responses and /candidates/{id}/responses: who is asked which survey, what they said."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request

from bot import asking
from bot.surveys import putting
from bot.surveys.definition import parse
from bot.surveys.understanding import shown as in_words
from bot.web import cursors
from bot.web.api.candidates import CandidateId
from bot.web.api.common import (
    PREFIX,
    Cursor,
    Id,
    IdempotencyKey,
    In,
    Limit,
    Listed,
    Out,
    StrictRoute,
    checked_key,
    cut,
    request_hash,
)
from bot.web.console.common import site_of
from bot.web.security import Principal, needs
from bot.web.site import Site
from storage.database import Tx
from storage.enums import InvitationStatus
from storage.queries import audit, people, surveys
from storage.queries.surveys import InvitationRow
from storage.viewer import Permission, Viewer

router = APIRouter(prefix=PREFIX, tags=["responses"], route_class=StrictRoute)
Reader = Annotated[Principal, needs(Permission.SURVEY_READ)]
ResponseId = Annotated[str, Path(max_length=40, description="Id of a response.")]


class NewResponse(In):
    """Ask a candidate a survey now: in their own chat, or by a link to its page."""

    survey_id: Id
    via: Literal["chat", "page"] = "chat"


class Sent(Out):
    """What was sent. ``url`` is given once and is the candidate's alone; null in a chat.
    ``said``: it is on its way in a chat of theirs."""

    id: str
    url: str | None
    expires_at: datetime | None
    said: bool


class Response(Out):
    """One survey for one candidate. ``via``: a channel's name or page. ``why`` says by code why
    it was not asked, or how it ended."""

    id: str
    candidate_id: str
    survey_id: str
    digest: str | None
    title: str
    status: InvitationStatus
    via: str
    why: str
    created_at: datetime
    opened_at: datetime | None
    closed_at: datetime | None


class Answer(Out):
    """An answer that stands. ``value`` as the kind of the question has it; null: skipped, or words
    that fit no kind. ``words`` is what was said, ``answer`` the value in words."""

    question: str
    ask: str
    kind: str
    value: Any
    words: str
    answer: str
    source: Literal["chat", "page"]
    said_at: datetime


class Whole(Response):
    """A response with its answers, in the order they are asked."""

    answers: list[Answer]


def _fields(row: InvitationRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in Response.model_fields}


@router.get("/responses")
async def page(
    request: Request,
    who: Reader,
    survey: Annotated[str | None, Query(max_length=40, description="Id of one.")] = None,
    candidate: Annotated[str | None, Query(max_length=60, description="Id of one.")] = None,
    status: InvitationStatus | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Listed[Response]:
    """Responses of people the caller may know of, newest first; without their answers."""
    site, after = site_of(request), cursors.moment_and_id(cursor)

    def read(tx: Tx) -> Listed[Response]:
        rows = surveys.responses(
            tx,
            who.viewer,
            survey_id=survey,
            candidate_id=candidate,
            status=status,
            after=after,
            limit=limit + 1,
        )
        rows, following = cut(rows, limit, lambda row: cursors.made(row.created_at, row.id))
        return Listed(items=[Response(**_fields(row)) for row in rows], next=following)

    return await site.road.database.read(read)


@router.get("/responses/{response_id}")
async def one(request: Request, who: Reader, response_id: ResponseId) -> Whole:
    """One response with its answers. Reading it stands in the audit chain."""
    site = site_of(request)

    def work(tx: Tx) -> Whole:
        row = surveys.response(tx, who.viewer, response_id)
        details = {"response": row.id}
        keystore = site.road.vault.keystore
        audit.append(tx, keystore, who.viewer, "survey.read", row.candidate_id, details=details)
        return Whole(**_fields(row), answers=_answers(tx, site, who.viewer, row))

    return await site.road.database.write(work)


def _answers(tx: Tx, site: Site, viewer: Viewer, row: InvitationRow) -> list[Answer]:
    if row.definition is None:
        return []
    who = people.get_candidate(tx, site.road.vault, viewer, row.candidate_id)
    found = surveys.answers(tx, site.road.vault.key(tx, who.subject_id), row.id)
    given = putting.given({name: (one.value, one.text) for name, one in found.items()})
    return [
        Answer(
            question=question.id,
            ask=question.ask.strip(),
            kind=question.kind.value,
            value=found[question.id].value,
            words=found[question.id].text,
            answer=in_words(question, given[question.id]),
            source="page" if found[question.id].source.startswith("page") else "chat",
            said_at=found[question.id].said_at,
        )
        for question in parse(row.definition).questions
        if question.id in found
    ]


@router.post("/candidates/{candidate_id}/responses", status_code=201)
async def ask(
    request: Request, candidate_id: CandidateId, body: NewResponse,
    who: Annotated[Principal, needs(Permission.SURVEY_WRITE)],
    idempotency_key: IdempotencyKey = None,
) -> Sent:  # fmt: skip
    """Ask a survey now. 409 where another is open, it is off, or no chat takes it. The same key
    again asks nothing and tells no link."""
    key = checked_key(idempotency_key)
    made = await asking.send(
        site_of(request).road,
        who.viewer,
        candidate_id,
        body.survey_id,
        body.via,
        again=(key, request_hash(request, body)) if key is not None else None,
    )
    return Sent(
        id=made.invitation_id, url=made.url or None, expires_at=made.expires_at, said=made.said
    )
