"""/console/candidates/{id}/responses: surveys of one candidate, sent by hand, stopped, read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from bot import asking
from bot.errors import Conflict
from bot.posting import Way
from bot.surveys import putting
from bot.surveys.definition import parse
from bot.surveys.shape import Given, Question
from bot.surveys.understanding import shown
from bot.web import survey_views as shapes
from bot.web import views
from bot.web.console import portrait
from bot.web.console.common import go, language, site_of
from bot.web.masking import mask_phone
from bot.web.notices import say, sorry
from bot.web.security import Principal, needs
from bot.web.setup import qr
from bot.web.site import Site
from bot.web.strict import read_form
from storage.crypto import SubjectKey
from storage.database import Tx
from storage.enums import InvitationStatus
from storage.queries import people, surveys, users
from storage.queries.people import CandidateRow
from storage.queries.surveys import AnswerRow, InvitationRow
from storage.viewer import Permission

router = APIRouter(prefix="/console/candidates/{candidate_id}/responses", include_in_schema=False)
Reader = Annotated[Principal, needs(Permission.SURVEY_READ)]
Writer = Annotated[Principal, needs(Permission.SURVEY_WRITE)]
_LIVE = (InvitationStatus.PLANNED, InvitationStatus.OPEN)
WAYS: tuple[asking.Via, ...] = ("chat", "page")


@router.get("")
async def page(
    request: Request,
    who: Reader,
    candidate_id: str,
    said: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """Every survey with its answers, edits included, and the form that sends one."""
    return await _page(request, who, candidate_id, said=said)


async def _page(
    request: Request,
    who: Principal,
    candidate_id: str,
    *,
    said: str = "",
    link: shapes.Linked | None = None,
    fault: str = "",
    trouble: str = "",
    status: int = 200,
) -> Response:
    speaks = language(who)

    def make(tx: Tx, site: Site, row: CandidateRow, key: SubjectKey) -> shapes.ResponsesPage:
        told = site.road.rulebook.timing.reasons.items()
        reasons = {str(why): one.zh if speaks == "zh" else one.en for why, one in told}
        rows = surveys.of_candidate(tx, row.id)
        names = users.names(tx, [one.created_by for one in rows if one.created_by])
        return shapes.ResponsesPage(
            head=portrait.head(who.viewer, row, "responses"),
            items=tuple(_item(tx, key, one, names, reasons) for one in rows),
            sendable=tuple((one.id, one.title) for one in surveys.surveys(tx) if one.enabled),
            writes=who.viewer.may(Permission.SURVEY_WRITE),
            link=link,
            posts=tuple(way.value for way in site.posts),
            phone=mask_phone(row.phone) if row.phone else "",
            errors={"survey": say(speaks, fault)} if fault else {},
        )

    return await portrait.show(
        request,
        who,
        candidate_id,
        "responses",
        make,
        said=said,
        flashes=(*(sorry(speaks, fault) if fault else ()), *_told(speaks, trouble)),
        status=status,
    )


def _told(speaks: views.Language, trouble: str) -> tuple[views.Flash, ...]:
    """What a service said that did not take a letter; the link is on the page."""
    if not trouble:
        return ()
    return (views.Flash(kind="error", text=say(speaks, "letter_failed").format(why=trouble)),)


def _item(
    tx: Tx,
    key: SubjectKey,
    row: InvitationRow,
    names: Mapping[str, str],
    reasons: Mapping[str, str],
) -> shapes.ResponseItem:
    questions = parse(row.definition).questions if row.definition is not None else ()
    said: dict[str, list[AnswerRow]] = {}
    for one in surveys.history(tx, key, row.id):
        said.setdefault(one.question, []).append(one)
    return shapes.ResponseItem(
        id=row.id,
        title=row.title,
        status=row.status.value,
        via=row.via,
        why=reasons.get(row.why, ""),
        due_on=row.due_on,
        by=names.get(row.created_by or "", ""),
        created_at=row.created_at,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        answers=tuple(_answer(one, said[one.id]) for one in questions if one.id in said),
        live=row.status in _LIVE,
        open=row.status is InvitationStatus.OPEN,
    )


def _answer(question: Question, said: list[AnswerRow]) -> shapes.AnswerItem:
    *before, last = said
    return shapes.AnswerItem(
        ask=question.ask.strip(),
        answer=_words(question, last) if last.value is not None else "",
        words=last.text if last.value is None else "",
        where="page" if last.source.startswith("page") else "chat",
        at=last.said_at,
        was=tuple(_words(question, one) for one in before),
    )


def _words(question: Question, row: AnswerRow) -> str:
    given: Given = putting.given({row.question: (row.value, row.text)})[row.question]
    return shown(question, given)


@router.post("")
async def send(request: Request, who: Writer, candidate_id: str) -> Response:
    """Send one now: 303, or the page with its link where no chat could say it."""
    form = await read_form(request)
    via = next((one for one in WAYS if one == form.get("via")), None)
    survey_id = form.get("survey", "")
    if via is None or not survey_id:
        return await _page(request, who, candidate_id, fault="survey_choose", status=422)
    road = site_of(request).road
    try:
        sent = await asking.send(road, who.viewer, candidate_id, survey_id, via)
    except Conflict:
        return await _page(request, who, candidate_id, fault="survey_busy", status=409)
    return await _sent(request, who, candidate_id, sent)


@router.post("/{invitation_id}/link")
async def link(request: Request, who: Writer, candidate_id: str, invitation_id: str) -> Response:
    """A new link to the page of one that is open; the ones before it end."""
    await read_form(request)
    road = site_of(request).road
    try:
        sent = await asking.relink(road, who.viewer, candidate_id, invitation_id)
    except Conflict:
        return await _page(request, who, candidate_id, fault="survey_over", status=409)
    return await _sent(request, who, candidate_id, sent)


@router.post("/{invitation_id}/letter")
async def letter(request: Request, who: Writer, candidate_id: str, invitation_id: str) -> Response:
    """A new link to the page of one, by mail or SMS; where the service does not take it, the link
    is shown with what it said."""
    form = await read_form(request)
    site = site_of(request)
    way = next((one for one in site.posts if one == form.get("way")), None)
    if way is None:
        return await _page(request, who, candidate_id, fault="letter_way", status=422)
    row = await site.road.database.read(
        lambda tx: people.get_candidate(tx, site.road.vault, who.viewer, candidate_id)
    )
    to = row.phone if way is Way.SMS else form.get("to", "").strip()
    if not site.posts[way].fits(to):
        fault = "letter_phone" if way is Way.SMS else "letter_mail"
        return await _page(request, who, candidate_id, fault=fault, status=422)
    try:
        sent, trouble = await asking.by_post(
            site.road, site.posts[way], way, who.viewer, candidate_id, invitation_id, to=to
        )
    except Conflict:
        return await _page(request, who, candidate_id, fault="survey_over", status=409)
    if not trouble:
        return go(f"/console/candidates/{candidate_id}/responses?said=letter_sent")
    link = _linked(sent)
    return await _page(request, who, candidate_id, link=link, trouble=trouble, status=502)


@router.post("/{invitation_id}/stop")
async def stop(request: Request, who: Writer, candidate_id: str, invitation_id: str) -> Response:
    """Ask no more."""
    await read_form(request)
    road = site_of(request).road
    try:
        await asking.stop(road, who.viewer, candidate_id, invitation_id)
    except Conflict:
        return await _page(request, who, candidate_id, fault="survey_over", status=409)
    return go(f"/console/candidates/{candidate_id}/responses?said=survey_stopped")


async def _sent(request: Request, who: Principal, candidate_id: str, sent: asking.Sent) -> Response:
    """On; or the link itself, this once, where there is no chat to say it in."""
    if sent.said or sent.expires_at is None:
        return go(f"/console/candidates/{candidate_id}/responses?said=survey_sent")
    return await _page(request, who, candidate_id, link=_linked(sent))


def _linked(sent: asking.Sent) -> shapes.Linked:
    assert sent.expires_at is not None
    return shapes.Linked(url=sent.url, qr=qr(sent.url), expires_at=sent.expires_at)
