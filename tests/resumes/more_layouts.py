"""Layouts met when the parser was done for those of ``known_layouts``; it learnt from them."""

from __future__ import annotations

from collections.abc import Callable

import opencc
from docx import Document

from tests.resumes.paper import Paper, saved, table
from tests.resumes.people import Job, Person

_TRADITIONAL = opencc.OpenCC("s2t")
_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def slashes(job: Job) -> str:
    """2019/03 – 2021/05"""
    until = "至今" if job.until is None else f"{job.until[0]}/{job.until[1]:02d}"
    return f"{job.begins[0]}/{job.begins[1]:02d} – {until}"


def english(job: Job) -> str:
    """Mar 2019 - May 2021"""
    until = "Present" if job.until is None else f"{_NAMES[job.until[1] - 1]} {job.until[0]}"
    return f"{_NAMES[job.begins[1] - 1]} {job.begins[0]} - {until}"


def side_by_side(who: Person) -> bytes:
    """PDF, two columns drawn line by line, as some converters do."""
    left = ["基本信息", who.sex, f"{who.age}岁", who.phone, "专业技能", *who.skills,
            "求职意向", f"期望薪资：{who.expects}", f"意向城市：{who.city}",
            f"到岗时间：{who.start}"]  # fmt: skip
    right = ["工作经历"]
    for job in who.jobs:
        right += [slashes(job), job.company, job.title, *(f"• {duty}" for duty in job.duties)]
        right += [f"离职前薪资：{job.pay}"] if job.pay else []
        right += [f"离职原因：{job.reason}"] if job.reason else []
    right += ["教育经历", f"{who.school} {who.major} {who.degree}"]
    paper = Paper(size=9.5)
    paper.line((200, f"{who.name}的个人简历"), size=16)
    for at in range(max(len(left), len(right))):
        if at < len(left):
            paper.write(45, left[at])
        if at < len(right):
            paper.write(230, right[at])
        paper.down(16)
    return paper.bytes()


def from_taiwan(who: Person) -> bytes:
    """Word in traditional script, with the labels used there."""

    def said(text: str) -> str:
        return _TRADITIONAL.convert(text)

    document = Document()
    document.add_heading("履歷表")
    table(document, [
        ["姓名", said(who.name), "性別", who.sex],
        ["希望待遇", said(who.expects), "希望地點", said(who.city)],
        ["最快到職", said(who.start), "兵役", "役畢"],
    ])  # fmt: skip
    document.add_paragraph("工作經歷")
    for job in who.jobs:
        document.add_paragraph(f"服務單位：{said(job.company)}")
        document.add_paragraph(f"職稱：{said(job.title)}")
        document.add_paragraph(f"任職期間：{said(slashes(job))}")
        for duty in job.duties:
            document.add_paragraph(said(duty) + "。")
        if job.pay:
            document.add_paragraph(f"離職薪資：{said(job.pay)}")
        if job.reason:
            document.add_paragraph(f"離職原因：{said(job.reason)}")
    document.add_paragraph("學歷")
    document.add_paragraph(said(f"{who.school}  {who.major}  {who.degree}"))
    document.add_paragraph("專長")
    document.add_paragraph(said("、".join(who.skills)))
    return saved(document)


def from_an_app(who: Person) -> bytes:
    """PDF as a recruiting app exports it: no label where an icon would do."""
    paper = Paper()
    paper.line((50, who.name), size=20)
    paper.line((50, f"{who.sex}｜{who.age}岁｜10年工作经验｜{who.degree}｜离职-随时到岗"))
    paper.line((50, "期望职位"), size=13)
    paper.line((50, who.jobs[0].title), (250, who.expects), (420, who.city))
    paper.line((50, "工作经历"), size=13)
    for job in who.jobs:
        paper.line((50, job.company), (280, job.title), (450, slashes(job)))
        paper.line((50, "内容："))
        for number, duty in enumerate(job.duties, 1):
            paper.line((50, f"{number}、{duty}；"))
        if job.pay:
            paper.line((50, f"月薪：{job.pay}"))
        if job.reason:
            paper.line((50, f"离职原因：{job.reason}"))
    paper.line((50, "教育经历"), size=13)
    paper.line(
        (50, who.school), (230, who.major), (380, who.degree),
        (450, f"{who.studied[0]}-{who.studied[1]}"),
    )  # fmt: skip
    paper.line((50, "个人优势"), size=13)
    paper.line((50, "熟练：" + "、".join(who.skills)))
    return paper.bytes()


