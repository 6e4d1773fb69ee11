"""/console/candidates/{id}/resume: a résumé read into a proposal, confirmed field by field."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from bot import proposing
from bot.errors import Conflict, NotFound
from bot.filing import Unclear
from bot.resume.document import Unreadable
from bot.web.console import portrait, record_form, resume_parts
from bot.web.console.common import go, language, site_of
from bot.web.console.record_form import Sent
from bot.web.console.resume_parts import NOTHING, Chosen
from bot.web.multipart import LARGEST, read_file
from bot.web.notices import say, sorry
from bot.web.security import Principal, needs
from bot.web.strict import read_form
from storage.database import Tx
from storage.queries import media, people
from storage.viewer import Permission

router = APIRouter(prefix="/console/candidates/{candidate_id}/resume", include_in_schema=False)
Reader = Annotated[Principal, needs(Permission.CHAT_READ)]
Writer = Annotated[Principal, needs(Permission.CHAT_WRITE)]


@router.get("")
async def page(
    request: Request,
    who: Reader,
    candidate_id: str,
    said: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """Upload, what waits, what is settled."""
    return await _page(request, who, candidate_id, said=said)


async def _page(
    request: Request,
    who: Principal,
    candidate_id: str,
    *,
    back: Chosen = NOTHING,
    refused: str = "",
    said: str = "",
    why: str = "",
    status: int = 200,
) -> Response:
    return await portrait.show(
        request,
        who,
        candidate_id,
        "resume",
        lambda tx, site, row, key: resume_parts.page(
            tx, site, who.viewer, row, key, back=back, refused=refused
        ),
        said=said,
        flashes=sorry(language(who), why) if why else (),
        status=status,
    )


@router.post("/files")
async def upload(request: Request, who: Writer, candidate_id: str) -> Response:
    """A file of HR's. Only what it says is kept, and that waits for HR."""
    site = site_of(request)
    vault = site.road.vault
    await site.road.database.read(
        lambda tx: people.get_candidate(tx, vault, who.viewer, candidate_id)
    )
    sent = await read_file(request, most=LARGEST)
    if not sent.data:
        key = "file_large" if sent.data is None else "file_empty"
        why = say(language(who), key)
        return await _page(request, who, candidate_id, refused=why, status=422)
    with site.uploads.one(who.viewer.id):
        try:
            await proposing.from_upload(site.road, who.viewer, candidate_id, sent.data)
        except Unreadable as error:  # its words are for HR
            return await _page(request, who, candidate_id, refused=str(error), status=422)
    return go(f"/console/candidates/{candidate_id}/resume?said=resume_read")


@router.post("/attachments/{attachment_id}")
async def read_attachment(
    request: Request, who: Writer, candidate_id: str, attachment_id: str
) -> Response:
    """A file this candidate sent in chat. Raises ``NotFound`` for anybody else's."""
    site = site_of(request)

    def look(tx: Tx) -> None:
        found = media.readable(tx, site.road.vault, who.viewer, attachment_id)
        if found.candidate_id != candidate_id:
            raise NotFound("another candidate's")

    await site.road.database.read(look)
    with site.uploads.one(who.viewer.id):
        try:
            await proposing.from_attachment(site.road, who.viewer, attachment_id)
        except Unreadable as error:
            return await _page(request, who, candidate_id, refused=str(error), status=422)
    return go(f"/console/candidates/{candidate_id}/resume?said=resume_read")


@router.post("/{proposal_id}/confirm")
async def confirm(request: Request, who: Writer, candidate_id: str, proposal_id: str) -> Response:
    """Take the ticked fields of one section; with ``rest`` let go of its others."""
    site, form = site_of(request), await read_form(request)
    road, viewer = site.road, who.viewer
    waiting = await proposing.waiting(road, viewer, candidate_id)
    found = next((one for one in waiting if one.id == proposal_id), None)
    fields = [
        one
        for one in (resume_parts.undecided(site, found) if found else ())
        if one.item == form.get("item", "")
    ]
    if not fields:
        return await _page(request, who, candidate_id, why="resume_settled", status=409)
    texts, taken = resume_parts.sent_of(site, fields, form)
    chosen = {key: text for key, text in texts.items() if key in taken}
    errors = record_form.too_long(chosen)
    rest = [key for key in texts if key not in taken] if "rest" in form else []
    if not chosen and not rest:
        return await _page(request, who, candidate_id, why="resume_none", status=422)
    try:
        if chosen and not errors:
            await proposing.confirm(road, viewer, candidate_id, proposal_id, chosen)
        if rest and not errors:
            await proposing.drop(road, viewer, candidate_id, proposal_id, only=rest)
    except Unclear as unclear:
        errors = unclear.asks
    except Conflict:  # a colleague was faster, or this form was sent twice
        return await _page(request, who, candidate_id, why="resume_settled", status=409)
    if errors:
        back = Chosen(
            proposal=proposal_id,
            sent=Sent(texts=texts, errors=errors),
            taken=taken,
            keys=frozenset(texts),
        )
        return await _page(request, who, candidate_id, back=back, why="not_saved", status=422)
    said = "resume_taken" if chosen else "resume_dropped"
    return go(f"/console/candidates/{candidate_id}/resume?said={said}")


@router.post("/{proposal_id}/drop")
async def drop(request: Request, who: Writer, candidate_id: str, proposal_id: str) -> Response:
    """Let go of everything that is not confirmed."""
    try:
        await proposing.drop(site_of(request).road, who.viewer, candidate_id, proposal_id)
    except (Conflict, NotFound):  # of the proposal; a candidate nobody may know of stays a 404
        return await _page(request, who, candidate_id, why="resume_settled", status=409)
    return go(f"/console/candidates/{candidate_id}/resume?said=resume_dropped")
