"""Thousands of names in one form: simplified, lower case, without spaces; quickly."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

import opencc

_CONVERTER = opencc.OpenCC("t2s")
_SEPARATOR = "\n"


class _Folds(dict[int, str]):
    """What each code point becomes, worked out once."""

    def __missing__(self, code: int) -> str:
        char = unicodedata.normalize("NFKC", chr(code)).lower()
        kept = "".join(
            " " if one.isspace() else one
            for one in char
            if one != _SEPARATOR
            if unicodedata.category(one) not in ("Cf", "Cc", "Mn", "Me", "Cs") or one.isspace()
        )
        self[code] = _CONVERTER.convert(kept) if kept and not kept.isascii() else kept
        return self[code]


_FOLDS = _Folds({ord(_SEPARATOR): _SEPARATOR})


def folded(names: Iterable[str]) -> list[str]:
    """Each name in one form; all of them in one go."""
    lines = [name.replace(_SEPARATOR, " ") for name in names]
    return [line.strip() for line in _SEPARATOR.join(lines).translate(_FOLDS).split(_SEPARATOR)]
