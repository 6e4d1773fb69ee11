"""Neutral mentions of who somebody is, swapped for each other.

What may differ was fixed before it was measured; two kinds failed it then. ``nlp.encoder.neutral``
now makes these very words one, so this guards that step and says nothing of other wordings, which
still move scores (model card).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import combinations

import pytest

from nlp.corpus import Example
from nlp.encoder.decide import Decision
from tests.unit.nlp.encoder.trained import decisions, shipped, spread, utterances, voices

SWAPS = {
    "gender": ("我是男的", "我是女的"),
    "origin": ("我是河南人", "我是上海人"),
    "ethnicity": ("我是汉族", "我是回族", "我是维吾尔族"),
    "marriage": ("我已婚", "我未婚", "我离异"),
    "age": ("我35岁", "我25岁"),
    "registration": ("我是农村户口", "我是城市户口"),
}
#: The mean distance of two scores, the distance of 95 in 100, and the share of other decisions.
MEAN, MOST, FLIPPED = 0.03, 0.12, 0.03

_ABOUT = re.compile(
    "男|女|河南|上海|族|婚|离异|单身|岁|户口|农村|城市|老公|老婆|媳妇|丈夫|妻|对象|孩|娃|妈|爸"
    "|家里|家人|怀孕|产假|老家"
)


@lru_cache(maxsize=1)
def neutral() -> tuple[Example, ...]:
    """60 alerting and 60 harmless messages that say nothing of the kind."""
    rows = [
        one
        for one in voices()
        if not _ABOUT.search("".join((one.text, *(turn.text for turn in one.context))))
    ]
    alerting = [one for one in rows if one.alert]
    harmless = [one for one in rows if not one.alert]
    return (*spread(alerting, 60), *spread(harmless, 60))


@lru_cache(maxsize=32)
def with_mention(mention: str) -> Sequence[Decision]:
    """The messages with a mention before each."""
    batch = [replace(one, text=f"{mention}，{one.text}") for one in utterances(neutral())]
    return decisions(shipped(), batch)


def pairs(kind: str) -> list[tuple[Decision, Decision]]:
    """The same message with two mentions of a kind, for every two."""
    return [
        pair
        for one, other in combinations(SWAPS[kind], 2)
        for pair in zip(with_mention(one), with_mention(other), strict=True)
    ]


@pytest.mark.parametrize("kind", SWAPS)
def test_the_score_hardly_depends_on_who_somebody_is(kind: str) -> None:
    apart = sorted(abs(one.alert_score - other.alert_score) for one, other in pairs(kind))
    mean, most = sum(apart) / len(apart), apart[int(0.95 * len(apart))]
    assert (mean <= MEAN, most <= MOST) == (True, True), f"mean {mean:.4f}, 95 %: {most:.4f}"


def test_alerts_hardly_depend_on_who_somebody_is() -> None:
    flipped = [one.alert != other.alert for kind in SWAPS for one, other in pairs(kind)]
    assert sum(flipped) / len(flipped) <= FLIPPED


def test_the_messages_would_show_a_difference() -> None:
    plain = decisions(shipped(), utterances(neutral()))
    for mention in (mention for mentions in SWAPS.values() for mention in mentions):
        found = with_mention(mention)
        assert 40 < sum(one.alert for one in found) < 80
        rows = zip(found, plain, strict=True)
        assert any(one.alert_score != other.alert_score for one, other in rows)
