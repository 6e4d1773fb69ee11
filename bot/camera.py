"""Pictures without what a camera writes beside them: place, time, device, and small copies.

A photo says where somebody lives, and nobody asked them. So JPEG, PNG and WebP are kept as the
picture, its colours and which side is up; a file that is none of these, or is not built as one,
is kept as it came.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

#: Parts of one file; a long film of a WebP or a PNG in small pieces has some thousands.
_MOST = 50_000
_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"

_SOI, _EOI, _SOS, _APP0, _APP1, _APP2, _APP14, _APP15, _COMMENT = (
    *(0xD8, 0xD9, 0xDA),
    *(0xE0, 0xE1, 0xE2, 0xEE, 0xEF),
    0xFE,
)
#: Among compressed bytes a stuffed FF and a restart are no marker; an FF before one only fills.
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]", re.DOTALL)
_FILLED = re.compile(rb"\xff+")
#: What the application segments may hold that the picture is drawn by.
_DRAWN_BY = {_APP0: b"JFIF\0", _APP2: b"ICC_PROFILE\0", _APP14: b"Adobe"}
_EXIF, _ORIENTATION, _SHORT = b"Exif\0\0", 0x0112, 3

#: Beside the chunks a PNG cannot be drawn without, whose names begin with a capital.
_COLOURS = frozenset(
    b"tRNS gAMA cHRM sRGB iCCP cICP mDCV cLLI sBIT bKGD pHYs acTL fcTL fdAT".split()
)
_WEBP = frozenset((b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"))
#: Bits of VP8X that announce XMP and EXIF.
_ANNOUNCED = 0x04 | 0x08


def is_picture(head: bytes | bytearray) -> bool:
    """Whether bytes begin as one of the kinds that ``bare`` knows."""
    return head.startswith((_PNG, _JPEG)) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")


def bare(data: bytes) -> bytes:
    """A whole file without what the camera wrote beside the picture."""
    try:
        if data.startswith(_JPEG):
            return b"".join(_jpeg(data))
        if data.startswith(_PNG):
            return b"".join(_png(data))
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _webp(data)
    except (struct.error, IndexError, ValueError):
        return data
    return data


def _jpeg(data: bytes) -> Iterator[bytes]:
    """Segment by segment; what follows the end (a second picture, a film) is left out, too."""
    yield data[:2]
    place = 2
    for _ in range(_MOST // 10):
        filled = _FILLED.match(data, place)
        if filled is None:
            raise ValueError("not a marker")
        marker, body = data[filled.end()], filled.end() + 1
        if marker == _EOI:
            yield b"\xff\xd9"
            return
        (length,) = struct.unpack_from(">H", data, body)
        end = body + length
        if length < 2 or end > len(data):
            raise ValueError("a segment is cut")
        inside = data[body + 2 : end]
        if marker == _SOS:
            then = _MARKER.search(data, end)
            end = then.start() if then else len(data)
            yield b"\xff\xda" + data[body:end]
            if then is None:  # a picture that was not sent to its end is one all the same
                return
        elif marker == _APP1 and inside.startswith(_EXIF):
            yield _upright(inside[len(_EXIF) :])
        elif not _beside(marker, inside):
            yield bytes((0xFF, marker)) + data[body:end]
        place = end
    raise ValueError("too many segments")


def _beside(marker: int, inside: bytes) -> bool:
    """Whether a segment says something that the picture is not drawn by."""
    if marker == _COMMENT:
        return True
    if not _APP0 <= marker <= _APP15:
        return False
    wanted = _DRAWN_BY.get(marker)
    return wanted is None or not inside.startswith(wanted)


def _upright(tiff: bytes) -> bytes:
    """An EXIF segment that only says which side is up; nothing when it is the usual one."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return b""
    try:
        (at,) = struct.unpack_from(f"{order}L", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, at)
        for entry in range(at + 2, at + 2 + 12 * min(count, 500), 12):
            tag, kind, _, turned = struct.unpack_from(f"{order}HHLH", tiff, entry)
            if (tag, kind) == (_ORIENTATION, _SHORT) and 2 <= turned <= 8:
                only = struct.pack(">2sHLHHHLHHL", b"MM", 42, 8, 1, tag, kind, 1, turned, 0, 0)
                length = struct.pack(">H", 2 + len(_EXIF) + len(only))
                return b"\xff\xe1" + length + _EXIF + only
    except struct.error:
        return b""
    return b""


def _png(data: bytes) -> Iterator[bytes]:
    yield data[:8]
    place = 8
    for _ in range(_MOST):
        length, kind = struct.unpack_from(">L4s", data, place)
        end = place + 12 + length
        if end > len(data):
            raise ValueError("a chunk is cut")
        if kind[0] < ord("a") or kind in _COLOURS:
            yield data[place:end]
        if kind == b"IEND":
            return
        place = end
    raise ValueError("too many chunks")


def _webp(data: bytes) -> bytes:
    (size,) = struct.unpack_from("<L", data, 4)
    end = size + 8
    if end > len(data):
        raise ValueError("the file is cut")
    parts: list[bytes] = []
    place = 12
    while place < end:
        kind, length = struct.unpack_from("<4sL", data, place)
        then = place + 8 + length + length % 2
        if then > end or len(parts) > _MOST:
            raise ValueError("a chunk is cut, or there are too many")
        if kind == b"VP8X":
            flags = data[place + 8] & ~_ANNOUNCED
            parts.append(data[place : place + 8] + bytes((flags,)) + data[place + 9 : then])
        elif kind in _WEBP:
            parts.append(data[place:then])
        place = then
    body = b"".join(parts)
    return b"RIFF" + struct.pack("<L", 4 + len(body)) + b"WEBP" + body
