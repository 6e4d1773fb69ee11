"""The stand-in for Telegram, judged by a client that was not written for it.

python-telegram-bot raises one exception type per kind of refusal and decodes every object
strictly: what it accepts from the stand-in, it would accept from the platform.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.constants import ParseMode
from telegram.error import (
    BadRequest,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TimedOut,
)
from telegram.request import HTTPXRequest

from tests.fakes.telegram import FakeTelegram, FakeUser
from tests.loopback import NO_TLS


@pytest.fixture(autouse=True)
def _coming_types(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client warns, and warnings are errors here, unless it may use its future types."""
    monkeypatch.setenv("PTB_TIMEDELTA", "1")


@pytest.fixture
def telegram() -> Iterator[FakeTelegram]:
    with FakeTelegram(limits=False, speed=200.0) as running:
        yield running


@pytest.fixture
def li(telegram: FakeTelegram) -> FakeUser:
    """Somebody who pressed Start; the update of it is taken."""
    user = telegram.user(700, "李娜", "lina")
    user.start()
    telegram.state.updates.clear()
    return user


@asynccontextmanager
async def bot_of(telegram: FakeTelegram, token: str = "", **request: Any) -> AsyncIterator[Bot]:
    base = telegram.api_base
    async with Bot(
        token or telegram.token,
        base_url=f"{base}/bot",
        base_file_url=f"{base}/file/bot",
        request=HTTPXRequest(**request),
        get_updates_request=HTTPXRequest(),
    ) as bot:
        yield bot


@pytest.fixture
async def bot(telegram: FakeTelegram) -> AsyncIterator[Bot]:
    async with bot_of(telegram) as running:
        yield running


def keyboard(*labels: str) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([[InlineKeyboardButton(x, callback_data=f"d:{x}") for x in labels]])


# Sending


async def test_a_sent_message_is_seen_by_the_person(bot: Bot, li: FakeUser) -> None:
    sent = await bot.send_message(
        li.id,
        "您好 <b>李娜</b> &amp; 👍<i>x</i>",
        ParseMode.HTML,
        reply_markup=keyboard("好", "不"),
    )
    seen = li.received()[0]
    assert (seen.message_id, seen.text, seen.labels) == (
        sent.message_id,
        "您好 李娜 & 👍x",
        ["好", "不"],
    )
    assert set(sent.parse_entities().values()) == {"李娜", "x"}
    assert sent.from_user is not None
    assert sent.from_user.is_bot


