"""Pictures are kept without what the camera wrote beside them."""

from __future__ import annotations

import struct
import time
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import camera
from tests import samples_of_files as some

SECRETS = (b"GPSLatitude", b"31.2304", b"iPhone", b"2026:11:02", b"\x88\x25", b"ftypmp42")


def segment(marker: int, inside: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(inside) + 2) + inside


def exif(orientation: int, order: str = "<") -> bytes:
    """What a phone writes: which side is up, which phone, when, and a place."""
    mark = b"II" if order == "<" else b"MM"
    words = b"iPhone 15\0" + b"2026:11:02 09:00:00\0" + b"GPSLatitude 31.2304\0"
    entries = struct.pack(f"{order}HHLHH", 0x010F, 2, 10, 0, 0)
    entries += struct.pack(f"{order}HHLHH", 0x0112, 3, 1, orientation, 0)
    entries += struct.pack(f"{order}HHLL", 0x8825, 4, 1, 26)  # where the GPS block is
    head = mark + struct.pack(f"{order}HL", 42, 8) + struct.pack(f"{order}H", 3)
    return b"Exif\0\0" + head + entries + struct.pack(f"{order}L", 0) + words


ICC = segment(0xE2, b"ICC_PROFILE\0\x01\x01profile")
ADOBE = segment(0xEE, b"Adobe\0\x64\0\0\0\0\0")
TABLES = segment(0xDB, bytes(65)) + segment(0xC4, bytes(28))
SCAN = segment(0xDA, b"\x01\x01\x00\x00\x3f\x00") + b"\x12\xff\x00\x34\xff\xd0\x56"


def photo(*beside: bytes, end: bytes = b"") -> bytes:
    """A JPEG with these segments before its frame, and two scans."""
    jfif, frame = some.JPEG[2:20], some.JPEG[20:-2]
    return b"".join(
        (b"\xff\xd8", jfif, *beside, TABLES, frame, SCAN, TABLES, SCAN, b"\xff\xd9", end)
    )


BESIDE = {
    "exif": segment(0xE1, exif(1)),
    "xmp": segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<GPSLatitude>31.2304</GPSLatitude>"),
    "small copy": segment(0xE0, b"JFXX\0\x10GPSLatitude"),
    "more pictures": segment(0xE2, b"MPF\0GPSLatitude"),
    "photoshop": segment(0xED, b"Photoshop 3.0\0GPSLatitude"),
    "maker": segment(0xEA, b"iPhone"),
    "comment": segment(0xFE, b"31.2304"),
}


@pytest.mark.parametrize("name", BESIDE)
def test_a_photo_loses_what_is_beside_it_and_nothing_else(name: str) -> None:
    spoken = photo(ICC, BESIDE[name], ADOBE, end=b"\xff\xd8\xff\xe1 GPSLatitude" + b"ftypmp42")
    found = camera.bare(spoken)
    assert found == photo(ICC, ADOBE)
    assert not any(secret in found for secret in SECRETS)
    assert camera.bare(found) == found


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("turned", range(10))
def test_which_side_is_up_is_kept(turned: int, order: str) -> None:
    found = camera.bare(photo(segment(0xE1, exif(turned, order))))
    assert not any(secret in found for secret in SECRETS)
    if not 2 <= turned <= 8:
        assert found == photo()
        return
    start = found.index(b"Exif\0\0MM") + 6
    assert struct.unpack_from(">HHLH", found, start + 10) == (0x0112, 3, 1, turned)
    assert found == photo(segment(0xE1, found[start - 6 : start + 26]))
    assert camera.bare(found) == found


def test_a_photo_that_was_not_sent_to_its_end_is_cleaned_all_the_same() -> None:
    whole = photo(segment(0xE1, exif(6)))
    cut = camera.bare(whole[:-5])
    assert b"GPSLatitude" not in cut
    assert cut.endswith(SCAN[:-3])


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">L", len(data)) + kind + data + struct.pack(">L", zlib.crc32(kind + data))


@pytest.mark.parametrize("kind", [b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"tIME", b"caBX", b"prVt"])
def test_a_png_loses_what_is_beside_it_and_nothing_else(kind: bytes) -> None:
    plain, colours = some.png(), chunk(b"gAMA", bytes(4))
    head, body = plain[:33], plain[33:]
    spoken = head + colours + chunk(kind, exif(6)) + body[:-12] + chunk(kind, b"iPhone")
    assert camera.bare(spoken + body[-12:] + b"ftypmp42") == head + colours + body


def riff(*parts: tuple[bytes, bytes]) -> bytes:
    body = b"".join(
        kind + struct.pack("<L", len(data)) + data + b"\0" * (len(data) % 2) for kind, data in parts
    )
    return b"RIFF" + struct.pack("<L", 4 + len(body)) + b"WEBP" + body


def test_a_webp_loses_what_is_beside_it_and_says_so_in_its_head() -> None:
    picture = (b"VP8L", b"\x2f" + bytes(8))

    def head(flags: int) -> tuple[bytes, bytes]:
        return b"VP8X", bytes((flags,)) + bytes(9)

    beside = ((b"EXIF", exif(1)), (b"XMP ", b"iPhone"), (b"maps", b"31.2304"))
    spoken = riff(head(0x20 | 0x08 | 0x04), (b"ICCP", b"abc"), picture, *beside)
    assert camera.bare(spoken + b"ftypmp42") == riff(head(0x20), (b"ICCP", b"abc"), picture)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\xff\xd8\xff", b"\xff\xd8\xff\xe1\x00\x01", b"\xff\xd8\xff\xe1\xff\xffExif",
        b"\xff\xd8\xff\xdb\x00\x02rest", some.png()[:40], some.WEBP, some.GIF, some.PDF, some.EXE,
        b"RIFF\xff\xff\xff\xffWEBPVP8X",
    ],
)  # fmt: skip
def test_what_is_no_whole_picture_is_kept_as_it_came(data: bytes) -> None:
    assert camera.bare(data) == data


WHOLE = (photo(*BESIDE.values()), some.png(), riff((b"VP8X", bytes(10)), (b"EXIF", exif(1))))


@settings(deadline=None, max_examples=200)
@given(
    whole=st.sampled_from(WHOLE),
    at=st.integers(0, 400),
    noise=st.binary(max_size=40),
    cut=st.booleans(),
)
def test_whatever_is_broken_breaks_nothing(whole: bytes, at: int, noise: bytes, cut: bool) -> None:
    spoilt = whole[:at] + noise + (b"" if cut else whole[at:])
    found = camera.bare(spoilt)
    assert len(found) <= len(spoilt) + 36
    assert camera.bare(found) == found


@pytest.mark.parametrize(
    "filling", [b"\xff", b"\xff\x00", b"\xff\xd0", b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"]
)
def test_no_picture_costs_more_than_a_moment(filling: bytes) -> None:
    most = 10 * 1024 * 1024
    data = photo()[:-2] + filling * (most // len(filling))
    many = some.png()[:33] + chunk(b"tEXt", b"") * (most // 12)
    started = time.process_time()
    camera.bare(data)
    camera.bare(many)
    assert time.process_time() - started < 0.5
