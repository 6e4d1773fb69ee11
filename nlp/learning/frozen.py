"""The untrained encoder's averages as features: what a baseline may have of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from nlp.corpus import Example
from nlp.encoder.network import from_base
from nlp.encoder.weights import BASE
from nlp.learning.training import Recipe, inputs, prepared

_BATCH = 64


def features(examples: Sequence[Example]) -> npt.NDArray[np.float32]:
    """``[messages, 2 * hidden]``, in order."""
    network = from_base(BASE, layers=Recipe().layers).eval()
    items = prepared(examples, BASE)
    order = sorted(range(len(items)), key=lambda number: len(items[number].encoded.ids))
    found: npt.NDArray[np.float32] = np.zeros((len(items), network.center.numel()), np.float32)
    with torch.inference_mode():
        for start in range(0, len(order), _BATCH):
            numbers = order[start : start + _BATCH]
            ids, segments, _ = inputs([items[number] for number in numbers])
            found[numbers] = network.pooled(ids, segments).numpy()
    return found
