"""Two ways to run the network: ONNX Runtime serves, torch is the reference it is held to."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

import numpy as np

from nlp.encoder.decide import Logits
from nlp.encoder.inputs import Features, Ids
from nlp.encoder.weights import BadArtefact

MODEL = "model.onnx"


class Engine(Protocol):
    """Runs the network over a padded batch."""

    def logits(self, ids: Ids, segments: Ids, rules: Features) -> Logits:
        """``[B, T], [B, T], [B, RULES] -> [B, OUTPUTS]``."""


class OnnxEngine:
    """ONNX Runtime on the CPU, int8 weights. One session serves any number of calls."""

    def __init__(self, path: Path, *, threads: int | None = None) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or min(2, os.cpu_count() or 1)
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Threads wait busily inside a run, which a short message gains a fifth from, and never
        # between runs: the cores belong to whoever acknowledges messages.
        options.add_session_config_entry("session.force_spinning_stop", "1")
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            raise BadArtefact(f"{path.name}: {error}") from error

    def logits(self, ids: Ids, segments: Ids, rules: Features) -> Logits:
        [out] = self._session.run(
            None, {"ids": ids, "segments": segments, "rules": rules.astype(np.float32)}
        )
        return np.asarray(out, np.float32)
