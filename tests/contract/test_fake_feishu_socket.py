"""Long connections of the stand-in for Feishu, judged by the official client.

The client finds the address, decodes frames, joins split ones, dispatches events and
acknowledges them with the code apps use. Where several connections are needed there are plain
sockets, because the client knows only one.
"""

import asyncio
import base64
import importlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx2
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.fakes.feishu import ClientConfig, ConsoleRefused, FakeFeishu, Unconfirmed
from tests.fakes.feishu_caller import Api, Clock, calling
from tests.fakes.feishu_frames import CONTROL, DATA, Frame
from tests.fakes.feishu_news import CREATED, ENTERED, RECEIVE
from tests.fakes.feishu_sdk import SdkSocket, official

lark = official()
pb: Any = importlib.import_module("lark_oapi.ws.pb.pbbp2_pb2")
trigger: Any = importlib.import_module("lark_oapi.event.callback.model.p2_card_action_trigger")

ENDPOINT = "/callback/ws/endpoint"
CARD = {
    "schema": "2.0",
    "config": {"update_multi": True},
    "body": {
        "elements": [
            {
                "tag": "button",
                "text": {"tag": "plain_text", "content": "好"},
                "behaviors": [{"type": "callback", "value": {"act": "claim"}}],
            },
            {
                "tag": "button",
                "text": {"tag": "plain_text", "content": "坏"},
                "behaviors": [{"type": "callback", "value": "a string"}],
            },
        ]
    },
}


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def api(clock: Clock) -> AsyncIterator[Api]:
    async with calling(FakeFeishu(clock=clock)) as running:
        yield running


@pytest.fixture
def feishu(api: Api) -> FakeFeishu:
    return api.feishu


def handler(heard: Callable[[Any], Any], pressed: Callable[[Any], Any] | None = None) -> Any:
    built = lark.EventDispatcherHandler.builder("", "", lark.LogLevel.CRITICAL)
    built.register_p2_im_message_receive_v1(heard)
    built.register_p2_im_chat_access_event_bot_p2p_chat_entered_v1(heard)
    built.register_p1_customized_event("p2p_chat_create", heard)
    if pressed is not None:
        built.register_p2_card_action_trigger(pressed)
    return built.build()


# Connecting


async def test_the_official_client_hears_people(feishu: FakeFeishu) -> None:
    heard: list[Any] = []
    with pytest.raises(ConsoleRefused):
        feishu.console.save_socket()
    with SdkSocket(feishu, handler(heard.append)):
        feishu.console.save_socket()
        wang = feishu.outsider("王芳")
        wang.say("你好")
        await feishu.until(lambda: not feishu.pending)
        assert [event.kind for event in feishu.outbox.events] == [CREATED, ENTERED, RECEIVE]
        assert all(event.status == "taken" for event in feishu.outbox.events)
        await feishu.until(lambda: feishu.sockets.connections[0].pings)
    assert json.loads(heard[-1].event.message.content) == {"text": "你好"}
    assert heard[0].event["user"]["name"] == "王芳"
    acks = feishu.sockets.acks
    assert [ack.code for ack in acks] == [200, 200, 200]
    assert "biz_rt" in acks[0].headers
    call = feishu.calls_of("ws")[0]
    assert (call.headers["locale"], call.body["AppID"]) == ("zh", feishu.app.app_id)


async def test_split_payloads_are_joined_and_acknowledged_once(clock: Clock) -> None:
    guess, heard = Unconfirmed(frame_bytes=100), list[Any]()
    async with FakeFeishu(clock=clock, unconfirmed=guess) as feishu:
        feishu.console.subscribe([RECEIVE])
        with SdkSocket(feishu, handler(heard.append)):
            feishu.member("李娜").say("很长" * 100)
            await feishu.until(lambda: not feishu.pending)
            (connection,) = feishu.sockets.connections
            assert [frame.header("seq") for frame in connection.sent][:3] == ["0", "1", "2"]
            assert len(connection.sent) == int(connection.sent[0].header("sum")) > 10
            assert len(connection.acks) == 1
    assert json.loads(heard[0].event.message.content) == {"text": "很长" * 100}


