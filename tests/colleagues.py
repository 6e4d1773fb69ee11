"""What colleagues type, with what is meant, from ``tests/askings``: read, and measured."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from bot.questions import Heard, key, masked, understood
from bot.rulebook import Rulebook
from nlp.naming import Person, named

NOW = datetime(2026, 11, 28, 8, tzinfo=UTC)
HERE = Path(__file__).parent / "askings"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """``ask`` is "none" where it is none of ours; ``people`` are the ids that are meant."""

    ask: str
    text: str
    people: frozenset[str]


def read(name: str) -> tuple[list[Person], list[Line]]:
    """The cast and the lines of one file; its head says what a line looks like."""
    cast: list[Person] = []
    lines: list[Line] = []
    ask = ""
    for raw in (HERE / name).read_text(encoding="utf-8").splitlines():
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("[") and line.endswith("]"):
            ask = line[1:-1]
        elif ask == "cast":
            cast.append(_person(line))
        else:
            text, _, people = line.partition("|")
            ids = frozenset(people.split()) - {"-"}
            lines.append(Line(ask=ask, text=text.strip(), people=ids))
    return cast, lines


def _person(line: str) -> Person:
    id_, name, *also = line.split()
    if name.isascii():
        return Person(id=id_, name=" ".join([name, *also]))
    return Person(id=id_, name=name, also=tuple(also))


@dataclass(slots=True)
class Figures:
    """``wrong`` are texts in which somebody was found who is not meant."""

    asks: Counter[tuple[str, str]] = field(default_factory=Counter)
    people: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def right(self) -> float:
        """The share of texts whose question was understood, or rightly not."""
        same = sum(count for (meant, heard), count in self.asks.items() if meant == heard)
        return same / sum(self.asks.values())

    def precision(self) -> float:
        """Of the questions heard, the share that was meant."""
        heard = sum(count for (_, heard), count in self.asks.items() if heard != "none")
        return self._both() / heard

    def recall(self) -> float:
        """Of the questions meant, the share that was heard."""
        return self._both() / sum(c for (meant, _), c in self.asks.items() if meant != "none")

    def _both(self) -> int:
        return sum(c for (meant, heard), c in self.asks.items() if meant == heard != "none")

    def line(self, name: str) -> str:
        """The figures on one line."""
        return (
            f"{name}: {sum(self.asks.values())} texts, {self.right:.3f} understood; questions "
            f"P {self.precision():.3f} R {self.recall():.3f}; people "
            + " ".join(f"{key} {self.people[key]}" for key in ("right", "missed", "wrong"))
        )


def left_out(rules: Rulebook, name: str) -> list[tuple[str, str]]:
    """The wordings there are without those that are lines of one file, names and times aside."""
    cast, lines = read(name)
    own = {key(masked(line.text, now=NOW, named=named(line.text, cast))) for line in lines}
    return [(ask, text) for ask, text in rules.questions.examples() if key(text) not in own]


def without(rules: Rulebook, name: str) -> Rulebook:
    """The rules as they would be had one file never been learnt from."""
    return replace(rules, colleagues_heard=Heard(left_out(rules, name)))


def measured(rules: Rulebook, name: str) -> Figures:
    """How much of one file is understood by who knows its cast, as the bot knows those it may
    name; people are looked for where the question says."""
    cast, lines = read(name)
    figures = Figures()
    for line in lines:
        known = named(line.text, cast)
        question = understood(rules, line.text, now=NOW, named=known)
        heard = str(question.ask or "none")
        figures.asks[line.ask, heard] += 1
        if heard != line.ask:
            figures.missed.append(f"{line.text}: {line.ask}, heard {heard}")
        found = {one.id for one in named(question.about, cast)}
        if found == line.people:
            figures.people["right"] += 1
        elif found - line.people:
            figures.people["wrong"] += 1
            figures.wrong.append(line.text)
        else:
            figures.people["missed"] += 1
    return figures
