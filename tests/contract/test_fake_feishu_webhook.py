"""Events pushed by the stand-in for Feishu to a web address: sealed, signed, tried again.

The official dispatcher opens, verifies and decodes them with the code apps use: what it accepts
from here, it would accept from the platform.
"""

import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from tests.fakes import feishu_inbound as inbound
from tests.fakes.feishu import ConsoleRefused, FakeFeishu, Unconfirmed
from tests.fakes.feishu_caller import Clock, pushing
from tests.fakes.feishu_crypto import signature, unseal
from tests.fakes.feishu_inbound import Written
from tests.fakes.feishu_news import BOT_ADDED, CREATED, ENTERED, READ, RECALLED, RECEIVE
from tests.fakes.feishu_receiver import Received, Receiver
from tests.fakes.feishu_sdk import official

lark = official()

KEY = "encrypt-key-1"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app() -> Iterator[Receiver]:
    with Receiver(KEY) as running:
        yield running


@pytest.fixture
async def feishu(clock: Clock, app: Receiver) -> AsyncIterator[FakeFeishu]:
    async with pushing(FakeFeishu(encrypt_key=KEY, clock=clock), app) as running:
        yield running


def dispatcher(feishu: FakeFeishu, heard: list[Any]) -> Callable[[Received], tuple[int, bytes]]:
    """The official handler in the place of an app's own."""
    built = lark.EventDispatcherHandler.builder(KEY, feishu.app.verification_token)
    for register in (
        built.register_p2_im_message_receive_v1,
        built.register_p2_im_chat_access_event_bot_p2p_chat_entered_v1,
        built.register_p2_im_chat_member_bot_added_v1,
        built.register_p2_im_message_message_read_v1,
        built.register_p2_im_message_recalled_v1,
    ):
        register(heard.append)
    built.register_p1_customized_event("p2p_chat_create", heard.append)
    handler = built.build()

    def judge(came: Received) -> tuple[int, bytes]:
        request = lark.RawRequest()
        request.uri, request.body, request.headers = "/feishu", came.raw, came.headers
        answer = handler.do(request)
        return answer.status_code, answer.content

    return judge


# Saving an address


async def test_an_address_must_repeat_the_challenge(clock: Clock, app: Receiver) -> None:
    async with FakeFeishu(encrypt_key=KEY, clock=clock) as feishu:
        app.judge = dispatcher(feishu, [])
        await feishu.console.save_webhook(app.url)
        app.judge = None
        app.challenge_answer = {"challenge": "another"}
        with pytest.raises(ConsoleRefused, match="Challenge"):
            await feishu.console.save_webhook(app.url)
        feishu.webhook.challenge_s = 0.1
        app.gate.clear()
        with pytest.raises(ConsoleRefused, match="timeout"):
            await feishu.console.save_webhook(app.url)
        with pytest.raises(ConsoleRefused, match="no connection"):
            await feishu.console.save_webhook("http://127.0.0.1:9/")
    assert "encrypt" in json.loads(app.challenges[0].raw)
    assert "X-Lark-Signature" not in app.challenges[0].headers


async def test_a_wrong_token_in_the_challenge_is_noticed(feishu: FakeFeishu, app: Receiver) -> None:
    app.judge = dispatcher(feishu, [])
    feishu.app.verification_token = "another"
    with pytest.raises(ConsoleRefused, match="HTTP 500"):
        await feishu.console.save_webhook(app.url)


# What is pushed


