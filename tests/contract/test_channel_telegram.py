"""What the Telegram channel promises beyond every channel: what it says, and its errors."""

from __future__ import annotations

import asyncio
import json
import logging
import traceback
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.alerts import actions
from bot.alerts.actions import Press
from bot.channels.base import Channel
from bot.errors import CredentialsWrong, DeliveryError, GiveUp, TryLater, Unknown
from bot.messages import Address, Button, Card, Content, Receipt
from tests.contract.channel_places import BASE_URL, channel_of, started
from tests.fakes.telegram import FakeTelegram, FakeUser
from tests.full_card import a_full_card

CARDS = Path(__file__).parent / "golden/telegram/cards"
LI = Address("telegram", "700")


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram(limits=False, speed=200.0) as running:
        yield running


@pytest.fixture
def li(fake: FakeTelegram) -> FakeUser:
    """Somebody who pressed Start; the update of it is taken."""
    return started(fake)


@pytest.fixture
async def channel(fake: FakeTelegram) -> AsyncIterator[Channel]:
    async with channel_of(fake) as running:
        yield running


async def say(channel: Channel, text: str = "你好", key: str = "k") -> Receipt:
    [payload] = channel.render(Content(text=text))
    return await channel.send(LI, payload, key=key)


def card(**more: Any) -> Card:
    given: dict[str, Any] = {
        "title": "立即 · 其他机会",
        "quote": "我手上还有一家 offer，薪资高一些",
        "lines": (("候选人", "李娜"), ("职位", "后端工程师"), ("请在此前处理", "今天 18:00")),
        "question": "对方给了什么条件？最看重哪一点？",
        "buttons": tuple(
            Button(label, actions.action("a_" + "k3" * 13, press))
            for label, press in zip(("有用", "误报", "已处理", "稍后"), Press, strict=True)
        ),
        "link": f"{BASE_URL}/console/alerts/a_1",
        "said": "李娜 · 11月28日 周六 14:05",
        "advice": "建议回复：李娜您好，有别的机会很正常，谢谢您告诉我。您最看重的是哪一点？",
        "before": "之前的对话：\n我方：offer 您看过了吗？\n对方：看过了，谢谢",
    }
    return Card(**given | more)


# Errors say what to do next


async def test_429_is_later_with_the_delay_the_platform_asked_for(
    fake: FakeTelegram, channel: Channel, li: FakeUser
) -> None:
    fake.fail_next("sendMessage", 429, retry_after=7)
    with pytest.raises(TryLater) as caught:
        await say(channel)
    assert caught.value.delay == timedelta(seconds=7)
    await say(channel)
    assert li.texts() == ["你好"]


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_a_platform_that_is_down_is_later(
    fake: FakeTelegram, channel: Channel, li: FakeUser, status: int
) -> None:
    fake.fail_next("sendMessage", status)
    with pytest.raises(TryLater):
        await say(channel)


@pytest.mark.parametrize("status", [400, 402, 403, 406, 413])
async def test_any_other_refusal_is_given_up(
    fake: FakeTelegram, channel: Channel, li: FakeUser, status: int
) -> None:
    fake.fail_next("sendMessage", status)
    with pytest.raises(GiveUp):
        await say(channel)


async def test_who_cannot_be_reached_is_given_up_with_words_for_hr(
    fake: FakeTelegram, channel: Channel, li: FakeUser
) -> None:
    li.block()
    with pytest.raises(GiveUp, match="屏蔽"):
        await say(channel)
    with pytest.raises(GiveUp, match="邀请链接"):
        await channel.send(Address("telegram", "701"), {"text": "你好"}, key="other")
    with pytest.raises(GiveUp):
        await channel.send(Address("telegram", "@lina"), {"text": "你好"}, key="name")


async def test_a_lost_answer_is_unknown_because_the_person_may_have_it(
    fake: FakeTelegram, channel: Channel, li: FakeUser
) -> None:
    fake.drop_after_delivery("sendMessage")
    with pytest.raises(Unknown):
        await say(channel)
    assert li.texts() == ["你好"]
    fake.drop_before_delivery("sendMessage")
    with pytest.raises(Unknown):
        await say(channel, key="other")


async def test_an_answer_nobody_understands_is_unknown(
    fake: FakeTelegram, channel: Channel, li: FakeUser
) -> None:
    fake.fail_next("sendMessage", 200)
    with pytest.raises(Unknown):
        await say(channel)


async def test_nobody_listening_is_later_because_nothing_left(fake: FakeTelegram) -> None:
    async with channel_of(fake) as channel:
        await asyncio.to_thread(fake.stop)
        with pytest.raises(TryLater):
            await say(channel)


@pytest.mark.parametrize("token", ["12345:TEST-token-that-was-revoked-00001", "nonsense"])
async def test_a_wrong_token_is_named_and_does_not_use_up_the_tries(
    fake: FakeTelegram, token: str
) -> None:
    async with channel_of(fake, bot_token=token) as channel:
        with pytest.raises(CredentialsWrong, match="@BotFather"):
            await channel.check()
        with pytest.raises(TryLater, match="@BotFather") as caught:
            await say(channel)
        assert caught.value.delay == timedelta(minutes=5)


