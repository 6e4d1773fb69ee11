"""Values as DingTalk writes them, read with suspicion: ids, moments, addresses."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from bot.channels.strict_json import whole
from bot.errors import Malformed

NAME = "dingtalk"

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


def inner(value: Any) -> dict[str, Any]:
    """An object, or one written as a JSON string inside another; else nothing."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        value = whole(value)
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
