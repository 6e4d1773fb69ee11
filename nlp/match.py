"""Find cues in a normalised text: which phrases are there, and which give way to which."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from nlp.lexicon import Cue
from nlp.scheme import Intent

#: At most so many matches of one cue count; a text that repeats itself says nothing new.
_PER_CUE = 12
#: A question form (能不能): the 不 in it denies nothing, so no judgement begins inside.
_A_NOT_A = re.compile(
    r"能不能|可不可以|会不会|愿不愿|行不行|是不是|好不好|要不要|去不去|来不来|想不想"
)
_TRIM = re.compile(r"[\s,。!?;~…、]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One cue at one place, ``text[start:end]``."""

    start: int
    end: int
    name: str
    weight: str
    intents: tuple[Intent, ...]
    commitment: int | None
    flags: frozenset[str]


class Taken:
    """The places already spoken for, kept apart for judgements and for topics."""

    def __init__(self, size: int) -> None:
        self._judged = bytearray(size)
        self._topics = bytearray(size)

    def free(self, weight: str, start: int, end: int) -> bool:
        """Whether nothing earlier of the same sort overlaps."""
        layer = self._topics if weight == "topic" else self._judged
        return not any(layer[start:end])

    def take(self, weight: str, start: int, end: int) -> None:
        """Keep later cues off; words that are skipped are lost to both sorts."""
        ones = b"\x01" * (end - start)
        if weight != "topic":
            self._judged[start:end] = ones
        if weight in ("topic", "skip"):
            self._topics[start:end] = ones


def matches(text: str, cues: Iterable[Cue], taken: Taken) -> Iterator[Found]:
    """The cues found, in the cues' order. ``taken`` is filled on the way."""
    inside = {at for asks in _A_NOT_A.finditer(text) for at in range(asks.start() + 1, asks.end())}
    for cue in cues:
        # Nearly no cue is in a text, and most of a message's time would go into looking closely.
        if "whole" not in cue.flags and cue.pattern.search(text) is None:
            continue
        for start, end in _places(text, cue):
            if start < end and start not in inside and taken.free(cue.weight, start, end):
                taken.take(cue.weight, start, end)
                yield Found(
                    start=start,
                    end=end,
                    name=cue.name,
                    weight=cue.weight,
                    intents=cue.intents,
                    commitment=cue.commitment,
                    flags=cue.flags,
                )


def _places(text: str, cue: Cue) -> Iterator[tuple[int, int]]:
    if "whole" in cue.flags:
        bare = _TRIM.sub("", text)
        if cue.pattern.fullmatch(text.strip(" ,。!~…\n")) or cue.pattern.fullmatch(bare):
            yield 0, len(text)
        return
    for count, match in enumerate(cue.pattern.finditer(text)):
        if count >= _PER_CUE:
            return
        yield _trimmed(text, *match.span())


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without punctuation at its ends, so that a quote reads well."""
    while start < end and _TRIM.match(text[start]):
        start += 1
    while end > start and _TRIM.match(text[end - 1]):
        end -= 1
    return start, end
