"""Events of the stand-in for Feishu that come again, come twice, come late or out of order."""

import json
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.fakes.feishu import Event, FakeFeishu, Unconfirmed
from tests.fakes.feishu_caller import Clock, pushing
from tests.fakes.feishu_news import RECEIVE
from tests.fakes.feishu_receiver import Receiver

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


# Trying again


async def tried(feishu: FakeFeishu, event: Event, times: int) -> None:
    await feishu.until(lambda: len(event.attempts) == times)


async def test_what_is_not_taken_comes_again_four_times(
    feishu: FakeFeishu, app: Receiver, clock: Clock
) -> None:
    app.statuses = [500, 404, 302, 201, 200]
    feishu.console.subscribe([RECEIVE])
    feishu.member("李娜").say("x")
    (event,) = feishu.outbox.events
    for tries, wait in enumerate((15, 300, 3600, 21600), start=1):
        await tried(feishu, event, tries)
        clock.at += wait - 1
        await feishu.until(lambda: event.status == "waiting")
        assert len(app.received) == tries
        clock.at += 1
    await feishu.until(lambda: event.status == "taken")
    assert len({body["header"]["event_id"] for body in app.bodies}) == 1
    signatures = {came.headers["X-Lark-Signature"] for came in app.received}
    assert len(signatures) == 5
    assert event.attempts[0].error == "HTTP 500"


async def test_after_the_last_try_it_is_given_up(
    feishu: FakeFeishu, app: Receiver, clock: Clock
) -> None:
    app.statuses = [500] * 9
    feishu.console.subscribe([RECEIVE])
    feishu.member("李娜").say("x")
    (event,) = feishu.outbox.events
    for tries in range(1, 6):
        await tried(feishu, event, tries)
        clock.at += 21600
    await feishu.until(lambda: event.status == "given_up")
    assert (len(app.received), feishu.pending) == (5, 0)


async def test_a_retry_may_be_the_same_bytes(clock: Clock, app: Receiver) -> None:
    fake = FakeFeishu(encrypt_key=KEY, clock=clock, unconfirmed=Unconfirmed(fresh_retries=False))
    async with pushing(fake, app) as feishu:
        app.statuses = [500]
        feishu.console.subscribe([RECEIVE])
        feishu.member("李娜").say("x")
        await feishu.until(lambda: feishu.outbox.events[0].attempts)
        clock.at += 15
        await feishu.until(lambda: not feishu.pending)
    first, second = app.received
    assert (first.raw, first.headers["X-Lark-Signature"]) == (
        second.raw,
        second.headers["X-Lark-Signature"],
    )


async def test_an_answer_must_come_in_time(clock: Clock, app: Receiver) -> None:
    fake = FakeFeishu(encrypt_key=KEY, clock=clock, answer_s=0.1)
    async with pushing(fake, app) as feishu:
        app.gate.clear()
        feishu.console.subscribe([RECEIVE])
        feishu.member("李娜").say("x")
        (event,) = feishu.outbox.events
        await feishu.until(lambda: event.attempts)
        assert event.attempts[0].error == "timeout"
        app.gate.set()
        feishu.webhook.answer_s = 3
        clock.at += 15
        await feishu.until(lambda: event.status == "taken")


@pytest.mark.parametrize("ordered", [frozenset({RECEIVE}), frozenset[str]()])
async def test_ordered_events_wait_for_the_one_in_front(
    clock: Clock, app: Receiver, ordered: frozenset[str]
) -> None:
    fake = FakeFeishu(encrypt_key=KEY, clock=clock, unconfirmed=Unconfirmed(ordered=ordered))
    async with pushing(fake, app) as feishu:
        app.statuses = [500]
        feishu.console.subscribe([RECEIVE])
        li = feishu.member("李娜")
        for words in "123":
            li.say(words)
        await feishu.until(lambda: len(app.received) == (1 if ordered else 3))
        await feishu.until(lambda: feishu.outbox.events[0].attempts)
        clock.at += 15
        await feishu.until(lambda: not feishu.pending)
    said = [json.loads(body["event"]["message"]["content"])["text"] for body in app.bodies]
    assert said == (["1", "1", "2", "3"] if ordered else ["1", "2", "3", "1"])


# At least once


@pytest.mark.parametrize("new_id", [False, True])
async def test_an_event_may_come_twice(feishu: FakeFeishu, app: Receiver, new_id: bool) -> None:
    feishu.console.subscribe([RECEIVE])
    feishu.outbox.deliver_twice(new_id=new_id)
    feishu.member("李娜").say("x")
    await feishu.until(lambda: len(app.bodies) == 2)
    first, second = app.bodies
    assert first["event"]["message"]["message_id"] == second["event"]["message"]["message_id"]
    assert (first["header"]["event_id"] != second["header"]["event_id"]) == new_id


async def test_events_may_come_late_and_in_any_order(
    feishu: FakeFeishu, app: Receiver, clock: Clock
) -> None:
    feishu.console.subscribe([RECEIVE])
    li = feishu.member("李娜")
    feishu.outbox.deliver_late(600)
    li.say("早")
    li.say("晚")
    await feishu.until(lambda: len(app.bodies) == 1)
    clock.at += 600
    await feishu.until(lambda: len(app.bodies) == 2)
    feishu.outbox.hold()
    li.say("1")
    li.say("2")
    feishu.outbox.release("reversed")
    await feishu.until(lambda: len(app.bodies) == 4)
    said = [json.loads(body["event"]["message"]["content"])["text"] for body in app.bodies]
    assert said == ["晚", "早", "2", "1"]
