"""Names that strangers chose: what is shown, kept and told to a browser."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.web.filenames import LONGEST, disposition, safe, shown


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("简历.pdf", "简历.pdf"),
        ("我的 简历 v2.PDF", "我的 简历 v2.pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\Users\\wang\\简历.pdf", "简历.pdf"),
        ("a\r\nX-Evil: 1.pdf", "a X-Evil_ 1.pdf"),
        ("简历\u202efdp.exe", "简历fdp.exe.pdf"),
        ("\u2066a\u2069\u200b.pdf", "a.pdf"),
        ("a\x00b.pdf", "ab.pdf"),
        ("CON", "_CON.pdf"),
        ("con.pdf", "_con.pdf"),
        ("console.pdf", "console.pdf"),
        ("...", "文件.pdf"),
        ("", "文件.pdf"),
        (".pdf", "文件.pdf"),
        ('a"b|c?.pdf', "a_b_c_.pdf"),
        ("cv.pdf.html", "cv.pdf.html.pdf"),
        ("长" * 300 + ".pdf", "长" * LONGEST + ".pdf"),
        ("e\u0301.pdf", "é.pdf"),
    ],
)
def test_a_name_is_made_safe_and_stays_readable(given_name: str, kept: str) -> None:
    assert safe(given_name, (".pdf",), otherwise="文件") == kept


@given(st.text(max_size=400))
def test_no_name_leads_anywhere_or_breaks_a_line(name: str) -> None:
    made = safe(name, (".jpg", ".jpeg"), otherwise="图片")
    assert made.endswith((".jpg", ".jpeg"))
    assert len(made) <= LONGEST + 6
    assert not set(made) & set('/\\\r\n\x00<>:"|?*\u202e\u2066')
    assert shown(made) == made


@given(st.text(max_size=120))
def test_no_name_breaks_a_header(name: str) -> None:
    header = disposition("attachment", name)
    assert header.isascii()
    assert header.isprintable()
    assert header.count('"') == 2
    assert header.startswith('attachment; filename="')


def test_a_browser_gets_the_whole_name() -> None:
    assert (
        disposition("inline", "a b.pdf")
        == "inline; filename=\"a b.pdf\"; filename*=UTF-8''a%20b.pdf"
    )
    assert "filename*=UTF-8''%E7%AE%80%E5%8E%86.pdf" in disposition("attachment", "简历.pdf")
