"""Noisy copies of messages, as people, keyboards and voice input make them.

Every function takes its own random generator, so the same seed gives the same copies. Labels do
not change: whoever types xinzi means 薪资.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Callable
from functools import lru_cache
from importlib import resources

import jieba
import opencc
from pypinyin import Style, lazy_pinyin

Noise = Callable[[str, random.Random], str]

_MARKS = "*.·-_/ 、~|"
_FACES = (
    "[捂脸]",
    "[苦笑]",
    "😂",
    "😅",
    "～",
    "…",
    "哈",
    "[呲牙]",
    "🙏",
    "emmm",
    "。。。",
    "[抱拳]",
)
_PUNCTUATION = re.compile(r"[，。！？；、,.!?;：:~～…]+")
_CHINESE = re.compile(r"[一-鿿]")
#: Words people hide or misspell when they talk about pay, other ways and leaving.
LOADED = (
    "薪资|工资|薪水|待遇|涨薪|加薪|加钱|offer|考虑|再想想|拒绝|放弃|离职|辞职|跳槽|入职|报到|别家|另一家|"
    "其他公司|挽留|违约|毁约|加班|外包|裁员|犹豫|不去|不来|不想|不干|算了|面试|合同|试用期|年终奖|公积金"
)
_LOADED = re.compile(LOADED)


def noisy(text: str, chance: random.Random) -> str:
    """One or two kinds of noise on a message."""
    kinds = chance.sample(NOISES, k=1 if chance.random() < 0.7 else 2)
    for noise in kinds:
        text = noise(text, chance)
    return text


def evasive(text: str, chance: random.Random) -> str:
    """Hide every loaded word one way or another; a text without one gets homophones."""

    def hidden(match: re.Match[str]) -> str:
        return chance.choice((_split, _pinyin_word, _sounding))(match.group(), chance)

    changed = _LOADED.sub(hidden, text)
    return changed if changed != text else homophones(text, chance)


def introduced(text: str, chance: random.Random) -> str:
    """Who somebody is, said in passing before or after it: that decides nothing by itself."""
    clause = chance.choice(_who())
    if chance.random() < 0.6:
        return f"{clause}{chance.choice('，，， ')}{text}"
    return f"{text.rstrip('。')}{chance.choice('，，。 ')}{clause}"


def homophones(text: str, chance: random.Random) -> str:
    """A word or two written with other characters of the same sound."""
    places = [at for at, char in enumerate(text) if _CHINESE.match(char) and _alike(char)]
    letters = list(text)
    for at in chance.sample(places, k=min(len(places), 1 + len(text) // 18)):
        letters[at] = chance.choice(_alike(letters[at]))
    return "".join(letters)


def unpunctuated(text: str, chance: random.Random) -> str:
    """No punctuation, or spaces for it."""
    return _PUNCTUATION.sub(chance.choice(("", " ")), text).strip() or text


def traditional(text: str, chance: random.Random) -> str:
    """Traditional script, by phrase."""
    converted = str(_converter(chance.choice(("s2t", "s2hk", "s2tw"))).convert(text))
    return converted if converted.strip() else text  # it ends at a NUL


def faced(text: str, chance: random.Random) -> str:
    """An emoji, a softener or a laugh after it."""
    return text.rstrip("。") + chance.choice(_FACES) * chance.choice((1, 1, 2))


def broken(text: str, chance: random.Random) -> str:
    """Sent as several messages."""
    pieces = [piece for piece in _PUNCTUATION.split(text) if piece.strip()]
    if len(pieces) < 2:
        return text
    at = chance.randrange(1, len(pieces))
    return "，".join(pieces[:at]) + "\n" + "，".join(pieces[at:])


def hidden(text: str, chance: random.Random) -> str:
    """One loaded word split, spelt in pinyin or misspelt."""
    found = list(_LOADED.finditer(text))
    if not found:
        return homophones(text, chance)
    match = chance.choice(found)
    change = chance.choice((_split, _pinyin_word, _sounding))
    return text[: match.start()] + change(match.group(), chance) + text[match.end() :]


def clumsy(text: str, chance: random.Random) -> str:
    """A character lost, doubled, or two swapped."""
    if len(text) < 8:
        return text
    at = chance.randrange(1, len(text) - 1)
    kind = chance.randrange(3)
    if kind == 0:
        return text[:at] + text[at + 1 :]
    if kind == 1:
        return text[:at] + text[at] + text[at:]
    return text[: at - 1] + text[at] + text[at - 1] + text[at + 1 :]


def opened(text: str, chance: random.Random) -> str:
    """Words before it that mean nothing."""
    return (
        chance.choice(
            ("嗯，", "那个…", "您好，", "哈喽 ", "是这样的，", "额 ", "在吗，", "hr您好，")
        )
        + text
    )


NOISES: tuple[Noise, ...] = (
    homophones,
    unpunctuated,
    unpunctuated,
    traditional,
    faced,
    broken,
    hidden,
    hidden,
    clumsy,
    opened,
)


def _split(word: str, chance: random.Random) -> str:
    return chance.choice(_MARKS).join(word)


def _pinyin_word(word: str, chance: random.Random) -> str:
    if word.isascii():
        return _split(word, chance)
    spelt = lazy_pinyin(word)
    if chance.random() < 0.4:  # half the word only
        at = chance.randrange(len(word))
        return word[:at] + spelt[at] + word[at + 1 :]
    return "".join(spelt)


def _sounding(word: str, chance: random.Random) -> str:
    """At least one character written as another of the same sound; split when none has one."""
    places = [at for at, char in enumerate(word) if _alike(char)]
    if not places:
        return _split(word, chance)
    sure = chance.choice(places)
    return "".join(
        chance.choice(_alike(char))
        if at == sure or (at in places and chance.random() < 0.5)
        else char
        for at, char in enumerate(word)
    )


@lru_cache(maxsize=1)
def _by_sound() -> dict[str, list[str]]:
    """Common characters by toneless sound. jieba's dictionary says how common they are."""
    jieba.initialize()
    counts: dict[str, int] = defaultdict(int)
    for word, count in jieba.dt.FREQ.items():
        for char in word:
            if _CHINESE.match(char):
                counts[char] += count
    common = sorted(counts, key=lambda char: -counts[char])[:2500]
    sounds: dict[str, list[str]] = defaultdict(list)
    for char in common:
        sounds[lazy_pinyin(char, style=Style.NORMAL)[0]].append(char)
    return sounds


@lru_cache(maxsize=8192)
def _alike(char: str) -> tuple[str, ...]:
    """The six commonest other characters of the same sound."""
    if not _CHINESE.match(char):
        return ()
    sound = lazy_pinyin(char, style=Style.NORMAL)[0]
    return tuple(other for other in _by_sound()[sound] if other != char)[:6]


@lru_cache(maxsize=1)
def _who() -> tuple[str, ...]:
    lines = (resources.files("nlp.learning") / "who.txt").read_text(encoding="utf-8").splitlines()
    return tuple(line for line in lines if line and not line.startswith("#"))


@lru_cache(maxsize=4)
def _converter(name: str) -> opencc.OpenCC:
    return opencc.OpenCC(name)
