"""/api/v1/candidates/{id}/invites."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import Field

from bot import desk
from bot.web.api.candidates import CandidateId
from bot.web.api.common import (
    PREFIX,
    IdempotencyKey,
    In,
    Out,
    StrictRoute,
    checked_key,
    request_hash,
)
from bot.web.console.candidate import days_of
from bot.web.console.common import site_of
from bot.web.security import Principal, needs
from storage.viewer import Permission

router = APIRouter(
    prefix=f"{PREFIX}/candidates/{{candidate_id}}/invites",
    tags=["candidates"],
    route_class=StrictRoute,
)


class NewInvite(In):
    """Which channel the link is for: webchat, wecom, dingtalk, feishu, telegram.

    ``member``: they sign in there as one of the company's own. Left out: whoever has joined does.
    """

    channel: Annotated[str, Field(min_length=1, max_length=20)]
    member: bool | None = None


class Invite(Out):
    """A link that ties a chat to the candidate. Only its hash is stored: keep the address."""

    id: str
    channel: str
    url: str
    expires_at: datetime


@router.post("", status_code=201)
async def create(
    request: Request, candidate_id: CandidateId, body: NewInvite,
    who: Annotated[Principal, needs(Permission.CHAT_WRITE)],
    idempotency_key: IdempotencyKey = None,
) -> Invite:  # fmt: skip
    """Make a link. For web chat the address is the candidate's chat page."""
    site = site_of(request)
    key = checked_key(idempotency_key)
    made = await desk.invite(
        site.road,
        who.viewer,
        candidate_id,
        body.channel,
        days=days_of(site, body.channel),
        member=body.member,
        again=(key, request_hash(request, body)) if key is not None else None,
    )
    return Invite(id=made.id, channel=body.channel, url=made.url, expires_at=made.expires_at)
