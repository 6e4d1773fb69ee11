"""One spelling for many: what a message says once disguises and noise are taken off.

``normalize`` is a pure function of the text and keeps the way back to it, so that whatever is
found in the clean text can be quoted from the text as typed. It is linear in the length of the
text, for any text; a test holds it to that.

Order: compatibility forms and invisible characters, script, case, repeated characters, evasive
and mistaken spellings, and last what the sender did not say (quotes, mentions, footers).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

import opencc

from nlp.lexicon import homophones, joined_words
from nlp.mapped import Mapped
from nlp.strip import strip

#: Letters that paint nothing, or only space; general category alone does not tell them.
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800\u17b4\u17b5")
_DROPPED = frozenset({"Cc", "Cf", "Mn", "Me"})
_RUN = re.compile(r"([^0-9\s])\1{3,}")
_SPACES = re.compile(r"[^\S\n]{2,}")
_ROUNDS = 4


def normalize(source: str) -> Mapped:
    """The clean text of a message. Any string is accepted, lone surrogates too.

    Idempotent on its own text: ``normalize(normalize(x).text).text == normalize(x).text``.
    """
    mapped = Mapped.of(source)
    for _ in range(_ROUNDS):
        after = _once(mapped)
        if after.text == mapped.text:
            return after
        mapped = after
    return mapped


def has_invisible(source: str) -> bool:
    """Whether the text hides characters nobody sees (a console shows that to people).

    An emoji's own joiners and variation selectors do not count.
    """
    return any(
        char in _BLANK or (unicodedata.category(char) == "Cf" and char != "\u200d")
        for char in source
    )


def _once(mapped: Mapped) -> Mapped:
    mapped = _characters(mapped)
    mapped = _simplified(mapped)
    mapped = mapped.replace(_SPACES, lambda match: " ")
    mapped = mapped.replace(_RUN, lambda match: match.group(1) * 3)
    mapped = _spelled(mapped)
    return strip(mapped)


def _characters(mapped: Mapped) -> Mapped:
    return Mapped.joined(_clean(mapped))


def _clean(mapped: Mapped) -> Iterator[tuple[str, int, int]]:
    for char, start, end in zip(mapped.text, mapped.starts, mapped.ends, strict=True):
        for new in _char(char):
            yield new, start, end


@lru_cache(maxsize=16384)
def _char(char: str) -> str:
    """What one code point becomes: itself, another, several, or nothing."""
    if char == "\n":
        return char
    if char in "\t\r\x0b\x0c\x85\u2028\u2029":
        return "\n" if char in "\u2028\u2029\x85" else " " if char != "\r" else ""
    if unicodedata.category(char) == "Cs":
        return "\ufffd"
    for _ in range(_ROUNDS):
        folded = "".join(
            " " if part.isspace() else part
            for part in unicodedata.normalize("NFKC", char).lower()
            if part not in _BLANK and unicodedata.category(part) not in _DROPPED
        )
        if folded == char:
            break
        char = folded
    return char


@lru_cache(maxsize=1)
def _converter() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


def _simplified(mapped: Mapped) -> Mapped:
    if mapped.text.isascii():
        return mapped
    simple = _converter().convert(mapped.text)
    if simple == mapped.text:
        return mapped
    if len(simple) == len(mapped.text):
        return Mapped(simple, mapped.starts, mapped.ends)
    return Mapped.joined(
        (new, start, end)
        for char, start, end in zip(mapped.text, mapped.starts, mapped.ends, strict=True)
        for new in _converter().convert(char)
    )


def _spelled(mapped: Mapped) -> Mapped:
    evasive, words = joined_words()
    mapped = mapped.replace(evasive, lambda match: words(match.group()))
    for pattern, right in homophones():
        mapped = mapped.replace(pattern, lambda match, right=right: right)  # type: ignore[misc]
    return mapped
