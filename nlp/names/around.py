"""Whether a stretch of text can be a name where it stands: no part of a word, no part of another
name, and, where it is a word itself, in a place where people are named.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from nlp.names import compound, doubtful, given, known_names, surnames
from nlp.segment import frequency, segment

#: From here on the dictionary's corpus has a word often enough to be one.
ORDINARY = 20
_SEEN, _COMMON, _LONGEST_WORD, _AHEAD = 1, 500, 6, 8
#: What stands before a name in a question, and behind it.
BEFORE = re.compile(
    r"(?:^|[^\w]|[把给跟和与同问查看叫找催帮请让对那说看谁是将及、]|候选人|同学|关于|了解|一下|还有|知道|想问|看下|查下)$"
)
AFTER = re.compile(
    r"$|[^\w]|的?(?:进度|进展|情况|状态|流程|面试|风险|预警|问卷|入职|到岗|报到|薪|工资|资料|档案|简历|事|审批|背调|体检|offer)"
    r"|到(?!底|处)|走到|卡|怎|咋|啥|什么|为什么|为啥|何时|哪|多[少久大]|几|能(?:来|不|入|到)|会(?![议计员场])|还(?!原)"
    r"|有没|有(?:什么|啥|戏|动静|消息|信|点|风险|问题|对象|孩子)|是(?![的])|来(?!自)|现在|目前|最近|[今明昨]天|[这下本上]周|[那这][边个人]"
    r"|挺|以后|人(?!事)|开|的|[呢吗嘛了呀啊吧和跟与比他她谈标想填写收面收推定交转让回答接签办离拒黄凉飞悬跑稳嫌要在不没可已算拿给需谁聊说讲发]"
    r"|下一步|先生|女士|同学|老师|结婚|怀孕|家|身体|先|也|都|换|移|某|offer|入职|到岗|报到|报道|问卷|回访|进度"
)
#: Stronger: only of a person one asks this.
STRONG = re.compile(
    r"\s*(?:的?(?:进度|进展|入职|到岗|报到|offer|审批)"
    r"|(?:现在|目前|最近|最后|到底|究竟|那边|这边|今天|明天|下周|这周|那个|的|还|他|她|,| )*"
    r"(?:(?:到|走到|卡在?|办到)(?:哪|什么|第几|几|了哪)"
    r"|(?:什么|啥)时候(?:能|会|可以|才)?(?:来|入|到|报|上|面)|来不来|来了没|来报到|会不会来|会来吗"
    r"|来(?:吗|不)|能来吗|签了?(?:吗|没|offer))|呢?[?]?$)"
)


#: In the dictionary, and yet two people.
_TWO_NAMES = "张三李四"


def hanzi(char: str) -> bool:
    return "\u3400" <= char <= "\u9fff"


@dataclass(frozen=True)
class Place:
    """A normalised text, asked about stretches of it. ``typed``: the same as it was typed, for
    words that are others by now (喇叭, 乾安县)."""

    text: str
    typed: str = ""

    @cached_property
    def edges(self) -> frozenset[int]:
        """Where words begin and end."""
        at, edges = 0, [0]
        for word in segment(self.text):
            at += len(word)
            edges.append(at)
        return frozenset(edges)

    def inside_word(self, start: int, end: int) -> bool:
        """Whether a longer word of the dictionary covers the stretch."""
        size = len(self.text)
        for first in range(max(0, end - _LONGEST_WORD), start + 1):
            for last in range(end, min(size, first + _LONGEST_WORD) + 1):
                if (first < start or last > end) and (
                    self._is_word(self.text[first:last]) or self._is_word(self.typed[first:last])
                ):
                    return True
        return False

    def _is_word(self, text: str) -> bool:
        """In the dictionary, and not as the name of somebody famous."""
        seen = 0 if text == _TWO_NAMES else frequency(text)
        return seen >= _SEEN and (seen >= ORDINARY or text not in known_names())

    def word(self, start: int, end: int) -> bool:
        """Whether the stretch is a word by itself, and not only as somebody's name."""
        text = self.text[start:end]
        seen = frequency(text)
        return seen >= ORDINARY and (seen >= _COMMON or text not in known_names())

    def common(self, start: int, end: int) -> bool:
        """Whether it is a word that everybody says."""
        return frequency(self.text[start:end]) >= _COMMON

    def goes_on(self, end: int) -> bool:
        """Whether what follows is another character of a given name."""
        char = self.text[end : end + 1]
        if char not in given() or not char:
            return False
        return len(segment(self.text[end : end + _AHEAD])[0]) == 1

    def begun(self, start: int) -> bool:
        """Whether a family name stands before, which the stretch would be the rest of."""
        before = self.text[max(0, start - 2) : start]
        if len(before) == 2 and before in compound():
            return True
        last = before[-1:]
        if last not in surnames() or last in doubtful() or last in LEADS:
            return False
        return len(segment(self.text[max(0, start - 4) : start])[-1]) == 1

    def free(self, start: int, end: int) -> bool:
        """Whether no word is cut apart at either end of the stretch."""
        return start in self.edges and end in self.edges

    def placed(self, start: int, end: int) -> bool:
        """Whether people are named where the stretch stands."""
        return bool(BEFORE.search(self.text[:start])) and bool(AFTER.match(self.text, end))

    def asked(self, start: int, end: int) -> bool:
        """The same, and only of a person one would ask what follows."""
        return bool(BEFORE.search(self.text[:start])) and bool(STRONG.match(self.text, end))


#: Family names that lead up to a name more often than they begin one.
LEADS = frozenset("查找问请连从应管经单关顾须别容方支解成明全齐许易项包水权阳相多师便催")
