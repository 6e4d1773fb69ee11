"""What a comparison looks at, as numbers. Everything here is a pure function of two texts."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from nlp.likeness.lexicon import fields, neighbourhood
from nlp.likeness.said import Said
from nlp.segment import frequency, segment

#: Columns, in order; the keys of ``weights.json``.
NAMES = (
    "words",  # rare words of what they want that the role has too
    "words_away",  # the same of what they do not want
    "grams",  # two characters in a row, for what the segmenter cuts otherwise
    "field",  # the same lines of work
    "field_away",
    "near",  # a neighbour of the role's line of work
    "elsewhere",  # a line of work is named, and it is neither the role's nor a neighbour
    "lead",  # wants to lead, and the role does or grows there
    "lead_away",  # does not want to lead, and the role does
    "leaves",  # leads out of here, whatever else is said
    "open",  # anything will do
)
_HAN = re.compile(r"[\u4e00-\u9fff]{2,}")
_EMPTY = re.compile(r"^(?:[\W\d_]+|[a-z])$")
#: Words every plan and every role has.
_COMMON_WORDS = """
以后 将来 希望 目标 工作 岗位 公司 想要 喜欢 愿意 先从 做起
一步步 长期 一直 现在 自己 发展 方向 目前 比较 可以 负责 能够
一年 两年 三年 五年 几年 半年 应届 毕业 专业 经验 学习 成为
最后 最好 没有 问题 地方 东西 事情 时候 觉得 应该
"""
_COMMON = frozenset(_COMMON_WORDS.split())
#: How somebody wants to work, not at what.
_LEAD, _CRAFT = "lead", "craft"

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """One text as counts: words by weight, pairs of characters, lines of work."""

    words: Mapping[str, float]
    grams: frozenset[str]
    fields: Mapping[str, float]


@lru_cache(maxsize=2048)
def counts(text: str) -> Counts:
    """Count a normalised, masked text."""
    words = {
        word: _rare(word)
        for word in segment(text)
        if len(word) > 1 and not _EMPTY.match(word) and word not in _COMMON
    }
    grams = frozenset(run[i : i + 2] for run in _HAN.findall(text) for i in range(len(run) - 1))
    return Counts(words=words, grams=grams - _COMMON, fields=fields(text))


def features(plan: Said, role: Counts, title: Counts) -> Numbers:
    """One row, in the order of ``NAMES``. ``title`` counts of the role's title alone."""
    wanted, unwanted = counts(plan.wanted), counts(plan.unwanted)
    own = _trades(role.fields, title.fields)
    towards, away = _trades(wanted.fields), _trades(unwanted.fields)
    field, near = _cosine(towards, own), _cosine(_blocks(towards), _blocks(own))
    # Of somebody on the way out, or whom anything suits, shared words say less.
    holds = (1.0 - 0.7 * plan.leaves) * (1.0 - 0.4 * plan.open)
    named = max(towards.values(), default=0.0)
    leads = min(1.0, role.fields.get(_LEAD, 0.0) / 2 + title.fields.get(_LEAD, 0.0))
    is_lead = min(1.0, title.fields.get(_LEAD, 0.0))
    return np.array(
        [
            _shared(wanted.words, role.words) * holds,
            _shared(unwanted.words, role.words),
            min(1.0, len(wanted.grams & role.grams) / 4) * holds,
            field * holds,
            _cosine(away, own),
            max(0.0, near - field) * holds,
            float(named >= 1 and near == 0),
            min(1.0, wanted.fields.get(_LEAD, 0.0)) * leads,
            min(1.0, unwanted.fields.get(_LEAD, 0.0)) * is_lead,
            float(plan.leaves),
            float(plan.open),
        ]
    )


def _shared(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """The weight of shared words, 0 to 1; one rare word is half of it, two are most."""
    weight = sum(value for word, value in one.items() if word in other)
    return weight / (weight + 1)


def _cosine(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    if not one or not other:
        return 0.0
    dot = sum(value * other.get(key, 0.0) for key, value in one.items())
    return dot / math.sqrt(sum(v * v for v in one.values()) * sum(v * v for v in other.values()))


def _trades(*found: Mapping[str, float]) -> dict[str, float]:
    """Lines of work, the root of their weight: two words say more than one, but not twice."""
    total: dict[str, float] = {}
    for name, value in (pair for one in found for pair in one.items()):
        if name not in (_LEAD, _CRAFT):
            total[name] = total.get(name, 0.0) + value
    return {key: math.sqrt(value) for key, value in total.items()}


def _blocks(trades: Mapping[str, float]) -> dict[str, float]:
    """The same by neighbourhood, where the strongest speaks for all."""
    found: dict[str, float] = {}
    for name, value in trades.items():
        block = str(neighbourhood(name))
        found[block] = max(found.get(block, 0.0), value)
    return found


def _rare(word: str) -> float:
    """How much a shared word says, 0.1 to 1.3: the logarithm of how rare it is in Chinese."""
    return max(0.1, (16 - math.log1p(frequency(word))) / 12)
