"""A colleague's own chats, which Telegram lets us listen to: who is heard, and that we are silent.

The stand-in numbers their messages apart from the bot's own chat, so that a mix-up shows.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bot.channels import telegram as module
from bot.channels.base import listens_only
from bot.channels.telegram_business import LASTS, NO_RIGHT, OFF, UNKNOWN, Line, Lines
from bot.channels.telegram_inbound import ALLOWED
from bot.errors import GiveUp, TryLater
from bot.messages import Address, Card, Content, Received
from storage.enums import MediaKind, MessageKind
from tests.contract.channel_places import SECRET, channel_of, signed
from tests.fakes.telegram import FakeBusiness, FakeTelegram, FakeUser


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram(limits=False, speed=200.0) as running:
        yield running


@pytest.fixture
async def channel(fake: FakeTelegram) -> AsyncIterator[module.Telegram]:
    async with channel_of(fake) as running:
        assert isinstance(running, module.Telegram)
        yield running


@pytest.fixture
def li(fake: FakeTelegram) -> FakeUser:
    return fake.user(700, "李娜")


@pytest.fixture
def own(fake: FakeTelegram) -> FakeBusiness:
    """王敏's account. The update that says so is lost, as after a day of outage."""
    connected = fake.business(fake.user(900, "王敏"))
    fake.state.updates.clear()
    return connected


class Heard:
    """Everything that was accepted, in its order."""

    def __init__(self) -> None:
        self.all: list[Received] = []

    async def accept(self, received: Received) -> None:
        self.all.append(received)

    @property
    def told(self) -> list[tuple[str, str]]:
        """Who said what: the sender's address, or the colleague's behind an aside."""
        return [
            pair
            for one in self.all
            for pair in [
                *((message.sender.value, message.text) for message in one.messages),
                *((f"by {aside.by}", aside.text) for aside in one.asides),
            ]
        ]


@asynccontextmanager
async def listening(channel: module.Telegram) -> AsyncIterator[Heard]:
    heard = Heard()
    task = asyncio.create_task(channel.listen(heard.accept))
    yield heard
    task.cancel()
    await asyncio.wait([task], timeout=5)


def pushed(fake: FakeTelegram) -> list[Any]:
    """Calls that push everything that waits."""
    return [signed(json.dumps(update.body).encode()) for update in fake.state.updates]


def spoken(fake: FakeTelegram) -> list[str]:
    """Methods that were called in somebody else's name."""
    calls = [call for call in fake.calls if call.params.get("business_connection_id")]
    return [call.method for call in calls if call.method != "getbusinessconnection"]


async def test_both_sides_are_heard_in_order_and_kept_apart_from_the_bots_chat(
    fake: FakeTelegram, channel: module.Telegram, own: FakeBusiness, li: FakeUser
) -> None:
    here = f"biz/{own.id}/700"
    async with listening(channel) as heard:
        li.start()  # message 1 of the bot's chat; the next is message 1 of hers
        own.hears(li, "这个薪资我再想想")
        own.says(li, "哪里不合适？")
        own.hears(li, "底薪")
        await fake.until(lambda: len(heard.told) == 4)
    assert heard.told == [
        ("700", "/start"), (here, "这个薪资我再想想"), ("by 900", "哪里不合适？"), (here, "底薪"),
    ]  # fmt: skip
    ids = [one.external_id for part in heard.all for one in (*part.messages, *part.asides)]
    assert len(set(ids)) == 4
    assert len(fake.calls_of("getBusinessConnection")) == 1  # asked once, then known
    assert listens_only(channel.limits, here)
    assert not listens_only(channel.limits, "700")


async def test_edits_are_said_again_and_deletions_noted(
    fake: FakeTelegram, channel: module.Telegram, own: FakeBusiness, li: FakeUser
) -> None:
    async with listening(channel) as heard:
        said, asked = own.hears(li, "下周一来"), own.says(li, "好")
        own.edits(li, said, "不来了")
        own.edits(li, asked, "为什么？")
        own.deletes(li, said)
        await fake.until(lambda: len(heard.told) == 5)
    here = f"biz/{own.id}/700"
    assert heard.told == [
        (here, "下周一来"), ("by 900", "好"), (here, "不来了"), ("by 900", "为什么？"),
        (here, "[这个聊天里有 1 条消息被删除]"),
    ]  # fmt: skip
    kinds = [message.kind for one in heard.all for message in one.messages]
    assert kinds == [MessageKind.TEXT, MessageKind.TEXT, MessageKind.UNSUPPORTED]


async def test_a_file_there_is_fetched_like_any_other(
    fake: FakeTelegram, channel: module.Telegram, own: FakeBusiness, li: FakeUser
) -> None:
    async with listening(channel) as heard:
        own.is_sent(li, "另一家.pdf", b"%PDF-1.4 x", "application/pdf")
        await fake.until(lambda: heard.all)
    [[media]] = [message.media for one in heard.all for message in one.messages]
    assert (media.kind, media.name) == (MediaKind.FILE, "另一家.pdf")
    assert b"".join([chunk async for chunk in channel.fetch(media.id)]) == b"%PDF-1.4 x"


