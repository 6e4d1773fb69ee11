"""The reference engine: the weights of the ONNX file, run by torch and transformers.

Slower and larger than the engine that serves; it exists so that a test can hold the two together.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from transformers import BertConfig, BertModel

from nlp.encoder.decide import Logits
from nlp.encoder.inputs import PAD, Features, Ids
from nlp.encoder.network import Network
from nlp.encoder.weights import BadArtefact

HEAD_SIZE = 32
_NAMES = {
    "words": "encoder.embeddings.word_embeddings",
    "types": "encoder.embeddings.token_type_embeddings",
    "norm": "encoder.embeddings.LayerNorm",
    "out": "attention.output.dense",
    "up": "intermediate.dense",
    "down": "output.dense",
}
_NORMS = {"norm": "attention.output.LayerNorm", "last": "output.LayerNorm"}


class TorchEngine:
    """``Engine`` over torch. Reads int8 weights back as float32; activations stay float32."""

    def __init__(self, path: Path) -> None:
        try:
            self._network = _network(state(path))
        except (OSError, KeyError, ValueError, RuntimeError) as error:
            raise BadArtefact(f"{path.name}: {error}") from error

    def logits(self, ids: Ids, segments: Ids, rules: Features) -> Logits:
        with torch.inference_mode():
            found = self._network(
                torch.from_numpy(ids), torch.from_numpy(segments), torch.from_numpy(rules)
            )
        return np.asarray(found.numpy(), np.float32)


def _network(tensors: dict[str, Any]) -> Network:
    words = tensors["encoder.embeddings.word_embeddings.weight"]
    layer = "encoder.encoder.layer."
    layers = {name.removeprefix(layer).split(".")[0] for name in tensors if layer in name}
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=words.shape[1],
        num_hidden_layers=len(layers),
        num_attention_heads=words.shape[1] // HEAD_SIZE,
        intermediate_size=len(tensors[f"{layer}0.intermediate.dense.bias"]),
        max_position_embeddings=len(tensors["encoder.embeddings.position_embeddings.weight"]),
        layer_norm_eps=1e-12,
        pad_token_id=PAD,
    )
    network = Network(BertModel(config, add_pooling_layer=False))
    tensors |= {"center": np.zeros(2 * words.shape[1]), "scale": np.ones(2 * words.shape[1])}
    network.load_state_dict(
        {name: torch.from_numpy(np.array(value)) for name, value in tensors.items()}
    )
    return network.eval()


def state(path: Path) -> dict[str, Any]:
    """The network's state as float32 arrays, by torch's names. Raises ``KeyError`` on a stranger.

    Vectors keep their names through export; a matrix is found by the node that multiplies with
    it, and turned back to ``[out, in]``.
    """
    graph = onnx.load(path).graph
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    served: dict[str, Any] = {}
    for name, value in stored.items():
        if name in ("words.weight_quantized", "types.weight_quantized"):
            served[name.removesuffix("_quantized")] = _restored(stored, name)
        elif name.endswith("_Transposed"):
            served[name.removesuffix("_Transposed")] = value.T
        elif value.dtype == np.float32 and value.ndim and not name.endswith("_scale"):
            served[name] = value
    for node in graph.node:
        module = node.name.strip("/").replace("/", ".")
        if node.op_type == "MatMulInteger":
            module = module.removesuffix(".MatMul_quant")
            served[f"{module}.weight"] = _restored(stored, node.input[1]).T
        elif module == "rules.MatMul":
            served["rules.weight"] = served.pop(node.input[1]).T
    served = {name.replace(".step.", "."): value for name, value in served.items()}
    for name in [name for name in served if name.endswith(".calm")]:
        served[f"{name.removesuffix('.calm')}.weight"] *= served.pop(name)
    return {
        torch_name: part
        for name, value in served.items()
        for torch_name, part in _parts(name, value)
    }


def _parts(name: str, value: Any) -> list[tuple[str, Any]]:
    """The tensors of transformers' names that one tensor of the served network holds."""
    module, _, kind = name.rpartition(".")
    if name == "positions":
        return [("encoder.embeddings.position_embeddings.weight", value)]
    if not module.startswith("layers."):
        return [(f"{_NAMES.get(module, module)}.{kind}", value)]
    _, number, part = module.split(".")
    layer = f"encoder.encoder.layer.{number}"
    if part != "qkv":
        return [(f"{layer}.{_NORMS.get(part) or _NAMES[part]}.{kind}", value)]
    query, key, values = np.split(value, 3)
    return [
        (f"{layer}.attention.self.query.{kind}", query * math.sqrt(HEAD_SIZE)),
        (f"{layer}.attention.self.key.{kind}", key),
        (f"{layer}.attention.self.value.{kind}", values),
    ]


def _restored(stored: dict[str, Any], name: str) -> Any:
    plain = name.removesuffix("_quantized")
    zero = stored[f"{plain}_zero_point"].astype(np.float32)
    return (stored[name].astype(np.float32) - zero) * stored[f"{plain}_scale"]
