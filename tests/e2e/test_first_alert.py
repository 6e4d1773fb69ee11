"""The first three minutes of a newcomer, in a real browser against the real demo."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.browser import Demo, chromium, demo, watched

SENTENCE = "offer收到了，薪资这块我还想再考虑一下"
MERGING_PAUSE_S, BAR_S = 3.0, 2.0

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as made:
        yield made


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with demo(tmp_path_factory.mktemp("demo") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def desk(browser: Browser, opened: Demo) -> Iterator[BrowserContext]:
    """HR, signed in with the printed one-time link."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="zh-CN")
    page = context.new_page()
    page.goto(opened.console)
    expect(page).to_have_url(f"{opened.base}/console/alerts")
    yield context
    context.close()


def page_of(context: BrowserContext, url: str) -> Page:
    page = context.new_page()
    page.goto(url)
    return page


def test_a_sentence_becomes_an_alert_everywhere_and_a_press_changes_it_everywhere(
    browser: Browser, opened: Demo, desk: BrowserContext
) -> None:
    hands = browser.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN")
    chat, phone = page_of(hands, opened.chat), page_of(hands, opened.phone)
    console = page_of(desk, f"{opened.base}/console/alerts")
    with watched(console) as complaints, watched(chat) as chat_complaints:
        chat.get_by_role("textbox").fill(SENTENCE)
        chat.keyboard.press("Enter")
        expect(chat.locator(".msg.in", has_text=SENTENCE).locator(".msg-state")).to_have_text(
            "已送达"
        )
        said_at = time.monotonic()
        card = phone.locator("#messages > li", has_text="再考虑一下").last
        expect(card).to_be_visible()
        on_phone = time.monotonic() - said_at
        alert = console.locator("article.alert-card", has_text="再考虑一下").filter(
            has_text="陈一鸣"
        )
        expect(alert).to_be_visible()
        on_desk = time.monotonic() - said_at
        assert max(on_phone, on_desk) <= MERGING_PAUSE_S + BAR_S
        expect(alert.locator("mark").first).to_be_visible()
        expect(chat.locator(".msg.out").last).to_contain_text("答复您")

        card.get_by_role("button", name="误报").click()
        expect(alert).to_be_hidden()
        console.goto(f"{opened.base}/console/alerts?show=handled")
        judged = console.locator("article.alert-card", has_text="再考虑一下").filter(
            has_text="陈一鸣"
        )
        expect(judged).to_contain_text("误报")
        expect(judged).to_contain_text("李娜")
        expect(card).to_contain_text("误报")
        expect(card.get_by_role("button", name="有用")).to_have_count(0)
    assert complaints == []
    assert chat_complaints == []
    hands.close()


def test_a_verdict_at_the_desk_changes_the_card_on_the_phone(
    browser: Browser, opened: Demo, desk: BrowserContext
) -> None:
    hands = browser.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN")
    chat, phone = page_of(hands, opened.chat), page_of(hands, opened.phone)
    chat.get_by_role("textbox").fill("我手上还有一家公司的offer，对方给得更高")
    chat.keyboard.press("Enter")
    card = phone.locator("#messages > li", has_text="对方给得更高").last
    expect(card).to_be_visible()
    console = page_of(desk, f"{opened.base}/console/alerts")
    alert = console.locator("article.alert-card", has_text="对方给得更高").filter(has_text="陈一鸣")
    alert.get_by_role("button", name="已处理").first.click()
    expect(card).to_contain_text("已标记已处理")
    hands.close()


def test_hr_answers_and_the_candidate_reads_it_live(
    browser: Browser, opened: Demo, desk: BrowserContext
) -> None:
    hands = browser.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN")
    chat = page_of(hands, opened.chat)
    console = page_of(desk, f"{opened.base}/console/candidates")
    console.get_by_role("link", name="陈一鸣").first.click()
    with watched(console) as complaints:
        console.locator("textarea[name=text]").fill("一鸣你好，我下午三点给你打电话细聊")
        console.get_by_role("button", name="发送").click()
        expect(chat.locator(".msg.out", has_text="下午三点给你打电话")).to_be_visible()
        expect(chat.locator(".msg.out", has_text="下午三点")).to_contain_text("李娜")
        expect(console.locator("#timeline")).to_contain_text("下午三点给你打电话")
    assert complaints == []
    hands.close()


def test_status_words_are_answered_and_a_person_can_be_asked_for(
    browser: Browser, opened: Demo
) -> None:
    hands = browser.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN")
    chat = page_of(hands, opened.chat)
    chat.get_by_role("textbox").fill("我的进度怎么样了")
    chat.keyboard.press("Enter")
    expect(chat.locator(".msg.out", has_text="目前阶段")).to_be_visible()
    chat.get_by_role("textbox").fill("转人工")
    chat.keyboard.press("Enter")
    expect(chat.locator(".msg.in", has_text="转人工")).to_be_visible()
    hands.close()


def test_every_console_page_opens_without_a_complaint(
    opened: Demo, desk: BrowserContext, tmp_path: Path
) -> None:
    page = desk.new_page()
    with watched(page) as complaints:
        page.goto(f"{opened.base}/console/alerts")
        links = page.locator("article.alert-card a[href^='/console/alerts/a_']")
        cases = {str(one.get_attribute("href")) for one in links.all()}
        assert len(cases) >= 5
        for path in (
            "alerts",
            "alerts?show=handled",
            "alerts/record",
            "owed",
            "review",
            "candidates",
            "positions",
            "settings",
            *(one.removeprefix("/console/") for one in sorted(cases)),
        ):
            answer = page.goto(f"{opened.base}/console/{path}")
            assert answer is not None
            assert answer.status == 200, path
            for width in (1280, 390):
                page.set_viewport_size({"width": width, "height": 900})
                wide = page.evaluate("document.documentElement.scrollWidth")
                assert wide <= width, f"{path} overflows at {width} px"
    assert complaints == []


def test_a_one_time_link_works_once(browser: Browser, opened: Demo, desk: BrowserContext) -> None:
    stranger = browser.new_context()
    page = stranger.new_page()
    answer = page.goto(opened.console)
    assert answer is not None
    assert answer.status in (404, 410)
    page.goto(f"{opened.base}/console/alerts")
    expect(page).to_have_url(f"{opened.base}/signin?next=/console/alerts")
    stranger.close()
