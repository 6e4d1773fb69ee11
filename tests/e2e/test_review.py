"""The page of unclear readings in a real browser: pressed, corrected, counted live, on a phone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright, expect

from bot.web.limits import Buckets
from storage.enums import Role
from tests.doubt import DOUBT, DoubtReader
from tests.e2e.browser import ARGUMENTS, CHROMIUM
from tests.integration.web.conftest import Office, running

pytestmark = pytest.mark.browser


@asynccontextmanager
async def opened(office: Office, cookie: str, width: int) -> AsyncIterator[tuple[Page, list[str]]]:
    """HR's browser on the page, and what it complains about."""
    complaints: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        context = await browser.new_context(
            viewport={"width": width, "height": 844}, locale="zh-CN", has_touch=width < 500
        )
        await context.add_cookies([{"name": "sid", "value": cookie, "url": office.url}])
        page = await context.new_page()
        page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(f"{office.url}/console/review")
        yield page, complaints
        await browser.close()


@pytest.fixture
async def office(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Office]:
    fast = Buckets(rate=1000, burst=1000)
    async with running(sqlite_url, tmp_path, chat_pace=fast) as made:
        made.road.reader = DoubtReader()
        yield made


async def says(office: Office, name: str, text: str) -> None:
    token = await office.chat(await office.candidate(name))
    await office.http.post(f"/chat/{token}/messages", json={"text": text})


@pytest.mark.parametrize("width", [1280, 390])
async def test_a_doubt_arrives_live_is_answered_and_corrected(office: Office, width: int) -> None:
    hr = await office.user("hr", Role.HR)
    async with opened(office, hr.cookie, width) as (page, complaints):
        await expect(page.locator("#review-list")).to_contain_text("没有等您看的话")
        for n, name in enumerate(("张三丰", "欧阳雪", "王明"), start=1):
            await says(office, name, f"薪资你们内部再看看，{DOUBT}")
            await expect(page.locator("article")).to_have_count(n)
        count = page.locator("#side-review" if width > 860 else "#tab-review")
        await expect(count).to_have_text("3" if width < 860 else "待复核消息3")

        first = page.locator("article", has_text="张三丰")
        await expect(first.locator("mark")).to_contain_text(DOUBT)
        await first.get_by_text("改标签").click()
        await first.get_by_label("再考虑", exact=True).uncheck()
        await first.get_by_label("团队与上级").check()
        await first.get_by_label("来不来").select_option(label="看不出来")
        await first.get_by_role("button", name="保存标签").click()
        await expect(first).to_have_count(0)  # looked at: it leaves the queue
        await expect(count).to_contain_text("2")

        second = page.locator("article", has_text="欧阳雪")
        await second.get_by_role("button", name="值得跟进").click()
        await expect(count).to_contain_text("1")
        third = page.locator("article", has_text="王明")
        await third.get_by_role("button", name="没事").click()
        await expect(page.locator("#review-list")).to_contain_text("没有等您看的话")
        await expect(count).to_be_hidden()

        await page.goto(f"{office.url}/console/review?show=done")
        for words in ("没事", "值得跟进", "已改标签"):
            await expect(page.locator("article p.alert-verdict", has_text=words)).to_have_count(1)
        await expect(page.locator("article", has_text="标签由 姓名hr 更正")).to_have_count(1)
        wide = await page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width
        await page.goto(f"{office.url}/console/alerts")
        alert = page.locator("article.alert-card")
        await expect(alert).to_have_count(1)
        await expect(alert).to_contain_text("由 姓名hr 转为预警")
        # The count on another page is live too.
        await says(office, "陈静", f"嗯，{DOUBT}")
        await expect(count).to_contain_text("1")
        await alert.get_by_text("改标签").click()
        await alert.get_by_role("button", name="保存标签").click()
        await expect(alert).to_contain_text("标签由 姓名hr 更正")
    assert complaints == []
