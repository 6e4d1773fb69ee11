"""The whole picture of a candidate in a real browser, at a desk and on a phone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from bot.words import SHANGHAI
from storage.enums import Role, Stage
from tests.e2e.browser import watched
from tests.e2e.office import Served
from tests.integration.web.test_resume_page import VAGUE, scanned, word

pytestmark = pytest.mark.browser
WIDTHS = (1280, 390)


@pytest.fixture(params=WIDTHS, ids=[f"{width}px" for width in WIDTHS])
def desk(
    browser: Browser, opened: Served, request: pytest.FixtureRequest
) -> Iterator[tuple[Page, str]]:
    """A page of HR's, and the address of a new candidate; nothing is complained about or too
    wide."""
    login = hashlib.sha256(request.node.name.encode()).hexdigest()[:12]
    hr = opened.do(opened.office.user(login, Role.HR))
    position = opened.do(
        opened.office.position(city="杭州", budget_low=14_000, budget_high=16_000, owner_id=hr.id)
    )
    made = opened.do(
        opened.office.candidate(
            "陈一鸣", position_id=position, stage=Stage.ACCEPTED, phone="13912345678",
            start_on=date(2026, 12, 15),
        )
    )  # fmt: skip
    width: int = request.param
    context = browser.new_context(
        viewport={"width": width, "height": 844}, locale="zh-CN", has_touch=width < 500
    )
    context.add_cookies([{"name": "sid", "value": hr.cookie, "url": opened.url}])
    page = context.new_page()
    with watched(page) as complaints:
        yield page, f"{opened.url}/console/candidates/{made}"
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    # Chromium logs a form that was sent back as a failure; the page itself complains of nothing.
    assert [one for one in complaints if "status of 422" not in one] == []
    context.close()


def tab(page: Page, name: str) -> None:
    page.get_by_label("立体画像").get_by_role("link", name=name, exact=True).click()
    expect(page.locator(".portrait-tabs [aria-current]")).to_be_in_viewport()


def test_a_job_is_added_corrected_verified_and_doubted(desk: tuple[Page, str]) -> None:
    page, address = desk
    page.goto(address)
    page.get_by_role("link", name="档案", exact=True).click()
    page.get_by_text("添加一段工作经历").click()
    form = page.locator("form", has=page.get_by_role("button", name="保存这段经历"))
    form.get_by_label("公司", exact=True).fill("星河科技")
    form.get_by_label("入职年月").fill("去年")
    form.get_by_label("离职前薪资").fill("15k*13薪")
    form.get_by_label("离职原因", exact=True).select_option(label="薪资")
    form.get_by_role("button", name="保存这段经历").click()
    expect(page.get_by_text("请写成 2023-05 或 2023年5月")).to_be_visible()
    expect(form.get_by_label("公司", exact=True)).to_have_value("星河科技")
    form.get_by_label("入职年月").fill("2023-05")
    form.get_by_role("button", name="保存这段经历").click()
    expect(page.locator(".notice-ok")).to_have_text("已保存。旧值仍可查看。")

    job = page.locator("details.job")
    job.locator("summary").first.click()
    pay = job.locator(".said", has_text="离职前薪资")
    pay.get_by_text("更正", exact=False).first.click()
    pay.get_by_label("离职前薪资").fill("16k*13薪")
    pay.get_by_role("button", name="保存更正").click()
    job.locator("summary").first.click()
    expect(pay.locator(".said-value")).to_have_text("16,000 元/月 × 13")
    pay.get_by_text("旧值 1 条").click()
    expect(pay.locator(".old")).to_contain_text("15,000 元/月 × 13")

    company = job.locator(".said", has_text="公司").first
    company.get_by_role("button", name="核实").click()
    page.locator("details.job summary").first.click()
    expect(page.locator(".said", has_text="公司").first).to_contain_text("已核实")
    pay.get_by_text("更正", exact=False).first.click()
    pay.get_by_label("核实结果不同").fill("流水显示 14k")
    pay.get_by_role("button", name="记下差异").click()
    expect(page.locator(".versus")).to_contain_text("16,000 元/月 × 13")
    expect(page.locator(".versus-found")).to_contain_text("流水显示 14k")
    tab(page, "风险")
    expect(page.locator(".factors-wide")).to_contain_text("自述与核实结果不一致")
    expect(page.locator(".factors-wide")).to_contain_text("现在计 +25")
    expect(page.get_by_text("辅助判断")).to_be_visible()


def test_a_step_is_agreed_and_marked_as_done(desk: tuple[Page, str]) -> None:
    page, address = desk
    page.goto(f"{address}/record")
    panel = page.locator("#steps")
    panel.get_by_text("约定一步").click()
    panel.get_by_label("哪一步").select_option(label="其他")
    ahead = datetime.now(SHANGHAI).date() + timedelta(days=5)
    panel.get_by_label("最晚哪天").fill(ahead.isoformat())
    panel.get_by_role("button", name="记下").click()
    expect(panel.get_by_text("请用一行写明是什么事")).to_be_visible()
    panel.get_by_label("是什么事").fill("把电脑寄回去")
    panel.get_by_role("button", name="记下").click()
    expect(page.locator(".notice-ok")).to_contain_text("已记下")
    step = panel.locator(".step", has_text="把电脑寄回去")
    step.get_by_text("更新", exact=False).first.click()
    step.get_by_role("button", name="已完成").click()
    expect(page.locator(".notice-ok")).to_have_text("已标为完成。")
    panel.get_by_text("已完成或不做了 1 步").click()
    expect(panel.locator(".step-old")).to_contain_text("把电脑寄回去")
    expect(panel.locator(".step")).to_have_count(0)


def test_expectations_become_a_match_and_a_score(desk: tuple[Page, str]) -> None:
    page, address = desk
    page.goto(f"{address}/record")
    panel = page.locator(".panel", has=page.get_by_role("heading", name="期望", exact=True))
    panel.get_by_text("补充", exact=True).click()
    panel.get_by_label("期望薪资").fill("20k")
    panel.get_by_label("期望地点").fill("杭州")
    panel.get_by_label("最早到岗").fill("2026-12-10")
    panel.get_by_label("成长").check()
    panel.get_by_role("button", name="保存", exact=True).click()
    expect(page.locator(".notice-ok")).to_be_visible()
    tab(page, "预期匹配度")
    expect(page.locator(".match-parts li")).to_have_count(3)
    expect(page.locator(".match-parts")).to_contain_text("期望超出预算 25%（差 4,000 元/月）")
    expect(page.locator(".score-panel")).to_contain_text("可信度 60%")
    missing = page.locator("li", has_text="职业规划")
    missing.get_by_role("link", name="去填写").click()
    expect(page).to_have_url(f"{address}/record#groups")


def test_a_stage_that_ends_asks_for_the_outcome(desk: tuple[Page, str]) -> None:
    page, address = desk
    page.goto(address)
    page.get_by_label("阶段").select_option("reneged")
    page.get_by_role("button", name="更新").click()
    expect(page.get_by_text("阶段要在记下结局后才会更新")).to_be_visible()
    expect(page.get_by_label("接受后反悔")).to_be_checked()
    page.get_by_label("原因").select_option(label="其他公司的 offer")
    page.get_by_label("花费（元）").fill("8000")
    page.get_by_label("备注").fill("另一家给了 20k")
    page.get_by_role("button", name="记录结局").click()
    expect(page.locator(".endings")).to_contain_text("8,000 元")
    expect(page.locator(".person-words")).to_contain_text("接受后反悔")


def test_a_resume_is_read_edited_and_confirmed(desk: tuple[Page, str]) -> None:
    page, address = desk
    page.goto(f"{address}/resume")
    file: Any = page.get_by_label("简历文件")
    file.set_input_files({"name": "a.pdf", "mimeType": "application/pdf", "buffer": scanned()})
    page.get_by_role("button", name="读取").click()
    expect(page.locator(".notice-error")).to_contain_text("扫描件")


def test_a_resume_of_words_is_confirmed_section_by_section(desk: tuple[Page, str]) -> None:
    page, address = desk
    page.goto(f"{address}/resume")
    file: Any = page.get_by_label("简历文件")
    file.set_input_files(
        {"name": "简历.docx", "mimeType": "application/octet-stream", "buffer": word(VAGUE)}
    )
    page.get_by_role("button", name="读取").click()
    job = page.locator(".proposal-section", has_text="第 1 段工作")
    expect(job.get_by_role("checkbox", name="采用 离职前薪资")).not_to_be_checked()
    expect(job.locator(".ask").first).to_be_visible()
    job.get_by_label("离职前薪资", exact=True).fill("15k")
    job.get_by_role("checkbox", name="采用 离职前薪资").check()
    job.get_by_role("button", name="采用勾选的，其余不要").click()
    expect(page.locator(".notice-ok")).to_contain_text("已写入档案")
    expect(page.locator(".proposal-section")).to_have_count(1)
    page.get_by_role("button", name="这份简历其余的都不要").click()
    expect(page.get_by_text("没有等待确认的简历")).to_be_visible()
    tab(page, "档案")
    expect(page.locator("details.job")).to_contain_text("15,000 元/月")
    expect(page.get_by_text("期望薪资")).to_have_count(1)  # the form's field, no statement


def test_doubles_are_found_merged_and_taken_apart(desk: tuple[Page, str], opened: Served) -> None:
    page, address = desk
    double = opened.do(opened.office.candidate("陈一鸣（内推）", phone="13912345678"))
    page.goto(f"{address}/merge")
    row = page.locator("li", has_text="内推").first
    expect(row).to_contain_text("手机号相同")
    row.get_by_role("link", name="看看会怎样").click()
    expect(page.locator(".merge-side.is-kept")).to_contain_text("陈一鸣")
    page.get_by_role("link", name="反过来，保留另一份").click()
    expect(page.locator(".merge-side.is-kept")).to_contain_text("内推")
    page.get_by_role("link", name="反过来，保留另一份").click()
    page.get_by_role("button", name="合并", exact=True).click()
    expect(page.locator(".notice-ok")).to_contain_text("已合并")
    page.get_by_role("button", name="撤销合并").click()
    expect(page.locator(".notice-ok")).to_contain_text("已撤销合并")
    page.goto(f"{opened.url}/console/candidates/{double}/record")
    expect(page.locator("h1")).to_contain_text("内推")
