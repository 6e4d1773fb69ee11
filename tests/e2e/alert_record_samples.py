"""The page of the alerts' own record, in every state worth looking at."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from bot.web import alert_record_views as shapes
from storage.shares import wilson
from tests.e2e.review_samples import DOUBT, MENDED, PLAIN, REFUSED
from tests.e2e.sampling import EVIL, NOW, Sample, shell


def kind(name: str, words: str, hits: int, judged: int, **more: object) -> shapes.KindRow:
    low, high = wilson(hits, judged)
    row = shapes.KindRow(
        kind=name,
        name=words,
        hits=hits,
        judged=judged,
        share=round(100 * hits / judged),
        low=round(100 * low),
        high=round(100 * high),
        few=judged < 5,
        demotes=True,
    )
    return replace(row, **more)  # type: ignore[arg-type] # fields of the row, by every caller


def case(number: int, name: str, outcome: str, **more: object) -> shapes.Case:
    made = shapes.Case(
        candidate_id=f"c_{number}",
        name=name,
        position="后端工程师",
        outcome=outcome,
        on_day=date(2026, 11, 20 - number),
    )
    return replace(made, **more)  # type: ignore[arg-type] # fields of the case, by every caller


PAGE = shapes.RecordPage(
    kinds=(
        kind("workload", "工作量", 19, 30, demoted_at=NOW - timedelta(days=2)),
        kind("salary", "薪资", 27, 30),
        kind("competing_offer", "其他机会", 24, 30, by="赵岚"),
        kind("handover", "找真人", 12, 12, demotes=False),
        kind("team_fit", "团队融入", 2, 3),
    ),
    over=30,
    below=70,
    back_at=80,
    may_restore=True,
    days="90",
    spans=("30", "90", "365"),
    all_people=True,
    withdrawals=17,
    silent=4,
    cases=(
        case(
            1,
            "张三丰",
            "reneged",
            opened=shapes.Opened(wrote=9, said=(DOUBT, replace(PLAIN, labels=MENDED))),
        ),
        case(
            2,
            "欧阳雪",
            "declined",
            looked=shapes.Looked(found="unsaid", by="王敏", at=NOW - timedelta(hours=3)),
        ),
        case(
            3,
            EVIL + "很长很长的名字" * 4,
            "declined",
            looked=shapes.Looked(found="said", by="王敏", at=NOW - timedelta(days=3)),
        ),
        case(4, "李雷", "declined"),
    ),
    left_out=3,
)
EMPTY = replace(
    PAGE, kinds=(), withdrawals=0, silent=0, cases=(), left_out=0, all_people=False, days="30"
)
QUIET = replace(
    PAGE,
    may_restore=False,
    silent=2,
    cases=(
        case(1, "李雷", "declined", opened=shapes.Opened(wrote=0, said=())),
        case(2, "韩梅梅", "declined", opened=shapes.Opened(wrote=6, said=())),
    ),
    left_out=0,
)


def alert_record_samples() -> list[Sample]:
    """Whole pages, and the piece that answers corrected labels."""
    pages = [
        ("alert-record", PAGE),
        ("alert-record-empty", EMPTY),
        ("alert-record-quiet", QUIET),
        ("alert-record-none", replace(PAGE, cases=(), silent=0, left_out=0)),
    ]
    return [
        Sample(
            name=name,
            template="console/alert_record.html",
            context={"shell": shell("alerts"), "page": page},
        )
        for name, page in pages
    ]


def pieces() -> list[Sample]:
    """What answers htmx requests."""
    return [
        Sample(
            name="_missed_words",
            template="console/_missed_words.html",
            context={"shell": shell(), "said": REFUSED},
        )
    ]
