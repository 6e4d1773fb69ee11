"""The sandbox phone and the command line of the stand-in for Telegram."""

import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx2
import pytest
from playwright.async_api import Page, async_playwright, expect
from telegram import Bot, BotCommand, InlineKeyboardButton, InlineKeyboardMarkup

from tests.fakes.telegram import FakeTelegram
from tests.loopback import NO_TLS

ROOT = Path(__file__).parents[2]
CHROMIUM = Path("/usr/bin/chromium")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
QUIET += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]


@pytest.fixture
def telegram() -> Iterator[FakeTelegram]:
    with FakeTelegram(limits=False) as running:
        yield running


@pytest.fixture
async def bot(telegram: FakeTelegram) -> AsyncIterator[Bot]:
    async with Bot(telegram.token, f"{telegram.api_base}/bot") as running:
        yield running


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    """A page as wide as a phone; anything it complains about fails the test."""
    complaints: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = await browser.new_page(viewport={"width": 390, "height": 844})
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        yield page
        await browser.close()
    assert complaints == []


async def test_the_phone_shows_and_sends_what_the_person_does(
    telegram: FakeTelegram, bot: Bot
) -> None:
    await bot.set_my_commands([BotCommand("help", "帮助")])
    base = f"{telegram.api_base}/phone/700"
    async with httpx2.AsyncClient(base_url=base, trust_env=False, verify=NO_TLS) as phone:
        page = await phone.get(base, params={"name": "<李娜>", "start": "c_1"})
        assert "&lt;李娜&gt;" in page.text
        assert "script-src 'self'" in page.headers["content-security-policy"]
        for asset in ("phone.js", "phone_draw.js", "phone.css", "phone.svg"):
            assert (await phone.get(f"{telegram.api_base}/static/{asset}")).status_code == 200
        await phone.post("/messages", json={"text": "/start c_1"})
        markup = InlineKeyboardMarkup([[InlineKeyboardButton("好", callback_data="1")]])
        sent = await bot.send_message(700, "请选", reply_markup=markup)
        view = (await phone.get("/messages")).json()
        assert [message["text"] for message in view["messages"]] == ["/start c_1", "请选"]
        assert view["commands"] == [{"command": "help", "description": "帮助"}]
        press = {"message_id": sent.message_id, "data": "1"}
        assert (await phone.post("/press", json=press)).status_code == 200
        assert (await phone.post("/press", json=press | {"data": "2"})).status_code == 400
        await phone.post("/files", files={"file": ("a.png", b"png", "image/png")})
        await phone.post("/block", json={"blocked": True})
        assert (await phone.post("/messages", json={"text": "x"})).status_code == 400
    kinds = [next(iter(set(u.to_dict()) - {"update_id"})) for u in await bot.get_updates()]
    assert kinds == ["message", "callback_query", "message", "my_chat_member"]


@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Debian's chromium")
async def test_a_person_can_start_press_and_write_in_a_browser(
    telegram: FakeTelegram, bot: Bot, page: Page
) -> None:
    await page.goto(f"{telegram.api_base}/phone/700?name=李娜&start=c_1")
    await page.get_by_role("button", name="开始").click()
    li = telegram.user(700)
    await telegram.until(li.chat)
    assert li.chat()[0].text == "/start c_1"
    markup = InlineKeyboardMarkup([[InlineKeyboardButton("同意", callback_data="yes")]])
    text = "<b>您好</b> &lt;img src=x onerror=alert(1)&gt;"
    sent = await bot.send_message(700, text, parse_mode="HTML", reply_markup=markup)
    await expect(page.locator(".bubble strong")).to_have_text("您好")
    await page.get_by_role("button", name="同意").click()
    await telegram.until(li.spinning)
    await bot.answer_callback_query(li.spinning()[0], "记下了")
    await bot.edit_message_text("谢谢", 700, sent.message_id)
    await expect(page.get_by_role("status")).to_have_text("记下了")
    await expect(page.locator(".bubble", has_text="谢谢")).to_contain_text("已编辑")
    await page.get_by_label("消息", exact=True).fill("周五能改吗")
    await page.keyboard.press("Enter")
    await telegram.until(lambda: li.chat()[-1].text == "周五能改吗")
    await expect(page.locator(".mine .bubble").last).to_contain_text("周五能改吗")
    assert await page.evaluate("document.documentElement.scrollWidth") == 390


def test_it_runs_from_the_command_line_until_it_is_told_to_stop(
    unused_tcp_port_factory: Callable[[], int],
) -> None:
    command = [sys.executable, "-m", "tests.fakes.telegram", "--token", "1:test-token-of-cli"]
    with subprocess.Popen(
        [*command, "--port", str(unused_tcp_port_factory())],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        base = json.loads(process.stdout.readline())["api_base"]
        me = httpx2.get(
            f"{base}/bot1:test-token-of-cli/getMe", trust_env=False, verify=NO_TLS
        ).json()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert me["result"]["is_bot"] is True
