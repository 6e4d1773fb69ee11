"""Consent in real Chromium: asked on the phone, seen at the desk, taken back, recorded on paper."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import expect

from tests.e2e.chatting import Talk, write
from tests.e2e.office import Served

LACKS = "未同意自动分析"


@pytest.fixture(autouse=True)
def _asks(opened: Served) -> Iterator[None]:
    """A company whose bot asks for consent itself."""
    road, before = opened.office.road, opened.office.road.rulebook
    road.rulebook = replace(before, form=None)
    yield
    road.rulebook = before


def test_a_candidate_is_asked_looks_at_the_details_agrees_and_takes_it_back(talk: Talk) -> None:
    console = talk.console()
    expect(console.locator("h1")).to_contain_text(LACKS)
    chat = talk.chat()
    write(chat, "薪资这块我还想再考虑一下")
    asked = chat.locator(".msg.out", has_text="是否同意")
    expect(asked.get_by_role("button")).to_have_text(["同意", "不同意", "了解详情"])
    asked.get_by_role("button", name="了解详情").click()
    details = chat.locator(".msg.out", has_text="必要性")
    link = details.get_by_role("link")
    notice = talk.phone.new_page()
    notice.goto(f"{talk.opened.url}/privacy")
    expect(link).to_have_attribute(
        "href", notice.url.replace(talk.opened.url, "http://127.0.0.1:8000")
    )
    expect(notice.get_by_role("heading", level=1)).to_have_text("个人信息处理告知")
    assert notice.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    notice.get_by_text("背景调查", exact=True).press("Enter")
    expect(notice.get_by_text("核实您提供的教育和工作经历。")).to_be_visible()
    details.get_by_role("button", name="同意", exact=True).click()
    expect(chat.locator(".msg.out").last).to_contain_text("已记下您的同意")
    expect(console.locator("#alerts .alert-card").first).to_be_visible(timeout=20_000)
    console.reload()
    expect(console.locator("h1")).not_to_contain_text(LACKS)
    expect(console.locator("#consents li")).to_have_count(2)
    write(chat, "别再分析我的消息了")
    sure = chat.locator(".msg.out", has_text="确定撤回")
    sure.get_by_role("button", name="确认撤回").click()
    expect(chat.locator(".msg.out").last).to_contain_text("已撤回")
    console.reload()
    expect(console.locator("h1")).to_contain_text(LACKS)
    expect(console.locator("#consents li").first).to_contain_text("已撤回")


def test_a_paper_and_a_code_at_the_desk(talk: Talk) -> None:
    console = talk.console()
    console.get_by_text("记录一份纸质同意").click()
    console.get_by_label("同意什么").select_option(label="自动分析对话")
    console.get_by_label("原件在哪里").fill("人事柜 3")
    console.get_by_role("button", name="记录", exact=True).click()
    expect(console.locator("#consents")).to_contain_text("人事柜 3")
    expect(console.locator("h1")).not_to_contain_text(LACKS)
    console.get_by_role("button", name="生成绑定码").click()
    expect(console.locator("#invites")).to_contain_text("只显示这一次")
    console.reload()
    expect(console.locator("#invites")).not_to_contain_text("只显示这一次")
