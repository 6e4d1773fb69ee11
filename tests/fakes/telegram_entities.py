"""Text as Telegram stores it: plain characters plus entities, offsets in UTF-16 code units.

The HTML dialect and the wording of its errors follow the official open-source Bot API server.
"""

import re
from dataclasses import dataclass, field
from typing import Any

Entity = dict[str, Any]

_TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "a": "text_link",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "tg-emoji": "custom_emoji",
}
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_REFERENCE = re.compile(r"&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|(lt|gt|amp|quot));?")
_ATTRIBUTE = re.compile(r"""\s+([A-Za-z][\w-]*)(?:\s*=\s*("[^"]*"|'[^']*'|[\w.:/-]+))?""")
_COMMAND = re.compile(r"(?<![\w/@])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/])")
_URL = re.compile(r"https?://[^\s<>\"，。；、）】》]+")


class MarkupError(ValueError):
    """The text is not valid in its parse mode; the message is Telegram's own wording."""


def units(text: str) -> int:
    """Length in UTF-16 code units: an emoji outside the basic plane counts two."""
    return len(text) + sum(ord(character) > 0xFFFF for character in text)


def detect(text: str) -> list[Entity]:
    """Entities the server adds by itself: commands and bare links."""
    found = [("bot_command", match) for match in _COMMAND.finditer(text)]
    links = list(_URL.finditer(text))
    found = [
        (kind, match)
        for kind, match in found
        if not any(link.start() <= match.start() < link.end() for link in links)
    ]
    found += [("url", match) for match in links]
    entities = [
        {"type": kind, "offset": units(text[: match.start()]), "length": units(match.group())}
        for kind, match in found
    ]
    return sorted(entities, key=lambda entity: int(entity["offset"]))


def trim(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    """Drop white space at both ends as the server does, and clip entities to what is left."""
    text = text.replace("\r", "")
    lead = units(text) - units(text.lstrip())
    kept = text.strip()
    end = units(kept)
    clipped = []
    for entity in entities:
        start = max(0, entity["offset"] - lead)
        stop = min(end, entity["offset"] + entity["length"] - lead)
        if stop > start:
            clipped.append({**entity, "offset": start, "length": stop - start})
    return kept, clipped


def parse_html(source: str) -> tuple[str, list[Entity]]:
    """Plain text and entities of Telegram's HTML; raises MarkupError as the server words it."""
    return _Scanner(source).scan()


@dataclass(slots=True)
class _Open:
    tag: str
    start: int
    at: int  # index in the plain text, for links that name no address
    attributes: dict[str, str]


@dataclass(slots=True)
class _Scanner:
    source: str
    position: int = 0
    plain: str = ""
    length: int = 0
    entities: list[Entity] = field(default_factory=list)
    stack: list[_Open] = field(default_factory=list)

    def scan(self) -> tuple[str, list[Entity]]:
        while self.position < len(self.source):
            character = self.source[self.position]
            if character == "&":
                self._reference()
            elif self.source.startswith("</", self.position):
                self._close()
            elif character == "<":
                self._open()
            else:
                self._put(character, 1)
        if self.stack:
            raise MarkupError(
                f'Can\'t find end tag corresponding to start tag "{self.stack[-1].tag}"'
            )
        self.entities.sort(key=lambda entity: (entity["offset"], -entity["length"]))
        return self.plain, self.entities

    def _put(self, text: str, consumed: int) -> None:
        self.plain += text
        self.length += units(text)
        self.position += consumed

    def _offset(self, position: int) -> int:
        return len(self.source[:position].encode())

    def _reference(self) -> None:
        match = _REFERENCE.match(self.source, self.position)
        if match is None:
            self._put("&", 1)  # the server keeps an ampersand that names nothing
            return
        decimal, hexadecimal, name = match.groups()
        if name:
            self._put(_NAMED[name], len(match.group()))
            return
        code = int(decimal) if decimal else int(hexadecimal, 16)
        if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000:
            self._put(chr(code), len(match.group()))
        else:
            self._put("&", 1)

    def _name(self, start: int, what: str) -> tuple[str, int]:
        end = start
        while end < len(self.source) and not self.source[end].isspace() and self.source[end] != ">":
            end += 1
        if end == len(self.source):
            raise MarkupError(f"Unclosed {what} tag at byte offset {self._offset(self.position)}")
        return self.source[start:end].lower(), end

    def _open(self) -> None:
        tag, end = self._name(self.position + 1, "start")
        where = self._offset(self.position)
        if tag not in _TAGS:
            raise MarkupError(f'Unsupported start tag "{tag}" at byte offset {where}')
        attributes: dict[str, str] = {}
        while match := _ATTRIBUTE.match(self.source, end):
            attributes[match.group(1).lower()] = (match.group(2) or "").strip("\"'")
            end = match.end()
        while end < len(self.source) and self.source[end].isspace():
            end += 1
        if not self.source.startswith(">", end):
            raise MarkupError(f"Unclosed start tag at byte offset {where}")
        if tag == "span" and attributes.get("class") != "tg-spoiler":
            raise MarkupError(f'Tag "span" must have class "tg-spoiler" at byte offset {where}')
        self.stack.append(_Open(tag, self.length, len(self.plain), attributes))
        self.position = end + 1

    def _close(self) -> None:
        where = self._offset(self.position)
        if not self.stack:
            raise MarkupError(f"Unexpected end tag at byte offset {where}")
        tag, end = self._name(self.position + 2, "end")
        while end < len(self.source) and self.source[end].isspace():
            end += 1
        if not self.source.startswith(">", end):
            raise MarkupError(f"Unclosed end tag at byte offset {where}")
        opened = self.stack.pop()
        if tag and tag != opened.tag:
            raise MarkupError(
                f"Unmatched end tag at byte offset {where}, "
                f'expected "</{opened.tag}>", found "</{tag}>"'
            )
        self.position = end + 1
        if self.length > opened.start:
            self._finish(opened)

    def _finish(self, opened: _Open) -> None:
        kind = _TAGS[opened.tag]
        entity: Entity = {
            "type": kind,
            "offset": opened.start,
            "length": self.length - opened.start,
        }
        if kind == "text_link":
            url = opened.attributes.get("href") or self.plain[opened.at :]
            if not re.match(r"(https?|tg|mailto|tel):", url):
                return  # the server keeps the words and forgets a link that leads nowhere
            entity["url"] = url
        if kind == "blockquote" and "expandable" in opened.attributes:
            entity["type"] = "expandable_blockquote"
        if kind == "custom_emoji":
            entity["custom_emoji_id"] = opened.attributes.get("emoji-id", "")
        language = opened.attributes.get("class", "")
        if kind == "code" and self.stack and self.stack[-1].tag == "pre":
            self.stack[-1].attributes["class"] = language
            return
        if kind == "pre" and language.startswith("language-"):
            entity["language"] = language.removeprefix("language-")
        self.entities.append(entity)
