"""``/f/{token}`` of a survey: all its questions on one page, for a phone and without a script.

The link is the proof of who answers, and the first browser that answers keeps it: elsewhere it
shows no answer and takes none. A colleague's signed-in browser never answers for the candidate.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import timedelta

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from bot import responding
from bot.responding import Moved, Page, Shut
from bot.surveys.progress import asked
from bot.web import survey_form
from bot.web.links import ANYBODY, is_colleague, site_of_link, visitor_of
from bot.web.masking import mask_name
from bot.web.shell import outside
from bot.web.site import Site
from bot.web.strict import read_form
from bot.web.survey_views import SurveyPage

#: What a redirect may ask the page to say.
_SAID = ("saved", "more")
_COOKIE = "yinuo_form"
_OPEN = ("open", "elsewhere")
router = APIRouter(include_in_schema=False)


async def page(request: Request, token: str, said: str = "") -> Response:
    """The questions, or why there are none. Reading it uses nothing up."""
    return await _page(request, token, note=said if said in _SAID else "")


async def _page(
    request: Request,
    token: str,
    *,
    note: str = "",
    bad: bool = False,
    form: Mapping[str, str] | None = None,
    faults: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    site: Site = request.app.state.site  # the call was counted
    ours = _is_ours(request, site, token)
    found = await site.road.database.read(
        lambda tx: responding.opened(tx, site.road, token, ours=ours)
    )
    view = _view(site, found, token, ours=ours, form=form, faults=faults or {}, note=note, bad=bad)
    if status == 200 and view.kind in ("revoked", "expired"):
        status = 410
    return HTMLResponse(outside(request, "survey.html", view), status)


def _view(
    site: Site,
    found: Page,
    token: str,
    *,
    ours: bool,
    form: Mapping[str, str] | None,
    faults: Mapping[str, str],
    note: str,
    bad: bool,
) -> SurveyPage:
    words = site.pages.words["zh"]
    base = f"/f/{token}"
    text = words.t(f"survey.note.{note}") if note else ""
    if found.survey is None or found.row is None or found.standing not in _OPEN:
        thanks = found.survey.thanks.strip() if found.survey and found.standing == "done" else ""
        return SurveyPage(
            base=base, kind=found.standing, thanks=thanks, note=text if bad else "", note_bad=bad
        )
    # Conditions follow what was answered; who did not answer sees only what everybody is asked.
    answers = found.answers if ours else {}
    errors = {name: words.t(f"survey.fault.{fault}") for name, fault in faults.items()}
    return SurveyPage(
        base=base,
        kind=found.standing,
        title=found.survey.title,
        intro=found.survey.intro.strip(),
        who=mask_name(found.candidate.name),
        fields=survey_form.fields_of(
            asked(found.survey, answers), found.shown, errors, form, told=answers
        )
        if found.standing == "open"
        else (),
        revision=found.row.revision,
        answered=len(found.shown),
        expires_at=found.expires_at,
        note=text,
        note_bad=bad,
    )


@router.post("/f/{token}/answers", dependencies=ANYBODY)
async def answer(request: Request, token: str) -> Response:
    """Keep what was filled in, and go on or close: 303. 422 with the fields that cannot be
    understood, 409 with words where it takes nothing (or something else was answered meanwhile)."""
    site = site_of_link(request, token)
    if await is_colleague(request, site):
        return await _page(request, token, note="colleague", bad=True, status=403)
    form = await read_form(request)
    ours, road = _is_ours(request, site, token), site.road
    found = await road.database.read(lambda tx: responding.opened(tx, road, token, ours=ours))
    if found.standing != "open" or found.survey is None:
        return await _page(request, token, note="shut", bad=True, status=409)
    shown = asked(found.survey, found.answers if ours else {})
    given, faults = survey_form.answers_of(shown, form, now=road.now())
    finish = form.get("do") == "finish"
    if finish:
        faults |= {
            one.id: "required"
            for one in shown
            if one.required and one.id not in given and one.id not in found.answers
            and one.id not in faults
        }  # fmt: skip
    if faults:
        return await _page(
            request, token, note="faults", bad=True, form=form, faults=faults, status=422
        )
    try:
        kept = await responding.answer(
            road,
            visitor_of(request, site),
            token,
            given,
            revision=_number(form.get("revision", "")),
            ours=ours,
            finish=finish,
        )
    except Moved:
        return await _page(request, token, note="moved", bad=True, form=form, status=409)
    except Shut:
        return await _page(request, token, note="shut", bad=True, status=409)
    if kept.closed:
        return _to(request, site, token, "", found)
    said = "more" if finish else "saved"
    return _to(request, site, token, f"?said={said}#{_first(kept.open)}", found)


def _number(text: str) -> int:
    """A revision; -1 for what is none of ours."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else -1


def _first(left: tuple[object, ...]) -> str:
    return f"q-{getattr(left[0], 'id', '')}" if left else "end"


@router.post("/f/{token}/refuse", dependencies=ANYBODY)
async def refuse(request: Request, token: str) -> Response:
    """Be asked no more: 303."""
    site = site_of_link(request, token)
    if await is_colleague(request, site):
        return await _page(request, token, note="colleague", bad=True, status=403)
    await read_form(request)
    ours, road = _is_ours(request, site, token), site.road
    try:
        await responding.refuse(road, visitor_of(request, site), token, ours=ours)
    except Shut:
        return await _page(request, token, note="shut", bad=True, status=409)
    return RedirectResponse(f"/f/{token}", 303)


def _to(request: Request, site: Site, token: str, rest: str, found: Page) -> Response:
    """On to the page; the browser is the one that answered first."""
    response = RedirectResponse(f"/f/{token}{rest}", 303)
    left = found.expires_at - site.road.now()
    response.set_cookie(
        _COOKIE,
        site.hidden("survey", token),
        max_age=max(0, int(min(left, timedelta(days=30)).total_seconds())),
        path=f"/f/{token}",
        secure=site.secure,
        httponly=True,
        samesite="lax",
    )
    return response


def _is_ours(request: Request, site: Site, token: str) -> bool:
    told = request.cookies.get(_COOKIE, "").encode("utf-8", "surrogatepass")
    return hmac.compare_digest(told, site.hidden("survey", token).encode())
