"""The page of one alert in a real browser: live, answered by keyboard, put off, on a phone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright, expect

from bot.web.limits import Buckets
from storage.enums import Role
from tests.e2e.browser import ARGUMENTS, CHROMIUM
from tests.integration.web.conftest import Office, running
from tests.integration.web.test_chat import SALARY

pytestmark = pytest.mark.browser
SOON = 15_000


@asynccontextmanager
async def desks(
    office: Office, *cookies: str, width: int
) -> AsyncIterator[tuple[list[Page], list[str]]]:
    """A browser for each session, in Chinese, and what they complain about."""
    complaints: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        pages = []
        for cookie in cookies:
            context = await browser.new_context(
                viewport={"width": width, "height": 844}, locale="zh-CN", has_touch=width < 500
            )
            context.set_default_timeout(SOON)
            await context.add_cookies([{"name": "sid", "value": cookie, "url": office.url}])
            page = await context.new_page()
            page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
            page.on("pageerror", lambda error: complaints.append(str(error)))
            pages.append(page)
        yield pages, complaints
        await browser.close()


@pytest.fixture
async def office(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Office]:
    fast = Buckets(rate=1000, burst=1000)
    async with running(sqlite_url, tmp_path, chat_pace=fast) as made:
        yield made


async def fits(page: Page, width: int) -> None:
    assert await page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [1280, 390])
async def test_an_alert_is_answered_put_off_and_settled_on_two_desks(
    office: Office, width: int
) -> None:
    hr, li = await office.user("hr", Role.HR), await office.user("li", Role.HR)
    position = await office.position(city="杭州", budget_low=16_000, budget_high=22_000)
    candidate = await office.candidate("张三丰", position_id=position)
    token = await office.chat(candidate)

    async def says(text: str) -> None:
        answer = await office.http.post(f"/chat/{token}/messages", json={"text": text})
        assert answer.status_code == 202

    async with desks(office, hr.cookie, li.cookie, width=width) as ((mine, theirs), complaints):
        await mine.goto(f"{office.url}/console/alerts")
        await says(SALARY)
        await mine.get_by_role("link", name="写回复").click()
        await expect(mine.locator("h1")).to_contain_text("张三丰")
        await expect(mine.locator("#alert-quote mark").first).to_be_visible()
        await theirs.goto(mine.url)
        await fits(mine, width)

        # Somebody types, the candidate goes on: the talk follows, the words stay.
        box = mine.get_by_label("要发送的话")
        draft = await box.input_value()
        assert draft.startswith("张三丰")
        await box.focus()
        await mine.keyboard.press("Control+End")
        await mine.keyboard.type("明天下午三点可以吗？")
        await says("还有别家给到 30k，我得再想想")
        await expect(mine.locator(".talk-line.by-candidate")).to_have_count(2, timeout=SOON)
        await expect(box).to_have_value(f"{draft}明天下午三点可以吗？")
        assert await box.evaluate("one => one === document.activeElement")

        if width > 860:
            await mine.keyboard.press("Control+Enter")
        else:
            await mine.get_by_role("button", name="发送").click()
        await expect(mine.locator("#alert-reply")).to_contain_text("已交给渠道发送")
        await expect(box).to_have_value("")
        for page in (mine, theirs):
            await expect(page.locator("#alert-head")).to_contain_text("姓名hr 已回复", timeout=SOON)
            await expect(page.locator("#alert-lines")).to_contain_text("明天下午三点可以吗？")
            await expect(page.locator(".talk-line").last).to_contain_text("已发送", timeout=SOON)
            await expect(page.locator("#alert-history")).to_contain_text("回复了候选人")
        chat = await office.http.get(f"/chat/{token}/messages")
        assert "明天下午三点可以吗" in chat.text

        # What may not be asked stays in the box, with the article.
        await box.fill("您结婚了吗，打算什么时候要孩子？")
        await mine.get_by_role("button", name="发送").click()
        await expect(mine.locator("#alert-reply [role=alert]")).to_contain_text("没有发出")
        await expect(box).to_have_value("您结婚了吗，打算什么时候要孩子？")

        await mine.get_by_role("button", name="1 小时后").click()
        for page in (mine, theirs):
            await expect(page.locator("#alert-head")).to_contain_text("姓名hr 推迟到", timeout=SOON)
        await expect(mine.locator("#live-offer")).to_have_count(0)  # one's own press is no news

        await theirs.get_by_role("button", name="已处理").click()
        await expect(theirs.locator("#alert-state")).to_contain_text("姓名li", timeout=SOON)
        await expect(mine.locator("#alert-state")).to_contain_text("姓名li", timeout=SOON)
        await expect(mine.locator("#alert-history")).to_contain_text("标为“已处理”")
        await expect(mine.get_by_text("稍后提醒")).to_have_count(0)
        await fits(mine, width)
    assert [one for one in complaints if "422" not in one] == []


async def test_a_double_click_sends_one_message(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    candidate = await office.candidate("张三丰")
    token = await office.chat(candidate)
    await office.http.post(f"/chat/{token}/messages", json={"text": SALARY})
    async with desks(office, hr.cookie, width=1280) as ([page], complaints):
        await page.goto(f"{office.url}/console/alerts")
        await page.get_by_role("link", name="写回复").click()
        await page.get_by_label("要发送的话").fill("我们今天聊聊")
        await page.get_by_role("button", name="发送").dblclick()
        await expect(page.locator("#alert-reply")).to_contain_text("已交给渠道发送")
        await expect(page.locator(".talk-line", has_text="我们今天聊聊")).to_have_count(1)
        # Without a script the same form is a page, and back and again is still one message.
        await page.goto(page.url)
        await expect(page.locator(".talk-line", has_text="我们今天聊聊")).to_have_count(1)
    assert complaints == []