def old_form(who: Person) -> bytes:
    """PDF of a paper form: the section's name stands in the first column."""
    paper = Paper(size=10)
    paper.line((230, "应聘登记表"), size=16)
    paper.line(
        (50, "姓名"), (110, who.name), (210, "性别"), (260, who.sex), (330, "民族"), (380, "汉族")
    )
    paper.line(
        (50, "婚否"),
        (110, who.married),
        (210, "学历"),
        (260, who.degree),
        (330, "专业"),
        (380, who.major),
    )
    paper.line((50, "毕业院校"), (130, who.school), (330, "技能"), (380, "、".join(who.skills)))
    paper.line((50, "期望月薪"), (130, who.expects), (330, "期望工作地"), (420, who.city))
    paper.line((50, "到岗日期"), (130, who.start))
    paper.line((50, "工作经历"))
    paper.rule()
    paper.line((50, "起止年月"), (150, "工作单位"), (320, "岗位"), (430, "离职原因"))
    for job in who.jobs:
        paper.rule()
        parts = [(50, dots(job)), (150, job.company), (320, job.title)]
        paper.line(*parts, *([(430, job.reason)] if job.reason else []))
    return paper.bytes()  # fmt: skip


def dots(job: Job) -> str:
    """2019.3~2021.5"""
    until = "今" if job.until is None else f"{job.until[0]}.{job.until[1]}"
    return f"{job.begins[0]}.{job.begins[1]}~{until}"


def half_english(who: Person) -> bytes:
    """Word: English headings and months, Chinese content, title before company."""
    document = Document()
    document.add_paragraph(f"{who.name} | {who.phone}")
    document.add_paragraph("WORK EXPERIENCE")
    for job in who.jobs:
        document.add_paragraph(f"{job.title}, {job.company}")
        document.add_paragraph(english(job))
        for duty in job.duties:
            document.add_paragraph(f"• {duty}")
        if job.pay:
            document.add_paragraph(f"Salary: {job.pay}")
        if job.reason:
            document.add_paragraph(f"Reason for leaving: {job.reason}")
    document.add_paragraph("EDUCATION")
    document.add_paragraph(f"{who.school}, {who.major}, {who.degree}")
    document.add_paragraph("SKILLS")
    document.add_paragraph(", ".join(who.skills))
    document.add_paragraph("EXPECTATION")
    document.add_paragraph(f"Expected salary: {who.expects}")
    document.add_paragraph(f"Location: {who.city}    Available from: {who.start}")
    return saved(document)


def bracketed(who: Person) -> bytes:
    """PDF: numbered, spaced headings; labels in brackets; how long each job lasted."""
    paper = Paper()
    paper.line((50, "一、个 人 信 息"), size=13)
    paper.line((50, f"【姓名】{who.name}  【性别】{who.sex}  【年龄】{who.age}"))
    paper.line((50, "二、求 职 意 向"), size=13)
    paper.line((50, f"【期望薪资】{who.expects}"))
    paper.line((50, f"【期望城市】{who.city}  【到岗时间】{who.start}"))
    paper.line((50, "三、工 作 经 历"), size=13)
    for job in who.jobs:
        paper.line((50, f"{slashes(job)}  {job.company}（2年3个月）"))
        paper.line((50, f"{job.title} | 100-499人 | {job.pay or '面议'}"))
        for duty in job.duties:
            paper.line((60, f"➢ {duty}"))
        if job.pay:
            paper.line((50, f"【离职薪资】{job.pay}"))
        if job.reason:
            paper.line((50, f"【离职原因】{job.reason}"))
    paper.line((50, "四、教 育 背 景"), size=13)
    paper.line(
        (50, f"{who.studied[0]}/09 – {who.studied[1]}/06  {who.school}  {who.degree}  {who.major}")
    )
    paper.line((50, "五、专 业 技 能"), size=13)
    for skill in who.skills:
        paper.line((50, f"● {skill}"))
    return paper.bytes()


LAYOUTS: tuple[tuple[str, Callable[[Person], bytes]], ...] = tuple(
    (made.__name__, made)
    for made in (side_by_side, from_taiwan, from_an_app, old_form, half_english, bracketed)
)  # fmt: skip
#: What a layout has no place for.
UNTOLD = {
    "from_an_app": frozenset({"expect.start"}),
    "old_form": frozenset({"job.pay"}),
}
