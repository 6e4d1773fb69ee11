"""How an utterance is read: as of which stage, and where in its messages evidence stands."""

from __future__ import annotations

from collections.abc import Iterable

from bot.turn import Said, Span
from nlp.reading import Reading
from storage.enums import Stage

#: Stages of the record as the reader knows them; ended ones are read as the last open one.
_READ_AS = {
    Stage.INTERVIEW: "interview",
    Stage.OFFER: "offer",
    Stage.ACCEPTED: "accepted",
    Stage.ONBOARDED: "onboarded",
    Stage.CONFIRMED: "onboarded",
    Stage.LEFT: "onboarded",
    Stage.RENEGED: "accepted",
}


def read_as(stage: Stage) -> str:
    """The stage a candidate's messages are read in.

    >>> read_as(Stage.CONFIRMED), read_as(Stage.REJECTED)
    ('onboarded', 'offer')
    """
    return _READ_AS.get(stage, "offer")


def spans_in(said: tuple[Said, ...], reading: Reading) -> tuple[Span, ...]:
    """Evidence of an utterance, placed in the messages it was made of.

    A piece of evidence that runs over a line break is cut at the end of its first message.
    """
    placed: list[Span] = []
    for evidence in reading.evidence:
        offset = 0
        for part in said:
            end = offset + len(part.text)
            if evidence.start < end or part is said[-1]:
                placed.append(
                    Span(
                        uid=part.uid,
                        start=max(0, evidence.start - offset),
                        end=min(evidence.end - offset, len(part.text)),
                        intent=str(evidence.intent),
                    )
                )
                break
            offset = end + 1
    return tuple(span for span in placed if span.start < span.end)


def place_of(span: Span, said: Iterable[tuple[str, str]]) -> int:
    """Where a span begins in an utterance made of ``said``: (uid, text), oldest first.

    >>> place_of(Span(uid="m_2", start=1, end=2, intent="salary"), [("m_1", "你好"), ("m_2", "钱")])
    4
    """
    offset = 0
    for uid, text in said:
        if uid == span.uid:
            return offset + span.start
        offset += len(text) + 1
    return 0
