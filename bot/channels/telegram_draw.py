"""Content and cards as Telegram shows them: text of at most 4,096 units, HTML, buttons under it."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import Any

from bot.channels.base import Payload
from bot.channels.plain_text import cut, numbered, split, units
from bot.messages import Button, Card, Content

#: sendMessage: "1-4096 characters after entities parsing"; counted in UTF-16 to be safe.
TEXT_UNITS = 4096
#: Undocumented caps of an inline keyboard; beyond them choices become text.
BUTTONS = 100
PER_ROW = 2
#: InlineKeyboardButton.callback_data: "1-64 bytes".
ACTION_BYTES = 64
#: A quote longer than this is folded until somebody opens it.
FOLD_UNITS = 300
#: Everything on a card but the quote is ours and short; names are the only surprise.
FIELD_UNITS = 256

#: The one word a card needs that no card carries.
OPEN = "打开档案"

_TAG = re.compile(r"</?(?:b|i|blockquote)(?: expandable)?>")


def render(content: Content | Card) -> list[Payload]:
    """Arguments of ``sendMessage`` for each part; the buttons hang under the last one."""
    native = [button for button in content.buttons if _fits(button)][: BUTTONS - 1]
    choices = numbered([button.label for button in content.buttons if button not in native])
    rows = _rows(native)
    if isinstance(content, Card):
        if content.link.startswith("https://"):
            rows.append([{"text": OPEN, "url": content.link}])
        texts = [_card(content, choices)]
    else:
        texts = split("\n\n".join(part for part in (content.text, choices) if part), TEXT_UNITS)
    payloads: list[Payload] = [{"text": text} for text in texts]
    for payload in payloads:
        if isinstance(content, Card):
            payload["parse_mode"] = "HTML"
        if content.quiet:
            payload["disable_notification"] = True
    if payloads and rows:
        payloads[-1]["reply_markup"] = {"inline_keyboard": rows}
    return payloads


def plain(text: str) -> str:
    """What is left of a card's HTML without its markup.

    >>> plain("<b>a &lt; b</b>")
    'a < b'
    """
    return html.unescape(_TAG.sub("", text))


def _card(card: Card, choices: str) -> str:
    """A card is one message, or it could not be replaced: the quote gives way."""
    title = _short(card.title)
    facts = "\n".join(f"{_short(label)}：{_short(value)}" for label, value in card.lines)
    # Telegram refuses buttons that lead to a host without a dot, and shows plain http as unsafe.
    link = "" if card.link.startswith("https://") or not card.link else f"{OPEN}：{card.link}"
    below = [facts, _short(card.question)]
    end = [part for part in (link, choices) if part]
    said = _short(card.said) if card.quote.strip() else ""
    advice, before = _long(card.advice), _long(card.before)
    rest = [title, said, *below, advice, _short(card.note), before, *end]
    room = TEXT_UNITS - sum(units(part) + 2 for part in rest)
    quote = cut(card.quote.strip(), room)
    drawn = [
        _tagged("b", title),
        _quoted(quote, said),
        *map(_escaped, below),
        _escaped(advice),
        _tagged("i", _short(card.note)),
        _escaped(before),
        *map(_escaped, end),
    ]
    return "\n\n".join(part for part in drawn if part)


def _quoted(quote: str, said: str) -> str:
    if not quote:
        return ""
    fold = " expandable" if units(quote) > FOLD_UNITS else ""
    told = "\n".join(part for part in (quote, said) if part)
    return f"<blockquote{fold}>{_escaped(told)}</blockquote>"


def _tagged(tag: str, text: str) -> str:
    return f"<{tag}>{_escaped(text)}</{tag}>" if text else ""


def _escaped(text: str) -> str:
    return html.escape(text, quote=False)


def _short(text: str) -> str:
    return cut(text.strip(), FIELD_UNITS)


def _long(text: str) -> str:
    return cut(text.strip(), 2 * FIELD_UNITS)


def _fits(button: Button) -> bool:
    return bool(button.label.strip()) and 1 <= len(button.action.encode()) <= ACTION_BYTES


def _rows(buttons: Sequence[Button]) -> list[list[dict[str, Any]]]:
    drawn = [{"text": button.label, "callback_data": button.action} for button in buttons]
    return [drawn[at : at + PER_ROW] for at in range(0, len(drawn), PER_ROW)]
