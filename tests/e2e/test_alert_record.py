"""The alerts' own record in a real browser: figures, a case looked through, a kind put back."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import async_playwright, expect

from bot.web.limits import Buckets
from storage.enums import Role
from tests.e2e.browser import ARGUMENTS, CHROMIUM
from tests.integration.web.conftest import Office, running
from tests.integration.web.test_alert_record import HOME, QUIET, left
from tests.kinds import Kinds

pytestmark = pytest.mark.browser


@pytest.fixture
async def office(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Office]:
    fast = Buckets(rate=1000, burst=1000)
    async with running(sqlite_url, tmp_path, chat_pace=fast) as made:
        yield made


@pytest.mark.parametrize("width", [1280, 390])
async def test_a_missed_case_is_labelled_and_a_kind_put_back(office: Office, width: int) -> None:
    admin = await office.user("admin", Role.HR_ADMIN)
    await left(office, admin, "张三丰", QUIET)
    kinds = Kinds(office.road.database, office.road.vault, office.clock)
    kinds.judged(20, 10)
    kinds.decide()
    complaints: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        context = await browser.new_context(
            viewport={"width": width, "height": 844}, locale="zh-CN", has_touch=width < 500
        )
        await context.add_cookies([{"name": "sid", "value": admin.cookie, "url": office.url}])
        page = await context.new_page()
        page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(f"{office.url}/console/alerts")
        await page.get_by_role("link", name="预警战绩").first.click()
        await expect(page.locator("h1")).to_have_text("预警战绩")
        await expect(page.locator("#kind-salary")).to_contain_text("20/30 · 67%")
        await expect(page.locator("#kind-salary")).to_contain_text("只进每日摘要")
        await expect(page.locator(".missed-sentence")).to_have_text(
            "近 90 天有 1 位候选人退出，其中 1 位事先没有任何预警。"
        )

        await page.get_by_role("link", name="看最后几句话").click()
        said = page.locator("article", has_text=QUIET)
        await expect(said).to_have_count(1)
        await page.get_by_role("button", name="有话没听出来").click()
        await expect(page.get_by_role("alert")).to_contain_text("请先给那句")
        await said.get_by_text("改标签").click()
        await said.get_by_label("拒绝").check()
        await said.get_by_label("来不来").select_option(index=5)
        await said.get_by_role("button", name="保存标签").click()
        await expect(said).to_contain_text("标签由 姓名admin 更正")
        wide = await page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width
        if folder := os.environ.get("YINUO_SHOTS"):
            await page.screenshot(path=f"{folder}/alert-record-live-{width}.png", full_page=True)
        await page.get_by_role("button", name="有话没听出来").click()
        await expect(page.locator(".missed-looked")).to_contain_text("有话没听出来，已标注")

        await page.get_by_role("button", name="恢复即时提醒").click()
        await expect(page.get_by_role("status")).to_contain_text("已恢复为即时提醒")
        await expect(page.get_by_role("button", name="恢复即时提醒")).to_have_count(0)
        await office.post(admin, "/console/settings/language", language="en", next=HOME)
        await page.goto(f"{office.url}{HOME}")
        await expect(page.locator("h1")).to_have_text("How good the alerts are")
        wide = await page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width
        await browser.close()
    # The refused word of the case is a 422, which the browser names.
    assert [one for one in complaints if "422" not in one] == []
