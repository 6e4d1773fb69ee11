"""The forms about offers: from what was sent to terms and open points, and from terms to a form."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date

from pydantic import ValidationError

from bot.offers.pledge import Open, Side
from bot.offers.terms import Bonus, Per, Terms
from bot.web.offer_views import BONUSES, POINTS

MOST_YUAN = 1_000_000
_NUMBER = re.compile(r"\d{1,9}(\.\d{1,2})?", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
#: Fields of a version besides its bonuses.
FIELDS = (
    "base",
    "months",
    "level",
    "city",
    "start_on",
    "contract_months",
    "probation_months",
    "probation_pay",
    "notes",
    "reason",
)
_BONUS = ("name", "amount", "per", "when")
_LONGEST = {"level": 40, "city": 60, "notes": 1000, "reason": 200}


def values(fields: Mapping[str, str]) -> dict[str, str]:
    """What was sent, field by field, without anything the form does not have."""
    names = [*FIELDS, *(f"{part}_{row}" for row in range(BONUSES) for part in _BONUS)]
    return {name: fields.get(name, "").strip() for name in names}


def shown(terms: Terms, reason: str = "") -> dict[str, str]:
    """Terms as the form's values."""
    found = {
        "base": str(terms.base),
        "months": f"{terms.months:g}",
        "level": terms.level,
        "city": terms.city,
        "start_on": terms.start_on.isoformat() if terms.start_on else "",
        "contract_months": "" if terms.contract_months is None else str(terms.contract_months),
        "probation_months": str(terms.probation_months),
        "probation_pay": "" if terms.probation_pay is None else str(terms.probation_pay),
        "notes": terms.notes,
        "reason": reason,
    }
    for row, bonus in enumerate(terms.bonuses[:BONUSES]):
        found |= {
            f"name_{row}": bonus.name,
            f"amount_{row}": str(bonus.amount),
            f"per_{row}": bonus.per.value,
            f"when_{row}": bonus.when,
        }
    return found


def terms(sent: Mapping[str, str]) -> tuple[Terms | None, dict[str, str]]:
    """Terms, or what is wrong with each field (field -> key of a sentence)."""
    faults: dict[str, str] = {}
    for name, most in _LONGEST.items():
        if len(sent[name]) > most:
            faults[name] = "text_long"
    for name in ("level", "city", "reason"):
        if not sent[name].isprintable():
            faults[name] = "text_line"
    base = _whole(sent["base"], 1, MOST_YUAN)
    if base is None:
        faults["base"] = "money_wrong"
    months = _number(sent["months"] or "12")
    if months is None or not 12 <= months <= 36:
        faults["months"] = "months_wrong"
    start = _day(sent["start_on"])
    if sent["start_on"] and start is None:
        faults["start_on"] = "day_wrong"
    contract = _whole(sent["contract_months"], 1, 600)
    if sent["contract_months"] and contract is None:
        faults["contract_months"] = "contract_wrong"
    probation = _whole(sent["probation_months"] or "0", 0, 24)
    if probation is None:
        faults["probation_months"] = "probation_wrong"
    pay = _whole(sent["probation_pay"], 1, MOST_YUAN)
    if sent["probation_pay"] and pay is None:
        faults["probation_pay"] = "money_wrong"
    bonuses = _bonuses(sent, faults)
    if faults or base is None or months is None or probation is None:
        return None, faults
    return (
        Terms(
            base=base,
            months=months,
            bonuses=bonuses,
            level=sent["level"],
            city=sent["city"],
            start_on=start,
            contract_months=contract,
            probation_months=probation,
            probation_pay=pay,
            notes=sent["notes"],
        ),
        {},
    )


def _bonuses(sent: Mapping[str, str], faults: dict[str, str]) -> tuple[Bonus, ...]:
    found = []
    for row in range(BONUSES):
        name, amount, per, when = (sent[f"{part}_{row}"] for part in _BONUS)
        if not (name or amount or when):
            continue
        yuan = _whole(amount, 1, MOST_YUAN)
        for part, good, why in (
            ("name", _is_line(name), "bonus_name"),
            ("amount", yuan is not None, "money_wrong"),
            ("per", per in list(Per), "bonus_per"),
            ("when", _is_line(when), "bonus_when"),
        ):
            if not good:
                faults[f"{part}_{row}"] = why
        if yuan is not None and not any(f"{part}_{row}" in faults for part in _BONUS):
            found.append(Bonus(name=name, amount=yuan, per=Per(per), when=when))
    return tuple(found)


def points(
    fields: Mapping[str, str], today: date
) -> tuple[tuple[Open, ...], date | None, dict[str, str], dict[str, str]]:
    """Open points and the day an answer is asked for; then the values and the faults."""
    names = [f"{part}_{row}" for row in range(POINTS) for part in ("what", "who", "by")]
    sent = {name: fields.get(name, "").strip() for name in (*names, "answer_by")}
    faults: dict[str, str] = {}
    found = []
    for row in range(POINTS):
        what, who, by = (sent[f"{part}_{row}"] for part in ("what", "who", "by"))
        if not (what or by):
            continue
        until = _day(by)
        if until is None or until < today:
            faults[f"by_{row}"] = "day_past"
        try:
            found.append(Open(what=what, who=Side(who), by=until or today))
        except (ValidationError, ValueError):
            faults[f"what_{row}"] = "open_what"
    answer_by = _day(sent["answer_by"])
    if sent["answer_by"] and (answer_by is None or answer_by < today):
        faults["answer_by"] = "day_past"
    return tuple(found), answer_by, sent, faults


def _is_line(text: str) -> bool:
    return 0 < len(text) <= 200 and text.isprintable()


def _number(text: str) -> float | None:
    plain = unicodedata.normalize("NFKC", text).replace(",", "").replace(" ", "")
    return float(plain) if _NUMBER.fullmatch(plain) else None


def _whole(text: str, least: int, most: int) -> int | None:
    number = _number(text)
    if number is None or number != int(number) or not least <= number <= most:
        return None
    return int(number)


def _day(text: str) -> date | None:
    if not _DAY.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
