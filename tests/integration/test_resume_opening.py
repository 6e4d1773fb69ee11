"""Files of strangers: opened in a child with limits, or refused with a reason; nothing else."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from docx import Document
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from bot.resume import child, opening, proof
from bot.resume.document import Unreadable
from tests import samples_of_files as some
from tests.resumes.known_layouts import grid, period_first
from tests.resumes.people import PEOPLE

ROOT = Path(__file__).parents[2]
DOCX = grid(PEOPLE[0])
TYPES = {"[Content_Types].xml": b"<Types/>"}
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def word(markup: str) -> bytes:
    """A Word file with this main part."""
    return some.zipped({**TYPES, "word/document.xml": markup.encode()})


def pdf(*, encrypt: str = "", pages: int = 1, text: str = "") -> bytes:
    out = io.BytesIO()
    lock = StandardEncryption(encrypt, ownerPassword="owner") if encrypt else None
    canvas = Canvas(out, encrypt=lock)
    for _ in range(pages):
        canvas.rect(50, 50, 400, 600, fill=1)
        canvas.drawString(60, 700, text)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def named(name: str) -> bytes:
    """A Word file with one more entry of this name."""
    return some.docx({name: b"x"})


def lying() -> bytes:
    """A bomb whose list says that it is small."""
    data = bytearray(some.zipped({**TYPES, "word/document.xml": b" " * (40 * 1024 * 1024)}))
    at = data.rfind(b"PK\x01\x02")
    data[at + 24 : at + 28] = (1000).to_bytes(4, "little")
    return bytes(data)


REFUSED = {
    "empty": (b"", "空的"),
    "a program": (some.EXE, "只读 PDF"),
    "a web page": (b"<html>%PDF-1.7</html>", "只读 PDF"),
    "a drawing": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "只读 PDF"),
    "a picture": (some.png(), "图片"),
    "an old or locked office file": (some.OLE, "另存为"),
    "too large": (b"%PDF-" + bytes(proof.MOST_BYTES), "10 MB"),
    "a spreadsheet": (some.xlsx(), "只读 PDF"),
    "a locked archive": (some.locked(DOCX), "密码"),
    "macros": (named("word/vbaProject.bin"), "宏"),
    "out of the folder": (named("../../etc/x"), "不该有"),
    "an absolute name": (named("/etc/x"), "不该有"),
    "a drive": (named("C:\\x"), "不该有"),
    "an archive inside": (named("word/a.zip"), "不该有"),
    "many entries": (some.docx({f"e{n}": b"" for n in range(1_001)}), "太多"),
    "a bomb": (some.docx({"word/a.xml": bytes(50 * 1024 * 1024)}), "太大"),
    "cut off": (DOCX[: len(DOCX) // 2], "不完整"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_a_resume_is_refused_before_a_child_is_started(name: str) -> None:
    data, why = REFUSED[name]
    started = time.perf_counter()
    with pytest.raises(proof.Refusal, match=why):
        proof.kind_of(data)
    assert time.perf_counter() - started < 5


def test_a_link_in_an_archive_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in (*TYPES, "word/document.xml"):
            archive.writestr(name, b"<w/>")
        link = zipfile.ZipInfo("word/link")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, b"/etc/passwd")
    with pytest.raises(proof.Refusal, match="不该有"):
        proof.kind_of(out.getvalue())


def stream_bomb() -> bytes:
    """A small PDF page that unpacks to more than the child may have, twice deflated."""
    blank = zlib.compressobj(1)
    inner = b"".join(blank.compress(b" " * (1 << 20)) for _ in range(640)) + blank.flush()
    packed = zlib.compress(inner, 9)
    return _one_page(b"/Filter [/FlateDecode /FlateDecode]", packed)


def _one_page(extra: bytes, stream: bytes, kids: bytes = b"3 0 R") -> bytes:
    body = b"%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    body += b"2 0 obj<</Type/Pages/Count 1/Kids[" + kids + b"]>>endobj\n"
    body += b"3 0 obj<</Type/Page/Parent 2 0 R/Contents 4 0 R>>endobj\n"
    body += b"4 0 obj<<" + extra + b"/Length %d>>stream\n" % len(stream)
    return body + stream + b"\nendstream endobj\ntrailer<</Root 1 0 R/Size 5>>\n%%EOF\n"


REFUSED_INSIDE: dict[str, tuple[bytes | Callable[[], bytes], str]] = {
    "a stream that unpacks to 640 MB": (stream_bomb, "打不开|已中止|文字"),
    "a loop of pages": (_one_page(b"", b"", kids=b"2 0 R"), "打不开|已中止|文字"),
    "scanned": (pdf(), "扫描"),
    "locked": (pdf(encrypt="secret", text="hello world"), "密码"),
    "broken": (b"%PDF-1.7\n" + bytes(range(256)) * 40, "打不开"),
    "no pages": (some.PDF, "打不开"),
    "many pages": (pdf(pages=21, text="resume"), "20 页"),
    "a size that lies": (lying(), "打不开|太大"),
    "entities": (
        word(f'<!DOCTYPE w [<!ENTITY a "{"x" * 999}">]><w:document {W}>&a;</w:document>'),
        "打不开",
    ),
    "deeply nested": (
        word(
            f"<w:document {W}><w:body>{'<w:p>' * 30_000}{'</w:p>' * 30_000}</w:body></w:document>"
        ),
        "打不开",
    ),
    "no markup": (word("no markup at all"), "打不开"),
    "pictures only": (word(f"<w:document {W}><w:body/></w:document>"), "几乎没有文字"),
    "spaces only": (
        word(
            f"<w:document {W}><w:body>"
            + "<w:p><w:r><w:t>  </w:t></w:r></w:p>" * 40
            + "</w:body></w:document>"
        ),
        "这份 Word 里几乎没有文字",
    ),
    "far too much": (
        word(
            f"<w:document {W}><w:body>"
            + "<w:p><w:r><w:t>字字字字字字字字字字</w:t></w:r></w:p>" * 7_000
            + "</w:body></w:document>"
        ),
        "太多|太大",
    ),
}


@pytest.mark.parametrize("name", REFUSED_INSIDE)
async def test_what_turns_out_not_to_be_one_is_refused_inside(name: str) -> None:
    made, why = REFUSED_INSIDE[name]
    data = made if isinstance(made, bytes) else made()
    with pytest.raises(Unreadable, match=why):
        await opening.lines_of(data)


async def test_a_child_that_takes_too_long_is_killed_and_leaves_nobody_behind() -> None:
    before = _children()
    with pytest.raises(Unreadable, match="已中止"):
        await opening.lines_of(period_first(PEOPLE[0]), seconds=0.01)
    assert _children() <= before


def _children() -> set[str]:
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


#: Each must fail in a confined process; the last line says so.
DEEDS = {
    "open a file": "open('/etc/hostname').read()",
    "write a file": "open('written', 'w').write('x')",
    "a socket": "import socket; socket.socket()",
    "a process": "import subprocess; subprocess.run(['true'], stdout=subprocess.PIPE)",
    "memory": "bytearray(900 * 1024 * 1024)",
}


@pytest.mark.parametrize("name", DEEDS)
def test_the_confined_child_can_do_none_of(name: str, tmp_path: Path) -> None:
    program = (
        "import socket, subprocess, sys\n"
        "from bot.resume import child\n"
        "child.confine()\n"
        "try:\n"
        f"    {DEEDS[name]}\n"
        "except (OSError, MemoryError) as error:\n"
        "    print('refused', type(error).__name__)\n"
        "else:\n"
        "    print('done')\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.startswith("refused"), ran.stdout
    assert list(tmp_path.iterdir()) == []


def test_the_child_ends_itself_when_its_processor_time_is_up() -> None:
    program = (
        "import resource\nfrom bot.resume import child\nchild.CPU_SECONDS = 1\n"
        "child.confine()\nwhile True: pass\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False)
    assert ran.returncode < 0
    assert (child.CPU_SECONDS, child.MEMORY) == (10, 512 * 1024 * 1024)


async def test_text_boxes_and_order_of_a_word_file_are_kept() -> None:
    box = "<w:txbxContent><w:p><w:r><w:t>方框里的字，离职原因</w:t></w:r></w:p></w:txbxContent>"
    markup = (
        f"<w:document {W}><w:body><w:p><w:r><w:t>第一段有不少的字在这里</w:t></w:r>{box}</w:p>"
        "<w:p><w:r><w:t>左</w:t><w:tab/><w:t>右</w:t></w:r></w:p></w:body></w:document>"
    )
    lines = await opening.lines_of(word(markup))
    assert [line.cells for line in lines] == [
        ("第一段有不少的字在这里",),
        ("方框里的字，离职原因",),
        ("左", "右"),
    ]


async def test_the_childs_environment_holds_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YINUO_SECRET", "canary")
    assert set(opening._environment()) == {"PYTHONPATH", "LC_ALL", "OMP_NUM_THREADS"}
    assert await opening.lines_of(DOCX)


def test_a_word_file_of_ours_is_one() -> None:
    out = io.BytesIO()
    Document().save(out)
    assert proof.kind_of(out.getvalue()) is proof.Kind.DOCX
