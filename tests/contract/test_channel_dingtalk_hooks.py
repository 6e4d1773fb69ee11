"""Calls to DingTalk's webhook: which there are, from whom, and what the platform gets back."""

from __future__ import annotations

import asyncio
import json
import queue
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from bot.channels.dingtalk import DingTalk, build
from bot.channels.dingtalk_frames import HEARD_IN_GROUP
from bot.channels.dingtalk_sign import Envelope, robot_sign
from bot.conversation.flows import binding
from bot.errors import BotError, NotReady, Refused
from bot.messages import HttpCall, Received
from storage.enums import MessageKind
from tests.clock import FakeClock
from tests.contract.channel_places import BASE_URL, SECRET
from tests.contract.dingtalk_calls import AES, BODY, OWNER, TOKEN, config, event, ms, pressed, robot
from tests.contract.place_dingtalk import (
    BUTTONS,
    TEMPLATE,
    Secret,
    Section,
    channel_for,
)
from tests.fakes.dingtalk import FakeDingTalk


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def channel(clock: FakeClock) -> DingTalk:
    """Receives over HTTP; nobody is where it would call."""
    return DingTalk(config(), now=clock)


# Vectors of the platform


def test_the_published_vectors_hold() -> None:
    assert robot_sign("this is a secret", "1577262236757") == (
        "DJrE6qdyVGCQz9z5r2MDuNcNAhwYnuAkyj13cx169CA="
    )
    first = Envelope(
        "123456", "1234567890123456789012345678901234567890123", "dingsnotzck6pm5veliw"
    )
    sealed = (
        "YvkvaGe4hQxd3VxRmEty0dVlnCOAqwf56xwTRHDHoOURqhalbmBJQk5FNcRk42Gl5T0YQXZNwpwWSm1xAFJ5ZA=="
    )
    assert first.signature("1614767836", "A7Co0cJLMzIDtMMI", sealed) == (
        "9a95a004dd16f5c307e849b994173f76aa26e5eb"
    )
    assert first.open(sealed) == b"success"
    second = Envelope(TOKEN, AES, OWNER)
    sealed = (
        "0vJiX6vliEpwG3U45CtXqi+m8PXbQRARJ8p8BbDuD1EMTDf0jKpQ79QS93qEk7XHpP6u+oTTrd15NRPvNvmB"
        "KyDCYxxOK+HZeKju4yhELOFchzNukR+t8SB/qk4ROMu3"
    )
    assert second.signature("1608001896814", "WL4PK6yA", sealed) == (
        "03044561471240d4a14bb09372dfcfd4fd0e40cb"
    )
    assert second.open(sealed) == b'{"EventType":"check_url"}'
    chinese = '{"name":"张三"}'.encode()
    assert second.open(second.seal(chinese)) == chinese


async def test_the_captured_check_url_is_answered_as_the_platform_wants() -> None:
    at = datetime.fromisoformat("2020-12-15T03:11:36.814+00:00")
    channel = DingTalk(config(), now=lambda: at)
    encrypt = (
        "0vJiX6vliEpwG3U45CtXqi+m8PXbQRARJ8p8BbDuD1EMTDf0jKpQ79QS93qEk7XHpP6u+oTTrd15NRPvNvmB"
        "KyDCYxxOK+HZeKju4yhELOFchzNukR+t8SB/qk4ROMu3"
    )
    query = {
        "signature": "03044561471240d4a14bb09372dfcfd4fd0e40cb",
        "timestamp": "1608001896814",
        "nonce": "WL4PK6yA",
    }
    body = json.dumps({"encrypt": encrypt}).encode()
    call = HttpCall(method="POST", headers={}, query=query, body=body)
    received = await channel.receive(call)
    assert not received.told
    assert received.media_type == "application/json"
    answer = json.loads(received.reply)
    envelope = Envelope(TOKEN, AES, OWNER)
    signed = envelope.signature(answer["timeStamp"], answer["nonce"], answer["encrypt"])
    assert answer["msg_signature"] == signed
    assert envelope.open(answer["encrypt"]) == b"success"


# Which calls there are


async def test_in_stream_mode_the_robot_and_cards_are_refused_over_http(clock: FakeClock) -> None:
    channel = DingTalk(config(mode="stream"), now=clock)
    for call in (robot(ms(clock())), pressed(ms(clock()))):
        with pytest.raises(Refused):
            await channel.receive(call)
    received = await channel.receive(
        event(ms(clock()), {"EventType": "user_leave_org", "UserId": ["u1"]})
    )
    assert [(one.sender.value, one.reachable) for one in received.reaches] == [("u/u1", False)]


async def test_without_a_subscription_events_are_refused(clock: FakeClock) -> None:
    channel = DingTalk(config(event_token=Secret(), event_aes_key=Secret()), now=clock)
    with pytest.raises(Refused):
        await channel.receive(event(ms(clock()), {"EventType": "check_url"}))


@pytest.mark.parametrize("key", ["short", "!" * 43, "密" * 43, AES + "A"])
def test_a_key_that_is_none_is_named_at_the_start(key: str) -> None:
    with pytest.raises(NotReady, match="EVENT_AES_KEY"):
        build(Section(event_aes_key=Secret(key)), secret=SECRET, base_url=BASE_URL)