@pytest.mark.parametrize(
    ("text", "wording"),
    [
        ("a < b", 'Unsupported start tag "" at byte offset 2'),
        ("好<p>x</p>", 'Unsupported start tag "p" at byte offset 3'),
        ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("<b><i>x</b></i>", 'expected "</i>", found "</b>"'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("x <b", "Unclosed start tag at byte offset 2"),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler"'),
    ],
)
async def test_bad_markup_is_refused_and_says_where(
    bot: Bot, li: FakeUser, text: str, wording: str
) -> None:
    with pytest.raises(BadRequest, match=f"(?i)^can't parse entities: .*{re.escape(wording)}"):
        await bot.send_message(li.id, text, ParseMode.HTML)
    assert li.received() == []


async def test_length_counts_what_is_left_after_parsing(bot: Bot, li: FakeUser) -> None:
    await bot.send_message(li.id, f"<b>{'字' * 4096}</b>", ParseMode.HTML)
    with pytest.raises(BadRequest, match="Message is too long"):
        await bot.send_message(li.id, "字" * 4097)
    with pytest.raises(BadRequest, match="Message is too long"):
        await bot.send_message(li.id, "👍" * 2049)  # two UTF-16 units each


@pytest.mark.parametrize("text", ["", "  \n ", "<b></b>"])
async def test_nothing_cannot_be_sent(bot: Bot, li: FakeUser, text: str) -> None:
    with pytest.raises(BadRequest, match="Message text is empty"):
        await bot.send_message(li.id, text, ParseMode.HTML)


async def test_button_data_is_limited_in_bytes(bot: Bot, li: FakeUser) -> None:
    def markup(data: str) -> InlineKeyboardMarkup:
        return InlineKeyboardMarkup([[InlineKeyboardButton("x", callback_data=data)]])

    await bot.send_message(li.id, "x", reply_markup=markup("字" * 21))
    with pytest.raises(BadRequest, match="Button_data_invalid"):
        await bot.send_message(li.id, "x", reply_markup=markup("字" * 22))


async def test_a_button_cannot_lead_to_localhost(bot: Bot, li: FakeUser) -> None:
    button = InlineKeyboardButton("x", url="http://localhost:8000/")
    with pytest.raises(BadRequest, match=r"(?i)wrong http url"):
        await bot.send_message(li.id, "x", reply_markup=InlineKeyboardMarkup([[button]]))


async def test_people_out_of_reach_are_refused_by_kind(
    telegram: FakeTelegram, bot: Bot, li: FakeUser
) -> None:
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.send_message(1, "x")
    with pytest.raises(Forbidden, match="can't initiate conversation"):
        await bot.send_message(telegram.user(701).id, "x")
    li.account.deactivated = True
    with pytest.raises(Forbidden, match="user is deactivated"):
        await bot.send_message(li.id, "x")
    li.account.deactivated = False
    li.block()
    with pytest.raises(Forbidden, match="bot was blocked by the user"):
        await bot.send_message(li.id, "x")
    li.unblock()
    await bot.send_message(li.id, "x")


async def test_the_token_is_checked(telegram: FakeTelegram) -> None:
    with pytest.raises(InvalidToken):
        async with bot_of(telegram, "12345:SOMEBODY-ELSE"):
            pass
    async with httpx2.AsyncClient(trust_env=False, verify=NO_TLS) as client:
        wrong = await client.get(f"{telegram.api_base}/bot12345:SOMEBODY-ELSE/getMe")
        malformed = await client.get(f"{telegram.api_base}/botnonsense/getMe")
        unknown = await client.get(f"{telegram.api_base}/bot{telegram.token}/getEverything")
    assert (wrong.status_code, wrong.json()["description"]) == (401, "Unauthorized")
    assert (malformed.status_code, malformed.json()["error_code"]) == (404, 404)
    assert unknown.json()["description"] == "Not Found: method not found"


@pytest.mark.parametrize("how", ["params", "data", "json", "files"])
async def test_every_encoding_means_the_same(
    telegram: FakeTelegram, li: FakeUser, how: str
) -> None:
    markup: Any = {"inline_keyboard": [[{"text": "好", "callback_data": "1"}]]}
    fields: Any = {"chat_id": "700", "text": "你好", "reply_markup": str(markup).replace("'", '"')}
    if how == "json":
        fields = fields | {"chat_id": 700, "reply_markup": markup}
    if how == "files":
        fields = {key: (None, value) for key, value in fields.items()}
    url = f"{telegram.api_base}/bot{telegram.token}/SENDMESSAGE"
    async with httpx2.AsyncClient(trust_env=False, verify=NO_TLS) as client:
        answer = await client.request("POST", url, **{how: fields})
    assert answer.status_code == 200, answer.text
    assert (li.texts(), li.received()[0].labels) == (["你好"], ["好"])


# Changing


async def test_an_edit_changes_the_message_and_takes_its_buttons(bot: Bot, li: FakeUser) -> None:
    sent = await bot.send_message(li.id, "请选", reply_markup=keyboard("好"))
    edited = await bot.edit_message_text("<b>已选</b>", li.id, sent.message_id, parse_mode="HTML")
    assert not isinstance(edited, bool)
    assert edited.edit_date is not None
    seen = li.seen(sent.message_id)
    assert (seen.text, seen.labels, seen.edited) == ("已选", [], True)


async def test_an_edit_that_changes_nothing_is_refused(bot: Bot, li: FakeUser) -> None:
    sent = await bot.send_message(li.id, "请选", reply_markup=keyboard("好"))
    with pytest.raises(BadRequest, match="Message is not modified"):
        await bot.edit_message_text("请选", li.id, sent.message_id, reply_markup=keyboard("好"))
    await bot.edit_message_reply_markup(li.id, sent.message_id, reply_markup=None)
    with pytest.raises(BadRequest, match="Message is not modified"):
        await bot.edit_message_reply_markup(li.id, sent.message_id, reply_markup=None)
    with pytest.raises(BadRequest, match="Message to edit not found"):
        await bot.edit_message_text("x", li.id, 999)
    with pytest.raises(BadRequest, match="Message can't be edited"):
        await bot.edit_message_text("x", li.id, li.chat()[0].message_id)


async def test_a_deleted_message_is_gone(bot: Bot, li: FakeUser) -> None:
    sent = await bot.send_message(li.id, "x")
    await bot.delete_message(li.id, sent.message_id)
    assert li.received() == []


# Presses


async def test_a_press_comes_back_and_is_answered_once(
    telegram: FakeTelegram, bot: Bot, li: FakeUser
) -> None:
    sent = await bot.send_message(li.id, "请选", reply_markup=keyboard("好", "不"))
    query_id = li.press(sent.message_id, "好")
    (update,) = await bot.get_updates(timeout=2)
    query = update.callback_query
    assert query is not None
    assert (query.id, query.data, query.from_user.id) == (query_id, "d:好", li.id)
    assert li.spinning() == [query_id]
    await bot.answer_callback_query(query.id, "记下了")
    assert (li.answers(), li.spinning()) == (["记下了"], [])
    with pytest.raises(BadRequest, match="Query is too old"):
        await bot.answer_callback_query(query.id)


async def test_a_press_expires_after_150_seconds() -> None:
    now = [1_700_000_000.0]
    with FakeTelegram(clock=lambda: now[0], limits=False) as telegram:
        li = telegram.user(700)
        li.start()
        async with bot_of(telegram) as bot:
            sent = await bot.send_message(li.id, "请选", reply_markup=keyboard("好"))
            query_id = li.press(sent.message_id, "好")
            now[0] += 151
            with pytest.raises(BadRequest, match="Query is too old"):
                await bot.answer_callback_query(query_id)
            (start,) = await bot.get_updates()  # the press is gone, the message waits 24 hours
            assert start.message is not None
            now[0] += 24 * 3600
            assert await bot.get_updates() == ()


async def test_only_buttons_that_are_there_can_be_pressed_unless_forged(
    bot: Bot, li: FakeUser
) -> None:
    sent = await bot.send_message(li.id, "请选", reply_markup=keyboard("好"))
    with pytest.raises(LookupError):
        li.press(sent.message_id, "别的")
    li.forge(sent.message_id, "d:别的")
    (update,) = await bot.get_updates()
    assert update.callback_query is not None
    assert update.callback_query.data == "d:别的"


# Files


async def test_files_go_both_ways(telegram: FakeTelegram, bot: Bot, li: FakeUser) -> None:
    sent = await bot.send_document(
        li.id, "简历".encode(), filename="简历.txt", caption="<i>看</i>", parse_mode="HTML"
    )
    assert sent.document is not None
    assert (sent.document.file_name, li.received()[0].file_name) == ("简历.txt", "简历.txt")
    again = await bot.send_document(li.id, sent.document.file_id)
    assert again.document is not None
    photo = await bot.send_photo(li.id, b"\xff\xd8jpeg", caption="图")
    assert photo.photo[-1].file_size == 6
    li.send_document("offer.pdf", b"%PDF-1.4 x")
    (update,) = await bot.get_updates()
    assert update.message is not None
    assert update.message.document is not None
    file = await update.message.document.get_file()
    assert bytes(await file.download_as_bytearray()) == b"%PDF-1.4 x"


async def test_file_limits_are_the_platforms(bot: Bot, li: FakeUser) -> None:
    with pytest.raises(BadRequest, match="Message caption is too long"):
        await bot.send_document(li.id, b"x", caption="字" * 1025)
    with pytest.raises(BadRequest, match="File must be non-empty"):
        await bot.send_document(li.id, b"")
    li.send_document("big.bin", bytes(20 * 1024 * 1024 + 1), "application/octet-stream")
    (update,) = await bot.get_updates()
    assert update.message is not None
    assert update.message.document is not None
    with pytest.raises(BadRequest, match="File is too big"):
        await update.message.document.get_file()
    with pytest.raises(BadRequest, match="Wrong file_id"):
        await bot.get_file("nonsense")


# Limits and trouble


async def test_a_burst_passes_and_a_flood_does_not() -> None:
    seconds = [0.0]
    with FakeTelegram(burst=3, pace=lambda: seconds[0]) as telegram:
        li = telegram.user(700)
        li.start()
        async with bot_of(telegram) as bot:
            for number in range(3):
                await bot.send_message(li.id, str(number))
            with pytest.raises(RetryAfter) as flood:
                await bot.send_message(li.id, "3")
            assert flood.value.retry_after == timedelta(seconds=1)
            seconds[0] += 1
            await bot.send_message(li.id, "3")
    assert li.texts() == ["0", "1", "2", "3"]


async def test_ordered_errors_come_once_and_do_nothing(
    telegram: FakeTelegram, bot: Bot, li: FakeUser
) -> None:
    telegram.fail_next("sendMessage", 502)
    with pytest.raises(NetworkError, match="Bad Gateway"):
        await bot.send_message(li.id, "x")
    telegram.fail_next("sendMessage", 500)
    with pytest.raises(NetworkError, match="Internal Server Error"):
        await bot.send_message(li.id, "x")
    telegram.fail_next("*", 429, retry_after=7)
    with pytest.raises(RetryAfter) as flood:
        await bot.send_message(li.id, "x")
    assert flood.value.retry_after == timedelta(seconds=7)
    assert li.received() == []
    await bot.send_message(li.id, "x")
    assert [call.status for call in telegram.calls_of("sendMessage")] == [502, 500, 429, 200]


async def test_a_lost_answer_leaves_the_message_delivered(
    telegram: FakeTelegram, bot: Bot, li: FakeUser
) -> None:
    telegram.drop_after_delivery("sendMessage")
    with pytest.raises(NetworkError):
        await bot.send_message(li.id, "once")
    telegram.drop_before_delivery("sendMessage")
    with pytest.raises(NetworkError):
        await bot.send_message(li.id, "never")
    assert li.texts() == ["once"]


async def test_a_slow_answer_times_out_though_the_message_arrives(
    telegram: FakeTelegram, li: FakeUser
) -> None:
    telegram.slow("sendMessage", 0.4)
    async with bot_of(telegram, read_timeout=0.1) as bot:
        with pytest.raises(TimedOut):
            await bot.send_message(li.id, "late")
    await telegram.until(li.texts)
    assert li.texts() == ["late"]


async def test_what_it_remembers_survives_an_outage(telegram: FakeTelegram, li: FakeUser) -> None:
    port = int(telegram.api_base.rpartition(":")[2])
    async with bot_of(telegram) as bot:
        await bot.send_message(li.id, "before")
        await asyncio.to_thread(telegram.stop)
        with pytest.raises(NetworkError):
            await bot.send_message(li.id, "during")
        telegram.start(port)
        await bot.send_message(li.id, "after")
    assert li.texts() == ["before", "after"]