async def test_check_tells_a_platform_that_is_down_from_a_wrong_token(
    fake: FakeTelegram, channel: Channel
) -> None:
    fake.fail_next("getMe", 502, times=5)
    with pytest.raises(TryLater):
        await channel.check()


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 409, 418, 429, 500, 502])
async def test_the_token_is_in_no_error_and_no_log(
    fake: FakeTelegram,
    status: int,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = fake.token.partition(":")[2]
    started(fake)
    async with channel_of(fake) as channel:
        echo = f"no such page: /bot{fake.token}/sendMessage"
        fake.fail_next("*", status, times=20, description=echo)
        said: list[str] = []
        for call in (
            lambda: say(channel),
            channel.check,
            lambda: channel.noticed("q:1", "好"),
            lambda: anext(aiter(channel.fetch("x"))),
        ):
            try:
                await call()
            except (DeliveryError, CredentialsWrong) as error:
                said += [repr(error), *traceback.format_exception(error)]
    assert len(said) > 4
    assert secret not in "".join(said)
    assert secret not in caplog.text
    assert secret not in "".join(capfd.readouterr())
    assert secret not in repr(channel)


# What is said


async def test_markup_the_platform_refuses_is_said_again_without(
    fake: FakeTelegram, channel: Channel, li: FakeUser
) -> None:
    refusal = "Bad Request: can't parse entities: Unsupported start tag"
    fake.fail_next("sendMessage", 400, description=refusal)
    [payload] = channel.render(card(quote="a <b> & c"))
    await channel.send(LI, payload, key="k")
    [shown] = li.received()
    assert "a <b> & c" in shown.text
    assert shown.labels == ["有用", "误报", "已处理", "稍后"]
    assert not [entity for entity in shown.entities if entity["type"] == "bold"]


async def test_a_card_that_is_gone_is_sent_anew(
    fake: FakeTelegram, channel: Channel, li: FakeUser
) -> None:
    [payload] = channel.render(card())
    first = await channel.send(LI, payload, key="1")
    fake.state.chats[700].clear()
    again = await channel.send(LI, payload, key="2", replaces=first)
    assert again != first
    assert [message.message_id for message in li.received()] == [int(again.value)]


async def test_a_text_of_several_parts_does_not_repeat_what_arrived() -> None:
    async with FakeTelegram(burst=1) as fake:
        li = started(fake)
        async with channel_of(fake) as channel:
            payloads = channel.render(Content(text="一" * 4096 + "二" * 10))

            async def send_all() -> None:
                for part, payload in enumerate(payloads):
                    await channel.send(LI, payload, key=f"k#{part}")

            with pytest.raises(TryLater) as caught:
                await send_all()
            assert caught.value.delay is not None
            await asyncio.sleep(caught.value.delay.total_seconds())
            await send_all()
            assert [len(text) for text in li.texts()] == [4096, 10]


async def test_digests_arrive_without_a_sound(
    fake: FakeTelegram, channel: Channel, li: FakeUser
) -> None:
    for quiet in (True, False):
        [payload] = channel.render(card(quiet=quiet))
        await channel.send(LI, payload, key=str(quiet))
    flags = [call.params.get("disable_notification") for call in fake.calls_of("sendMessage")]
    assert flags == ["true", None]


GOLDEN_CARDS = {
    "everything": a_full_card(),
    "open": card(),
    "https_link": card(link="https://hr.example.com/console/candidates/c_1"),
    "judged_still_open": card(note="王敏 已标记有用 · 14:02", buttons=card().buttons[1:]),
    "resolved": card(note="王敏 已标记已处理 · 14:02", buttons=()),
    "quiet": card(quiet=True, lines=(), link=""),
    "hostile": card(
        quote="</blockquote><a href='tg://x'>&amp;</a>",
        lines=(("候选人", "<b>&lt;李</b>"),),
        note="a<b>c",
    ),
    "long_quote": card(quote="很长的一句话。" * 700),
}


@pytest.mark.parametrize("name", sorted(GOLDEN_CARDS))
async def test_a_card_is_drawn_as_its_golden_one_and_the_platform_takes_it(
    channel: Channel, li: FakeUser, name: str
) -> None:
    [payload] = channel.render(GOLDEN_CARDS[name])
    golden = await asyncio.to_thread((CARDS / f"{name}.json").read_text, encoding="utf-8")
    assert payload == json.loads(golden)
    await channel.send(LI, payload, key="k")
    [shown] = li.received()
    assert GOLDEN_CARDS[name].quote[:20] in shown.text
    assert {"bold", "blockquote"} & {entity["type"] for entity in shown.entities}


# Presses and files


async def test_a_noticed_press_stops_spinning(
    fake: FakeTelegram, channel: Channel, li: FakeUser
) -> None:
    receipt = await channel.send(LI, channel.render(card())[0], key="k")
    query = li.press(int(receipt.value), "有用")
    fake.drop_after_delivery("answerCallbackQuery")
    with pytest.raises(TryLater):  # harmless to repeat, so nobody is asked to look
        await channel.noticed(f"q:{query}", "已记录" * 100)
    await channel.noticed(f"q:{query}", "已记录")
    assert li.spinning() == []
    assert li.answers()[0].startswith("已记录")


async def test_a_file_is_streamed(fake: FakeTelegram, channel: Channel, li: FakeUser) -> None:
    data = bytes(range(256)) * 1_000
    message = li.send_document("简历.pdf", data)
    file_id = li.seen(message).file_id
    assert file_id is not None
    chunks = [chunk async for chunk in channel.fetch(file_id)]
    assert b"".join(chunks) == data
    assert len(chunks) > 1
    with pytest.raises(GiveUp, match="附件"):
        await anext(aiter(channel.fetch("gone")))
