"""The candidate's page on broken lines: whatever happens, nothing is lost and nothing doubled."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route, expect

from storage.crypto import Keystore
from tests.e2e.chatting import PHONE, Talk, reply, state, write
from tests.e2e.office import served
from tests.integration.house import free_port

pytestmark = pytest.mark.browser


def test_after_the_server_was_away_nothing_is_missing_or_doubled(
    browser: Browser, sqlite_url: str, tmp_path: Path
) -> None:
    again = {"port": free_port(), "keystore": Keystore.generate()}
    phone = browser.new_context(**PHONE)
    chat = phone.new_page()
    with served(sqlite_url, tmp_path, **again) as first:
        candidate, url = first.candidate()
        chat.goto(url)
        expect(state(write(chat, "我在地铁上"))).to_have_text("已送达")
    unsent = write(chat, "信号不太好")
    expect(state(unsent)).to_have_text("网络恢复后自动发送", timeout=30_000)
    expect(chat.locator("#lost")).to_be_visible()
    with served(sqlite_url, tmp_path, **again) as second:
        desk = second.hr(browser, "back")
        console = desk.new_page()
        console.goto(f"{second.url}/console/candidates/{candidate}")
        reply(console, "好的，等你出地铁")
        expect(state(unsent)).to_have_text("已送达", timeout=40_000)
        expect(unsent.get_by_role("button", name="重试")).to_have_count(0)
        expect(chat.locator(".msg.out", has_text="等你出地铁")).to_have_count(1, timeout=40_000)
        expect(chat.locator("#lost")).to_be_hidden()
        chat.reload()
        expect(chat.locator(".msg.in", has_text="信号不太好")).to_have_count(1)
        expect(chat.locator(".msg.out", has_text="等你出地铁")).to_have_count(1)
        desk.close()
    phone.close()


@pytest.mark.parametrize("why", ["refused", "silent", "missing"])
def test_where_events_do_not_get_through_the_page_asks(talk: Talk, why: str) -> None:
    chat = talk.phone.new_page()
    if why == "missing":
        chat.add_init_script("delete window.EventSource")
    else:
        held: list[Route] = []
        chat.route(
            "**/events*", lambda route: held.append(route) if why == "silent" else route.abort()
        )
    chat.goto(talk.url)
    said = f"这条走轮询（{why}）"
    reply(talk.console(), said)
    expect(chat.locator(".msg.out", has_text=said)).to_have_count(1, timeout=45_000)
    expect(chat.locator("#lost")).to_be_hidden()


def test_a_phone_that_slept_catches_up_as_soon_as_it_wakes(talk: Talk) -> None:
    """The stream still looks open and says nothing any more, as after a night in a pocket."""
    chat = talk.phone.new_page()
    chat.add_init_script(
        """
        const hear = EventSource.prototype.addEventListener;
        EventSource.prototype.addEventListener = function (name, work) {
          hear.call(this, name, event => { if (!window.asleep) work(event); });
        };
        """
    )
    chat.goto(talk.url)
    expect(state(write(chat, "先睡了"))).to_have_text("已送达")
    chat.evaluate("window.asleep = true")
    said = "早，今天方便通话吗"
    reply(talk.console(), said)
    chat.wait_for_timeout(1500)
    expect(chat.locator(".msg.out", has_text=said)).to_have_count(0)
    chat.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(chat.locator(".msg.out", has_text=said)).to_have_count(1)


def texts(talk: Talk) -> list[str]:
    """What the server has of the candidate, in its order."""
    told = talk.opened.do(talk.opened.office.http.get(f"{talk.url}/messages"))
    return [one["text"] for one in told.json()["items"] if one["direction"] == "in"]


def test_what_is_written_without_a_line_leaves_in_order_when_it_is_back(talk: Talk) -> None:
    chat = talk.chat()
    chat.route("**/messages", lambda route: route.abort())
    said = ["我先说第一句", "再补充一句", "还有最后一句"]
    for text in said:
        expect(state(write(chat, text))).to_have_text("网络恢复后自动发送")
    chat.unroute("**/messages")
    chat.locator(".msg.in", has_text=said[0]).get_by_role("button", name="重试").click()
    for text in said:
        expect(state(chat.locator(".msg.in", has_text=text))).to_have_text("已送达")
    assert texts(talk) == said


@pytest.mark.parametrize("arrived", [False, True])
def test_reloading_loses_neither_what_is_unsent_nor_a_draft(talk: Talk, arrived: bool) -> None:
    chat = talk.phone.new_page()

    def break_off(route: Route) -> None:
        if arrived and route.request.method == "POST":  # only the answer is lost
            route.fetch()
        route.abort()

    chat.route(re.compile(r"/(messages|events)"), break_off)
    chat.goto(talk.url)
    expect(state(write(chat, "电梯里发的"))).to_have_text("网络恢复后自动发送")
    chat.get_by_role("textbox").fill("还没写完")
    chat.unroute_all()
    chat.reload()
    bubble = chat.locator(".msg.in", has_text="电梯里发的")
    expect(state(bubble.first)).to_have_text("已送达")
    expect(bubble).to_have_count(1)
    expect(chat.get_by_role("textbox")).to_have_value("还没写完")
    chat.get_by_role("textbox").press("Enter")
    expect(state(chat.locator(".msg.in", has_text="还没写完"))).to_have_text("已送达")
    chat.reload()
    expect(chat.get_by_role("textbox")).to_have_value("")
    expect(bubble).to_have_count(1)
    assert texts(talk) == ["电梯里发的", "还没写完"]


def test_too_fast_waits_and_leaves_by_itself(talk: Talk) -> None:
    chat = talk.chat()
    tries: list[str] = []

    def refuse_once(route: Route) -> None:
        tries.append(str(route.request.post_data_json["client_id"]))
        if len(tries) > 1:
            route.continue_()
        else:
            route.fulfill(status=429, headers={"Retry-After": "1"}, json={"error": "too_fast"})

    chat.route("**/messages", refuse_once)
    bubble = write(chat, "连着发了好多")
    expect(chat.locator("#note")).to_contain_text("发得有点快")
    expect(state(bubble)).to_have_text("发送中")
    expect(state(bubble)).to_have_text("已送达")
    assert len(tries) == 2
    assert len(set(tries)) == 1
    assert texts(talk) == ["连着发了好多"]


def test_a_message_that_is_refused_says_so_and_does_not_hold_up_the_next(talk: Talk) -> None:
    chat = talk.chat()

    def refuse(route: Route) -> None:
        if "不行" in (route.request.post_data or ""):
            route.fulfill(status=422, json={"error": "invalid"})
        else:
            route.continue_()

    chat.route("**/messages", refuse)
    wrong = write(chat, "这条不行")
    expect(state(wrong)).to_have_text("发送失败")
    expect(chat.locator("#note")).to_contain_text("没能收下")
    expect(wrong.get_by_role("button", name="重试")).to_have_count(0)
    expect(state(write(chat, "这条可以"))).to_have_text("已送达")
    assert texts(talk) == ["这条可以"]


def test_the_page_says_at_once_that_there_is_no_line(talk: Talk) -> None:
    chat = talk.chat()
    expect(state(write(chat, "进地铁了"))).to_have_text("已送达")
    talk.phone.set_offline(True)
    expect(chat.get_by_text("网络断开了")).to_be_visible(timeout=5_000)
    talk.phone.set_offline(False)
    expect(chat.get_by_text("网络断开了")).to_be_hidden()


def test_without_a_line_nobody_claims_to_be_looking(talk: Talk, thinking: None) -> None:
    talk.opened.office.road.pause = talk.opened.office.road.longest = timedelta(seconds=8)
    chat = talk.chat()
    write(chat, "我的进度怎么样了")
    expect(chat.locator("#answering")).to_be_visible()
    talk.phone.set_offline(True)
    expect(chat.locator("#lost")).to_be_visible(timeout=5_000)
    expect(chat.locator("#answering")).to_be_hidden()
    talk.phone.set_offline(False)
    expect(chat.locator(".msg.out", has_text="目前阶段")).to_be_visible(timeout=30_000)


def test_two_tabs_show_the_same_once_and_leave_a_reader_alone(talk: Talk) -> None:
    for n in range(12):
        talk.say(f"第{n}句，说得长一些，好让这一页能往上翻")
    one, two = talk.chat(), talk.chat()
    two.locator("#scroll").evaluate("pane => { pane.scrollTop = -400 }")
    read = two.locator(".msg.in", has_text="第4句")
    before = read.bounding_box()
    expect(state(write(one, "从另一个窗口说"))).to_have_text("已送达")
    there = two.locator(".msg.in", has_text="从另一个窗口说")
    expect(there).to_have_count(1)
    expect(state(there)).to_have_text("已送达")
    after = read.bounding_box()
    assert before is not None
    assert after is not None
    assert after["y"] == pytest.approx(before["y"], abs=2)
    expect(two.get_by_role("button", name="有新消息")).to_be_visible()


def test_a_link_that_ends_takes_the_field_away_and_no_words(talk: Talk) -> None:
    chat = talk.chat()
    expect(state(write(chat, "在吗"))).to_have_text("已送达")
    held: list[Route] = []
    chat.route("**/messages", lambda route: held.append(route))
    unsent = write(chat, "还能收到吗")
    chat.get_by_role("textbox").fill("写了一半")
    held[0].fulfill(status=404, json={"error": "not_found"})
    expect(chat.locator("#closed")).to_be_visible()
    expect(chat.locator("#closed")).to_contain_text("已经关闭")
    expect(chat.locator("#composer")).to_be_hidden()
    expect(state(unsent)).to_have_text("发送失败")
    expect(unsent.get_by_role("button", name="重试")).to_have_count(0)
    expect(state(chat.locator(".msg.in", has_text="写了一半"))).to_have_text("发送失败")


def test_a_page_that_nobody_sees_lets_its_stream_go_and_catches_up(talk: Talk) -> None:
    """Browsers have six lines for one server: forgotten tabs must not hold them."""
    chat = talk.phone.new_page()
    chat.clock.install()
    chat.goto(talk.url)
    feed = talk.opened.office.site.feed
    expect(state(write(chat, "放口袋里了"))).to_have_text("已送达")
    assert feed.streams > 0
    hide = """hidden => {
      Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});
      document.dispatchEvent(new Event('visibilitychange'));
    }"""
    chat.evaluate(hide, True)
    chat.clock.fast_forward(59_500)  # the stream has been silent too long: it is to be opened anew
    chat.clock.fast_forward(5_000)

    async def nobody_listens() -> bool:
        return feed.streams == 0

    talk.opened.do(talk.opened.office.until(nobody_listens, within=20))
    said = "明天十点方便吗"
    reply(talk.console(), said)
    expect(chat.locator(".msg.out", has_text=said)).to_have_count(0)
    chat.evaluate(hide, False)
    expect(chat.locator(".msg.out", has_text=said)).to_have_count(1)
