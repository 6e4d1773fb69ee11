"""Layouts the parser was written against."""

from __future__ import annotations

from collections.abc import Callable

from docx import Document

from tests.resumes.paper import Paper, saved, table
from tests.resumes.people import Job, Person


def dots(job: Job) -> str:
    """2019.03-2021.05"""
    until = "至今" if job.until is None else f"{job.until[0]}.{job.until[1]:02d}"
    return f"{job.begins[0]}.{job.begins[1]:02d}-{until}"


def chinese(job: Job) -> str:
    """2019年3月 - 2021年5月"""
    until = "至今" if job.until is None else f"{job.until[0]}年{job.until[1]}月"
    return f"{job.begins[0]}年{job.begins[1]}月 - {until}"


def period_first(who: Person) -> bytes:
    """PDF, one column: period, company, title on one line; label lines under it."""
    paper = Paper()
    paper.line((50, who.name), size=18)
    paper.line((50, f"{who.sex} | {who.age}岁 | {who.married} | 电话：{who.phone}"))
    paper.line((50, "求职意向"), size=13)
    paper.line((50, f"期望薪资：{who.expects}"), (300, f"期望城市：{who.city}"))
    paper.line((50, f"到岗时间：{who.start}"))
    paper.line((50, "工作经历"), size=13)
    for job in who.jobs:
        paper.line((50, dots(job)), (180, job.company), (420, job.title))
        for duty in job.duties:
            paper.line((60, f"• {duty}"))
        if job.pay:
            paper.line((60, f"离职前薪资：{job.pay}"))
        if job.reason:
            paper.line((60, f"离职原因：{job.reason}"))
    paper.line((50, "教育背景"), size=13)
    paper.line(
        (50, f"{who.studied[0]}.09-{who.studied[1]}.06"), (180, who.school), (360, who.major),
        (500, who.degree),
    )  # fmt: skip
    paper.line((50, "专业技能"), size=13)
    paper.line((50, "、".join(who.skills)))
    paper.line((50, "自我评价"), size=13)
    paper.line((50, "性格开朗，责任心强，工作稳定，期望与公司共同成长。"))
    return paper.bytes()


def sidebar(who: Person) -> bytes:
    """PDF, two columns, drawn one after the other."""
    paper = Paper(size=10)
    for text in (who.name, "基本信息", f"性别：{who.sex}", f"年龄：{who.age}", f"手机：{who.phone}",
                 "求职意向", f"期望月薪：{who.expects}", f"意向城市：{who.city}",
                 f"可到岗时间：{who.start}",
                 "技能特长", *who.skills, "教育经历", who.school, f"{who.major} · {who.degree}",
                 f"{who.studied[0]}.09 - {who.studied[1]}.07"):  # fmt: skip
        paper.line((40, text))
    paper.at = 800
    paper.line((210, "工作经验"), size=13)
    for job in who.jobs:
        paper.line((210, f"{job.company}　　{job.title}"))
        paper.line((210, chinese(job)))
        for number, duty in enumerate(job.duties, 1):
            paper.line((210, f"{number}. {duty}"))
        if job.pay:
            paper.line((210, f"薪资：{job.pay}"))
        if job.reason:
            paper.line((210, f"离开原因：{job.reason}"))
    return paper.bytes()


def grid(who: Person) -> bytes:
    """Word, tables: labels and values, then one row an employment under column heads."""
    document = Document()
    document.add_heading("个人简历")
    table(document, [
        ["姓名", who.name, "性别", who.sex], ["年龄", str(who.age), "婚姻状况", who.married],
        ["电话", who.phone, "学历", who.degree], ["毕业院校", who.school, "专业", who.major],
        ["期望薪资", who.expects, "期望地点", who.city], ["到岗时间", who.start, "籍贯", "湖南"],
    ])  # fmt: skip
    document.add_paragraph("工作经历")
    table(document, [
        ["起止时间", "单位名称", "职务", "月薪", "离职原因"],
        *([dots(job), job.company, job.title, job.pay, job.reason] for job in who.jobs),
    ])  # fmt: skip
    document.add_paragraph("技能")
    document.add_paragraph("，".join(who.skills))
    return saved(document)


