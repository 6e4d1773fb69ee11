"""JSON from outside, without anything that something further on cannot store.

Every body here costs a bounded time to open, whatever it holds.
"""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from bot.errors import Malformed

MAX_BYTES = 256 * 1024
MAX_DEPTH = 20
#: More values than any message has; a long rich text has a few hundred.
MAX_VALUES = 20_000
MAX_INT = 2**63 - 1


def opened(body: bytes | str, *, most: int = MAX_BYTES) -> Any:
    """What a body says, of ``most`` bytes or characters. Raises ``Malformed`` and nothing else."""
    if len(body) > most:
        raise Malformed("this is not that large")
    try:
        text = body.decode() if isinstance(body, bytes) else body
        return json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError):
        raise Malformed("this is not JSON") from None


def checked(data: Any) -> dict[str, Any]:
    """An object in which nothing is deep, huge, or half a character. Raises ``Malformed``."""
    if not isinstance(data, dict):
        raise Malformed("this is not an object")
    waiting: list[tuple[Any, int]] = [(data, 1)]
    seen = 0
    while waiting:
        value, depth = waiting.pop()
        seen += 1
        if seen > MAX_VALUES:
            raise Malformed("this holds too many values")
        if isinstance(value, str):
            _check_text(value)
        elif isinstance(value, int):
            if not -MAX_INT <= value <= MAX_INT:
                raise Malformed("a number is too large")
        elif isinstance(value, dict | list):
            if depth > MAX_DEPTH or len(value) > MAX_VALUES:
                raise Malformed("this is too deep or too wide")
            if isinstance(value, dict):
                waiting.extend((key, depth) for key in value)
                value = list(value.values())
            waiting.extend((below, depth + 1) for below in value)
    return data


def whole(body: bytes | str, *, most: int = MAX_BYTES) -> dict[str, Any]:
    """Opened and checked."""
    return checked(opened(body, most=most))


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError("out of range")
    return value


def _check_text(text: str) -> None:
    if text.isascii():
        return
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Malformed("a text holds half a character") from None
