"""Readers by name: ``onnx`` serves, ``torch`` is the reference, ``rules`` needs no model."""

from __future__ import annotations

from pathlib import Path

from nlp.baseline import RuleReader
from nlp.reading import Reader

ENGINES = ("onnx", "torch", "rules")
#: The file that names the folder of the model in use, beside those folders.
CURRENT = "current"


def reader(spec: str = "onnx") -> Reader:
    """A reader from ``engine`` or ``engine:folder of the model``; without a folder the shipped one.

    Raises ``ValueError`` for an unknown engine and ``BadArtefact`` for a model that is not whole.
    """
    engine, _, folder = spec.partition(":")
    if engine not in ENGINES:
        raise ValueError(f"the reader's engine is one of {', '.join(ENGINES)}, not {engine!r}")
    if engine == "rules":
        return RuleReader()
    from nlp.encoder.engines import MODEL
    from nlp.encoder.reader import SHIPPED, EncoderReader

    directory = Path(folder) if folder else SHIPPED
    if engine == "torch":
        from nlp.encoder.reference import TorchEngine

        return EncoderReader(directory, engine=TorchEngine(directory / MODEL))
    return EncoderReader(directory)


def model_in_use(models: Path) -> Path | None:
    """The folder of a model trained here that replaced the shipped one, or None."""
    try:
        name = (models / CURRENT).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    return models / name if name else None
