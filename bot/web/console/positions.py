"""/console/positions: what we hire for, added and changed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from bot import absences, appraisal
from bot.web import desk_views as shapes
from bot.web import intake, views
from bot.web.console import position_form as forms
from bot.web.console.common import go, html, language, site_of
from bot.web.notices import done, say, sorry
from bot.web.security import Principal, needs
from bot.web.shell import inside
from bot.web.site import Site
from bot.web.strict import read_form
from storage.database import Tx
from storage.enums import Role
from storage.queries import audit, people, positions, teams, users
from storage.queries.scope import WORKING
from storage.viewer import Permission

SHOWN = 200
router = APIRouter(prefix="/console/positions", include_in_schema=False)
Reader = Annotated[Principal, needs(Permission.POSITION_READ)]
Writer = Annotated[Principal, needs(Permission.POSITION_WRITE)]


@router.get("")
async def page(
    request: Request,
    who: Reader,
    said: Annotated[str, Query(max_length=20)] = "",
    edit: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """The list and the form; ``edit`` fills it with a position. Raises ``NotFound``."""
    site = site_of(request)
    if not (edit and who.viewer.may(Permission.POSITION_WRITE)):
        return await _page(site, who, done(language(who), said))
    row = await site.road.database.read(lambda tx: people.get_position(tx, who.viewer, edit))
    flashes = done(language(who), said)
    team = await site.road.database.read(lambda tx: teams.team(tx, edit))
    return await _page(
        site,
        who,
        flashes,
        editing=edit,
        sent=forms.filled(row),
        chosen=row.culture,
        team=[one.user_id for one in team],
    )


async def _page(
    site: Site,
    who: Principal,
    flashes: tuple[views.Flash, ...],
    *,
    editing: str = "",
    sent: dict[str, str] | None = None,
    chosen: tuple[str, ...] = (),
    team: Collection[str] = (),
    errors: dict[str, str] | None = None,
) -> Response:
    options = _options(site)

    def read(tx: Tx) -> tuple[views.Shell, views.PositionsPage]:
        found = people.positions(tx, who.viewer, limit=SHOWN)
        names = {user.id: user.name for user in users.all_users(tx)}
        shared = teams.teams(tx, [row.id for row in found])
        count = positions.people_in(tx, who.viewer, [row.id for row in found])
        rows = tuple(
            views.PositionRow(
                id=row.id,
                title=row.title,
                department=row.department,
                city=row.city,
                budget_low=row.budget_low,
                budget_high=row.budget_high,
                months=row.months,
                candidates=count.get(row.id, 0),
                owner=names.get(row.owner_id or "", ""),
                team=tuple(one.name for one in shared[row.id]),
                closed=row.closed_at is not None,
                culture=tuple(options[one] for one in row.culture if one in options),
                needed_by=row.needed_by,
            )
            for row in found
        )
        view = views.PositionsPage(
            rows=rows,
            open=bool(errors or editing),
            writes=who.viewer.may(Permission.POSITION_WRITE),
            editing=editing,
            culture=tuple(views.Choice(value=key, text=text) for key, text in options.items()),
            chosen=chosen,
            team=_to_choose(tx, who, editing, team),
            values=sent or {},
            errors=errors or {},
        )
        path = "/console/positions"
        return inside(tx, site, who, active="positions", path=path, flashes=flashes), view

    shell, view = await site.road.database.read(read)
    return html(site, "console/positions.html", shell, status=422 if errors else 200, page=view)


@router.post("")
async def create(request: Request, who: Writer) -> Response:
    """Add a position; HR owns what they add."""
    site = site_of(request)
    form = await read_form(request)
    sent, chosen = forms.sent(form, _options(site))
    told, faults = forms.understood(sent, chosen)
    team = forms.team(form)
    if told is None:
        return await _back(site, who, "", sent, chosen, faults, team or ())
    owner_id = who.viewer.id if who.viewer.role is Role.HR else None

    def work(tx: Tx) -> None:
        made = intake.add_position(tx, site.road, who.viewer, owner_id=owner_id, **asdict(told))
        if team:
            absences.share(tx, site.road, who.viewer, made, team)

    await site.road.database.write(work)
    return go("/console/positions?said=position_created")


@router.post("/{position_id}")
async def change(request: Request, who: Writer, position_id: str) -> Response:
    """Change a position; whom it is about is appraised again, one by one. Raises ``NotFound``."""
    site, database = site_of(request), site_of(request).road.database
    form = await read_form(request)
    sent, chosen = forms.sent(form, _options(site))
    team = forms.team(form)
    await database.read(lambda tx: people.get_position(tx, who.viewer, position_id))
    told, faults = forms.understood(sent, chosen)
    if told is None:
        return await _back(site, who, position_id, sent, chosen, faults, team or ())

    def work(tx: Tx) -> list[str]:
        positions.change(tx, who.viewer, position_id, **asdict(told))
        keystore = site.road.vault.keystore
        audit.append(tx, keystore, who.viewer, "position.change", position_id)
        if team is not None:
            absences.share(tx, site.road, who.viewer, position_id, team)
        return positions.going_on(tx, position_id)

    for candidate_id in await database.write(work):
        await database.write(partial(_appraised, site, candidate_id))
    return go("/console/positions?said=position_created")


def _appraised(site: Site, candidate_id: str, tx: Tx) -> None:
    appraisal.appraise(tx, site.road.vault, site.road.rulebook, candidate_id)


async def _back(
    site: Site,
    who: Principal,
    editing: str,
    sent: dict[str, str],
    chosen: tuple[str, ...],
    faults: dict[str, str],
    team: Collection[str],
) -> Response:
    speaks = language(who)
    errors = {key: say(speaks, fault) for key, fault in faults.items()}
    flashes = sorry(speaks, "not_saved")
    return await _page(
        site, who, flashes, editing=editing, sent=sent, chosen=chosen, team=team, errors=errors
    )


def _to_choose(
    tx: Tx, who: Principal, position_id: str, chosen: Collection[str]
) -> tuple[shapes.Colleague, ...]:
    """Colleagues who could be of the team; nobody, where the viewer does not say who is."""
    if position_id and not teams.works(tx, who.viewer, position_id):
        return ()
    owner = people.get_position(tx, who.viewer, position_id).owner_id if position_id else None
    mine = owner or (who.viewer.id if who.viewer.role is Role.HR else None)
    return tuple(
        shapes.Colleague(id=row.id, name=row.name, chosen=row.id in chosen)
        for row in users.all_users(tx)
        if row.role in WORKING and (row.id != mine or row.id in chosen)
    )


def _options(site: Site) -> dict[str, str]:
    """What candidates may value and teams may offer, key -> word."""
    return dict(site.road.rulebook.profile.kinds["expect.values"].options)
