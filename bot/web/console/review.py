"""/console/review: what the reader was not sure of, until a person has looked."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from bot import desk
from bot.web import cursors, views
from bot.web import review_views as shapes
from bot.web.console import labels
from bot.web.console.cards import author_of, places, segments
from bot.web.console.common import go, html, is_htmx, language, site_of
from bot.web.errors import Invalid
from bot.web.masking import mask_links
from bot.web.notices import done, say, sorry
from bot.web.security import Principal, needs
from bot.web.shell import inside
from bot.web.site import Site
from bot.web.strict import read_form
from storage.database import Tx
from storage.enums import Review
from storage.queries import inbox, review, timeline
from storage.queries.review import ReadingRow
from storage.queries.timeline import MessageRow
from storage.viewer import Permission

PAGE = 30
HOME = "/console/review"
router = APIRouter(prefix=HOME, include_in_schema=False)
Reader = Annotated[Principal, needs(Permission.ALERT_READ)]
Judge = Annotated[Principal, needs(Permission.ALERT_WRITE)]
_ANSWERS: dict[Review, Literal["harmless", "follow_up", "labelled"]] = {
    Review.HARMLESS: "harmless",
    Review.FOLLOW_UP: "follow_up",
    Review.LABELLED: "labelled",
}
#: What the buttons say; corrected labels come by their own form.
_SAID = {"harmless": Review.HARMLESS, "follow_up": Review.FOLLOW_UP}


class Show(StrEnum):
    """Which readings."""

    OPEN = "open"
    DONE = "done"


@router.get("")
async def page(
    request: Request,
    who: Reader,
    show: Show = Show.OPEN,
    cursor: Annotated[str, Query(max_length=400)] = "",
    said: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """The queue, newest first."""
    return await _page(request, who, show, cursor, flashes=done(language(who), said))


async def _page(
    request: Request,
    who: Principal,
    show: Show = Show.OPEN,
    cursor: str = "",
    *,
    flashes: tuple[views.Flash, ...] = (),
    status: int = 200,
) -> Response:
    site, after = site_of(request), cursors.moment_and_id(cursor)

    def read(tx: Tx) -> tuple[views.Shell, shapes.ReviewPage]:
        viewer = who.viewer
        found = review.page(
            tx, site.road.vault, viewer, done=show is Show.DONE, after=after, limit=PAGE + 1
        )
        following = None
        if len(found) > PAGE:
            last = found[PAGE - 1]
            key = cursors.made(last.read_at, last.id)
            following = f"{HOME}?{urlencode({'show': show.value, 'cursor': key})}"
        shell = inside(tx, site, who, active="review", path=HOME, flashes=flashes)
        view = shapes.ReviewPage(
            show="done" if show is Show.DONE else "open",
            cards=cards(tx, site, found[:PAGE]),
            counts={"open": shell.unclear},
            next_url=following,
        )
        return shell, view

    shell, view = await site.road.database.read(read)
    return html(site, "console/review.html", shell, page=view, status=status)


def cards(
    tx: Tx, site: Site, rows: Sequence[ReadingRow], *, error: str = ""
) -> tuple[shapes.ReviewCard, ...]:
    """Cards of readings the viewer may see, with the turns before."""
    before = {row.id: inbox.said_before(tx, row.covers[0]) for row in rows}
    uids = {uid for row in rows for uid in (*row.covers, *before[row.id])}
    said = {one.uid: one for one in timeline.by_uids(tx, site.road.vault, sorted(uids))}
    return tuple(_card(row, said, before[row.id], error) for row in rows)


def _card(
    row: ReadingRow, said: dict[str, MessageRow], before: Sequence[str], error: str
) -> shapes.ReviewCard:
    answer = None
    if row.review is not None and row.reviewed_at is not None:
        answer = shapes.GivenAnswer(
            value=_ANSWERS[row.review], by=row.reviewed_by, at=row.reviewed_at
        )
    return shapes.ReviewCard(
        id=row.id,
        candidate_id=row.candidate_id,
        candidate_name=row.candidate_name,
        position=row.position_title,
        stage=row.stage.value,
        quote=_quote(row, said),
        said_at=row.said_at,
        leans=labels.leaning(row),
        labels=labels.shown(row, error=error),
        answer=answer,
        turns=tuple(
            views.Turn(author=author_of(said[uid]), text=mask_links(said[uid].text))
            for uid in before
            if uid in said
        ),
    )


def _quote(row: ReadingRow, said: dict[str, MessageRow]) -> tuple[views.Segment, ...]:
    """All that was said in one breath, a message a line, its evidence marked."""
    parts: list[views.Segment] = []
    for uid in row.covers:
        if uid not in said:
            continue
        if parts:
            parts.append(views.Segment(text="\n"))
        spans: list[Any] = [span for span in row.evidence if span["uid"] == uid]
        parts += segments(said[uid].text, places(spans))
    return tuple(parts)


@router.post("/{reading_id}/answer")
async def answer(request: Request, who: Judge, reading_id: str) -> Response:
    """Nothing, or worth following up; the card as it stands now."""
    said = _SAID.get((await read_form(request)).get("answer", ""))
    if said is None:
        raise Invalid({"answer": "unknown"})
    await desk.review(site_of(request).road, who.viewer, reading_id, said)
    if not is_htmx(request):
        return go(f"{HOME}?said={'reviewed' if said is Review.HARMLESS else 'followed'}")
    return await _one(request, who, reading_id)


@router.post("/{reading_id}/labels")
async def relabel(request: Request, who: Judge, reading_id: str) -> Response:
    """What the message means, by whoever knows better than the reader."""
    wanted = labels.sent(await read_form(request))
    if wanted is None:
        if is_htmx(request):
            error = say(language(who), "labels_empty")
            return await _one(request, who, reading_id, error=error, status=422)
        return await _page(request, who, flashes=sorry(language(who), "labels_empty"), status=422)
    await desk.relabel(site_of(request).road, who.viewer, reading_id, wanted)
    if not is_htmx(request):
        return go(f"{HOME}?said=relabelled")
    return await _one(request, who, reading_id)


async def _one(
    request: Request, who: Principal, reading_id: str, *, error: str = "", status: int = 200
) -> Response:
    site = site_of(request)

    def read(tx: Tx) -> tuple[views.Shell, shapes.ReviewCard]:
        row = review.get(tx, site.road.vault, who.viewer, reading_id)
        [card] = cards(tx, site, [row], error=error)
        return inside(tx, site, who, active="review", path=HOME), card

    shell, card = await site.road.database.read(read)
    return html(site, "console/_review_card.html", shell, card=card, status=status)
