"""Normalising: one spelling for many, the way back kept, in bounded time."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.normalize import has_invisible, normalize

_TEXT = st.text(
    alphabet=st.one_of(
        st.characters(),
        st.sampled_from(
            list("薪資新资xinzi再在考慮虑,，.。 \n@>[]哈0Kk１\u200b\u202e\ufe0f😀👍🏻\u0301")
        ),
    ),
    max_size=60,
)


@pytest.mark.parametrize(
    ("typed", "clean"),
    [
        ("新资有点低", "薪资有点低"),
        ("xin资", "薪资"),
        ("薪.资 和 待 遇", "薪资 和 待遇"),
        ("薪\u200b资", "薪资"),
        ("薪\U000e0041资", "薪资"),
        ("\u202e薪资\u202c", "薪资"),
        ("薪資這塊我還想再考慮一下", "薪资这块我还想再考虑一下"),
        ("我想在考虑一下", "我想再考虑一下"),
        ("我还在考虑", "我还在考虑"),
        ("接收贵司的offer", "接受贵司的offer"),
        ("接收文件了", "接收文件了"),
        ("ＯＦＦＥＲ", "offer"),
        ("哈哈哈哈哈哈", "哈哈哈"),
        ("100000", "100000"),
        ("z̸̢a̵l̷g̶o", "zalgo"),
        ("唔好意思，我唔嚟啦", "不好意思,我不来啦"),
        ("木有问题", "没有问题"),
        ("好的[微笑]👌", "好的[微笑]👌"),
        ("亲自这块能再谈吗", "薪资这块能再谈吗"),
        ("老板晚流我", "老板挽留我"),
    ],
)
def test_spellings_of_one_word_come_to_one(typed: str, clean: str) -> None:
    assert normalize(typed).text == clean


@pytest.mark.parametrize(
    ("typed", "own_words"),
    [
        ("好的收到\n发自我的iPhone", "好的收到"),
        ("好的收到\nSent from my iPhone", "好的收到"),
        ("> 请查收offer\n已收到", "已收到"),
        ("收到\n-----原始邮件-----\n发件人: HR\n薪资再谈", "收到"),
        ("On Mon, HR <a@b.c> wrote:\n薪资再谈", ""),
        ("@招聘小助手 收到", "收到"),
        ("我邮箱是 a@b.com 谢谢", "我邮箱是 a@b.com 谢谢"),
        ("[自动回复]我不在，回头再说", ""),
        ("[聊天记录]", ""),
        ("收到\n-- \n王某某\n某公司", "收到"),
    ],
)
def test_only_the_senders_own_words_are_left(typed: str, own_words: str) -> None:
    assert normalize(typed).text == own_words


@given(_TEXT)
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    once = normalize(text).text
    assert normalize(once).text == once


@given(_TEXT)
def test_every_character_knows_a_place_in_the_text_as_typed(text: str) -> None:
    mapped = normalize(text)
    assert len(mapped.starts) == len(mapped.ends) == len(mapped.text)
    for start, end in zip(mapped.starts, mapped.ends, strict=True):
        assert 0 <= start < end <= len(text)
    assert list(mapped.starts) == sorted(mapped.starts)


def test_a_joined_word_is_quoted_with_what_stood_between() -> None:
    source = "我觉得薪\u200b.资低"
    mapped = normalize(source)
    at = mapped.text.index("薪资")
    start, end = mapped.span(at, at + 2)
    assert source[start:end] == "薪\u200b.资"


def test_hidden_characters_are_told_from_those_of_emoji() -> None:
    assert has_invisible("薪\u200b资")
    assert has_invisible("薪\u202e资")
    assert not has_invisible("好的👨\u200d👩\u200d👧👍🏻")


@pytest.mark.parametrize("size", [4_000, 20_000])
@pytest.mark.parametrize(
    "unit",
    [
        "薪資再考慮",
        "a\u0301\u0302\u0303",
        "哈",
        "@",
        " ",
        "\n> a",
        "1",
        "不到",
        "👍🏻",
        "薪.",
        "「",
        "[自动",
    ],
)
def test_any_text_is_normalised_in_bounded_time(unit: str, size: int) -> None:
    text = (unit * size)[:size]
    normalize("热身，薪資")
    # The best of some: the machine may be busy with something else.
    assert any(_seconds(text) < 0.1 for _ in range(3))


def _seconds(text: str) -> float:
    started = time.process_time()
    normalize(text)
    return time.process_time() - started
