"""One way to write a phone number, so that equal numbers are equal texts."""

from __future__ import annotations

import re
import unicodedata

# Separators people type inside numbers; NFKC has already folded the full-width ones.
_NOISE = re.compile(r"[\s().\-/\u00ad\u200b-\u200f\u2010-\u2015\u2060-\u2064\u2212\ufeff]")
CN_MOBILE = r"1[3-9][0-9]{9}"
CN_FIXED = r"(?:10|2[0-9])[0-9]{8}|[3-9][0-9]{2}[0-9]{7,8}"
_MAINLAND = re.compile(rf"0?{CN_MOBILE}|0(?:{CN_FIXED})")
_REGIONS = re.compile(
    rf"86(?:{CN_MOBILE}|{CN_FIXED})"
    r"|852[2-9][0-9]{7}|853[268][0-9]{7}|886(?:9[0-9]{8}|[2-8][0-9]{7,8})"
)


def fold_phone(text: str) -> str:
    """Digits in ASCII, separators gone, everything else as it was; empty if far too long."""
    if len(text) > 64:
        return ""
    folded = _NOISE.sub("", unicodedata.normalize("NFKC", text))
    return "".join(str(unicodedata.decimal(c, c)) for c in folded)


def normalise_phone(text: str) -> str | None:
    """A number in the form of ITU-T E.164 (``+8613812345678``), or None if it is none.

    Without a country code it is read as mainland China. Hong Kong, Macau and Taiwan need theirs:
    eight digits alone could be a fixed line anywhere.
    """
    folded = fold_phone(text)
    if not re.fullmatch(r"\+?[0-9]{7,20}", folded):
        return None
    digits = re.sub(r"^(?:\+|00)", "", folded)
    explicit = digits != folded
    if not explicit and _MAINLAND.fullmatch(digits):
        digits = "86" + digits.removeprefix("0")
    digits = re.sub(r"^(86|886)0", r"\1", digits)  # +86 010..., +886 0912...: the trunk zero
    if _REGIONS.fullmatch(digits):
        return "+" + digits
    elsewhere = explicit and not digits.startswith(("86", "852", "853", "886"))
    return "+" + digits if elsewhere and re.fullmatch(r"[1-9][0-9]{6,14}", digits) else None
