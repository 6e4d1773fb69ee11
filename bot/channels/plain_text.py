"""Fitting text to what a platform carries. Shared by the channels; not one itself."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Sequence

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
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def octets(text: str) -> int:
    """Length in UTF-8 bytes.

    >>> octets("好")
    3
    """
    return len(text.encode())


def split(text: str, limit: int, measure: Callable[[str], int] = units) -> list[str]:
    """Parts of at most ``limit``, never cut inside a character as people see one.

    ``measure`` must be additive over code points and at least 1 for each of them, and ``limit``
    large enough for one of them. White space where a cut falls is dropped; no part is blank.

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

    Looks at little more than what it keeps, however long the text is.

    >>> cut("三个字", 2)
    '三…'
    """
    if _fitting(text, limit, measure) == len(text):
        return text
    room = limit - measure(ELLIPSIS)
    whole = text.strip()
    if room <= 0 or not whole:
        return ""
    first = whole[: _cut(whole, room, measure)].rstrip()
    return first + ELLIPSIS if measure(first) <= room else ""


def numbered(labels: Sequence[str], *, first: int = 1) -> str:
    """Choices a platform has no buttons for, as text. Empty without choices.

    >>> numbered(["同意", "再想想"])
    '请回复数字：\\n1. 同意\\n2. 再想想'
    """
    lines = [f"{number}. {label}" for number, label in enumerate(labels, first)]
    return "\n".join([CHOOSE, *lines]) if lines else ""


def _fitting(text: str, limit: int, measure: Callable[[str], int]) -> int:
    """How many code points of the beginning fit."""
    most = min(len(text), max(limit, 0))  # each measures at least 1
    return bisect_right(range(1, most + 1), limit, key=lambda end: measure(text[:end]))


def _cut(text: str, limit: int, measure: Callable[[str], int]) -> int:
    """Where the first part ends: at the best break in its second half, else at the limit."""
    end = _fitting(text, limit, measure)
    if end == len(text):
        return end
    for marks in _BREAKS:
        at = max(_last_break(text, mark, end) for mark in marks)
        if at:
            return at
    at = end
    while at and not _may_cut(text, at):
        at -= 1
    # One character may be longer than the limit (thousands of combining marks): cut it then.
    return at or max(end, 1)


def _last_break(text: str, mark: str, end: int) -> int:
    """After the last ``mark`` in the second half of what fits; 0 where there is none."""
    at = end
    while (found := text.rfind(mark, 0, at)) >= 0 and found + len(mark) >= end // 2:
        at = found + len(mark)
        if _may_cut(text, at):
            return at
        at -= 1
    return 0


def _may_cut(text: str, at: int) -> bool:
    """Whether a position is between two characters as people see them (after UAX #29)."""
    before, after = text[at - 1], text[at]
    if _JOINER in (before, after) or (before, after) == ("\r", "\n"):
        return False
    if unicodedata.category(after) in _COMBINING or _is_modifier(after):
        return False
    return not (_is_flag_half(after) and _flag_halves(text, at) % 2)


def _flag_halves(text: str, at: int) -> int:
    """Regional indicators in a row before a position; two make one flag."""
    start = at
    while start and _is_flag_half(text[start - 1]):
        start -= 1
    return at - start


def _is_flag_half(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _is_modifier(character: str) -> bool:
    """Skin tones, and the tags that spell the flags of regions."""
    skin = "\U0001f3fb" <= character <= "\U0001f3ff"
    return skin or "\U000e0020" <= character <= "\U000e007f"