def names_first(who: Person) -> bytes:
    """Word: the company's line, then title and period, then bullets."""
    document = Document()
    document.add_paragraph(who.name)
    document.add_paragraph(f"{who.phone}  {who.sex}  {who.age}岁")
    document.add_paragraph("工作经历")
    for job in who.jobs:
        document.add_paragraph(job.company)
        document.add_paragraph(f"{job.title}\t{dots(job)}")
        for duty in job.duties:
            document.add_paragraph(f"- {duty}。")
        if job.pay:
            document.add_paragraph(f"薪酬：{job.pay}")
        if job.reason:
            document.add_paragraph(f"离职原因：{job.reason}")
    document.add_paragraph("教育经历")
    document.add_paragraph(
        f"{who.school}\t{who.major}\t{who.degree}\t{who.studied[0]}-{who.studied[1]}"
    )
    document.add_paragraph("求职期望")
    document.add_paragraph(f"薪资要求：{who.expects}；工作地点：{who.city}；最快到岗：{who.start}")
    document.add_paragraph("专业技能：" + " / ".join(who.skills))
    return saved(document)


def bilingual(who: Person) -> bytes:
    """PDF: headings and labels in two languages, everything labelled."""
    paper = Paper()
    paper.line((50, f"{who.name}  {who.phone}"), size=15)
    paper.line((50, f"Gender 性别: {who.sex}"), (250, f"Age 年龄: {who.age}"))
    paper.line((50, "求职意向 Job Objective"), size=13)
    paper.line((50, f"期望薪资 Expected Salary: {who.expects}"))
    paper.line((50, f"期望城市 Location: {who.city}"), (300, f"到岗时间 Available: {who.start}"))
    paper.line((50, "工作经历 Work Experience"), size=13)
    for job in who.jobs:
        paper.line((50, f"公司名称：{job.company}"))
        paper.line((50, f"担任职位：{job.title}"), (300, f"任职时间：{chinese(job)}"))
        paper.line((50, "工作职责：" + "；".join(job.duties)[:44]))
        if job.pay:
            paper.line((50, f"离职薪资：{job.pay}"))
        if job.reason:
            paper.line((50, f"离职原因：{job.reason}"))
    paper.line((50, "教育背景 Education"), size=13)
    paper.line((50, f"学校：{who.school}  专业：{who.major}  学历：{who.degree}"))
    paper.line((50, "技能 Skills"), size=13)
    paper.line((50, " | ".join(who.skills)))
    return paper.bytes()


def framed(who: Person) -> bytes:
    """Word: one table of two cells holds everything, the narrow one left."""
    document = Document()
    frame = document.add_table(rows=1, cols=2)
    left, right = frame.rows[0].cells
    for text in (who.name, f"{who.sex}/{who.age}岁", who.phone, "求职意向",
                 f"期望薪资：{who.expects}", f"期望城市：{who.city}", f"到岗时间：{who.start}",
                 "技能", *who.skills):  # fmt: skip
        left.add_paragraph(text)
    right.add_paragraph("工作履历")
    for job in who.jobs:
        right.add_paragraph(f"{dots(job)}  {job.company}")
        right.add_paragraph(f"职位：{job.title}")
        for duty in job.duties:
            right.add_paragraph(f"· {duty}")
        if job.pay:
            right.add_paragraph(f"税前月薪：{job.pay}")
        if job.reason:
            right.add_paragraph(f"离职原因：{job.reason}")
    right.add_paragraph("教育背景")
    right.add_paragraph(f"{who.school}  {who.major}（{who.degree}）")
    return saved(document)


#: What a layout has no place for.
UNTOLD: dict[str, frozenset[str]] = {}
LAYOUTS: tuple[tuple[str, Callable[[Person], bytes]], ...] = tuple(
    (made.__name__, made)
    for made in (period_first, sidebar, grid, names_first, bilingual, framed)
)  # fmt: skip
