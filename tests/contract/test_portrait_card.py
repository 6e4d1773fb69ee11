"""A candidate's card on every platform: taken by its stand-in, and nothing of it cut."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from bot.messages import Card
from tests.contract.places import CHANNELS
from tests.unit.bot.test_portrait_card import LINK, LONGEST, PLAIN, WHOLE, drawn

PLATFORMS = sorted(CHANNELS.keys() - {"webchat"})


@pytest.mark.parametrize("name", PLATFORMS)
@pytest.mark.parametrize("card", [drawn(PLAIN), drawn(WHOLE), drawn(LONGEST)], ids=lambda _: "")
async def test_a_portrait_arrives_whole(name: str, card: Card) -> None:
    async with CHANNELS[name].place() as place:
        assert len(await place.say(card)) == 1
        [sent] = place.sent
        [shown] = place.shown()
        wired = json.dumps(sent, ensure_ascii=False)
        for label, value in card.lines:
            assert value in wired, label
        for said in card.question.splitlines():
            assert said in wired
        assert card.title in wired
        assert LINK in wired
        assert "打开档案" in wired
        assert shown.actions == ()  # nothing to press: the link is the way on


@pytest.mark.parametrize("name", PLATFORMS)
async def test_names_are_no_markup(name: str) -> None:
    evil = "<at user_id=all></at>[x](http://evil)"
    card = drawn(replace(WHOLE, name=evil, position=evil))
    async with CHANNELS[name].place() as place:
        await place.say(card)
        [shown] = place.shown()
        assert "user_id=all" in shown.text.replace("\u200b", "")
