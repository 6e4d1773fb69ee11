"""Content and cards as WeCom shows them: one drawing for each kind of address.

Who a payload is for is known only when it is sent, so a payload holds what to say to a customer
(``kf``: a text or a menu), to a member (``app``: a text or a template card) and to a group
(``group``: a text or markdown). All three are one message.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

from bot.channels.base import Payload
from bot.channels.plain_text import cut, numbered, octets, split, units
from bot.messages import Button, Card, Content

#: A text to a customer or a member; what is longer is refused there and cut here.
TEXT_BYTES = 2048
MARKDOWN_BYTES = 4096
#: The head of a menu, and its tail.
HEAD_BYTES = 1024
LABEL_BYTES = 128
#: A template card has six buttons, a vote twenty options, a menu ten lines.
BUTTONS, OPTIONS, MENU = 6, 20, 10
ACTION_BYTES = 64
#: What a vote calls its question and the button that sends it.
QUESTION, SEND = "choice", "choose"
#: Text that stands on a card or a menu, whole, with its buttons; longer is said before them.
BESIDE_BUTTONS = 160
#: What the client shows of a card's parts, by the documents' own advice, and a little more.
TITLE, FIELD, LABEL, BODY, QUOTE = 40, 60, 12, 320, 300
#: Six facts on a card; one of them is the link.
FACTS = 5

#: Words that nothing we are given to say has.
OPEN = "打开档案"
CHOOSE = "请选择："
SUBMIT = "确定"

#: Template card buttons: blue first, the rest plain.
_FIRST, _OTHER = 1, 4
#: Signs that mean something in markdown, and what looks like them and does not.
_TAME = str.maketrans({"<": "＜", ">": "＞", "[": "［", "]": "］", "`": "｀"})


def render(content: Content | Card, *, home: str) -> list[Payload]:
    """What to send, in order. ``home``: where a card leads that has no link of its own."""
    if isinstance(content, Card):
        return [_card(content, home)]
    return _words(content)


def _words(content: Content) -> list[Payload]:
    """Text in parts; choices stand beside the last one, or beside a word of ours after it."""
    native, rest = _choices(content.buttons, OPTIONS)
    choices = numbered(rest, first=len(native) + 1)
    whole = _clean("\n\n".join(part for part in (content.text, choices) if part))
    texts = split(whole, TEXT_BYTES, octets)
    if not native:
        return [_said(text) for text in texts]
    beside = texts.pop() if texts and units(texts[-1]) <= BESIDE_BUTTONS else CHOOSE
    last = {
        "kf": {"msgtype": "msgmenu", "msgmenu": _menu(beside, native)},
        "app": {"msgtype": "template_card", "template_card": _asked(beside, native)},
        "group": _text(f"{beside}\n{numbered([button.label for button in native])}"),
    }
    return [*(_said(text) for text in texts), last]


def _menu(beside: str, native: Sequence[Button]) -> dict[str, Any]:
    """For a customer: what the menu has no line for, its tail counts."""
    more = numbered([button.label for button in native[MENU:]], first=MENU + 1)
    return {
        "head_content": beside,
        "list": [_item(button) for button in native[:MENU]],
        **_some("tail_content", _cut(_clean(more), HEAD_BYTES, octets)),
    }


def _asked(beside: str, native: Sequence[Button]) -> dict[str, Any]:
    """For a member: a card of buttons, or one to vote on where there are too many of them."""
    lines = beside.split("\n", 1)
    whole_title = units(lines[0]) <= TITLE
    card: dict[str, Any] = {
        "card_type": "button_interaction",
        "main_title": {"title": _cut(lines[0], TITLE)},
        **_some("sub_title_text", "\n".join(lines[1:]).strip() if whole_title else beside),
    }
    if len(native) <= BUTTONS:
        return {**card, "button_list": _buttons(native)}
    options = [{"id": one.action, "text": _short(one.label, FIELD)} for one in native]
    return {
        **card,
        "card_type": "vote_interaction",
        "checkbox": {"question_key": QUESTION, "option_list": options, "mode": 0},
        "submit_button": {"text": SUBMIT, "key": SEND},
    }


def _said(text: str) -> Payload:
    return {"kf": _text(text), "app": _text(text), "group": _text(text)}


def _text(text: str) -> dict[str, Any]:
    return {"msgtype": "text", "text": {"content": _cut(text, TEXT_BYTES, octets)}}


# Cards


def _card(card: Card, home: str) -> Payload:
    """A card is one message, or it could not be replaced: the quote gives way."""
    native, rest = _choices(card.buttons, BUTTONS)
    choices = _clean(numbered(rest, first=len(native) + 1))
    return {
        "kf": _kf_card(card, native, choices),
        "app": {
            "msgtype": "template_card",
            "template_card": _template(card, native, choices, home),
        },
        "group": {"msgtype": "markdown", "markdown": {"content": _markdown(card)}},
    }


def _template(card: Card, native: Sequence[Button], choices: str, home: str) -> dict[str, Any]:
    """With buttons it can be pressed; without, it is a notice that leads somewhere."""
    facts = [(_short(label, LABEL), _short(value, FIELD)) for label, value in card.lines]
    below = [f"{label}：{value}" for label, value in facts[FACTS:]]
    parts = [*below, card.question, card.note, card.advice, card.before]
    body = "\n".join(part for part in map(_clean, parts) if part)
    room = BODY - (units(choices) + 1 if choices else 0)
    body = "\n".join(part for part in (_cut(body, room), choices) if part)
    rows: list[dict[str, Any]] = [{"keyname": label, "value": value} for label, value in facts]
    rows = rows[:FACTS]
    link = card.link if card.link.startswith(("https://", "http://")) else ""
    quote = _short(card.quote, QUOTE)
    if link:
        rows.append({"type": 1, "keyname": "档案", "value": OPEN, "url": link})
    drawn: dict[str, Any] = {
        "card_type": "button_interaction" if native else "text_notice",
        "main_title": {"title": _short(card.title, TITLE) or OPEN},
        **_some("quote_area", _cited(quote, card.said)),
        **_some("sub_title_text", _cut(body, BODY)),
        **_some("horizontal_content_list", rows),
    }
    if native:
        drawn["button_list"] = _buttons(native)
    if link or not native:
        drawn["card_action"] = {"type": 1, "url": link or home}
    return drawn


def _cited(quote: str, said: str) -> dict[str, Any]:
    return {**_some("title", _short(said, FIELD)), "quote_text": quote} if quote else {}


def _kf_card(card: Card, native: Sequence[Button], choices: str) -> dict[str, Any]:
    room = HEAD_BYTES if native else TEXT_BYTES
    facts = "\n".join(f"{label}：{value}" for label, value in card.lines)
    said = card.said if card.quote else ""
    rest = [card.title, said, _clean(facts), card.question, card.note, card.link, choices]
    left = room - sum(octets(part) + 2 for part in rest if part) - octets("「」") - 2
    quote = _cut(_clean(card.quote.strip()), left, octets)
    asides = _if_left((card.advice, card.before), left - octets(quote))
    parts = [rest[0], quote and f"「{quote}」", *rest[1:5], *asides, *rest[5:]]
    text = _cut(_clean("\n\n".join(part for part in parts if part)), room, octets)
    if not native:
        return _text(text)
    menu = {"head_content": text, "list": [_item(button) for button in native]}
    return {"msgtype": "msgmenu", "msgmenu": menu}


def _markdown(card: Card) -> str:
    """For a group: nobody there can press, so the link is the way on. No word may mention all."""
    facts = [f"{_tame(label)}：{_tame(_short(value, FIELD))}" for label, value in card.lines]
    link = f"[{OPEN}]({card.link})" if card.link else ""
    rest = [f"**{_tame(card.title)}**", *facts, _tame(card.question), _tame(card.note), link]
    said = _tame(card.said) if card.quote else ""
    left = MARKDOWN_BYTES - sum(octets(part) + 3 for part in (*rest, said) if part) - 8
    flat = " ".join(_tame(card.quote).split())
    quote = _cut(flat, min(left, 2 * TEXT_BYTES), octets)
    cited = [f"> {part}" for part in (quote, said) if part]
    asides = (_tame(card.advice), _tame(card.before))
    parts = [rest[0], *cited, *rest[1:-1], *_if_left(asides, left - octets(quote)), link]
    return "\n".join(part for part in parts if part)


# Parts


def _if_left(parts: Sequence[str], room: int) -> list[str]:
    """Parts that fit whole into what is left, in their order; the others are empty."""
    kept: list[str] = []
    for part in map(_clean, parts):
        fits = octets(part) + 2 <= room
        kept.append(part if fits else "")
        room -= octets(part) + 2 if fits else 0
    return kept


def _choices(buttons: Sequence[Button], most: int) -> tuple[list[Button], list[str]]:
    """What can be pressed, and the labels of what becomes text."""
    native = [button for button in buttons if _fits(button)][:most]
    return native, [button.label for button in buttons if button not in native]


def _fits(button: Button) -> bool:
    action = button.action
    return bool(button.label.strip()) and action.isascii() and 1 <= len(action) <= ACTION_BYTES


def _item(button: Button) -> dict[str, Any]:
    label = _cut(_clean(button.label), LABEL_BYTES, octets)
    return {"type": "click", "click": {"id": button.action, "content": label}}


def _buttons(native: Sequence[Button]) -> list[dict[str, Any]]:
    return [
        {
            "text": _short(button.label, FIELD),
            "style": _OTHER if position else _FIRST,
            "key": button.action,
        }
        for position, button in enumerate(native)
    ]


def _some(name: str, value: Any) -> dict[str, Any]:
    return {name: value} if value else {}


def _short(text: str, most: int) -> str:
    return _cut(" ".join(_clean(text).split()), most)


def _tame(text: str) -> str:
    return _clean(text).translate(_TAME)


def _clean(text: str) -> str:
    """Without control characters: the platform refuses a body that has to escape one."""
    if text.isprintable():
        return text
    return "".join(
        character
        for character in text
        if character in "\n\t" or unicodedata.category(character) not in ("Cc", "Cs")
    )


def _cut(text: str, most: int, measure: Callable[[str], int] = units) -> str:
    """At most ``most`` of a text. What is far behind that is not even looked at."""
    return cut(text[: max(most, 0) + 1], most, measure)
