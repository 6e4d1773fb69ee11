"""Periods as résumés write them: 2019.03-2021.05, 2019年3月至今, Mar 2019 – Present."""

from __future__ import annotations

import re
from dataclasses import dataclass

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAME = rf"(?:{'|'.join(_MONTHS)})[a-z]{{0,6}}\.?"
_Y = r"(?<!\d)(?:19|20)\d{2}"
_POINT = (
    rf"(?:{_Y}\s?[年./\-]\s?\d{{1,2}}(?!\d)(?:\s?月)?(?:\s?[./\-]?\d{{1,2}}日|[./\-]\d{{1,2}}(?![\d.年]))?"
    rf"|{_NAME},?\s?{_Y}|{_Y}\s?{_NAME}|(?<!\d)\d{{1,2}}/(?:19|20)\d{{2}}"
    rf"|{_Y}(?!\d)\s?年?|(?<!\d)'?\d{{2}}[.年]\d{{1,2}}(?!\d)月?)"
)
_NOW = r"(?:至今|现在|目前|今|在职|present|now|current|till now|to date)"
_TO = r"\s?(?:-{1,3}|–|—{1,2}|~|～|−|→|至|到|\bto\b|until)\s?"
_SPAN = re.compile(
    rf"[(（【\[]?\s?(?P<a>{_POINT})\s?(?:{_TO}(?P<b>{_POINT}|{_NOW})|(?P<now>至今|起至今))\s?[)）】\]]?",
    re.I,
)
_ONE = re.compile(_POINT, re.I)
#: How long it lasted, which often follows in brackets.
LASTED = re.compile(r"[(（]?\s*(?:共|约)?(?:\d{1,2}年)?零?(?:\d{1,2}个月|\d{1,2}年)\s*[)）]?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A period in a text. Ends are ``YYYY-MM``, 至今, or as written where that is not clear."""

    start: int
    end: int
    begins: str
    until: str


def span_in(text: str) -> Span | None:
    """The first period in a text, or None.

    >>> span = span_in("2019年3月 - 至今 星河科技")
    >>> span.begins, span.until
    ('2019-03', '至今')
    """
    found = _SPAN.search(text)
    if found is None:
        return None
    until = "至今" if found["now"] else found["b"]
    return Span(start=found.start(), end=found.end(), begins=month(found["a"]), until=_until(until))


def _until(text: str) -> str:
    return "至今" if re.fullmatch(_NOW, text.strip(), re.I) else month(text)


def month(text: str) -> str:
    """A month as ``YYYY-MM``; as written when it names no month of a year in full."""
    clean = text.strip().casefold()
    if not _ONE.fullmatch(clean):
        return text.strip()
    if found := re.fullmatch(r"((?:19|20)\d{2})\s?[年./\-]\s?(\d{1,2}).*", clean):
        return _joined(found[1], int(found[2]), text)
    if found := re.fullmatch(r"(\d{1,2})/((?:19|20)\d{2})", clean):
        return _joined(found[2], int(found[1]), text)
    year, name = re.search(r"(?:19|20)\d{2}", clean), re.search("|".join(_MONTHS), clean)
    if year and name:
        return _joined(year[0], _MONTHS.index(name[0]) + 1, text)
    return text.strip()


def _joined(year: str, number: int, text: str) -> str:
    return f"{year}-{number:02d}" if 1 <= number <= 12 else text.strip()