async def test_a_foreign_organisation_is_not_heard(clock: FakeClock) -> None:
    channel = DingTalk(config(corp_id="dingcorp0001"), now=clock)
    for n, (corp, told) in enumerate({"dingcorp0001": True, "dingother": False}.items()):
        call = robot(ms(clock(), n), BODY | {"chatbotCorpId": corp})
        assert (await channel.receive(call)).told is told


async def test_in_a_group_the_answer_to_the_call_is_that_we_heard_and_no_more(
    channel: DingTalk, clock: FakeClock
) -> None:
    received = await channel.receive(robot(ms(clock()), BODY | {"conversationType": "2"}))
    [message] = received.messages
    assert (message.sender.value, message.ticket) == ("u/u1", None)
    assert received.media_type == "application/json"
    assert json.loads(received.reply) == {
        "msgtype": "text",
        "text": {"content": HEARD_IN_GROUP},
        "at": {"atUserIds": ["u1"], "isAtAll": False},
    }


async def test_an_event_may_carry_its_signature_under_both_names(
    channel: DingTalk, clock: FakeClock
) -> None:
    call = event(ms(clock()), {"EventType": "user_leave_org", "UserId": ["u1"]})
    both = {**call.query, "signature": call.query["msg_signature"]}
    assert (await channel.receive(replace(call, query=both))).reaches


# The invite


async def test_the_token_may_be_typed_as_well(channel: DingTalk, clock: FakeClock) -> None:
    body = BODY | {"text": {"content": f" {binding.COMMAND} tok-EN_1 "}}
    [message] = (await channel.receive(robot(ms(clock()), body))).messages
    assert (message.kind, message.text) == (MessageKind.TEXT, "/start tok-EN_1")


@pytest.mark.parametrize("query", [{}, {"start": "tok-EN_1"}])
async def test_nobody_reads_at_the_hook(channel: DingTalk, query: dict[str, str]) -> None:
    with pytest.raises(Refused):
        await channel.receive(HttpCall(method="GET", headers={}, query=query, body=b""))


# Against the stand-in


class Hook(HTTPServer):
    """Hands what the platform calls to the channel, and answers as the web part would."""

    def __init__(self) -> None:
        self.received: queue.Queue[Received] = queue.Queue()
        self.channel: DingTalk | None = None
        super().__init__(("127.0.0.1", 0), _Hook)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Hook(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        parts = urlsplit(self.path)
        call = HttpCall(
            method="POST",
            headers={name.lower(): value for name, value in self.headers.items()},
            query=dict(parse_qsl(parts.query)),
            body=body,
        )
        assert parts.path == "/hooks/dingtalk"
        assert self.server.channel is not None
        try:
            received = asyncio.run(self.server.channel.receive(call))
        except BotError:
            self.send_response(403)
            self.end_headers()
            return
        self.server.received.put(received)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(received.reply)

    def log_message(self, *_: Any) -> None:
        """The test looks at what was called, not at a log."""


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    with Hook() as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


async def test_robot_events_and_cards_over_http_from_the_platform(hook: Hook) -> None:
    async with FakeDingTalk(limits=False) as fake:
        fake.template(TEMPLATE, *BUTTONS)
        li = fake.member("u1", "李HR")
        given: dict[str, Any] = {"event_token": Secret(TOKEN), "event_aes_key": Secret(AES)}
        async with channel_for(fake, base_url=hook.url, mode="http", **given) as channel:
            hook.channel = channel
            url = f"{hook.url}/hooks/dingtalk"
            fake.receive_by_http(url)
            key = li.say("从网页钩子来")
            [message] = (await asyncio.to_thread(hook.received.get, timeout=5)).messages
            assert message.text == "从网页钩子来"
            await fake.until(lambda: fake.delivery(key).status == "taken")

            group = fake.group("招聘群", [li])
            key = li.say("张三到哪一步了", group)
            await fake.until(lambda: fake.delivery(key).status == "taken")
            assert group.texts() == [HEARD_IN_GROUP]

            subscribed = fake.subscribe_events(url, TOKEN, AES)
            await fake.until(lambda: subscribed.verified)
            left = fake.event("user_leave_org", UserId=["u1"])
            await fake.until(lambda: fake.delivery(left).status == "taken")

            await fake.until(lambda: fake.platform.cards.routes)
            values = {"label1": "有用", "action1": "al:x", "show1": "true"}
            payload = {"kind": "card", "values": values, "instead": {}}
            receipt = await channel.send(message.sender, payload, key="k")
            press = li.press(receipt.value[2:], "有用")
            await fake.until(lambda: press.done)
            assert press.status == "answered"
            assert "处理" in li.cards()[0].data["answer"]

            forged = await fake.repeat(fake.signed({"msgId": "x"}, secret="wrong"), url=url)
            assert forged.status == 403
            swapped = await fake.repeat(fake.pushes[0], body=b"{}")
            assert swapped.status == 403


async def test_the_route_of_cards_is_registered_once_the_platform_is_back(hook: Hook) -> None:
    async with FakeDingTalk(limits=False) as fake:
        fake.fail_next("/v1.0/card/callbacks/register", "system.busy")
        async with channel_for(fake, mode="http", base_url=hook.url):
            await fake.until(lambda: fake.platform.cards.routes, timeout=10)
        [route] = fake.platform.cards.routes.values()
        assert route.url == f"{hook.url}/hooks/dingtalk"
        assert route.api_secret == SECRET
