"""Which model reads: the shipped one, or one trained here that was no worse."""

from __future__ import annotations

from pathlib import Path

from nlp.readers import model_in_use


def folder(data_dir: Path) -> Path:
    """Where models trained here lie, each in a folder of its own."""
    return data_dir / "models"


def spec(engine: str, chosen: Path | None, data_dir: Path) -> str:
    """What ``nlp.readers.reader`` is asked for; without a choice, the model in use here."""
    model = chosen or model_in_use(folder(data_dir))
    return engine if model is None else f"{engine}:{model}"


def factory(engine: str, chosen: Path | None, data_dir: Path) -> str:
    """What ``nlp.process.ReaderProcess`` builds its reader from."""
    return f"nlp.readers:reader?{spec(engine, chosen, data_dir)}"
