"""/console/results: what many answered to a survey; small groups stay hidden from everybody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from bot.errors import NotFound
from bot.surveys import definition, results
from bot.surveys.results import LEAST, Figures, Told
from bot.surveys.shape import Given, Kind, Question
from bot.web import results_views as shapes
from bot.web import views
from bot.web.console.common import html, site_of
from bot.web.security import Principal, needs
from bot.web.shell import inside
from bot.web.site import Site
from bot.words import SHANGHAI
from storage.database import Tx
from storage.queries import audit, people, survey_results, surveys
from storage.queries.survey_results import Finished
from storage.viewer import Permission, Viewer

router = APIRouter(prefix="/console/results", include_in_schema=False)
#: Figures are for managers too; words only for whoever may read answers of a person.
Reader = Annotated[Principal, needs(Permission.CANDIDATE_READ)]
#: Words of one question that a page shows, the newest.
_WORDS = 20


@router.get("")
async def page(
    request: Request, who: Reader, survey: Annotated[str, Query(max_length=40)] = ""
) -> Response:
    """The page of one survey, or of the first. Looking stands in the audit chain."""
    site = site_of(request)

    def work(tx: Tx) -> tuple[views.Shell, shapes.ResultsPage]:
        view = _page(tx, site, who.viewer, survey)
        if view.survey is not None:
            keystore, about = site.road.vault.keystore, view.survey.id
            audit.append(tx, keystore, who.viewer, "survey.results", about)
        shell = inside(tx, site, who, active="candidates", path="/console/results")
        return shell, view

    shell, view = await site.road.database.write(work)
    return html(site, "console/results.html", shell, page=view)


def _page(tx: Tx, site: Site, viewer: Viewer, wanted: str) -> shapes.ResultsPage:
    rows = {row.id: row for row in surveys.surveys(tx)}
    tabs = tuple(shapes.SurveyTab(id=row.id, title=row.title) for row in rows.values())
    if wanted and wanted not in rows:
        raise NotFound("no such survey")
    if not rows:
        return shapes.ResultsPage(surveys=(), survey=None, least=LEAST)
    row = rows[wanted] if wanted else next(iter(rows.values()))
    survey = definition.parse(row.definition)
    done = survey_results.finished(tx, site.road.vault, viewer, row.id)
    reads = survey.named and viewer.may(Permission.SURVEY_READ)
    figures = {one.question.id: one for one in results.told(survey, _responses(done))}
    asked = [
        _question(tx, site, viewer, one, figures.get(one.id), done, reads=reads)
        for one in survey.questions
    ]
    return shapes.ResultsPage(
        surveys=tabs,
        survey=shapes.SurveyTab(id=row.id, title=row.title),
        least=LEAST,
        rate=results.rate(survey_results.asked(tx, viewer, row.id), len(done)),
        questions=tuple(one for one in asked if one.people or one.hidden or one.words),
        reads=reads,
    )


def _responses(done: Sequence[Finished]) -> list[results.Response]:
    return [
        results.Response(
            answers={
                name: Given(value=value, text=text) for name, (value, text) in one.answers.items()
            },
            department=one.department,
            position=one.position,
            month=f"{one.closed_at.astimezone(SHANGHAI):%Y-%m}",
        )
        for one in done
    ]


def _question(
    tx: Tx,
    site: Site,
    viewer: Viewer,
    question: Question,
    told: Told | None,
    done: Sequence[Finished],
    *,
    reads: bool,
) -> shapes.QuestionResult:
    words = _words(tx, site, viewer, question, done) if reads else ()
    kind = question.kind.value
    if told is None or told.total is None:
        hidden = told is not None
        return shapes.QuestionResult(ask=question.ask, kind=kind, words=words, hidden=hidden)
    places: list[shapes.Group] = []
    for department, figures in told.departments.items():
        places.append(_group(department, figures))
        places += [
            _group(position, inner, within=True)
            for (of, position), inner in told.positions.items()
            if of == department
        ]
    total = told.total
    return shapes.QuestionResult(
        ask=question.ask,
        kind=kind,
        people=total.people,
        mean=total.mean,
        bars=tuple(
            shapes.Bar(
                label=one.label, people=one.people, percent=round(100 * one.people / total.people)
            )
            for one in total.counts
        ),
        places=tuple(places),
        months=tuple(_group(name, told.months[name]) for name in sorted(told.months)),
        hidden=told.hidden,
        words=words,
    )


def _group(name: str, figures: Figures, *, within: bool = False) -> shapes.Group:
    most = max(figures.counts, key=lambda one: one.people, default=None)
    return shapes.Group(
        name=name,
        people=figures.people,
        mean=figures.mean,
        most=most.label if most is not None and figures.mean is None else "",
        within=within,
    )


def _words(
    tx: Tx, site: Site, viewer: Viewer, question: Question, done: Sequence[Finished]
) -> tuple[shapes.Words, ...]:
    """The newest answers in own words, with whose they are: all of people the viewer may know."""
    said = [
        (one.candidate_id, text.strip())
        for one in reversed(done)
        if (answer := one.answers.get(question.id)) is not None
        and (text := answer[1]).strip()
        and (question.kind is Kind.TEXT or answer[0] is None)
    ][:_WORDS]
    names = {
        row.id: row.name
        for row in people.among(tx, site.road.vault, viewer, ids={who for who, _ in said})
    }
    return tuple(
        shapes.Words(candidate_id=who, name=names[who], text=text)
        for who, text in said
        if who in names
    )
