"""A linear model over character n-grams: the network's second opinion.

It sees spellings the network's pieces blur and errs in other places, so that the two together err
less. A sum of rows of one table a message; no library beside numpy at run time.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nlp.encoder.inputs import OUTPUTS, Features
from nlp.encoder.weights import BadArtefact
from nlp.reading import Turn
from nlp.scheme import STAGES

TABLE, VOCABULARY = "ngrams.safetensors", "ngrams.json"
#: Longest n-grams of the message and of the turn before, and how much the turn counts.
LONGEST, LONGEST_BEFORE, SHARE_BEFORE = 4, 3, 0.5
#: Marks an n-gram of the turn before; normalised text holds no control characters.
BEFORE = "\x1e"
#: Characters of a text that are looked at; of a longer one the head and the tail.
LOOKED_AT = 400

Rows = npt.NDArray[np.float32]


def counted(text: str, before: Sequence[Turn]) -> tuple[Counter[str], Counter[str]]:
    """How often each n-gram occurs in a normalised message, and in the last turn before it."""
    turn = before[-1].text if before else ""
    return (
        Counter(_grams(text, LONGEST)),
        Counter(BEFORE + gram for gram in _grams(turn, LONGEST_BEFORE)),
    )


def _grams(text: str, longest: int) -> Iterator[str]:
    if len(text) > LOOKED_AT:
        text = text[: LOOKED_AT // 2] + "\n" + text[-LOOKED_AT // 2 :]
    padded = f"^{text}$" if text else ""
    for size in range(1, longest + 1):
        for start in range(len(padded) - size + 1):
            yield padded[start : start + size]


def weighed(
    counts: Mapping[str, int], vocabulary: Mapping[str, int], rarity: Rows
) -> tuple[npt.NDArray[np.int64], Rows]:
    """Known n-grams as numbers and weights: (1 + log count) times rarity, of length 1."""
    known = [(vocabulary[gram], count) for gram, count in counts.items() if gram in vocabulary]
    numbers = np.array([number for number, _ in known], np.int64)
    weights = np.array([1 + math.log(count) for _, count in known], np.float32) * rarity[numbers]
    length = float(np.sqrt((weights**2).sum()))
    return numbers, weights / length if length else weights


class Ngrams:
    """``(message, turns, stage, rules) -> logits [OUTPUTS]``. Safe to share between threads."""

    def __init__(self, vocabulary: Mapping[str, int], rarity: Rows, table: Rows, rest: Rows):
        """``table [n-grams, OUTPUTS]``; ``rest [stages + RULES + 1, OUTPUTS]``, bias last."""
        self._vocabulary = vocabulary
        self._rarity = rarity
        self._table = table
        self._rest = rest

    @classmethod
    def load(cls, directory: Path) -> Ngrams:
        """Raises ``BadArtefact``."""
        from safetensors import SafetensorError
        from safetensors.numpy import load

        try:
            grams = json.loads((directory / VOCABULARY).read_text(encoding="utf-8"))
            tensors = load((directory / TABLE).read_bytes())
            table = tensors["table"].astype(np.float32) * tensors["scale"]
            made = cls(
                {gram: number for number, gram in enumerate(grams)},
                tensors["rarity"].astype(np.float32),
                table,
                tensors["rest"].astype(np.float32),
            )
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            raise BadArtefact(f"{TABLE}: {error!r}") from error
        if table.shape != (len(grams), OUTPUTS):
            raise BadArtefact(f"{TABLE} has the shape {table.shape} for {len(grams)} n-grams")
        return made

    def save(self, directory: Path) -> None:
        """Write both files; the table as int8 with one scale an output."""
        from safetensors.numpy import save_file

        grams = sorted(self._vocabulary, key=self._vocabulary.__getitem__)
        (directory / VOCABULARY).write_text(json.dumps(grams, ensure_ascii=False) + "\n", "utf-8")
        scale = np.maximum(np.abs(self._table).max(axis=0), 1e-9) / 127
        tensors = {
            "table": np.rint(self._table / scale).astype(np.int8),
            "scale": scale.astype(np.float32),
            "rarity": self._rarity,
            "rest": self._rest,
        }
        save_file(tensors, directory / TABLE)

    def logits(self, text: str, before: Sequence[Turn], *, stage: str, rules: Features) -> Rows:
        """``[OUTPUTS]`` for one normalised message."""
        own, turn = counted(text, before)
        numbers, weights = weighed(own, self._vocabulary, self._rarity)
        found = weights @ self._table[numbers]
        numbers, weights = weighed(turn, self._vocabulary, self._rarity)
        found = found + SHARE_BEFORE * (weights @ self._table[numbers])
        return np.asarray(found + rest_row(stage, rules) @ self._rest, np.float32)


def rest_row(stage: str, rules: Features) -> Rows:
    """What else the linear model sees: stage, rules, and 1 for the bias."""
    stages = np.array([name == stage for name in STAGES], np.float32)
    return np.concatenate([stages, rules, np.ones(1, np.float32)])
