"""Layouts held out: written when the parser was finished, measured, and not learnt from."""

from __future__ import annotations

from collections.abc import Callable

from docx import Document

from tests.resumes.paper import Paper, saved, table
from tests.resumes.people import Job, Person


def hyphens(job: Job) -> str:
    """2019-03 至 2021-05"""
    until = "今" if job.until is None else f"{job.until[0]}-{job.until[1]:02d}"
    return f"{job.begins[0]}-{job.begins[1]:02d} 至 {until}"


def long(job: Job) -> str:
    """2019年03月—2021年05月"""
    until = "至今" if job.until is None else f"{job.until[0]}年{job.until[1]:02d}月"
    return f"{job.begins[0]}年{job.begins[1]:02d}月—{until}"


def title_line_last(who: Person) -> bytes:
    """PDF: company and period on one line, the title in a line of its own, right sidebar last."""
    paper = Paper(size=10)
    paper.line((50, f"{who.name} / {who.sex} / {who.age}岁 / {who.phone}"))
    paper.line((50, "■ 求职意向"), size=12)
    paper.line((50, f"薪资期望：{who.expects}　　工作城市：{who.city}　　到岗：{who.start}"))
    paper.line((50, "■ 工作经历"), size=12)
    for job in who.jobs:
        paper.line((50, job.company), (420, long(job)))
        paper.line((50, f"{job.title}"))
        paper.line((50, "主要业绩：" + "，".join(job.duties)))
        if job.pay:
            paper.line(
                (50, f"目前薪资：{job.pay}" if job.until is None else f"离职薪资：{job.pay}")
            )
        if job.reason:
            paper.line((50, f"离职原因：{job.reason}"))
        paper.down(6)
    paper.line((50, "■ 教育经历"), size=12)
    paper.line(
        (50, who.school), (250, f"{who.degree} | {who.major}"), (420, f"{who.studied[1]}年毕业")
    )
    paper.line((50, "■ 技能清单"), size=12)
    paper.line((50, "  ".join(who.skills)))
    return paper.bytes()  # fmt: skip


def registration(who: Person) -> bytes:
    """Word: one wide table for everything, section names in merged rows."""
    document = Document()
    document.add_paragraph("入职申请表")
    table(document, [
        ["姓名", who.name, "性别", who.sex, "出生年月", "1995.06"],
        ["政治面貌", "党员", "籍贯", "河北", "联系电话", who.phone],
        ["最高学历", who.degree, "毕业学校", who.school, "所学专业", who.major],
        ["期望待遇", who.expects, "意向工作地", who.city, "可到岗日期", who.start],
        ["掌握技能", "、".join(who.skills)],
    ])  # fmt: skip
    document.add_paragraph("工作履历（由近及远）")
    table(document, [
        ["公司", "岗位", "入职时间", "离职时间", "离职前薪资", "离职原因"],
        *([job.company, job.title, f"{job.begins[0]}.{job.begins[1]}",
           "至今" if job.until is None else f"{job.until[0]}.{job.until[1]}", job.pay, job.reason]
          for job in who.jobs),
    ])  # fmt: skip
    return saved(document)


def wide_right(who: Person) -> bytes:
    """PDF: a narrow column of periods beside a wide one of everything else."""
    paper = Paper(size=10)
    paper.line((50, who.name), (300, who.phone))
    paper.line(
        (50, f"应聘意向：{who.jobs[0].title}；期望薪酬：{who.expects}；期望地点：{who.city}；")
    )
    paper.line((50, f"最快到岗时间：{who.start}"))
    paper.line((50, "WORK HISTORY 工作履历"), size=12)
    for job in who.jobs:
        paper.line((50, hyphens(job)), (200, f"{job.company} - {job.title}"))
        for duty in job.duties:
            paper.line((200, f"* {duty}"))
        if job.pay:
            paper.line((200, f"薪水：{job.pay}"))
        if job.reason:
            paper.line((200, f"离职理由：{job.reason}"))
    paper.line((50, "EDUCATION 教育"), size=12)
    paper.line(
        (50, f"{who.studied[0]}-09 至 {who.studied[1]}-06"),
        (200, f"{who.school}，{who.major}，{who.degree}"),
    )
    paper.line((50, "SKILLS 技能"), size=12)
    paper.line((200, "，".join(who.skills)))
    return paper.bytes()  # fmt: skip


