"""A candidate with a phone and somebody of HR with a desk, talking in a real browser."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.e2e.office import Served

PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "has_touch": True,
    "locale": "zh-CN",
}


@dataclass(frozen=True)
class Talk:
    """A candidate with a phone, and somebody of HR with a desk."""

    opened: Served
    phone: BrowserContext
    desk: BrowserContext
    candidate: str
    url: str

    def say(self, text: str) -> None:
        """Something the candidate said before."""
        path = f"{self.url}/messages"
        self.opened.do(self.opened.office.http.post(path, json={"text": text}))

    def chat(self) -> Page:
        page = self.phone.new_page()
        page.goto(self.url)
        return page

    def console(self) -> Page:
        page = self.desk.new_page()
        page.goto(f"{self.opened.url}/console/candidates/{self.candidate}")
        return page


def write(page: Page, text: str) -> Locator:
    """Say something; its bubble."""
    page.get_by_role("textbox").fill(text)
    page.keyboard.press("Enter")
    return page.locator(".msg.in", has_text=text).last


def state(bubble: Locator) -> Locator:
    return bubble.locator(".msg-state")


def reply(console: Page, text: str) -> None:
    console.locator("textarea[name=text]").fill(text)
    console.get_by_role("button", name="发送").click()
    expect(console.locator("#timeline")).to_contain_text(text)


def file_of(folder: Path, name: str, data: bytes) -> str:
    path = folder / name
    path.write_bytes(data)
    return str(path)
