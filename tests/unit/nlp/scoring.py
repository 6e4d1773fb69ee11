"""Score a reader on the labelled messages beside this file."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from nlp.reading import Reader, Turn, Utterance
from nlp.scheme import Condition, Intent, needs_alert
from tests.unit.nlp.utterances import NOW

DATA = Path(__file__).parent / "data" / "dev.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How a reader did on one part of the data."""

    messages: int
    alerts: int
    precision: float
    recall: float
    exact: float
    commitment: float
    within_one: float
    macro_f1: float

    def line(self, name: str) -> str:
        """One row for a table."""
        return (
            f"| {name} | {self.messages} ({self.alerts}) | {self.precision:.3f} | {self.recall:.3f}"
            f" | {self.macro_f1:.3f} | {self.exact:.3f} | {self.commitment:.3f}"
            f" | {self.within_one:.3f} |"
        )


@lru_cache(maxsize=1)
def labelled() -> tuple[dict[str, Any], ...]:
    """Every labelled message."""
    return tuple(json.loads(line) for line in DATA.read_text(encoding="utf-8").splitlines())


def part(name: str) -> list[dict[str, Any]]:
    """The labelled messages of one part."""
    return [row for row in labelled() if row["half"] == name]


def utterance(row: dict[str, Any]) -> Utterance:
    """A labelled message as a reader gets it."""
    context = tuple(Turn(role=turn["role"], text=turn["text"]) for turn in row["context"])
    return Utterance(text=row["text"], stage=row["stage"], context=context, now=NOW)


def alerts(row: dict[str, Any]) -> bool:
    """Whether the labels call for an alert."""
    return needs_alert(
        {Intent(name) for name in row["intents"]},
        row["commitment"],
        reported=row["reported"],
        condition=Condition(row["condition"]),
    )


def score(reader: Reader, rows: list[dict[str, Any]]) -> Score:
    """Read the rows and count."""
    readings = reader.read([utterance(row) for row in rows])
    pairs = list(zip(rows, readings, strict=True))
    wanted = [alerts(row) for row in rows]
    raised = [reading.alert for reading in readings]
    hits = sum(a and b for a, b in zip(wanted, raised, strict=True))
    named = [({Intent(i) for i in row["intents"]}, set(reading.intents)) for row, reading in pairs]
    apart = [abs(row["commitment"] - reading.commitment) for row, reading in pairs]
    return Score(
        messages=len(rows),
        alerts=sum(wanted),
        precision=hits / max(1, sum(raised)),
        recall=hits / sum(wanted),
        exact=sum(a == b for a, b in named) / len(rows),
        commitment=sum(gap == 0 for gap in apart) / len(rows),
        within_one=sum(gap <= 1 for gap in apart) / len(rows),
        macro_f1=_macro_f1(named),
    )


def _macro_f1(named: list[tuple[set[Intent], set[Intent]]]) -> float:
    """Mean F1 over the intents that the labels or the reader name at all."""
    both: Counter[Intent] = Counter()
    each: Counter[Intent] = Counter()
    for wanted, got in named:
        both.update(wanted & got)
        each.update(wanted)
        each.update(got)
    return sum(2 * both[intent] / each[intent] for intent in each) / len(each)