async def test_the_official_dispatcher_takes_every_kind(feishu: FakeFeishu, app: Receiver) -> None:
    heard: list[Any] = []
    app.judge = dispatcher(feishu, heard)
    li, wang = feishu.member("李娜"), feishu.outsider("王芳")
    wang.open_chat()
    asked = wang.say("@小助手 几点?")
    li.read()
    wang.recall(asked)
    group = feishu.group("招聘", li, bot=False)
    group.add_bot(li)
    li.say("@小助手 你好 @李娜", group.id)
    await feishu.until(lambda: len(heard) == 7)
    await feishu.until(lambda: not feishu.pending)
    assert app.kinds.count(RECEIVE) == 2
    assert set(app.kinds) == {CREATED, ENTERED, RECEIVE, READ, RECALLED, BOT_ADDED}
    by_type = [type(event).__name__ for event in heard]
    assert "CustomizedEvent" in by_type
    first, second = (e.event for e in heard if type(e).__name__ == "P2ImMessageReceiveV1")
    if first.message.chat_type != "p2p":
        first, second = second, first
    assert json.loads(first.message.content) == {"text": "@_user_1 几点?"}
    assert first.message.mentions[0].id.open_id == feishu.app.open_id
    assert first.sender.sender_id.open_id == wang.open_id
    assert first.sender.tenant_key == wang.person.tenant_key != feishu.app.tenant_key
    assert first.message.chat_id == wang.chat_id
    assert (second.message.chat_id, second.sender.tenant_key) == (group.id, feishu.app.tenant_key)
    assert [m.name for m in second.message.mentions] == ["小助手", "李娜"]
    moved = next(e.event for e in heard if type(e).__name__ == "P2ImChatMemberBotAddedV1")
    assert (moved.name, moved.external) == ("招聘", False)


async def test_the_first_chat_tells_the_name(feishu: FakeFeishu, app: Receiver) -> None:
    wang = feishu.outsider("王芳")
    wang.open_chat()
    wang.open_chat()
    await feishu.until(lambda: len(app.bodies) == 3)
    assert app.kinds == [CREATED, ENTERED, ENTERED]
    created, entered, _ = app.bodies
    assert (created["type"], "schema" in created) == ("event_callback", False)
    assert created["event"]["user"] == {"open_id": wang.open_id, "user_id": "", "name": "王芳"}
    assert entered["event"]["operator_id"]["open_id"] == wang.open_id
    assert entered["header"]["token"] == feishu.app.verification_token


async def test_messages_of_every_type_arrive(feishu: FakeFeishu, app: Receiver) -> None:
    li, state = feishu.member("李娜"), feishu.state
    feishu.console.subscribe([RECEIVE])
    written = [
        inbound.post("面试", "第一行", "第二行"),
        inbound.image(state),
        inbound.file(state, "简历.pdf", b"x"),
        inbound.audio(state),
        inbound.media(state),
        inbound.sticker(state),
        inbound.share_user(li.open_id),
        inbound.share_chat(li.chat_id),
        inbound.location("外滩"),
        inbound.merge_forward(),
        inbound.forwarded_card("卡片"),
        Written("hologram", {"beam": 1}),
    ]
    for one in written:
        li.send(one)
    await feishu.until(lambda: len(app.bodies) == len(written))
    messages = [body["event"]["message"] for body in app.bodies]
    assert [m["message_type"] for m in messages] == [one.kind for one in written]
    assert [json.loads(m["content"]) for m in messages] == [one.content for one in written]
    assert "duration" in json.loads(messages[3]["content"])


async def test_times_come_in_two_lengths(clock: Clock, app: Receiver) -> None:
    guess = Unconfirmed(header_micros=True, message_micros=True)
    fake = FakeFeishu(encrypt_key=KEY, clock=clock, unconfirmed=guess)
    async with pushing(fake, app) as feishu:
        feishu.console.subscribe([RECEIVE])
        feishu.member("李娜").say("迟到的", age_s=90)
        await feishu.until(lambda: app.bodies)
    (body,) = app.bodies
    assert body["header"]["create_time"] == "1790000000000000"
    assert body["event"]["message"]["create_time"] == "1789999910000000"


async def test_only_what_a_robot_may_hear_is_told(feishu: FakeFeishu, app: Receiver) -> None:
    feishu.console.subscribe([RECEIVE])
    li = feishu.member("李娜")
    group = feishu.group("招聘", li)
    li.say("大家好", group.id)
    group.other_bot_says("我是别的机器人")
    li.say("@小助手 在吗", group.id)
    feishu.console.grant("im:message.group_msg")
    group.other_bot_says("又是我")
    await feishu.until(lambda: len(app.bodies) == 2)
    senders = [body["event"]["sender"]["sender_type"] for body in app.bodies]
    assert senders == ["user", "bot"]
    feishu.console.withdraw("im:message", "im:message.p2p_msg:readonly")
    with pytest.raises(RuntimeError, match="no input box"):
        li.say("x")


