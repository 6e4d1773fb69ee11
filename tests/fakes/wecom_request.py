"""A request to the platform, read strictly: what is missing, too long or of a wrong type is 40058.

The platform itself is milder here and there; whoever passes here passes there.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request

from tests.fakes.wecom_errors import ApiError, Json
from tests.fakes.wecom_state import App, State

_ESCAPE = re.compile(rb"(?<!\\)(?:\\\\)*\\u[0-9a-fA-F]{4}")


def size(text: str) -> int:
    """Bytes in UTF-8."""
    return len(text.encode("utf-8", "surrogatepass"))


def cut(text: str, most: int) -> str:
    """At most so many bytes, in whole characters."""
    return text.encode("utf-8", "replace")[:most].decode("utf-8", "ignore")


@dataclass(frozen=True, slots=True)
class Fields:
    """One JSON object of a request; `where` is its place, for the hint."""

    values: Json
    where: str = ""

    def wrong(self, name: str, what: str, errcode: int = 40058) -> ApiError:
        return ApiError(errcode, f"{self.where}{name}: {what}")

    def has(self, name: str) -> bool:
        return self.values.get(name) not in (None, "", [], {})

    def text(
        self, name: str, *, most: int | None = None, default: str | None = None, empty: int = 40058
    ) -> str:
        """A string of at most `most` bytes (45002); needed (`empty`) unless there is a default."""
        value = self.values.get(name)
        if value is None or value == "":
            if default is None:
                raise self.wrong(name, "missing", empty)
            return default
        if not isinstance(value, str):
            raise self.wrong(name, "not a string")
        if most is not None and size(value) > most:
            raise self.wrong(name, f"{size(value)} bytes, {most} allowed", 45002)
        return value

    def integer(
        self, name: str, default: int | None = None, *, least: int | None = None, most: int = 2**63
    ) -> int:
        """A whole number, not one in quotes."""
        value = self.values.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.wrong(name, "missing" if value is None else "not an integer")
        if value > most or (least is not None and value < least):
            raise self.wrong(name, "out of range")
        return value

    def number(self, name: str) -> float:
        value = self.values.get(name)
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise self.wrong(name, "not a number")
        return float(value)

    def texts(self, name: str, *, least: int = 0, most: int) -> list[str]:
        """A list of strings."""
        value = self.values.get(name) or []
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.wrong(name, "not a list of strings")
        if not least <= len(value) <= most:
            raise self.wrong(name, f"{len(value)} items, {least} to {most} allowed")
        return value

    def integers(self, name: str, *, most: int) -> list[int]:
        """A list of whole numbers."""
        value = self.values.get(name) or []
        if not isinstance(value, list) or not all(type(item) is int for item in value):
            raise self.wrong(name, "not a list of integers")
        if len(value) > most:
            raise self.wrong(name, f"{len(value)} items, {most} allowed")
        return value

    def fields(self, name: str) -> "Fields":
        """An object inside."""
        value = self.values.get(name)
        if not isinstance(value, dict):
            raise self.wrong(name, "missing" if value is None else "not an object")
        return Fields(value, f"{self.where}{name}.")

    def each(self, name: str, *, least: int, most: int, errcode: int = 40058) -> list["Fields"]:
        """A list of objects; `errcode` for too few or too many."""
        value = self.values.get(name) or []
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.wrong(name, "not a list of objects")
        if not least <= len(value) <= most:
            raise self.wrong(name, f"{len(value)} items, {least} to {most} allowed", errcode)
        return [Fields(item, f"{self.where}{name}[{i}].") for i, item in enumerate(value)]


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came in a multipart body."""

    name: str
    mime_type: str
    data: bytes


@dataclass(slots=True)
class Asked:
    """One request; `caller` is the app of its token once that was looked at."""

    endpoint: str
    verb: str
    query: dict[str, str]
    ip: str
    range: str = ""
    raw: bytes = b""
    body: Json = field(default_factory=dict)
    uploads: dict[str, Upload] = field(default_factory=dict)
    refusal: ApiError | None = None  # of a body that cannot be read
    caller: App | None = None

    @property
    def app(self) -> App:
        if self.caller is None:
            raise ApiError(41001)
        return self.caller

    @property
    def fields(self) -> Fields:
        return Fields(self.body)

    def param(self, name: str) -> str:
        """A parameter of the query string."""
        if not self.query.get(name):
            raise ApiError(40058, f"{name}: missing")
        return self.query[name]


@dataclass(frozen=True, slots=True)
class Blob:
    """An answer that is a file."""

    name: str
    mime_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What answers one path. `empty` are the list fields an error answer carries as well."""

    handle: Callable[[State, Asked], Json | Blob]
    verbs: tuple[str, ...] = ("POST",)
    token: bool = True
    empty: Json = field(default_factory=dict)


async def read(request: Request, *, escapes_refused: bool) -> Asked:
    """The request; a body that cannot be read becomes its refusal, so that it is recorded too."""
    asked = Asked(
        endpoint=request.path_params["endpoint"],
        verb=request.method,
        query=dict(request.query_params),
        ip=request.client.host if request.client else "",
        range=request.headers.get("range", ""),
    )
    if request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        async with request.form() as form:
            for name, value in form.multi_items():
                if isinstance(value, UploadFile) and value.filename:
                    kind = value.content_type or "application/octet-stream"
                    asked.uploads[name] = Upload(value.filename, kind, await value.read())
        return asked
    asked.raw = await request.body()
    try:
        asked.body = _object(asked.raw)
        if escapes_refused and _ESCAPE.search(asked.raw):
            raise ApiError(40033, "send the characters themselves")
    except ApiError as error:
        asked.refusal = error
    return asked


def _object(raw: bytes) -> Json:
    """The JSON object of a body, {} for an empty one; 47001 for anything else."""
    if not raw:
        return {}
    try:
        body: Any = json.loads(raw.decode())
    except ValueError:
        raise ApiError(47001, "not JSON in UTF-8") from None
    if not isinstance(body, dict):
        raise ApiError(47001, "not a JSON object")
    return body
