"""Lines of a résumé become statements with their places; what is protected does not."""

from __future__ import annotations

import itertools
import time

import pytest

from bot.profile.definition import ProfileDefinition
from bot.resume import layout
from bot.resume.document import Segment
from bot.resume.proposal import Proposal, propose
from bot.resume.spans import span_in
from bot.resume.words import section_of
from config import files

DEFINITION = ProfileDefinition.model_validate(files.read("profile.yaml"))


def made(text: str) -> Proposal:
    lines = layout.plain([line.split("\t") for line in text.splitlines()])
    count = itertools.count(1)
    return propose(lines, DEFINITION, new_item=lambda: f"j{next(count)}")


def told(text: str) -> dict[tuple[str, str], str]:
    return {(one.kind, one.item): one.text for one in made(text).fields}


WORK = "工作经历\n2019.03-2021.05  星河科技有限公司  后端工程师\n"


def test_an_employment_with_its_place_and_what_was_read_there() -> None:
    found = made("王某\n" + WORK + "离职前薪资：15k\n离职原因：加班太多")
    by_kind = {one.kind: one for one in found.fields}
    assert {kind: one.text for kind, one in by_kind.items()} == {
        "job.company": "星河科技有限公司",
        "job.title": "后端工程师",
        "job.from": "2019-03",
        "job.until": "2021-05",
        "job.pay": "15k",
        "job.left_because": "加班太多",
        "job.left_tag": "工作强度",
    }
    pay = by_kind["job.pay"]
    assert (pay.page, pay.line, pay.quote, pay.ask) == (1, 4, "离职前薪资：15k", "")
    assert Proposal.of_json(found.as_json()) == found


@pytest.mark.parametrize(
    ("said", "kind", "text"),
    [
        ("求职意向\n期望薪资：15", "expect.pay", "15"),
        ("求职意向\n期望薪资：30万", "expect.pay", "30万"),
        ("求职意向\n到岗时间：随时", "expect.start", "随时"),
        ("工作经历\n2019-2021  星河科技有限公司  会计", "job.from", "2019"),
        ("工作经历\n19.03-21.05  星河科技有限公司  会计", "job.from", "19.03"),
    ],
)
def test_what_can_mean_two_things_is_proposed_as_written_with_its_question(
    said: str, kind: str, text: str
) -> None:
    [found] = [one for one in made(said).fields if one.kind == kind]
    assert found.text == text
    assert found.ask


@pytest.mark.parametrize(
    ("said", "count"),
    [
        ("张某 | 男 | 28岁 | 已婚 | 汉族", 4),
        ("性别：女  年龄：30  籍贯：湖南  政治面貌：党员", 4),
        ("姓名\t张某\t民族\t回族\n婚姻状况\t离异\t身高\t175cm", 3),
        ("出生年月：1995.06\n健康状况：良好\n照片：", 3),
        ("Gender: male  Age: 28", 2),
    ],
)
def test_protected_details_are_counted_and_kept_nowhere(said: str, count: int) -> None:
    found = made(said + "\n" + WORK)
    assert found.left_out == count
    assert {one.kind for one in found.fields} == {
        "job.company", "job.title", "job.from", "job.until",
    }  # fmt: skip


def test_a_reason_loses_its_protected_part_only() -> None:
    found = made(WORK + "离职原因：工资低，回老家照顾孩子")
    [because] = [one for one in found.fields if one.kind == "job.left_because"]
    assert (because.text, because.quote) == ("工资低", "工资低")
    assert found.left_out == 1
    assert "孩子" not in str(found.as_json())


@pytest.mark.parametrize(
    ("said", "text", "count"),
    [
        ("期望城市：杭州 男 28岁", "杭州", 2),
        ("期望薪资：15k | 已婚", "15k", 1),
        ("期望城市：男", None, 1),
    ],
)
def test_a_field_does_not_swallow_what_stands_behind_it(
    said: str, text: str | None, count: int
) -> None:
    found = made("求职意向\n" + said)
    assert [one.text for one in found.fields] == ([] if text is None else [text])
    assert found.left_out == count
    assert "男" not in str(found.as_json())
    assert "婚" not in str(found.as_json())


def test_a_company_may_have_a_protected_word_in_its_name() -> None:
    found = told("工作经历\n2019.03-至今  康宁健康管理有限公司  育婴师")
    assert (found["job.company", "j1"], found["job.title", "j1"]) == (
        "康宁健康管理有限公司",
        "育婴师",
    )


def test_traditional_script_and_odd_forms_are_read() -> None:
    found = told(
        "工作經歷\n２０１９．０３－２０２１．０５  星河\u200b軟體有限公司  ⼯程師\n"
        "離職原因：薪資太低"
    )
    assert found["job.from", "j1"] == "2019-03"
    assert found["job.title", "j1"] == "工程师"
    assert found["job.left_because", "j1"] == "薪资太低"


def test_projects_and_studies_are_no_employments() -> None:
    found = made(
        WORK
        + "项目经历\n2020.01-2020.06  支付平台  负责人\n教育背景\n2013.09-2017.06  某大学  本科"
    )
    assert {one.item for one in found.fields} == {"j1", ""}


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("2019.03-2021.05", ("2019-03", "2021-05")),
        ("2019年3月至今", ("2019-03", "至今")),
        ("2019/03 – 2021/05", ("2019-03", "2021-05")),
        ("03/2019 - 05/2021", ("2019-03", "2021-05")),
        ("Mar 2019 – Present", ("2019-03", "至今")),
        ("2019-03-01 至 2021-05-31", ("2019-03", "2021-05")),
        ("2019.13-2021.05", ("2019.13", "2021-05")),
        ("2019 - 2021", ("2019", "2021")),
    ],
)
def test_periods(text: str, ends: tuple[str, str]) -> None:
    span = span_in(text)
    assert span is not None
    assert (span.begins, span.until) == ends


@pytest.mark.parametrize("text", ["13800001111", "2019年", "QPS 3000-5000", "0571-88001234"])
def test_what_is_no_period(text: str) -> None:
    assert span_in(text) is None


def test_headings() -> None:
    assert section_of("【工作经历】") == section_of("工 作 经 历 Work Experience") == "work"
    assert section_of("工作经历丰富，擅长沟通") is None


def segment(left: float, bottom: float, text: str) -> Segment:
    return Segment(
        left=left, bottom=bottom, right=left + 10 * len(text), top=bottom + 10, text=text
    )


def test_two_columns_drawn_line_by_line_are_taken_apart() -> None:
    page = [
        segment(40, 700, "求职意向"), segment(230, 700, "工作经历"),
        segment(40, 680, "期望薪资：18k"), segment(230, 680, "2019.03-2021.05"),
        segment(230, 660, "星河科技有限公司"),
    ]  # fmt: skip
    assert [line.text for line in layout.arranged([page])] == [
        "求职意向", "期望薪资：18k", "工作经历", "2019.03-2021.05", "星河科技有限公司",
    ]  # fmt: skip


HOSTILE = (
    "公" * 50_000,
    "：" * 20_000,
    "a " * 25_000,
    "工作经历\n" + "2019.03-" * 6_000,
    "工作经历\n" + "2019.03-2021.05 公司 工程师\n" * 1_500,
    "【" * 30_000,
    "工作经历\n" + "(" * 20_000 + "年" * 20_000,
)


@pytest.mark.parametrize("at", range(len(HOSTILE)))
def test_no_text_takes_long(at: int) -> None:
    started = time.process_time()
    made(HOSTILE[at])
    assert time.process_time() - started < 4
