"""Match: parts of 0 to 100, each with what would raise it, and one number over the known ones.

What nobody said lowers the confidence, not the score. A match orders a talk; it decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from bot.profile.pay import USUAL_MONTHS, Pay
from bot.profile.profile import Profile

#: Characters shown of a text that was compared.
_SHOWN = 80


class Part(StrEnum):
    """What is compared; the keys of ``config/match.yaml``."""

    PAY = "pay"
    PLAN = "plan"
    CULTURE = "culture"
    PLACE = "place"
    START = "start"


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """What a position offers. ``culture`` are keys of ``expect.values``."""

    budget: Pay | None = None
    city: str = ""
    needed_by: date | None = None
    culture: frozenset[str] = frozenset()
    duties: str = ""  # what one does and grows into, in the company's words


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """One part. ``lacks`` names the case of ``config/match.yaml`` that says what would raise it."""

    part: Part
    score: int
    lacks: str
    told: Mapping[str, str]  # for the words: numbers and names the part was made of


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """``score`` None: nothing is known. ``confidence`` is the share of weight that is known."""

    score: int | None
    confidence: float
    parts: tuple[Scored, ...]
    missing: tuple[Part, ...]


def match(
    profile: Profile, role: Role, weights: Mapping[Part, float], *, likeness: float | None
) -> Match:
    """Compare. ``likeness`` is how near the career plan is to the role, 0 to 1; None: unknown."""
    found = {
        part: scored
        for part in Part
        if (scored := _PARTS[part](profile, role, likeness)) is not None
    }
    total = sum(weights.values())
    known = sum(weights[part] for part in found)
    return Match(
        score=_mean(found.values(), weights) if known else None,
        confidence=round(known / total, 2) if total else 0.0,
        parts=tuple(found.values()),
        missing=tuple(part for part in Part if part not in found),
    )


def _mean(parts: Iterable[Scored], weights: Mapping[Part, float]) -> int:
    parts = list(parts)
    weight = sum(weights[one.part] for one in parts)
    return round(sum(one.score * weights[one.part] for one in parts) / weight)


def _pay(profile: Profile, role: Role, _: float | None) -> Scored | None:
    """100 within the budget; a point for every half percent above it goes."""
    wanted = profile.pay("expect.pay")
    if wanted is None or role.budget is None:
        return None
    top = role.budget.high or role.budget.low
    months = (wanted.months or USUAL_MONTHS) / (role.budget.months or wanted.months or USUAL_MONTHS)
    over = wanted.low * months / top - 1
    score = 100 if over <= 0 else round(100 - over * 200)
    return Scored(
        part=Part.PAY,
        score=max(0, score),
        lacks="fits" if over <= 0 else "near" if over <= 0.1 else "over",
        told={
            "wanted": f"{wanted.low:,}",
            "budget": f"{top:,}",
            "gap": f"{max(0, round(wanted.low * months - top)):,}",
            "over": f"{over:.0%}",
        },
    )


def _plan(profile: Profile, role: Role, likeness: float | None) -> Scored | None:
    if likeness is None or profile.of("expect.plan") is None:
        return None
    score = round(100 * min(1.0, max(0.0, likeness)))
    said = str(profile.of("expect.plan"))
    told = {"plan": _short(said), "role": _short(role.duties)}
    return Scored(part=Part.PLAN, score=score, lacks=_case(score), told=told)


def _short(text: str) -> str:
    """A text in one line, short enough to stand beside a number."""
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"


def _culture(profile: Profile, role: Role, _: float | None) -> Scored | None:
    wanted = profile.of("expect.values")
    if not wanted or not role.culture:
        return None
    shared = [one for one in wanted if one in role.culture]
    score = round(100 * len(shared) / len(wanted))
    apart = [one for one in wanted if one not in role.culture]
    return Scored(
        part=Part.CULTURE, score=score, lacks=_case(score), told={"apart": "、".join(apart)}
    )


def _place(profile: Profile, role: Role, _: float | None) -> Scored | None:
    wanted = profile.of("expect.city")
    if not wanted or not role.city:
        return None
    same = role.city.removesuffix("市") in wanted or wanted.removesuffix("市") in role.city
    told = {"wanted": wanted, "offered": role.city}
    return Scored(part=Part.PLACE, score=100 if same else 30, lacks=_case(100 * same), told=told)


def _start(profile: Profile, role: Role, _: float | None) -> Scored | None:
    """100 in time; two points for every day too late go."""
    said = profile.of("expect.start")
    if said is None or role.needed_by is None:
        return None
    late = (date.fromisoformat(said) - role.needed_by).days
    score = max(0, min(100, 100 - 2 * late))
    told = {"wanted": said, "needed": role.needed_by.isoformat(), "late": str(max(0, late))}
    return Scored(part=Part.START, score=score, lacks=_case(score), told=told)


def _case(score: float) -> str:
    return "fits" if score >= 80 else "near" if score >= 60 else "over"


_PARTS = {
    Part.PAY: _pay,
    Part.PLAN: _plan,
    Part.CULTURE: _culture,
    Part.PLACE: _place,
    Part.START: _start,
}
