"""The page of one's own data and its file, with everything and with nothing in them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.copies import Copy, Reason, Said, Statement
from bot.web.copy_views import CopyFile, CopyPage
from tests.e2e.entry_samples import OUTSIDE
from tests.e2e.sampling import NOW, Sample

HOSTILE = "<script>alert(1)</script>\u202e\u2066"
COPY = Copy(
    company="示例科技",
    made_at=NOW,
    name="陈一鸣",
    phone="13800138000",
    position="后端工程师",
    stage="已接受 offer，等待入职",
    stage_at=NOW - timedelta(days=9),
    start_on="2026-12-15",
    statements=(
        Statement(
            label="期望薪资",
            value="18,000–20,000 元/月（税前）",
            source="message",
            at=NOW - timedelta(days=20),
            until=NOW - timedelta(days=10),
        ),
        Statement(label="技能", value=HOSTILE, source="resume", at=NOW, until=None),
    ),
    messages=(
        Said(at=NOW, by="candidate", channel="webchat", text=HOSTILE, about=("薪资", "犹豫")),
        Said(at=NOW, by="bot", channel="webchat", text="收到，" * 60, about=()),
        Said(at=NOW, by="hr", channel="telegram", text="好的\n明天见", about=()),
    ),
    score=42,
    reasons=(
        Reason(label="对薪资仍有犹豫", at=NOW, raises=True),
        Reason(label="已交离职申请", at=NOW, raises=False),
    ),
    surveys=({"title": "入职第一周", "ask": "薪资怎么算，清楚吗？", "answer": "清楚", "at": NOW},),
    consents=({"item": "analysis", "name": "自动分析", "answer": "given", "at": NOW},),
    offers=({"number": 1, "state": "sent", "sent_at": NOW},),
    cards=(
        {"number": 1, "ours_at": NOW, "theirs_at": NOW, "agreed": [("固定薪资", "16,000 元/月")]},
    ),
    channels=("telegram", "webchat"),
    roles=({"role": "hr", "times": 12, "last": "2026-11-20T08:00:00Z"},),
)
BARE = replace(
    COPY,
    phone="",
    position="",
    start_on="",
    statements=(),
    messages=(),
    reasons=(),
    surveys=(),
    consents=(),
    offers=(),
    cards=(),
    channels=(),
    roles=(),
)
PAGE = CopyPage(
    base="/f/t",
    kind="open",
    copy=COPY,
    phone="138****8000",
    left=3,
    expires_at=NOW + timedelta(hours=72),
)


def copy_samples() -> list[Sample]:
    """Every state of the page, and the file."""
    pages: list[tuple[str, str, object]] = [
        ("copy", "copy.html", PAGE),
        ("copy-used", "copy.html", replace(PAGE, left=0, note="已经下载满 3 次。")),
        ("copy-bare", "copy.html", replace(PAGE, copy=BARE, phone="")),
        ("copy-revoked", "copy.html", CopyPage(base="/f/t", kind="revoked")),
        ("copy-expired", "copy.html", CopyPage(base="/f/t", kind="expired")),
        ("copy-colleague", "copy.html", CopyPage(base="/f/t", kind="revoked", note="只给本人看。")),
        ("copy-file", "copy_file.html", CopyFile(copy=COPY)),
        ("copy-file-bare", "copy_file.html", CopyFile(copy=BARE)),
    ]
    return [
        Sample(name=name, template=template, context={"shell": OUTSIDE, "page": page})
        for name, template, page in pages
    ]
