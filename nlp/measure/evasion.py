"""What is lost when people hide the words they are heard by."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from nlp.corpus import Example
from nlp.learning.augment import evasive
from nlp.measure.arrays import Side, side
from nlp.measure.figures import Change, EvasionFigures
from nlp.measure.metrics import macro_f1
from nlp.measure.sampling import RESAMPLES, Row, Voices, figure, ratio
from nlp.reading import Reading
from nlp.scheme import SIGNAL_INTENTS

Read = Callable[[list[Example]], list[Reading]]


def hides(example: Example) -> bool:
    """Whether somebody could have a reason to hide this: an alert or a signal."""
    return example.alert or bool(SIGNAL_INTENTS & example.intents)


def hidden(example: Example, *, seed: int = 1) -> Example:
    """The same labels with an evasive text. Depends on seed, id and text alone."""
    chance = random.Random(f"{seed}:{example.id}")  # noqa: S311 - the same seed, the same text
    return replace(example, text=evasive(example.text, chance))


def evasion(
    examples: Sequence[Example],
    readings: Sequence[Reading],
    read: Read,
    *,
    resamples: int = RESAMPLES,
    seed: int = 1,
) -> EvasionFigures:
    """Macro-F1 and alert recall of the messages that ``hides`` names, as typed and hidden.

    ``readings`` are of the examples as typed; ``read`` is asked for the hidden ones. A drop is
    in percentage points, above 0 when something was lost, its interval paired by voice.
    """
    places = [at for at, example in enumerate(examples) if hides(example)]
    before = [examples[at] for at in places]
    after = [hidden(example, seed=seed) for example in before]
    voices = Voices([example.voice for example in before], resamples=resamples, seed=seed)
    gold, typed = side(before), side([readings[at] for at in places])
    found = side(read(after) if after else [])
    return EvasionFigures(
        messages=len(before),
        changed=sum(one.text != other.text for one, other in zip(before, after, strict=True)),
        macro_f1=_change(macro_f1(voices, gold, typed), macro_f1(voices, gold, found)),
        alert_recall=_change(_recall(voices, gold, typed), _recall(voices, gold, found)),
    )


def _recall(voices: Voices, gold: Side, found: Side) -> Row:
    return ratio(voices.sums(gold.alert & found.alert), voices.sums(gold.alert))


def _change(before: Row, after: Row) -> Change:
    drop = np.asarray(100 * (before - after), np.float64)
    return Change(before=figure(before), after=figure(after), drop=figure(drop))
