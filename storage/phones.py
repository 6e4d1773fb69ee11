"""One way to write a phone number, so that equal numbers are equal texts."""

from __future__ import annotations

import re
import unicodedata

# Separators people type inside numbers; NFKC has already folded the full-width ones.
_PHONE_NOISE = re.compile(r"[\s().\-/\u00ad\u200b-\u200f\u2010-\u2015\u2060-\u2064\u2212\ufeff]")
_CN_MOBILE = r"1[3-9]\d{9}"
_CN_FIXED = r"(?:10|2\d)\d{8}|[3-9]\d{2}\d{7,8}"
_REGIONS = re.compile(
    rf"86(?:{_CN_MOBILE}|{_CN_FIXED})|852[2-9]\d{{7}}|853[268]\d{{7}}|886(?:9\d{{8}}|[2-8]\d{{7,8}})",
    re.ASCII,
)


def normalise_phone(text: str) -> str | None:
    """A number in the form of ITU-T E.164 (``+8613812345678``), or None if it is none.

    Without a country code it is read as mainland China. Hong Kong, Macau and Taiwan need theirs:
    eight digits alone could be a fixed line anywhere.
    """
    if len(text) > 64:
        return None
    folded = _PHONE_NOISE.sub("", unicodedata.normalize("NFKC", text))
    folded = "".join(str(unicodedata.decimal(c, c)) for c in folded)
    if not re.fullmatch(r"\+?[0-9]{7,20}", folded):
        return None
    if folded.startswith(("+", "00")):
        digits, explicit = re.sub(r"^(?:\+|00)", "", folded), True
    else:
        digits, explicit = folded, False
        if re.fullmatch(rf"0?{_CN_MOBILE}|0(?:{_CN_FIXED})", digits):
            digits = "86" + digits.removeprefix("0")
    digits = re.sub(r"^(86|886)0", r"\1", digits)  # +86 010..., +886 0912...: the trunk zero
    if _REGIONS.fullmatch(digits):
        return "+" + digits
    elsewhere = explicit and not digits.startswith(("86", "852", "853", "886"))
    return "+" + digits if elsewhere and re.fullmatch(r"[1-9]\d{6,14}", digits) else None
