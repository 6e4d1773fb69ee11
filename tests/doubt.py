"""A reader that is not sure of some texts: the rules, and a doubt on demand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from nlp.baseline import RuleReader
from nlp.reading import Evidence, Reading, Utterance
from nlp.scheme import Condition, Intent, Severity

#: Words that leave the reader unsure; they are the evidence, too.
DOUBT = "先这样吧"


@cache
def _rules() -> RuleReader:
    """Built once a run: it loads a dictionary."""
    return RuleReader()


class DoubtReader:
    """Reads by the rules; what holds ``DOUBT`` is unclear, leaning to a hesitation over pay."""

    async def read(self, batch: Sequence[Utterance]) -> list[Reading]:
        """Read a batch."""
        readings = _rules().read(batch)
        return [
            _unsure(reading, utterance.text) if DOUBT in utterance.text else reading
            for reading, utterance in zip(readings, batch, strict=True)
        ]


def _unsure(reading: Reading, text: str) -> Reading:
    at = text.index(DOUBT)
    words = Evidence(start=at, end=at + len(DOUBT), text=DOUBT, intent=Intent.CONSIDER)
    return replace(
        reading,
        intents=(Intent.CONSIDER, Intent.SALARY),
        scores={Intent.CONSIDER: 0.6, Intent.SALARY: 0.5},
        commitment=-2,
        reported=False,
        condition=Condition.NONE,
        deadline=None,
        alert=False,
        alert_score=0.4,
        unclear=True,
        severity=Severity.NONE,
        evidence=(words,),
        amounts=(),
    )
