"""What a file is, by its bytes and never by its name.

Allowed are pictures, PDF, Word and Excel of today (OOXML) and plain text. Archives, programs,
macros, markup and everything else are not, whatever they are called. Nothing is unpacked here:
an OOXML file is judged by its list of entries.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

from bot.web.pictures import pixels
from storage.enums import MediaKind

#: Of one picture; a browser would need four bytes for each.
MOST_PIXELS = 40_000_000
#: Of an OOXML file, by its own list: entries, bytes when unpacked, and how tightly packed.
MOST_ENTRIES = 1_000
MOST_UNPACKED = 100 * 1024 * 1024
TIGHTEST = 100

_LIST_BYTES = 1024 * 1024
_ZIP, _ENTRY, _END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_ENCRYPTED, _LINK = 0x1, 0o120000
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f]")
_MARKS = (("utf-16", (b"\xff\xfe", b"\xfe\xff")), ("utf-8-sig", (b"",)), ("gb18030", (b"",)))


@dataclass(frozen=True, slots=True)
class Proven:
    """What the bytes prove. ``suffixes``: how such a file may be called; the first is usual."""

    media_type: str
    kind: MediaKind
    suffixes: tuple[str, ...]


PNG = Proven("image/png", MediaKind.IMAGE, (".png",))
JPEG = Proven("image/jpeg", MediaKind.IMAGE, (".jpg", ".jpeg"))
GIF = Proven("image/gif", MediaKind.IMAGE, (".gif",))
WEBP = Proven("image/webp", MediaKind.IMAGE, (".webp",))
PDF = Proven("application/pdf", MediaKind.FILE, (".pdf",))
_OOXML = "application/vnd.openxmlformats-officedocument"
DOCX = Proven(f"{_OOXML}.wordprocessingml.document", MediaKind.FILE, (".docx",))
XLSX = Proven(f"{_OOXML}.spreadsheetml.sheet", MediaKind.FILE, (".xlsx",))
TXT = Proven("text/plain", MediaKind.FILE, (".txt",))
ALL = (PNG, JPEG, GIF, WEBP, PDF, DOCX, XLSX, TXT)


def picture(head: bytes) -> Proven | None:
    """The kind of picture that begins with ``head``; None for anything else."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if head.startswith(b"\xff\xd8\xff"):
        return JPEG
    if head.startswith((b"GIF87a", b"GIF89a")):
        return GIF
    return WEBP if head[:4] == b"RIFF" and head[8:12] == b"WEBP" else None


def drawable(head: bytes) -> Proven | None:
    """A picture that a browser may be given to draw: of a known kind, and of a bearable size.

    ``head``: its first bytes, 64 KiB at least where there are so many.
    """
    found = picture(head)
    size = pixels(found.media_type, head) if found is not None else None
    return found if size is not None and 0 < size <= MOST_PIXELS else None


def proven(data: bytes) -> Proven | None:
    """What a whole file is; None for what we do not take."""
    if picture(data) is not None:
        return drawable(data)
    if data.startswith(b"%PDF-"):
        return PDF
    if data.startswith(_ZIP):
        return _office(data)
    return TXT if _is_text(data) else None


def _is_text(data: bytes) -> bool:
    """Characters and line breaks in one of the encodings of Chinese computers, and no markup."""
    for encoding, marks in _MARKS:
        if not data.startswith(marks):
            continue
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return not _CONTROL.search(text) and not text.lstrip().startswith("<")
    return False


def _office(data: bytes) -> Proven | None:
    names = _entries(data)
    if "[Content_Types].xml" not in names or any("vbaproject" in name.lower() for name in names):
        return None
    # Word on the web calls its main part document2.xml.
    if any(re.fullmatch(r"word/document\d*\.xml", name) for name in names):
        return DOCX
    return XLSX if "xl/workbook.xml" in names else None


def _entries(data: bytes) -> frozenset[str]:
    """The names in a ZIP's list of entries; none when the list is not that of an honest file."""
    end = data.rfind(_END, max(0, len(data) - 65_557))
    if end < 0 or end + 22 > len(data):
        return frozenset()
    disk, first, here, count, size, at, _ = struct.unpack_from("<4H2LH", data, end + 4)
    if disk or first or here != count or count > MOST_ENTRIES or size > _LIST_BYTES:
        return frozenset()
    names, unpacked, place = set(), 0, at
    for _ in range(count):
        if place + 46 > min(at + size, end) or data[place : place + 4] != _ENTRY:
            return frozenset()
        flags, full, lengths, mode = _entry(data, place)
        name = data[place + 46 : place + 46 + lengths[0]].decode("utf-8", "replace")
        unpacked += full
        if flags & _ENCRYPTED or mode == _LINK or _leads_out(name):
            return frozenset()
        names.add(name)
        place += 46 + sum(lengths)
    honest = unpacked <= min(MOST_UNPACKED, TIGHTEST * len(data))
    return frozenset(names) if honest else frozenset()


def _entry(data: bytes, place: int) -> tuple[int, int, tuple[int, int, int], int]:
    """Flags, unpacked size, lengths of name, extra and comment, and the file's Unix type."""
    flags, full, name, extra, comment, attributes = struct.unpack_from("<8xH14xL3H4xL", data, place)
    return flags, full, (name, extra, comment), (attributes >> 16) & 0o170000


def _leads_out(name: str) -> bool:
    parts = re.split(r"[\\/]", name)
    return ".." in parts or parts[0] == "" or ":" in name or "\x00" in name
