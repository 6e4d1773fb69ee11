"""The base encoder on disk: 4-bit blocks as they were published, decoded at load.

``base.safetensors`` holds each weight matrix as the original Q4_0 blocks (uint8, 18 bytes for 32
weights of a row: an fp16 scale, then 16 bytes whose low nibbles are weights 0-15 and high nibbles
16-31, each minus 8) and everything else as float32. Nothing was rounded again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
Blocks = npt.NDArray[np.uint8]
Shape = tuple[int, ...]

#: Weights of a row that share one scale, and the bytes they take together.
BLOCK, BLOCK_BYTES = 32, 18
WEIGHTS, TOKENIZER, CONFIG, MANIFEST = (
    "base.safetensors",
    "tokenizer.json",
    "config.json",
    "manifest.json",
)
#: The base as it lies in the repository.
BASE = Path(__file__).parent / "base"


class BadArtefact(ValueError):
    """A file of a model is missing, changed, or of the wrong shape."""


def decode(blocks: Blocks) -> Array:
    """Q4_0 blocks ``[rows, columns / 32 * 18]`` as float32 ``[rows, columns]``."""
    rows, width = blocks.shape
    if width % BLOCK_BYTES:
        raise BadArtefact(f"a row of {width} bytes is no run of {BLOCK_BYTES}-byte blocks")
    packed = np.ascontiguousarray(blocks).reshape(-1, BLOCK_BYTES)
    scale = packed[:, :2].copy().view("<f2").astype(np.float32)
    nibbles = packed[:, 2:]
    weights = np.concatenate([nibbles & 15, nibbles >> 4], axis=1).astype(np.float32) - 8
    return np.asarray(weights * scale, dtype=np.float32).reshape(rows, -1)


def shapes(config: Mapping[str, Any]) -> dict[str, Shape]:
    """Every tensor of transformers' ``BertModel`` (without pooler) and its shape."""
    size, inner = config["hidden_size"], config["intermediate_size"]
    found: dict[str, Shape] = {
        "embeddings.word_embeddings.weight": (config["vocab_size"], size),
        "embeddings.position_embeddings.weight": (config["max_position_embeddings"], size),
        "embeddings.token_type_embeddings.weight": (config["type_vocab_size"], size),
        **_pair("embeddings.LayerNorm", (size,)),
    }
    for number in range(config["num_hidden_layers"]):
        layer = f"encoder.layer.{number}"
        for name in ("self.query", "self.key", "self.value", "output.dense"):
            found |= _pair(f"{layer}.attention.{name}", (size, size))
        found |= _pair(f"{layer}.attention.output.LayerNorm", (size,))
        found |= _pair(f"{layer}.intermediate.dense", (inner, size))
        found |= _pair(f"{layer}.output.dense", (size, inner))
        found |= _pair(f"{layer}.output.LayerNorm", (size,))
    return found


def read(directory: Path, name: str) -> bytes:
    """The bytes of a file, once their hash is the manifest's. Raises ``BadArtefact``."""
    return _checked(directory, name, _manifest(directory)["files"])


def verify(directory: Path, *needed: str) -> dict[str, Any]:
    """The manifest, once every file it names has the hash it names. Raises ``BadArtefact``.

    It has to name every file that is ``needed``.
    """
    manifest = _manifest(directory)
    for name in dict.fromkeys((*needed, *manifest["files"])):
        _checked(directory, name, manifest["files"])
    return manifest


def load_base(directory: Path) -> dict[str, Array]:
    """All tensors as float32 under the names of transformers' ``BertModel`` (without pooler).

    Raises ``BadArtefact`` when a file does not match the manifest, or the tensors are not those
    the configuration asks for.
    """
    verify(directory, WEIGHTS, TOKENIZER, CONFIG)
    try:
        wanted = shapes(json.loads(read(directory, CONFIG)))
    except (KeyError, TypeError, ValueError) as error:
        raise BadArtefact(f"{CONFIG}: {error!r}") from error
    tensors = _tensors(read(directory, WEIGHTS))
    if odd := sorted(tensors.keys() ^ wanted.keys()):
        raise BadArtefact(f"{WEIGHTS}: {len(odd)} tensors missing or unknown, such as {odd[0]}")
    for name, tensor in tensors.items():
        if tensor.shape != wanted[name]:
            raise BadArtefact(f"{name} has the shape {tensor.shape}, expected {wanted[name]}")
    return tensors


def _pair(name: str, shape: Shape) -> dict[str, Shape]:
    return {f"{name}.weight": shape, f"{name}.bias": shape[:1]}


def _manifest(directory: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadArtefact(f"{directory.name}/{MANIFEST}: {error}") from error
    if not (isinstance(manifest, dict) and isinstance(manifest.get("files"), dict)):
        raise BadArtefact(f"{directory.name}/{MANIFEST} names no files")
    return manifest


def _checked(directory: Path, name: str, files: Mapping[str, str]) -> bytes:
    if name not in files:
        raise BadArtefact(f"{directory.name}/{MANIFEST} does not name {name}")
    try:
        data = (directory / name).read_bytes()
    except OSError as error:
        raise BadArtefact(f"{directory.name}/{name}: {error}") from error
    found = hashlib.sha256(data).hexdigest()
    if found != files[name]:
        raise BadArtefact(f"{name} was changed: sha256 {found}, expected {files[name]}")
    return data


def _tensors(data: bytes) -> dict[str, Array]:
    """Tensors of a safetensors file, blocks decoded. Raises ``BadArtefact``."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        stored = load(data)
    except SafetensorError as error:
        raise BadArtefact(f"{WEIGHTS}: {error}") from error
    tensors = {}
    for name, value in stored.items():
        if value.dtype not in (np.uint8, np.float32):
            raise BadArtefact(f"{name} is kept as {value.dtype}")
        tensors[name] = decode(value) if value.dtype == np.uint8 else value
    return tensors
