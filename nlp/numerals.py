"""Chinese numerals as people type them: 一万八, 两千五, 十八, 1万8, 壹万捌仟."""

from __future__ import annotations

_DIGITS = {
    char: value
    for value, chars in enumerate(
        ("零〇", "一壹", "二贰两俩", "三叁仨", "四肆", "五伍", "六陆", "七柒", "八捌", "九玖")
    )
    for char in chars
}
_UNITS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_TEN_THOUSAND = "万"

#: Characters a numeral may consist of, for use inside a character class.
NUMERAL = "".join(_DIGITS) + "".join(_UNITS) + _TEN_THOUSAND


def numeral(text: str) -> float | None:
    """The value of a Chinese or mixed numeral, None when it is none.

    A digit left over at the end counts in the next lower unit: 一万八 is 18,000.
    """
    if not text:
        return None
    if _TEN_THOUSAND in text:
        head, _, tail = text.partition(_TEN_THOUSAND)
        high = _plain(head)
        low = _tail(tail, 1000.0)
        if high is None or low is None:
            return None
        return high * 10_000 + low
    return _plain(text)


def _plain(text: str) -> float | None:
    if text.replace(".", "", 1).isascii() and text.replace(".", "", 1).isdigit():
        return float(text)
    if not any(char in _UNITS for char in text):
        return _digits(text)
    total, pending, last = 0.0, None, 1.0
    for char in text:
        if char in _UNITS:
            last = float(_UNITS[char])
            total += (1.0 if pending is None else pending) * last
            pending = None
        elif char in _DIGITS:
            if _DIGITS[char] == 0:
                last = 10.0
                continue
            pending = float(_DIGITS[char])
        elif char.isascii() and char.isdigit():
            pending = float(char) if pending is None else pending * 10 + float(char)
        else:
            return None
    if pending is not None:
        total += pending * (last / 10 if last >= 100 else 1.0)
    return total


def _digits(text: str) -> float | None:
    """A bare digit (三), or digits read out (二零二六)."""
    value = 0.0
    for char in text:
        if char not in _DIGITS:
            return None
        value = value * 10 + _DIGITS[char]
    return value


def _tail(text: str, unit: float) -> float | None:
    """What follows 万: nothing, a bare digit (八 = 8,000), or a smaller numeral."""
    if not text:
        return 0.0
    if len(text) == 1:
        one = _plain(text)
        return None if one is None else one * unit
    return _plain(text.lstrip("零〇") or "零")
