"""/console/candidates/{id}/record: 档案, every statement with its source, corrected in place."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from bot import filing
from bot.errors import NotFound
from bot.filing import Unclear
from bot.web.console import portrait, record_form, record_parts
from bot.web.console.common import go, language, site_of
from bot.web.console.record_form import NEW, NOTHING, Sent
from bot.web.console.step_parts import UNTOUCHED, SentStep
from bot.web.desk_views import UNTOUCHED as UNSENT
from bot.web.desk_views import SentForm
from bot.web.errors import Invalid
from bot.web.notices import sorry
from bot.web.security import Principal, needs
from bot.web.strict import read_form
from storage.database import Tx
from storage.queries import people, profile
from storage.viewer import Permission

#: One more employment, under the name its form was given.
_NEW_ITEM = re.compile(rf"{NEW}:(j_[a-z2-7]{{10,36}})", re.ASCII)
MOST_FOUND = 300
MOST_TAKEN = 40
router = APIRouter(prefix="/console/candidates/{candidate_id}/record", include_in_schema=False)
Reader = Annotated[Principal, needs(Permission.CANDIDATE_READ)]
Writer = Annotated[Principal, needs(Permission.CANDIDATE_WRITE)]


@router.get("")
async def page(
    request: Request,
    who: Reader,
    candidate_id: str,
    said: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """The record; a manager sees the shared kinds of their people."""
    return await answer(request, who, candidate_id, said=said)


async def answer(
    request: Request,
    who: Principal,
    candidate_id: str,
    *,
    said: str = "",
    sent: Sent = NOTHING,
    step: SentStep = UNTOUCHED,
    interview: SentForm = UNSENT,
    why: str = "",
    status: int = 200,
) -> Response:
    """The page, with what was done, or with a form that comes back and why."""
    return await portrait.show(
        request,
        who,
        candidate_id,
        "record",
        lambda tx, site, row, key: record_parts.page(
            tx, site, who.viewer, row, key, sent, step, interview
        ),
        said=said,
        flashes=sorry(language(who), why) if why else (),
        status=status,
    )


@router.post("")
async def state(request: Request, who: Writer, candidate_id: str) -> Response:
    """New statements, or a correction: the old value stays readable behind it."""
    site, form = site_of(request), await read_form(request)
    about = form.get("item", "")
    item = about
    if named := _NEW_ITEM.fullmatch(about):  # the same form twice is one employment
        about, item = NEW, named[1]
    elif about and about not in await _items(request, who, candidate_id):
        raise Invalid({"item": "unknown"})
    told = record_form.told(site.road.rulebook.profile, form, item)
    if not told:
        return await answer(request, who, candidate_id, why="record_empty", status=422)
    errors = record_form.too_long(told)
    if not errors:
        source = f"form:{who.viewer.id}"
        try:
            await filing.state(site.road, who.viewer, candidate_id, told, source=source)
        except Unclear as unclear:
            errors = unclear.asks
    if errors:
        sent = Sent(
            item=about,
            texts={(kind, about): text for (kind, _), text in told.items()},
            errors={(kind, about): ask for (kind, _), ask in errors.items()},
        )
        return await answer(request, who, candidate_id, sent=sent, why="not_saved", status=422)
    place = f"job-{item}" if item else "groups"
    return go(f"/console/candidates/{candidate_id}/record?said=stated#{place}")


async def _items(request: Request, who: Principal, candidate_id: str) -> set[str]:
    """The employments a candidate's record has. Raises ``NotFound``."""
    vault = site_of(request).road.vault

    def read(tx: Tx) -> set[str]:
        row = people.get_candidate(tx, vault, who.viewer, candidate_id)
        rows = profile.statements(tx, vault.key(tx, row.subject_id), row.id)
        return {one.item for one in rows if one.item}

    return await site_of(request).road.database.read(read)


@router.post("/{fact_id}/verify")
async def verify(request: Request, who: Writer, candidate_id: str, fact_id: str) -> Response:
    """Checked: it holds; or, with ``found``, a check found something else."""
    site, form = site_of(request), await read_form(request)
    found = form.get("found", "").strip()
    if len(found) > MOST_FOUND or ("otherwise" in form and not found):
        return await answer(request, who, candidate_id, why="found_wrong", status=422)
    try:
        await filing.verify(site.road, who.viewer, candidate_id, fact_id, found=found)
    except NotFound:  # of the statement: a candidate nobody may know of is one on the page, too
        return await answer(request, who, candidate_id, why="statement_gone", status=409)
    said = "doubted" if found else "verified"
    return go(f"/console/candidates/{candidate_id}/record?said={said}")


@router.post("/take-back")
async def take_back(request: Request, who: Writer, candidate_id: str) -> Response:
    """Statements that do not hold, with nothing in their place."""
    form = await read_form(request)
    wanted = [name.removeprefix("fact:") for name in form if name.startswith("fact:")]
    if not 0 < len(wanted) <= MOST_TAKEN:
        raise Invalid({"fact": "name one statement, or those of one job"})
    count = await filing.take_back(site_of(request).road, who.viewer, candidate_id, *wanted)
    if not count:
        return await answer(request, who, candidate_id, why="statement_gone", status=409)
    return go(f"/console/candidates/{candidate_id}/record?said=taken_back")
