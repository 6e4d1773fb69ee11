"""How a stranger's file may be called when it is saved: by its first bytes.

A file of a platform is kept whatever it is, and its name is its sender's. A name only keeps the
suffix that its bytes bear out, so that to open what was saved never is to run it.
"""

from __future__ import annotations

import codecs
import re

#: Where, what, and the suffixes that fit; the first is given to a file that has another one.
_MARKS: tuple[tuple[int, bytes, tuple[str, ...]], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", (".png",)),
    (0, b"\xff\xd8\xff", (".jpg", ".jpeg")),
    (0, b"GIF8", (".gif",)),
    (8, b"WEBP", (".webp",)),
    (8, b"WAVE", (".wav",)),
    (8, b"AVI ", (".avi",)),
    (0, b"BM", (".bmp",)),
    (0, b"II*\0", (".tif", ".tiff")),
    (0, b"MM\0*", (".tif", ".tiff")),
    (0, b"%PDF-", (".pdf",)),
    (0, b"{\\rtf", (".rtf",)),
    (0, b"PK\x03\x04", (".zip", ".docx", ".xlsx", ".pptx", ".odt", ".ods", ".odp", ".epub")),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", (".doc", ".xls", ".ppt", ".wps", ".et", ".dps")),
    (0, b"Rar!\x1a\x07", (".rar",)),
    (0, b"7z\xbc\xaf\x27\x1c", (".7z",)),
    (0, b"\x1f\x8b", (".gz", ".tgz")),
    (4, b"ftyp", (".mp4", ".mov", ".m4a", ".m4v", ".3gp", ".heic", ".heif", ".avif")),
    (0, b"\x1a\x45\xdf\xa3", (".mkv", ".webm")),
    (0, b"OggS", (".ogg", ".opus", ".oga")),
    (0, b"#!AMR", (".amr",)),
    (0, b"#!SILK", (".silk", ".amr")),
    (1, b"#!SILK", (".silk", ".amr")),
    (0, b"ID3", (".mp3",)),
    (0, b"fLaC", (".flac",)),
)
_MP3 = re.compile(rb"\xff[\xe2\xe3\xf2\xf3\xfa\xfb]")
_AAC = re.compile(rb"\xff[\xf0\xf1\xf8\xf9]")
_TEXT = (".txt", ".csv", ".md", ".log", ".json", ".vcf", ".ics")
#: No system knows what to do with these, and asks.
UNKNOWN = (".bin",)
_LOOKED_AT = 4096
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f]")


def fitting(head: bytes) -> tuple[str, ...]:
    """The suffixes that fit a file which begins so; the first is the usual one.

    >>> fitting(b"MZ\\x90\\x00"), fitting(b"%PDF-1.7"), fitting(b"<html>")[0]
    (('.bin',), ('.pdf',), '.txt')
    """
    for at, mark, suffixes in _MARKS:
        if head.startswith(mark, at):
            return suffixes
    if _AAC.match(head):
        return (".aac",)
    if _MP3.match(head):
        return (".mp3",)
    return _TEXT if _is_text(head[:_LOOKED_AT]) else UNKNOWN


def _is_text(head: bytes) -> bool:
    """Also markup and scripts: under a name of text they are shown and not run."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):  # of Windows, in two bytes a character
        return True
    for encoding in ("utf-8", "gb18030"):
        try:
            text = codecs.getincrementaldecoder(encoding)().decode(head)
        except UnicodeDecodeError:
            continue
        return not _CONTROL.search(text)
    return False
