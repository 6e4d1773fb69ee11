"""/console/alerts/record: how good each kind of alert was, and who left without any."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from bot import desk, judging
from bot.errors import Conflict, NotFound
from bot.web import alert_record_views as shapes
from bot.web import views
from bot.web.console import labels, review
from bot.web.console.common import go, html, is_htmx, language, site_of
from bot.web.errors import Invalid
from bot.web.notices import done, say, sorry
from bot.web.review_views import ReviewCard
from bot.web.security import Principal, needs
from bot.web.shell import inside
from bot.web.site import Site
from bot.web.strict import read_form
from storage.database import Tx
from storage.queries import missed_cases, people, standings
from storage.queries import review as readings
from storage.queries.missed_cases import Found
from storage.queries.standings import ENOUGH, Rate, Withdrawal
from storage.viewer import Permission, Viewer

HOME = "/console/alerts/record"
router = APIRouter(prefix=HOME, include_in_schema=False)
Reader = Annotated[Principal, needs(Permission.ALERT_READ)]
Judge = Annotated[Principal, needs(Permission.ALERT_WRITE)]
Admin = Annotated[Principal, needs(Permission.USER_WRITE)]
#: Cases that a page lists, and messages of the one that is opened.
_CASES, _SAID = 50, 8


class Span(StrEnum):
    """Days back from now."""

    MONTH = "30"
    QUARTER = "90"
    YEAR = "365"


@router.get("")
async def page(
    request: Request,
    who: Reader,
    days: Span = Span.QUARTER,
    case: Annotated[str, Query(max_length=60)] = "",
    said: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """Kinds, the sentence about withdrawals, and the cases; ``case`` is looked at closely."""
    return await _page(request, who, days, case, flashes=done(language(who), said))


async def _page(
    request: Request,
    who: Principal,
    days: Span,
    case: str,
    *,
    flashes: tuple[views.Flash, ...] = (),
    status: int = 200,
) -> Response:
    site = site_of(request)

    def read(tx: Tx) -> tuple[views.Shell, shapes.RecordPage]:
        shell = inside(tx, site, who, active="alerts", path=HOME, flashes=flashes)
        return shell, _record(tx, site, who.viewer, language(who), days, case)

    shell, view = await site.road.database.read(read)
    return html(site, "console/alert_record.html", shell, page=view, status=status)


def _record(
    tx: Tx, site: Site, viewer: Viewer, speaks: views.Language, days: Span, case: str
) -> shapes.RecordPage:
    rule, now = site.road.rulebook.policy.demote, tx.now
    found = standings.withdrawals(
        tx, viewer, since=now - timedelta(days=int(days)), until=now + timedelta(seconds=1)
    )
    silent = [one for one in found if one.silent]
    listed = silent[:_CASES]
    return shapes.RecordPage(
        kinds=_kinds(site, speaks, standings.rates(tx, over=rule.over)),
        over=rule.over,
        below=round(100 * rule.below),
        back_at=round(100 * rule.back_at),
        may_restore=viewer.may(Permission.USER_WRITE),
        days=days.value,
        spans=tuple(Span),
        all_people=viewer.sees_all,
        withdrawals=len(found),
        silent=len(silent),
        cases=_cases(tx, site, viewer, listed, case),
        left_out=len(silent) - len(listed),
    )


def _kinds(site: Site, speaks: views.Language, rates: Sequence[Rate]) -> tuple[shapes.KindRow, ...]:
    """Demoted ones first, then the most judged."""
    policy, words = site.road.rulebook.policy, site.pages.words[speaks]
    rows = []
    for one in rates:
        if not one.judged and one.demoted_at is None:
            continue
        known = words.label("topic", one.topic)
        name = known if known != one.topic else policy.names.get(one.topic, one.topic)
        some = one.judged > 0
        rows.append(
            shapes.KindRow(
                kind=one.topic,
                name=name,
                hits=one.hits,
                judged=one.judged,
                share=round(100 * one.hits / one.judged) if some else 0,
                low=round(100 * one.low) if some else 0,
                high=round(100 * one.high) if some else 100,
                few=one.judged < ENOUGH,
                demotes=one.topic in judging.HEARD,
                demoted_at=one.demoted_at,
                by=one.by,
            )
        )
    return tuple(sorted(rows, key=lambda row: (row.demoted_at is None, -row.judged, row.kind)))


def _cases(
    tx: Tx, site: Site, viewer: Viewer, listed: Sequence[Withdrawal], case: str
) -> tuple[shapes.Case, ...]:
    ids = {one.candidate_id for one in listed}
    known = {row.id: row for row in people.among(tx, site.road.vault, viewer, ids=ids)}
    looked = missed_cases.looked_through(tx, ids)
    made = []
    for one in listed:
        row, seen = known[one.candidate_id], looked.get(one.candidate_id)
        made.append(
            shapes.Case(
                candidate_id=row.id,
                name=row.name,
                position=row.position_title or "",
                outcome=one.outcome,
                on_day=one.on_day,
                looked=shapes.Looked(found=seen.found.value, by=seen.by, at=seen.at)
                if seen
                else None,
                opened=_opened(tx, site, viewer, one) if row.id == case else None,
            )
        )
    return tuple(made)


def _opened(tx: Tx, site: Site, viewer: Viewer, one: Withdrawal) -> shapes.Opened:
    rows = readings.last_of(
        tx, site.road.vault, viewer, one.candidate_id, until=one.told_at, limit=_SAID
    )
    wrote = missed_cases.wrote(tx, one.candidate_id)
    return shapes.Opened(wrote=wrote.messages, said=review.cards(tx, site, rows))


@router.post("/kinds/{kind}/restore")
async def restore(request: Request, who: Admin, kind: str) -> Response:
    """Let a demoted kind be told at once again. Pressed twice it is the same."""
    site = site_of(request)
    await read_form(request)
    if kind not in judging.HEARD:
        raise NotFound("no such kind")

    def work(tx: Tx) -> None:
        judging.restore(tx, site.road.vault, site.road.rulebook, who.viewer, kind)

    try:
        await site.road.database.write(work)
    except Conflict:
        return go(HOME)
    return go(f"{HOME}?said=kind_restored")


@router.post("/missed/{candidate_id}")
async def look_through(request: Request, who: Judge, candidate_id: str) -> Response:
    """What somebody found in a case that was missed."""
    site, form = site_of(request), await read_form(request)
    found, days = form.get("found", ""), form.get("days", "")
    if found not in list(Found) or days not in list(Span):
        raise Invalid({"found": "unknown"})

    def work(tx: Tx) -> None:
        judging.look_through(tx, site.road.vault, who.viewer, candidate_id, Found(found))

    try:
        await site.road.database.write(work)
    except judging.Unlabelled:
        flashes = sorry(language(who), "label_first")
        return await _page(request, who, Span(days), candidate_id, flashes=flashes, status=422)
    return go(f"{HOME}?days={days}&said=looked_through")


@router.post("/missed/{candidate_id}/labels/{reading_id}")
async def relabel(request: Request, who: Judge, candidate_id: str, reading_id: str) -> Response:
    """What a message means that nobody was alarmed by: a line to train from."""
    site, wanted = site_of(request), labels.sent(await read_form(request))
    row = await site.road.database.read(
        lambda tx: readings.get(tx, site.road.vault, who.viewer, reading_id)
    )
    if row.candidate_id != candidate_id:
        raise NotFound("no such reading")
    if wanted is None:
        if is_htmx(request):
            error = say(language(who), "labels_empty")
            return await _one(request, who, reading_id, error=error, status=422)
        flashes = sorry(language(who), "labels_empty")
        return await _page(request, who, Span.YEAR, candidate_id, flashes=flashes, status=422)
    await desk.relabel(site.road, who.viewer, reading_id, wanted)
    if not is_htmx(request):
        return go(f"{HOME}?days={Span.YEAR}&case={candidate_id}&said=relabelled")
    return await _one(request, who, reading_id)


async def _one(
    request: Request, who: Principal, reading_id: str, *, error: str = "", status: int = 200
) -> Response:
    """One message of a case as it stands now."""
    site = site_of(request)

    def read(tx: Tx) -> tuple[views.Shell, ReviewCard]:
        row = readings.get(tx, site.road.vault, who.viewer, reading_id)
        [card] = review.cards(tx, site, [row], error=error)
        return inside(tx, site, who, active="alerts", path=HOME), card

    shell, card = await site.road.database.read(read)
    return html(site, "console/_missed_words.html", shell, said=card, status=status)
