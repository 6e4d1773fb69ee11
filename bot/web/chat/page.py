"""The page itself, writing, and asking for what was said."""

from __future__ import annotations

import secrets
from dataclasses import replace

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from bot.errors import TooLong
from bot.messages import MAX_TEXT, Address, Inbound, Received
from bot.web import proof
from bot.web.chat import shown
from bot.web.chat.link import ANYBODY, CHANNEL, CLIENT_ID, Link, opened
from bot.web.chat.shown import Talk
from bot.web.errors import Invalid, TooFast
from bot.web.public_views import ChatPage
from bot.web.shell import company, outside
from bot.web.site import Site
from bot.web.strict import media_type, read_form, read_json
from storage.database import Tx
from storage.enums import MessageKind
from storage.queries import changes, timeline

SHOWN = 100
#: Webviews differ in whether they know a kind of file by its type or by its suffix.
ACCEPT = ",".join(name for kind in proof.ALL for name in (kind.media_type, *kind.suffixes))

router = APIRouter(include_in_schema=False)


@router.get("/chat/{token}", dependencies=ANYBODY)
async def page(request: Request, token: str, before: str = "") -> Response:
    """The page; with ``before``, a message's id, what was said before it."""
    site, link = await opened(request, token)
    return HTMLResponse(await page_of(request, site, link, token, before=before))


async def page_of(
    request: Request,
    site: Site,
    link: Link,
    token: str,
    *,
    before: str = "",
    refused: str = "",
    draft: str = "",
) -> str:
    """The page as HTML. ``refused``: why a plain form was not taken; ``draft``: its words."""

    def read(tx: Tx) -> tuple[str, Talk, str]:
        return company(tx, site), *_stretch(tx, site, link, before)

    name, talk, older = await site.road.database.read(read)
    messages = [shown.shown(row, talk.carried(row.uid)) for row in talk.rows]
    view = ChatPage(
        base=f"/chat/{token}",
        company=name,
        position=link.position,
        messages=shown.rested(messages),
        older=older,
        refused=refused,
        draft=draft,
        accept=ACCEPT,
    )
    return outside(request, "chat.html", view)


def _stretch(tx: Tx, site: Site, link: Link, before: str) -> tuple[Talk, str]:
    """The latest messages, or those before one; and the first of them if there are older ones."""
    talk_id = link.conversation_id
    number = timeline.in_conversation(tx, talk_id, before) if before else None
    found = shown.talk(tx, site.road.vault, talk_id, before=number, limit=SHOWN + 1)
    if len(found.rows) <= SHOWN:
        return found, ""
    rows = found.rows[-SHOWN:]
    return replace(found, rows=rows), rows[0].uid


@router.post("/chat/{token}/messages", dependencies=ANYBODY)
async def write(request: Request, token: str) -> Response:
    """A message: 202 once it is durable. The same ``client_id`` again is the same message."""
    site, link = await opened(request, token)
    if media_type(request) == "application/x-www-form-urlencoded":
        return await _write_plainly(request, site, link, token)
    text, client_id = await _from_json(request)
    site.chat_pace.take(link.identity_id)
    uid = await _accept(site, link, text, client_id)
    return JSONResponse({"id": uid, "state": "sent", "client_id": client_id}, 202)


async def _write_plainly(request: Request, site: Site, link: Link, token: str) -> Response:
    """The same for a browser without scripts: what is not taken stands in its field again."""
    text = (await read_form(request)).get("text", "")
    why, status, headers = "", 303, {}
    try:
        site.chat_pace.take(link.identity_id)
        if text.strip():
            await _accept(site, link, text, secrets.token_urlsafe(16))
    except TooLong:
        why, status = "chat.too_long", 413
    except TooFast as error:
        why, status, headers = "chat.slow", 429, {"Retry-After": str(error.seconds)}
    if not why:
        return RedirectResponse(f"/chat/{token}", 303)
    said = site.pages.words["zh"].t(why)
    html = await page_of(request, site, link, token, refused=said, draft=text)
    return HTMLResponse(html, status, headers)


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
    if not isinstance(client_id, str) or not CLIENT_ID.fullmatch(client_id):
        raise Invalid({"client_id": "1 to 100 visible ASCII characters"})
    return text, client_id


async def _accept(site: Site, link: Link, text: str, client_id: str) -> str:
    if not text.strip():
        raise Invalid({"text": "empty"})
    if len(text) > MAX_TEXT:
        raise TooLong
    message = Inbound(
        external_id=link.external_id(client_id),
        sender=Address(CHANNEL, link.address),
        kind=MessageKind.TEXT,
        text=text,
        sent_at=site.road.now(),
    )
    [stored] = await site.door.accept(Received(messages=(message,)))
    return stored.uid


@router.get("/chat/{token}/messages", dependencies=ANYBODY)
async def messages(request: Request, token: str, after: str = "", before: str = "") -> Response:
    """What was said after a message, or before one, oldest first; without either, the latest.

    ``next``, unless ``after`` is given: the message before which there is more. ``answering``
    tells whether an answer is on its way.
    """
    site, link = await opened(request, token)
    talk_id = link.conversation_id

    def read(tx: Tx) -> tuple[Talk, str, bool]:
        number = timeline.in_conversation(tx, talk_id, after) if after else None
        if number is None:
            found, older = _stretch(tx, site, link, before)
        else:
            found, older = shown.talk(tx, site.road.vault, talk_id, after=number, limit=SHOWN), ""
        return found, older, talk_id in changes.answering(tx, [talk_id])

    talk, older, answering = await site.road.database.read(read)
    body = {"items": talk.wire(), "next": older or None, "answering": answering}
    return JSONResponse(body)
