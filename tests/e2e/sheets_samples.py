"""The page of imports and exports, before and after a trial, in every state."""

from __future__ import annotations

from bot.web import sheets_views as shapes
from bot.web.exporting import Format, Purpose
from storage.enums import Stage
from tests.e2e.sampling import EVIL, Sample, shell

BASE = {
    "stages": tuple(stage.value for stage in Stage),
    "purposes": tuple(purpose.value for purpose in Purpose),
    "formats": tuple(format.value for format in Format),
}
LINES = (
    shapes.Line(
        line=3, name="张三丰", position="后端工程师 · 杭州", new=True,
        what=("期望薪资", "期望地点", "公司", "担任职位", "入职年月", "离职前薪资"),
    ),
    shapes.Line(line=5, name=EVIL, position="", new=True, what=()),
    shapes.Line(line=6, name="欧阳雪", position="测试", new=False, what=("期望薪资",)),
)  # fmt: skip
NOTES = (
    shapes.Said(place="第 2 行「婚育」", says="是受保护的个人信息，不导入，也不保存"),
    shapes.Said(
        place="第 6 行「阶段」", says="现在是「发放 offer」，导入不改；请在候选人的页面上改"
    ),
)
GOOD = shapes.Trial(
    places=("后端工程师 · 杭州 · 研发部",), created=2, changed=1, unchanged=14, lines=LINES,
    faults=(), notes=NOTES, more_lines=3, draft="1.a.key.token",
)  # fmt: skip
BAD = shapes.Trial(
    places=(), created=0, changed=0, unchanged=0, lines=(), notes=NOTES[:1], more_faults=12,
    faults=(
        shapes.Said(place="第 7 行「期望月薪」", says="单位不清：15 是 15k 吗？请写成 18k"),
        shapes.Said(place="第 9 行「姓名」", says=f"手机号是「{EVIL}」的，姓名不一样，请核对"),
        shapes.Said(place="", says="超过 200 位候选人，请分成几份导入"),
    ),
)  # fmt: skip
NOTHING = shapes.Trial(places=(), created=0, changed=0, unchanged=17, lines=(), faults=(), notes=())


def sheets_samples() -> list[Sample]:
    """Whole pages."""
    pages = (
        ("sheets", None),
        ("sheets-trial", GOOD),
        ("sheets-faults", BAD),
        ("sheets-nothing", NOTHING),
    )
    return [
        Sample(
            name=name,
            template="console/sheets.html",
            context={
                "shell": shell("candidates"),
                "page": shapes.SheetsPage(trial=trial, **BASE),
            },
        )
        for name, trial in pages
    ]
