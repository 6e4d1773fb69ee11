"""Where a list goes on: opaque text to the caller, a key of the order to the query."""

from __future__ import annotations

import base64
import binascii
import json
import re
from datetime import UTC, datetime
from typing import Any

from bot.web.errors import Invalid

_TEXT = re.compile(r"[A-Za-z0-9_-]{1,300}", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9_-]{1,60}", re.ASCII)


def made(*key: datetime | str | int) -> str:
    """A cursor of a key."""
    parts = [part.isoformat() if isinstance(part, datetime) else part for part in key]
    text = json.dumps(parts, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def _opened(cursor: str, kinds: tuple[type, ...]) -> list[Any]:
    """The key of a cursor of these kinds. Raises ``Invalid`` for any text we did not make."""
    try:
        if not _TEXT.fullmatch(cursor):
            raise ValueError
        parts = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(parts, list) or len(parts) != len(kinds):
            raise ValueError
        return [_part(part, kind) for part, kind in zip(parts, kinds, strict=True)]
    except (ValueError, binascii.Error, RecursionError):
        raise Invalid({"cursor": "not a cursor of this list"}) from None


def _part(part: Any, kind: type) -> Any:
    if kind is int:
        if type(part) is not int or not 0 <= part < 2**62:
            raise ValueError
        return part
    if type(part) is not str:
        raise ValueError
    if kind is datetime:
        moment = datetime.fromisoformat(part)
        if moment.tzinfo is None or moment.year < 2000:
            raise ValueError
        return moment.astimezone(UTC)
    if not _ID.fullmatch(part):
        raise ValueError
    return part


def moment_and_id(cursor: str | None) -> tuple[datetime, str] | None:
    """For lists in the order of a moment."""
    if not cursor:
        return None
    at, object_id = _opened(cursor, (datetime, str))
    return at, object_id


def rank_moment_id(cursor: str | None) -> tuple[int, datetime, str] | None:
    """For the alert inbox."""
    if not cursor:
        return None
    rank, at, object_id = _opened(cursor, (int, datetime, str))
    return rank, at, object_id


def number(cursor: str | None) -> int | None:
    """For lists in the order of a number."""
    if not cursor:
        return None
    found: int = _opened(cursor, (int,))[0]
    return found


def name(cursor: str | None) -> str | None:
    """For lists in the order of an id people gave."""
    if not cursor:
        return None
    found: str = _opened(cursor, (str,))[0]
    return found
