"""Where the labelled messages lie, and what training is given of them.

Authors are split once, by folder: ``train``, ``calibration`` and ``test`` never share a voice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from nlp.corpus import Example, read

DATA = Path(__file__).parent.parent / "data"
SPLITS = ("train", "calibration", "test")


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """All labelled messages, split by author."""

    train: tuple[Example, ...]
    calibration: tuple[Example, ...]
    test: tuple[Example, ...]
    digest: str  # twelve hex digits over every file read


def files(split: str, data: Path = DATA) -> list[Path]:
    """The files of a split, in order of name."""
    return sorted((data / split).glob("*.jsonl"))


def corpus(data: Path = DATA, *, more: Iterable[Path] = ()) -> Corpus:
    """Read everything; ``more`` are files of verdicts to train on. Raises ``BadExample``."""
    more = list(more)
    digest = hashlib.sha256()
    for path in [*(path for split in SPLITS for path in files(split, data)), *more]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    parts = {split: tuple(_read(files(split, data))) for split in SPLITS}
    return Corpus(
        train=(*parts["train"], *_read(more)),
        calibration=parts["calibration"],
        test=parts["test"],
        digest=digest.hexdigest()[:12],
    )


def _read(paths: Iterable[Path]) -> Iterator[Example]:
    for path in paths:
        yield from read(path)
