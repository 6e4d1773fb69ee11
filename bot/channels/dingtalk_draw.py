"""Content and cards as DingTalk shows them: plain text, markdown, and the data of a card.

A card's layout is a template in the card platform; here are only the values of its variables,
named in ``bot/channels/guides/dingtalk.md``. Without a template a card becomes markdown, and a
tap on one of its numbered choices makes the person's client say ``/press <action>``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote as quoted

from bot.channels.base import Payload
from bot.channels.dingtalk_inbound import PRESS
from bot.channels.plain_text import cut, numbered, octets, split, units
from bot.messages import Button, Card, Content

#: cardParamMap: "value ≤1 KB".
VALUE_BYTES = 1_000
FIELD_UNITS = 60
#: Longest action that fits a button; ours are shorter.
ACTION_BYTES = 64
LINK_BYTES = 500
#: Choices of a markdown message are links, so only patience limits them.
LINKS = 9
MOST_LINES = 40

TAP = "dtmd://dingtalkclient/sendMessage?content="
OPEN = "打开档案"
TITLE = "请选择"
TAP_ONE = "请点选："
#: Only where no card has buttons is a typed number understood; see ``bot.alerts.actions.typed``.
TAP_OR_TYPE = "请点选，或回复数字："

_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_BREAK = "\u200b"


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """What can be drawn here."""

    cards: bool  # whether there is a template
    buttons: int  # how many choices may be pressed
    text: int  # longest text, in UTF-16 units


def render(content: Content | Card, style: Style) -> list[Payload]:
    """What ``dingtalk_post`` takes. A card is one payload, with its markdown beside it."""
    fitting = [button for button in content.buttons if _fits(button)]
    pressed = fitting[: style.buttons]
    others = [_short(one.label) for one in content.buttons if one not in pressed]
    rest = numbered(others, first=len(pressed) + 1)
    if isinstance(content, Card):
        marked = _markdown(content, pressed, rest, style)
        return [_card(_of_card(content, rest), pressed, style, marked) if style.cards else marked]
    text = "\n\n".join(part for part in (content.text, rest) if part)
    if not pressed:
        return [_text(part) for part in split(text, style.text)]
    return _with_choices(text, pressed, style)


def inert(text: str) -> str:
    """Somebody's words, which may contain no link, picture or tag of their own making.

    >>> inert("[点我](http://x)").replace(_BREAK, "|")
    '[点我]|(http://x)'
    """
    for mark in ("](", "][", "]:"):
        text = text.replace(mark, f"]{_BREAK}{mark[1]}")
    return _TAG.sub("＜", text)


def _with_choices(text: str, pressed: Sequence[Button], style: Style) -> list[Payload]:
    """The text, and under its last part what can be pressed."""
    listed = {"kind": "markdown", "title": TITLE, "text": _choices(pressed, style)}
    if not style.cards:
        return [*(_text(part) for part in split(text, style.text)), listed]
    short = octets(text) <= VALUE_BYTES
    before = [] if short else [_text(part) for part in split(text, style.text)]
    shown = f"{inert(text)}\n\n{listed['text']}" if short else listed["text"]
    values = {"title": TITLE, "quote": text if short else ""}
    return [*before, _card(values, pressed, style, {**listed, "text": shown})]


def _of_card(card: Card, rest: str) -> dict[str, str]:
    facts = "\n".join(f"{_short(label)}：{_short(value)}" for label, value in card.lines)
    return {
        "title": _short(card.title),
        "quote": _with_asides(card),
        "facts": facts,
        "question": "\n\n".join(part for part in (card.question.strip(), card.advice) if part),
        "note": card.note.strip(),
        "choices": rest,
        "link": card.link if octets(card.link) <= LINK_BYTES else "",
    }


def _with_asides(card: Card) -> str:
    """The quote, then whose it is, then as much of what was before it as fits."""
    quote = card.quote.strip()
    if not quote:
        return ""
    told = cut(quote, VALUE_BYTES - octets(card.said) - 8, octets)
    return "\n\n".join(part for part in (told, card.said, card.before) if part)


def _card(
    values: dict[str, str], pressed: Sequence[Button], style: Style, instead: Payload
) -> Payload:
    """Every variable is named each time, so that an update leaves nothing of before behind."""
    names = ("title", "quote", "facts", "question", "note", "choices")
    drawn = {name: cut(inert(values.get(name, "")), VALUE_BYTES, octets) for name in names}
    drawn["link"] = values.get("link", "")
    for number in range(1, style.buttons + 1):
        button = pressed[number - 1] if number <= len(pressed) else Button("", "")
        drawn[f"label{number}"] = _short(button.label)
        drawn[f"action{number}"] = button.action
        drawn[f"show{number}"] = "true" if button.action else "false"
    return {"kind": "card", "values": drawn, "instead": instead}


def _markdown(card: Card, pressed: Sequence[Button], rest: str, style: Style) -> Payload:
    """A card in one markdown message: the quote gives way."""
    facts = "  \n".join(
        f"**{inert(_short(label))}**：{inert(_short(value))}" for label, value in card.lines
    )
    title = inert(_short(card.title))
    link = f"[{OPEN}]({card.link})" if _is_link(card.link) else ""
    note = inert(_short(card.note, FIELD_UNITS * 4))
    question = inert(_short(card.question, FIELD_UNITS * 4))
    advice, before = inert(card.advice.strip()), _lines(inert(card.before.strip()))
    told = [facts, question, advice, note and f"*{note}*", before]
    below = [*told, _choices(pressed, style), rest, link]
    said = inert(_short(card.said)) if card.quote.strip() else ""
    room = style.text - sum(units(part) + 2 for part in (title, said, *below)) - 8
    parts = [
        f"### {title}" if title else "",
        _cited(card.quote.strip(), room) + (f"  \n> {said}" if said else ""),
        *below,
    ]
    text = "\n\n".join(part for part in parts if part)
    return {"kind": "markdown", "title": title or TITLE, "text": text}


def _lines(text: str) -> str:
    return "  \n".join(text.splitlines())


def _cited(quote: str, room: int) -> str:
    """A quote with the marks each of its lines needs; of many lines it makes one."""
    lines = inert(quote).splitlines()
    said = " ".join(lines) if len(lines) > MOST_LINES else "\n".join(lines)
    kept = cut(said, max(room - 5 * MOST_LINES, 0))
    return "  \n".join(f"> {line}" for line in kept.splitlines())


def _choices(pressed: Sequence[Button], style: Style) -> str:
    lines = [
        f"{number}. [{inert(_short(button.label))}]({TAP}{quoted(PRESS + button.action, safe='')})"
        for number, button in enumerate(pressed, 1)
    ]
    return "\n".join([TAP_ONE if style.cards else TAP_OR_TYPE, "", *lines]) if lines else ""


def _text(text: str) -> Payload:
    return {"kind": "text", "text": text}


def _is_link(link: str) -> bool:
    fits = octets(link) <= LINK_BYTES and not set(link) & set(" ()<>\n")
    return link.startswith(("https://", "http://")) and fits


def _short(text: str, limit: int = FIELD_UNITS) -> str:
    return cut(text.strip(), limit)


def _fits(button: Button) -> bool:
    return bool(button.label.strip()) and 1 <= len(button.action.encode()) <= ACTION_BYTES
