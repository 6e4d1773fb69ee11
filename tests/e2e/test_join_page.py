"""Joining by a platform's sign-in in a real browser: a phone in WeCom, a desk at the console."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from bot import desk
from bot.channels.wecom import WeCom
from storage.enums import Role
from storage.migrate import upgrade
from tests.contract.place_wecom import FAST, config_of
from tests.e2e.browser import chromium, watched
from tests.e2e.office import Served, served
from tests.e2e.preview import small
from tests.e2e.test_chat_page import PHONE, WEBVIEWS
from tests.fakes.wecom import FakeWeCom, Limits, Member
from tests.integration.web.conftest import Person, viewer

pytestmark = pytest.mark.browser

#: A request that failed is a complaint of the browser's, and here it is what is looked at.
ANSWERED = re.compile(r"status of 4\d\d")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as made:
        yield made


@pytest.fixture(scope="module")
def wecom() -> Iterator[FakeWeCom]:
    with FakeWeCom(limits=Limits(per_app_and_member=())) as running:
        yield running


@pytest.fixture(scope="module")
def opened(wecom: FakeWeCom, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("office")
    url = f"sqlite:///{folder / 'yinuo.db'}"
    upgrade(url)
    config = config_of(wecom, sign_in_base=wecom.sign_in_base, kf=False, per_member=FAST)
    with served(url, folder, channels=lambda _: {"wecom": WeCom(config)}) as made:
        yield made


@pytest.fixture
def phone(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(**PHONE, user_agent=WEBVIEWS["wecom"])
    yield context
    context.close()


def colleague(opened: Served, login: str) -> tuple[Person, str]:
    """Somebody of HR, and the address of an invite for them."""
    person: Person = opened.do(opened.office.user(login, Role.HR))
    made = opened.do(desk.invite_colleague(opened.office.road, viewer(person), person.id, "wecom"))
    return person, made.url


def heard(opened: Served, member: Member, name: str) -> None:
    """Wait until the bot has said hello to somebody on the platform."""

    async def said() -> bool:
        return any(name in str(one.content) for one in member.messages())

    opened.do(opened.office.until(said))


def fits(page: Page) -> None:
    """Nothing sticks out, and what is pressed is large enough."""
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert small(page, 390) == []
    go = page.locator(".join-go")
    for at in range(go.count()):
        box = go.nth(at).bounding_box()
        assert box is not None
        assert box["height"] >= 44


def test_a_phone_in_wecom_is_two_presses_from_connected(
    opened: Served, wecom: FakeWeCom, phone: BrowserContext
) -> None:
    lina = wecom.member("LiNa", "李娜")
    wecom.sign_in_as(lina)
    _, url = colleague(opened, "linahr")
    page = phone.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    with watched(page) as complaints:
        page.goto(url)
        expect(page.get_by_role("heading")).to_have_text("连接企业微信账号")
        expect(page.locator(".join-who")).to_contain_text("姓名linahr")
        fits(page)
        assert page.locator("script").count() == 0
        page.get_by_role("link", name="用企业微信登录并连接").click()
        expect(page.get_by_role("heading")).to_have_text("已连接，请回到聊天")
        fits(page)
    assert complaints == []
    heard(opened, lina, "姓名linahr")
    abroad = [one for one in asked if not one.startswith((opened.url, wecom.sign_in_base))]
    assert [one for one in abroad if not one.startswith("data:")] == []
    token = url.rpartition("/")[2]
    assert [one for one in asked if token in one] == [url]
    page.reload()
    expect(page.get_by_role("heading")).to_have_text("这次登录不能继续")
    fits(page)
    page.goto(url)
    expect(page.get_by_role("heading")).to_have_text("这个邀请已经用过")
    fits(page)


def test_somebody_else_s_account_is_refused_and_the_right_one_taken(
    opened: Served, wecom: FakeWeCom, phone: BrowserContext
) -> None:
    zhao = wecom.member("ZhaoYun", "赵云")
    _, url = colleague(opened, "zhaohr")
    page = phone.new_page()
    with watched(page) as complaints:
        wecom.sign_in_as(wecom.customer("小王"))
        page.goto(url)
        page.locator(".join-go").click()
        expect(page.get_by_role("heading")).to_have_text("企业微信没有确认您的身份")
        expect(page.locator("main")).to_contain_text("您不是本企业在企业微信里的成员")
        fits(page)
        wecom.sign_in_as(zhao)
        page.get_by_role("link", name="重新登录").click()
        expect(page.get_by_role("heading")).to_have_text("连接企业微信账号")
        page.locator(".join-go").click()
        expect(page.get_by_role("heading")).to_have_text("已连接，请回到聊天")
    assert [one for one in complaints if not ANSWERED.search(one)] == []
    heard(opened, zhao, "姓名zhaohr")


def test_at_the_desk_one_connects_and_sees_where_alerts_go(
    opened: Served, wecom: FakeWeCom, browser: Browser
) -> None:
    member = wecom.member("SunLi", "孙丽")
    wecom.sign_in_as(member)
    context = opened.hr(browser, "sunhr")
    page = context.new_page()
    with watched(page) as complaints:
        page.goto(f"{opened.url}/console/settings")
        line = page.locator("#chats li", has_text="企业微信")
        expect(line).to_contain_text("未连接")
        line.get_by_role("button", name="连接").click()
        expect(page.get_by_alt_text("连接企业微信的二维码")).to_be_visible()
        with context.expect_page() as popup:
            page.get_by_role("link", name="打开链接").click()
        other = popup.value
        expect(other.locator("main")).to_contain_text("用企业微信扫码")
        other.locator(".join-go").click()
        expect(other.get_by_role("heading")).to_have_text("已连接，请回到聊天")
        heard(opened, member, "姓名sunhr")
        page.goto(f"{opened.url}/console/settings")
        expect(line).to_contain_text("预警发到这里")
        line.get_by_role("button", name="解除").click()
        expect(page.locator("#chats li", has_text="企业微信")).to_contain_text("未连接")
    assert complaints == []
    context.close()


def test_an_open_page_stays_fresh_by_itself(
    opened: Served, wecom: FakeWeCom, phone: BrowserContext
) -> None:
    """Its state would be too old after five minutes; it asks for a new one before."""
    _, url = colleague(opened, "latehr")
    page = phone.new_page()
    page.goto(url)
    refresh: Any = page.locator('meta[http-equiv="refresh"]').get_attribute("content")
    assert 0 < int(refresh) < 300
    before = page.locator(".join-go").get_attribute("href")
    page.reload()
    assert page.locator(".join-go").get_attribute("href") != before
