"""One message as a reader gets it; override what matters."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from nlp.baseline import RuleReader
from nlp.reading import Reading, Turn, Utterance

#: A Tuesday. 周五 is the 27th, 下周三 is 2 December.
NOW = datetime(2026, 11, 24, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


def an_utterance(text: str, *, stage: str = "offer", after: str | None = None) -> Utterance:
    """A candidate's message; ``after`` is what hr said straight before it."""
    context = (Turn(role="hr", text=after),) if after is not None else ()
    return Utterance(text=text, stage=stage, context=context, now=NOW)


def read(text: str, *, stage: str = "offer", after: str | None = None) -> Reading:
    """The rule reader's reading of one message."""
    return RuleReader().read([an_utterance(text, stage=stage, after=after)])[0]


def read_after(text: str, *turns: tuple[str, str], stage: str = "offer") -> Reading:
    """A reading after several turns of (role, text)."""
    context = tuple(Turn(role=role, text=said) for role, said in turns)
    return RuleReader().read([Utterance(text=text, stage=stage, context=context, now=NOW)])[0]
