"""Offers in a real browser: HR drafts and sends at the desk, the candidate confirms on a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from storage.migrate import upgrade
from storage.queries import people
from storage.viewer import SYSTEM
from tests.e2e.browser import chromium, watched
from tests.e2e.office import Served, served
from tests.e2e.preview import small
from tests.e2e.test_chat_page import PHONE, WEBVIEWS

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as made:
        yield made


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("office")
    url = f"sqlite:///{folder / 'yinuo.db'}"
    upgrade(url)
    with served(url, folder) as made:
        yield made


def fits(page: Page, width: int) -> None:
    """Nothing sticks out, and what is pressed on a phone is large enough."""
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert small(page, width) == []


def seated(opened: Served, name: str) -> tuple[str, str]:
    """A candidate whose position may cost 18,000 a month; the id and the chat's address."""
    candidate, chat = opened.candidate(name)
    road = opened.office.road
    place = opened.do(
        opened.office.position(budget_low=14_000, budget_high=18_000, months=14, city="杭州")
    )
    opened.do(opened.office.write(lambda tx: people.assign(tx, SYSTEM, candidate, place)))
    assert road.base_url in chat
    return candidate, chat


@pytest.mark.parametrize("width", [1280, 390])
def test_from_the_draft_to_both_confirmations(opened: Served, browser: Browser, width: int) -> None:
    candidate, chat = seated(opened, "欧阳雪堃")
    desk = opened.hr(browser, f"offerhr{width}")
    page = desk.new_page()
    page.set_viewport_size({"width": width, "height": 900})
    with watched(page) as complaints:
        page.goto(f"{opened.url}/console/candidates/{candidate}")
        page.get_by_role("link", name="Offer 与承诺卡").click()
        page.get_by_label("固定薪资").fill("17,000")
        page.get_by_label("试用期", exact=False).first.fill("7")
        first = page.get_by_role("group", name="第 1 笔")
        first.get_by_label("名称").fill("绩效奖")
        first.get_by_label("金额").fill("1,000")
        first.get_by_label("条件").fill("月度考核达到 B")
        page.get_by_role("button", name="检查").click()
        expect(page.locator(".objections")).to_contain_text("《劳动合同法》第十九条")
        fits(page, width)
        page.get_by_label("试用期", exact=False).first.fill("6")
        page.get_by_role("button", name="检查").click()
        expect(page.locator(".checked")).to_contain_text("没有发现")
        page.get_by_role("button", name="保存为草稿").click()
        expect(page.get_by_role("status").first).to_contain_text("还没有发给对方")
        point = page.locator("#offer-1").get_by_role("group", name="第 1 件")
        point.get_by_label("什么事").fill("离职证明原件")
        point.get_by_label("最晚哪天").fill("2099-01-31")
        page.get_by_role("button", name="我方确认并发送").click()
        expect(page.get_by_role("status").first).to_contain_text("已发到对方的聊天里")
        expect(page.locator("#card")).to_contain_text("离职证明原件")
        fits(page, width)
    assert complaints == []

    phone = browser.new_context(**PHONE, user_agent=WEBVIEWS["wecom"])
    theirs = phone.new_page()
    with watched(theirs) as complaints:
        theirs.goto(chat)
        link = theirs.locator("a", has_text=re.compile(r"/f/"))
        expect(link).to_be_visible()
        address = link.get_attribute("href")
        assert address is not None
        theirs.goto(address)
        expect(theirs.get_by_role("heading", level=1)).to_contain_text("承诺卡")
        expect(theirs.locator("main")).to_contain_text("17,000 元/月（税前）")
        fits(theirs, 390)
        assert theirs.locator("script").count() == 0
        theirs.get_by_text("有想改的地方").click()
        theirs.get_by_label("想改什么").fill("入职能不能晚一周？")
        theirs.get_by_role("button", name="提交").click()
        expect(theirs.get_by_role("status")).to_contain_text("HR 会答复您")
        theirs.get_by_role("button", name="以上无误，我确认").click()
        expect(theirs.get_by_role("status")).to_contain_text("已记下您的确认")
        expect(theirs.locator(".pledge-done")).to_contain_text("第 1 版")
        fits(theirs, 390)
        with theirs.expect_download() as download:
            theirs.get_by_role("link", name="下载 PDF").click()
        assert download.value.suggested_filename == "pledge-card.pdf"
    assert complaints == []

    with watched(page) as complaints:
        page.reload()
        wish = page.locator("#wishes li", has_text="晚一周")
        wish.get_by_label("给对方的话").fill("可以，改到十二月二十二日")
        wish.get_by_role("button", name="同意", exact=True).click()
        expect(page.locator("#wishes")).to_contain_text("已同意")
        fits(page, width)
    assert complaints == []
    theirs.reload()
    expect(theirs.locator("main")).to_contain_text("改到十二月二十二日")
    phone.close()
    desk.close()


def test_a_withdrawn_offer_leaves_nothing_to_confirm(opened: Served, browser: Browser) -> None:
    candidate, chat = seated(opened, "李四")
    desk = opened.hr(browser, "withdrawhr")
    page = desk.new_page()
    page.goto(f"{opened.url}/console/candidates/{candidate}/offers")
    page.get_by_label("固定薪资").fill("15000")
    page.get_by_role("button", name="保存为草稿").click()
    page.get_by_role("button", name="我方确认并发送").click()
    phone = browser.new_context(**PHONE)
    theirs = phone.new_page()
    theirs.goto(chat)
    link = theirs.locator("a", has_text=re.compile(r"/f/"))
    expect(link).to_be_visible()
    theirs.goto(link.get_attribute("href") or "")
    page.get_by_role("button", name="我方撤回").click()
    expect(page.locator("#card")).to_contain_text("还没有生效的承诺卡")
    theirs.get_by_role("button", name="以上无误，我确认").click()
    expect(theirs.get_by_role("heading", level=1)).to_contain_text("已作废")
    expect(theirs.locator("main")).not_to_contain_text("15,000")
    fits(theirs, 390)
    phone.close()
    desk.close()
