"""Taking a new model into use, only when it is no worse, and going back."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nlp.corpus import Example
from nlp.encoder.reader import EncoderReader
from nlp.encoder.weights import verify
from nlp.learning.prepared import utterance
from nlp.measure.quick import Scores, scores
from nlp.readers import CURRENT

#: What a new model may lose on the test voices and still count as no worse: less than retraining
#: with another seed changes. In shares for F1, precision and recall.
NOISE = 0.01
PREVIOUS = "previous"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Two models on the same fixed test voices, and whether the new one may take over."""

    old: Scores
    new: Scores
    reasons: tuple[str, ...]  # what got worse; empty when nothing did

    @property
    def no_worse(self) -> bool:
        """Whether the new model may replace the old."""
        return not self.reasons


def compare(old: Path, new: Path, examples: Sequence[Example]) -> Verdict:
    """Read the test voices with both models. Raises ``BadArtefact``."""
    first, second = (_scores(directory, examples) for directory in (old, new))
    reasons = []
    if second.macro_f1 < first.macro_f1 - NOISE:
        reasons.append(f"macro-F1 {first.macro_f1:.3f} -> {second.macro_f1:.3f}")
    if _f1(second) < _f1(first) - NOISE:
        reasons.append(f"alert F1 {_f1(first):.3f} -> {_f1(second):.3f}")
    if second.false_alerts > first.false_alerts + 1000 * NOISE:
        reasons.append(
            f"false alerts per 1,000 {first.false_alerts:.0f} -> {second.false_alerts:.0f}"
        )
    return Verdict(old=first, new=second, reasons=tuple(reasons))


def install(built: Path, models: Path, name: str) -> Path:
    """Copy a model in beside the others and use it. The one before stays, for ``restore``."""
    verify(built)
    target = models / name
    models.mkdir(parents=True, exist_ok=True)
    if target.exists():
        shutil.rmtree(target)
    shutil.copytree(built, target)
    current = _name(models / CURRENT)
    _point(models / PREVIOUS, current)
    _point(models / CURRENT, name)
    return target


def restore(models: Path) -> str:
    """Use the model before again; an empty name is the shipped one. Twice is back again.

    Raises ``FileNotFoundError`` when nothing was ever installed.
    """
    if not (models / PREVIOUS).exists():
        raise FileNotFoundError(models / PREVIOUS)
    current, previous = _name(models / CURRENT), _name(models / PREVIOUS)
    _point(models / CURRENT, previous)  # first: whatever happens next, the model before is in use
    _point(models / PREVIOUS, current)
    return previous


def _scores(directory: Path, examples: Sequence[Example]) -> Scores:
    readings = EncoderReader(directory).read([utterance(example) for example in examples])
    return scores(examples, readings)


def _f1(found: Scores) -> float:
    total = found.alert_precision + found.alert_recall
    return 2 * found.alert_precision * found.alert_recall / total if total else 0.0


def _name(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return ""


def _point(path: Path, name: str) -> None:
    """Write a pointer file so that a reader sees the old or the new name, never half of one."""
    temporary = path.with_suffix(".new")
    temporary.write_text(name + "\n", encoding="utf-8")
    temporary.replace(path)
