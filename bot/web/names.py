"""People's names in what people write: the whole name, and what they are called in a chat.

``mask_free_text`` finds numbers and addresses by their shape. A name has none: it is found
because somebody knows whose it is. Called names (小张, 张工, 三丰哥), spelling in pinyin and
traditional script are found too; a syllable or letter alone is not, it is mostly something else.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

import opencc
from pypinyin import lazy_pinyin

from bot.web.masking import COMPOUND_SURNAMES

SOMEBODY = "某某"

_TITLES = """
工 总 哥 姐 叔 董 导 先生 女士 小姐 同学 老师 经理 部长 主管 博士 师傅 总监 主任 帅哥 美女
"""
#: Words that are seldom somebody's nickname when they look like one.
_ORDINARY = """
小时 小于 小心 老师 老是 老家 刚刚 天天 好好 明明 人人 慢慢 常常 想想 看看 试试 多多
"""
_PART = re.compile(r"[·•・.\s]+")
_INVISIBLE = ("Cf", "Cc", "Mn", "Me")


def mask_names(text: str, names: Iterable[str]) -> str:
    """A text in which these people are called 某某.

    >>> mask_names("我是張三豐，叫我小张或三丰就行", ["张三丰"])
    '我是某某，叫我某某或某某就行'
    """
    pattern = _pattern(tuple(sorted({name for name in names if name.strip()})))
    if pattern is None:
        return text
    folded, places = _fold(text)
    parts, done = [], 0
    for match in pattern.finditer(folded):
        parts += [text[done : places[match.start()]], SOMEBODY]
        done = places[match.end() - 1] + 1
    return "".join(parts) + text[done:]


def called(name: str) -> frozenset[str]:
    """What a person of this name is called, folded; Chinese only, spelling is beside it."""
    whole = _fold(name)[0].strip()
    pieces = [piece for piece in _PART.split(whole) if piece]
    joined = "".join(pieces)
    if len(joined) < 2:
        return frozenset()
    if len(pieces) > 1 or not _is_chinese(joined) or len(joined) > 4:
        return frozenset({whole, joined, *(piece for piece in pieces if len(piece) > 1)})
    size = 2 if len(joined) > 2 and joined[:2] in COMPOUND_SURNAMES else 1
    surname, given = joined[:size], joined[size:]
    found = {f"{before}{surname}" for before in "小老阿"}
    found |= {f"{surname}{title}" for title in _TITLES.split()}
    for one in given:
        found |= {f"小{one}", f"阿{one}", f"{one}哥", f"{one}姐", one + one}
    found -= set(_ORDINARY.split())
    return frozenset(found | {joined} | ({given} if len(given) > 1 else set()))


def spelt(name: str) -> frozenset[tuple[str, ...]]:
    """A Chinese name in pinyin, a syllable each: in both orders, and the given name alone."""
    joined = _PART.sub("", _fold(name)[0])
    if not _is_chinese(joined) or not 2 <= len(joined) <= 4:
        return frozenset()
    syllables = tuple(lazy_pinyin(joined))
    size = 2 if len(joined) > 2 and joined[:2] in COMPOUND_SURNAMES else 1
    surname, given = syllables[:size], syllables[size:]
    alone = {given} if len(given) > 1 else set()
    return frozenset({syllables, given + surname} | alone)


@lru_cache(maxsize=256)
def _pattern(names: tuple[str, ...]) -> re.Pattern[str] | None:
    """One pattern for all of them; longer names first, so that nothing of one is left over."""
    words = {word for name in names for word in called(name)}
    spellings = {spelling for name in names for spelling in spelt(name)}
    choices = [(len(word), _spaced(word)) for word in words]
    choices += [
        (len("".join(spelling)), rf"(?<![a-z]){'[ _.-]?'.join(spelling)}(?![a-z])")
        for spelling in spellings
    ]
    if not choices:
        return None
    longest = sorted(choices, key=lambda choice: (-choice[0], choice[1]))
    return re.compile("|".join(pattern for _, pattern in longest))


def _spaced(word: str) -> str:
    if _is_chinese(word):
        return "[ ·]?".join(word)
    return rf"(?<![a-z]){re.escape(word)}(?![a-z])"


def _is_chinese(word: str) -> bool:
    return all("\u3400" <= character <= "\u9fff" for character in word)


def _fold(text: str) -> tuple[str, list[int]]:
    """The text in one form, and where each of its characters stands in the original."""
    folded: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        for one in _fold_character(character):
            folded.append(one)
            places.append(place)
    return "".join(folded), places


@lru_cache(maxsize=8192)
def _fold_character(character: str) -> str:
    read = unicodedata.normalize("NFKC", character).lower()
    kept = "".join(one for one in read if unicodedata.category(one) not in _INVISIBLE)
    return _simplified().convert(kept) if kept and not kept.isascii() else kept


@lru_cache(maxsize=1)
def _simplified() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")
