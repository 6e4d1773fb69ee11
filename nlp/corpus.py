"""Labelled messages: the shape of a line in ``nlp/data`` and its reading and writing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nlp.reading import Turn
from nlp.scheme import COMMITMENT_MAX, COMMITMENT_MIN, STAGES, Condition, Intent, needs_alert

ROLES = ("hr", "bot", "candidate")


class BadExample(ValueError):
    """A line that is no labelled message; says what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One message with its labels.

    ``voice`` names the imagined person and, before the first ``-``, the author. ``pair`` joins
    two messages that look alike and are labelled differently. ``origin`` says how it came about:
    ``written`` by hand, ``augmented`` from another, ``verdict`` of an HR person.
    """

    id: str
    text: str
    stage: str = "offer"
    context: tuple[Turn, ...] = ()
    intents: frozenset[Intent]
    commitment: int
    reported: bool = False
    condition: Condition = Condition.NONE
    deadline: str | None = None  # the words of an answer deadline, as typed
    alert: bool
    voice: str = ""
    pair: str | None = None
    tags: tuple[str, ...] = ()
    origin: str = "written"

    @property
    def author(self) -> str:
        """Who wrote it; splits never cut an author in two."""
        return self.voice.partition("-")[0]

    def as_dict(self) -> dict[str, Any]:
        """The line of the file, without what has its default value."""
        line: dict[str, Any] = {"id": self.id, "voice": self.voice, "stage": self.stage}
        if self.context:
            line["context"] = [{"role": turn.role, "text": turn.text} for turn in self.context]
        line["text"] = self.text
        line["intents"] = [str(intent) for intent in Intent if intent in self.intents]
        line["commitment"] = self.commitment
        optional = {
            "reported": self.reported,
            "condition": "" if self.condition is Condition.NONE else str(self.condition),
            "deadline": self.deadline,
            "alert": None if self.alert == self.derived_alert else self.alert,
            "pair": self.pair,
            "tags": list(self.tags),
            "origin": "" if self.origin == "written" else self.origin,
        }
        line |= {key: value for key, value in optional.items() if value or key == "alert"}
        if line["alert"] is None:
            del line["alert"]
        return line

    @property
    def derived_alert(self) -> bool:
        """What the scheme's rule makes of the labels, before a human's exception to it."""
        return needs_alert(
            self.intents, self.commitment, reported=self.reported, condition=self.condition
        )


def parse(line: str, *, number: int = 0) -> Example:
    """Read one line of a labelled file. Raises ``BadExample``."""
    try:
        raw = json.loads(line)
        if not isinstance(raw, dict):
            raise TypeError("no object")
        return _example(raw, number)
    except (KeyError, TypeError, ValueError) as error:
        raise BadExample(f"line {number}: {type(error).__name__}: {error}") from error


def _example(raw: dict[str, Any], number: int) -> Example:
    stage = raw.get("stage", "offer")
    commitment = raw["commitment"]
    context = tuple(Turn(role=turn["role"], text=turn["text"]) for turn in raw.get("context") or ())
    if stage not in STAGES:
        raise ValueError(f"stage {stage!r}")
    if not isinstance(commitment, int) or not COMMITMENT_MIN <= commitment <= COMMITMENT_MAX:
        raise ValueError(f"commitment {commitment!r}")
    if any(turn.role not in ROLES for turn in context):
        raise ValueError("a role of the context")
    if not isinstance(raw["text"], str):
        raise TypeError("text is no string")
    intents = frozenset(Intent(name) for name in raw["intents"])
    if not intents:
        raise ValueError("no intent")
    condition = Condition(raw.get("condition") or "none")
    reported = bool(raw.get("reported", False))
    derived = needs_alert(intents, commitment, reported=reported, condition=condition)
    return Example(
        id=str(raw.get("id", number)),
        text=raw["text"],
        stage=stage,
        context=context,
        intents=intents,
        commitment=commitment,
        reported=reported,
        condition=condition,
        deadline=raw.get("deadline"),
        alert=bool(raw.get("alert", derived)),
        voice=str(raw.get("voice", "")),
        pair=raw.get("pair"),
        tags=tuple(raw.get("tags") or ()),
        origin=str(raw.get("origin", "written")),
    )


def read(path: Path) -> Iterator[Example]:
    """The examples of a file, one at a time. Raises ``BadExample`` with the line's number."""
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield parse(line, number=number)


def write(path: Path, examples: Iterable[Example]) -> None:
    """Write a file of examples, one a line."""
    with path.open("w", encoding="utf-8") as out:
        for example in examples:
            out.write(json.dumps(example.as_dict(), ensure_ascii=False) + "\n")