@pytest.mark.parametrize(("guess", "ours"), [("theirs", False), ("ours", True)])
async def test_outsiders_may_not_be_told_apart(
    clock: Clock, app: Receiver, guess: Any, ours: bool
) -> None:
    fake = FakeFeishu(encrypt_key=KEY, clock=clock, unconfirmed=Unconfirmed(outsider_tenant=guess))
    async with pushing(fake, app) as feishu:
        feishu.console.subscribe([RECEIVE])
        feishu.outsider("王芳").say("你好")
        await feishu.until(lambda: app.bodies)
    body = app.bodies[0]
    assert (body["event"]["sender"]["tenant_key"] == body["header"]["tenant_key"]) == ours


async def test_without_a_key_nothing_is_sealed_or_signed(clock: Clock, app: Receiver) -> None:
    async with pushing(FakeFeishu(clock=clock), app) as feishu:
        feishu.member("李娜").open_chat()
        await feishu.until(lambda: len(app.received) == 2)
    assert "encrypt" not in json.loads(app.received[0].raw)
    assert "X-Lark-Signature" not in app.received[0].headers


# Published vectors


def test_the_published_vectors_hold() -> None:
    assert unseal("test key", "P37w+VZImNgPEO1RBhJ6RtKl7n6zymIbEG1pReEzghk=") == "hello world"
    assert (
        signature("1700000000", "n1", "ek-123", b'{"encrypt":"abc"}')
        == "f63f215d4ca6e156e3645e0e09d17d6236f93e0ab79b3ffeaa09f75205c777d0"
    )
    for broken in ("", "AAAA", "P37w+VZImNgPEO1RBhJ6RtKl7n6zymIbEG1pReEzghkA"):
        with pytest.raises(ValueError):
            unseal("test key", broken)


# Not the platform


async def test_the_official_dispatcher_tells_some_forgeries(
    feishu: FakeFeishu, app: Receiver, clock: Clock
) -> None:
    heard: list[Any] = []
    app.judge = dispatcher(feishu, heard)
    feishu.console.subscribe([RECEIVE])
    feishu.member("李娜").say("x")
    await feishu.until(lambda: not feishu.pending and heard)
    genuine = next(push for push in feishu.pushes if push.kind == "event")
    push, body = feishu.console.push, genuine.body
    wrong_token = {**body, "header": {**body["header"], "token": "x"}}
    assert (await push(body, tampered=True)).status == 500
    assert (await push(body, key="another")).status == 500
    assert (await push(wrong_token)).status == 500
    assert (await push(body, headers={"X-Lark-Signature": "0" * 64})).status == 500
    assert len(heard) == 1
    # What it lets through, an app must stop itself.
    assert (await push(body, age_s=86400)).status == 200
    assert (await push(body, sealed=False)).status == 200
    clock.at += 86400
    assert (await feishu.console.replay(genuine)).status == 200
    assert len(heard) == 4


async def test_pushes_may_come_at_the_same_time(feishu: FakeFeishu, app: Receiver) -> None:
    together = threading.Barrier(2, timeout=10)

    def judge(_: Received) -> tuple[int, bytes]:
        together.wait()
        return 200, b"{}"

    app.judge, feishu.webhook.answer_s = judge, 10
    feishu.console.subscribe([RECEIVE])
    for name in ("李娜", "王芳"):
        feishu.member(name).say("x")
    await feishu.until(lambda: not feishu.pending)
    assert all(event.status == "taken" for event in feishu.outbox.events)


async def test_a_handler_nobody_registered_is_a_failure(feishu: FakeFeishu, app: Receiver) -> None:
    app.judge = dispatcher(feishu, [])
    body = {"schema": "2.0", "header": {"event_type": "im.chat.updated_v1", "event_id": "e"}}
    body["header"]["token"] = feishu.app.verification_token  # type: ignore[index]
    event = feishu.outbox.raw(body)
    await feishu.until(lambda: event.attempts)
    assert event.attempts[0].status == 500
