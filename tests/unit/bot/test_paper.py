"""A paper says what it was given: read back from the PDF by another library."""

from __future__ import annotations

import re

import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.web.paper import Paper, Part, drawn, printable

NAMES = "鄭堃 · 歐陽瑀犇 · 龘燚翀 · 㛃䶮妘玥 · Müller-Łukasz"


def a_paper(*lines: tuple[str, str], title: str = "承诺卡") -> Paper:
    part = Part(title="双方约定", lines=lines)
    return Paper(company="杭州远山科技", title=title, under="张三", parts=(part,), foot="第 2 版")


def told(data: bytes) -> list[str]:
    """The words of each page, without spaces: lines are broken where they must."""
    document = pypdfium2.PdfDocument(data)
    pages = [page.get_textpage().get_text_range() for page in document]
    document.close()
    return [re.sub(r"\s", "", text) for text in pages]


def said(paper: Paper, page: int = 1) -> str:
    """What a paper of one page is to say."""
    words = [paper.company, paper.title, paper.under]
    for part in paper.parts:
        words += [part.title, *(printable(word) for line in part.lines for word in line)]
    return re.sub(r"\s", "", "".join([*words, f"{paper.foot}·{page}"]))


@pytest.mark.parametrize(
    "words",
    [
        "16,000 元/月（税前） × 12 个月",
        NAMES,
        "薪資結構：固定＋績效，試用期 6 個月",
        "<b>粗</b> &amp; <img src='file:///etc/passwd'/> {{7*7}}",
        "(括号)\\反斜杠\\( 和 ) 不成对",
        "第一行\n第二行\n\n第四行",
    ],
)
def test_the_words_of_a_paper_are_read_back(words: str) -> None:
    paper = a_paper(("固定薪资", "18,000 元"), ("另行约定", words))
    assert told(drawn(paper)) == [said(paper)]


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(min_codepoint=0x3400, max_codepoint=0x9FFF), min_size=1, max_size=60))
def test_any_chinese_is_read_back(words: str) -> None:
    paper = a_paper(("另行约定", words))
    assert told(drawn(paper)) == [said(paper)]


def test_a_character_no_font_has_is_named_and_not_left_out() -> None:
    paper = a_paper(("姓名", "𠮷田𬭎"))
    assert "〓(U+20BB7)田〓(U+2CB4E)" in told(drawn(paper))[0]


def test_what_cannot_be_seen_is_not_printed() -> None:
    assert printable("张三\u202egpj\u200b\x07") == "张三gpj"


def test_much_goes_on_on_further_pages_and_nothing_is_lost() -> None:
    notes = "".join(f"第{n}条：按约定执行，双方确认。" for n in range(400))
    pages = told(drawn(a_paper(("另行约定", notes))))
    assert len(pages) > 2
    for number, page in enumerate(pages, 1):
        assert page.endswith(f"第2版·{number}")
    whole = "".join(page.removesuffix(f"第2版·{n}") for n, page in enumerate(pages, 1))
    assert whole.endswith(notes)


def test_no_line_sticks_out_or_begins_with_a_closing_mark() -> None:
    words = "这一条很长，" * 40 + "https://example.com/" + "a" * 200
    document = pypdfium2.PdfDocument(drawn(a_paper(("另行约定", words))))
    width = document[0].get_size()[0]
    text = document[0].get_textpage()
    rights = [text.get_rect(n)[2] for n in range(text.count_rects())]
    lines = text.get_text_range().splitlines()
    document.close()
    assert max(rights) < width - 40
    assert [line for line in lines if line[:1] in tuple("，。、）")] == []


def test_the_fonts_are_embedded_and_cut() -> None:
    data = drawn(a_paper(("固定薪资", "18,000 元")))
    assert b"FontFile2" in data
    assert len(data) < 60_000


def test_the_same_words_are_the_same_bytes() -> None:
    assert drawn(a_paper(("a", "b"))) == drawn(a_paper(("a", "b")))
