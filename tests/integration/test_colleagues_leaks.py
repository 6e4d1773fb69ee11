"""Every wording that is measured, asked by a manager of people full of secrets: none is told."""

from __future__ import annotations

import itertools

import pytest

from tests.colleagues import HERE, read
from tests.integration.asked import MANAGER, OWN, THEIRS, Chats
from tests.integration.test_colleagues import LEAKS


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_no_wording_brings_out_what_a_manager_may_not_know(
    chats: Chats, firm: dict[str, str]
) -> None:
    """Whoever a text names is now their own candidate, now somebody else's."""
    asked = 0
    turn = itertools.cycle((OWN, OWN, THEIRS))
    for file in sorted(path.name for path in HERE.glob("colleagues_*.txt")):
        cast, lines = read(file)
        names = {one.id: (one.name, *one.also) for one in cast}
        for line in lines:
            text = line.text
            for id_ in line.people:
                for name in names[id_]:
                    text = text.replace(name, next(turn))
            told = await chats.ask(MANAGER, text)
            found = [leak for leak in LEAKS if leak in told]
            assert not found, (text, told)
            if THEIRS in text and OWN not in text:
                assert THEIRS not in told.replace(text, ""), (text, told)
            asked += 1
    assert asked >= 800
