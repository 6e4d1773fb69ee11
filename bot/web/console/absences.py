"""/console/settings/absences: when I am away, and who stands in; admins say it for everybody."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Request, Response

from bot import absences
from bot.errors import Conflict, NotFound
from bot.web import desk_views as shapes
from bot.web.console import settings
from bot.web.console.common import go, language, site_of
from bot.web.console.settings import HOME
from bot.web.notices import say
from bot.web.security import Principal, needs
from bot.web.strict import read_form
from storage.database import Tx
from storage.viewer import Permission

#: Nobody plans further.
LONGEST = timedelta(days=366)
router = APIRouter(prefix="/console/settings/absences", include_in_schema=False)
Writer = Annotated[Principal, needs(Permission.ABSENCE_WRITE)]


@router.post("")
async def add(request: Request, who: Writer) -> Response:
    """Away from one day to another, both included."""
    road, form = site_of(request).road, await read_form(request)
    sent = {key: form.get(key, "").strip() for key in ("user", "deputy", "from_on", "until_on")}
    today = absences.today(road)
    first, last = _day(sent["from_on"]), _day(sent["until_on"])
    faults = {
        key: "day_wrong"
        for key, day in (("from_on", first), ("until_on", last))
        if day is None or not today - LONGEST <= day <= today + LONGEST
    }
    if not sent["deputy"]:
        faults["deputy"] = "deputy_missing"
    if not faults and first is not None and last is not None:
        if last < max(first, today):
            faults["until_on"] = "absence_over"
        else:
            user, deputy = sent["user"] or who.viewer.id, sent["deputy"]

            def work(tx: Tx) -> None:
                absences.add(tx, road, who.viewer, user, deputy, first, last)

            if not absences.may_speak_for(who.viewer, user):
                raise NotFound("no such colleague")
            try:
                await road.database.write(work)
            except NotFound:
                faults["deputy"] = "deputy_gone"
            except Conflict:
                key = "deputy" if user == deputy else "from_on"
                faults[key] = "deputy_self" if user == deputy else "absence_twice"
    if faults:
        return await _back(request, who, sent, faults)
    return go(f"{HOME}?said=absence_added#absences")


@router.post("/{absence_id}/end")
async def end(request: Request, who: Writer, absence_id: str) -> Response:
    """Taken back, or home early."""
    road = site_of(request).road
    try:
        await road.database.write(lambda tx: absences.end(tx, road, who.viewer, absence_id))
    except (NotFound, Conflict):  # nobody's to see, or ended by another browser
        return await settings.answer(request, who, why="absence_gone", status=409)
    return go(f"{HOME}?said=absence_ended#absences")


async def _back(
    request: Request, who: Principal, sent: Mapping[str, str], faults: Mapping[str, str]
) -> Response:
    speaks = language(who)
    crossing = "absence_twice" in faults.values()
    form = shapes.SentForm(
        values=sent, errors={key: say(speaks, fault) for key, fault in faults.items()}
    )
    return await settings.answer(
        request, who, absence=form, why="not_saved", status=409 if crossing else 422
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == 10 and text.isascii() else None
    except ValueError:
        return None
