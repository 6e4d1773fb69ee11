"""The candidate's page in a real browser: webviews, keyboards, reading, buttons."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from bot.web.pages import Pages
from tests.e2e import entry_samples
from tests.e2e.browser import watched
from tests.e2e.chatting import PHONE, Talk, reply, state, write
from tests.e2e.preview import ROOT, serving
from tests.e2e.sampling import ZONE

pytestmark = pytest.mark.browser

#: As the two apps' own browsers call themselves, on an iPhone and on an Android phone.
WEBVIEWS = {
    "wecom": (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
        "Gecko) Mobile/15E148 wxwork/4.1.22 MicroMessenger/7.0.1 Language/zh ColorScheme/Light"
    ),
    "dingtalk": (
        "Mozilla/5.0 (Linux; U; Android 12; zh-CN; M2102K1C Build/SKQ1) AppleWebKit/537.36 (KHTML, "
        "like Gecko) Version/4.0 Chrome/100.0.4896.58 UWS/5.12.5.0 Mobile Safari/537.36 "
        "AliApp(DingTalk/7.5.5) com.alibaba.android.rimet Channel/227200 language/zh-CN"
    ),
}
#: What webviews of some years ago do not have; DingTalk's was Chrome 69 until 2023.
OLD = """
  delete window.crypto.__proto__.randomUUID;
  delete HTMLFormElement.prototype.requestSubmit;
  Object.defineProperty(SubmitEvent.prototype, 'submitter', {get: () => undefined});
  delete window.visualViewport;
  delete window.structuredClone;
  for (const name of ['replaceChildren', 'append', 'before', 'after', 'checkVisibility'])
    delete Element.prototype[name];
  for (const [kind, name] of [[Array, 'at'], [Array, 'flat'], [String, 'replaceAll'],
                              [String, 'matchAll'], [Promise, 'finally']])
    delete kind.prototype[name];
  delete Promise.allSettled;
  delete Object.fromEntries;
"""


def old_style(route: Route) -> None:
    """A style as such a webview understands it."""
    css = route.fetch().text()
    css = re.sub(r"overflow-wrap: anywhere;|[a-z-]+: [^;]*dvh;|inset: [^;]+;", "", css)
    css = re.sub(r"[^{}]*:(focus-visible|is|where|has)\b[^{}]*\{[^}]*\}", "", css)
    css = re.sub(
        r"\{[^{}]*display: (?:inline-)?flex[^{}]*\}",
        lambda rule: re.sub(r"(?<![a-z-])gap: [^;]+;", "", rule[0]),
        css,
    )
    route.fulfill(body=css, content_type="text/css")


#: The sum of what moved without anybody touching it.
SHIFTS = """
  window.shifts = 0;
  new PerformanceObserver(list => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts += entry.value;
  }).observe({type: 'layout-shift', buffered: true});
