"""Whether a spreadsheet may be opened at all, by its bytes. Standard library only."""

from __future__ import annotations

import re

from bot.resume import proof
from bot.sheets.document import MOST_BYTES, TOO_LARGE

WORKBOOK = proof.Office(
    main=re.compile(r"xl/workbook\d*\.xml"),
    like="一张候选人表",
    only="只读 Excel（.xlsx）和 CSV 表格",
    plain="请另存为不带宏的 .xlsx",
)
_OLE = b"\xd0\xcf\x11\xe0"
#: What is no text, by its first bytes.
_OTHERS = (b"%PDF-", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"MZ", b"\x7fELF", b"\x1f\x8b")


def kind_of(data: bytes) -> str:
    """``xlsx`` or ``csv``. Raises ``Refusal``."""
    if not data.strip():
        raise proof.Refusal("文件是空的")
    if len(data) > MOST_BYTES:
        raise proof.Refusal(TOO_LARGE)
    if data.startswith(_OLE):
        raise proof.Refusal("旧版 Excel（.xls）或加密的文件打不开，请另存为 .xlsx")
    if data.startswith(b"PK\x03\x04"):
        proof.honest(data, WORKBOOK)
        return "xlsx"
    if data.startswith(_OTHERS) or data.lstrip()[:1] == b"<":
        raise proof.Refusal(WORKBOOK.only)
    return "csv"
