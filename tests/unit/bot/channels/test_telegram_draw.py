"""Drawing for Telegram, judged by the parser of its stand-in."""

from __future__ import annotations

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels import telegram_draw
from bot.channels.plain_text import units
from bot.channels.telegram_draw import OPEN, TEXT_UNITS, plain, render
from bot.messages import Button, Card, Content
from tests.fakes.telegram_entities import parse_html

WORDS = st.text(alphabet=st.sampled_from("好<>&\"'/b a\n👍；amp;quote"), max_size=60)


def card(**more: object) -> Card:
    given: dict[str, object] = {"title": "标题", "quote": "原话", "lines": (), "question": "问？"}
    return Card(**given | more)  # type: ignore[arg-type]


def labels(payload: dict[str, object]) -> list[str]:
    markup = payload.get("reply_markup")
    assert isinstance(markup, dict)
    return [button["text"] for row in markup["inline_keyboard"] for button in row]


def test_the_examples_hold() -> None:
    assert doctest.testmod(telegram_draw).failed == 0


@given(WORDS, WORDS, WORDS, WORDS)
def test_no_words_of_people_become_markup(name: str, quote: str, question: str, note: str) -> None:
    drawn = card(quote=quote, lines=(("候选人", name),), question=question, note=note)
    [payload] = render(drawn)
    text, entities = parse_html(payload["text"])
    assert text == plain(payload["text"])
    assert quote.strip() in text
    assert name.strip() in text
    assert {entity["type"] for entity in entities} <= {"bold", "blockquote", "italic"}
    assert units(text) <= TEXT_UNITS


@pytest.mark.parametrize("length", [1, 4_000, 20_000])
def test_a_card_fits_into_one_message(length: int) -> None:
    huge = card(
        quote="话" * length, title="题" * 500, note="注" * 500, lines=(("名" * 99, "值" * 999),)
    )
    [payload] = render(huge)
    assert units(parse_html(payload["text"])[0]) <= TEXT_UNITS


def test_a_link_telegram_would_refuse_is_text() -> None:
    [private] = render(card(link="http://127.0.0.1:8000/c/1"))
    assert private["text"].endswith(f"{OPEN}：http://127.0.0.1:8000/c/1")
    assert "reply_markup" not in private
    [public] = render(card(link="https://hr.example.com/c/1"))
    assert "hr.example.com" not in public["text"]
    assert labels(public) == [OPEN]


@pytest.mark.parametrize("action", ["", "a" * 65, "选" * 22])
def test_an_action_that_does_not_fit_becomes_a_numbered_choice(action: str) -> None:
    [payload] = render(
        Content(text="选哪个？", buttons=(Button("甲", "do:1"), Button("乙", action)))
    )
    assert labels(payload) == ["甲"]
    assert payload["text"].endswith("1. 乙")


def test_an_action_of_64_bytes_is_a_button() -> None:
    [payload] = render(Content(text="选", buttons=(Button("甲", "a" * 64),)))
    assert labels(payload) == ["甲"]


def test_buttons_hang_under_the_last_part() -> None:
    first, last = render(Content(text="话" * 5_000, buttons=(Button("好", "do:1"),)))
    assert "reply_markup" not in first
    assert labels(last) == ["好"]


def test_nothing_to_say_is_nothing_to_send() -> None:
    assert render(Content(text=" \n ")) == []
