"""A fresh installation in a real browser: set-up link, second factor, sign-in, first candidate."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import chromium, watched
from tests.integration.house import House, house

PASSWORD = "秋天 的 第一杯 茶 2026"

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as made:
        yield made


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path, "", YINUO_CHAT__MERGE_PAUSE_S="1") as made:
        made.start("one")
        made.wait_ready()
        yield made


def setup_link(fresh: House) -> str:
    found = re.search(r"http://\S+/setup/\S+", (fresh.data / "one.log").read_text("utf-8"))
    assert found, fresh.logs()
    return found[0]


def code_of(secret: str, *, later: int = 0) -> str:
    return pyotp.TOTP(secret).at(datetime.now(UTC) + timedelta(seconds=30 * later))


def set_up(page: Page, link: str) -> str:
    """Walk through the three steps; the second factor's secret."""
    page.goto(link)
    page.get_by_label("公司全称").fill("远山科技有限公司")
    page.get_by_label("您的姓名").fill("周岚")
    page.get_by_label("登录名").fill("zhoulan")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="下一步").click()
    secret = page.locator("#secret").inner_text().replace(" ", "")
    page.get_by_label(re.compile("验证码")).fill(code_of(secret))
    page.get_by_role("button").last.click()
    expect(page.locator(".codes code")).to_have_count(10)
    return secret


def test_from_the_first_link_to_a_candidates_chat(browser: Browser, fresh: House) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="zh-CN")
    page = context.new_page()
    link = setup_link(fresh)
    with watched(page) as complaints:
        secret = set_up(page, link)
        page.get_by_role("link", name="我已保存").click()
        if "/signin" in page.url:
            sign_in(page, secret)
        expect(page).to_have_url(re.compile("/console/"))
        page.goto(f"{fresh.base_url}/console/candidates")
        page.get_by_text("新建候选人").first.click()
        page.get_by_label("姓名", exact=True).fill("沈知远")
        page.get_by_role("button", name="建立档案").click()
        expect(page.get_by_role("heading", name=re.compile("沈知远"))).to_be_visible()
        page.locator("#invites").get_by_role("button", name="网页聊天").click()
        expect(page.locator("#invites .fresh img.qr")).to_be_visible()
        chat_url = re.search(r"http://\S+/chat/[\w-]+", page.locator("#invites").inner_html())
        assert chat_url
    assert complaints == []
    phone = browser.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN").new_page()
    phone.goto(chat_url[0])
    phone.get_by_role("textbox").fill("您好")
    phone.keyboard.press("Enter")
    expect(phone.locator(".msg.out").first).to_contain_text("远山科技有限公司")
    answer = phone.goto(link)
    assert answer is not None
    assert answer.status in (404, 410), "the set-up link opened twice"
    phone.context.close()
    context.close()


def sign_in(page: Page, secret: str) -> None:
    page.get_by_label("登录名").fill("zhoulan")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_label(re.compile("验证码")).fill(code_of(secret, later=1))
    page.get_by_role("button", name="登录").click()


def test_signing_in_needs_the_second_factor(browser: Browser, fresh: House) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN")
    page = context.new_page()
    secret = set_up(page, setup_link(fresh))
    context.clear_cookies()
    page.goto(f"{fresh.base_url}/console/alerts")
    expect(page).to_have_url(re.compile("/signin"))
    page.get_by_label("登录名").fill("zhoulan")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_label(re.compile("验证码")).fill("000000")
    page.get_by_role("button", name="登录").click()
    expect(page).to_have_url(re.compile("/signin"))
    sign_in(page, secret)
    expect(page).to_have_url(re.compile("/console/alerts"))
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390
    context.close()
