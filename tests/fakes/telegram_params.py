"""Parameters of a Bot API call, however they were encoded, read the way the server reads them."""

import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import UploadFile
from starlette.requests import Request

from tests.fakes.telegram_entities import Entity, MarkupError, detect, parse_html, trim, units
from tests.fakes.telegram_errors import bad

TEXT_UNITS = 4096
CAPTION_UNITS = 1024
CALLBACK_BYTES = 64
BUTTONS = 100


@dataclass(slots=True)
class Upload:
    """A file that came with the call."""

    name: str
    mime_type: str
    data: bytes


@dataclass(slots=True)
class Params:
    """Decoded parameters: JSON strings are opened, text stays text."""

    values: dict[str, Any]
    uploads: dict[str, Upload] = field(default_factory=dict)

    def text(self, name: str) -> str:
        value = self.values.get(name, "")
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

    def integer(self, name: str, default: int = 0) -> int:
        value = self.values.get(name, default)
        try:
            return int(value)
        except (TypeError, ValueError):
            raise bad(f'invalid parameter "{name}": integer expected') from None

    def flag(self, name: str) -> bool:
        return str(self.values.get(name, "")).lower() in {"true", "1", "yes"}

    def chat_id(self) -> int:
        """The numeric chat; names are refused because people cannot be addressed by name."""
        value = str(self.values.get("chat_id", "")).strip()
        if not value:
            raise bad("chat_id is empty")
        if not re.fullmatch(r"-?\d{1,16}", value):
            raise bad("chat not found")
        return int(value)

    def formatted(self, name: str, limit: int) -> tuple[str, list[Entity]]:
        """Text and entities after parsing, cut to size by refusal; `name` is text or caption."""
        raw = self.text(name)
        mode = self.text("parse_mode").lower()
        if mode == "html":
            try:
                plain, entities = parse_html(raw)
            except MarkupError as error:
                raise bad(f"can't parse entities: {error}") from None
        elif mode in {"", "none"}:
            given = self.values.get("entities" if name == "text" else "caption_entities") or []
            if not isinstance(given, list):
                raise bad("can't parse message entities JSON object")
            plain, entities = raw, given
        else:
            raise bad("unsupported parse_mode")  # this stand-in speaks HTML only
        plain, entities = trim(plain, entities)
        if units(plain) > limit:
            raise bad("message is too long" if name == "text" else "message caption is too long")
        return plain, _merge(entities, detect(plain))


def _merge(given: list[Entity], found: list[Entity]) -> list[Entity]:
    def free(entity: Entity) -> bool:
        end = entity["offset"] + entity["length"]
        return not any(
            other["type"] in {"code", "pre", "text_link"}
            and other["offset"] < end
            and entity["offset"] < other["offset"] + other["length"]
            for other in given
        )

    merged = given + [entity for entity in found if free(entity) and entity not in given]
    return sorted(merged, key=lambda entity: (entity["offset"], -entity["length"]))


async def read(request: Request) -> Params:
    """Query, form, JSON or multipart; raises ApiError for a body that cannot be read."""
    values: dict[str, Any] = dict(request.query_params)
    uploads: dict[str, Upload] = {}
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        try:
            body = json.loads(await request.body() or b"{}")
        except ValueError:
            raise bad("can't parse JSON object") from None
        if not isinstance(body, dict):
            raise bad("object expected as request body")
        values |= body
    elif kind in {"application/x-www-form-urlencoded", "multipart/form-data"}:
        async with request.form() as form:
            for key, value in form.multi_items():
                if isinstance(value, UploadFile):
                    data = await value.read()
                    mime_type = value.content_type or "application/octet-stream"
                    uploads[key] = Upload(value.filename or key, mime_type, data)
                else:
                    values[key] = value
    return Params({key: _opened(key, value) for key, value in values.items()}, uploads)


_NESTED = {"reply_markup", "entities", "caption_entities", "allowed_updates", "commands"}
_NESTED |= {"reply_parameters", "link_preview_options", "scope"}


def _opened(key: str, value: Any) -> Any:
    if key not in _NESTED or not isinstance(value, str) or not value:
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise bad(f"can't parse {key.replace('_', ' ')} JSON object") from None


def inline_keyboard(params: Params) -> list[list[dict[str, Any]]] | None:
    """Checked rows of inline buttons; None without an inline keyboard."""
    markup = params.values.get("reply_markup")
    if not markup:
        return None
    if not isinstance(markup, dict):
        raise bad("object expected as reply markup")
    if "inline_keyboard" not in markup:
        return None
    rows = markup["inline_keyboard"]
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad('field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays')
    if sum(len(row) for row in rows) > BUTTONS:
        raise bad("REPLY_MARKUP_TOO_LONG")
    return [[_button(button) for button in row] for row in rows if row]


def _button(button: Any) -> dict[str, Any]:
    if not isinstance(button, dict) or not isinstance(button.get("text"), str):
        raise bad('can\'t parse inline keyboard button: Field "text" must be of type String')
    if not button["text"].strip():
        raise bad("can't parse inline keyboard button: Text is empty")
    kinds = set(button) - {"text", "style", "icon_custom_emoji_id"}
    if len(kinds) != 1:
        raise bad(
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"
        )
    if "callback_data" in button:
        data = button["callback_data"]
        if not isinstance(data, str) or not 1 <= len(data.encode()) <= CALLBACK_BYTES:
            raise bad("BUTTON_DATA_INVALID")
    if "url" in button:
        _check_link(str(button["url"]))
    return button


def _check_link(url: str) -> None:
    parts = urlsplit(url if "://" in url else f"http://{url}")
    # A host without a dot ("localhost") is refused by the real server as well.
    if parts.scheme not in {"http", "https", "tg"} or (
        parts.scheme != "tg" and "." not in (parts.hostname or "")
    ):
        raise bad(f"inline keyboard button URL '{url}' is invalid: Wrong HTTP URL")


def reply_keyboard(params: Params) -> list[list[dict[str, Any]]] | None:
    """Rows of a keyboard under the text box; [] removes it, None leaves it alone."""
    markup = params.values.get("reply_markup") or {}
    if not isinstance(markup, dict):
        raise bad("object expected as reply markup")
    if markup.get("remove_keyboard"):
        return []
    if "keyboard" not in markup:
        return None
    return [
        [{"text": button} if isinstance(button, str) else button for button in row]
        for row in markup["keyboard"]
    ]
