"""/console/candidates/{id}/steps: planned steps, taken, moved, dropped. Shown on the record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Request, Response

from bot import filing
from bot.errors import NotFound
from bot.web.console import record, step_parts
from bot.web.console.common import go, language, site_of
from bot.web.console.step_parts import MOST_REASON, SentStep
from bot.web.notices import say
from bot.web.security import Principal, needs
from bot.web.strict import read_form
from bot.words import SHANGHAI
from storage.viewer import Permission

router = APIRouter(prefix="/console/candidates/{candidate_id}/steps", include_in_schema=False)
Writer = Annotated[Principal, needs(Permission.CANDIDATE_WRITE)]
#: How much of what was sent comes back in its field.
_MOST_SHOWN = 2_000


@router.post("")
async def plan(request: Request, who: Writer, candidate_id: str) -> Response:
    """A step with its day; a kind that is planned already moves to that day."""
    road = site_of(request).road
    sent = await _sent(request, "kind", "words", "due_on", "token")
    told, faults = step_parts.planned(sent, _today(request))
    if told is None:
        return await _back(request, who, candidate_id, "", "plan", sent, faults)
    await filing.plan_step(
        road, who.viewer, candidate_id, told.kind, told.due_on, words=told.words, token=told.token
    )
    return _done(candidate_id, "step_planned")


@router.post("/{step_id}/taken")
async def taken(request: Request, who: Writer, candidate_id: str, step_id: str) -> Response:
    """The candidate did it, on a day."""
    sent = await _sent(request, "on_day")
    day, fault = step_parts.done(sent["on_day"], _today(request))
    if day is None:
        faults = {"on_day": fault}
        return await _back(request, who, candidate_id, step_id, "taken", sent, faults)
    try:
        await filing.step_taken(site_of(request).road, who.viewer, candidate_id, step_id, day)
    except NotFound:  # of the step: a candidate nobody may know of is one on the page, too
        return await _gone(request, who, candidate_id)
    return _done(candidate_id, "step_taken")


@router.post("/{step_id}/moved")
async def moved(request: Request, who: Writer, candidate_id: str, step_id: str) -> Response:
    """Another day was agreed."""
    sent = await _sent(request, "due_on")
    day, fault = step_parts.due(sent["due_on"], _today(request))
    if day is None:
        faults = {"due_on": fault}
        return await _back(request, who, candidate_id, step_id, "moved", sent, faults)
    try:
        await filing.step_moved(site_of(request).road, who.viewer, candidate_id, step_id, day)
    except NotFound:
        return await _gone(request, who, candidate_id)
    return _done(candidate_id, "step_moved")


@router.post("/{step_id}/dropped")
async def dropped(request: Request, who: Writer, candidate_id: str, step_id: str) -> Response:
    """It is not to be done any more, and why."""
    sent = await _sent(request, "reason")
    if fault := step_parts.line_fault(sent["reason"], MOST_REASON, "step_reason_wrong"):
        faults = {"reason": fault}
        return await _back(request, who, candidate_id, step_id, "dropped", sent, faults)
    try:
        await filing.step_dropped(
            site_of(request).road, who.viewer, candidate_id, step_id, sent["reason"]
        )
    except NotFound:
        return await _gone(request, who, candidate_id)
    return _done(candidate_id, "step_dropped")


async def _sent(request: Request, *names: str) -> dict[str, str]:
    form = await read_form(request)
    return {name: form.get(name, "").strip() for name in names}


def _today(request: Request) -> date:
    return site_of(request).road.now().astimezone(SHANGHAI).date()


async def _back(
    request: Request,
    who: Principal,
    candidate_id: str,
    step_id: str,
    do: str,
    sent: Mapping[str, str],
    faults: Mapping[str, str],
) -> Response:
    """The page with the form as it was sent."""
    step = SentStep(
        step=step_id,
        do=do,
        values={name: text[:_MOST_SHOWN] for name, text in sent.items()},
        errors={name: say(language(who), fault) for name, fault in faults.items()},
    )
    return await record.answer(request, who, candidate_id, step=step, why="not_saved", status=422)


async def _gone(request: Request, who: Principal, candidate_id: str) -> Response:
    return await record.answer(request, who, candidate_id, why="step_gone", status=409)


def _done(candidate_id: str, said: str) -> Response:
    return go(f"/console/candidates/{candidate_id}/record?said={said}#steps")
