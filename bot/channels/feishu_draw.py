"""Content and cards as Feishu shows them: plain text, rich text, cards of JSON 2.0. Pure.

Words of people are only ever put where the platform reads no markup: a text message with a
``<at …>`` in it would ring somebody, so whatever could be markup becomes rich text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from bot.channels.base import Payload
from bot.channels.plain_text import cut, numbered, split, units
from bot.messages import Button, Card, Content

#: Cards and rich text: 30 KB of JSON. Texts may have 150; one measure serves both.
MAX_BYTES = 30 * 1024
TEXT_WEIGHT = 27_000
BUTTONS = 20
PER_ROW = 3
#: Our own bound: what every platform brings back unharmed.
ACTION_BYTES = 64
#: Everything on a card but the quote is ours and short; names are the only surprise.
FIELD_UNITS = 256
#: What a paragraph of rich text costs beside its words.
_LINE = 40

#: The one word a card needs that no card carries.
OPEN = "打开档案"

_MARKUP = re.compile(r"[<>&\[\]*_~`#\\]")
#: What rings somebody, should a card look for it even in plain text.
_CALL = re.compile(r"<(?=\s*/?\s*at\b)", re.IGNORECASE)
_PHONE = re.compile(r"(?<!\d)(1[3-9]\d)\d{4}(\d{4})(?!\d)", re.ASCII)
_EMAIL = re.compile(r"([A-Za-z0-9])[A-Za-z0-9._%+-]*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+", re.ASCII)
_SHORT_ESCAPES = frozenset('"\\\n\r\t\b\f')


def render(content: Content | Card) -> list[Payload]:
    """``msg_type`` and ``content`` of each message; buttons make the last one a card."""
    native = [button for button in content.buttons if _fits(button)][:BUTTONS]
    choices = numbered(
        [_unread(button.label) for button in content.buttons if button not in native]
    )
    if isinstance(content, Card):
        return [_interactive(_card(content, native, choices))]
    text = "\n\n".join(part for part in (content.text, choices) if part)
    parts = split(_unread(text) if native else text, TEXT_WEIGHT, weight)
    if not native or not parts:
        return [_words(part) for part in parts]
    last = _whole([_plain(parts[-1]), *_rows(native)])
    return [*map(_words, parts[:-1]), _interactive(last)]


def weight(text: str) -> int:
    """Bytes of a text inside the JSON of a message, at most; additive over code points.

    >>> weight('好"')
    5
    """
    octets = len(text.encode())
    if text.isprintable() and '"' not in text and "\\" not in text:
        return octets
    return octets + sum(map(_extra, text))


def masked(payload: Payload) -> Payload:
    """The same without phone numbers and addresses: data loss prevention lets no plain ones pass.

    >>> masked({"msg_type": "text", "content": {"text": "电话 13800138000"}})["content"]["text"]
    '电话 138****8000'
    """
    return {**payload, "content": _masked(payload["content"])}


def _masked(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _masked(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [_masked(inner) for inner in value]
    if isinstance(value, str) and name in ("text", "content", "title"):
        return _EMAIL.sub(r"\1***", _PHONE.sub(r"\1****\2", value))
    return value


def _words(text: str) -> Payload:
    """A message of words only, which arrives as it is written."""
    if not _MARKUP.search(text):
        return {"msg_type": "text", "content": {"text": text}}
    paragraphs = [[{"tag": "text", "text": line}] for line in text.split("\n")]
    return {"msg_type": "post", "content": {"zh_cn": {"title": "", "content": paragraphs}}}


def _interactive(card: dict[str, Any]) -> Payload:
    return {"msg_type": "interactive", "content": card}


def _card(card: Card, native: Sequence[Button], choices: str) -> dict[str, Any]:
    """A card is one message, or it could not be replaced: the quote gives way."""
    facts = "\n".join(f"{_short(label)}：{_short(value)}" for label, value in card.lines)
    said = _note(card.said if card.quote else "")
    asides = [_plain(_long(card.advice)), _note(card.note), _quietly(_long(card.before))]
    below = [said, _plain(facts), _plain(_short(card.question)), *asides, _plain(choices)]
    rest = [*below, *_rows(native), _link(card.link)]
    header = _header(card)
    bare = _whole([_plain("「」"), *rest], header)
    room = MAX_BYTES - len(json.dumps(bare, ensure_ascii=False).encode()) - 256
    quote = cut(_unread(card.quote.strip()), room, weight)
    return _whole([_plain(f"「{quote}」" if quote else ""), *rest], header)


def _whole(
    elements: Sequence[dict[str, Any]], header: dict[str, Any] | None = None
) -> dict[str, Any]:
    shown = [element for element in elements if element]
    # Whoever it is forwarded to would read a candidate's words.
    config = {"update_multi": True, "enable_forward": False}
    card: dict[str, Any] = {"schema": "2.0", "config": config}
    if header:
        card["header"] = header
    return {**card, "body": {"direction": "vertical", "elements": shown}}


def _header(card: Card) -> dict[str, Any]:
    done = bool(card.note) and not card.buttons
    colour = "grey" if done else "blue" if card.quiet else "orange"
    title = {"tag": "plain_text", "content": _short(card.title)}
    return {"title": title, "template": colour}


def _plain(text: str) -> dict[str, Any]:
    return {"tag": "div", "text": {"tag": "plain_text", "content": text}} if text else {}


def _note(note: str) -> dict[str, Any]:
    return _quietly(_short(note))


def _quietly(text: str) -> dict[str, Any]:
    drawn = _plain(text)
    if drawn:
        drawn["text"]["text_color"] = "grey"
    return drawn


def _link(url: str) -> dict[str, Any]:
    if not url.startswith(("https://", "http://")):
        return _plain(url)
    opens = {"type": "open_url", "default_url": url}
    return {
        "tag": "button",
        "type": "text",
        "text": {"tag": "plain_text", "content": OPEN},
        "behaviors": [opens],
    }


def _rows(buttons: Sequence[Button]) -> list[dict[str, Any]]:
    """Buttons side by side; JSON 2.0 has no other container for them."""
    drawn = [_button(button, first=at == 0) for at, button in enumerate(buttons)]
    rows = [drawn[at : at + PER_ROW] for at in range(0, len(drawn), PER_ROW)]
    return [
        {
            "tag": "column_set",
            "flex_mode": "flow",
            "columns": [{"tag": "column", "width": "auto", "elements": [one]} for one in row],
        }
        for row in rows
    ]


def _button(button: Button, *, first: bool) -> dict[str, Any]:
    return {
        "tag": "button",
        "type": "primary" if first else "default",
        "text": {"tag": "plain_text", "content": _unread(button.label)},
        "behaviors": [{"type": "callback", "value": {"action": button.action}}],
    }


def _extra(character: str) -> int:
    if character == "\n":
        return _LINE
    if character in _SHORT_ESCAPES:
        return 1
    return 5 if character < " " else 0


def _short(text: str) -> str:
    return cut(_unread(text.strip()), FIELD_UNITS, units)


def _long(text: str) -> str:
    return cut(_unread(text.strip()), 4 * FIELD_UNITS, units)


def _unread(text: str) -> str:
    return _CALL.sub("＜", text)


def _fits(button: Button) -> bool:
    return bool(button.label.strip()) and 1 <= len(button.action.encode()) <= ACTION_BYTES
