"""Fitting text to what a platform carries. Shared by the channels; not one itself."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence

#: Put before choices that became text. Said to people, so it is one of the few words in code.
CHOOSE = "请回复数字："
ELLIPSIS = "…"

#: Where a long text is cut first: after a paragraph, a line, a sentence, a clause, a word.
_BREAKS = (("\n\n",), ("\n",), tuple("。！？；…"), tuple("，、："), tuple(" \t"))
_JOINER = "\u200d"
_COMBINING = ("Mn", "Me", "Mc")


def units(text: str) -> int:
    """Length in UTF-16 code units; most emoji count two.

    >>> units("好😀")
    3
    """
    return len(text) + sum(character > "\uffff" for character in text)


def octets(text: str) -> int:
    """Length in UTF-8 bytes.

    >>> octets("好")
    3
    """
    return len(text.encode())


def split(text: str, limit: int, measure: Callable[[str], int] = units) -> list[str]:
    """Parts of at most ``limit``, never cut inside a character as people see one.

    ``measure`` must be additive over code points, and ``limit`` large enough for one of them.
    White space where a cut falls is dropped; no part is blank.

    >>> split("你好吗", 6, octets)
    ['你好', '吗']
    """
    parts: list[str] = []
    rest = text.strip()
    while rest:
        at = _cut(rest, limit, measure)
        parts.append(rest[:at].rstrip())
        rest = rest[at:].lstrip()
    return parts


def cut(text: str, limit: int, measure: Callable[[str], int] = units) -> str:
    """At most ``limit`` of a text, with an ellipsis where something is missing; or nothing.

    >>> cut("三个字", 2)
    '三…'
    """
    if measure(text) <= limit:
        return text
    room = limit - measure(ELLIPSIS)
    parts = split(text, room, measure) if room > 0 else []
    return parts[0] + ELLIPSIS if parts and measure(parts[0]) <= room else ""


def numbered(labels: Sequence[str], *, first: int = 1) -> str:
    """Choices a platform has no buttons for, as text. Empty without choices.

    >>> numbered(["同意", "再想想"])
    '请回复数字：\\n1. 同意\\n2. 再想想'
    """
    lines = [f"{number}. {label}" for number, label in enumerate(labels, first)]
    return "\n".join([CHOOSE, *lines]) if lines else ""


def _cut(text: str, limit: int, measure: Callable[[str], int]) -> int:
    """Where the first part ends: at the best break in its second half, else at the limit."""
    end, size = 0, 0  # code points that fit, and their measure
    while end < len(text) and (size := size + measure(text[end])) <= limit:
        end += 1
    if end == len(text):
        return end
    allowed = list(_boundaries(text, end))
    for marks in _BREAKS:
        for at in reversed(allowed):
            if at < end // 2:
                break
            if text.endswith(marks, 0, at):
                return at
    # One character may be longer than the limit (thousands of combining marks): cut it then.
    return allowed[-1] if allowed else max(end, 1)


def _boundaries(text: str, end: int) -> Iterator[int]:
    """Positions up to ``end`` between two characters as people see them (after UAX #29)."""
    flags = 0  # regional indicators in a row; two make one flag
    for at in range(1, min(end, len(text) - 1) + 1):
        before, after = text[at - 1], text[at]
        flags = flags + 1 if _is_flag_half(before) else 0
        if _JOINER in (before, after) or (before, after) == ("\r", "\n"):
            continue
        if unicodedata.category(after) in _COMBINING or _is_modifier(after):
            continue
        if flags % 2 and _is_flag_half(after):
            continue
        yield at


def _is_flag_half(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _is_modifier(character: str) -> bool:
    """Skin tones, and the tags that spell the flags of regions."""
    skin = "\U0001f3fb" <= character <= "\U0001f3ff"
    return skin or "\U000e0020" <= character <= "\U000e007f"
