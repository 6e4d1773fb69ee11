"""How large a picture is, read from its head: a small file may hold a billion pixels."""

from __future__ import annotations

import struct

#: Frames that carry a picture's size; C4, C8 and CC are tables.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
#: Markers without a length: restarts, and the beginning.
_BARE = frozenset(range(0xD0, 0xD9)) | {0x01}
#: Looked at before we give up; a camera writes some dozens.
_SEGMENTS = 2000
#: Of one extension of a GIF, 255 bytes at most each; a comment of an editor may have hundreds.
_PIECES = 50_000


def pixels(media_type: str, data: bytes) -> int | None:
    """Width times height of a PNG, JPEG, GIF or WebP; None when its head does not say."""
    read = {"image/png": _png, "image/jpeg": _jpeg, "image/gif": _gif, "image/webp": _webp}
    try:
        return read[media_type](data)
    except (struct.error, IndexError):
        return None


def _png(data: bytes) -> int | None:
    if data[12:16] != b"IHDR":
        return None
    width, height = struct.unpack_from(">2L", data, 16)
    return int(width * height)


def _gif(data: bytes) -> int | None:
    """The screen, or the first frame where that is larger: browsers make room for it."""
    width, height, flags = struct.unpack_from("<2HB", data, 6)
    place = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    for _ in range(_SEGMENTS):
        if data[place] == 0x2C:
            wide, high = struct.unpack_from("<2H", data, place + 5)
            return int(max(width, wide) * max(height, high))
        if data[place] != 0x21:
            break
        place = _past(data, place + 2)
    return None


def _past(data: bytes, place: int) -> int:
    """Where the pieces that begin at ``place`` end. ``IndexError`` where they do not."""
    for _ in range(_PIECES):
        if not data[place]:
            return place + 1
        place += 1 + data[place]
    raise IndexError


def _webp(data: bytes) -> int | None:
    kind = data[12:16]
    if kind == b"VP8X":
        width = 1 + int.from_bytes(data[24:27], "little")
        return width * (1 + int.from_bytes(data[27:30], "little"))
    if kind == b"VP8L" and data[20] == 0x2F:
        (bits,) = struct.unpack_from("<L", data, 21)
        return int(((bits & 0x3FFF) + 1) * ((bits >> 14 & 0x3FFF) + 1))
    if kind == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<2H", data, 26)
        return int((width & 0x3FFF) * (height & 0x3FFF))
    return None


def _jpeg(data: bytes) -> int | None:
    """Walk from segment to segment until the frame."""
    place = 2
    for _ in range(_SEGMENTS):
        if data[place] != 0xFF:
            break
        marker = data[place + 1]
        if marker == 0xFF:  # a fill byte
            place += 1
        elif marker in _FRAMES:
            height, width = struct.unpack_from(">2H", data, place + 5)
            return int(width * height)
        elif marker in _BARE:
            place += 2
        else:
            (length,) = struct.unpack_from(">H", data, place + 2)
            place += 2 + length
    return None
