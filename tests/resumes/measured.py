"""Reads every generated résumé with the product's own reader and scores it."""

from __future__ import annotations

import asyncio
from types import ModuleType

from bot.profile.definition import ProfileDefinition
from bot.resume import reading
from config import files
from tests.resumes import held_layouts, known_layouts, more_layouts
from tests.resumes.people import PEOPLE, Person
from tests.resumes.scoring import Score, drawn

#: In the order they were met: written against, learnt from, held out.
SETS = {"known": known_layouts, "more": more_layouts, "held out": held_layouts}
AT_ONCE = 2


async def measure(layouts: ModuleType) -> Score:
    """The score of one set of layouts."""
    definition = ProfileDefinition.model_validate(files.read("profile.yaml"))
    score, free = Score(), asyncio.Semaphore(AT_ONCE)

    async def one(name: str, who: Person, data: bytes) -> None:
        async with free:
            made = await reading.read(data, definition)
        score.add(name, who, made, definition, untold=layouts.UNTOLD.get(name, frozenset()))

    await asyncio.gather(*(one(*each) for each in drawn(layouts.LAYOUTS, PEOPLE)))
    return score


def run() -> None:
    """Print precision and recall of every field, for each set."""
    for name, layouts in SETS.items():
        print(f"résumés, {name} layouts\n{asyncio.run(measure(layouts)).table()}\n")


if __name__ == "__main__":
    run()
