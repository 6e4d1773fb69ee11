"""/console/candidates/{id}/outcome: how it ended, why, when, and what it cost us."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from bot import offering
from bot.errors import Conflict
from bot.offering import Outcome
from bot.profile import values
from bot.web import portrait_views as shapes
from bot.web.console import portrait
from bot.web.console.common import go, language, site_of
from bot.web.notices import say, sorry
from bot.web.security import Principal, needs
from bot.web.site import Site
from bot.web.strict import read_form
from bot.words import SHANGHAI
from storage.crypto import SubjectKey
from storage.database import Tx
from storage.queries import offers, users
from storage.queries.people import CandidateRow
from storage.viewer import Permission

router = APIRouter(prefix="/console/candidates/{candidate_id}/outcome", include_in_schema=False)
Writer = Annotated[Principal, needs(Permission.CANDIDATE_WRITE)]
#: Keys of the words ``ending_reason``, as they are stored.
REASONS = (
    "pay", "competing_offer", "counter_offer", "growth", "team", "workload", "place", "start",
    "our_delay", "seat_closed", "check", "other",
)  # fmt: skip
MOST_COST = 10_000_000
_FIRST = date(2000, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A form that holds together. ``cost`` in yuan, None: nobody said."""

    outcome: Outcome
    reason: str
    note: str
    on_day: date
    cost: int | None


@router.get("")
async def page(
    request: Request,
    who: Writer,
    candidate_id: str,
    asked: Annotated[str, Query(max_length=20)] = "",
    said: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """The form and what was recorded; ``asked`` is the outcome a change of stage waits for."""
    sent = {"outcome": asked} if asked in list(Outcome) else {}
    return await _page(request, who, candidate_id, sent, said=said, asked=bool(sent))


async def _page(
    request: Request,
    who: Principal,
    candidate_id: str,
    sent: Mapping[str, str],
    *,
    faults: Mapping[str, str] | None = None,
    said: str = "",
    asked: bool = False,
) -> Response:
    speaks = language(who)

    def make(tx: Tx, site: Site, row: CandidateRow, key: SubjectKey) -> shapes.OutcomePage:
        today = tx.now.astimezone(SHANGHAI).date()
        rows = offers.endings(tx, key, row.id)
        names = users.names(tx, [one.recorded_by for one in rows if one.recorded_by])
        return shapes.OutcomePage(
            head=portrait.head(who.viewer, row, "outcome"),
            outcomes=tuple(str(one) for one in offering.outcomes_from(row.stage)),
            reasons=REASONS,
            endings=tuple(
                shapes.Ending(
                    outcome=one.outcome,
                    reason=one.reason,
                    note=one.note,
                    on_day=one.on_day,
                    cost=one.cost,
                    by=names.get(one.recorded_by or "", ""),
                    at=one.recorded_at,
                )
                for one in rows
            ),
            values={"on_day": today.isoformat(), **sent},
            errors={name: say(speaks, fault) for name, fault in (faults or {}).items()},
            asked=asked,
            today=today,
        )

    return await portrait.show(
        request,
        who,
        candidate_id,
        "outcome",
        make,
        said=said,
        flashes=sorry(speaks, "not_saved") if faults else (),
        status=422 if faults else 200,
    )


@router.post("")
async def end(request: Request, who: Writer, candidate_id: str) -> Response:
    """Record it; the stage follows. The newest record holds, older ones stay."""
    site, form = site_of(request), await read_form(request)
    names = ("outcome", "reason", "note", "on_day", "cost")
    sent = {name: form.get(name, "").strip() for name in names}
    today = site.road.now().astimezone(SHANGHAI).date()
    told, faults = understood(sent, today)
    if told is not None:
        try:
            await offering.end(
                site.road,
                who.viewer,
                candidate_id,
                told.outcome,
                reason=told.reason,
                note=told.note,
                on_day=told.on_day,
                cost=told.cost,
            )
        except Conflict:
            faults = {"outcome": "outcome_stage"}
    if faults:
        shown = {name: text[: values.MOST_TEXT] for name, text in sent.items()}
        return await _page(request, who, candidate_id, shown, faults=faults)
    return go(f"/console/candidates/{candidate_id}/outcome?said=ended")


def understood(sent: Mapping[str, str], today: date) -> tuple[Told | None, dict[str, str]]:
    """What a form says, or field -> key of what is wrong with it."""
    faults: dict[str, str] = {}
    if sent["outcome"] not in list(Outcome):
        faults["outcome"] = "outcome_wrong"
    if sent["reason"] not in REASONS and (sent["reason"] or sent["outcome"] != Outcome.JOINED):
        faults["reason"] = "reason_missing"
    on_day = _day(sent["on_day"])
    if on_day is None or on_day < _FIRST:
        faults["on_day"] = "day_wrong"
    elif on_day > today:
        faults["on_day"] = "day_ahead"
    cost = _yuan(sent["cost"])
    if sent["cost"] and cost is None:
        faults["cost"] = "cost_wrong"
    if len(sent["note"]) > values.MOST_TEXT or any(
        ord(char) < 32 and char not in "\n\t" for char in sent["note"]
    ):
        faults["note"] = "note_long"
    if faults or on_day is None:
        return None, faults
    return Told(
        outcome=Outcome(sent["outcome"]),
        reason=sent["reason"],
        note=sent["note"],
        on_day=on_day,
        cost=cost,
    ), {}


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == 10 and text.isascii() else None
    except ValueError:
        return None


def _yuan(text: str) -> int | None:
    clean = text.replace(",", "")
    if not (clean.isascii() and clean.isdigit() and len(clean) <= 8):
        return None
    return int(clean) if int(clean) <= MOST_COST else None
