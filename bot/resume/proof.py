"""Whether a file may be opened at all: size, first bytes, an honest archive, no macros, no lock.

Asked before a child is started and again inside it. Nothing is unpacked here; standard library
only, so that the child loads little.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
from dataclasses import dataclass
from enum import StrEnum

MOST_BYTES = 10 * 1024 * 1024
MOST_ENTRIES = 1_000
MOST_UNPACKED = 100 * 1024 * 1024
#: Unpacked to packed bytes of an archive, from a size on where it could hurt.
TIGHTEST = 100

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_END = b"PK\x05\x06"
_LOCKED, _LINK = 0x1, 0o120000
_MACRO = re.compile(r"vbaproject|vbadata|activex|macrosheet", re.I)
_NESTED = re.compile(r"\.(?:zip|docx|docm|xlsm|jar|7z|rar|gz|exe|dll|js|vbs)$", re.I)


class Kind(StrEnum):
    """What can be opened."""

    PDF = "pdf"
    DOCX = "docx"


class Refusal(ValueError):
    """Why a file is not opened, in Chinese."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """An office file that may be opened: its main part, and how to speak of it."""

    main: re.Pattern[str]
    like: str  # 不像…
    only: str  # what else cannot be read
    plain: str  # what to save as instead of one with macros


WORD = Office(
    # Word on the web calls it document2.xml.
    main=re.compile(r"word/document\d*\.xml"),
    like="一份简历",
    only="只读 PDF 和 Word（.docx）简历",
    plain="请对方另存为 PDF 或不带宏的 .docx",
)


def kind_of(data: bytes) -> Kind:
    """What a file is, by its bytes. Raises ``Refusal``."""
    if not data:
        raise Refusal("文件是空的")
    if len(data) > MOST_BYTES:
        raise Refusal("文件超过 10 MB，请对方发小一些的版本")
    if data.startswith(b"%PDF-"):
        return Kind.PDF
    if data.startswith(_OLE):
        raise Refusal("旧版 Word（.doc）或加密的 Office 文件打不开，请对方另存为 PDF 或 .docx")
    if data.startswith(b"PK\x03\x04"):
        honest(data, WORD)
        return Kind.DOCX
    if data.startswith((b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"BM", b"II*\x00")):
        raise Refusal("这是图片，没有可读的文字，请对方发文字版 PDF 或 Word")
    raise Refusal(WORD.only)


def honest(data: bytes, office: Office) -> None:
    """Whether an archive may be unpacked. Raises ``Refusal``."""
    end = data.rfind(_END, max(0, len(data) - 65_557))
    if end < 0 or end + 22 > len(data):
        raise Refusal("文件不完整")
    if struct.unpack_from("<H", data, end + 10)[0] > MOST_ENTRIES:
        raise Refusal(f"压缩包里的文件太多，不像{office.like}")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error) as error:
        raise Refusal("文件不完整") from error
    _entries(entries, len(data), office)


def _entries(entries: list[zipfile.ZipInfo], packed: int, office: Office) -> None:
    names = {entry.filename for entry in entries}
    if len(entries) > MOST_ENTRIES or len(names) != len(entries):
        raise Refusal(f"压缩包里的文件太多，不像{office.like}")
    for entry in entries:
        if entry.flag_bits & _LOCKED:
            raise Refusal("文件加了密码，请对方去掉密码再发")
        if _MACRO.search(entry.filename):
            raise Refusal(f"文件里有宏，不打开；{office.plain}")
        out = leads_out(entry.orig_filename)
        if out or (entry.external_attr >> 16) & 0o170000 == _LINK or _NESTED.search(entry.filename):
            raise Refusal("压缩包里有不该有的东西，不打开")
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > MOST_UNPACKED or unpacked > max(TIGHTEST * packed, 1024 * 1024):
        raise Refusal("文件解开后太大，不打开")
    if "[Content_Types].xml" not in names or not any(map(office.main.fullmatch, names)):
        raise Refusal(office.only)


def is_main(name: str) -> bool:
    """Whether an entry is a Word file's main part."""
    return WORD.main.fullmatch(name) is not None


def leads_out(name: str) -> bool:
    """Whether an entry's name leads out of the archive's folder."""
    parts = re.split(r"[\\/]", name)
    return ".." in parts or parts[0] == "" or ":" in name or "\x00" in name
