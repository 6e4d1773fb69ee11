"""From a trained network to what is served: ONNX with int8 weights, one file, with a manifest."""

from __future__ import annotations

import hashlib
import json
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from nlp.encoder.decide import Settings
from nlp.encoder.engines import MODEL
from nlp.encoder.inputs import RULES, Features, Ids, batched
from nlp.encoder.network import Network
from nlp.encoder.ngrams import TABLE, VOCABULARY, Ngrams
from nlp.encoder.reader import SETTINGS, Prepared
from nlp.encoder.served import Served
from nlp.encoder.weights import MANIFEST, TOKENIZER

OPSET = 17
NAMES = ("ids", "segments", "rules")
#: About so many messages, evenly taken, are a sample.
SAMPLED = 360
_SAMPLE_BATCH = 16

Batch = tuple[Ids, Ids, Features]


def sample_of(messages: Sequence[Prepared]) -> list[Batch]:
    """Some training messages in batches, as the network gets them: what fixes the scales."""
    some = messages[:: max(1, len(messages) // SAMPLED)]
    groups = [some[start : start + _SAMPLE_BATCH] for start in range(0, len(some), _SAMPLE_BATCH)]
    return [
        (*batched([one.encoded for one in group]), np.stack([one.rules for one in group]))
        for group in groups
    ]


def to_onnx(network: Network, path: Path, sample: Sequence[Batch]) -> None:
    """Write the network as an int8 ONNX file with dynamic batch and length.

    Weights are signed with one scale an output channel and seven bits: with eight, processors
    without VNNI saturate sums, and the same file would read differently on two machines. The
    scales of what flows between are fixed by a sample of training messages: taken from each batch
    anew, they would let a message's neighbours change its reading.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    example = (
        torch.randint(3, 100, (2, 7)),
        torch.tensor([[0, 0, 0, 1, 1, 1, 1], [0, 0, 1, 1, 1, 1, 1]]),
        torch.zeros(2, RULES),
    )
    served = Served(network.eval()).eval()
    served.calm(
        (torch.from_numpy(i), torch.from_numpy(s), torch.from_numpy(r)) for i, s, r in sample
    )
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # both exporters warn of their own future
        plain, dynamic = Path(folder) / "plain.onnx", Path(folder) / "dynamic.onnx"
        torch.onnx.export(
            served.eval(),
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
            str(dynamic),
            per_channel=True,
            reduce_range=True,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=[
                "/head/Gemm",
                "/head/Gemm_MatMul",
                "/rules/MatMul",
            ],  # small, and the last word
        )
        _fix_scales(dynamic, path, sample)


def _fix_scales(source: Path, target: Path, sample: Sequence[Batch]) -> None:
    """Replace scales taken from each batch by those that hold all of a sample."""
    import onnx
    import onnxruntime
    from onnx import helper, numpy_helper

    model = onnx.load(source)
    graph = model.graph
    dynamic = [node for node in graph.node if node.op_type == "DynamicQuantizeLinear"]
    watched = onnx.load(source)
    for node in dynamic:
        watched.graph.output.append(
            helper.make_tensor_value_info(node.input[0], onnx.TensorProto.FLOAT, None)
        )
    session = onnxruntime.InferenceSession(
        watched.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    ends = {node.name: (0.0, 0.0) for node in dynamic}
    for batch in sample:
        seen = session.run(
            [node.input[0] for node in dynamic], dict(zip(NAMES, batch, strict=True))
        )
        for node, values in zip(dynamic, seen, strict=True):
            low, high = ends[node.name]
            ends[node.name] = min(low, float(values.min())), max(high, float(values.max()))
    for node in dynamic:
        low, high = ends[node.name]
        scale = max(high - low, 1e-6) / 255  # what never varies needs no steps
        zero = min(255, max(0, round(-low / scale)))
        quantised, *names = node.output
        for name, value in zip(names, (np.float32(scale), np.uint8(zero)), strict=True):
            graph.initializer.append(numpy_helper.from_array(np.array(value), name))
        fixed = helper.make_node("QuantizeLinear", [node.input[0], *names], [quantised])
        node.CopyFrom(fixed)
    onnx.save(model, target)


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
