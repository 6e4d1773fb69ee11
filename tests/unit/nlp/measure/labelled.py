"""Labelled messages and readings of them; override what matters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nlp.corpus import Example
from nlp.reading import Reading
from nlp.scheme import Condition, Intent, Severity


def an_example(**changed: Any) -> Example:
    """A harmless message about pay."""
    fields: dict[str, Any] = {
        "id": "x",
        "text": "工资几号发",
        "intents": frozenset({Intent.SALARY}),
        "commitment": 0,
        "alert": False,
        "voice": "a-1",
    }
    return Example(**fields | changed)


def a_reading(**changed: Any) -> Reading:
    """The reading that is right about ``an_example``."""
    fields: dict[str, Any] = {
        "intents": (Intent.SALARY,),
        "scores": {},
        "commitment": 0,
        "alert": False,
        "severity": Severity.NONE,
        "model": "test@1",
    }
    return Reading(**fields | changed)


def right(example: Example, **changed: Any) -> Reading:
    """A reading that says what the labels say."""
    fields: dict[str, Any] = {
        "intents": tuple(sorted(example.intents)),
        "commitment": example.commitment,
        "alert": example.alert,
        "reported": example.reported,
        "condition": example.condition,
    }
    return a_reading(**fields | changed)


def alerts(wanted: str, found: str) -> tuple[list[Example], list[Reading]]:
    """Messages of a voice each, one a letter: ``!`` is an alert and ``.`` is none."""
    examples = [
        an_example(id=str(at), alert=mark == "!", voice=f"a-{at}") for at, mark in enumerate(wanted)
    ]
    return examples, [a_reading(alert=mark == "!") for mark in found]


def a_mixed_file() -> list[Example]:
    """Forty messages of eight voices that use every intent, step and condition."""
    intents, conditions = tuple(Intent), tuple(Condition)
    return [
        an_example(
            id=f"m{at}",
            voice=f"a-{at % 8}",
            intents=frozenset({intents[at % 16], intents[(at * 7 + 3) % 16]}),
            commitment=at % 7 - 3,
            alert=at % 7 < 3,
            reported=at % 9 == 8,
            condition=conditions[at % 3],
            pair=f"p{at // 2}" if at < 20 else None,
            tags=("nk",) if at % 2 else (),
            stage=("interview", "offer", "accepted", "onboarded")[at % 4],
        )
        for at in range(40)
    ]


def readings_of(examples: Sequence[Example]) -> list[Reading]:
    """All right."""
    return [right(example) for example in examples]
