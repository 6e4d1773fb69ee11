"""One path of one host: what is asked, and what kind of path it is."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from starlette.datastructures import UploadFile
from starlette.requests import Request

from tests.fakes.dingtalk_errors import bad, missing

Json = dict[str, Any]
Host = Literal["api", "oapi"]


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came with the call."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One decoded request; `json` is None where the body is no JSON object."""

    path: dict[str, str]
    query: dict[str, str]
    headers: dict[str, str]
    json: Json | None
    form: dict[str, str] = field(default_factory=dict)
    files: dict[str, Upload] = field(default_factory=dict)

    @property
    def body(self) -> Json:
        """The JSON body that v1.0 insists on; raises V1Error."""
        if self.json is None:
            raise missing("body")
        return self.json

    @property
    def fields(self) -> Json:
        """Body of the old host, which takes forms and JSON alike."""
        return self.json if self.json is not None else dict(self.form)

    def text(self, name: str) -> str:
        """A mandatory string of a v1.0 body; raises V1Error."""
        value = self.body.get(name)
        if value in (None, ""):
            raise missing(name)
        if not isinstance(value, str):
            raise bad(f"Invalid{name}", f"Specified parameter {name} is not valid.")
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One path. `scope` is the permission it needs, `counted` whether the monthly quota pays."""

    verb: str
    path: str
    answer: Callable[[Ask], Any]
    token: bool = True
    scope: str = ""
    counted: bool = True

    @property
    def host(self) -> Host:
        return "api" if self.path.startswith("/v1.0/") else "oapi"

    @property
    def names(self) -> set[str]:
        """What a fault or a search may call it."""
        return {self.path, f"{self.verb} {self.path}", "*"}


def free(verb: str, path: str, answer: Callable[[Ask], Any]) -> Endpoint:
    """A path that asks for no token and costs no quota."""
    return Endpoint(verb=verb, path=path, answer=answer, token=False, counted=False)


async def read(request: Request) -> Ask:
    """Decode a request; what is no JSON object or form stays out."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    form: dict[str, str] = {}
    files: dict[str, Upload] = {}
    body: Json | None = None
    if kind in {"application/x-www-form-urlencoded", "multipart/form-data"}:
        async with request.form() as sent:
            for key, value in sent.multi_items():
                if isinstance(value, UploadFile):
                    files[key] = Upload(value.filename or key, await value.read())
                else:
                    form[key] = value
    else:
        body = _object(await request.body())
    return Ask(
        path=dict(request.path_params),
        query=dict(request.query_params),
        headers=dict(request.headers),
        json=body,
        form=form,
        files=files,
    )


def _object(raw: bytes) -> Json | None:
    try:
        value = json.loads(raw)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
