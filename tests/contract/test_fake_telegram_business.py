"""The stand-in's business connections, judged by python-telegram-bot: what it emits is decoded by
the library's own classes without a field left over, and what the library calls works.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from telegram import BusinessConnection, Message, TelegramObject, Update
from telegram.error import BadRequest, Forbidden, TelegramError
from telegram.ext import (
    Application,
    ApplicationBuilder,
    BusinessConnectionHandler,
    BusinessMessagesDeletedHandler,
    MessageHandler,
    filters,
)

from tests.fakes.telegram import FakeBusiness, FakeTelegram, FakeUser

DAY_S = 24 * 3600
App = Application[Any, Any, Any, Any, Any, Any]


@pytest.fixture(autouse=True)
def _coming_types(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client warns, and warnings are errors here, unless it may use its future types."""
    monkeypatch.setenv("PTB_TIMEDELTA", "1")


@pytest.fixture
def telegram() -> Iterator[FakeTelegram]:
    with FakeTelegram(limits=False) as running:
        yield running


@pytest.fixture
async def app(telegram: FakeTelegram) -> AsyncIterator[App]:
    base = telegram.api_base
    builder = ApplicationBuilder().token(telegram.token).updater(None)
    built = builder.base_url(f"{base}/bot").base_file_url(f"{base}/file/bot").build()
    async with built:
        yield built


@pytest.fixture
def li(telegram: FakeTelegram) -> FakeUser:
    """Somebody who never spoke with the bot."""
    return telegram.user(700, "李娜", "lina")


@pytest.fixture
def own(telegram: FakeTelegram) -> FakeBusiness:
    """The account of 王敏, just connected; the update of it is taken."""
    connected = telegram.business(telegram.user(900, "王敏"))
    telegram.state.updates.clear()
    return connected


def emitted(telegram: FakeTelegram) -> list[Update]:
    """What waits for the bot, by the library's own classes."""
    return [Update.de_json(update.body, None) for update in telegram.state.updates]


def unknown(thing: Any) -> list[str]:
    """Fields of decoded objects that the library's classes do not have."""
    if isinstance(thing, list | tuple):
        return [name for one in thing for name in unknown(one)]
    if not isinstance(thing, TelegramObject):
        return []
    slots = {name for kind in type(thing).__mro__ for name in getattr(kind, "__slots__", ())}
    inner = [getattr(thing, name) for name in slots if not name.startswith("_")]
    own = [f"{type(thing).__name__}.{name}" for name in thing.api_kwargs]
    return own + unknown([one for one in inner if one is not thing.api_kwargs])


def test_everything_that_can_happen_decodes_and_leaves_no_field_over(
    telegram: FakeTelegram, li: FakeUser
) -> None:
    own = telegram.business(telegram.user(900, "王敏"))
    said = own.hears(li, "我可能去不了 👍 https://t.cn/a")
    own.says(li, "怎么了？")
    own.is_sent(li, "简历.pdf", b"%PDF", "application/pdf")
    own.is_sent(li, "offer.png", b"png", "image/png")
    own.edits(li, said, "我再考虑考虑")
    own.deletes(li, said)
    own.grant("can_read_messages")
    own.switch(on=False)
    updates = emitted(telegram)
    kinds = [next(name for name in Update.ALL_TYPES if getattr(one, name)) for one in updates]
    assert kinds == [
        "business_connection", *["business_message"] * 4, "edited_business_message",
        "deleted_business_messages", "business_connection", "business_connection",
    ]  # fmt: skip
    assert unknown(updates) == []
    message, edited = updates[1].business_message, updates[5].edited_business_message
    assert message is not None
    assert edited is not None
    assert message.business_connection_id == own.id
    assert list(message.parse_entities().values()) == ["https://t.cn/a"]
    assert (edited.message_id, edited.text) == (said, "我再考虑考虑")
    assert edited.edit_date is not None


def test_the_chat_is_the_other_persons_whoever_writes(
    telegram: FakeTelegram, own: FakeBusiness, li: FakeUser
) -> None:
    own.hears(li, "在吗")
    own.says(li, "在")
    messages = [one.business_message for one in emitted(telegram)]
    assert [(one.chat.id, one.from_user.id) for one in messages if one and one.from_user] == [
        (700, 700),
        (700, 900),
    ]
    assert [one.incoming for one in own.chat(li)] == [True, False]


def test_its_messages_are_numbered_apart_from_the_bots_chat(
    telegram: FakeTelegram, own: FakeBusiness, li: FakeUser
) -> None:
    in_the_bots_chat, in_hers = li.start(), own.hears(li, "你好")
    assert in_hers == in_the_bots_chat == 1
    assert li.account.started
    assert [one.text for one in li.chat()] == ["/start"]


def test_a_connection_that_is_off_or_kept_out_says_nothing(
    telegram: FakeTelegram, own: FakeBusiness, li: FakeUser
) -> None:
    mother = telegram.user(701, "妈妈")
    own.keep_out(mother)
    own.hears(mother, "回家吃饭吗")
    assert emitted(telegram) == []
    own.switch(on=False)
    own.hears(li, "我不来了")
    [off] = emitted(telegram)
    assert off.business_connection is not None
    assert (off.business_connection.is_enabled, off.business_connection.rights) == (False, None)