@pytest.mark.parametrize(
    ("trouble", "reason"), [("off", OFF), ("no_right", NO_RIGHT), ("unknown", UNKNOWN)]
)
async def test_a_connection_we_may_not_read_is_ignored_and_logged_without_words(
    fake: FakeTelegram,
    channel: module.Telegram,
    own: FakeBusiness,
    li: FakeUser,
    trouble: str,
    reason: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    own.hears(li, "悄悄话")  # on its way while the connection changes
    own.says(li, "悄悄话")
    calls = pushed(fake)
    if trouble == "off":
        own.switch(on=False)
    if trouble == "no_right":
        own.grant("can_reply")
    if trouble == "unknown":
        fake.state.connections.clear()
    for call in calls:
        assert await channel.receive(call) == Received()
    written = "".join(capfd.readouterr())
    assert written.count("telegram.not_listening") == 2
    assert reason in written
    assert not [word for word in ("悄悄话", "700", "900", "李娜", "王敏") if word in written]


async def test_what_changes_is_heard_of_at_once(
    fake: FakeTelegram, channel: module.Telegram, own: FakeBusiness, li: FakeUser
) -> None:
    async with listening(channel) as heard:
        own.hears(li, "一")
        await fake.until(lambda: fake.pending == 0)
        own.grant("can_reply")
        own.hears(li, "二")
        own.grant("can_read_messages")
        own.hears(li, "三")
        await fake.until(lambda: fake.pending == 0)
    assert [text for _, text in heard.told] == ["一", "三"]
    assert len(fake.calls_of("getBusinessConnection")) == 1


async def test_while_telegram_does_not_say_whose_chat_it_is_nothing_is_acknowledged(
    fake: FakeTelegram, channel: module.Telegram, own: FakeBusiness, li: FakeUser
) -> None:
    own.hears(li, "别丢")
    [call] = pushed(fake)
    fake.fail_next("getBusinessConnection", 502)
    with pytest.raises(TryLater):
        await channel.receive(call)
    fake.fail_next("getBusinessConnection", 429, retry_after=7)
    with pytest.raises(TryLater) as caught:
        await channel.receive(call)
    assert caught.value.delay is not None
    fake.drop_after_delivery("getBusinessConnection")
    with pytest.raises(TryLater):
        await channel.receive(call)
    [message] = (await channel.receive(call)).messages
    assert message.text == "别丢"


async def test_polling_goes_on_beside_a_chat_nobody_vouches_for_yet(
    fake: FakeTelegram, channel: module.Telegram, own: FakeBusiness, li: FakeUser
) -> None:
    fake.fail_next("getBusinessConnection", 500)
    fake.hold()
    own.hears(li, "等一下")
    li.say("你好")
    async with listening(channel) as heard:
        fake.release()
        await fake.until(lambda: fake.pending == 0, timeout=10)
    assert heard.told[0] == ("700", "你好")  # not held up; it comes twice, under one id
    assert (f"biz/{own.id}/700", "等一下") in heard.told
    ids = {message.external_id for one in heard.all for message in one.messages}
    assert len(ids) == 2


async def test_a_line_is_asked_about_again_after_a_while(
    fake: FakeTelegram, channel: module.Telegram, own: FakeBusiness
) -> None:
    seconds = [0.0]
    lines = Lines(channel._client.connection, clock=lambda: seconds[0])
    assert await lines.of(own.id) == Line(id=own.id, host=900)
    own.switch(on=False)  # told to another process of ours
    assert not (await lines.of(own.id)).closed
    seconds[0] += LASTS.total_seconds()
    assert (await lines.of(own.id)).closed == OFF
    assert (await lines.of("bc_of_nobody")).closed == UNKNOWN


async def test_nothing_is_ever_said_there(
    fake: FakeTelegram, channel: module.Telegram, own: FakeBusiness, li: FakeUser
) -> None:
    own.hears(li, "你好")
    there = Address("telegram", f"biz/{own.id}/700")
    card = Card(title="t", quote="q", lines=(), question="？")
    for n, content in enumerate((Content(text="您好"), card)):
        for payload in channel.render(content):
            with pytest.raises(GiveUp):
                await channel.send(there, payload, key=str(n))
    await channel.noticed(f"b:{own.id}:700:1", "收到")
    assert spoken(fake) == []
    assert [one.text for one in own.chat(li)] == ["你好"]


async def test_what_we_say_to_the_same_person_goes_into_the_bots_chat(
    fake: FakeTelegram, channel: module.Telegram, own: FakeBusiness, li: FakeUser
) -> None:
    li.start()
    own.hears(li, "你好")
    await channel.send(Address("telegram", "700"), {"text": "您好"}, key="k")
    assert li.texts() == ["您好"]
    assert [one.text for one in own.chat(li)] == ["你好"]
    assert spoken(fake) == []


async def test_both_modes_ask_for_what_happens_there(fake: FakeTelegram) -> None:
    kinds = {
        "business_connection",
        "business_message",
        "edited_business_message",
        "deleted_business_messages",
    }
    assert kinds <= set(ALLOWED)
    for mode in ("polling", "webhook"):
        fake.state.allowed = frozenset()
        async with channel_of(fake, mode=mode, secret_token=SECRET) as channel:
            task = asyncio.create_task(channel.listen(Heard().accept))
            await fake.until(lambda: fake.state.allowed >= kinds)
            task.cancel()
            await asyncio.wait([task])
