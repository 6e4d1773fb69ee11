"""The nouns on the road."""

from __future__ import annotations

import pytest

from bot.messages import CUT_MARK, KEPT_TEXT, Address, Inbound, kept
from storage.enums import MessageKind
from tests.builders import NOW


@pytest.mark.parametrize("length", [0, 1, KEPT_TEXT - 1, KEPT_TEXT])
def test_a_message_of_ordinary_length_is_kept_whole(length: int) -> None:
    assert kept("长" * length) == "长" * length


@pytest.mark.parametrize("length", [KEPT_TEXT + 1, 20_000])
def test_a_longer_one_is_cut_and_says_so(length: int) -> None:
    text = kept("长" * length)
    assert len(text) == KEPT_TEXT
    assert text == "长" * (KEPT_TEXT - len(CUT_MARK)) + CUT_MARK


def test_a_message_knows_its_channel_by_its_sender() -> None:
    message = Inbound(
        external_id="1",
        sender=Address("telegram", "42"),
        kind=MessageKind.TEXT,
        text="你好",
        sent_at=NOW,
    )
    assert message.channel == "telegram"
