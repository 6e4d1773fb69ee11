"""How updates reach a bot: polling and webhook, judged by python-telegram-bot's Application."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx2
import pytest
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.error import BadRequest, Conflict
from telegram.ext import (
    Application,
    CallbackQueryHandler,
    ChatMemberHandler,
    CommandHandler,
    MessageHandler,
    filters,
)

from tests.fakes.telegram import FakeTelegram
from tests.loopback import NO_TLS


@pytest.fixture
def telegram() -> Iterator[FakeTelegram]:
    with FakeTelegram(limits=False, speed=200.0) as running:
        yield running


@pytest.fixture
async def bot(telegram: FakeTelegram) -> AsyncIterator[Bot]:
    base = telegram.api_base
    async with Bot(telegram.token, f"{base}/bot", f"{base}/file/bot") as running:
        yield running


class Hook:
    """A webhook of the test's own: answers as told, keeps what it was sent."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.secrets: list[str | None] = []
        self.statuses: list[int] = []  # answers to give before 200
        self.headers: dict[str, str] = {}
        self.reply: dict[str, Any] = {}
        self.arrived = threading.Condition()
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                assert self.headers["Content-Type"] == "application/json"
                with hook.arrived:
                    hook.bodies.append(body)
                    hook.secrets.append(self.headers.get("X-Telegram-Bot-Api-Secret-Token"))
                    status = hook.statuses.pop(0) if hook.statuses else 200
                    hook.arrived.notify_all()
                answer = json.dumps(hook.reply).encode()
                self.send_response(status)
                for name, value in hook.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *arguments: Any) -> None:
                """Say nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks/telegram"

    def ids(self) -> list[int]:
        return [body["update_id"] for body in self.bodies]

    def kinds(self) -> list[str]:
        return [next(key for key in body if key != "update_id") for body in self.bodies]

    async def got(self, count: int) -> None:
        def wait() -> None:
            with self.arrived:
                assert self.arrived.wait_for(lambda: len(self.bodies) >= count, 5), self.bodies

        await asyncio.to_thread(wait)


@pytest.fixture
def hook() -> Iterator[Hook]:
    made = Hook()
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


# Polling


@asynccontextmanager
async def polling(telegram: FakeTelegram, *handlers: Any) -> AsyncIterator[None]:
    base = telegram.api_base
    built = Application.builder().token(telegram.token)
    app = built.base_url(f"{base}/bot").base_file_url(f"{base}/file/bot").build()
    app.add_handlers(handlers)
    async with app:
        await app.start()
        assert app.updater is not None
        await app.updater.start_polling(allowed_updates=Update.ALL_TYPES, timeout=1)
        yield
        await app.updater.stop()
        await app.stop()


async def test_a_deep_link_reaches_a_command_handler(telegram: FakeTelegram) -> None:
    async def start(update: Update, context: Any) -> None:
        assert update.message is not None
        await update.message.reply_text(f"码：{context.args[0]}")

    li = telegram.user(700, "李娜")
    async with polling(telegram, CommandHandler("start", start)):
        li.start("c_8Fk2")
        await telegram.until(li.texts)
    assert li.texts() == ["码：c_8Fk2"]
    assert telegram.pending == 0


async def test_a_survey_runs_on_buttons_edits_and_answers(telegram: FakeTelegram) -> None:
    async def ask(update: Update, _: Any) -> None:
        row = [InlineKeyboardButton(str(n), callback_data=f"s:{n}") for n in range(1, 6)]
        assert update.message is not None
        await update.message.reply_text("感觉如何？", reply_markup=InlineKeyboardMarkup([row]))

    async def answer(update: Update, _: Any) -> None:
        query = update.callback_query
        assert query is not None
        await query.answer("记下了")
        await query.edit_message_text(f"谢谢，您选了 {query.data}")

    li = telegram.user(700)
    async with polling(telegram, MessageHandler(filters.TEXT, ask), CallbackQueryHandler(answer)):
        li.say("问卷")
        await telegram.until(li.texts)
        li.press(li.received()[0].message_id, "4")
        await telegram.until(lambda: li.received()[0].edited)
    assert (li.texts(), li.answers()) == (["谢谢，您选了 s:4"], ["记下了"])


async def test_blocking_edits_and_files_are_told(telegram: FakeTelegram) -> None:
    seen: list[str] = []

    async def note(update: Update, _: Any) -> None:
        if update.my_chat_member is not None:
            seen.append(update.my_chat_member.new_chat_member.status)
        elif update.edited_message is not None:
            seen.append(f"edited:{update.edited_message.text}")
        elif update.message is not None:
            seen.append(type(update.message.effective_attachment).__name__)

    li = telegram.user(700)
    async with polling(telegram, ChatMemberHandler(note), MessageHandler(filters.ALL, note)):
        li.edit(li.say("周五"), "周一")
        await telegram.until(lambda: len(seen) == 2)
        li.send_photo(), li.send_voice(), li.send_document("a.pdf"), li.send_sticker()
        li.share_contact("13800000000")
        await telegram.until(lambda: len(seen) == 7)
        li.block()
        await telegram.until(lambda: len(seen) == 8)
        with pytest.raises(RuntimeError):
            li.say("x")
        li.unblock()
        await telegram.until(lambda: len(seen) == 9)
    assert seen[:3] == ["NoneType", "edited:周一", "tuple"]
    assert seen[3:] == ["Voice", "Document", "Sticker", "Contact", "kicked", "member"]


async def test_commands_are_marked_in_utf16_units(telegram: FakeTelegram, bot: Bot) -> None:
    telegram.user(700).say("👍 请 /help 我 https://t.cn/a/b")
    (update,) = await bot.get_updates(timeout=1)
    assert update.message is not None
    assert list(update.message.parse_entities().values()) == ["/help", "https://t.cn/a/b"]
    assert update.message.entities[0].offset == 5


async def test_an_update_is_given_until_it_is_confirmed(telegram: FakeTelegram, bot: Bot) -> None:
    li = telegram.user(700)
    li.say("1")
    li.say("2")
    first = await bot.get_updates(limit=1)
    again = await bot.get_updates()
    assert [update.update_id for update in again] == [first[0].update_id, first[0].update_id + 1]
    assert await bot.get_updates(offset=again[-1].update_id + 1) == ()


async def test_the_older_of_two_pollers_is_sent_away(telegram: FakeTelegram, bot: Bot) -> None:
    async with Bot(telegram.token, f"{telegram.api_base}/bot") as second:
        older = asyncio.create_task(bot.get_updates(timeout=5))
        await telegram.until(lambda: telegram.calls_of("getUpdates"))
        newer = asyncio.create_task(second.get_updates(timeout=5))
        with pytest.raises(Conflict, match=r"(?i)terminated by other getUpdates request"):
            await older
        telegram.user(700).say("x")
        assert len(await newer) == 1


async def test_polling_and_webhook_exclude_each_other(
    telegram: FakeTelegram, bot: Bot, hook: Hook
) -> None:
    await bot.set_webhook(hook.url)
    with pytest.raises(Conflict, match=r"(?i)webhook is active"):
        await bot.get_updates()
    await bot.delete_webhook()
    assert await bot.get_updates() == ()


async def test_kinds_not_asked_for_are_not_sent(telegram: FakeTelegram, bot: Bot) -> None:
    await bot.get_updates(allowed_updates=["callback_query"])
    telegram.user(700).say("x")
    assert telegram.pending == 0


async def test_an_id_may_come_twice_or_start_anywhere(telegram: FakeTelegram, bot: Bot) -> None:
    telegram.next_update_id(7)
    telegram.deliver_twice()
    telegram.user(700).say("x")
    (first,) = await bot.get_updates()
    (second,) = await bot.get_updates(offset=8)
    assert (first.update_id, second.update_id) == (7, 7)
    assert await bot.get_updates(offset=8) == ()


async def test_anything_can_be_injected(telegram: FakeTelegram, bot: Bot) -> None:
    telegram.raw_update({"update_id": 5, "poll": {"id": "1"}})
    telegram.raw_update(unheard_of={"x": 1})
    async with httpx2.AsyncClient(trust_env=False, verify=NO_TLS) as client:
        answer = await client.get(f"{telegram.api_base}/bot{telegram.token}/getUpdates")
    assert answer.json()["result"][0] == {"update_id": 5, "poll": {"id": "1"}}
    assert answer.json()["result"][1]["unheard_of"] == {"x": 1}


# Webhook


async def test_a_pushed_update_carries_the_secret_and_decodes(
    telegram: FakeTelegram, bot: Bot, hook: Hook
) -> None:
    await bot.set_webhook(hook.url, secret_token="s3cret_-X")
    telegram.user(700, "李娜").start("abc")
    await hook.got(1)
    update = Update.de_json(hook.bodies[0], bot)
    assert update.message is not None
    assert (update.message.text, hook.secrets) == ("/start abc", ["s3cret_-X"])
    await telegram.until(lambda: telegram.pending == 0)


async def test_a_refused_push_comes_again_until_it_is_taken(
    telegram: FakeTelegram, bot: Bot, hook: Hook
) -> None:
    hook.statuses = [403, 500, 500]
    await bot.set_webhook(hook.url)
    li = telegram.user(700)
    li.say("1")
    li.say("2")  # waits for the first: one chat, one queue
    await hook.got(5)
    first, second = hook.ids()[0], hook.ids()[-1]
    assert hook.ids() == [first] * 4 + [second]
    info = await bot.get_webhook_info()
    assert info.last_error_message == "Wrong response from the webhook: 500 Internal Server Error"
    await telegram.until(lambda: telegram.pending == 0)


async def test_a_backlog_is_visible_and_retry_after_is_honoured(bot: Bot, hook: Hook) -> None:
    hook.statuses, hook.headers = [503], {"Retry-After": "3600"}
    with FakeTelegram(limits=False) as telegram:
        telegram.set_webhook(hook.url)
        telegram.user(700).say("1")
        await hook.got(1)
        url = f"{telegram.api_base}/bot{telegram.token}/getWebhookInfo"
        await telegram.until(lambda: telegram.state.updates[0].failures)
        async with httpx2.AsyncClient(trust_env=False, verify=NO_TLS) as client:
            info = (await client.get(url)).json()["result"]
        assert info["pending_update_count"] == 1
        assert info["last_error_message"].startswith("Wrong response from the webhook: 503")
        assert len(hook.bodies) == 1


async def test_a_press_overtakes_a_message_that_is_stuck(
    telegram: FakeTelegram, bot: Bot, hook: Hook
) -> None:
    li = telegram.user(700)
    li.start()
    await bot.get_updates(offset=-1)
    markup = InlineKeyboardMarkup([[InlineKeyboardButton("好", callback_data="1")]])
    sent = await bot.send_message(700, "请选", reply_markup=markup)
    telegram.hold()
    li.say("先说的")
    li.press(sent.message_id, "好")
    await bot.set_webhook(hook.url, drop_pending_updates=False)
    telegram.release("presses_first")
    await hook.got(3)
    assert hook.kinds() == ["callback_query", "message", "message"]


async def test_an_acknowledged_update_can_come_again(
    telegram: FakeTelegram, bot: Bot, hook: Hook
) -> None:
    await bot.set_webhook(hook.url)
    telegram.deliver_twice()
    telegram.user(700).say("x")
    await hook.got(2)
    await telegram.until(lambda: telegram.pending == 0)
    telegram.redeliver(hook.ids()[0])
    await hook.got(3)
    assert len(set(hook.ids())) == 1


async def test_a_method_in_the_answer_is_carried_out(
    telegram: FakeTelegram, bot: Bot, hook: Hook
) -> None:
    hook.reply = {"method": "sendMessage", "chat_id": 700, "text": "收到"}
    await bot.set_webhook(hook.url)
    li = telegram.user(700)
    li.say("x")
    await telegram.until(li.texts)
    assert li.texts() == ["收到"]


@pytest.mark.parametrize(
    ("url", "secret", "wording"),
    [
        ("http://hr.example.com/hook", "", "HTTPS URL must be provided"),
        ("https://hr.example.com:8080/hook", "", "only on ports 80, 88, 443 or 8443"),
        ("https://hr.example.com/hook", "a b", "unallowed characters"),
    ],
)
async def test_a_bad_webhook_is_refused(bot: Bot, url: str, secret: str, wording: str) -> None:
    with pytest.raises(BadRequest, match=f"(?i){wording}"):
        await bot.set_webhook(url, secret_token=secret)
