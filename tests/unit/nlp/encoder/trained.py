"""The shipped model and the test voices, loaded once for all tests that need them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from nlp.corpus import Example
from nlp.encoder.decide import SILENCE, Decision, Settings, decide
from nlp.encoder.inputs import Tokenizer
from nlp.encoder.reader import SETTINGS, SHIPPED, EncoderReader, prepare
from nlp.encoder.weights import MANIFEST, TOKENIZER
from nlp.learning.prepared import utterance
from nlp.learning.sources import corpus
from nlp.reading import Reading, Utterance

T = TypeVar("T")


@lru_cache(maxsize=1)
def shipped() -> EncoderReader:
    """The reader that serves."""
    return EncoderReader()


@lru_cache(maxsize=1)
def tokenizer() -> Tokenizer:
    """The shipped model's."""
    return Tokenizer(SHIPPED / TOKENIZER)


@lru_cache(maxsize=1)
def voices() -> tuple[Example, ...]:
    """Every labelled message of the test voices."""
    return corpus().test


def spread(rows: Sequence[T], count: int) -> list[T]:
    """So many of them, evenly over all."""
    assert len(rows) >= count
    return [rows[number * len(rows) // count] for number in range(count)]


def utterances(examples: Sequence[Example]) -> list[Utterance]:
    """What a reader is given of them."""
    return [utterance(example) for example in examples]


def decisions(reader: EncoderReader, batch: Sequence[Utterance]) -> list[Decision]:
    """What the reader decides, without looking for evidence, which costs eight times as much."""
    settings = Settings.load(SHIPPED / SETTINGS)
    ready = [prepare(one, tokenizer()) for one in batch]
    return [
        decide(row, settings, stage=one.source.stage) if one.text else SILENCE
        for row, one in zip(reader.logits(ready), ready, strict=True)
    ]


def labels(found: Reading | Decision) -> tuple[object, ...]:
    """Everything that is said of a message, without how sure it is."""
    return (
        frozenset(found.intents),
        found.commitment,
        found.reported,
        found.condition,
        found.alert,
    )


def linked(source: Path, target: Path) -> Path:
    """A folder with the same files; a test replaces the one it changes."""
    target.mkdir(parents=True)
    for path in source.iterdir():
        (target / path.name).symlink_to(path)
    return target


def rewrite(path: Path, data: bytes) -> None:
    """Put other bytes in place of a link."""
    path.unlink()
    path.write_bytes(data)


def vouch(directory: Path) -> None:
    """Make the manifest name the files as they are now."""
    path = directory / MANIFEST
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["files"] = {
        name: hashlib.sha256((directory / name).read_bytes()).hexdigest()
        for name in manifest["files"]
    }
    rewrite(path, json.dumps(manifest).encode())
