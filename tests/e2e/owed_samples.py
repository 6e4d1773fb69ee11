"""The page of what we owe candidates, in every state."""

from __future__ import annotations

from datetime import date, timedelta

from bot.web import owed_views as shapes
from bot.web import views
from tests.e2e.sampling import EVIL, NOW, Sample, shell

ITEMS = (
    shapes.OwedItem(
        name="陈一鸣",
        position="后端工程师",
        kind="overdue",
        overdue=True,
        url="/console/candidates/c1",
        due_at=NOW - timedelta(hours=3),
    ),
    shapes.OwedItem(
        name="欧阳雪",
        position="高级前端开发工程师（中台方向，上海或杭州）",
        kind="pledge",
        overdue=True,
        url="/console/candidates/c2/offers",
        said="周末班车能不能在西溪停一站，以及试用期内的通讯补贴怎么算、从哪个月开始发",
        due_on=date(2026, 11, 23),
    ),
    shapes.OwedItem(
        name="张三丰",
        position="",
        kind="change",
        overdue=False,
        url="/console/candidates/c3/offers",
        said="想晚一周入职",
        due_at=NOW + timedelta(hours=5),
    ),
    shapes.OwedItem(
        name="李雷",
        position="测试工程师",
        kind="greeting_other",
        overdue=False,
        url="/console/candidates/c4",
        on_day=date(2026, 11, 26),
        who="赵经理",
        due_on=date(2026, 11, 26),
    ),
    shapes.OwedItem(
        name=EVIL,
        position="产品经理",
        kind="feedback",
        overdue=False,
        on_day=date(2026, 11, 23),
        due_on=date(2026, 11, 24),
    ),
    shapes.OwedItem(
        name="阿依古丽·买买提江·吐尔逊",
        position="后端工程师",
        kind="offer",
        overdue=False,
        url="/console/candidates/c6/offers",
        on_day=date(2026, 11, 24),
        due_at=NOW + timedelta(hours=20),
    ),
)


def owed_samples() -> list[Sample]:
    """HR with much of it, nothing at all, and a manager."""
    manager = views.Viewer(id="u2", name="赵经理", role="manager")
    full = shapes.OwedPage(show="mine", items=ITEMS, late=2, more=True)
    few = shapes.OwedPage(
        show="mine",
        items=(
            shapes.OwedItem(
                name="李雷",
                position="测试工程师",
                kind="greeting",
                overdue=False,
                url="/console/candidates/c4",
                on_day=date(2026, 11, 26),
                due_on=date(2026, 11, 26),
            ),
            ITEMS[4],
        ),
        choosable=False,
    )
    none = shapes.OwedPage(show="all", items=())

    def sample(name: str, page: shapes.OwedPage, **changes: object) -> Sample:
        around = shell("owed", **changes)
        return Sample(
            name=name, template="console/owed.html", context={"shell": around, "page": page}
        )

    return [
        sample("owed", full),
        sample("owed-none", none),
        sample("owed-manager", few, viewer=manager, open_alerts=0, unclear=0),
    ]
