"""Spreadsheets in a real browser: a template filled, tried, corrected, confirmed, and exported."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import python_calamine
import xlsxwriter
from playwright.async_api import Page, async_playwright, expect

from storage.enums import Role
from tests.e2e.browser import ARGUMENTS, CHROMIUM
from tests.integration.web.conftest import Office, running

pytestmark = pytest.mark.browser
EVIL = '=HYPERLINK("http://evil.cn","点我")'


@asynccontextmanager
async def opened(office: Office, cookie: str, width: int) -> AsyncIterator[tuple[Page, list[str]]]:
    """HR's browser on the list of candidates, and what it complains about."""
    complaints: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        context = await browser.new_context(
            viewport={"width": width, "height": 844}, locale="zh-CN", has_touch=width < 500,
            accept_downloads=True,
        )  # fmt: skip
        await context.add_cookies([{"name": "sid", "value": cookie, "url": office.url}])
        page = await context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            # The browser itself reports each answer with a fault, which is what we want to see.
            lambda m: (
                complaints.append(m.text) if m.type == "error" and "422" not in m.text else None
            ),
        )
        await page.goto(f"{office.url}/console/candidates")
        yield page, complaints
        await browser.close()


@pytest.fixture
async def office(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Office]:
    async with running(sqlite_url, tmp_path) as made:
        yield made


def filled(template: Path, rows: list[list[str]]) -> bytes:
    """The template with rows under its own headings."""
    book = python_calamine.CalamineWorkbook.from_path(str(template))
    heads: list[Any] = book.get_sheet_by_name("候选人").to_python()[0]
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as made:
        sheet = made.add_worksheet("候选人")
        for at, row in enumerate([heads, *rows]):
            for index, cell in enumerate(row):
                sheet.write_string(at, index, cell)
    return out.getvalue()


async def choose(page: Page, data: bytes) -> None:
    await page.get_by_label("选择文件").set_input_files(
        {"name": "人.xlsx", "mimeType": "application/octet-stream", "buffer": data}
    )
    await page.get_by_role("button", name="试导入").click()


@pytest.mark.parametrize("width", [1280, 390])
async def test_a_template_is_filled_tried_mended_and_confirmed(
    office: Office, width: int, tmp_path: Path
) -> None:
    hr = await office.user("hr", Role.HR)
    await office.position(title="后端工程师", city="杭州")
    async with opened(office, hr.cookie, width) as (page, complaints):
        await page.get_by_role("link", name="导入 / 导出").click()
        async with page.expect_download() as waiting:
            await page.get_by_role("link", name="下载模板").click()
        template = tmp_path / "模板.xlsx"
        downloaded = await waiting.value
        assert downloaded.suggested_filename == "候选人导入模板.xlsx"
        await downloaded.save_as(template)

        start = ["", EVIL, "13812345678", "后端工程师 · 杭州", "面试", ""]
        await choose(page, filled(template, [[*start, "15"]]))
        await expect(page.locator(".trial-faults li")).to_have_count(1)
        await expect(page.locator(".trial-faults")).to_contain_text("第 2 行「期望薪资」")
        await expect(page.get_by_role("button", name="确认导入")).to_have_count(0)

        await choose(page, filled(template, [[*start, "15k"]]))
        row = page.locator(".trial-table tbody tr")
        await expect(row).to_have_count(1)
        await expect(row).to_contain_text("点我")
        await expect(row).to_contain_text("期望薪资")
        wide = await page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width
        await page.screenshot(path=tmp_path / f"trial-{width}.png", full_page=True)
        await page.get_by_role("button", name="确认导入").click()
        await expect(page.locator(".notice-ok")).to_contain_text("已导入")
        await expect(page.locator("#candidate-rows")).to_contain_text("点我")

        await page.get_by_role("link", name="导入 / 导出").click()
        await page.get_by_label("用途").select_option(label="汇报")
        await page.get_by_label("格式").select_option("csv")
        async with page.expect_download() as waiting:
            await page.get_by_role("button", name="导出文件").click()
        exported = tmp_path / "out.csv"
        await (await waiting.value).save_as(exported)
        text = exported.read_text("utf-8-sig")
        assert '"\'=HYPERLINK(""http://evil.cn"",""点我"")"' in text
        assert "138****5678" in text
        assert "13812345678" not in text
    assert complaints == []
