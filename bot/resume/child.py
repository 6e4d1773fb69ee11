"""Opens one file: ``python -m bot.resume.child pdf|docx``, the file on stdin, JSON on stdout.

What a stranger wrote is opened here and nowhere else. Once its input is read the process can open
neither files nor sockets, can write to no file, start nothing, and has bounded memory and time;
the parent's clock is the last bound. The answer is one JSON object: ``refused`` (why, Chinese), or
``pages`` (lists of left, bottom, right, top, text), or ``lines`` (lists of cells).
"""

from __future__ import annotations

import codecs
import json
import resource
import signal
import sys
from collections.abc import Iterator
from typing import Any

from bot.resume import proof

MEMORY = 512 * 1024 * 1024
CPU_SECONDS, WALL_SECONDS = 10, 20
#: Of one file: pages, runs or lines of text, characters.
MOST_PAGES, MOST_PIECES, MOST_CHARACTERS = 20, 6_000, 60_000
#: A page with fewer characters than this holds a picture rather than text.
FEWEST_CHARACTERS = 20
SCANNED = "这份 PDF 里没有文字（像是扫描件或照片），读不出来；请对方发文字版 PDF 或 Word"
_TOO_LONG = "文字太多，不像一份简历"
_BROKEN = "文件损坏或不完整，打不开；请对方重新导出再发"
_LOCKED = "文件加了密码，请对方去掉密码再发"


def main(kind: str) -> int:
    """Read, lock down, open, answer."""
    opened = _LOADERS[kind]()
    signal.alarm(WALL_SECONDS)
    data = sys.stdin.buffer.read(proof.MOST_BYTES + 1)
    confine()
    try:
        if proof.kind_of(data) != kind:
            raise proof.Refusal(_BROKEN)
        answer: dict[str, Any] = opened(data)
    except proof.Refusal as refusal:
        answer = {"refused": str(refusal)}
    except MemoryError:
        answer = {"refused": "文件解开后太大，不打开"}
    sys.stdout.buffer.write(json.dumps(answer).encode())
    sys.stdout.buffer.flush()
    return 0