async def test_a_handler_that_fails_or_is_missing_hears_it_again(
    feishu: FakeFeishu, clock: Clock
) -> None:
    heard: list[Any] = []

    def fails_once(event: Any) -> None:
        heard.append(event)
        if len(heard) == 1:
            raise ValueError("not today")

    feishu.console.subscribe([RECEIVE, "im.message.message_read_v1"])
    with SdkSocket(feishu, handler(fails_once)):
        li = feishu.member("李娜")
        li.say("x")
        li.read()
        message, read = feishu.outbox.events
        await feishu.until(lambda: message.attempts and read.attempts)
        assert {ack.code for ack in feishu.sockets.acks} == {500}
        clock.at += 15
        await feishu.until(lambda: message.status == "taken" and len(read.attempts) == 2)
    assert len(heard) == 2
    assert read.attempts[1].error == "code 500"


async def test_a_press_is_answered_over_the_connection(api: Api, feishu: FakeFeishu) -> None:
    def pressed(event: Any) -> Any:
        assert event.event.action.value == {"act": "claim"}
        done = CARD | {"body": {"elements": []}}
        answer = {
            "toast": {"type": "info", "content": "好的"},
            "card": {"type": "raw", "data": done},
        }
        return trigger.P2CardActionTriggerResponse(answer)

    li = feishu.member("李娜")
    with SdkSocket(feishu, handler(print, pressed)):
        sent = await api.sent(li.open_id, "interactive", CARD)
        bad = await li.press(sent, "坏").answered()
        good = await li.press(sent, "好").answered()
    assert bad.code == 200671  # the client has no room for values that are strings
    assert (good.code, good.changed_card, li.seen(sent).labels) == (0, True, [])
    assert good.toast is not None
    assert good.toast.content == "好的"


async def returned(feishu: FakeFeishu, times: int) -> None:
    await feishu.until(lambda: len(feishu.calls_of("ws")) == times)
    await feishu.until(lambda: feishu.sockets.connections)


async def test_the_official_client_comes_back(clock: Clock) -> None:
    config = ClientConfig(reconnect_nonce_s=0, reconnect_interval_s=0)
    heard: list[Any] = []
    async with FakeFeishu(clock=clock, client_config=config) as feishu:
        feishu.console.subscribe([RECEIVE])
        with SdkSocket(feishu, handler(heard.append)):
            for times, abort in enumerate((False, True), start=2):
                await feishu.disconnect(abort=abort)
                await returned(feishu, times)
            feishu.member("李娜").say("x")
            await feishu.until(lambda: not feishu.pending)
    assert len(heard) == 1


# Plain sockets


async def ask(api: Api, **more: Any) -> Any:
    app = api.feishu.app
    body = {"AppID": app.app_id, "AppSecret": app.secret} | more
    return (await api.client.post(ENDPOINT, json=body)).json()


@asynccontextmanager
async def line(api: Api) -> AsyncIterator[ClientConnection]:
    url = (await ask(api))["data"]["URL"]
    async with connect(url, proxy=None, ping_interval=None) as connection:
        yield connection


async def frame_of(connection: ClientConnection) -> Frame:
    data = await asyncio.wait_for(connection.recv(), 10)
    assert isinstance(data, bytes)
    return Frame.decode(data)


async def acknowledge(connection: ClientConnection, frame: Frame, code: int = 200) -> None:
    answer = Frame(
        service=frame.service,
        method=DATA,
        headers=(*frame.headers, ("biz_rt", "1")),
        payload=json.dumps({"code": code}).encode(),
    )
    await connection.send(answer.encode())


async def test_credentials_and_counts_are_checked(api: Api, feishu: FakeFeishu) -> None:
    assert (await ask(api, AppSecret=""))["code"] == 1000040344
    assert (await ask(api, AppSecret="x"))["code"] == 514
    feishu.faults.refuse_next("ws", 1000040343, status=200)
    assert (await ask(api))["code"] == 1000040343
    feishu.app.published = False
    assert (await ask(api))["code"] == 403


async def test_fifty_connections_are_the_most(clock: Clock) -> None:
    async with (
        calling(FakeFeishu(clock=clock, max_connections=2)) as api,
        AsyncExitStack() as open_,
    ):
        early = (await ask(api))["data"]["URL"]
        for _ in "12":
            await open_.enter_async_context(line(api))
        await api.feishu.until(lambda: len(api.feishu.sockets.connections) == 2)
        assert (await ask(api))["code"] == 1000040350
        with pytest.raises(InvalidStatus) as refused:
            await connect(early, proxy=None)
    assert refused.value.response.headers["handshake-status"] == "514"
    assert refused.value.response.headers["handshake-autherrcode"] == "1000040350"


