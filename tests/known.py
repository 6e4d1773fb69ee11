"""Records for rules, written short as in ``config/risk``: fields as people would type them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from bot.profile import pay, values
from bot.profile.definition import ProfileDefinition
from bot.profile.profile import Profile, Statement
from bot.risk.known import Known, Seat, Step, Talk
from config import files

SAID = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
TODAY = date(2026, 11, 2)
SHIPPED = ProfileDefinition.model_validate(files.read("profile.yaml"))


def known(example: Mapping[str, Any], *, today: date = TODAY) -> Known:
    """What a rule sees of such a record. ``jobs`` are newest first, dates made up where missing."""
    rest = dict(example)
    jobs = rest.pop("jobs", [])
    statements = [
        _said(f"job.{name}", str(text), f"j{place}")
        for place, job in enumerate(jobs)
        for name, text in ({"from": f"{2024 - 2 * place}-01"} | job).items()
    ]
    budget, talk = rest.pop("budget", None), rest.pop("talk", {})
    steps, doubted = rest.pop("steps", []), rest.pop("doubted", {})
    match = rest.pop("match", None)
    statements += [_said(kind, str(text), "") for kind, text in rest.items()]
    return Known(
        today=today,
        profile=Profile(tuple(statements)),
        seat=Seat(budget=pay.parse(budget) if budget else None),
        talk=Talk(**talk),
        steps=tuple(Step(**step) for step in steps),
        doubted=doubted,
        match=match,
    )


def _said(kind: str, text: str, item: str) -> Statement:
    value = values.parse(SHIPPED.kinds[kind], text)
    return Statement(
        id=f"f_{kind}_{item}", kind=kind, item=item, value=value, source="form:u_1", said_at=SAID
    )
