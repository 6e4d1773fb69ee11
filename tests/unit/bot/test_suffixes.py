"""A saved file is called by what it is, so that opening it is not running it."""

from __future__ import annotations

import doctest

import pytest

from bot.web import filenames, suffixes
from tests import samples_of_files as some

NAMED: dict[str, tuple[str, bytes, str]] = {
    "honest pdf": ("简历.PDF", some.PDF, "简历.pdf"),
    "honest docx": ("简历.docx", some.docx(), "简历.docx"),
    "old word": ("简历.doc", some.OLE, "简历.doc"),
    "film": ("自我介绍.mp4", b"\0\0\0\x18ftypmp42", "自我介绍.mp4"),
    "voice": ("语音.amr", b"#!AMR\n", "语音.amr"),
    "voice of wechat": ("语音.amr", b"\x02#!SILK_V3", "语音.amr"),
    "song": ("a.mp3", b"\xff\xfb\x90\x64", "a.mp3"),
    "archive": ("作品集.zip", some.zipped({"a": b"a"}), "作品集.zip"),
    "table": ("表.csv", "姓名,电话".encode("gb18030"), "表.csv"),
    "half a character at the end": ("a.txt", "长".encode() * 1366, "a.txt"),
    "windows text": ("a.txt", "简历".encode("utf-16"), "a.txt"),
    "program": ("简历.exe", some.EXE, "简历.exe.bin"),
    "program as pdf": ("简历.pdf", some.EXE, "简历.pdf.bin"),
    "turned around": ("简历\u202efdp.exe", some.EXE, "简历fdp.exe.bin"),
    "spaces before": ("简历.pdf" + " " * 90 + ".scr", some.EXE, "简历.pdf .scr.bin"),
    "macros": ("简历.docm", some.docx(), "简历.docm.zip"),
    "page": ("简历.html", b"<script>alert(1)</script>", "简历.html.txt"),
    "drawing": ("照片.svg", b"<svg onload=alert(1)>", "照片.svg.txt"),
    "script": ("a.js", b"WScript.Shell", "a.js.txt"),
    "batch": ("a.bat", b"del *.*", "a.bat.txt"),
    "link": ("简历.lnk", b"L\0\0\0\x01\x14\x02", "简历.lnk.bin"),
    "installer": ("a.msi", some.OLE, "a.msi.doc"),
    "picture as program": ("a.exe", some.png(), "a.exe.png"),
    "path": ("../../.ssh/config", b"x", "config.txt"),
    "lines": ("a\r\nX: y.pdf", some.PDF, "a X_ y.pdf"),
    "no name": ("", some.PDF, "文件.pdf"),
    "no bytes": ("空.pdf", b"", "空.pdf.txt"),
    "device": ("CON.pdf", some.PDF, "_CON.pdf"),
}


@pytest.mark.parametrize("case", NAMED)
def test_a_name_ends_as_its_bytes_do(case: str) -> None:
    name, head, wanted = NAMED[case]
    assert filenames.safe(name, suffixes.fitting(head), otherwise="文件") == wanted


def test_no_suffix_that_fits_anything_is_run_by_being_opened() -> None:
    given = {one for _, _, ends in suffixes._MARKS for one in ends} | {*suffixes._TEXT}
    running = {
        *(".exe", ".com", ".scr", ".pif", ".msi", ".bat", ".cmd", ".js", ".jse", ".vbs", ".vbe"),
        *(".wsf", ".wsh", ".hta", ".htm", ".html", ".svg", ".xml", ".lnk", ".url", ".jar", ".ps1"),
        *(".docm", ".xlsm", ".pptm", ".dotm", ".chm", ".reg", ".iso", ".img", ".app", ".dmg"),
    }
    assert not given & running


def test_examples() -> None:
    tried = doctest.testmod(suffixes)
    assert (tried.attempted > 0, tried.failed) == (True, 0)