def test_an_account_has_one_connection_at_a_time(telegram: FakeTelegram, own: FakeBusiness) -> None:
    hr = telegram.user(900)
    with pytest.raises(ValueError, match="connected already"):
        telegram.business(hr)
    own.switch(on=False)
    assert telegram.business(hr).id != own.id


async def test_what_stands_behind_an_id_can_be_asked(app: App, own: FakeBusiness) -> None:
    asked = await app.bot.get_business_connection(own.id)
    assert isinstance(asked, BusinessConnection)
    assert (asked.id, asked.user.id, asked.user_chat_id) == (own.id, 900, 900)
    assert asked.rights is not None
    assert asked.rights.can_reply
    own.grant("can_read_messages")
    asked = await app.bot.get_business_connection(own.id)
    assert asked.rights is not None
    assert not asked.rights.can_reply
    with pytest.raises(BadRequest, match="Business connection not found"):
        await app.bot.get_business_connection("bc_of_nobody")


async def test_an_answer_in_the_owners_name_looks_like_theirs_and_says_who_sent_it(
    telegram: FakeTelegram, app: App, own: FakeBusiness, li: FakeUser
) -> None:
    own.hears(li, "你好")
    sent = await app.bot.send_message(700, "好", business_connection_id=own.id)
    assert isinstance(sent, Message)
    assert sent.from_user
    assert sent.sender_business_bot
    assert (sent.from_user.id, sent.sender_business_bot.id) == (900, telegram.state.me["id"])
    assert [one.text for one in own.chat(li)] == ["你好", "好"]
    assert li.received() == []  # nothing in the bot's own chat
    edited = await app.bot.edit_message_text(
        "好的", 700, sent.message_id, business_connection_id=own.id
    )
    assert isinstance(edited, Message)
    with pytest.raises(BadRequest, match="can't be edited"):
        await app.bot.edit_message_text("x", 700, 1, business_connection_id=own.id)
    await app.bot.send_chat_action(700, "typing", business_connection_id=own.id)
    await app.bot.send_document(700, b"x", filename="a.txt", business_connection_id=own.id)
    assert own.chat(li)[-1].file_name == "a.txt"


@pytest.mark.parametrize(
    ("trouble", "kind", "wording"),
    [
        ("unknown", BadRequest, "connection not found"),
        ("off", BadRequest, "business_connection_invalid"),
        ("no_right", Forbidden, "BOT_ACCESS_FORBIDDEN"),
        ("kept_out", BadRequest, "business_peer_invalid"),
        ("silent", BadRequest, "business_peer_usage_missing"),
        ("late", BadRequest, "business_peer_usage_missing"),
    ],
)
async def test_an_answer_needs_a_connection_a_right_and_a_recent_word(
    telegram: FakeTelegram,
    app: App,
    own: FakeBusiness,
    li: FakeUser,
    trouble: str,
    kind: type[TelegramError],
    wording: str,
) -> None:
    if trouble != "silent":
        late = telegram.state.now() - DAY_S - 60 if trouble == "late" else None
        own.hears(li, "你好", date=late)
    if trouble == "off":
        own.switch(on=False)
    if trouble == "no_right":
        own.grant("can_read_messages")
    if trouble == "kept_out":
        own.keep_out(li)
    id = "bc_of_nobody" if trouble == "unknown" else own.id
    with pytest.raises(kind, match=f"(?i){wording}"):
        await app.bot.send_message(700, "好", business_connection_id=id)


async def test_the_librarys_handlers_are_called(
    telegram: FakeTelegram, app: App, own: FakeBusiness, li: FakeUser
) -> None:
    seen: list[str] = []

    def note(name: str) -> Any:
        async def noted(update: Update, _: Any) -> None:
            seen.append(name)

        return noted

    only_new = filters.UpdateType.BUSINESS_MESSAGE
    app.add_handler(BusinessConnectionHandler(note("connection")))
    app.add_handler(BusinessMessagesDeletedHandler(note("deleted")))
    app.add_handler(MessageHandler(only_new, note("message")))
    app.add_handler(MessageHandler(filters.UpdateType.EDITED_BUSINESS_MESSAGE, note("edited")))
    said = own.hears(li, "一")
    own.edits(li, said, "二")
    own.deletes(li, said)
    own.switch(on=False)
    for update in await app.bot.get_updates(allowed_updates=Update.ALL_TYPES):
        await app.process_update(update)
    assert seen == ["message", "edited", "deleted", "connection"]


async def test_only_what_is_asked_for_is_sent(app: App, own: FakeBusiness, li: FakeUser) -> None:
    await app.bot.get_updates(allowed_updates=["message", "business_connection"])
    own.hears(li, "一")
    own.switch(on=False)
    [update] = await app.bot.get_updates()
    assert update.business_connection is not None


async def test_a_file_of_the_owners_chat_can_be_fetched(
    telegram: FakeTelegram, app: App, own: FakeBusiness, li: FakeUser
) -> None:
    own.is_sent(li, "简历.pdf", b"%PDF-1.4", "application/pdf")
    [update] = await app.bot.get_updates()
    assert update.business_message is not None
    assert update.business_message.document is not None
    file = await update.business_message.document.get_file()
    assert bytes(await file.download_as_bytearray()) == b"%PDF-1.4"
