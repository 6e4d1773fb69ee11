"""A table as a test writes it, and what is understood of it."""

from __future__ import annotations

from collections.abc import Sequence

from bot.sheets.document import Book, Sheet
from bot.sheets.entries import Understood
from bot.sheets.plan import Known
from bot.sheets.reading import understood
from storage.enums import Stage
from tests.builders import a_rulebook

LAYOUT = a_rulebook().sheets
PAY = {"low": 18000, "high": 18000, "months": None, "net": False}


def read(*rows: Sequence[str], name: str = "", first: int = 1) -> Understood:
    sheet = Sheet(name=name, first=first, rows=tuple(map(tuple, rows)))
    return understood(Book(sheets=(sheet,)), LAYOUT)


def said(told: Understood) -> list[str]:
    return [str(fault) for fault in told.faults]


ZHANG = Known(
    id="c_1",
    name="张三",
    phone="+8613812345678",
    shown="138****5678",
    position_id=None,
    stage=Stage.OFFER,
    start_on=None,
    told={
        ("expect.pay", ""): PAY,
        ("job.company", "j1"): "星河",
        ("job.from", "j1"): "2020-01",
        ("job.company", "j2"): "星河",
    },
)
