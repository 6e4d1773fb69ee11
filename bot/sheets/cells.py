"""Texts as cells that no spreadsheet program takes for a formula, and back again.

What a candidate wrote must not become a formula in HR's spreadsheet. An apostrophe in front keeps
it a text; reading takes exactly that apostrophe away again, so a file comes back as it left.
"""

from __future__ import annotations

import unicodedata

_STARTS = ("=", "+", "-", "@")
_BREAKS = ("\t", "\r", "\n")
GUARD = "'"


def guarded(text: str) -> str:
    """A text as it may stand in a cell.

    >>> guarded("=1+1"), guarded("＝1+1"), guarded("'=1"), guarded("十年-经验")
    ("'=1+1", "'＝1+1", "''=1", '十年-经验')
    """
    return GUARD + text if _is_dangerous(text) or text.startswith(GUARD) else text


def unguarded(cell: str) -> str:
    """The inverse of ``guarded``; what nobody guarded stays as it is.

    >>> unguarded("'=1+1"), unguarded("''=1"), unguarded("'90 年代'")
    ('=1+1', "'=1", "'90 年代'")
    """
    rest = cell.removeprefix(GUARD)
    if rest != cell and (_is_dangerous(rest) or rest.startswith(GUARD)):
        return rest
    return cell


def _is_dangerous(text: str) -> bool:
    if text.startswith(_BREAKS):
        return True
    # Programs trim and some fold full-width characters before they look for a formula. Characters
    # that are not seen do not count as a beginning either.
    seen = "".join(char for char in text[:200] if unicodedata.category(char) not in ("Cf", "Cc"))
    return unicodedata.normalize("NFKC", seen).lstrip().startswith(_STARTS)
