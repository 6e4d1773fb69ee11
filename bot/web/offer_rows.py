"""Offers, cards and requests as pages and papers show them; from rows to views."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from bot import offering, pledging
from bot.offers import pledge
from bot.offers.law import Objection, Region
from bot.offers.pledge import Body
from bot.web import offer_views as views
from bot.web.pages import Words
from bot.web.paper import Paper, Part
from bot.words import SHANGHAI
from storage.queries.offers import OfferRow, PledgeRow, RequestRow

Names = Mapping[str, str]


def versions(rows: Sequence[OfferRow], names: Names) -> list[views.Version]:
    """All versions, newest first, each with what it changes."""
    terms = [offering.terms_of(row) for row in rows]
    lines = [pledge.agreed(one) for one in terms]
    found = []
    for at, row in enumerate(rows):
        before = Body(agreed=lines[at + 1]) if at + 1 < len(rows) else None
        found.append(
            views.Version(
                id=row.id,
                number=row.number,
                state=row.state,
                lines=lines[at],
                yearly=terms[at].yearly,
                monthly=terms[at].monthly,
                created_at=row.created_at,
                created_by=names.get(row.created_by or "", ""),
                sent_at=row.sent_at,
                answer_by=row.answer_by,
                settled_at=row.settled_at,
                reason=str(row.terms.get("reason", "")),
                changes=pledge.changed(before, Body(agreed=lines[at])) if before else (),
            )
        )
    return found


def objections(found: Sequence[Objection]) -> tuple[views.Objection, ...]:
    """What stands against an offer."""
    return tuple(
        views.Objection(says=one.says, article=one.article, stops=one.stops) for one in found
    )


def card(row: PledgeRow, names: Names, now: datetime, *, stands: bool) -> views.Card:
    """One version of a card."""
    body = Body.model_validate(row.body)
    today = now.astimezone(SHANGHAI).date()
    return views.Card(
        id=row.id,
        number=row.number,
        lines=body.agreed,
        points=tuple(
            views.Point(what=one.what, who=one.who.value, by=one.by, late=one.by < today)
            for one in body.open
        ),
        created_at=row.created_at,
        ours_at=row.ours_at,
        ours_by=names.get(row.ours_by or "", ""),
        theirs_at=row.theirs_at,
        stands=stands,
    )


def cards(
    rows: Sequence[PledgeRow], versions: Sequence[OfferRow], names: Names, now: datetime
) -> tuple[views.Card | None, tuple[views.Card, ...]]:
    """The card that stands, if one does, and the others, newest first."""
    standing = pledging.standing(rows, versions)
    shown = [card(row, names, now, stands=row is standing) for row in rows]
    return next((one for one in shown if one.stands), None), tuple(
        one for one in shown if not one.stands
    )


def wish(row: RequestRow, names: Names) -> views.Wish:
    """A request, with the answer it got."""
    kind = row.source.partition(":")[0]
    return views.Wish(
        id=row.id,
        side=row.side,
        state=row.state,
        what=str(row.body.get("what", "")),
        answer=str(row.body.get("answer", "")),
        source=kind if kind in ("page", "message") else "console",
        asked_at=row.asked_at,
        settled_at=row.settled_at,
        settled_by=names.get(row.settled_by or "", ""),
    )


def paper(
    shown: views.Card, words: Words, *, company: str, name: str, position: str, region: Region
) -> Paper:
    """A card as it is printed: the same words as on the page, in Chinese."""
    t, label = words.t, words.label
    points = tuple(
        (label("side", one.who), f"{one.what}（{t('pledge.by', day=_day(one.by))}）")
        for one in shown.points
    )
    ours = f"{_moment(shown.ours_at)} {shown.ours_by}" if shown.ours_at else t("pledge.not_yet")
    theirs = f"{_moment(shown.theirs_at)} {name}" if shown.theirs_at else t("pledge.not_yet")
    version = t("pledge.version", n=shown.number)
    return Paper(
        company=company,
        title=t("pledge.title"),
        under=" · ".join(part for part in (name, position, version) if part),
        parts=(
            Part(title=t("pledge.agreed"), lines=shown.lines),
            Part(title=t("pledge.open"), lines=points or (("", t("pledge.nothing_open")),)),
            Part(
                title=t("pledge.confirmed"),
                lines=((t("pledge.ours"), ours), (t("pledge.theirs"), theirs)),
            ),
            Part(
                title=t("pledge.meaning"),
                lines=(
                    (
                        "",
                        t(
                            "pledge.contract",
                            article=region.contract.article,
                            days=region.contract.written_within_days,
                        ),
                    ),
                ),
            ),
        ),
        foot=f"{t('pledge.title')} · {version}",
    )


def _day(day: date) -> str:
    return day.isoformat()


def _moment(at: datetime) -> str:
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
