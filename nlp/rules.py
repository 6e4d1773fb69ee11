"""The rules of the scheme over cues: what one normalised message comes to.

``judge`` gathers what is found (cues, sums, days), then decides in the scheme's order: which
half of the message counts, whose words they are, how sure the speaker is, what it is about.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from nlp import lexicon
from nlp.amounts import sums
from nlp.clauses import Clauses
from nlp.dates import Found as Day
from nlp.dates import dates
from nlp.match import Found, Taken, matches
from nlp.reading import Turn
from nlp.scheme import SIGNAL_INTENTS, Condition, Intent
from nlp.turns import asked, delayed_before

_QUESTION = re.compile(
    r"\?|吗|么(?:$|[,。~])|呢(?:$|[,。~])|请问|想问|问下|问一下|能不能|能否|可否|可不可以|是否|是不是|有没有|多少|"
    r"怎么(?!样也)|什么|几[号点天个月]|哪|(?:吧|不)(?:\?)|方便.{0,3}吗|还能.{0,4}谈|可以.{0,8}(?:吗|不$)|不$"
)
_NEGOTIATES = re.compile(
    r"(?:能不能|能否|可以|可否|能|帮我|想|希望|申请|争取|看看|有没有).{0,10}"
    r"(?:提|加|调|涨|争取|谈|空间|申请|商量|给到|高|多给|到\d)"
)
_REPORTED = re.compile(
    r"(?:hr|人事|面试官|主管|领导|你们主管|招聘|同事|同学|朋友|师兄|学长|室友|别人|网上|经理|老板|群里|有人)"
    r"(?:那边|们|之前|当时|上次|跟我|都|也)*(?:说|讲|提到|告诉我|反馈|表示|透露|提过)|听(?:说|.{1,4}[说讲])"
)
_SAYS_OTHERWISE = re.compile(r"没说|说不准|说不好|说实话|说真的|再说|怎么说|说一?下|说清|跟您说|跟你说")
_ANSWERS = re.compile(
    r"答复|回复|回话|回您|回你|回音|准信|准话|准确|答案|告诉您|告诉你|告知|定下来|做决定|给.{0,3}结果|反馈|结论|"
    r"let you know|reply|get back|给您?.{0,2}消息"
)
_ASKS_US = re.compile(r"(?:您|你|你们|贵司).{0,8}(?:答复|回复|回我|告诉我|反馈)(?!您|你)")
_NEAR = 14  # characters between a day and the promise to answer
_SOCIAL_ONLY = re.compile(r"[\W_]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a message comes to, on normalised text."""

    intents: tuple[Intent, ...]
    scores: dict[Intent, float]
    commitment: int
    reported: bool
    condition: Condition
    deadline: date | None
    quotes: tuple[tuple[int, int, Intent], ...]  # start, end, what the words carry


@dataclass(slots=True, kw_only=True)
class _Case:
    """One message on its way through the rules."""

    text: str
    stage: str
    asked: str | None
    delayed: bool
    found: list[Found]
    days: list[Day]
    clauses: Clauses
    deadline: date | None = None
    condition: Condition = Condition.NONE
    reported: bool = False
    commitment: int = 0
    dropped: set[Intent] = field(default_factory=set)

    def has(self, *names: str) -> bool:
        return any(item.name in names for item in self.found)


def judge(text: str, *, stage: str, context: Sequence[Turn], now: datetime) -> Judgement:
    """Apply the scheme to one normalised message. Pure: the same input, the same judgement."""
    case = _gathered(text, stage=stage, context=context, now=now)
    _promise_to_answer(case)
    scope = _deciding_half(case)
    _whose_words(case, scope)
    _commit(case, scope)
    return _concluded(case)
