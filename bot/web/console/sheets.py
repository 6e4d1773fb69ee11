"""/console/candidates/import: spreadsheets in, tried first; and out, masked and noted."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from bot.resume.document import Unreadable
from bot.sheets import opening, writing
from bot.sheets.definition import Layout
from bot.sheets.document import MOST_PEOPLE, TOO_LARGE, Book
from bot.sheets.entries import Fault
from bot.sheets.plan import Plan
from bot.sheets.positions import called
from bot.web import drafts, exporting, filenames, importing, views
from bot.web import sheets_views as shapes
from bot.web.console.common import go, html, language, site_of
from bot.web.exporting import Exported, Format, Purpose, Wanted
from bot.web.importing import Unfit
from bot.web.masking import mask_phone
from bot.web.multipart import LARGEST, read_file
from bot.web.notices import done, say, sorry
from bot.web.security import Principal, needs
from bot.web.shell import inside
from bot.web.site import Site
from bot.web.strict import read_form
from bot.words import SHANGHAI
from storage.database import Tx
from storage.enums import Stage
from storage.viewer import Permission

HOME = "/console/candidates/import"
#: C7: more than this needs a second person, or somebody at the server.
MOST = 200
_FAULTS, _LINES = 100, 100
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_TYPES = {Format.XLSX: _XLSX, Format.CSV: "text/csv; charset=utf-8"}
router = APIRouter(prefix="/console/candidates", include_in_schema=False)
Writer = Annotated[Principal, needs(Permission.CANDIDATE_WRITE)]
#: The record has pay and reasons: whoever may not read chats may not take it away either.
Reader = Annotated[Principal, needs(Permission.CHAT_READ)]


@router.get("/import")
async def page(
    request: Request, who: Writer, said: Annotated[str, Query(max_length=20)] = ""
) -> Response:
    """The forms."""
    return await _page(site_of(request), who, flashes=done(language(who), said))


async def _page(
    site: Site,
    who: Principal,
    *,
    flashes: tuple[views.Flash, ...] = (),
    trial: shapes.Trial | None = None,
    status: int = 200,
) -> Response:
    shell = await site.road.database.read(
        lambda tx: inside(tx, site, who, active="candidates", path=HOME, flashes=flashes)
    )
    view = shapes.SheetsPage(
        stages=tuple(stage.value for stage in Stage),
        purposes=tuple(purpose.value for purpose in Purpose),
        formats=tuple(format.value for format in Format),
        trial=trial,
    )
    return html(site, "console/sheets.html", shell, status=status, page=view)


@router.post("/import")
async def attempt(request: Request, who: Writer) -> Response:
    """The dry run: what a file would come to, its faults by row and column. Writes nothing."""
    site = site_of(request)
    with site.uploads.one(who.viewer.id):
        sent = await read_file(request, most=LARGEST)
        try:
            if sent.data is None:
                raise Unreadable(TOO_LARGE)
            book = await opening.opened(sent.data)
        except Unreadable as refused:
            words = say(language(who), "file_refused") + str(refused)
            flash = views.Flash(kind="error", text=words)
            return await _page(site, who, flashes=(flash,), status=422)
        plan = await _planned(site, who, book)
    draft = ""
    if not plan.faults and not plan.is_empty:
        kept = drafts.sealed(site, who.viewer, book)
        if kept is None:
            flashes = sorry(language(who), "import_heavy")
            return await _page(site, who, flashes=flashes, status=422)
        draft = kept
    trial = _trial(plan, site.road.rulebook.sheets, draft)
    return await _page(site, who, trial=trial, status=422 if plan.faults else 200)


async def _planned(site: Site, who: Principal, book: Book) -> Plan:
    told = await asyncio.to_thread(
        importing.understood, book, site.road.rulebook.sheets, most=MOST_PEOPLE
    )
    return await site.road.database.read(
        lambda tx: importing.plan(tx, site.road, who.viewer, told, masked=mask_phone)
    )


@router.post("/import/confirm")
async def confirm(request: Request, who: Writer) -> Response:
    """Write what was tried, all of it or nothing. What changed meanwhile is told again."""
    site = site_of(request)
    fields = await read_form(request)
    try:
        book = drafts.opened(site, who.viewer, fields.get("draft", ""))
    except drafts.Gone:
        flashes = sorry(language(who), "import_expired")
        return await _page(site, who, flashes=flashes, status=409)
    layout = site.road.rulebook.sheets
    told = await asyncio.to_thread(importing.understood, book, layout, most=MOST_PEOPLE)
    try:
        await site.road.database.write(
            lambda tx: importing.bring(tx, site.road, who.viewer, told, masked=mask_phone)
        )
    except Unfit as unfit:
        return await _page(site, who, trial=_trial(unfit.plan, layout, ""), status=422)
    return go("/console/candidates?said=imported")


@router.get("/template")
async def template(request: Request, who: Writer) -> Response:
    """An empty table with explanations, lists to choose from, and the open positions."""
    site = site_of(request)
    rows = await site.road.database.read(lambda tx: importing.all_positions(tx, who.viewer))
    places = sorted({called(row) for row in rows if row.closed_at is None})
    data = await asyncio.to_thread(writing.template, site.road.rulebook.sheets, places)
    return file_of(data, Format.XLSX, "候选人导入模板.xlsx")


@router.post("/export")
async def export(request: Request, who: Reader) -> Response:
    """Candidates the viewer may see, numbers masked. The audit chain knows it before they do."""
    site, speaks = site_of(request), language(who)
    fields = await read_form(request)
    try:
        purpose, format = Purpose(fields.get("purpose", "")), Format(fields.get("format", ""))
        stage = Stage(fields["stage"]) if fields.get("stage") else None
    except ValueError:
        return await _page(site, who, flashes=sorry(speaks, "export_unclear"), status=422)
    wanted = Wanted(
        format=format,
        masked=mask_phone,
        most=MOST,
        stage=stage,
        purpose=site.pages.words["zh"].label("purpose", purpose.value),
    )
    site.export_pace.take(who.viewer.id)
    try:
        made: Exported = await site.road.database.read(
            lambda tx: exporting.candidates(tx, site.road, who.viewer, wanted)
        )
    except exporting.TooMany:
        return await _page(site, who, flashes=sorry(speaks, "export_many"), status=422)

    def noted(tx: Tx) -> None:
        exporting.noted_export(
            tx, site.road, who.viewer, "candidates", wanted, made.count, purpose.value
        )

    await site.road.database.write(noted)
    day = site.road.now().astimezone(SHANGHAI)
    return file_of(made.data, format, f"候选人 {day:%Y-%m-%d}.{format.value}")


def file_of(data: bytes, format: Format, name: str) -> Response:
    """A spreadsheet to keep."""
    headers = {
        "Content-Disposition": filenames.disposition("attachment", name),
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    return Response(data, media_type=_TYPES[format], headers=headers)


# --- what a trial shows -----------------------------------------------------------------------


def _trial(plan: Plan, layout: Layout, draft: str) -> shapes.Trial:
    steps = [step for step in plan.steps if step.changes]
    return shapes.Trial(
        places=tuple(called(place) for place in plan.places),
        created=len(plan.created),
        changed=len(plan.changed),
        unchanged=plan.unchanged,
        lines=tuple(
            shapes.Line(
                line=step.person.line,
                name=step.person.name,
                position=step.person.position,
                new=not step.id,
                what=tuple(layout.candidates.of(kind).label for kind in step.kinds),
            )
            for step in steps[:_LINES]
        ),
        faults=_said(plan.faults[:_FAULTS]),
        notes=_said(plan.notes[:_FAULTS]),
        more_faults=max(0, len(plan.faults) - _FAULTS),
        more_lines=max(0, len(steps) - _LINES),
        draft=draft,
    )


def _said(faults: Sequence[Fault]) -> tuple[shapes.Said, ...]:
    return tuple(shapes.Said(place=one.place, says=one.says) for one in faults)
