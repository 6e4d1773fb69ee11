"""The rule baseline: a ``Reader`` without a trained model."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from importlib import resources

from nlp import lexicon
from nlp.amounts import amounts
from nlp.mapped import Mapped
from nlp.normalize import normalize
from nlp.reading import Evidence, Reading, Utterance
from nlp.rules import judge
from nlp.scheme import Intent, needs_alert, severity_of

#: Of a longer message the first and the last so many normalised characters are judged:
#: people put what matters at the ends, and the time for any text stays bounded.
HEAD, TAIL = 1200, 800

_CODE = (
    *("about.py", "amounts.py", "baseline.py", "case.py", "clauses.py", "commit.py", "dates.py"),
    *("mapped.py", "match.py", "normalize.py", "numerals.py", "rules.py", "scheme.py"),
    *("segment.py", "strip.py", "turns.py"),
)


class RuleReader:
    """Reads by rules and word lists. Pure; safe to share; never raises on any text."""

    def __init__(self) -> None:
        self._name = f"rules@{fingerprint()}"

    @property
    def name(self) -> str:
        """``rules@`` and twelve hex digits over the rules and the word lists."""
        return self._name

    def read(self, batch: Sequence[Utterance]) -> list[Reading]:
        """Read a batch, one reading each, in order."""
        return [self._reading(utterance) for utterance in batch]

    def _reading(self, utterance: Utterance) -> Reading:
        source = utterance.text
        mapped = ends(normalize(source))
        judged = judge(
            mapped.text, stage=utterance.stage, context=utterance.context, now=utterance.now
        )
        alert = needs_alert(
            judged.intents,
            judged.commitment,
            reported=judged.reported,
            condition=judged.condition,
        )
        return Reading(
            intents=judged.intents,
            scores=judged.scores,
            commitment=judged.commitment,
            reported=judged.reported,
            condition=judged.condition,
            deadline=judged.deadline,
            alert=alert,
            severity=severity_of(
                judged.intents, judged.commitment, alert=alert, stage=utterance.stage
            ),
            evidence=quoted(judged.quotes, mapped, source),
            amounts=amounts(mapped, source),
            model=self._name,
        )


def quoted(
    quotes: Sequence[tuple[int, int, Intent]], mapped: Mapped, source: str
) -> tuple[Evidence, ...]:
    """Spans of the normalised text, quoted from the text as typed."""
    found = []
    for start, end, intent in quotes:
        first, last = mapped.span(start, end)
        # A pattern may stop inside a number; a quote must not.
        while 0 < last < len(source) and source[last - 1].isdigit() and source[last].isdigit():
            last += 1
        found.append(Evidence(start=first, end=last, text=source[first:last], intent=intent))
    return tuple(found)


def ends(mapped: Mapped) -> Mapped:
    """The head and the tail of a long text, a line break between them."""
    size = len(mapped.text)
    if size <= HEAD + TAIL:
        return mapped
    return mapped.cut([(0, HEAD)]).broken().plus(mapped.cut([(size - TAIL, size)]))


@lru_cache(maxsize=8)
def fingerprint(*, code: tuple[str, ...] = (), files: tuple[tuple[str, str], ...] = ()) -> str:
    """Twelve hex digits over everything that shapes a reading.

    ``code`` are more source files of the package, ``files`` names and hashes of a model's.
    """
    digest = hashlib.sha256()
    package = resources.files("nlp")
    for name, hashed in files:
        digest.update(name.encode() + b"\0" + hashed.encode() + b"\0")
    for name in (*_CODE, *code):
        digest.update(name.encode() + b"\0" + (package / name).read_bytes() + b"\0")
    for name in lexicon.file_names():
        digest.update(name.encode() + b"\0" + lexicon.read(name).encode() + b"\0")
    return digest.hexdigest()[:12]
