"""/console/candidates/{id}/match: 预期匹配度, its parts, and what would raise each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response

from bot import appraisal
from bot.match.definition import MatchDefinition
from bot.match.match import Match, Part, Scored
from bot.profile.profile import Profile
from bot.rulebook import Rulebook
from bot.standing import factors_seen
from bot.surveys import motives
from bot.surveys.about import MOTIVES
from bot.web import portrait_views as shapes
from bot.web.console import portrait
from bot.web.record_views import Head
from bot.web.security import Principal, needs
from bot.web.site import Site
from storage.crypto import SubjectKey
from storage.database import Tx
from storage.queries import people
from storage.queries.people import CandidateRow
from storage.viewer import SYSTEM, Permission, Viewer

router = APIRouter(prefix="/console/candidates/{candidate_id}/match", include_in_schema=False)
#: Its parts are made of pay, so it is for whoever may read what was said.
Reader = Annotated[Principal, needs(Permission.CHAT_READ)]
#: What the candidate has to say for a part to be known.
_SAID = {
    Part.PAY: "expect.pay",
    Part.PLAN: "expect.plan",
    Part.CULTURE: "expect.values",
    Part.PLACE: "expect.city",
    Part.START: "expect.start",
}
_CASES: dict[str, Literal["fits", "near", "over"]] = {
    "fits": "fits",
    "near": "near",
    "over": "over",
}


@router.get("")
async def page(request: Request, who: Reader, candidate_id: str) -> Response:
    """The page."""

    def make(tx: Tx, site: Site, row: CandidateRow, key: SubjectKey) -> shapes.MatchPage:
        rulebook = site.road.rulebook
        known, fit = appraisal.look(tx, site.road.vault, key, rulebook, row)
        view = _view(rulebook, known.profile, fit, row, portrait.head(who.viewer, row, "match"))
        view = replace(view, motives=_motives(tx, rulebook, known.profile, row.id))
        return _with_values(tx, view, rulebook, known.profile, who.viewer, row.position_id)

    return await portrait.show(request, who, candidate_id, "match", make)


def _view(
    rulebook: Rulebook, told: Profile, fit: Match, row: CandidateRow, head: Head
) -> shapes.MatchPage:
    wanted = rulebook.match
    total = sum(wanted.weights.values())

    def share(part: Part) -> int:
        return round(100 * wanted.weights[part] / total)

    return shapes.MatchPage(
        head=head,
        score=fit.score,
        band=band(fit.score, wanted),
        confidence=round(100 * fit.confidence),
        warn=wanted.thresholds.warn,
        good=wanted.thresholds.good,
        parts=tuple(
            shapes.MatchPart(
                name=wanted.names[one.part],
                score=one.score,
                share=share(one.part),
                case=_CASES[one.lacks],
                says=wanted.says(_named(one, rulebook)),
            )
            for one in fit.parts
        ),
        missing=tuple(
            shapes.MissingPart(
                name=wanted.names[part],
                share=share(part),
                lacks=f"{part}_{'candidate' if told.of(_SAID[part]) is None else 'role'}",
            )
            for part in fit.missing
        ),
        has_position=row.position_id is not None,
    )


def _motives(
    tx: Tx, rulebook: Rulebook, told: Profile, candidate_id: str
) -> tuple[shapes.MotiveLine, ...]:
    """What moves the candidate, the strongest first, with where it was heard."""
    kind = rulebook.profile.kinds.get(MOTIVES)
    factors = factors_seen(tx, candidate_id)
    return tuple(
        shapes.MotiveLine(
            name=kind.options.get(one.name, one.name) if kind else one.name,
            rank=one.rank,
            heard=tuple((rulebook.risk[rule].says, day) for rule, day in one.heard),
        )
        for one in motives.of_profile(rulebook, told, factors, now=tx.now)
    )


def _with_values(
    tx: Tx,
    view: shapes.MatchPage,
    rulebook: Rulebook,
    told: Profile,
    viewer: Viewer,
    position_id: str | None,
) -> shapes.MatchPage:
    """What the candidate values beside what the position offers, in words."""
    options = rulebook.profile.kinds["expect.values"].options
    position = people.get_position(tx, SYSTEM, position_id) if position_id else None

    def words(keys: Iterable[str]) -> tuple[str, ...]:
        return tuple(options[one] for one in keys if one in options)

    return replace(
        view,
        wanted=words(told.of("expect.values") or ()),
        offered=words(position.culture) if position else (),
        position_id=position.id if position and viewer.may(Permission.POSITION_WRITE) else "",
    )


def band(score: int | None, wanted: MatchDefinition) -> Literal["none", "low", "fair", "good"]:
    """Where a score stands between the two thresholds."""
    if score is None:
        return "none"
    if score < wanted.thresholds.warn:
        return "low"
    return "good" if score >= wanted.thresholds.good else "fair"


def _named(scored: Scored, rulebook: Rulebook) -> Scored:
    """What a part was made of with the words of the options instead of their keys."""
    if scored.part is not Part.CULTURE:
        return scored
    options = rulebook.profile.kinds["expect.values"].options
    keys = [one for one in scored.told.get("apart", "").split("、") if one]
    apart = "、".join(options.get(one, one) for one in keys)
    return replace(scored, told={**scored.told, "apart": apart})
