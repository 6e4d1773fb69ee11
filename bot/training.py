"""``yinuo train`` and ``yinuo evaluate``: what a person sees of them."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from bot import models
from bot.errors import BotError
from config.settings import Settings
from nlp.corpus import BadExample, Example
from nlp.measure.figures import Baseline, Report

NEEDS = "训练需要 torch、transformers 等：pip install 'yinuo[train]' torch（仅 CPU 版即可）"


class Unusable(BotError):
    """Data, a model or a library that training or evaluation cannot go on without."""


def evaluate(settings: Settings, path: Path, out: Path, *, baselines: bool) -> tuple[Report, int]:
    """Measure the reader in use on a labelled file; writes report.json and report.html.

    Returns the report and how many lines were no labelled messages.
    """
    from nlp.learning.prepared import utterance
    from nlp.measure.run import evaluate as measured

    chosen = settings.reader
    used = models.opened(chosen.engine, chosen.model, settings.data_dir)
    with _bar("解读") as tell:
        try:
            report, bad = measured(
                path,
                lambda examples: used.read([utterance(example) for example in examples]),
                out=out,
                baselines=_beside if baselines else None,
                tell=tell,
            )
        except OSError as error:
            raise Unusable(f"{path}: {error.strerror}") from error
    for line in bad:
        typer.echo(f"第 {line.line} 行：{line.error}", err=True)
    return report, len(bad)


def _beside(examples: Sequence[Example]) -> Sequence[Baseline]:
    """The baselines, each trained on the corpus's training voices; those that can be built."""
    from nlp.learning.sources import corpus
    from nlp.measure import baselines

    training = corpus().train
    try:
        from nlp.learning.frozen import features
    except ImportError as error:
        typer.echo(f"没有 {error.name}，少一条基线。{NEEDS}", err=True)
        return baselines.beside(training, examples)
    return baselines.beside(training, examples, features=features)


def train(
    settings: Settings,
    *,
    more: Sequence[Path],
    seeds: int,
    layers: int,
    epochs: int,
    force: bool,
) -> None:
    """Train on the corpus and on verdicts, and take the model into use when it is no worse."""
    try:
        from nlp.learning import build, install
        from nlp.learning.sources import corpus
        from nlp.learning.training import Recipe
    except ImportError as error:
        raise Unusable(f"没有 {error.name}。{NEEDS}") from error
    from nlp.encoder.reader import SHIPPED
    from nlp.readers import model_in_use

    try:
        labelled = corpus(more=more)
    except (BadExample, OSError) as error:
        raise Unusable(str(error)) from error
    if settings.reader.model is not None or settings.reader.engine == "rules":
        typer.echo("注意：设置 reader 指定了别的模型，新模型装好后也不会被用到", err=True)
    folder = models.folder(settings.data_dir)
    name = f"{datetime.now().astimezone():%Y%m%d-%H%M%S}-{labelled.digest}"
    typer.echo(
        f"训练 {len(labelled.train)} 条，校准 {len(labelled.calibration)} 条，"
        f"测试 {len(labelled.test)} 条（各是不同的人写的）；{layers} 层，{epochs} 轮，{seeds} 次。"
    )
    built = folder / f"{name}.built"
    began = time.monotonic()
    found = build.build(
        labelled,
        built,
        recipe=Recipe(layers=layers, epochs=epochs),
        seeds=range(1, seeds + 1),
        tell=_told(began),
    )
    macro = [one.scores.macro_f1 for one in found]
    typer.echo(f"macro-F1 {min(macro):.3f}–{max(macro):.3f}；用校准声音上最好的一次")
    verdict = install.compare(model_in_use(folder) or SHIPPED, built, labelled.test)
    typer.echo(f"现用模型：{verdict.old}\n新模型：  {verdict.new}")
    if not verdict.no_worse and not force:
        raise Unusable(f"新模型更差，没有启用（留在 {built}）：{'；'.join(verdict.reasons)}")
    install.install(built, folder, name)
    shutil.rmtree(built)
    typer.echo(f"已启用 {name}。服务重启后生效；yinuo train --restore 回到上一个模型")


def restore(settings: Settings) -> None:
    """Go back to the model before."""
    from nlp.learning import install

    try:
        name = install.restore(models.folder(settings.data_dir))
    except FileNotFoundError:
        raise Unusable("这里还没有启用过自己训练的模型") from None
    typer.echo(f"已回到 {name or '自带的模型'}。服务重启后生效")


def _told(began: float) -> Callable[[Any], None]:
    def tell(told: Any) -> None:
        minutes = (time.monotonic() - began) / 60
        if told.progress is not None:
            typer.echo(
                f"[{minutes:5.1f} 分] 第 {told.seed} 次，第 {told.progress.epoch} 轮，"
                f"损失 {told.progress.loss:.3f}"
            )
        if told.trained is not None:
            typer.echo(f"[{minutes:5.1f} 分] 第 {told.seed} 次：{told.trained.scores}")

    return tell


@contextmanager
def _bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on a terminal's error stream; nothing elsewhere."""
    from rich.console import Console

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