def confine() -> None:
    """Give up, for good, what opening a document does not need."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # No descriptor can be had any more: neither a file nor a socket nor a pipe to a new process.
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


# --- PDF --------------------------------------------------------------------------------------


def _pdf() -> Any:
    import pypdfium2 as pdfium

    codecs.lookup("utf-16-le")  # found on disk, which is out of reach later

    def opened(data: bytes) -> dict[str, Any]:
        try:
            document = pdfium.PdfDocument(data)
        except pdfium.PdfiumError as error:
            locked = "password" in str(error).lower() or "security" in str(error).lower()
            raise proof.Refusal(_LOCKED if locked else _BROKEN) from error
        return {"pages": list(_pages(document, pdfium.PdfiumError))}

    return opened


def _pages(document: Any, broken: type[Exception]) -> Iterator[list[Any]]:
    if len(document) > MOST_PAGES:
        raise proof.Refusal(f"超过 {MOST_PAGES} 页，不像一份简历")
    pieces = characters = 0
    for index in range(len(document)):
        try:
            found = _runs(document[index].get_textpage())
        except broken as error:
            raise proof.Refusal(_BROKEN) from error
        pieces += len(found)
        characters += sum(len(run[4]) for run in found)
        if pieces > MOST_PIECES or characters > MOST_CHARACTERS:
            raise proof.Refusal(_TOO_LONG)
        yield found
    if characters < FEWEST_CHARACTERS:
        raise proof.Refusal(SCANNED)


def _runs(page: Any) -> list[list[Any]]:
    """Characters that stand close on one base line, as [left, bottom, right, top, text]."""
    from pypdfium2 import raw

    count = page.count_chars()
    if count > MOST_CHARACTERS:
        raise proof.Refusal(_TOO_LONG)
    runs: list[list[Any]] = []
    spaces, ended = "", True
    for at in range(count):
        char = chr(raw.FPDFText_GetUnicode(page, at))
        if char in "\r\n":
            spaces, ended = "", True
        elif char.isspace():
            spaces += char
        elif char != "\x00" and not "\ud800" <= char <= "\udfff":
            # The loose box has the font's height and the character's advance, ink or no ink.
            left, bottom, right, top = page.get_charbox(at, loose=True)
            height = max(top - bottom, 4.0)
            last = None if ended or not runs else runs[-1]
            gap = left - last[2] if last else 0.0
            level = last is not None and abs(bottom - last[1]) < height * 0.4
            if last is not None and level and -height * 0.5 <= gap < height * 1.2:
                last[4] += (spaces or (" " if gap > height * 0.2 else "")) + char
                last[2], last[3] = max(right, last[2]), max(top, last[3])
            else:
                runs.append([left, bottom, right, top, char])
            spaces, ended = "", False
    return runs


# --- Word -------------------------------------------------------------------------------------

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"


def _docx() -> Any:
    import io
    import zipfile
    import zlib
    from xml.etree import ElementTree

    codecs.lookup("cp437")

    def unpacked(archive: zipfile.ZipFile, name: str) -> bytes:
        """An entry, by what comes out and not by what its header says."""
        data = bytearray()
        with archive.open(name) as stream:
            while part := stream.read(1 << 16):
                data += part
                if len(data) > 16 * 1024 * 1024:
                    raise proof.Refusal("文件解开后太大，不打开")
        return bytes(data)

    def opened(data: bytes) -> dict[str, Any]:
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                main = min(name for name in archive.namelist() if proof.is_main(name))
                markup = unpacked(archive, main)
            if b"<!DOCTYPE" in markup or b"<!ENTITY" in markup or b"\x00" in markup[:200]:
                raise proof.Refusal(_BROKEN)
            body = ElementTree.fromstring(markup).find(f"{_W}body")  # noqa: S314 no DTD, confined
        except (zipfile.BadZipFile, zlib.error, ElementTree.ParseError, ValueError) as error:
            if isinstance(error, proof.Refusal):
                raise
            raise proof.Refusal(_BROKEN) from error
        except (NotImplementedError, RuntimeError, EOFError, KeyError) as error:
            raise proof.Refusal(_BROKEN) from error
        return {"lines": _counted(_blocks(body))}

    return opened


def _counted(lines: Iterator[list[str]]) -> list[list[str]]:
    found, characters, seen = [], 0, 0
    for line in lines:
        characters += sum(map(len, line))
        visible = sum(len(cell.strip()) for cell in line)
        if visible:
            found.append(line)
            seen += visible
        if len(found) > MOST_PIECES or characters > MOST_CHARACTERS:
            raise proof.Refusal(_TOO_LONG)
    if seen < FEWEST_CHARACTERS:  # spaces around a picture are no text
        raise proof.Refusal("这份 Word 里几乎没有文字（可能是图片），请对方发文字版")
    return found


def _blocks(parent: Any) -> Iterator[list[str]]:
    """Paragraphs and tables in the order of the file; what floats follows its paragraph."""
    for element in () if parent is None else parent:
        if element.tag == f"{_W}p":
            yield from _paragraph(element)
        elif element.tag == f"{_W}tbl":
            yield from _table(element)
        elif element.tag != _FALLBACK:
            yield from _blocks(element)


def _paragraph(element: Any) -> Iterator[list[str]]:
    parts: list[str] = []
    boxes: list[Any] = []
    _words(element, parts, boxes)
    for line in "".join(parts).split("\n"):
        yield line.split("\t")
    for box in boxes:
        yield from _blocks(box)


def _words(element: Any, parts: list[str], boxes: list[Any]) -> None:
    for one in element:
        if one.tag == f"{_W}t":
            parts.append(one.text or "")
        elif one.tag in (f"{_W}tab", f"{_W}ptab"):
            parts.append("\t" if element.tag == f"{_W}r" else "")
        elif one.tag in (f"{_W}br", f"{_W}cr"):
            parts.append("\n")
        elif one.tag == f"{_W}txbxContent":
            boxes.append(one)
        elif one.tag not in (_FALLBACK, f"{_W}del"):
            _words(one, parts, boxes)


def _table(element: Any) -> Iterator[list[str]]:
    """A row of one-line cells is one line; a row of longer cells, which is layout, is read cell
    by cell."""
    for row in element.findall(f"{_W}tr"):
        cells = [[line for line in _blocks(cell) if any(line)] for cell in row.findall(f"{_W}tc")]
        if all(len(cell) <= 1 for cell in cells):
            yield [" ".join(filter(None, cell[0])) if cell else "" for cell in cells]
        else:
            for cell in cells:
                yield from cell


_LOADERS = {"pdf": _pdf, "docx": _docx}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
