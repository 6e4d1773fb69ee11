"""An open page of the console keeps up, whatever crosses on the way."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.chatting import Talk

pytestmark = pytest.mark.browser


class Late:
    """Requests of a page that are held back; ``go`` lets the oldest through."""

    def __init__(self, page: Page, method: str, path: str) -> None:
        self.held: list[Route] = []
        self.method = method
        self.open = False
        page.route(f"**{path}", self._take)

    def _take(self, route: Route) -> None:
        part = route.request.headers.get("hx-request") == "true" or "events" in route.request.url
        if part and route.request.method == self.method and not self.open:
            self.held.append(route)
        else:
            route.fallback()

    def until(self, page: Page, count: int) -> None:
        for _ in range(200):
            if len(self.held) >= count:
                return
            page.wait_for_timeout(50)
        raise AssertionError(f"{len(self.held)} of {count} requests were made")

    def go(self) -> None:
        self.held.pop(0).continue_()

    def let_all(self) -> None:
        self.open = True
        while self.held:
            self.go()


def listening(talk: Talk) -> Page:
    """A console page that has caught up and hears of news."""
    console = talk.console()
    talk.say("您好，我先报个到")
    expect(console.locator("#timeline")).to_contain_text("我先报个到")
    console.wait_for_timeout(600)  # what the message set off has been asked for
    return console


def send(console: Page, text: str) -> None:
    console.locator("textarea[name=text]").fill(text)
    console.get_by_role("button", name="发送").click()


def test_a_reply_is_shown_though_the_page_was_renewed_while_it_left(talk: Talk) -> None:
    console = listening(talk)
    replies = Late(console, "POST", "/reply")
    send(console, "看到了，我逐条回你")
    replies.until(console, 1)
    talk.say("我又补一句")
    expect(console.locator("#timeline")).to_contain_text("我又补一句")
    console.route("**/console/events", lambda route: route.abort())  # only the answer itself
    console.evaluate("window.dispatchEvent(new Event('pagehide'))")
    replies.go()
    expect(console.locator("#timeline")).to_contain_text("看到了，我逐条回你")
    expect(console.locator("textarea[name=text]")).to_have_value("")


def test_news_that_arrive_while_the_page_asks_are_asked_for_too(talk: Talk) -> None:
    console = listening(talk)
    refreshes = Late(console, "GET", f"/console/candidates/{talk.candidate}")
    talk.say("第一句")
    refreshes.until(console, 1)
    page = refreshes.held[0].fetch()  # what the server says now, before there is a second
    talk.say("第二句，请您看一下")
    console.wait_for_timeout(800)  # its event has arrived
    refreshes.open = True
    refreshes.held.pop(0).fulfill(response=page)
    expect(console.locator("#timeline")).to_contain_text("第二句，请您看一下")


def test_what_happened_before_the_page_listened_is_fetched(talk: Talk) -> None:
    console = talk.desk.new_page()
    events = Late(console, "GET", "/console/events")
    console.goto(f"{talk.opened.url}/console/candidates/{talk.candidate}")
    events.until(console, 1)
    talk.say("您好，我先报个到")
    console.wait_for_timeout(3000)  # greeted, and all of it told to whoever listened
    expect(console.locator("#timeline")).not_to_contain_text("我先报个到")
    events.let_all()
    expect(console.locator("#timeline")).to_contain_text("我先报个到")
