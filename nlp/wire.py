"""What crosses the socket between ``nlp.process`` and ``nlp.child``: JSON in counted frames.

No pickle: a child that reads hostile text must not be able to run code in its parent. UTF-8 is
written with surrogates passed through, so that any Python string arrives as it was sent and
offsets keep their meaning.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from nlp.likeness.version import MAX_PLAN, MAX_ROLE, MAX_TITLE
from nlp.reading import Amount, Compared, Evidence, Reading, Turn, Utterance
from nlp.scheme import Condition, Intent, Severity

HEADER = struct.Struct(">I")
#: The largest frame taken, in bytes.
MAX_FRAME = 64 * 1024 * 1024


class FrameError(ValueError):
    """Bytes that are no frame of ours; the connection is of no further use."""


def frame(value: Any) -> bytes:
    """A JSON value as one frame: four bytes of length, then the JSON."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    data = body.encode("utf-8", "surrogatepass")
    if len(data) > MAX_FRAME:
        raise FrameError(f"a frame of {len(data)} bytes")
    return HEADER.pack(len(data)) + data


def size_of(header: bytes) -> int:
    """The length a header announces."""
    (size,) = HEADER.unpack(header)
    if size > MAX_FRAME:
        raise FrameError(f"a frame of {size} bytes")
    return int(size)


def value_of(data: bytes) -> Any:
    """The JSON value of a frame's body."""
    try:
        return json.loads(data.decode("utf-8", "surrogatepass"))
    except ValueError as error:
        raise FrameError("a frame without JSON") from error


def utterances_out(batch: Sequence[Utterance]) -> list[Any]:
    """Utterances as JSON values."""
    return [
        [u.text, u.stage, [[turn.role, turn.text] for turn in u.context], u.now.isoformat()]
        for u in batch
    ]


def utterances_in(values: Any) -> list[Utterance]:
    """The way back of ``utterances_out``."""
    return [
        Utterance(
            text=text,
            stage=stage,
            context=tuple(Turn(role=role, text=said) for role, said in turns),
            now=datetime.fromisoformat(now),
        )
        for text, stage, turns, now in values
    ]


def pairs_out(pairs: Sequence[Compared]) -> dict[str, Any]:
    """Pairs to compare as a JSON value; only what is looked at crosses. An object, where a batch of
    utterances is a list."""
    return {"compare": [[p.plan[:MAX_PLAN], p.title[:MAX_TITLE], p.role[:MAX_ROLE]] for p in pairs]}


def pairs_in(value: dict[str, Any]) -> list[Compared]:
    """The way back of ``pairs_out``."""
    return [Compared(plan=plan, title=title, role=role) for plan, title, role in value["compare"]]


def scores_in(values: Any) -> list[float | None]:
    """What comparing found: numbers of 0 to 1, and nulls."""
    if not isinstance(values, list) or not all(map(_is_score, values)):
        raise FrameError("a frame without scores")
    return [None if value is None else float(value) for value in values]


def _is_score(value: object) -> bool:
    return value is None or (type(value) in (int, float) and 0 <= value <= 1)  # type: ignore[operator]


def readings_in(values: Any) -> list[Reading]:
    """Readings from their ``as_dict`` form."""
    try:
        return [_reading(value) for value in values]
    except (KeyError, TypeError, ValueError) as error:
        raise FrameError("a frame without readings") from error


def _reading(value: dict[str, Any]) -> Reading:
    deadline = value["deadline"]
    return Reading(
        intents=tuple(Intent(name) for name in value["intents"]),
        scores={Intent(name): float(score) for name, score in value["scores"].items()},
        commitment=value["commitment"],
        reported=value["reported"],
        condition=Condition(value["condition"]),
        deadline=date.fromisoformat(deadline) if deadline else None,
        alert=value["alert"],
        alert_score=value["alert_score"],
        unclear=value["unclear"],
        severity=Severity(value["severity"]),
        evidence=tuple(
            Evidence(
                start=item["start"],
                end=item["end"],
                text=item["text"],
                intent=Intent(item["intent"]),
            )
            for item in value["evidence"]
        ),
        amounts=tuple(Amount(**item) for item in value["amounts"]),
        model=value["model"],
    )
