"""/console/candidates: the list, the search, and a new record."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from bot import consenting
from bot.errors import NotFound
from bot.web import cursors, intake, views
from bot.web.console.common import go, html, language, site_of
from bot.web.errors import Invalid
from bot.web.notices import done, say, sorry
from bot.web.security import Principal, needs
from bot.web.shell import inside
from bot.web.site import Site
from bot.web.strict import read_form
from storage.database import Tx
from storage.enums import Stage
from storage.queries import alerts, people, timeline
from storage.queries.people import CandidateRow
from storage.viewer import Permission

PAGE = 50
STAGES = tuple(stage.value for stage in Stage)
router = APIRouter(prefix="/console/candidates", include_in_schema=False)
Reader = Annotated[Principal, needs(Permission.CANDIDATE_READ)]
Writer = Annotated[Principal, needs(Permission.CANDIDATE_WRITE)]


@router.get("")
async def page(
    request: Request,
    who: Reader,
    q: Annotated[str, Query(max_length=60)] = "",
    stage: Annotated[str, Query(max_length=20)] = "",
    cursor: Annotated[str, Query(max_length=400)] = "",
    said: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """The list, newest first."""
    if stage and stage not in STAGES:
        raise Invalid({"stage": "unknown"})
    site = site_of(request)

    def read(tx: Tx) -> tuple[views.Shell, views.CandidatesPage]:
        view = _view(tx, site, who, q.strip(), stage, cursor)
        flashes = done(language(who), said)
        return _shell(tx, site, who, flashes), view

    shell, view = await site.road.database.read(read)
    return html(site, "console/candidates.html", shell, page=view)


def _shell(
    tx: Tx, site: Site, who: Principal, flashes: tuple[views.Flash, ...] = ()
) -> views.Shell:
    return inside(tx, site, who, active="candidates", path="/console/candidates", flashes=flashes)


def _view(
    tx: Tx, site: Site, who: Principal, query: str, stage: str, cursor: str
) -> views.CandidatesPage:
    vault, viewer = site.road.vault, who.viewer
    following = None
    if query:
        wanted = Stage(stage) if stage else None
        found = people.find_candidates(tx, vault, viewer, query, limit=PAGE)
        found = [row for row in found if wanted is None or row.stage is wanted]
    else:
        found = people.page_candidates(
            tx,
            vault,
            viewer,
            stage=Stage(stage) if stage else None,
            after=cursors.moment_and_id(cursor),
            limit=PAGE + 1,
        )
        if len(found) > PAGE:
            last = found[PAGE - 1]
            at = {"cursor": cursors.made(last.created_at, last.id), "stage": stage}
            following = f"/console/candidates?{urlencode(at)}"
    return views.CandidatesPage(
        rows=_rows(tx, site, who, found[:PAGE]),
        stages=STAGES,
        form=_form(tx, who),
        query=query,
        stage=stage,
        next_url=following,
    )


def _rows(
    tx: Tx, site: Site, who: Principal, found: list[CandidateRow]
) -> tuple[views.CandidateRow, ...]:
    ids = [row.id for row in found]
    viewer = who.viewer
    waiting = alerts.open_counts(tx, viewer, ids) if viewer.may(Permission.ALERT_READ) else {}
    last = timeline.last_times(tx, viewer, ids) if viewer.may(Permission.CHAT_READ) else {}
    unread: set[str] = set()
    if viewer.may(Permission.CHAT_READ):
        made_at = {row.id: row.created_at for row in found}
        unread = set(ids) - consenting.analysed_of(tx, site.road.rulebook, made_at)
    return tuple(
        views.CandidateRow(
            id=row.id,
            name=row.name,
            position=row.position_title,
            stage=row.stage.value,
            level=row.level,
            score=row.score,
            open_alerts=waiting.get(row.id, 0),
            last_at=last.get(row.id),
            start_on=row.start_on,
            owner=row.owner_name,
            unread=row.id in unread,
        )
        for row in found
    )


def _form(tx: Tx, who: Principal) -> views.NewCandidate:
    choices = tuple(
        views.Choice(value=row.id, text=" · ".join(part for part in (row.title, row.city) if part))
        for row in people.positions(tx, who.viewer)
        if row.closed_at is None
    )
    return views.NewCandidate(positions=choices, stages=STAGES)


@router.post("")
async def create(request: Request, who: Writer) -> Response:
    """Add a record, and open it."""
    site = site_of(request)
    fields = await read_form(request)
    sent = {key: fields.get(key, "").strip() for key in ("name", "phone", "position_id", "stage")}

    def work(tx: Tx) -> tuple[str, dict[str, str]]:
        faults = _faults(tx, who, sent)
        if faults:
            return "", faults
        made = intake.add_candidate(
            tx,
            site.road,
            who.viewer,
            name=sent["name"],
            stage=Stage(sent["stage"]),
            phone=sent["phone"],
            position_id=sent["position_id"] or None,
        )
        return made, {}

    made, faults = await site.road.database.write(work)
    if faults:
        return await _again(site, who, sent, faults)
    try:
        await site.road.database.read(
            lambda tx: people.get_candidate(tx, site.road.vault, who.viewer, made)
        )
    except NotFound:  # the position is a colleague's, and so is the candidate now
        return go("/console/candidates?said=created")
    return go(f"/console/candidates/{made}?said=created")


def _faults(tx: Tx, who: Principal, sent: dict[str, str]) -> dict[str, str]:
    """Field -> key of what is wrong with it."""
    faults: dict[str, str] = {}
    if not intake.is_name(sent["name"]):
        faults["name"] = "name_missing"
    if sent["phone"] and not intake.is_phone(sent["phone"]):
        faults["phone"] = "phone_wrong"
    if sent["stage"] not in STAGES:
        faults["stage"] = "stage_wrong"
    if sent["position_id"]:
        try:
            people.get_position(tx, who.viewer, sent["position_id"])
        except NotFound:
            faults["position_id"] = "position_wrong"
    return faults


async def _again(
    site: Site, who: Principal, sent: dict[str, str], faults: dict[str, str]
) -> Response:
    """The page with the form as it was sent, and what is wrong with it."""
    speaks = language(who)

    def read(tx: Tx) -> tuple[views.Shell, views.CandidatesPage]:
        view = _view(tx, site, who, "", "", "")
        errors = {key: say(speaks, fault) for key, fault in faults.items()}
        form = replace(
            view.form,
            open=True,
            name=sent["name"],
            phone=sent["phone"],
            position_id=sent["position_id"],
            stage=sent["stage"],
            errors=errors,
        )
        return _shell(tx, site, who, sorry(speaks, "not_saved")), replace(view, form=form)

    shell, view = await site.road.database.read(read)
    return html(site, "console/candidates.html", shell, status=422, page=view)
