"""/console/surveys: what can be asked, word for word, and whether it is sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from bot.asking import edition
from bot.errors import NotFound
from bot.surveying import TOO_LARGE, survey_of
from bot.surveys.definition import parse
from bot.surveys.problems import Problem, SurveyInvalid
from bot.surveys.shape import Start, Survey
from bot.web import answers_out, views
from bot.web import survey_views as shapes
from bot.web.answers_out import Unnamed
from bot.web.console.common import go, html, language, site_of
from bot.web.console.sheets import MOST as MOST_OUT
from bot.web.console.sheets import file_of
from bot.web.exporting import Format, Purpose, TooMany, Wanted
from bot.web.masking import mask_phone
from bot.web.multipart import LARGEST, read_file
from bot.web.notices import done, sorry
from bot.web.security import Principal, needs
from bot.web.shell import inside
from bot.web.site import Site
from bot.web.strict import read_form
from bot.words import SHANGHAI
from storage.database import Tx
from storage.queries import audit, surveys
from storage.queries.surveys import SurveyRow
from storage.viewer import Permission

router = APIRouter(prefix="/console/surveys", include_in_schema=False)
Reader = Annotated[Principal, needs(Permission.SURVEY_READ)]
Writer = Annotated[Principal, needs(Permission.SURVEY_WRITE)]
_PATH = "/console/surveys"
#: Problems a page shows; a file of more is told how many.
_FAULTS = 100
#: Surveys there may be: what is listed and planned is read in one go.
MOST = 200


@router.get("")
async def page(
    request: Request, who: Reader, said: Annotated[str, Query(max_length=20)] = ""
) -> Response:
    """All surveys with their questions."""
    return await _page(site_of(request), who, flashes=done(language(who), said))


async def _page(
    site: Site,
    who: Principal,
    *,
    flashes: tuple[views.Flash, ...] = (),
    problems: Sequence[Problem] = (),
    status: int = 200,
) -> Response:
    def read(tx: Tx) -> tuple[views.Shell, shapes.SurveysPage]:
        shell = inside(tx, site, who, active="surveys", path=_PATH, flashes=flashes)
        return shell, shapes.SurveysPage(
            rows=tuple(_item(row) for row in surveys.surveys(tx)),
            writes=who.viewer.may(Permission.SURVEY_WRITE),
            purposes=tuple(one.value for one in Purpose),
            faults=tuple((one.place, one.what) for one in problems[:_FAULTS]),
            more_faults=max(0, len(problems) - _FAULTS),
        )

    shell, view = await site.road.database.read(read)
    return html(site, "console/surveys.html", shell, status=status, page=view)


def _item(row: SurveyRow) -> shapes.SurveyItem:
    survey = parse(row.definition)
    return shapes.SurveyItem(
        id=row.id,
        title=row.title,
        intro=survey.intro.strip(),
        origin=row.origin,
        enabled=row.enabled,
        named=survey.named,
        start=_moment(survey.start) if survey.start is not None else None,
        questions=tuple((one.ask.strip(), one.kind.value) for one in survey.questions),
        changed_at=row.changed_at,
    )


def _moment(start: Start) -> shapes.Moment:
    return shapes.Moment(
        event=start.after.value,
        days=start.days,
        months=start.months,
        before=start.before,
        at=start.at,
    )


@router.get("/{survey_id}/answers.{format}")
async def export(
    request: Request,
    who: Reader,
    survey_id: str,
    format: str,
    purpose: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """Answers of people the viewer may see. The audit chain knows it before they do."""
    site, speaks = site_of(request), language(who)
    if format not in set(Format):
        raise NotFound("no such format")
    if purpose not in set(Purpose):
        return await _page(site, who, flashes=sorry(speaks, "export_unclear"), status=422)
    words = site.pages.words["zh"]
    wanted = Wanted(
        format=Format(format),
        masked=mask_phone,
        most=MOST_OUT,
        purpose=words.label("purpose", purpose),
    )
    site.export_pace.take(who.viewer.id)
    try:
        made = await site.road.database.read(
            lambda tx: answers_out.answers(
                tx, site.road, who.viewer, survey_id, wanted, words.label
            )
        )
    except TooMany:
        return await _page(site, who, flashes=sorry(speaks, "answers_many"), status=422)
    except Unnamed:
        return await _page(site, who, flashes=sorry(speaks, "answers_unnamed"), status=422)
    details = {"rows": made.count, "format": format}
    keystore = site.road.vault.keystore
    await site.road.database.write(
        lambda tx: audit.append(
            tx, keystore, who.viewer, "survey.export", survey_id, purpose=purpose, details=details
        )
    )
    day = site.road.now().astimezone(SHANGHAI)
    return file_of(made.data, wanted.format, f"{survey_id} {day:%Y-%m-%d}.{format}")


@router.post("")
async def upload(request: Request, who: Writer) -> Response:
    """A survey's file, kept and on: 303. The page with all that is wrong with it, and nothing
    kept: 422."""
    site, book = site_of(request), site_of(request).road.rulebook
    try:
        with site.uploads.one(who.viewer.id):
            sent = await read_file(request, most=LARGEST)
            if sent.data is None:
                raise SurveyInvalid([TOO_LARGE])
            survey = await survey_of(sent.data, sent.name, book.forbidden.why, book.vocabulary)
        await site.road.database.write(lambda tx: _keep(tx, site, who, survey))
    except SurveyInvalid as error:
        return await _page(site, who, problems=error.problems, status=422)
    return go(f"{_PATH}?said=survey_kept")


def _keep(tx: Tx, site: Site, who: Principal, survey: Survey) -> None:
    """A new survey or a new edition of an uploaded one. Raises ``SurveyInvalid`` for the id of a
    file, which one changes where it is, and for one too many."""
    known = {row.id: row for row in surveys.surveys(tx)}
    standing = known.get(survey.id)
    of_file = standing is not None and standing.origin == "file"
    if of_file or survey.id in site.road.rulebook.surveys:
        says = f"{survey.id} 是 config/surveys/ 里的问卷，请换一个 id，或改那里的文件"
        raise SurveyInvalid([Problem(0, "id", says)])
    if standing is None and len(known) >= MOST:
        raise SurveyInvalid([Problem(0, "", f"最多 {MOST} 份问卷")])
    made = edition(survey)
    surveys.put(tx, made, by=who.viewer.id)
    surveys.switch(tx, survey.id, True, by=who.viewer.id)
    details = {"digest": made.digest, "questions": len(survey.questions)}
    keystore = site.road.vault.keystore
    audit.append(tx, keystore, who.viewer, "survey.upload", survey.id, details=details)


@router.post("/{survey_id}")
async def switch(request: Request, who: Writer, survey_id: str) -> Response:
    """Turn one on or off: 303. What is under way goes on. Raises ``NotFound``."""
    site, form = site_of(request), await read_form(request)
    enabled = {"on": True, "off": False}.get(form.get("enabled", ""))
    if enabled is None:
        raise NotFound("neither on nor off")

    def work(tx: Tx) -> None:
        surveys.switch(tx, survey_id, enabled, by=who.viewer.id)
        deed = "survey.on" if enabled else "survey.off"
        audit.append(tx, site.road.vault.keystore, who.viewer, deed, survey_id)

    await site.road.database.write(work)
    return go(f"{_PATH}?said={'survey_on' if enabled else 'survey_off'}")
