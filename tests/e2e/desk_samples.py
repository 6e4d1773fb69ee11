"""Who is away, teams of positions and interviews, as the pages are given them."""

from __future__ import annotations

from datetime import date, timedelta

from bot.web import desk_views as shapes
from tests.e2e.sampling import NOW, ago

COLLEAGUES = tuple(
    shapes.Colleague(id=f"u{n}", name=name, chosen=n == 2)
    for n, name in enumerate(("王敏", "李磊", "陈若曦", "欧阳慧敏"))
)
ABSENCES = shapes.Absences(
    rows=(
        shapes.AbsenceRow(
            id="aw1", name="王敏", deputy="李磊", from_on=date(2026, 11, 20),
            until_on=date(2026, 12, 2), now=True, own=True,
        ),
        shapes.AbsenceRow(
            id="aw2", name="欧阳慧敏", deputy="陈若曦", from_on=date(2026, 12, 10),
            until_on=date(2026, 12, 18), now=False, own=False,
        ),
    ),
    deputies=COLLEAGUES, who=COLLEAGUES, standing_in=("陈若曦",), me="u0", today=NOW.date(),
    values={"user": "u1", "deputy": "u1", "from_on": "2026-12-20", "until_on": "2026-12-22"},
    errors={"deputy": "代班的人不能是本人。"},
)  # fmt: skip
INTERVIEWS = shapes.Interviews(
    rows=(
        shapes.InterviewRow(
            id="vw1", number=1, at=ago(days=9), interviewer="赵工", state="told", verdict="yes",
            feedback="底子扎实，带过三个人的小组；分布式事务讲得清楚，项目细节对得上。",
            done_at=ago(days=8),
        ),
        shapes.InterviewRow(
            id="vw2", number=2, at=ago(days=5), interviewer="李总", state="told",
            verdict="unsure", done_at=ago(days=4), by="王敏",
        ),
        shapes.InterviewRow(id="vw3", number=3, at=ago(days=1), interviewer="", state="waiting"),
        shapes.InterviewRow(
            id="vw4", number=4, at=NOW + timedelta(days=2), interviewer="赵工", state="ahead"
        ),
    ),
    writes=True, colleagues=COLLEAGUES, token="vw_x",
)  # fmt: skip
REFUSED = shapes.Interviews(
    writes=True, colleagues=COLLEAGUES, token="vw_x",
    values={"day": "2026-11-30", "clock": "", "interviewer": "u1", "number": "0"},
    errors={"clock": "请填写时间，例如 14:30。", "number": "请填写一个数字。"},
)  # fmt: skip
