"""Names of files that strangers chose: safe to show, to keep and to hand to a browser."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath
from typing import Literal
from urllib.parse import quote

LONGEST = 80
_FORBIDDEN = re.compile(r'[<>:"|?*]')
_SPACES = re.compile(r"\s+")
#: Devices, to Windows, whatever suffix follows.
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)", re.IGNORECASE)


def shown(name: str) -> str:
    """A name without its folders and without characters that are not seen or turn the text.

    >>> shown("../../etc/简历\\u202efdp.exe")
    '简历fdp.exe'
    """
    last = re.split(r"[\\\\/]", name)[-1]
    seen = "".join(
        " " if one.isspace() else one
        for one in unicodedata.normalize("NFC", last)
        if one.isspace() or not unicodedata.category(one).startswith("C")
    )
    return _SPACES.sub(" ", seen).strip(" .")


def safe(name: str, suffixes: tuple[str, ...], *, otherwise: str) -> str:
    """A name to keep: short, without what file systems forbid, and with one of ``suffixes``.

    ``otherwise`` is what a file without a name is called.

    >>> safe("cv.pdf.html", (".txt",), otherwise="文件"), safe(" .PDF", (".pdf",), otherwise="文件")
    ('cv.pdf.html.txt', '文件.pdf')
    """
    clean = _FORBIDDEN.sub("_", shown(name))
    suffix = PurePosixPath(f"x{clean}").suffix
    if f".{clean}".lower() in suffixes:  # nothing but a suffix
        clean, suffix = "", f".{clean}"
    fits = suffix.lower() in suffixes
    stem = (clean.removesuffix(suffix) if fits else clean)[:LONGEST].strip(" .") or otherwise
    if _DEVICES.match(stem):
        stem = f"_{stem}"
    return stem + (suffix.lower() if fits else suffixes[0])


def disposition(how: Literal["attachment", "inline"], name: str) -> str:
    """A Content-Disposition with the name as RFC 6266 and RFC 5987 want it.

    >>> disposition("attachment", "简历.pdf")
    'attachment; filename="file.pdf"; filename*=UTF-8\\'\\'%E7%AE%80%E5%8E%86.pdf'
    """
    clean = shown(name) or "file"
    plain = re.sub(r'["\\\\%]', "_", clean)
    if not plain.isascii():
        suffix = PurePosixPath(plain).suffix
        plain = "file" + (suffix if suffix.isascii() else "")
    return f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(clean, safe='')}"
