"""Reading what came over the wire: JSON and forms as they are meant, nothing looser.

Python's own parser takes ``NaN``, numbers of any size and half characters; a database then
answers them differently. They are refused here, so that both databases see the same.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from fastapi import Request

from bot.web.errors import Invalid, Unreadable, WrongType

MAX_DEPTH = 20
MAX_INT = 2**63 - 1
MAX_FIELDS = 50
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def load(body: bytes) -> Any:
    """Strict JSON. Raises ``Unreadable`` for anything else, whatever its size or depth."""
    if body.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise Unreadable("JSON starts without a byte order mark")
    _refuse_deep(body)
    try:
        value = json.loads(
            body.decode("utf-8"), parse_constant=_constant, parse_int=_int, parse_float=_float
        )
    except (UnicodeDecodeError, json.JSONDecodeError):
        raise Unreadable("this is not JSON in UTF-8") from None
    _refuse_unstorable(value)
    return value


def _refuse_deep(body: bytes) -> None:
    """Before parsing: a deep document would exhaust the parser's stack."""
    depth = 0
    for byte in re.sub(rb"[^\[\]{}]", b"", _STRINGS.sub(b"", body)):
        depth += 1 if byte in b"[{" else -1
        if depth > MAX_DEPTH:
            raise Unreadable("too deeply nested")


def _constant(_: str) -> NoReturn:
    raise Unreadable("numbers must be finite")


def _int(text: str) -> int:
    if len(text) > 20 or not -MAX_INT - 1 <= int(text) <= MAX_INT:
        raise Unreadable("a number is too large")
    return int(text)


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise Unreadable("numbers must be finite")
    return number


def _refuse_unstorable(value: Any) -> None:
    if isinstance(value, str):
        if _UNSTORABLE.search(value):
            raise Unreadable("text with a null or half a character")
    elif isinstance(value, dict):
        for key, inner in value.items():
            _refuse_unstorable(key)
            _refuse_unstorable(inner)
    elif isinstance(value, list):
        for inner in value:
            _refuse_unstorable(inner)


def media_type(request: Request) -> str:
    """The content type of a request, without its parameters, in lower case."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def read_json(request: Request) -> Any:
    """The body as strict JSON. Raises ``WrongType`` or ``Unreadable``."""
    if media_type(request) != "application/json":
        raise WrongType("send application/json")
    return load(await request.body())


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a plain form, read once. Line ends are ``\\n``; a repeated field is its last.

    Raises ``WrongType``, ``Unreadable`` or ``Invalid``.
    """
    cached: dict[str, str] | None = request.scope.get("yinuo.form")
    if cached is not None:
        return cached
    if media_type(request) != "application/x-www-form-urlencoded":
        raise WrongType("send a plain form")
    try:
        pairs = parse_qsl(
            (await request.body()).decode("ascii"),
            keep_blank_values=True,
            encoding="utf-8",
            errors="strict",
            max_num_fields=MAX_FIELDS,
        )
    except ValueError:  # UnicodeDecodeError is one too
        raise Unreadable("this form cannot be read") from None
    fields = {name: value.replace("\r\n", "\n") for name, value in pairs}
    if any(_UNSTORABLE.search(text) for text in (*fields, *fields.values())):
        raise Invalid({"form": "text with a null or half a character"})
    request.scope["yinuo.form"] = fields
    return fields
