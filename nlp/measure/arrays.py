"""Labels of messages as arrays, gold and found side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nlp.corpus import Example
from nlp.measure.sampling import Row
from nlp.reading import Reading
from nlp.scheme import Condition, Intent

INTENTS = tuple(Intent)
CONDITIONS = tuple(Condition)
Flags = npt.NDArray[np.bool_]
Steps = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side's labels of N messages."""

    intents: Flags  # [N, intents]
    commitment: Steps  # [N]
    alert: Flags  # [N]
    reported: Flags  # [N]
    condition: Steps  # [N], place in CONDITIONS


def side(rows: Sequence[Example] | Sequence[Reading]) -> Side:
    """The labels of examples, or of readings."""
    return Side(
        intents=np.array(
            [[intent in row.intents for intent in INTENTS] for row in rows], np.bool_
        ).reshape(-1, len(INTENTS)),
        commitment=np.array([row.commitment for row in rows], np.int64),
        alert=np.array([row.alert for row in rows], np.bool_),
        reported=np.array([row.reported for row in rows], np.bool_),
        condition=np.array([CONDITIONS.index(row.condition) for row in rows], np.int64),
    )


def alert_scores(readings: Sequence[Reading]) -> Row | None:
    """The scores ``[N]``, or None if any reading lacks one."""
    known = [one.alert_score for one in readings if one.alert_score is not None]
    return np.array(known, np.float64) if known and len(known) == len(readings) else None
