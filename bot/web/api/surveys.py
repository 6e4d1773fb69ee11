"""/api/v1/surveys: what can be asked."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Request

from bot.web import cursors
from bot.web.api.common import PREFIX, Cursor, Limit, Listed, Out, StrictRoute, cut
from bot.web.console.common import site_of
from bot.web.security import Principal, needs
from storage.database import Tx
from storage.queries import surveys
from storage.queries.surveys import SurveyRow
from storage.viewer import Permission

router = APIRouter(prefix=f"{PREFIX}/surveys", tags=["surveys"], route_class=StrictRoute)
Reader = Annotated[Principal, needs(Permission.SURVEY_READ)]
SurveyId = Annotated[str, Path(max_length=40, description="Id of a survey.")]


class Survey(Out):
    """A survey as it asks now. ``digest`` names this wording; ``definition`` is that of
    config/surveys. One that is not ``enabled`` is not sent."""

    id: str
    title: str
    digest: str
    origin: Literal["file", "console"]
    enabled: bool
    definition: dict[str, Any]
    changed_at: datetime


def shown(row: SurveyRow) -> Survey:
    """A row as the API gives it."""
    return Survey(
        id=row.id,
        title=row.title,
        digest=row.digest,
        origin="console" if row.origin == "console" else "file",
        enabled=row.enabled,
        definition=row.definition,
        changed_at=row.changed_at,
    )


@router.get("")
async def page(
    request: Request, who: Reader, limit: Limit = 50, cursor: Cursor = None
) -> Listed[Survey]:
    """Surveys in the order of their ids."""
    after = cursors.name(cursor) or ""

    def read(tx: Tx) -> Listed[Survey]:
        rows = surveys.surveys(tx, after=after, limit=limit + 1)
        rows, following = cut(rows, limit, lambda row: cursors.made(row.id))
        return Listed(items=[shown(row) for row in rows], next=following)

    return await site_of(request).road.database.read(read)


@router.get("/{survey_id}")
async def one(request: Request, who: Reader, survey_id: SurveyId) -> Survey:
    """One survey."""
    return await site_of(request).road.database.read(
        lambda tx: shown(surveys.survey(tx, survey_id))
    )
