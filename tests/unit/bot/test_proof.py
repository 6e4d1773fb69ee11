"""What a file is: proven by its bytes, whatever it is called."""

from __future__ import annotations

import random

import pytest

from bot.web import proof
from bot.web.pictures import pixels
from bot.web.proof import Proven, proven
from tests import samples_of_files as some

TAKEN: dict[str, tuple[bytes, Proven]] = {
    "png": (some.png(), proof.PNG),
    "jpeg": (some.JPEG, proof.JPEG),
    "jpeg with fill bytes": (some.JPEG[:2] + b"\xff\xff" + some.JPEG[2:], proof.JPEG),
    "gif": (some.GIF, proof.GIF),
    "webp": (some.WEBP, proof.WEBP),
    "pdf": (some.PDF, proof.PDF),
    "docx": (some.docx(), proof.DOCX),
    "docx of the web": (
        some.zipped({"[Content_Types].xml": b"<T/>", "word/document2.xml": b"<w/>"}),
        proof.DOCX,
    ),
    "xlsx": (some.xlsx(), proof.XLSX),
    "utf-8": ("王小明\r\n\t五年经验\f".encode(), proof.TXT),
    "utf-8 with a mark": (b"\xef\xbb\xbf" + "简历".encode(), proof.TXT),
    "gbk": ("王小明，五年经验".encode("gb18030"), proof.TXT),
    "utf-16": ("简历".encode("utf-16"), proof.TXT),
    "short": (b"PK", proof.TXT),
}
REFUSED: dict[str, bytes] = {
    "program": some.EXE,
    "old office or encrypted": some.OLE,
    "zip": some.zipped({"a.txt": b"a"}),
    "zip bomb": some.zipped({"a.txt": bytes(30_000_000)}),
    "zip in the name of word": some.zipped({"word/document.xml": b"<w/>"}),
    "docx bomb": some.docx({"word/media": bytes(20_000_000)}),
    "docx with macros": some.docx({"word/vbaProject.bin": b"x"}),
    "docx that leads out": some.docx({"../../etc/x": b"x"}),
    "docx with a drive": some.docx({"C:x": b"x"}),
    "docx from the root": some.docx({"/etc/x": b"x"}),
    "docx of many entries": some.docx({f"e{n}": b"" for n in range(1000)}),
    "docx locked": some.locked(some.docx()),
    "docx cut": some.docx()[:-30],
    "docx without its list": some.docx()[:40],
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>',
    "html": b"\xef\xbb\xbf  <!doctype html><script>1</script>",
    "xml in utf-16": "<x/>".encode("utf-16"),
    "null": b"text\x00more",
    "escape": b"text\x1b[2J",
    "noise": random.Random(7).randbytes(500),
    "picture of a billion pixels": some.png(50_000, 50_000),
    "picture of nothing": some.png(0, 5),
    "picture without a head": some.png()[:14],
    "jpeg without a frame": some.JPEG[:20] + b"\xff\xd9",
    "jpeg of fill bytes": b"\xff\xd8" + b"\xff" * 500_000,
    "webp of nothing": b"RIFF\x00\x00\x00\x00WEBPVP8Q" + bytes(30),
    "rar": b"Rar!\x1a\x07\x01\x00" + bytes(20),
    "pdf further on": b"\n\n" + some.PDF + b"\x00",
}


@pytest.mark.parametrize("name", TAKEN)
def test_what_we_take_is_known_by_its_bytes(name: str) -> None:
    data, expected = TAKEN[name]
    assert proven(data) == expected


@pytest.mark.parametrize("name", REFUSED)
def test_what_we_do_not_take_is_nothing(name: str) -> None:
    assert proven(REFUSED[name]) is None


def test_the_size_of_a_picture_is_read_from_its_head() -> None:
    assert pixels("image/png", some.png(64, 32)) == 64 * 32
    assert pixels("image/jpeg", some.JPEG) == 6
    assert pixels("image/gif", some.GIF) == 4
    assert pixels("image/gif", some.gif((1, 1), (60_000, 50_000))) == 60_000 * 50_000
    assert proven(some.gif((1, 1), (60_000, 50_000))) is None
    assert pixels("image/gif", b"GIF89a" + bytes(7) + b";") is None  # no picture in it
    assert pixels("image/webp", some.WEBP) == 4
    extended = b"RIFF\x00\x00\x00\x00WEBPVP8X" + bytes(8) + b"\x63\x00\x00\x31\x00\x00"
    assert pixels("image/webp", extended) == 100 * 50
    lossy = b"RIFF\x00\x00\x00\x00WEBPVP8 " + bytes(7) + b"\x9d\x01\x2a\x0a\x00\x05\x00"
    assert pixels("image/webp", lossy) == 50


def test_no_piece_of_a_file_breaks_the_judge() -> None:
    chance = random.Random(11)
    for data, _ in TAKEN.values():
        for _ in range(60):
            spoilt = bytearray(data)
            for _ in range(3):
                spoilt[chance.randrange(len(spoilt))] = chance.randrange(256)
            proven(bytes(spoilt))
            proven(data[: chance.randrange(len(data))])
