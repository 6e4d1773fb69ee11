"""Which passwords are refused, and how they are hashed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from functools import cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_LENGTH = 12
MAX_LENGTH = 128
_UNGUESSED = 6  # characters that are no part of a known word, walk or repetition

# RFC 9106, section 4, second choice but with its own memory of 64 MiB; 16-byte salt.
HASHER = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=4)
# Of a random value nobody kept: an unknown login costs the same time as a known one.
_NOBODY = (
    "$argon2id$v=19$m=65536,t=3,p=4$"
    "FMeoQQez8yrBZdq58r8qSg$6asmjg8d9BsWkf0QKNn8/sKMXyx4UN+MtCsj1Zn4cXo"
)

_LEET = str.maketrans(
    {"@": "a", "4": "a", "3": "e", "1": "i", "!": "i", "0": "o", "$": "s", "5": "s"}
)
_DATE = re.compile("(?:19|20)[0-9]{2}(?:[01][0-9](?:[0-3][0-9])?)?")
_ROWS = ("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "abcdefghijklmnopqrstuvwxyz")


class PasswordFault(StrEnum):
    """Why a password is refused."""

    SHORT = "short"
    LONG = "long"
    UNREADABLE = "unreadable"  # cannot be written in UTF-8
    COMMON = "common"
    PERSONAL = "personal"  # built from the company's, the product's or the user's own words


def password_fault(password: str, *, words: Iterable[str] = ()) -> PasswordFault | None:
    """Why this password is refused, or None. It is taken as typed: spaces and case count.

    ``words`` are names an attacker would try first: company, product, login, name of the user.
    """
    if len(password) < MIN_LENGTH:
        return PasswordFault.SHORT
    if len(password) > MAX_LENGTH:
        return PasswordFault.LONG
    if any("\ud800" <= character <= "\udfff" for character in password):
        return PasswordFault.UNREADABLE
    if _unguessed(password, frozenset()) < _UNGUESSED:
        return PasswordFault.COMMON
    own = frozenset(part for word in words for part in _parts(word))
    return PasswordFault.PERSONAL if _unguessed(password, own) < _UNGUESSED else None


def hash_password(password: str) -> str:
    """Argon2id of the exact UTF-8 bytes. About 0.2 s and 64 MiB: bound how many run at once."""
    return HASHER.hash(password)


def verify_password(stored: str | None, password: str) -> bool:
    """Whether ``password`` is the one ``stored`` was made of.

    None (no such user, or one without a password) and a damaged hash cost the same time as a
    wrong password.
    """
    if len(password) > MAX_LENGTH or any("\ud800" <= c <= "\udfff" for c in password):
        stored, password = None, ""
    try:
        HASHER.verify(stored or _NOBODY, password)
    except InvalidHashError:
        return verify_password(None, password)
    except VerificationError:
        return False
    return bool(stored)


def needs_rehash(stored: str) -> bool:
    """Whether a hash was made with other parameters than today's. Ask after a good sign-in."""
    return HASHER.check_needs_rehash(stored)


@cache
def _common() -> frozenset[str]:
    lines = Path(__file__).with_name("common_passwords.txt").read_text("utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def _parts(word: str) -> set[str]:
    """A name and its pieces, as far as they are long enough to mean something."""
    folded = word.casefold()
    pieces = {folded, *re.split(r"[\s@._·-]+", folded)}
    return {p for p in pieces if len(p) >= 3 or (len(p) == 2 and not p.isascii())}


def _unguessed(password: str, own: frozenset[str]) -> int:
    """Fewest characters left over when known pieces are laid over the password."""
    folded = password.casefold()
    if re.fullmatch(r"(.{1,4}?)\1+.{0,3}", folded, re.DOTALL):
        return 0
    spellings = (folded, folded.translate(_LEET))
    known = _common() | own
    longest = max(map(len, known))
    left = [0]  # left[i]: for the first i characters
    for end in range(1, len(folded) + 1):
        fewest = left[end - 1] + 1
        for start in range(max(0, end - longest), end - 1):
            if left[start] < fewest and any(
                text[start:end] in known or _is_guessable(text[start:end]) for text in spellings
            ):
                fewest = left[start]
        left.append(fewest)
    return left[-1]


def _is_guessable(text: str) -> bool:
    """A year or date, one character repeated, a stretch of keys or letters in either direction."""
    if len(text) < 3:
        return False
    if len(set(text)) == 1 or _DATE.fullmatch(text):
        return True
    return any(text in row or text[::-1] in row for row in _ROWS)
