"""One file out of a multipart form, read with limits: nothing is stored while it streams.

What is too much is not kept but read to its end, so that the browser gets to hear why.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.exceptions import HTTPException

from bot.web.errors import Unreadable, WrongType
from bot.web.strict import media_type

FILE = "file"
#: What a file may weigh; the edge leaves room to say kindly that a larger one is too large.
LARGEST = 10 * 1024 * 1024
MOST_PARTS = 4
MOST_FIELD = 200
#: A phone in a train sends 10 MB in less.
SECONDS = 180.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What a form carried. ``data`` is None when the file was larger than asked for."""

    name: str
    data: bytes | None
    fields: Mapping[str, str]


@dataclass(slots=True)
class _Form:
    """The parser's callbacks. Errors leave through the parser."""

    most: int
    name: str = ""
    data: bytearray = field(default_factory=bytearray)
    fields: dict[str, bytearray] = field(default_factory=dict)
    size: int = 0
    parts: int = 0
    ended: bool = False
    seen: bool = False  # a file
    _header: bytearray = field(default_factory=bytearray)
    _value: bytearray = field(default_factory=bytearray)
    _into: str = ""

    def on_part_begin(self) -> None:
        self.parts += 1
        if self.parts > MOST_PARTS:
            raise Unreadable("too many parts")
        self._into = ""

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def on_header_end(self) -> None:
        header, value = self._header.lower(), self._value.decode("latin-1")
        self._header, self._value = bytearray(), bytearray()
        if header != b"content-disposition":
            return
        _, options = parse_options_header(value)  # as bytes again: browsers write UTF-8
        self._into = options.get(b"name", b"").decode("utf-8", "replace")
        if self._into == FILE:
            if self.seen:
                raise Unreadable("one file at a time")
            self.seen = True
            self.name = _plain(options.get(b"filename", b"").decode("utf-8", "replace"))

    def on_headers_finished(self) -> None:
        if not self._into:
            raise Unreadable("a part without a name")
        if self._into != FILE:
            self.fields[self._into] = bytearray()

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._into != FILE:
            value = self.fields[self._into]
            value += data[start:end]
            if len(value) > MOST_FIELD:
                raise Unreadable("a field is too long")
            return
        self.size += end - start
        if self.size <= self.most:
            self.data += data[start:end]
        else:
            self.data.clear()

    def on_end(self) -> None:
        self.ended = True

    def sent(self) -> Sent:
        """The whole of it. Raises ``Unreadable`` for a form without its end or without a file."""
        if not self.ended or not self.seen:
            raise Unreadable("this form is not whole")
        try:
            fields = {name: value.decode() for name, value in self.fields.items()}
        except UnicodeDecodeError:
            raise Unreadable("this form is not UTF-8") from None
        data = bytes(self.data) if self.size <= self.most else None
        return Sent(name=self.name, data=data, fields=fields)


def _plain(name: str) -> str:
    """Browsers write three characters of a file's name in percent, and the percent as it is."""
    return name.replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n")


def carries(path: str) -> bool:
    """Whether a form with a file is sent to this address."""
    of_somebody = path.startswith(("/chat/", "/console/candidates/")) and path.endswith("/files")
    return of_somebody or path in ("/console/candidates/import", "/console/surveys")


async def read_file(request: Request, *, most: int) -> Sent:
    """The file called ``file``, of at most ``most`` bytes, and the short fields beside it.

    Read once a request; who asks again gets the same. Raises ``WrongType``, ``Unreadable``, or an
    HTTPException: 413 by the edge, 408 for a sender who takes too long.
    """
    cached: Sent | None = request.scope.get("yinuo.file")
    if cached is not None:
        return cached
    if media_type(request) != "multipart/form-data":
        raise WrongType("send a file as multipart/form-data")
    boundary = parse_options_header(request.headers["content-type"])[1].get(b"boundary")
    if not boundary:
        raise Unreadable("a form without a boundary")
    form = _Form(most)
    names = ("part_begin", "header_field", "header_value", "header_end", "headers_finished")
    callbacks = {f"on_{n}": getattr(form, f"on_{n}") for n in (*names, "part_data", "end")}
    try:
        parser = MultipartParser(boundary, callbacks)  # type: ignore[arg-type]
        async with asyncio.timeout(SECONDS):
            async for chunk in request.stream():
                parser.write(chunk)
    except TimeoutError:
        raise HTTPException(408) from None
    except FormParserError:
        raise Unreadable("this form cannot be read") from None
    sent = request.scope["yinuo.file"] = form.sent()
    return sent
