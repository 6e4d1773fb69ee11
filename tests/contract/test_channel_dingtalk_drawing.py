"""What DingTalk's cards and choices look like before they leave."""

from __future__ import annotations

from dataclasses import replace

from bot.channels.dingtalk_draw import LINKS, Style, inert, render
from bot.messages import Button, Card, Content

STYLE = Style(cards=True, buttons=3, text=3_500)


def test_a_value_of_a_card_is_a_string_of_at_most_a_kilobyte() -> None:
    long = "字" * 5_000
    buttons = tuple(Button(long, f"do:{n}") for n in range(9))
    card = Card(title=long, quote=long, lines=((long, long),) * 9, question=long, note=long)
    [payload] = render(replace(card, buttons=buttons, link="https://x/" + "a" * 2_000), STYLE)
    for name, value in payload["values"].items():
        assert isinstance(value, str)
        assert len(value.encode()) <= 1_024, name
    assert len(payload["instead"]["text"]) <= 8_000


def test_choices_with_a_text_stand_under_its_last_part() -> None:
    buttons = tuple(Button(f"选{n}", f"do:{n}") for n in range(5))
    [card] = render(Content(text="请选", buttons=buttons), STYLE)
    assert card["values"]["quote"].startswith("请选")
    assert "4. 选3" in card["values"]["quote"]
    parts = render(Content(text="字" * 4_000, buttons=buttons), STYLE)
    assert [part["kind"] for part in parts] == ["text", "text", "card"]
    bare = replace(STYLE, cards=False, buttons=LINKS)
    text, choices = render(Content(text="请选", buttons=buttons), bare)
    assert (text["text"], choices["kind"]) == ("请选", "markdown")
    assert "5. [选4](dtmd://" in choices["text"]


def test_words_of_a_person_make_no_link_picture_or_tag() -> None:
    for text in ("[a](b)", "![a](b)", "[a][b]", "[a]: b", "<a href=x>", "</p>", "<!-- -->", "<?x"):
        made = inert(text)
        assert "](" not in made
        assert "][" not in made
        assert "]:" not in made
        assert "<" not in made
    assert inert("1 < 2，我们一家<字节>的 offer") == "1 < 2，我们一家<字节>的 offer"
