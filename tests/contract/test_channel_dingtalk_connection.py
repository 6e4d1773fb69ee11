"""DingTalk's connection: opened again whenever it ends, and never left for long."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest

from bot.channels import dingtalk_frames as frames
from bot.channels.dingtalk import DingTalk
from bot.channels.dingtalk_client import _STREAM
from bot.channels.tls_authorities import authorities
from bot.messages import Address, Content
from tests.contract.dingtalk_ear import Ear
from tests.contract.place_dingtalk import (
    BUTTONS,
    TEMPLATE,
    Secret,
    channel_for,
    listening,
)
from tests.fakes.dingtalk import FakeDingTalk, Member

OPEN = "/v1.0/gateway/connections/open"


@pytest.fixture
async def fake() -> AsyncIterator[FakeDingTalk]:
    async with FakeDingTalk(limits=False, disconnect_pause_s=0.2) as running:
        running.template(TEMPLATE, *BUTTONS)
        yield running


@pytest.fixture
def li(fake: FakeDingTalk) -> Member:
    return fake.member("u1", "李HR")


@pytest.fixture
async def channel(fake: FakeDingTalk) -> AsyncIterator[DingTalk]:
    async with channel_for(fake) as running:
        yield running


@pytest.fixture
async def ear(fake: FakeDingTalk, channel: DingTalk) -> AsyncIterator[Ear]:
    heard = Ear()
    async with listening(channel, fake, heard.accept):
        yield heard


async def test_the_ticket_is_fresh_and_quoted_each_time(
    fake: FakeDingTalk, ear: Ear, li: Member
) -> None:
    fake.cut()
    await fake.until(lambda: len(fake.calls_of("/connect")) == 2 and fake.connections)
    tickets = [call.query["ticket"] for call in fake.calls_of("/connect")]
    assert len(set(tickets)) == 2
    asked = fake.calls_of(OPEN)[0]
    assert asked.headers["accept"] == "application/json"
    assert {one["topic"] for one in asked.body["subscriptions"]} == {"*", frames.BOT, frames.CARD}
    li.say("断线之后")
    await fake.until(lambda: ear.texts == ["断线之后"])


async def test_a_connection_told_to_go_is_followed_before_it_ends(
    fake: FakeDingTalk, li: Member
) -> None:
    ear = Ear()
    async with channel_for(fake, steady_s=0) as channel, listening(channel, fake, ear.accept):
        [old] = fake.connections
        ear.gates["走之前"] = asyncio.Event()
        key = li.say("走之前")
        await fake.until(lambda: ear.under_way)
        fake.disconnect(old)
        await fake.until(lambda: len(fake.connections) == 2)  # both, for a moment
        li.say("来之后")
        ear.gates["走之前"].set()
        await fake.until(lambda: len(ear.texts) == 2)
        assert fake.acks_of(key)[0].connection_id == old
        await fake.until(lambda: len(fake.connections) == 1)
    assert ear.texts == ["走之前", "来之后"]


async def test_a_close_that_is_well_meant_is_followed_after_a_pause(
    fake: FakeDingTalk, li: Member
) -> None:
    fake.platform.stream._pause_s = 0.0
    ear = Ear()
    async with channel_for(fake, reconnect_s=0.15) as channel, listening(channel, fake, ear.accept):
        began = asyncio.get_running_loop().time()
        fake.disconnect()
        await fake.until(lambda: len(fake.calls_of(OPEN)) == 2)
        assert asyncio.get_running_loop().time() - began > 0.1
        await fake.until(lambda: fake.connections)


async def test_a_steady_connection_that_ends_is_followed_at_once(
    fake: FakeDingTalk, li: Member
) -> None:
    ear = Ear()
    async with (
        channel_for(fake, steady_s=0, reconnect_s=9) as channel,
        listening(channel, fake, ear.accept),
    ):
        for n in range(2):  # what is said while nothing is connected is lost
            fake.cut()
            await fake.until(lambda n=n: len(fake.calls_of("/connect")) == n + 2)
            await fake.until(lambda: fake.connections)
        li.say("没有空档")
        await fake.until(lambda: ear.texts == ["没有空档"])


class Line:
    """A line to the platform that can go silent without ending, as cut cables do."""

    def __init__(self, there: str) -> None:
        parts = urlsplit(there)
        self._there = (parts.hostname, parts.port)
        self.silent = asyncio.Event()  # of the connection that was made last
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> str:
        self._server = await asyncio.start_server(self._join, "127.0.0.1", 0)
        return f"ws://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _join(self, here: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        there, forth = await asyncio.open_connection(*self._there)
        self.silent = silent = asyncio.Event()
        for reader, writer in ((here, forth), (there, back)):
            self._tasks.add(asyncio.create_task(_carry(reader, writer, silent)))


async def _carry(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, silent: asyncio.Event
) -> None:
    try:
        while data := await reader.read(65_536):
            if not silent.is_set():
                writer.write(data)
    finally:
        writer.close()


async def test_a_line_that_is_silently_dead_is_noticed_and_replaced(
    fake: FakeDingTalk, li: Member
) -> None:
    ear = Ear()
    line = Line(fake.state.bases["stream"])
    async with line as there:
        fake.state.bases["stream"] = there
        async with (
            channel_for(fake, ping_s=0.1, steady_s=0) as channel,
            listening(channel, fake, ear.accept),
        ):
            li.say("听得见")
            await fake.until(lambda: ear.texts)
            [dead] = fake.connections
            line.silent.set()
            await fake.until(lambda: set(fake.connections) - {dead})
            fake.cut(dead)
            await fake.until(lambda: dead not in fake.connections)
            li.say("又听得见")
            await fake.until(lambda: ear.texts == ["听得见", "又听得见"])


async def test_the_stream_survives_trouble(fake: FakeDingTalk, ear: Ear, li: Member) -> None:
    fake.answer_html(OPEN, status=502)
    fake.fail_next(OPEN, "system.busy")
    fake.drop_before_delivery(OPEN)
    ear.gates["切断时"] = asyncio.Event()
    li.say("切断时")
    await fake.until(lambda: ear.under_way)
    fake.cut()
    await fake.until(lambda: not fake.connections)
    ear.gates["切断时"].set()  # its answer has nowhere to go
    await fake.until(lambda: fake.connections)
    assert len(fake.calls_of(OPEN)) == 5
    li.say("切断之后")
    await fake.until(lambda: len(ear.texts) == 2)
    assert ear.texts == ["切断时", "切断之后"]


async def test_the_stream_comes_back_after_the_platform_does(
    fake: FakeDingTalk, ear: Ear, li: Member
) -> None:
    await asyncio.to_thread(fake.stop)
    await asyncio.sleep(0.1)
    await asyncio.to_thread(fake.start)
    await fake.until(lambda: fake.connections, timeout=10)
    li.say("回来了")
    await fake.until(lambda: ear.texts == ["回来了"])


async def test_a_wrong_secret_keeps_trying_quietly_and_slowly(fake: FakeDingTalk) -> None:
    async with channel_for(fake, client_secret=Secret("wrong")) as channel:
        task = asyncio.create_task(channel.listen(Ear().accept))
        await fake.until(lambda: fake.calls_of(OPEN))
        await asyncio.sleep(0.2)
        assert len(fake.calls_of(OPEN)) == 1  # a minute until the next
        task.cancel()
        await asyncio.wait([task])


async def test_stopping_ends_listening_and_lets_what_is_under_way_finish(
    fake: FakeDingTalk, li: Member
) -> None:
    ear = Ear()
    async with channel_for(fake) as channel:
        task = asyncio.create_task(channel.listen(ear.accept))
        await fake.until(lambda: fake.connections)
        ear.gates["最后一句"] = asyncio.Event()
        key = li.say("最后一句")
        await fake.until(lambda: ear.under_way)
        stopping = asyncio.create_task(channel.stop())
        await asyncio.sleep(0.05)
        ear.gates["最后一句"].set()
        await asyncio.wait_for(asyncio.gather(stopping, task), 5)
        assert ear.texts == ["最后一句"]
        assert [ack.code for ack in fake.acks_of(key)] == [200]
    assert not [one for one in asyncio.all_tasks() if one.get_name().startswith("dingtalk")]


async def test_what_arrives_while_we_stop_is_stored_as_well(fake: FakeDingTalk, li: Member) -> None:
    ear = Ear()
    async with channel_for(fake) as channel:
        task = asyncio.create_task(channel.listen(ear.accept))
        await fake.until(lambda: fake.connections)
        ear.gates["一"] = asyncio.Event()
        li.say("一")
        await fake.until(lambda: ear.under_way)
        stopping = asyncio.create_task(channel.stop())
        await asyncio.sleep(0.05)
        key = fake.member("u2").say("二")
        await fake.until(lambda: fake.acks_of(key))
        ear.gates["一"].set()
        await asyncio.wait_for(asyncio.gather(stopping, task), 5)
    assert ear.texts == ["二", "一"]


async def test_nothing_holds_up_the_loop(fake: FakeDingTalk, li: Member) -> None:
    """Certificates above all: reading them takes a tenth of a second."""
    authorities.cache_clear()  # as in a process that has just begun
    longest, done = 0.0, False

    async def watch() -> None:
        nonlocal longest
        while not done:
            began = time.thread_time()
            await asyncio.sleep(0.001)
            longest = max(longest, time.thread_time() - began)

    watching = asyncio.create_task(watch())
    ear = Ear()
    async with channel_for(fake) as channel, listening(channel, fake, ear.accept):
        li.say("在吗")
        await fake.until(lambda: ear.texts)
        [payload] = channel.render(Content(text="在"))
        await channel.send(Address("dingtalk", "u/u1"), payload, key="k")
        assert (await channel._client.tls()).get_ca_certs()
    done = True
    await watching
    assert longest < 0.03


async def test_over_http_nothing_is_held(fake: FakeDingTalk) -> None:
    async with channel_for(fake, mode="http") as channel:
        await asyncio.wait_for(channel.listen(Ear().accept), 1)
    assert fake.calls_of(OPEN) == []


async def test_a_stream_that_is_not_the_platforms_is_not_joined() -> None:
    assert _STREAM.match("wss://wss-open-connection.dingtalk.com:443/connect")
    for endpoint in (
        "ws://wss-open-connection.dingtalk.com/connect",
        "wss://dingtalk.com.evil.example/connect",
        "wss://evil.example/x.dingtalk.com/",
        "wss://evil.example?.dingtalk.com/",
    ):
        assert not _STREAM.match(endpoint)


async def test_order_holds_over_a_change_of_connections(fake: FakeDingTalk, li: Member) -> None:
    ear = Ear()
    ear.gates["0"] = asyncio.Event()
    async with channel_for(fake) as channel, listening(channel, fake, ear.accept):
        [old] = fake.connections
        li.say("0")
        await fake.until(lambda: ear.under_way)
        fake.disconnect(old)
        await fake.until(lambda: set(fake.connections) - {old})
        for n in range(1, 5):
            li.say(str(n))
        await fake.until(lambda: len(fake.deliveries) == 5)
        ear.gates["0"].set()
        await fake.until(lambda: len(ear.texts) == 5)
    assert ear.texts == ["0", "1", "2", "3", "4"]
