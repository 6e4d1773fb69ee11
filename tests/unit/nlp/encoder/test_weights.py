"""The base on disk: every byte is vouched for, and the blocks decode to what they say."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.encoder.weights import (
    BASE,
    BLOCK,
    BLOCK_BYTES,
    CONFIG,
    MANIFEST,
    TOKENIZER,
    WEIGHTS,
    BadArtefact,
    Blocks,
    decode,
    load_base,
    read,
    shapes,
    verify,
)
from tests.unit.nlp.encoder.trained import linked, rewrite, vouch

pytestmark = pytest.mark.slow

FILES = (WEIGHTS, TOKENIZER, CONFIG)


def a_block(scale: float, weights: list[int]) -> bytes:
    """One Q4_0 block of 32 weights from -8 to 7."""
    low, high = weights[: BLOCK // 2], weights[BLOCK // 2 :]
    packed = bytes((b + 8) << 4 | (a + 8) for a, b in zip(low, high, strict=True))
    return np.float16(scale).tobytes() + packed


def blocks(*rows: bytes) -> Blocks:
    """Rows of blocks as an array."""
    return np.stack([np.frombuffer(row, np.uint8) for row in rows])


def test_the_base_is_whole() -> None:
    assert set(verify(BASE)["files"]) == set(FILES)
    assert json.loads(read(BASE, CONFIG))["vocab_size"] > 10_000


@pytest.mark.parametrize("place", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("name", FILES)
def test_one_flipped_bit_is_noticed_and_the_file_named(
    name: str, place: float, tmp_path: Path
) -> None:
    base = linked(BASE, tmp_path / "base")
    data = bytearray((BASE / name).read_bytes())
    data[round(place * (len(data) - 1))] ^= 1
    rewrite(base / name, bytes(data))
    with pytest.raises(BadArtefact, match=re.escape(name)):
        verify(base)
    with pytest.raises(BadArtefact, match=re.escape(name)):
        read(base, name)
    with pytest.raises(BadArtefact, match=re.escape(name)):
        load_base(base)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(name: str, tmp_path: Path) -> None:
    base = linked(BASE, tmp_path / "base")
    (base / name).unlink()
    with pytest.raises(BadArtefact, match=re.escape(name)):
        verify(base)


@pytest.mark.parametrize("name", FILES)
def test_a_file_the_manifest_does_not_name_is_not_read(name: str, tmp_path: Path) -> None:
    base = linked(BASE, tmp_path / "base")
    manifest = json.loads((base / MANIFEST).read_text(encoding="utf-8"))
    del manifest["files"][name]
    rewrite(base / MANIFEST, json.dumps(manifest).encode())
    with pytest.raises(BadArtefact, match=re.escape(name)):
        read(base, name)
    with pytest.raises(BadArtefact, match=re.escape(name)):
        load_base(base)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"files": []}', "\udcff"])
def test_a_manifest_that_is_none_is_named(text: str, tmp_path: Path) -> None:
    base = linked(BASE, tmp_path / "base")
    rewrite(base / MANIFEST, text.encode("utf-8", "surrogateescape"))
    with pytest.raises(BadArtefact, match=re.escape(MANIFEST)):
        verify(base)


def test_a_missing_manifest_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadArtefact, match=re.escape(MANIFEST)):
        verify(tmp_path)


def test_a_block_decodes_as_its_format_says() -> None:
    first = [*range(-8, 8), *range(7, -9, -1)]
    second = [3] * BLOCK
    found = decode(blocks(a_block(0.5, first) + a_block(-2, second)))
    assert found.dtype == np.float32
    assert found.tolist() == [[0.5 * weight for weight in first] + [-6.0] * BLOCK]


def test_rows_keep_their_order() -> None:
    found = decode(blocks(a_block(1, [1] * BLOCK), a_block(1, [2] * BLOCK)))
    assert found.tolist() == [[1.0] * BLOCK, [2.0] * BLOCK]


@given(
    st.lists(st.integers(-8, 7), min_size=BLOCK, max_size=BLOCK),
    st.floats(-100, 100, width=16),
)
def test_any_block_decodes_to_scale_times_weight(weights: list[int], scale: float) -> None:
    assert decode(blocks(a_block(scale, weights))).tolist() == [[scale * w for w in weights]]


@pytest.mark.parametrize("width", [1, BLOCK_BYTES - 1, BLOCK_BYTES + 1])
def test_a_torn_row_is_refused(width: int) -> None:
    with pytest.raises(BadArtefact, match=str(width)):
        decode(np.zeros((2, width), np.uint8))


def test_the_tensors_are_those_the_configuration_asks_for() -> None:
    config = json.loads(read(BASE, CONFIG))
    tensors = load_base(BASE)
    assert {name: tensor.shape for name, tensor in tensors.items()} == shapes(config)
    for name, tensor in tensors.items():
        assert tensor.dtype == np.float32
        assert np.isfinite(tensor).all(), name
        assert tensor.any(), name
    words = tensors["embeddings.word_embeddings.weight"]
    assert len(np.unique(words[:500], axis=0)) > 450  # words are told apart


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("num_hidden_layers", 13, "encoder.layer.12"),
        ("num_hidden_layers", 11, "encoder.layer.11"),
        ("vocab_size", 7, "word_embeddings"),
        ("hidden_size", 385, "shape"),
        ("hidden_size", None, "expected"),
    ],
)
def test_another_configuration_is_refused(
    key: str, value: int | None, said: str, tmp_path: Path
) -> None:
    base = linked(BASE, tmp_path / "base")
    config = json.loads(read(BASE, CONFIG)) | {key: value}
    rewrite(base / CONFIG, json.dumps(config).encode())
    vouch(base)
    with pytest.raises(BadArtefact, match=said):
        load_base(base)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"hidden_size": 384}'])
def test_a_configuration_that_is_none_is_named(text: str, tmp_path: Path) -> None:
    base = linked(BASE, tmp_path / "base")
    rewrite(base / CONFIG, text.encode())
    vouch(base)
    with pytest.raises(BadArtefact, match=re.escape(CONFIG)):
        load_base(base)


@pytest.mark.parametrize("data", [b"", b"\0" * 8, b"not tensors at all"])
def test_weights_that_are_no_tensors_are_named(data: bytes, tmp_path: Path) -> None:
    base = linked(BASE, tmp_path / "base")
    rewrite(base / WEIGHTS, data)
    vouch(base)
    with pytest.raises(BadArtefact, match=re.escape(WEIGHTS)):
        load_base(base)


def test_a_manifest_has_to_name_what_is_needed(tmp_path: Path) -> None:
    base = linked(BASE, tmp_path / "base")
    rewrite(base / MANIFEST, b'{"files": {}}')
    assert verify(base) == {"files": {}}
    with pytest.raises(BadArtefact, match=re.escape(CONFIG)):
        verify(base, CONFIG)
