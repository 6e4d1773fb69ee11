"""One JSON line in, one JSON line out: the logic of ``yinuo classify``.

In: ``{"id"?, "text", "stage"?, "context"?: [{"role": "hr|bot|candidate", "text"}]}``.
Out: ``{"id", ...Reading.as_dict()}``, or ``{"line": n, "error": "..."}`` for a line that is not
such a message, n from 1. Answers are ASCII JSON and keep the order of the lines.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any, Never

from nlp.reading import Reader, Turn, Utterance
from nlp.scheme import STAGES

#: The longest text read, in code points. Longer ones are answered with an error.
MAX_TEXT = 20_000
#: The longest line looked at, in bytes or characters; a text with its context stays far below.
MAX_LINE = 1_000_000
_MAX_DEPTH = 20
_MAX_TURNS = 50
_BATCH = 64
_ROLES = ("hr", "bot", "candidate")


class LineError(ValueError):
    """A line that is not a message to read; the text says what is wrong with it."""


def classify_lines(
    lines: Iterable[bytes | str], reader: Reader, now: datetime
) -> Iterator[tuple[str, bool]]:
    """Read every line; yields (JSON text without a newline, whether it was a message).

    Exactly one answer per line, in order. Lines are read in batches, at most 64 at a time.
    """
    numbered = enumerate(lines, start=1)
    while chunk := list(islice(numbered, _BATCH)):
        yield from _answers(chunk, reader, now)


def _answers(
    chunk: list[tuple[int, bytes | str]], reader: Reader, now: datetime
) -> Iterator[tuple[str, bool]]:
    parsed: list[tuple[Any, Utterance] | str] = []
    for _, line in chunk:
        try:
            parsed.append(_message(line, now))
        except LineError as error:
            parsed.append(str(error))
    wanted = [item[1] for item in parsed if not isinstance(item, str)]
    readings = iter(reader.read(wanted) if wanted else ())
    for (number, _), item in zip(chunk, parsed, strict=True):
        if isinstance(item, str):
            yield json.dumps({"line": number, "error": item}), False
        else:
            yield json.dumps({"id": item[0], **next(readings).as_dict()}, allow_nan=False), True


def _message(line: bytes | str, now: datetime) -> tuple[Any, Utterance]:
    value = _parsed(line)
    if not isinstance(value, dict):
        raise LineError("not a JSON object")
    ident = value.get("id")
    if isinstance(ident, (dict, list)):
        raise LineError("id is not a string or a number")
    if isinstance(ident, str):
        _text(ident, "id")
    stage = value.get("stage", "offer")
    if not isinstance(stage, str) or stage not in STAGES:
        raise LineError("unknown stage")
    text = _text(value.get("text"), "text")
    context = _turns(value.get("context", []))
    return ident, Utterance(text=text, stage=stage, context=context, now=now)


def _turns(value: Any) -> tuple[Turn, ...]:
    if not isinstance(value, list) or len(value) > _MAX_TURNS:
        raise LineError("context is not a list of turns")
    turns = []
    for item in value:
        if not isinstance(item, dict) or item.get("role") not in _ROLES:
            raise LineError("a turn of context has no known role")
        turns.append(Turn(role=item["role"], text=_text(item.get("text"), "text of a turn")))
    return tuple(turns)


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise LineError(f"{name} is not a string")
    if len(value) > MAX_TEXT:
        raise LineError(f"{name} is longer than {MAX_TEXT} characters")
    if not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
        raise LineError(f"{name} holds a lone surrogate")
    return value


def _parsed(line: bytes | str) -> Any:
    if len(line) > MAX_LINE:
        raise LineError(f"line is longer than {MAX_LINE}")
    if isinstance(line, bytes):
        try:
            line = line.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise LineError("not UTF-8") from None
    if _depth(line) > _MAX_DEPTH:
        raise LineError("nested too deep")
    try:
        value = json.loads(
            line.removeprefix("\ufeff"), parse_constant=_refused, parse_float=_finite
        )
    except LineError:
        raise
    except ValueError:  # also an integer of more digits than Python converts
        raise LineError("not JSON") from None
    return value


def _depth(line: str) -> int:
    """The deepest nesting of brackets; those inside strings count too, up to the limit."""
    depth = deepest = 0
    quoted = escaped = False
    for char in line:
        if quoted:
            if escaped:
                escaped = False
            elif char == "\\":
                escaped = True
            elif char == '"':
                quoted = False
        elif char == '"':
            quoted = True
        elif char in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif char in "]}":
            depth -= 1
    return deepest


def _refused(constant: str) -> Never:
    raise LineError(f"{constant} is not JSON")


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise LineError("a number is out of range")
    return value
