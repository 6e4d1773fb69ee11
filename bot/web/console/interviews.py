"""/console/candidates/{id}/interviews: noted, cancelled, told. Shown on the record."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Request, Response

from bot import interviewing
from bot.errors import Conflict, NotFound
from bot.web import desk_views as shapes
from bot.web.console import record
from bot.web.console.common import go, language, site_of
from bot.web.errors import Invalid
from bot.web.notices import say
from bot.web.security import Principal, needs
from bot.web.strict import read_form
from bot.words import SHANGHAI
from storage.database import Tx
from storage.enums import Opinion
from storage.queries import people
from storage.viewer import Permission

#: Noted at most so long after it, and planned so far ahead.
FARTHEST = timedelta(days=366)
MOST_NUMBER = 20
TOKEN = re.compile(r"vw_[a-z2-7]{26}", re.ASCII)
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)
router = APIRouter(prefix="/console/candidates/{candidate_id}/interviews", include_in_schema=False)
Writer = Annotated[Principal, needs(Permission.CANDIDATE_WRITE)]


@router.post("")
async def add(request: Request, who: Writer, candidate_id: str) -> Response:
    """Day and time, who holds it, and which one it is."""
    road, form = site_of(request).road, await read_form(request)
    names = ("day", "clock", "interviewer", "number", "token")
    sent = {name: form.get(name, "").strip()[:60] for name in names}
    if not TOKEN.fullmatch(sent["token"]):
        raise Invalid({"token": "unknown"})
    at, faults = _moment(sent, road.now())
    number = _number(sent["number"])
    if sent["number"] and number is None:
        faults["number"] = "number_wrong"
    if at is not None and not faults:
        when = at

        def work(tx: Tx) -> None:
            people.get_candidate(tx, road.vault, who.viewer, candidate_id)
            try:
                interviewing.add(
                    tx,
                    road,
                    who.viewer,
                    candidate_id,
                    sent["token"],
                    at=when,
                    interviewer_id=sent["interviewer"] or None,
                    number=number,
                )
            except NotFound:
                faults["interviewer"] = "interviewer_gone"

        await road.database.write(work)
    if faults:
        return await _back(request, who, candidate_id, sent, faults)
    return _done(candidate_id, "interview_added")


@router.post("/{interview_id}/cancel")
async def cancel(request: Request, who: Writer, candidate_id: str, interview_id: str) -> Response:
    """It does not take place."""
    road = site_of(request).road
    try:
        await road.database.write(
            lambda tx: interviewing.cancel(tx, road, who.viewer, candidate_id, interview_id)
        )
    except (NotFound, Conflict):  # a candidate nobody may know of is one on the page, too
        return await record.answer(request, who, candidate_id, why="interview_gone", status=409)
    return _done(candidate_id, "interview_cancelled")


@router.post("/{interview_id}/told")
async def told(request: Request, who: Writer, candidate_id: str, interview_id: str) -> Response:
    """HR heard what they thought, and may say which."""
    road, form = site_of(request).road, await read_form(request)
    said = form.get("verdict", "")
    if said and said not in list(Opinion):
        raise Invalid({"verdict": "unknown"})
    opinion = Opinion(said) if said else None
    try:
        await road.database.write(
            lambda tx: interviewing.tell(tx, road, who.viewer, candidate_id, interview_id, opinion)
        )
    except (NotFound, Conflict):
        return await record.answer(request, who, candidate_id, why="interview_gone", status=409)
    return _done(candidate_id, "interview_told")


def _moment(sent: Mapping[str, str], now: datetime) -> tuple[datetime | None, dict[str, str]]:
    """When it is, or what is wrong with that."""
    day = sent["day"]
    if not _CLOCK.fullmatch(sent["clock"]):
        return None, {"clock": "clock_wrong"}
    try:
        at = datetime.fromisoformat(f"{day}T{sent['clock']}").replace(tzinfo=SHANGHAI)
    except ValueError:
        return None, {"day": "day_wrong"}
    if len(day) != 10 or not now - FARTHEST <= at <= now + FARTHEST:
        return None, {"day": "day_wrong"}
    return at, {}


def _number(text: str) -> int | None:
    good = text.isascii() and text.isdigit() and len(text) <= 2
    return int(text) if good and 1 <= int(text) <= MOST_NUMBER else None


async def _back(
    request: Request,
    who: Principal,
    candidate_id: str,
    sent: Mapping[str, str],
    faults: Mapping[str, str],
) -> Response:
    """The page with the form as it was sent."""
    speaks = language(who)
    form = shapes.SentForm(
        values=sent, errors={key: say(speaks, fault) for key, fault in faults.items()}
    )
    return await record.answer(
        request, who, candidate_id, interview=form, why="not_saved", status=422
    )


def _done(candidate_id: str, said: str) -> Response:
    return go(f"/console/candidates/{candidate_id}/record?said={said}#interviews")
