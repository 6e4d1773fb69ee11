"""``/chat/{token}``: the candidate's own page. The link is the proof of who is writing.

It works without scripts by plain forms; with them it is live. What is written comes in over the
same door as from any platform.
"""

from __future__ import annotations

import re
import secrets
import time
from collections import OrderedDict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from bot.errors import NotFound, TooLong
from bot.messages import Address, Inbound, Received
from bot.web.errors import Invalid, TooFast
from bot.web.feed import HEARTBEAT_LINE, RETRY_LINE, Said, sse, streaming
from bot.web.public_views import ChatMessage, ChatPage
from bot.web.security import needs
from bot.web.shell import company, outside
from bot.web.site import Site
from bot.web.strict import media_type, read_form, read_json
from storage.database import Tx
from storage.enums import Author, Direction, MessageKind
from storage.queries import invites, timeline
from storage.queries.timeline import MessageRow
from storage.viewer import Permission

CHANNEL = "webchat"
TRUSTED_FOR = 30.0  # seconds a link is not looked up again
LINKS = 20_000
SHOWN = 100
REPLAYED = 50
_CLIENT_ID = re.compile(r"[!-~]{1,100}", re.ASCII)
_TOKEN = re.compile(r"[A-Za-z0-9_-]{20,64}", re.ASCII)

router = APIRouter(include_in_schema=False)
ANYBODY = [needs(Permission.PUBLIC)]


@dataclass(frozen=True, slots=True)
class Link:
    """What a link opens."""

    identity_id: str
    address: str
    conversation_id: str
    position: str
    expires_at: datetime


@dataclass(slots=True)
class Links:
    """Links looked up in the last half minute, by the hash of their token."""

    known: OrderedDict[str, tuple[float, Link]] = field(default_factory=OrderedDict)

    async def find(self, site: Site, token: str) -> Link:
        """The chat behind a link. Raises ``NotFound`` for any that is not good now."""
        if not _TOKEN.fullmatch(token):
            raise NotFound
        key, now = invites.token_hash(token), time.monotonic()
        at, link = self.known.get(key, (0.0, None))
        if link is None or now - at > TRUSTED_FOR:
            row = await site.road.database.read(lambda tx: invites.chat_behind(tx, token, CHANNEL))
            self.known.pop(key, None)
            if row is None:
                raise NotFound
            link = _link(row)
            self.known[key] = (now, link)
            if len(self.known) > LINKS:
                self.known.popitem(last=False)
        if link.expires_at <= site.road.now():
            raise NotFound
        return link


def _link(row: Any) -> Link:
    place = " · ".join(part for part in (row.position_title, row.position_city) if part)
    return Link(
        identity_id=row.identity_id,
        address=row.address,
        conversation_id=row.conversation_id,
        position=place,
        expires_at=row.expires_at,
    )


async def _opened(request: Request, token: str) -> tuple[Site, Link]:
    site: Site = request.app.state.site
    links: Links = request.app.state.links
    return site, await links.find(site, token)


def shown(row: MessageRow) -> ChatMessage:
    """A message as the candidate sees it."""
    inbound = row.direction is Direction.INBOUND
    return ChatMessage(
        id=row.uid,
        direction="in" if inbound else "out",
        author="candidate" if inbound else "hr" if row.author is Author.HR else "bot",
        name="" if inbound or row.author is not Author.HR else row.author_name,
        text=row.text,
        at=row.sent_at,
    )


def wire(row: MessageRow) -> dict[str, Any]:
    """The same as JSON, as ``static/chat.js`` expects it."""
    message = shown(row)
    return {
        "id": message.id,
        "direction": message.direction,
        "author": message.author,
        "name": message.name,
        "text": message.text,
        "at": message.at.isoformat(),
        "state": message.state,
        "buttons": [{"label": b.label, "value": b.value} for b in message.buttons],
    }


@router.get("/chat/{token}", dependencies=ANYBODY)
async def page(request: Request, token: str) -> Response:
    """The page."""
    site, link = await _opened(request, token)
    return HTMLResponse(await _page(request, site, link, token, refused=False))


