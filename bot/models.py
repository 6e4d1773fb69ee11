"""Which model reads: the shipped one, or one trained here that was no worse."""

from __future__ import annotations

from pathlib import Path

from bot.errors import BotError
from nlp.readers import model_in_use
from nlp.reading import Reader


class ModelUnusable(BotError):
    """The model's files are missing or changed, or its engine is not installed: ``reason``."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"模型不可用：{reason}（运行 yinuo doctor 查看办法）")
        self.reason = reason


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


def opened(engine: str, chosen: Path | None, data_dir: Path) -> Reader:
    """The reader in use, in this process. Raises ``ModelUnusable``."""
    from nlp.encoder.weights import BadArtefact
    from nlp.readers import reader

    try:
        return reader(spec(engine, chosen, data_dir))
    except (BadArtefact, ImportError) as error:
        raise ModelUnusable(str(error)) from error
