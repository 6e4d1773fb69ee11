"""The shipped encoder's own averages, for comparison only: nothing that is served uses them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from nlp.corpus import read
from nlp.encoder.engines import MODEL
from nlp.encoder.inputs import RULES, Tokenizer
from nlp.encoder.reader import SHIPPED
from nlp.encoder.weights import TOKENIZER
from nlp.learning.sources import files
from nlp.normalize import normalize

if TYPE_CHECKING:
    from nlp.measure.likeness import Labelled

#: What the head is fed: the averages of the message's tokens and of all tokens.
POOLED = "/Concat_output_0"
_SAMPLE = 1_500
Vectors = npt.NDArray[np.float64]


class Encoder(Protocol):
    """Scores pairs one of three ways."""

    def __call__(self, pairs: Sequence[Labelled], how: str) -> list[float | None]: ...


def encoder_of() -> Encoder:
    """Cosines of a plan's and a role's averages: ``plain``, ``centred`` or ``whitened``.

    Centre and spread are those of corpus texts, never of the pairs.
    """
    import onnxruntime

    model = (SHIPPED / MODEL).read_bytes() + _one_more_output(POOLED)
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    tokenizer = Tokenizer(SHIPPED / TOKENIZER)

    def vector(text: str) -> Vectors:
        encoded = tokenizer.encode(normalize(text).text, stage="offer", context=())
        ids = np.array([encoded.ids])
        segments = np.zeros_like(ids)
        segments[0, encoded.message : -1] = 1
        rules = np.zeros((1, RULES), np.float32)
        fed = {"ids": ids, "segments": segments, "rules": rules}
        [found] = session.run([POOLED], fed)
        return np.asarray(found[0, : found.shape[1] // 2], np.float64)

    read_in = (one.text for path in files("train") for one in read(path))
    texts = [text for text in read_in if len(normalize(text).text) > 3]
    sample = np.stack([vector(text) for text in texts[:: max(1, len(texts) // _SAMPLE)]])
    centre = sample.mean(0)
    _, spread, axes = np.linalg.svd(sample - centre, full_matrices=False)
    ways: dict[str, Callable[[Vectors], Vectors]] = {
        "plain": lambda v: v,
        "centred": lambda v: v - centre,
        "whitened": lambda v: (axes[:128] @ (v - centre)) / spread[:128],
    }

    def scores(pairs: Sequence[Labelled], how: str) -> list[float | None]:
        way = ways[how]
        found: list[float | None] = []
        for one in pairs:
            plan = way(vector(one.pair.plan))
            role = way(vector(f"{one.pair.title}。{one.pair.role}"))
            found.append(float(plan @ role / np.linalg.norm(plan) / np.linalg.norm(role)))
        return found

    return scores


def _one_more_output(name: str) -> bytes:
    """What makes an inner value of an ONNX graph an output when it follows the model's bytes.

    Messages that follow each other are merged by protobuf: this is a model that has nothing but a
    graph (7) with nothing but an output (12) of floats.
    """
    kind = _field(2, _field(1, b"\x08\x01"))
    return _field(7, _field(12, _field(1, name.encode()) + kind))


def _field(number: int, content: bytes) -> bytes:
    assert len(content) < 128, "a length of one byte"
    return bytes([number << 3 | 2, len(content)]) + content