async def test_an_address_is_good_for_one_handshake(api: Api) -> None:
    data = (await ask(api))["data"]
    assert set(httpx2.URL(data["URL"]).params) >= {"device_id", "service_id"}
    assert data["ClientConfig"]["PingInterval"] == 120
    async with connect(data["URL"], proxy=None):
        with pytest.raises(InvalidStatus):
            await connect(data["URL"], proxy=None)


async def test_a_pong_brings_new_settings(api: Api, feishu: FakeFeishu) -> None:
    ping = Frame(service=7, method=CONTROL, headers=(("type", "ping"),))
    async with line(api) as connection:
        payloads = []
        for config in (None, ClientConfig(ping_interval_s=5), None):
            if config is not None:
                feishu.configure(config)
            await connection.send(ping.encode())
            pong = await frame_of(connection)
            assert (pong.method, pong.header("type")) == (CONTROL, "pong")
            payloads.append(pong.payload)
        assert [bool(payload) for payload in payloads] == [False, True, False]
        assert json.loads(payloads[1])["PingInterval"] == 5
        await connection.send(b"nonsense")
        with pytest.raises(ConnectionClosed):
            await connection.recv()


async def test_each_event_takes_one_line_chosen_by_chance(api: Api, feishu: FakeFeishu) -> None:
    feishu.console.subscribe([RECEIVE])
    async with line(api) as one, line(api) as two:
        await feishu.until(lambda: len(feishu.sockets.connections) == 2)

        async def answering(connection: ClientConnection) -> None:
            while True:
                await acknowledge(connection, await frame_of(connection))

        tasks = [asyncio.create_task(answering(c)) for c in (one, two)]
        li = feishu.member("李娜")
        for n in range(20):
            li.say(str(n))
        await feishu.until(lambda: not feishu.pending)
        counts = [len(connection.acks) for connection in feishu.sockets.connections]
        for task in tasks:
            task.cancel()
    assert sum(counts) == 20
    assert min(counts) > 2


async def test_no_answer_in_time_is_a_failure_and_is_kept(
    api: Api, feishu: FakeFeishu, clock: Clock
) -> None:
    feishu.console.subscribe([RECEIVE])
    feishu.sockets.answer_s = 0.1
    async with line(api) as connection:
        feishu.member("李娜").say("x")
        frame = await frame_of(connection)
        (event,) = feishu.outbox.events
        await feishu.until(lambda: event.attempts)
        assert event.attempts[0].error == "timeout"
        await acknowledge(connection, frame)
        await feishu.until(lambda: feishu.sockets.acks)
        assert feishu.sockets.acks[0].late
        feishu.sockets.answer_s = 3
        clock.at += 15
        await acknowledge(connection, again := await frame_of(connection))
        await feishu.until(lambda: event.status == "taken")
    assert again.payload == frame.payload
    assert again.header("message_id") != frame.header("message_id")


@pytest.mark.parametrize("while_away", ["retried", "lost"])
async def test_while_nobody_is_connected(clock: Clock, while_away: Any) -> None:
    fake = FakeFeishu(clock=clock, unconfirmed=Unconfirmed(while_away=while_away))
    async with calling(fake) as api:
        fake.console.subscribe([RECEIVE])
        li = fake.member("李娜")
        li.say("x")
        (event,) = fake.outbox.events
        await fake.until(lambda: event.attempts)
        if while_away == "lost":
            assert (event.status, fake.pending) == ("lost", 0)
            return
        assert event.attempts[0].error == "no connection"
        async with line(api) as connection:
            clock.at += 15
            await acknowledge(connection, await frame_of(connection))
            await fake.until(lambda: event.status == "taken")
            li.say("y")
            await frame_of(connection)
        await fake.until(lambda: fake.outbox.events[1].attempts)
        assert fake.outbox.events[1].attempts[0].error == "connection closed"


async def test_an_answer_may_carry_data(api: Api, feishu: FakeFeishu) -> None:
    li = feishu.member("李娜")
    sent = await api.sent(li.open_id, "interactive", CARD)
    assert (await li.press(sent, "好").answered()).code == 200341  # nobody is there
    async with line(api) as connection:
        press = li.press(sent, "好")
        frame = await frame_of(connection)
        assert json.loads(frame.payload)["event"]["token"] == press.token
        toast = base64.b64encode(b'{"toast":{"type":"error","content":"no"}}').decode()
        answer = Frame(
            service=frame.service,
            method=DATA,
            headers=frame.headers,
            payload=json.dumps({"code": 200, "data": toast}).encode(),
        )
        await connection.send(answer.encode())
        await press.answered()
    assert (press.code, press.toast.type if press.toast else "") == (0, "error")
