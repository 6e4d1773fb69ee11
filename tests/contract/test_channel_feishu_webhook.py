"""Events and presses pushed to the Feishu channel's own address, as the product answers them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.channels.base import Channel
from bot.channels.feishu import Feishu
from bot.errors import BotError, Malformed, Refused, StorageUnavailable
from bot.messages import Address, Card, HttpCall
from tests.contract.place_feishu import (
    ENCRYPT_KEY,
    PATIENCE_S,
    TOKEN,
    Ear,
    Plain,
    answered,
    carded,
    feishu_call,
    feishu_channel,
    feishu_fake,
    feishu_sealed,
    met,
    offline_feishu,
    until,
)
from tests.fakes import feishu_inbound as written
from tests.fakes.feishu import FakeFeishu, Member
from tests.fakes.feishu_caller import Clock
from tests.fakes.feishu_receiver import Received as Came
from tests.fakes.feishu_receiver import Receiver

PAYLOADS = Path(__file__).parent / "payloads/feishu"


@asynccontextmanager
async def hooked(fake: FakeFeishu, channel: Channel, ear: Ear) -> AsyncIterator[Receiver]:
    """The product's own address: what comes is received, accepted, and answered."""
    loop = asyncio.get_running_loop()

    async def answer(came: Came) -> tuple[int, bytes]:
        headers = {name.lower(): value for name, value in came.headers.items()}
        call = HttpCall(method="POST", headers=headers, query={}, body=came.raw)
        try:
            received = await channel.receive(call)
            if received.told:
                await ear.accept(received)
            await asyncio.sleep(ear.linger_s)
        except (Refused, Malformed) as error:
            return (403 if isinstance(error, Refused) else 400), b""
        except BotError:
            return 503, b""
        return 200, received.reply

    def judge(came: Came) -> tuple[int, bytes]:
        return asyncio.run_coroutine_threadsafe(answer(came), loop).result(PATIENCE_S)

    with Receiver(ENCRYPT_KEY, judge=judge) as receiver:
        await fake.console.save_webhook(receiver.url, receiver.url)
        yield receiver


@asynccontextmanager
async def pushing(**more: Any) -> AsyncIterator[tuple[FakeFeishu, Feishu, Member, Ear]]:
    ear = Ear()
    async with (
        feishu_fake(**more) as fake,
        feishu_channel(fake, section={"mode": "webhook"}) as channel,
        hooked(fake, channel, ear),
    ):
        await asyncio.wait_for(channel.listen(ear.accept), 1)  # nothing to hold
        yield fake, channel, met(fake), ear


async def test_the_console_saves_our_address_and_events_come_there() -> None:
    async with pushing() as (fake, _, li, ear):
        li.say("从网页钩子来")
        li.send(written.file(fake.state, "简历.pdf", b"%PDF"))
        await until(fake, lambda: len(ear.texts) == 2 and fake.pending == 0)
        assert ear.texts == ["从网页钩子来", "[文件] 简历.pdf"]
        assert {push.status for push in fake.pushes} == {200}


async def test_first_contact_is_one_whichever_event_tells_of_it() -> None:
    async with pushing() as (fake, _, _li, ear):
        fake.member("王敏").open_chat()
        await until(fake, lambda: len(ear.ids) == 2 and fake.pending == 0)
        assert len(set(ear.ids)) == 1


async def test_a_pushed_press_is_answered_with_a_toast_and_the_card_stays_changed() -> None:
    async with pushing() as (fake, channel, li, ear):
        receipt = await carded(channel, li)
        ear.linger_s = 0.05
        pressed = li.press(receipt.value, "误报")
        await until(fake, lambda: ear.texts)
        [payload] = channel.render(Card(title="t", quote="", lines=(), question="", note="好了"))
        await channel.send(Address("feishu", li.open_id), payload, key="2", replaces=receipt)
        await answered(pressed)
        assert (pressed.code, pressed.toast and pressed.toast.content) == (0, "已收到")
        assert "好了" in li.card(receipt.value).text  # not overtaken by the answer


@pytest.mark.parametrize("slow_s", [0.0, 0.3])
async def test_a_card_stays_changed_whoever_changes_it_and_however_slow_the_store_was(
    slow_s: float,
) -> None:
    """With PostgreSQL one process answers the press and another one changes the card."""
    async with (
        pushing() as (fake, _, li, ear),
        feishu_channel(fake, section={"mode": "webhook"}) as worker,
    ):
        receipt = await carded(worker, li)
        ear.slow_s, ear.linger_s = slow_s, 0.05
        pressed = li.press(receipt.value, "误报")
        await until(fake, lambda: ear.texts)
        [payload] = worker.render(Card(title="t", quote="", lines=(), question="", note="好了"))
        await worker.send(Address("feishu", li.open_id), payload, key="2", replaces=receipt)
        await answered(pressed)
        assert "好了" in li.card(receipt.value).text


async def test_keys_can_be_changed_without_losing_an_event() -> None:
    """What was sealed with the keys from before is taken while both are set, and then no more."""
    before = {"old_encrypt_key": Plain(ENCRYPT_KEY), "old_verification_token": Plain(TOKEN)}
    after = {"encrypt_key": Plain("new-key-of-the-tests"), "verification_token": Plain("new-token")}
    body = (PAYLOADS / "text.json").read_bytes()
    question = {"challenge": "c-1", "token": TOKEN, "type": "url_verification"}
    sealed = json.dumps({"encrypt": feishu_sealed(json.dumps(question).encode())}).encode()
    asked = HttpCall(method="POST", headers={}, query={}, body=sealed)
    both, new = offline_feishu(**after, **before), offline_feishu(**after)
    assert len((await both.receive(feishu_call(body))).messages) == 1
    assert json.loads((await both.receive(asked)).reply) == {"challenge": "c-1"}
    for call in (feishu_call(body), asked):
        with pytest.raises(Refused):
            await new.receive(call)
    for channel in (both, new):
        await channel.stop()


async def test_what_a_full_disk_refused_is_pushed_again() -> None:
    clock = Clock()
    async with feishu_fake(clock=clock) as fake:

        def now() -> datetime:
            return datetime.fromtimestamp(clock(), UTC)

        ear = Ear()
        async with (
            feishu_channel(fake, section={"mode": "webhook"}, now=now) as channel,
            hooked(fake, channel, ear),
        ):
            li = met(fake)
            ear.refuse = lambda _: StorageUnavailable("the disk is full")
            li.say("别丢")
            await until(fake, lambda: fake.outbox.events[0].attempts)
            ear.refuse = lambda _: None
            clock.at += 16
            await until(fake, lambda: fake.pending == 0)
            assert ear.texts == ["别丢"]


async def test_forged_pushes_are_refused_and_tell_nothing() -> None:
    async with pushing() as (fake, _, li, ear):
        li.say("真的")
        await until(fake, lambda: ear.texts)
        body = next(push for push in fake.pushes if push.kind == "event").body
        statuses = [
            (await fake.console.push(body, **forged)).status
            for forged in (
                {"signed": False},
                {"sealed": False},
                {"signed": False, "sealed": False},
                {"key": "another-key"},
                {"tampered": True},
                {"age_s": 301.5},
                {"age_s": -302.5},
            )
        ]
        wrong = json.loads(json.dumps(body))
        wrong["header"]["token"] = "wrong"
        statuses.append((await fake.console.push(wrong)).status)
        assert statuses == [403] * 8
        assert ear.texts == ["真的"]
