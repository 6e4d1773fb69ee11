"""From a trained network to what is served: ONNX with int8 weights, one file, with a manifest."""

from __future__ import annotations

import hashlib
import json
import tempfile
import warnings
from pathlib import Path
from typing import Any

import torch

from nlp.encoder.decide import Settings
from nlp.encoder.engines import MODEL
from nlp.encoder.inputs import RULES
from nlp.encoder.network import Network
from nlp.encoder.ngrams import TABLE, VOCABULARY, Ngrams
from nlp.encoder.reader import SETTINGS
from nlp.encoder.served import Served
from nlp.encoder.weights import MANIFEST, TOKENIZER

OPSET = 17
NAMES = ("ids", "segments", "rules")


def to_onnx(network: Network, path: Path) -> None:
    """Write the network as an int8 ONNX file with dynamic batch and length.

    Weights are signed with one scale an output channel and seven bits: with eight, processors
    without VNNI saturate sums, and the same file would read differently on two machines.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    example = (
        torch.randint(3, 100, (2, 7)),
        torch.tensor([[0, 0, 0, 1, 1, 1, 1], [0, 0, 1, 1, 1, 1, 1]]),
        torch.zeros(2, RULES),
    )
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # both exporters warn of their own future
        plain = Path(folder) / "plain.onnx"
        torch.onnx.export(
            Served(network.eval()).eval(),
            example,
            str(plain),
            input_names=list(NAMES),
            output_names=["logits"],
            dynamic_axes={
                "ids": {0: "batch", 1: "length"},
                "segments": {0: "batch", 1: "length"},
                "rules": {0: "batch"},
                "logits": {0: "batch"},
            },
            opset_version=OPSET,
            dynamo=False,
        )
        quantize_dynamic(
            str(plain),
            str(path),
            per_channel=True,
            reduce_range=True,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=[
                "/head/Gemm",
                "/head/Gemm_MatMul",
                "/rules/MatMul",
            ],  # small, and the last word
        )


def write_manifest(directory: Path, *, name: str, about: dict[str, Any]) -> None:
    """Name every file of a model and its SHA-256. ``about`` says how it was made."""
    files = (MODEL, TOKENIZER, TABLE, VOCABULARY, SETTINGS)
    manifest = {
        "name": name,
        **about,
        "files": {
            file: hashlib.sha256((directory / file).read_bytes()).hexdigest() for file in files
        },
    }
    (directory / MANIFEST).write_text(
        json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )


def write_rest(directory: Path, base: Path, ngrams: Ngrams, settings: Settings) -> None:
    """Everything of a model beside the network itself."""
    ngrams.save(directory)
    (directory / TOKENIZER).write_bytes((base / TOKENIZER).read_bytes())
    (directory / SETTINGS).write_text(
        json.dumps(settings.dump(), indent=2) + "\n", encoding="utf-8"
    )
