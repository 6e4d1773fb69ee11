"""/api/v1/candidates/{id}/messages."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from bot import desk
from bot.web import cursors
from bot.web.api.candidates import CandidateId
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
from bot.web.console.common import site_of
from bot.web.masking import mask_links
from bot.web.security import Principal, needs
from storage.enums import Author, Direction, MessageStatus
from storage.queries import timeline
from storage.queries.timeline import MessageRow
from storage.viewer import Permission

router = APIRouter(
    prefix=f"{PREFIX}/candidates/{{candidate_id}}/messages",
    tags=["messages"],
    route_class=StrictRoute,
)


def _said(text: str) -> str:
    if not text.strip():
        raise PydanticCustomError("empty", "nothing to say")
    return text


class NewMessage(In):
    """Words to a candidate, over the channel they wrote in last."""

    text: Annotated[str, Field(min_length=1, max_length=4000), AfterValidator(_said)]


class Evidence(Out):
    """The words that carry an intent; offsets count code points of the message's text."""

    start: int
    end: int
    text: str
    intent: str


class Message(Out):
    """One message of a candidate's talk, over all channels."""

    id: str
    direction: Direction
    author: Author
    text: str
    at: datetime
    status: MessageStatus
    channel: str
    intents: list[str]
    evidence: list[Evidence]


def shown(row: MessageRow) -> Message:
    """A row as the API gives it."""
    return Message(
        id=row.uid,
        direction=row.direction,
        author=row.author,
        text=mask_links(row.text),
        at=row.sent_at,
        status=row.status,
        channel=row.channel,
        intents=list(row.intents),
        evidence=[
            Evidence(
                start=span["start"],
                end=span["end"],
                text=row.text[span["start"] : span["end"]],
                intent=span["intent"],
            )
            for span in row.spans
        ],
    )


@router.get("")
async def page(
    request: Request,
    who: Annotated[Principal, needs(Permission.CHAT_READ)],
    candidate_id: CandidateId,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Listed[Message]:
    """What was said, oldest first."""
    road, after = site_of(request).road, cursors.number(cursor) or 0
    rows = await road.database.read(
        lambda tx: timeline.timeline(
            tx, road.vault, who.viewer, candidate_id, after=after, limit=limit + 1
        )
    )
    rows, following = cut(rows, limit, lambda row: cursors.made(row.id))
    return Listed(items=[shown(row) for row in rows], next=following)


@router.post("", status_code=201)
async def reply(
    request: Request, response: Response, candidate_id: CandidateId, body: NewMessage,
    who: Annotated[Principal, needs(Permission.CHAT_WRITE)],
    idempotency_key: IdempotencyKey = None,
) -> Message:  # fmt: skip
    """Write to a candidate. The bot keeps quiet there until it is released in the console."""
    road = site_of(request).road
    cause = cause_of(request, who, idempotency_key, body)
    uid = await desk.reply(road, who.viewer, candidate_id, body.text, cause=cause)
    [row] = await road.database.read(lambda tx: timeline.by_uids(tx, road.vault, [uid]))
    return shown(row)
