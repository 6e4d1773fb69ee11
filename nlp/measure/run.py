"""Evaluate a reader on a file: the logic of ``yinuo evaluate``."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from nlp.corpus import BadExample, Example, parse
from nlp.lines import MAX_LINE, MAX_TEXT
from nlp.measure.evasion import Read, evasion, hides
from nlp.measure.figures import BadLine, Baseline, Report
from nlp.measure.metrics import measure
from nlp.measure.report import as_html, as_json
from nlp.reading import Reading

BATCH = 64
_ERROR_LENGTH = 200
Baselines = Callable[[Sequence[Example]], Sequence[Baseline]]


def evaluate(
    path: Path,
    read: Read,
    *,
    out: Path,
    baselines: Baselines | None = None,
    tell: Callable[[int, int], None] | None = None,
) -> tuple[Report, tuple[BadLine, ...]]:
    """Read the labelled file ``path`` and write ``report.json`` and ``report.html`` into ``out``.

    ``read`` gets at most 64 messages at a time, each message once and those that somebody could
    have a reason to hide once more in evasive spelling; ``tell(done, total)`` follows every batch.
    ``baselines`` gets all messages. Lines that are no labelled message are left out and returned.
    Both files quote messages: keep them where the labelled file may be kept. Raises OSError.
    """
    examples, bad = load(path)
    total, done = len(examples) + sum(map(hides, examples)), 0

    def batched(asked: list[Example]) -> list[Reading]:
        nonlocal done
        found: list[Reading] = []
        for start in range(0, len(asked), BATCH):
            found += read(asked[start : start + BATCH])
            done += len(asked[start : start + BATCH])
            if tell is not None:
                tell(done, total)
        return found

    readings = batched(examples)
    report = replace(
        measure(examples, readings, title=path.name),
        evasion=evasion(examples, readings, batched),
        baselines=tuple(baselines(examples)) if baselines is not None else (),
        bad=bad,
    )
    out.mkdir(parents=True, exist_ok=True)
    numbers = json.dumps(as_json(report), ensure_ascii=False, allow_nan=False, indent=1)
    (out / "report.json").write_text(numbers + "\n", encoding="utf-8")
    (out / "report.html").write_text(as_html(report), encoding="utf-8")
    return report, bad


def load(path: Path) -> tuple[list[Example], tuple[BadLine, ...]]:
    """The labelled messages of a file, and the lines that are none. Raises OSError."""
    examples, bad = [], []
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                examples.append(_example(line, number))
            except BadExample as error:
                said = str(error).removeprefix(f"line {number}: ")[:_ERROR_LENGTH]
                bad.append(BadLine(line=number, error=said))
    return examples, tuple(bad)


def _example(line: bytes, number: int) -> Example:
    if len(line) > MAX_LINE:
        raise BadExample(f"longer than {MAX_LINE} bytes")
    try:
        example = parse(line.decode("utf-8-sig"), number=number)
    except UnicodeDecodeError:
        raise BadExample("not UTF-8") from None
    except (AttributeError, RecursionError) as error:
        raise BadExample(f"not an object of the right shape: {type(error).__name__}") from None
    texts = [example.text, *(turn.text for turn in example.context)]
    if not all(isinstance(text, str) for text in texts):
        raise BadExample("the text of a turn is no string")
    names = [example.id, example.voice, *example.tags]
    names += [example.pair] if example.pair is not None else []
    if not all(isinstance(name, str) for name in names):
        raise BadExample("a tag or the pair is no string")
    if any(len(text) > MAX_TEXT for text in texts):
        raise BadExample(f"a text is longer than {MAX_TEXT} characters")
    if any("\ud800" <= char <= "\udfff" for text in [*texts, *names] for char in text):
        raise BadExample("a lone surrogate")
    return example
