"""What is said in a storm, and what has to be answered; the same on every platform."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

#: Said together, in the wrong order where a platform can lose it; read as one utterance.
OPENING = ("我先说第一句", "再说第二句", "最后第三句")
#: A question that is answered from config/faq.yaml, every time.
KNOWN = "请问体检去哪家医院"
PLAIN = (
    "好的收到，第{}条",
    "谢谢，第{}条",
    f"{KNOWN}，第{{}}条",
    "资料我今晚发您，第{}条",
    "明白了（{}）",
)
#: Said when everything is calm again: it frees what had to wait for their next word.
CLOSING = "那先这样，谢谢"
PROGRESS, HELP = "我的进度", "帮助"
#: Somebody of ours has to hear these: an alert each, one a person and topic.
DOUBTS = ("薪资这块我还想再考虑一下", "我手上还有一家公司的offer在考虑")
#: Told by these how a reply is known again.
SLOTS = {
    "greeting": "自动程序",
    "help": "怎么说都行",
    "progress": "目前阶段",
    "handed": "我已转给",
    "faq": "（来源：",
}
_PROGRESS_AT, _HELP_AT, _DOUBT_AT = (0, 4, 7, 9), 5, (3, 6)


@dataclass(frozen=True)
class Said:
    """One message: whose, and the words."""

    person: int
    text: str


@dataclass(frozen=True)
class Script:
    """People who talk at the same time. ``talk`` is what is said between opening and closing."""

    people: int
    lines: tuple[tuple[str, ...], ...]
    talk: tuple[Said, ...] = field(default=())

    @property
    def messages(self) -> int:
        return sum(map(len, self.lines))


def script(people: int, each: int, *, seed: int = 20261124) -> Script:
    """``people`` x ``each`` messages; every person's in their order, between the others'."""
    chance = random.Random(seed)
    count = each - len(OPENING) - 1
    lines = tuple((*OPENING, *_after(person, count), CLOSING) for person in range(people))
    turns = [person for person in range(people) for _ in range(count)]
    chance.shuffle(turns)
    next_line = [iter(line[len(OPENING) : -1]) for line in lines]
    talk = tuple(Said(person, next(next_line[person])) for person in turns)
    return Script(people, lines, talk)


def _after(person: int, count: int) -> list[str]:
    """What somebody says after the opening; every second person doubts twice."""
    said = [PLAIN[at % len(PLAIN)].format(at) for at in range(count)]
    said[_HELP_AT % count] = HELP
    for at in _PROGRESS_AT:
        if at < count:
            said[at] = PROGRESS
    said[_DOUBT_AT[0] % count] = DOUBTS[0]
    if person % 2:
        said[_DOUBT_AT[1] % count] = DOUBTS[1]
    return said


def slots(line: tuple[str, ...]) -> list[str]:
    """Which replies somebody is owed for what they said, in order.

    The greeting comes before whatever else the first words bring. That an answer is owed is told
    once in six hours.
    """
    owed = ["greeting"]
    for text in line:
        if text == PROGRESS:
            owed.append("progress")
        elif text == HELP:
            owed.append("help")
        elif text.startswith(KNOWN):
            owed.append("faq")
        elif text in DOUBTS and "handed" not in owed:
            owed.append("handed")
    return owed


def slot_of(reply: str) -> str:
    """Which reply a text is. Raises ``LookupError``."""
    for name, mark in SLOTS.items():
        if mark in reply:
            return name
    raise LookupError(reply)