def prose(who: Person) -> bytes:
    """Word: hardly any form; everything in sentences under headings."""
    document = Document()
    document.add_paragraph(f"{who.name}，{who.sex}，{who.age}岁，{who.married}")
    document.add_paragraph("【工作经验】")
    for job in who.jobs:
        document.add_paragraph(f"{long(job)}，{job.company}，{job.title}")
        document.add_paragraph("，".join(job.duties) + "。")
        if job.pay:
            document.add_paragraph(f"薪资待遇：{job.pay}")
        if job.reason:
            document.add_paragraph(f"离职原因：{job.reason}。")
    document.add_paragraph("【教育背景】")
    document.add_paragraph(f"毕业于{who.school}{who.major}专业，{who.degree}。")
    document.add_paragraph("【专业能力】")
    document.add_paragraph("、".join(who.skills) + "。")
    document.add_paragraph("【求职期望】")
    document.add_paragraph(f"期望薪资：{who.expects}，期望城市：{who.city}，到岗时间：{who.start}")
    return saved(document)


def at_sign(who: Person) -> bytes:
    """PDF: title @ company, period in brackets behind."""
    paper = Paper(size=11)
    paper.line((60, who.name), size=22)
    paper.line((60, f"{who.phone} · {who.city} · {who.degree}"))
    paper.line((60, "个人简介 Summary"))
    paper.line((60, f"目标城市：{who.city}，薪资要求：{who.expects}，到岗时间：{who.start}"))
    paper.line((60, "职业经历 Experience"))
    for job in who.jobs:
        paper.line((60, f"{job.title} @ {job.company}（{long(job)}）"))
        for duty in job.duties:
            paper.line((72, f"– {duty}"))
        if job.pay:
            paper.line((72, f"月薪：{job.pay}"))
        if job.reason:
            paper.line((72, f"离职原因：{job.reason}"))
    paper.line((60, "教育 Education"))
    paper.line(
        (60, f"{who.school} · {who.major} · {who.degree} · {who.studied[0]}–{who.studied[1]}")
    )
    paper.line((60, "技能 Skills"))
    paper.line((60, " · ".join(who.skills)))
    return paper.bytes()


def letters(who: Person) -> bytes:
    """Word: one labelled line for everything, full-width digits, jobs numbered."""
    document = Document()
    for label, text in (("姓　　名", who.name), ("性　　别", who.sex), ("年　　龄", f"{who.age}"),
                        ("毕业院校", who.school), ("专　　业", who.major), ("学　　历", who.degree),
                        ("期望薪资", who.expects), ("期望城市", who.city), ("到岗时间", who.start),
                        ("专业技能", "；".join(who.skills))):  # fmt: skip
        document.add_paragraph(f"{label}：{text}")
    document.add_paragraph("五、工作经历")
    for number, job in enumerate(who.jobs, 1):
        document.add_paragraph(f"（{number}）{job.company}")
        document.add_paragraph(f"职　务：{job.title}")
        document.add_paragraph("时　间：" + hyphens(job).translate(_WIDE))
        document.add_paragraph("工作内容：" + "；".join(job.duties))
        if job.pay:
            document.add_paragraph(f"薪　资：{job.pay}")
        if job.reason:
            document.add_paragraph(f"离职原因：{job.reason}")
    return saved(document)


_WIDE = str.maketrans("0123456789", "０１２３４５６７８９")

#: What a layout has no place for.
UNTOLD: dict[str, frozenset[str]] = {}
LAYOUTS: tuple[tuple[str, Callable[[Person], bytes]], ...] = tuple(
    (made.__name__, made)
    for made in (title_line_last, registration, wide_right, prose, at_sign, letters)
)  # fmt: skip
