"""Small files of every kind we take, and of kinds we do not."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer<<>>\n%%EOF\n"


def gif(screen: tuple[int, int], frame: tuple[int, int]) -> bytes:
    """A GIF of one empty frame behind a comment, with a table of two colours."""
    head = b"GIF89a" + struct.pack("<2H", *screen) + b"\x80\x00\x00" + bytes(6)
    comment = b"!\xfe\x02hi\x01!\x00"
    return head + comment + b"," + struct.pack("<4H", 0, 0, *frame) + b"\x00\x02\x02D\x01\x00;"


GIF = gif((2, 2), (2, 2))
WEBP = (
    b"RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f" + struct.pack("<L", 1 | 1 << 14) + b"\x00"
)
JPEG = (
    b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
    b"\xff\xc0\x00\x11\x08" + struct.pack(">2H", 3, 2) + b"\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01"
    b"\xff\xd9"
)
EXE = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00" + bytes(64)
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(64)


def png(width: int = 2, height: int = 2) -> bytes:
    """A grey picture; only a small one really has its pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">L", len(data)) + kind + data + struct.pack(">L", zlib.crc32(kind + data))
        )

    head = struct.pack(">2L5B", width, height, 8, 0, 0, 0, 0)
    rows = (b"\x00" + b"\x88" * min(width, 64)) * min(height, 64)
    body = chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + body + chunk(b"IEND", b"")


def zipped(entries: Mapping[str, bytes]) -> bytes:
    """An archive of these entries."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return made.getvalue()


def docx(more: Mapping[str, bytes] | None = None) -> bytes:
    """A Word file as far as its list of entries goes; ``more``: further ones."""
    own = {"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w/>"}
    return zipped({**own, **(more or {})})


def xlsx() -> bytes:
    """An Excel file likewise."""
    return zipped({"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<workbook/>"})


def locked(data: bytes) -> bytes:
    """The same archive with every entry marked as encrypted."""
    made = bytearray(data)
    at = made.find(b"PK\x01\x02")
    while at >= 0:
        made[at + 8] |= 1
        at = made.find(b"PK\x01\x02", at + 4)
    return bytes(made)
