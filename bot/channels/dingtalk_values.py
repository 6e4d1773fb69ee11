"""Values as DingTalk writes them, opened with suspicion: JSON, ids, moments, addresses."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn
from urllib.parse import urlsplit

from bot.errors import Malformed

NAME = "dingtalk"

MAX_BYTES = 256 * 1024
MAX_DEPTH = 20
#: More values than any message has; bounds what opening one body may cost.
MAX_VALUES = 20_000
MAX_INT = 2**63 - 1
#: Milliseconds; the year 2100.
MAX_MOMENT = 4_102_444_800_000

#: Only these may be called with an address that came in a message.
VENDOR_HOSTS = frozenset({"api.dingtalk.com", "oapi.dingtalk.com"})
#: And only there: on the same hosts ``/robot/send`` leads into any group somebody has a token of.
SESSION_PATH = "/robot/sendBySession"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# A semicolon or slash would say more than one space where cards are delivered.
_STAFF = re.compile(r"[^\s/;\x00-\x1f]{1,64}")
_URL = re.compile(r"[\x21-\x5b\x5d-\x7e]{1,2000}", re.ASCII)


def opened(body: bytes | str) -> dict[str, Any]:
    """A JSON object without surprises. Raises ``Malformed`` and nothing else."""
    if len(body) > MAX_BYTES:
        raise Malformed("this is not that large")
    try:
        text = body.decode() if isinstance(body, bytes) else body
        data = json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError):
        raise Malformed("this is not JSON") from None
    if not isinstance(data, dict):
        raise Malformed("this is not an object")
    _check(data)
    return data


def inner(value: Any) -> dict[str, Any]:
    """An object, or one written as a JSON string inside another; else nothing."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        value = opened(value)
    return value if isinstance(value, dict) else {}


def words(data: dict[str, Any], name: str) -> str:
    """A text; empty where there is none. Raises ``Malformed`` for anything else."""
    value = data.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Malformed("a text is a string")
    return value


def staff(value: Any) -> str:
    """A userid, or nothing where a person is not of the organisation."""
    return value if isinstance(value, str) and _STAFF.fullmatch(value) else ""


def moment(value: Any) -> datetime | None:
    """Milliseconds, as a number or its digits; None where there are none. Raises ``Malformed``."""
    if value is None or value == "":
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 16:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < MAX_MOMENT:
        raise Malformed("a moment is in milliseconds")
    return _EPOCH + timedelta(milliseconds=value)


def milliseconds(at: datetime) -> int:
    """The other way."""
    return (at - _EPOCH) // timedelta(milliseconds=1)


def digest(*parts: str | bytes) -> str:
    """A short name for something too long or too secret to be one."""
    made = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        made.update(len(data).to_bytes(8, "big") + data)
    return made.hexdigest()[:32]


def is_theirs(url: str, bases: Sequence[str]) -> bool:
    """Whether an address that came in a message leads to the platform, or to its stand-in."""
    if not _URL.fullmatch(url):
        return False
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    if parts.username is not None or parts.password is not None:
        return False
    if f"{parts.scheme}://{parts.netloc}" in bases:
        return True
    return parts.scheme == "https" and parts.hostname in VENDOR_HOSTS and port in (None, 443)


def is_session(url: str, bases: Sequence[str]) -> bool:
    """Whether an address that came in a message answers where it was said, and nowhere else."""
    return is_theirs(url, bases) and urlsplit(url).path == SESSION_PATH


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError("out of range")
    return value


def _check(data: Any) -> None:
    """No value that something further on cannot store: deep, huge, or half a character."""
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


def _check_text(text: str) -> None:
    if text.isascii():
        return
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Malformed("a text holds half a character") from None
