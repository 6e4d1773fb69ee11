"""Personal numbers inside what people write, found however they are written.

Every character is folded first (full width, Chinese numerals, invisible characters), digits are
then read through the separators people put between them. Found are phones, id cards (check digit
of GB 11643, ISO 7064 mod 11-2), bank cards (Luhn, ISO/IEC 7812-1), passports, mail addresses and
named WeChat ids. Time is linear in the length of the text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from storage.phones import CN_FIXED, CN_MOBILE

PHONE, ID, CARD = "[手机号]", "[证件号]", "[银行卡号]"
LINE, MAIL, WECHAT = "[电话]", "[邮箱]", "[微信号]"

_NUMERALS = dict(zip("零〇○幺么一二两兩三四五六七八九", "0001112223456789", strict=True)) | dict(
    zip("壹贰貳叁參肆伍陆陸柒捌玖", "122334566789", strict=True)
)
_INVISIBLE = ("Cf", "Cc", "Mn", "Me")

# A digit and at most two separators at a time: no two ways to read the same text.
_RUN = re.compile(r"\+?[0-9](?:[ \t\n\-_./·、,。()~—–]{0,2}[0-9])*")
_MOBILE = re.compile(rf"(?:0086|86)?0?({CN_MOBILE})")
_LINES = re.compile(
    rf"(?:(?:0086|86)0?|0)(?:{CN_FIXED})"
    r"|(?:00)?(?:852[2-9][0-9]{7}|853[268][0-9]{7}|8860?(?:9[0-9]{8}|[2-8][0-9]{7,8}))"
)
_MAIL_LOCAL = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._%+-")
_MAIL_DOMAIN = re.compile(r"[A-Za-z0-9-]{1,63}(?:[.。][A-Za-z0-9-]{1,63}){1,8}")
_WECHAT = re.compile(
    r"(?:微信|薇信|weixin|wechat|vx|v信)(?:账号|帐号|号|id)?[ :是为]{0,3}"
    r"(?P<id>[a-z][a-z0-9_-]{5,19})(?![a-z0-9_-])",
    re.IGNORECASE | re.ASCII,
)
_PASSPORT = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{1,2}[0-9]{7,10}(?![A-Za-z0-9])")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


@dataclass(frozen=True, slots=True)
class _Folded:
    """The text as it is read, and for each of its characters where it stands in the original."""

    text: str
    numerals: str  # the same with Chinese numerals as digits
    places: list[int]


@dataclass(frozen=True, slots=True)
class _Digits:
    """Digits of one run; ``edges`` are positions where a number may begin or end."""

    text: str
    places: list[int]
    edges: frozenset[int]
    plus: bool  # the run begins with a plus sign


def mask_free_text(text: str) -> str:
    """Replace personal numbers and addresses by their kind: ``我电话[手机号]``.

    The rest of the text stays as it was written.
    """
    # What is masked frees its neighbours, so look again; a second look is nearly always the last.
    for _ in range(4):
        masked = _once(text)
        if masked == text:
            break
        text = masked
    return text


def _once(text: str) -> str:
    folded = _fold(text)
    taken = bytearray(len(folded.text))
    spans: list[tuple[int, int, str]] = []
    for start, end, label in _all(folded):
        if not any(taken[start:end]):
            taken[start:end] = b"\x01" * (end - start)
            spans.append((start, end, label))
    parts, done = [], 0
    for start, end, label in sorted(spans):
        parts += [text[done : folded.places[start]], label]
        done = folded.places[end - 1] + 1
        following = folded.places[end] if end < len(folded.places) else len(text)
        done = max(done, following)  # what is invisible behind a number goes with it
    return "".join(parts) + text[done:]


def _all(folded: _Folded) -> Iterator[tuple[int, int, str]]:
    """Earlier ones win where two overlap."""
    yield from _mails(folded.text)
    for match in _WECHAT.finditer(folded.text):
        yield *match.span("id"), WECHAT
    for run in _RUN.finditer(folded.numerals):
        digits = _digits(folded, run.start(), run.end())
        for start, end, label in _numbers(digits):
            sign = 1 if start == 0 and digits.plus else 0
            yield digits.places[start] - sign, digits.places[end - 1] + 1, label
    for match in _PASSPORT.finditer(folded.text):
        yield *match.span(), ID


def _fold(text: str) -> _Folded:
    read: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        for folded in _fold_character(character):
            read.append(folded)
            places.append(place)
    joined = "".join(read)
    return _Folded(joined, "".join(_NUMERALS.get(c, c) for c in joined), places)


@lru_cache(maxsize=4096)
def _fold_character(character: str) -> str:
    if character in "\n\t":
        return character
    folded = unicodedata.normalize("NFKC", character)
    kept = (c for c in folded if unicodedata.category(c) not in _INVISIBLE)
    return "".join(str(unicodedata.decimal(c, c)) for c in kept)


def _mails(text: str) -> Iterator[tuple[int, int, str]]:
    at = text.find("@")
    while at != -1:
        start = at
        while start > 0 and at - start < 64 and text[start - 1] in _MAIL_LOCAL:
            start -= 1
        domain = _MAIL_DOMAIN.match(text, at + 1)
        if start < at and domain:
            yield start, domain.end(), MAIL
        at = text.find("@", at + 1)


def _digits(folded: _Folded, start: int, end: int) -> _Digits:
    text: list[str] = []
    places: list[int] = []
    edges = {0}
    plus = folded.text[start] == "+"
    for place in range(start + plus, end):
        digit = folded.numerals[place]
        if not digit.isdigit():
            edges.add(len(text))
            continue
        if text and (folded.text[place] == digit) != (folded.text[places[-1]] == text[-1]):
            edges.add(len(text))  # Chinese numerals and figures are seldom one number
        text.append(digit)
        places.append(place)
    following = folded.text[end : end + 2]
    if following[:1] in ("X", "x") and not following[1:].isalnum():
        text.append("X")
        places.append(end)
    return _Digits("".join(text), places, frozenset(edges | {len(text)}), plus)


def _numbers(digits: _Digits) -> Iterator[tuple[int, int, str]]:
    at = 0
    fresh = True  # just after a number already found
    while at <= len(digits.text) - 8:
        found = _number_at(digits, at, fresh or at in digits.edges)
        fresh = found is not None
        if found:
            yield at, found[0], found[1]
            at = found[0]
        else:
            at += 1


def _number_at(digits: _Digits, at: int, edge: bool) -> tuple[int, str] | None:
    """End and kind of the number that starts here. ``edge``: a number may start here."""
    text = digits.text
    if _is_id(text[at : at + 18]):
        return at + 18, ID
    if edge:
        for length in (19, 18, 17, 16, 15):
            end = at + length
            if end in digits.edges and (kind := _long_kind(text[at:end])):
                return end, kind
        line = _LINES.match(text, at)
        if line and line.end() in digits.edges and not _MOBILE.fullmatch(text, at, line.end()):
            return line.end(), LINE
    if at == 0 and digits.plus and not text.startswith("86") and (last := _abroad(digits)):
        return last, LINE
    mobile = _MOBILE.match(text, at)
    return (mobile.end(), PHONE) if mobile else None


def _abroad(digits: _Digits) -> int | None:
    """Where a number behind a plus sign ends: ITU-T E.164 allows fifteen digits, few have nine."""
    ends = sorted(end for end in digits.edges if 8 <= end <= 15)
    return next((end for end in ends if end >= 10), ends[-1] if ends else None)


def _long_kind(number: str) -> str | None:
    """An id card by its shape alone, since a mistyped one still says who it is; or a bank card."""
    if len(number) == 18 and _dated(number[6:14]) and "1" <= number[0] <= "8":
        return ID
    if len(number) == 15 and _dated("19" + number[6:12]) and "1" <= number[0] <= "8":
        return ID
    return CARD if number[0] in "3456" and _luhn(number) else None


def _is_id(number: str) -> bool:
    if len(number) != 18 or not number[:17].isdigit() or not "1" <= number[0] <= "8":
        return False
    check = sum(int(d) * w for d, w in zip(number, _WEIGHTS, strict=False)) % 11
    return number[17] == "10X98765432"[check] and _dated(number[6:14])


def _dated(text: str) -> bool:
    try:
        return 1900 <= date(int(text[:4]), int(text[4:6]), int(text[6:])).year <= 2100
    except ValueError:
        return False


def _luhn(number: str) -> bool:
    if not number.isdigit():
        return False
    doubled = [int(d) * (2 if place % 2 else 1) for place, d in enumerate(reversed(number))]
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0