async def _page(request: Request, site: Site, link: Link, token: str, *, refused: bool) -> str:
    def read(tx: Tx) -> tuple[str, list[MessageRow]]:
        talk = link.conversation_id
        return company(tx, site), timeline.chat(tx, site.road.vault, talk, limit=SHOWN)

    name, rows = await site.road.database.read(read)
    view = ChatPage(
        base=f"/chat/{token}",
        company=name,
        position=link.position,
        messages=tuple(shown(row) for row in rows),
        refused=refused,
    )
    return outside(request, "chat.html", view)


@router.post("/chat/{token}/messages", dependencies=ANYBODY)
async def write(request: Request, token: str) -> Response:
    """A message: 202 once it is durable. The same ``client_id`` again is the same message."""
    site, link = await _opened(request, token)
    plain = media_type(request) == "application/x-www-form-urlencoded"
    text, client_id = await (_from_form(request) if plain else _from_json(request))
    site.chat_pace.take(link.identity_id)
    try:
        uid = await _accept(site, link, text, client_id)
    except (Invalid, TooLong) as error:
        if not plain:
            raise
        status = 413 if isinstance(error, TooLong) else 422
        return HTMLResponse(await _page(request, site, link, token, refused=True), status)
    if plain:
        return RedirectResponse(f"/chat/{token}", 303)
    return JSONResponse({"id": uid, "state": "sent", "client_id": client_id}, 202)


async def _from_form(request: Request) -> tuple[str, str]:
    return (await read_form(request)).get("text", ""), secrets.token_urlsafe(16)


async def _from_json(request: Request) -> tuple[str, str]:
    body = await read_json(request)
    if not isinstance(body, dict) or body.keys() - {"text", "client_id"}:
        raise Invalid({"body": "an object with text and, if you like, client_id"})
    text = body.get("text")
    if not isinstance(text, str):
        raise Invalid({"text": "missing"})
    client_id = body.get("client_id")
    if client_id is None:
        return text, secrets.token_urlsafe(16)
    if not isinstance(client_id, str) or not _CLIENT_ID.fullmatch(client_id):
        raise Invalid({"client_id": "1 to 100 visible ASCII characters"})
    return text, client_id


async def _accept(site: Site, link: Link, text: str, client_id: str) -> str:
    if not text.strip():
        raise Invalid({"text": "empty"})
    message = Inbound(
        external_id=f"{link.identity_id}:{client_id}",
        sender=Address(CHANNEL, link.address),
        kind=MessageKind.TEXT,
        text=text,
        sent_at=site.road.now(),
    )
    [stored] = await site.door.accept(Received(messages=(message,)))
    return stored.uid


@router.get("/chat/{token}/messages", dependencies=ANYBODY)
async def messages(request: Request, token: str, after: str = "") -> Response:
    """What was said after a message, oldest first; without one, the latest."""
    site, link = await _opened(request, token)
    talk = link.conversation_id

    def read(tx: Tx) -> list[MessageRow]:
        number = timeline.in_conversation(tx, talk, after) if after else None
        return timeline.chat(tx, site.road.vault, talk, after=number, limit=SHOWN)

    rows = await site.road.database.read(read)
    return JSONResponse({"items": [wire(row) for row in rows], "next": None})


@router.get("/chat/{token}/events", dependencies=ANYBODY)
async def events(request: Request, token: str) -> Response:
    """Messages as they come. It begins with the latest ones, which a page knows by their ids:
    what was delivered while the page was loading, or away, is among them."""
    site, link = await _opened(request, token)
    site.feed.refuse_if_full()
    return streaming(_listen(request, site, link, token))


async def _listen(request: Request, site: Site, link: Link, token: str) -> AsyncIterator[bytes]:
    links: Links = request.app.state.links
    stream = site.feed.conversation(link.conversation_id)
    try:
        yield RETRY_LINE
        vault, talk = site.road.vault, link.conversation_id
        rows = await site.road.database.read(
            lambda tx: timeline.chat(tx, vault, talk, limit=REPLAYED)
        )
        for row in rows:
            yield sse("message", wire(row), event_id=row.uid)
        async for event in stream:
            if event is None:
                await links.find(site, token)  # revoked or ended meanwhile
                yield HEARTBEAT_LINE
            elif isinstance(event, Said):
                yield sse("message", wire(event.row), event_id=event.row.uid)
    except (NotFound, TooFast):
        return
    finally:
        site.feed.leave(stream)
