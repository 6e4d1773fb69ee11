"""What names are made of: family names, characters of given names, titles, what stands beside one.

Every list is a plain text file anyone can edit; ``#`` begins a remark.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from importlib import resources
from importlib.util import find_spec
from pathlib import Path


def read(name: str) -> Iterator[str]:
    """The words of one list, in its order."""
    source = resources.files(__name__).joinpath(f"{name}.txt").read_text(encoding="utf-8")
    for line in source.splitlines():
        if not line.startswith("#"):
            yield from line.split()


@lru_cache(maxsize=1)
def surnames() -> frozenset[str]:
    """Family names of one character that mostly are one, and those of two."""
    return frozenset(part for word in read("surnames") if word[0] != "?" for part in _apart(word))


@lru_cache(maxsize=1)
def doubtful() -> frozenset[str]:
    """Family names that mostly are another word (于, 和): only with a whole given name."""
    return frozenset("".join(word for word in read("surnames") if word[0] == "?")) - {"?"}


@lru_cache(maxsize=1)
def compound() -> frozenset[str]:
    """Family names of two characters."""
    return frozenset(word for word in surnames() if len(word) > 1)


@lru_cache(maxsize=1)
def given() -> frozenset[str]:
    """Characters of given names that seldom follow a name for another reason."""
    return frozenset("".join(read("given")))


@lru_cache(maxsize=1)
def titles() -> tuple[str, ...]:
    """What stands behind a family name, the longest first."""
    return tuple(sorted(read("titles"), key=lambda word: (-len(word), word)))


@lru_cache(maxsize=1)
def not_names() -> frozenset[str]:
    """Words that look like a name, or like what somebody is called, and are none."""
    return frozenset(read("not_names"))


def tagged(tag: str) -> Iterator[str]:
    """Words of one part of speech in the segmenter's dictionary; reads its file (about 0.3 s)."""
    spec = find_spec("jieba")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("jieba's dictionary")
    with Path(spec.origin).with_name("dict.txt").open(encoding="utf-8") as lines:
        for line in lines:
            word, _, kind = line.split()
            if kind.startswith(tag):
                yield word


@lru_cache(maxsize=1)
def known_names() -> frozenset[str]:
    """Words the segmenter's dictionary has as somebody's name (李四, 孙悦)."""
    return frozenset(
        word
        for word in tagged("nr")
        if 2 <= len(word) <= 3 and word[0] in surnames() and word not in not_names()
    )


def cut(name: str) -> tuple[str, str]:
    """Family and given name of a Chinese name.

    >>> cut("欧阳娜"), cut("张三")
    (('欧阳', '娜'), ('张', '三'))
    """
    size = 2 if len(name) > 2 and name[:2] in compound() else 1
    return name[:size], name[size:]


def _apart(word: str) -> Iterator[str]:
    return iter((word,)) if len(word) == 2 else iter(word)
