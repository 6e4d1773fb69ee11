"""What all nouns share: strict requests, pages of a list, making something only once."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Coroutine
from datetime import date, datetime
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Header, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from bot.web import intake, strict
from bot.web.errors import Invalid, WrongType
from bot.web.security import Principal, needs_of
from bot.web.site import Site
from storage.database import Tx
from storage.queries import users

T = TypeVar("T")
PREFIX = "/api/v1"
_KEY = re.compile(r"[!-~]{1,120}", re.ASCII)


class _StrictRequest(Request):
    async def json(self) -> Any:
        """The body, strictly; FastAPI's own reading takes NaN and half characters."""
        return strict.load(await self.body())


class StrictRoute(APIRoute):
    """A route that takes nothing it does not know: other types, other parameters, loose JSON."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        inner, declared = super().get_route_handler(), needs_of(self)
        known = {field.alias for field in _parameters(self.dependant)}
        has_body = self.body_field is not None

        async def handler(request: Request) -> Response:
            for caller in declared:  # strangers learn nothing of what would be taken
                await caller(request)
            unknown = set(request.query_params) - known
            if unknown:
                raise Invalid({"query": "a parameter this list does not know"})
            if has_body and strict.media_type(request) != "application/json":
                raise WrongType("send application/json")
            return await inner(_StrictRequest(request.scope, request.receive))

        return handler


def _parameters(dependant: Any) -> list[Any]:
    found = list(dependant.query_params)
    for inner in dependant.dependencies:
        found += _parameters(inner)
    return found


class In(BaseModel):
    """What comes in: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Out(BaseModel):
    """What goes out."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Listed(Out, Generic[T]):
    """One page of a list. ``next``: the cursor of the next page, null on the last."""

    items: list[T]
    next: str | None


def _line(text: str) -> str:
    if text and not (text.isprintable() and text.strip()):
        raise PydanticCustomError("line", "one line of visible characters")
    return text.strip()


def _phone(text: str) -> str:
    if not intake.is_phone(text):
        raise PydanticCustomError("phone", "not a phone number")
    return text


def _day(value: Any) -> Any:
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        raise PydanticCustomError("date", "write a day as 2026-11-30")
    return value


Line = Annotated[str, AfterValidator(_line)]
Name = Annotated[Line, Field(min_length=1, max_length=intake.MAX_NAME)]
Phone = Annotated[str, Field(max_length=intake.MAX_PHONE), AfterValidator(_phone)]
Id = Annotated[str, Field(min_length=1, max_length=60)]
Day = Annotated[date, BeforeValidator(_day)]
Limit = Annotated[int, Query(ge=1, le=200, description="Items a page.")]
Cursor = Annotated[str | None, Query(max_length=400, description="`next` of the page before.")]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="The same key with the same request again gives the same object, for a day.",
    ),
]


def cut(rows: list[T], limit: int, cursor_of: Callable[[T], str]) -> tuple[list[T], str | None]:
    """A page out of ``limit`` + 1 rows, and the cursor of the next."""
    if len(rows) <= limit:
        return rows, None
    return rows[:limit], cursor_of(rows[limit - 1])


def request_hash(request: Request, body: BaseModel) -> str:
    """What makes two requests the same one."""
    text = json.dumps([request.url.path, body.model_dump(mode="json")], sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def checked_key(key: str | None) -> str | None:
    """An ``Idempotency-Key`` that can be kept. Raises ``Invalid``."""
    if key is not None and not _KEY.fullmatch(key):
        raise Invalid({"Idempotency-Key": "1 to 120 visible ASCII characters"})
    return key


async def make_once(
    request: Request,
    who: Principal,
    key: str | None,
    body: BaseModel,
    make: Callable[[Tx], str],
) -> str:
    """Make an object in one transaction, or find the one this key made before; its id."""
    site: Site = request.app.state.site
    kept, digest = checked_key(key), request_hash(request, body)

    def work(tx: Tx) -> str:
        if kept is None:
            return make(tx)
        return users.once(tx, who.viewer.id, kept, digest, lambda: make(tx))[0]

    return await site.road.database.write(work)


def cause_of(request: Request, who: Principal, key: str | None, body: BaseModel) -> str:
    """What makes a deed the same deed again: the caller's key, or else this very request.

    A key that comes with another request is another deed.
    """
    kept = checked_key(key)
    if kept is None:
        return str(request.scope["yinuo.request_id"])
    text = f"{who.viewer.id}\n{kept}\n{request_hash(request, body)}"
    return hashlib.sha256(text.encode()).hexdigest()[:40]


def missing(field: str) -> RequestValidationError:
    """A reference in the body that leads nowhere the caller can see."""
    return RequestValidationError([{"type": "missing_object", "loc": ("body", field), "msg": ""}])


def moment(at: datetime) -> str:
    """A moment as the API writes it."""
    return at.isoformat()
