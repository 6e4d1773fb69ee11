"""What was read wrongly, the costliest first."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nlp.corpus import Example
from nlp.measure.arrays import INTENTS, Side
from nlp.measure.figures import Confusion, Labels, Matrix, Mistake
from nlp.reading import Reading
from nlp.scheme import COMMITMENT_MAX, COMMITMENT_MIN

#: Kinds of mistakes, the costliest first. A missed no costs a hire, a false alert costs trust.
KINDS = (
    "missed_-3",  # an alert with commitment -3 that was not raised
    "missed_-2",
    "false_alert",  # an alert on a harmless message
    "missed",  # any other alert that was not raised
    "commitment",  # the alert is right, the commitment is not
    "intents",  # only the intents, reported or the condition are wrong
)
WORST = 50


def mistakes(examples: Sequence[Example], readings: Sequence[Reading]) -> list[Mistake]:
    """Every message with a wrong label.

    By kind; within a kind by the distance of the commitments, then by the number of wrong intents;
    what was at least unclear comes after what was passed over.
    """
    found = [
        _mistake(kind, example, reading)
        for example, reading in zip(examples, readings, strict=True)
        if (kind := _kind(example, reading)) is not None
    ]
    return sorted(found, key=_rank)


def _kind(example: Example, reading: Reading) -> str | None:
    if example.alert and not reading.alert:
        return f"missed_{example.commitment}" if example.commitment <= -2 else "missed"
    if reading.alert and not example.alert:
        return "false_alert"
    if example.commitment != reading.commitment:
        return "commitment"
    same = (
        example.intents == frozenset(reading.intents)
        and example.reported == reading.reported
        and example.condition is reading.condition
    )
    return None if same else "intents"


def _mistake(kind: str, example: Example, reading: Reading) -> Mistake:
    return Mistake(
        kind=kind,
        distance=abs(example.commitment - reading.commitment),
        id=example.id,
        voice=example.voice,
        stage=example.stage,
        context=example.context,
        text=example.text,
        gold=_labels(example),
        found=_labels(reading),
        score=reading.alert_score,
    )


def _labels(row: Example | Reading) -> Labels:
    return Labels(
        intents=tuple(intent for intent in INTENTS if intent in row.intents),
        commitment=row.commitment,
        alert=row.alert,
        reported=row.reported,
        condition=row.condition,
        unclear=isinstance(row, Reading) and row.unclear,
    )


def _rank(one: Mistake) -> tuple[int, bool, int, int]:
    wrong = len(set(one.gold.intents) ^ set(one.found.intents))
    return KINDS.index(one.kind), one.found.unclear, -one.distance, -wrong


def intent_confusion(gold: Side, found: Side) -> Confusion:
    """Which intents were found in the place of the missed ones; see ``Confusion``."""
    missed, wrong = gold.intents & ~found.intents, found.intents & ~gold.intents
    instead = missed.T.astype(np.int64) @ wrong.astype(np.int64)
    np.fill_diagonal(instead, (gold.intents & found.intents).sum(axis=0))
    nothing = missed[~wrong.any(axis=1)].sum(axis=0)
    added = wrong[~missed.any(axis=1)].sum(axis=0)
    return Confusion(
        intents=INTENTS,
        instead=_matrix(instead.tolist()),
        nothing=tuple(int(count) for count in nothing),
        added=tuple(int(count) for count in added),
    )


def commitment_confusion(gold: Side, found: Side) -> Matrix:
    """Counts 7 x 7 from -3 to +3, rows gold. A commitment beyond the scheme raises IndexError."""
    size = COMMITMENT_MAX - COMMITMENT_MIN + 1
    counts = np.zeros((size, size), np.int64)
    np.add.at(counts, (gold.commitment - COMMITMENT_MIN, found.commitment - COMMITMENT_MIN), 1)
    return _matrix(counts.tolist())


def _matrix(rows: list[list[int]]) -> Matrix:
    return tuple(tuple(int(count) for count in row) for row in rows)
