"""/openapi.json and /docs: the API as a document, for programs and for people."""

from __future__ import annotations

from html import escape
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse, JSONResponse, Response

from bot.web.errors import PROBLEM
from bot.web.pages import static_url
from bot.web.security import needs
from storage.viewer import Permission

router = APIRouter(include_in_schema=False)
ANYBODY = [needs(Permission.PUBLIC)]
_PROBLEMS = {
    "400": "Malformed: not JSON, not UTF-8, too deep.",
    "401": "No key or session, or one that ended.",
    "403": "The scope or the role does not allow this.",
    "404": "No such thing, or none the caller may know of.",
    "409": "The request contradicts what is there.",
    "413": "Too many bytes or characters.",
    "415": "Send application/json.",
    "422": "A field cannot be used; `errors` names it.",
    "503": "Try again after `Retry-After`; nothing was stored.",
}


def document(app: FastAPI) -> dict[str, Any]:
    """OpenAPI 3.1 of the API's routes."""
    made = get_openapi(
        title="一诺 Yinuo",
        version="1",
        description=(
            "Send a key in `Authorization: Bearer hb_…` (made by `yinuo key create`), or a "
            "console session with `X-CSRF-Token`. Lists answer `{items, next}`; pass `next` as "
            "`cursor`. Errors are RFC 9457 problem+json."
        ),
        routes=app.routes,
    )
    schemas = made.setdefault("components", {}).setdefault("schemas", {})
    schemas["Problem"] = {
        "type": "object",
        "required": ["type", "title", "status", "detail", "request_id"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "request_id": {"type": "string"},
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"field": {"type": "string"}, "problem": {"type": "string"}},
                },
            },
        },
    }
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    made["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    made["security"] = [{"key": []}]
    content = {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for operations in made["paths"].values():
        for operation in operations.values():
            for status, meaning in _PROBLEMS.items():
                operation["responses"][status] = {"description": meaning, "content": content}
    return made


@router.get("/openapi.json", dependencies=ANYBODY)
async def openapi(request: Request) -> Response:
    """The document."""
    return JSONResponse(_document(request))


def _document(request: Request) -> dict[str, Any]:
    app: FastAPI = request.app
    if app.openapi_schema is None:
        app.openapi_schema = document(app)
    return app.openapi_schema


@router.get("/docs", dependencies=ANYBODY)
async def docs(request: Request) -> Response:
    """The same to read: no script, nothing from elsewhere."""
    made = _document(request)
    parts = [
        f"<h2>{escape(method.upper())} <code>{escape(path)}</code></h2>{_operation(operation)}"
        for path, operations in made["paths"].items()
        for method, operation in operations.items()
    ]
    shapes = [_shape(name, shape) for name, shape in made["components"]["schemas"].items()]
    return HTMLResponse(
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>API · Yinuo</title><link rel="stylesheet" href="{static_url("console.css")}">'
        f'</head><body class="plain"><main class="plain-main"><div class="sheet">'
        f"<h1>Yinuo API</h1><p>{escape(made['info']['description'])}</p>"
        f'<p><a href="/openapi.json">openapi.json</a> (OpenAPI {escape(made["openapi"])})</p>'
        f"{''.join(parts)}<h1>Shapes</h1>{''.join(shapes)}</div></main></body></html>"
    )


def _operation(operation: dict[str, Any]) -> str:
    text = f"<p>{escape(operation.get('description', ''))}</p>"
    given = [
        f"<li><code>{escape(one['name'])}</code> ({escape(one['in'])}) "
        f"{escape(one.get('description', ''))}</li>"
        for one in operation.get("parameters", ())
    ]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    if body:
        given.append(f"<li>body: <code>{escape(_named(body['schema']))}</code></li>")
    for status, answer in operation["responses"].items():
        if status.startswith("2"):
            schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
            given.append(f"<li>{status}: <code>{escape(_named(schema))}</code></li>")
    return f"{text}<ul>{''.join(given)}</ul>"


def _shape(name: str, shape: dict[str, Any]) -> str:
    rows = [
        f"<li><code>{escape(field)}</code>: {escape(_named(schema))}</li>"
        for field, schema in shape.get("properties", {}).items()
    ]
    about = escape(shape.get("description", ""))
    values = escape(", ".join(map(str, shape.get("enum", ()))))
    return f"<h2>{escape(name)}</h2><p>{about} {values}</p><ul>{''.join(rows)}</ul>"


def _named(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(_named(one) for one in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_named(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type", "any"))
