"""/console/surveys: what can be asked, word for word, and whether it is sent."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from bot.errors import NotFound
from bot.surveys.definition import parse
from bot.surveys.shape import Start
from bot.web import survey_views as shapes
from bot.web import views
from bot.web.console.common import go, html, language, site_of
from bot.web.notices import done
from bot.web.security import Principal, needs
from bot.web.shell import inside
from bot.web.strict import read_form
from storage.database import Tx
from storage.queries import audit, surveys
from storage.queries.surveys import SurveyRow
from storage.viewer import Permission

router = APIRouter(prefix="/console/surveys", include_in_schema=False)
Reader = Annotated[Principal, needs(Permission.SURVEY_READ)]
Writer = Annotated[Principal, needs(Permission.SURVEY_WRITE)]
_PATH = "/console/surveys"


@router.get("")
async def page(
    request: Request, who: Reader, said: Annotated[str, Query(max_length=20)] = ""
) -> Response:
    """All surveys with their questions."""
    site = site_of(request)

    def read(tx: Tx) -> tuple[views.Shell, shapes.SurveysPage]:
        flashes = done(language(who), said)
        shell = inside(tx, site, who, active="surveys", path=_PATH, flashes=flashes)
        rows = tuple(_item(row) for row in surveys.surveys(tx))
        return shell, shapes.SurveysPage(rows=rows, writes=who.viewer.may(Permission.SURVEY_WRITE))

    shell, view = await site.road.database.read(read)
    return html(site, "console/surveys.html", shell, page=view)


def _item(row: SurveyRow) -> shapes.SurveyItem:
    survey = parse(row.definition)
    return shapes.SurveyItem(
        id=row.id,
        title=row.title,
        intro=survey.intro.strip(),
        origin=row.origin,
        enabled=row.enabled,
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
