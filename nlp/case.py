"""One message laid out for the rules: the cues in it, the sums, the days, the turn before."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from nlp import lexicon
from nlp.amounts import sums
from nlp.clauses import Clauses
from nlp.dates import Found as Day
from nlp.dates import dates
from nlp.lexicon import Cue
from nlp.match import Found, Taken, matches
from nlp.reading import Turn
from nlp.scheme import Condition, Intent
from nlp.segment import boundaries
from nlp.turns import asked, delayed_before

QUESTION = re.compile(
    r"\?|吗|么(?=$|[,。~])|呢(?=$|[,。~])|请问|想问|问下|问一下|能不能|能否|可否|可不可以|是否|是不是"
    r"|有没有|多少|怎么(?!样也)|什么|几[号点天个月]|哪(?!怕)|不(?=$|\?)"
)


@dataclass(slots=True, kw_only=True)
class Case:
    """What is known of one message while it is judged. ``text`` is normalised."""

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

    @property
    def question(self) -> bool:
        """Whether something is asked."""
        return QUESTION.search(self.text) is not None

    def has(self, *names: str) -> bool:
        """Whether a cue of one of these names was found."""
        return any(item.name in names for item in self.found)

    def judged(self) -> list[Found]:
        """What bears on the commitment, topics left out."""
        return [item for item in self.found if item.weight != "topic"]

    def soften(self, item: Found, commitment: int = 0) -> None:
        """Let a finding name its topic without bearing on the commitment (or with another one)."""
        at = self.found.index(item)
        weight = "topic" if commitment == 0 else item.weight
        self.found[at] = replace(item, weight=weight, commitment=commitment)


def laid_out(text: str, *, stage: str, context: Sequence[Turn], now: datetime) -> Case:
    """Find everything in one normalised message."""
    question = asked(context)
    delayed = delayed_before(context)
    days = dates(text, now)
    taken = Taken(len(text))
    facts = {question, "delayed" if delayed else None, None}
    found = list(matches(text, _apply(stage, facts), taken))
    found += _sums(text, taken)
    edges = boundaries(text)
    topics = matches(text, _topics(stage), taken)
    found += [item for item in topics if _whole_word(text, item, edges)]
    found = [item for item in found if item.weight != "skip"]
    return Case(
        text=text,
        stage=stage,
        asked=question,
        delayed=delayed,
        found=sorted(found, key=lambda item: item.start),
        days=days,
        clauses=Clauses(text),
    )


def _apply(stage: str, facts: set[str | None]) -> Iterator[Cue]:
    files = ("work.txt", "cues.txt") if stage == "onboarded" else ("cues.txt",)
    for file in files:
        for cue in lexicon.cues(file):
            if stage in cue.stages and cue.needs in facts:
                yield cue


def _topics(stage: str) -> Iterator[Cue]:
    return (cue for cue in lexicon.cues("topics.txt") if stage in cue.stages)


def _sums(text: str, taken: Taken) -> list[Found]:
    found = []
    for item in sums(text):
        if not taken.free("topic", item.start, item.end):
            continue
        taken.take("topic", item.start, item.end)
        found.append(
            Found(
                start=item.start,
                end=item.end,
                name="sum",
                weight="topic",
                intents=(Intent.SALARY,),
                commitment=None,
                flags=frozenset(),
            )
        )
    return found


def _whole_word(text: str, item: Found, edges: frozenset[int]) -> bool:
    """Whether a one-character topic stands by itself, not inside a word (寄 in 寄托)."""
    if item.end - item.start > 1 or text[item.start : item.end].isascii():
        return True
    return item.start in edges and item.end in edges
