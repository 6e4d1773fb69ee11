"""Results of a survey and the guard of a reply in a real browser, on a desk and on a phone."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import async_playwright, expect

from bot.surveys.definition import digest, plain
from storage.enums import Role
from storage.queries import surveys
from storage.queries.surveys import Edition
from tests.e2e.browser import ARGUMENTS, CHROMIUM
from tests.integration.web.asking import WEEK1
from tests.integration.web.conftest import Office, running
from tests.integration.web.test_results import PATH, answered

pytestmark = pytest.mark.browser
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


@pytest.fixture
async def office(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Office]:
    async with running(sqlite_url, tmp_path) as made:
        edition = Edition(
            id="week1", title=WEEK1.title, digest=digest(WEEK1), definition=plain(WEEK1)
        )
        await made.write(lambda tx: surveys.sync(tx, [edition]))
        yield made


async def test_results_fit_every_window_and_a_forbidden_question_stays_to_be_changed(
    office: Office,
) -> None:
    hr = await office.user("hr", Role.HR)
    position = await office.position(owner_id=hr.id, title="后端工程师", department="支付")
    who = (await answered(office, position, [1, 3, 4, 4, 5], "食堂" + "很贵" * 60))[0]
    await office.chat(who)
    complaints: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for width in (1280, 390):
            for scheme in SCHEMES:
                context = await browser.new_context(
                    viewport={"width": width, "height": 844}, locale="zh-CN", color_scheme=scheme
                )
                await context.add_cookies([{"name": "sid", "value": hr.cookie, "url": office.url}])
                page = await context.new_page()
                page.on("pageerror", lambda error: complaints.append(str(error)))
                await page.goto(f"{office.url}/console/candidates")
                await page.get_by_role("link", name="问卷结果").click()
                await expect(page.locator("h1")).to_have_text("问卷结果")
                await page.goto(f"{office.url}{PATH}")
                await expect(page.locator("main")).to_contain_text("平均 3.4")
                wide = await page.evaluate("document.documentElement.scrollWidth")
                assert wide <= width
                if folder := os.environ.get("YINUO_SHOTS"):
                    name = f"{folder}/results-{width}-{scheme}.png"
                    await page.screenshot(path=name, full_page=True)
                await page.goto(f"{office.url}/console/candidates/{who}")
                await page.fill("#f-text", "您结婚了吗？")
                await page.locator(".reply-form button[type=submit]").click()
                await expect(page.locator("#reply-why")).to_contain_text("妇女权益保障法第 43 条")
                await expect(page.locator("#f-text")).to_have_value("您结婚了吗？")
                if folder:
                    await page.locator("#takeover").screenshot(
                        path=f"{folder}/guard-{width}-{scheme}.png"
                    )
                await page.fill("#f-text", "材料收到了")
                await page.locator(".reply-form button[type=submit]").click()
                await expect(page.locator("#f-text")).to_have_value("")
                await expect(page.locator("#reply-why")).to_have_text("")
                await context.close()
        await browser.close()
    assert complaints == []
