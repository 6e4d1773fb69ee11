"""A request as the platform reads it, and the endpoints that answer."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from starlette.datastructures import UploadFile
from starlette.requests import Request

from tests.fakes.feishu_errors import ApiError, Json, refused
from tests.fakes.feishu_rates import APP, Windows
from tests.fakes.feishu_state import Person


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came with a form."""

    name: str
    mime: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Asked:
    """Path, query, headers and body; the Content-Type is believed only when it says multipart.

    The SDK asks for tokens without any Content-Type, and is answered.
    """

    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    raw: bytes = b""
    form: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Upload] = field(default_factory=dict)
    person: Person | None = None  # whose token it is, for endpoints of people

    @property
    def body(self) -> Json:
        """The JSON object in the body; refused when there is none."""
        try:
            body = json.loads(self.raw or b"{}")
        except ValueError:
            raise refused(9499) from None
        if not isinstance(body, dict):
            raise refused(9499)
        return body

    def text(self, name: str, *, required: bool = True) -> str:
        """A string of the body, refused when it must be there and is not."""
        value = self.body.get(name)
        if value is None and not required:
            return ""
        if not isinstance(value, str) or (required and not value):
            raise field_refused(name)
        return value

    def recorded(self) -> Any:
        """The body for the recorder: JSON if it is, else the form, else text."""
        if self.form or self.files:
            return dict(self.form)
        try:
            return json.loads(self.raw) if self.raw else None
        except ValueError:
            return self.raw.decode("utf-8", "replace")


def field_refused(name: str) -> ApiError:
    """A field is missing or of the wrong type."""
    violation = {"field": name, "description": f"{name} is required"}
    return ApiError(99992402, "field validation failed", detail={"field_violations": [violation]})


async def read(request: Request) -> Asked:
    """Take a request apart."""
    form: dict[str, str] = {}
    files: dict[str, Upload] = {}
    kind = request.headers.get("content-type", "")
    raw = b"" if kind.startswith("multipart/") else await request.body()
    if kind.startswith("multipart/"):
        async with request.form() as given:
            for name, value in given.multi_items():
                if isinstance(value, UploadFile):
                    data = await value.read()
                    files[name] = Upload(value.filename or "", value.content_type or "", data)
                else:
                    form[name] = value
    return Asked(
        {key: str(value) for key, value in request.path_params.items()},
        dict(request.query_params),
        dict(request.headers),
        raw,
        form,
        files,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One address of the platform. `answer` returns JSON or a finished response.

    `scopes`: any one of them opens it. `token`: what the Authorization header must hold.
    """

    name: str
    verb: str
    path: str
    answer: Callable[[Asked], Any]
    token: Literal["tenant", "app", "user", "none"] = "tenant"
    scopes: tuple[str, ...] = ()
    limits: Windows = APP
