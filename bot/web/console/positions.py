"""/console/positions: what we hire for."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from bot.web import intake, views
from bot.web.console.common import go, html, language, site_of
from bot.web.notices import done, say, sorry
from bot.web.security import Principal, needs
from bot.web.shell import inside
from bot.web.site import Site
from bot.web.strict import read_form
from storage.database import Tx
from storage.enums import Role
from storage.queries import people, users
from storage.viewer import Permission

FIELDS = ("title", "department", "city", "budget_low_k", "budget_high_k", "months")
SHOWN = 200
MOST_K, MOST_MONTHS = 10_000, 36
router = APIRouter(prefix="/console/positions", include_in_schema=False)


@router.get("")
async def page(
    request: Request,
    who: Annotated[Principal, needs(Permission.POSITION_READ)],
    said: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """The list and the form."""
    site = site_of(request)
    return await _page(site, who, done(language(who), said))


async def _page(
    site: Site,
    who: Principal,
    flashes: tuple[views.Flash, ...],
    *,
    sent: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
) -> Response:
    def read(tx: Tx) -> tuple[views.Shell, views.PositionsPage]:
        found = people.positions(tx, who.viewer, limit=SHOWN)
        names = {user.id: user.name for user in users.all_users(tx)}
        count = people.people_in(tx, who.viewer, [row.id for row in found])
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
                closed=row.closed_at is not None,
            )
            for row in found
        )
        view = views.PositionsPage(
            rows=rows, open=bool(errors), values=sent or {}, errors=errors or {}
        )
        path = "/console/positions"
        return inside(tx, site, who, active="positions", path=path, flashes=flashes), view

    shell, view = await site.road.database.read(read)
    return html(site, "console/positions.html", shell, status=422 if errors else 200, page=view)


@router.post("")
async def create(
    request: Request, who: Annotated[Principal, needs(Permission.POSITION_WRITE)]
) -> Response:
    """Add a position; HR owns what they add."""
    site, speaks = site_of(request), language(who)
    fields = await read_form(request)
    sent = {key: fields.get(key, "").strip() for key in FIELDS}
    faults, numbers = _read(sent)
    if faults:
        errors = {key: say(speaks, fault) for key, fault in faults.items()}
        return await _page(site, who, sorry(speaks, "not_saved"), sent=sent, errors=errors)
    low, high = numbers["budget_low_k"], numbers["budget_high_k"]

    def work(tx: Tx) -> None:
        intake.add_position(
            tx,
            site.road,
            who.viewer,
            title=sent["title"],
            department=sent["department"],
            city=sent["city"],
            budget_low=None if low is None else round(low * 1000),
            budget_high=None if high is None else round(high * 1000),
            months=numbers["months"],
            owner_id=who.viewer.id if who.viewer.role is Role.HR else None,
        )

    await site.road.database.write(work)
    return go("/console/positions?said=position_created")


def _read(sent: dict[str, str]) -> tuple[dict[str, str], dict[str, float | None]]:
    """What is wrong, field -> key; and the numbers."""
    faults: dict[str, str] = {}
    if not intake.is_name(sent["title"], 120):
        faults["title"] = "title_missing"
    for key, most in (("department", 120), ("city", 60)):
        if sent[key] and not intake.is_name(sent[key], most):
            faults[key] = f"{key}_long"
    numbers: dict[str, float | None] = {}
    for key, most in (("budget_low_k", MOST_K), ("budget_high_k", MOST_K), ("months", MOST_MONTHS)):
        numbers[key] = _number(sent[key])
        if sent[key] and not 0 < (numbers[key] or 0) <= most:
            faults[key] = "number_wrong"
    low, high = numbers["budget_low_k"], numbers["budget_high_k"]
    if not faults and low is not None and high is not None and low > high:
        faults["budget_high_k"] = "budget_order"
    return faults, numbers


def _number(text: str) -> float | None:
    try:
        return float(text) if text.isascii() and len(text) <= 12 else None
    except ValueError:
        return None