"""


@pytest.mark.parametrize("app", WEBVIEWS)
def test_the_page_works_in_the_webviews_of_the_apps(browser: Browser, talk: Talk, app: str) -> None:
    context = browser.new_context(**PHONE, user_agent=WEBVIEWS[app])
    context.add_init_script(OLD)
    page = context.new_page()
    page.route("**/*.css*", old_style)
    for text in ("https://example.com/" + "x" * 200, "第二句", "第三句"):
        talk.say(text)
    with watched(page) as complaints:
        page.goto(talk.url)
        assert crowded(page) == []
        asked = write(page, "我的进度")
        expect(state(asked)).to_have_text("已送达")
        expect(page.locator(".msg.out", has_text="目前阶段").last).to_be_visible()
        with page.expect_file_chooser() as chooser:
            page.locator("#attach").click()
        assert not chooser.value.is_multiple()
        # Android's webviews go by the first kind of a list alone.
        assert page.locator("#file").evaluate("field => !field.accept") is (app == "dingtalk")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert crowded(page) == []
    assert complaints == []
    context.close()


def crowded(page: Page) -> list[str]:
    """Neighbours that touch, and words that stick out of their pane."""
    found: list[str] = page.evaluate(
        """() => {
          const wrong = [];
          const box = node => node.getBoundingClientRect();
          for (const pair of ['.chat-list > li + li', '.msg-foot > * + *', '.chat-head > * + *',
                              '.composer textarea + button', '.chat-notice summary > * + *'])
            for (const node of document.querySelectorAll(pair)) {
              const [a, b] = [box(node.previousElementSibling), box(node)];
              const apart = Math.max(b.left - a.right, b.top - a.bottom);
              if (b.width > 1 && a.width > 1 && apart < 4) wrong.push(pair + ' ' + apart);
            }
          const pane = box(document.getElementById('scroll'));
          for (const node of document.querySelectorAll('.msg-text'))
            if (box(node).left < pane.left || box(node).right > pane.right || box(node).width > 330)
              wrong.push('too wide ' + box(node).width);
          return wrong;
        }"""
    )
    return found


def test_a_hint_tells_that_the_message_is_being_looked_at(talk: Talk, thinking: None) -> None:
    chat = talk.chat()
    hint = chat.locator("#answering")
    expect(hint).to_be_hidden()
    write(chat, "我的进度怎么样了")
    expect(hint).to_be_visible()
    expect(hint).to_contain_text("正在看您的消息")
    expect(hint).to_be_hidden()
    expect(chat.locator(".msg.out", has_text="目前阶段").last).to_be_visible()


def test_nothing_jumps_while_the_page_opens_and_talks(talk: Talk, thinking: None) -> None:
    for text in ("您好", "我想问一下入职材料", "体检报告要原件吗？还有照片要几寸的", "谢谢"):
        talk.say(text)
    chat = talk.phone.new_page()
    chat.add_init_script(SHIFTS)
    chat.goto(talk.url)
    chat.wait_for_timeout(800)
    assert chat.evaluate("window.shifts") < 0.01
    last = chat.locator(".msg").last.bounding_box()
    composer = chat.locator(".composer").bounding_box()
    assert last is not None
    assert composer is not None
    assert last["y"] + last["height"] <= composer["y"], "it opens at the newest message"
    where = chat.evaluate("document.querySelector('.composer').getBoundingClientRect().top")
    write(chat, "我的进度怎么样了")
    expect(chat.locator("#answering")).to_be_visible()
    expect(chat.locator("#answering")).to_be_hidden()
    assert chat.evaluate("document.querySelector('.composer').getBoundingClientRect().top") == where
    chat.set_viewport_size({"width": 390, "height": 500})  # a keyboard that shrinks the page
    last = chat.locator(".msg").last.bounding_box()
    composer = chat.locator(".composer").bounding_box()
    assert last is not None
    assert composer is not None
    assert last["y"] + last["height"] <= composer["y"] <= 500 - composer["height"] + 1
    assert chat.evaluate("document.documentElement.scrollHeight") <= 500


def test_a_keyboard_that_covers_the_page_does_not_cover_the_field(
    browser: Browser, talk: Talk
) -> None:
    """As on an iPhone: the layout stays as it was, only the visual viewport gets smaller."""
    context = browser.new_context(**PHONE)
    context.add_init_script(
        """
        const view = new EventTarget();
        Object.assign(view, {height: 844, offsetTop: 0, scale: 1});
        Object.defineProperty(window, 'visualViewport', {value: view});
        window.keys = height => {
          view.height = 844 - height;
          view.dispatchEvent(new Event('resize'));
        };
        """
    )
    page = context.new_page()
    page.goto(talk.url)
    page.evaluate("keys(336)")
    box = page.locator(".composer").bounding_box()
    assert box is not None
    assert box["y"] + box["height"] == pytest.approx(844 - 336, abs=1)
    expect(page.locator("body")).to_have_class(re.compile("has-keys"))
    page.evaluate("keys(0)")
    box = page.locator(".composer").bounding_box()
    assert box is not None
    assert box["y"] + box["height"] == pytest.approx(844, abs=1)
    context.close()


def test_somebody_who_reads_further_up_stays_there_and_is_told_of_news(talk: Talk) -> None:
    for n in range(12):
        talk.say(f"第{n}句，说得长一些，好让这一页能往上翻")
    chat = talk.chat()
    pane = chat.locator("#scroll")
    pane.evaluate("pane => { pane.scrollTop = -400 }")
    first = chat.locator(".msg.in", has_text="第4句")
    before = first.bounding_box()
    reply(talk.console(), "看到了，我逐条回你")
    news = chat.get_by_role("button", name="有新消息")
    expect(news).to_be_visible()
    after = first.bounding_box()
    assert before is not None
    assert after is not None
    assert after["y"] == pytest.approx(before["y"], abs=2)
    news.click()
    expect(chat.locator(".msg.out", has_text="逐条回你")).to_be_in_viewport()
    expect(news).to_be_hidden()


@pytest.mark.parametrize("part", [0.3, 0.5, 0.7])
def test_who_reads_the_newest_sees_what_comes(browser: Browser, talk: Talk, part: float) -> None:
    """Where lines end between two pixels, the end of the pane is not where it counts from."""
    for n in range(12):
        talk.say(f"第{n}句，说得长一些，好让这一页能往上翻")
    phone = browser.new_context(viewport=PHONE["viewport"])
    chat = phone.new_page()
    chat.goto(talk.url)
    chat.locator("#scroll").evaluate(
        "(pane, part) => { pane.style.flex = 'none'; pane.style.height = 600 + part + 'px' }", part
    )
    write(chat, "那我等您消息")
    reply(
        talk.console(), "好的，我今天下午把几件事逐条写给你，先把手头的会开完，大概四点以后，请稍等"
    )
    expect(chat.locator(".msg.out", has_text="逐条写给你")).to_be_in_viewport(ratio=1)
    expect(chat.get_by_role("button", name="有新消息")).to_be_hidden()
    phone.close()


def test_buttons_answer_once_and_then_rest(browser: Browser) -> None:
    pages = Pages(ROOT / "config" / "words", ZONE)
    view = replace(entry_samples.CHAT, base="/page/chat")
    html = pages.render("chat.html", language="zh", shell=entry_samples.OUTSIDE, page=view)
    with serving({"/page/chat": html}) as address:
        page = browser.new_page()
        sent: list[str] = []

        def take(route: Route) -> None:
            sent.append(str(route.request.post_data_json["text"]))
            route.fulfill(status=202, json={"id": f"m_{len(sent)}", "state": "sent"})

        page.route("**/messages", take)
        page.goto(f"{address}/page/chat")
        button = page.get_by_role("button", name="还没约")
        button.dblclick()
        expect(button).to_be_disabled()
        expect(button).to_have_class("chosen")
        expect(page.get_by_role("button", name="已经约好")).to_be_disabled()
        expect(state(page.locator(".msg.in", has_text="还没约"))).to_have_text("已送达")
        assert sent == ["还没约"]
        page.close()


def test_a_long_talk_can_be_read_to_its_beginning(browser: Browser, talk: Talk) -> None:
    for n in range(130):
        talk.say(f"第{n}句")
    chat = talk.chat()
    mine = chat.locator(".msg.in")
    expect(mine).not_to_have_count(0)
    shown = mine.count()
    assert shown < 130
    older = chat.get_by_role("link", name="更早的消息")
    older.scroll_into_view_if_needed()
    first = mine.first
    words, before = first.inner_text(), first.bounding_box()
    older.click()
    expect(mine).to_have_count(130)
    expect(older).to_have_count(0)
    expect(chat.locator(".chat-day")).to_have_count(1)
    same = mine.nth(130 - shown)
    after = same.bounding_box()
    assert same.inner_text() == words
    assert before is not None
    assert after is not None
    assert after["y"] == pytest.approx(before["y"], abs=2)
    said = [text.strip() for text in chat.locator(".msg.in bdi").all_inner_texts()]
    assert said == [f"第{n}句" for n in range(130)]

    bare = browser.new_context(**PHONE, java_script_enabled=False)
    page = bare.new_page()
    page.goto(talk.url)
    page.get_by_role("link", name="更早的消息").click()
    expect(page.locator(".msg.in", has_text="第0句")).to_have_count(1)
    page.get_by_role("link", name="刷新").click()
    expect(page.locator(".msg.in", has_text="第129句")).to_have_count(1)
    bare.close()


def test_days_are_named_as_they_pass(talk: Talk) -> None:
    chat = talk.phone.new_page()
    chat.clock.install(time=talk.opened.office.road.now())
    chat.goto(talk.url)
    day = chat.locator(".chat-day")
    expect(day).to_have_count(0)
    expect(state(write(chat, "晚安"))).to_have_text("已送达")
    expect(day).to_have_text("今天")
    for name in (re.compile("昨天"), re.compile(r"^\d+月\d+日 周.$")):
        chat.clock.fast_forward("24:00:00")
        chat.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        expect(day).to_have_text(name)


def test_a_newcomer_finds_words_to_press(talk: Talk) -> None:
    chat = talk.chat()
    chat.locator("#empty").get_by_role("button", name="我的进度").click()
    expect(chat.locator("#empty")).to_have_count(0)
    expect(chat.locator(".msg.out", has_text="目前阶段")).to_be_visible()
    chat.get_by_text("这里由自动程序接待").click()
    chat.locator(".chat-notice").get_by_role("button", name="帮助").click()
    expect(chat.locator(".msg.out", has_text="您可以直接说想说的话")).to_be_visible()
    expect(chat.locator(".chat-notice")).not_to_have_attribute("open", "")


def test_the_page_can_be_used_by_keyboard_and_by_ear(talk: Talk) -> None:
    talk.say("你好")
    reply(talk.console(), "请看 https://example.com/f?x=1。")
    chat = talk.chat()
    log = chat.get_by_role("log")
    expect(log.get_by_role("list").get_by_role("listitem").first).to_be_visible()
    expect(log.get_by_role("link", name="https://example.com/f?x=1", exact=True)).to_be_visible()
    expect(chat.get_by_role("main")).to_have_accessible_name("聊天记录")
    box, attach = chat.get_by_role("textbox"), chat.get_by_role("button", name="发送图片或文件")
    with chat.expect_file_chooser():
        attach.press("Space")
    chat.keyboard.press("Tab")
    expect(box).to_be_focused()
    chat.keyboard.type("我看一下")
    chat.keyboard.press("Enter")
    expect(box).to_be_focused()
    chat.locator("summary").press("Enter")
    help_ = chat.locator(".chat-notice").get_by_role("button", name="帮助")
    help_.press("Enter")
    expect(chat.get_by_role("main")).to_be_focused()
    expect(log.locator(".sending, .waiting")).to_have_count(0)
    chat.route("**/messages", lambda route: route.abort())
    box.fill("没有网了")
    box.press("Enter")
    retry = chat.get_by_role("button", name="重试")
    retry.press("Enter")
    assert chat.evaluate("document.activeElement.tagName") == "MAIN"
    status = chat.get_by_role("status").filter(has_text="网络断开了")
    expect(status).to_have_count(1)
    chat.get_by_role("textbox").fill("字" * 20_001)
    expect(chat.get_by_role("status").filter(has_text="太长了")).to_have_count(1)


def test_addresses_are_followed_only_in_what_we_say(talk: Talk) -> None:
    chat = talk.chat()
    write(chat, "https://evil.example/x")
    reply(talk.console(), "javascript:alert(1) https://ok.example/a?b=1&c=2#d，请填写")
    expect(chat.locator(".msg.out", has_text="请填写")).to_be_visible()
    for _ in range(2):  # as the script draws it, then as the server does
        links = chat.locator(".msg-text a")
        expect(links).to_have_count(1)
        expect(links).to_have_attribute("href", "https://ok.example/a?b=1&c=2#d")
        chat.reload()


@pytest.mark.parametrize("lost", ["chat.js", "chat_send.js"])
def test_where_a_script_does_not_arrive_the_page_is_a_plain_form(talk: Talk, lost: str) -> None:
    chat = talk.phone.new_page()
    wrong: list[str] = []
    chat.on("pageerror", lambda error: wrong.append(str(error)))
    chat.route(f"**/static/{lost}*", lambda route: route.abort())
    chat.goto(talk.url)
    chat.get_by_role("textbox").fill("脚本没有下载完")
    chat.get_by_role("button", name="发送", exact=True).click()
    expect(chat.locator(".msg.in", has_text="脚本没有下载完")).to_have_count(1)
    assert wrong == []


def test_what_a_plain_form_could_not_send_stays_to_be_read(browser: Browser) -> None:
    pages = Pages(ROOT / "config" / "words", ZONE)
    [sample] = [one for one in entry_samples.entry_samples() if one.name == "chat-refused"]
    html = pages.render(sample.template, language="zh", **sample.context)
    with serving({"/page/chat": html}) as address:
        page = browser.new_page()
        page.goto(f"{address}/page/chat")
        expect(page.locator("#note")).to_have_text("发得有点快，请稍等片刻。")
        expect(page.get_by_role("textbox")).to_have_value("  还有\n一件事")
        page.close()
