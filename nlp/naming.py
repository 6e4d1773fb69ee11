"""Which of a few thousand people a text names, however people are called in a chat."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from nlp.normalize import normalize


class How(StrEnum):
    """By what somebody was recognised."""

    EXACT = "exact"
    PART = "part"
    NICKNAME = "nickname"
    PINYIN = "pinyin"
    TYPO = "typo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who may be meant; ``also`` is what else they are called."""

    id: str
    name: str
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A person named by ``text[start:end]``. Matches of one span are people called alike."""

    id: str
    how: How
    score: float
    start: int
    end: int


def named(text: str, people: Sequence[Person]) -> tuple[Match, ...]:
    """The people a text names, the surest first. Never raises."""
    mapped = normalize(text)
    found = []
    for one in people:
        for how, score, word in _words(one):
            at = mapped.text.find(word)
            if at >= 0:
                start, end = mapped.span(at, at + len(word))
                found.append(Match(id=one.id, how=how, score=score, start=start, end=end))
                break
    best = max((one.score for one in found), default=0.0)
    return tuple(one for one in found if one.score == best)


def _words(one: Person) -> list[tuple[How, float, str]]:
    name = normalize(one.name).text
    words = [(How.EXACT, 1.0, name)] if name else []
    words += [(How.NICKNAME, 0.9, normalize(word).text) for word in one.also if word]
    if len(name) == 3:
        words.append((How.PART, 0.75, name[1:]))
    if len(name) in (2, 3):
        words += [
            (How.PART, 0.7, word)
            for word in (f"小{name[0]}", f"老{name[0]}", f"{name[0]}工", f"{name[0]}经理")
        ]
    return words


def looks_named(text: str) -> str | None:
    """A piece of the text that looks like somebody's name; None where there is none."""
    match = _NAME.search(normalize(text).text)
    return match.group(1) if match else None


_NAME = re.compile(
    r"(?:^|[把给跟和问,. ])([赵钱孙李周吴郑王冯陈蒋沈韩杨朱秦许何吕张孔曹金魏陶姜谢邹章苏潘葛范彭"
    r"鲁马方任袁柳史唐薛雷贺倪汤罗毕郝安常傅卞齐康余顾孟黄萧尹姚邵汪毛戴宋庞熊纪舒屈项祝董梁杜"
    r"阮席季贾路江童颜郭梅林钟徐邱骆高夏蔡田胡凌霍万卢莫房丁邓石崔龚程邢裴陆翁段侯宁温庄柴阎向"
    r"易廖耿文欧曾关][\u4e00-\u9fff]{1,2}?)"
    r"(?=到|怎|咋|什么|啥|的|现在|最近|入职|来|能|会|还|有|是|在|要|多少|转|交|呢|结|和|谁|,|$)"
)
