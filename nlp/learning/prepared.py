"""Labelled messages as the arrays the network is trained on."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from nlp.corpus import Example
from nlp.encoder.inputs import CONDITIONS, INTENTS, STEPS, Encoded, Features, Tokenizer
from nlp.encoder.reader import prepare
from nlp.learning.augment import introduced, noisy
from nlp.reading import Utterance

#: Training reads every message at this moment; no label depends on it.
NOW = datetime(2026, 6, 1, 10, tzinfo=ZoneInfo("Asia/Shanghai"))
Targets = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Item:
    """One message, ready for the network."""

    encoded: Encoded
    rules: Features
    targets: Targets


def utterance(example: Example) -> Utterance:
    """What a reader is given of an example: never its labels."""
    return Utterance(text=example.text, stage=example.stage, context=example.context, now=NOW)


def item(example: Example, tokenizer: Tokenizer) -> Item:
    """An example through the same preparation as serving."""
    ready = prepare(utterance(example), tokenizer)
    return Item(ready.encoded, ready.rules, targets(example))


def targets(example: Example) -> Targets:
    """Labels in the order of the network's outputs."""
    intents = [float(intent in example.intents) for intent in INTENTS]
    steps = [float(step == example.commitment) for step in STEPS]
    conditions = [float(condition is example.condition) for condition in CONDITIONS]
    return np.array(
        [*intents, *steps, float(example.alert), float(example.reported), *conditions], np.float32
    )


def copies(
    examples: Sequence[Example],
    tokenizer: Tokenizer,
    chance: random.Random,
    *,
    noise: float,
    who: float,
) -> list[Item]:
    """Every example once: a share ``noise`` as a noisy copy, a share ``who`` introduced."""
    made = []
    for example in examples:
        text = example.text
        if chance.random() < who:
            text = introduced(text, chance)
        if chance.random() < noise:
            text = noisy(text, chance)
        made.append(item(replace(example, text=text), tokenizer))
    return made


def batches(items: Sequence[Item], size: int, chance: random.Random) -> Iterator[Sequence[Item]]:
    """Shuffled batches of about equal length: padding is wasted arithmetic."""
    order = sorted(items, key=lambda one: len(one.encoded.ids) + chance.random() * 8)
    groups = [order[start : start + size] for start in range(0, len(order), size)]
    chance.shuffle(groups)
    yield from groups
