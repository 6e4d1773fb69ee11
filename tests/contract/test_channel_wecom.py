"""What WeCom's channel says to customers, and when it may."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from bot.channels.base import window_of
from bot.channels.plain_text import octets
from bot.channels.wecom import WeCom
from bot.errors import GiveUp, Hold, TryLater, Unknown
from bot.messages import Address, Button, Card, Content, Ticket
from tests.contract.place_wecom import Clock, channel_of, kf, pulled, say
from tests.fakes.wecom import Customer, FakeWeCom

TWO_DAYS = 48 * 3600.0 + 1
LI = "app/lina"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def fake(clock: Clock) -> AsyncIterator[FakeWeCom]:
    async with FakeWeCom(clock=clock) as running:
        yield running


@pytest.fixture
async def channel(fake: FakeWeCom, clock: Clock) -> AsyncIterator[WeCom]:
    async with channel_of(fake, clock) as running:
        yield running


@pytest.fixture
def li(fake: FakeWeCom) -> Customer:
    """Somebody who has written."""
    customer = fake.customer("李娜")
    customer.write("你好")
    return customer


# What is said


async def test_a_text_reaches_a_customer_as_it_was_said(channel: WeCom, li: Customer) -> None:
    text = '<b>1 & 2</b> "三" \\u4e2d *四*\t👨‍👩‍👧\n第二行'
    [receipt] = await say(channel, li, text)
    [seen] = li.seen()
    assert (seen.text, seen.msgid) == (text, receipt.value)


async def test_signs_the_platform_would_refuse_are_left_out(channel: WeCom, li: Customer) -> None:
    await say(channel, li, "一\x00\x07\x1b二")
    assert li.texts() == ["一二"]


async def test_a_long_text_is_said_in_parts_that_fit(channel: WeCom, li: Customer) -> None:
    text = "".join(f"第{n}句，都很在意落户。" for n in range(100))
    await say(channel, li, text)
    assert "".join(li.texts()) == text
    assert all(octets(part) <= 2048 for part in li.texts())
    assert len(li.texts()) <= 2


async def test_choices_are_a_menu_and_pressing_one_is_a_press(channel: WeCom, li: Customer) -> None:
    buttons = tuple(Button(f"选项{n}", f"survey:1:{n}") for n in range(8))
    await say(channel, li, Content(text="入职第一周感觉怎么样？", buttons=buttons))
    [seen] = li.seen()
    assert [item["click"]["id"] for item in seen.content["list"]] == [
        f"survey:1:{n}" for n in range(8)
    ]
    li.click("选项2")
    press = (await pulled(channel, li)).messages[-1]
    assert (press.kind.value, press.text) == ("press", "survey:1:2")
    li.write("选项2")  # typed, and so no press
    assert (await pulled(channel, li)).messages[-1].kind.value == "text"


async def test_what_a_menu_has_no_line_for_is_counted_below_it(
    channel: WeCom, li: Customer
) -> None:
    buttons = tuple(Button(f"选项{n}", f"survey:1:{n}") for n in range(12))
    await say(channel, li, Content(text="打几分？", buttons=buttons))
    [seen] = li.seen()
    assert len(seen.content["list"]) == 10
    assert seen.content["tail_content"] == "请回复数字：\n11. 选项10\n12. 选项11"


async def test_a_long_question_is_said_before_its_choices(channel: WeCom, li: Customer) -> None:
    long = Content(text="一句话。" * 100, buttons=(Button("好", "yes"), Button("", "no label")))
    await say(channel, li, long)
    first, second = li.seen()
    assert first.text == "一句话。" * 100 + "\n\n请回复数字：\n2."
    assert second.text.startswith("请选择：\n好")


async def test_a_card_for_a_customer_is_one_message_with_a_menu(
    channel: WeCom, li: Customer
) -> None:
    buttons = (Button("好", "yes"),)
    card = Card(title="题", quote="很长。" * 900, lines=(("甲", "乙"),), question="问？")
    for n, given in enumerate((card, Card(**_fields(card) | {"buttons": buttons, "link": "l"}))):
        await say(channel, li, given, key=str(n))
    plain, menu = li.seen()
    assert "问？" in plain.text
    assert octets(menu.content["head_content"]) <= 1024
    assert menu.labels == ["好"]


def _fields(card: Card) -> dict[str, Any]:
    names = ("title", "quote", "lines", "question")
    return {name: getattr(card, name) for name in names}


# Welcome


async def test_a_welcome_uses_the_code_and_the_rest_waits(fake: FakeWeCom, channel: WeCom) -> None:
    li = fake.customer()
    li.enter()
    [start] = (await pulled(channel, li)).messages
    assert start.ticket
    to = Address("wecom", start.sender.value, start.ticket)
    [first] = await say(channel, to, "欢迎")
    assert [(seen.by, seen.msgid) for seen in li.seen()] == [("code", first.value)]
    with pytest.raises(Hold, match="开口"):
        await say(channel, to, "还有一件事", key="more")
    li.write("好")
    await say(channel, to, "还有一件事", key="more")
    assert li.texts() == ["欢迎", "还有一件事"]
    assert len(fake.calls_of("kf/send_msg_on_event")) == 1


async def test_a_late_or_refused_code_falls_back_to_an_ordinary_message(
    fake: FakeWeCom, channel: WeCom, clock: Clock
) -> None:
    li = fake.customer()
    code = li.enter()
    li.write("你好")
    ticket = Ticket(value=code, until=clock.now() + timedelta(seconds=20))
    to = Address("wecom", kf(li).value, ticket)
    fake.fail_next("kf/send_msg_on_event", 41050)
    await say(channel, to, "一", key="1")
    await say(channel, to, "二", key="2")  # a refused code is not tried again
    clock.seconds += 21
    other = Address("wecom", to.value, Ticket(value="old", until=clock.now()))
    await say(channel, other, "三", key="3")
    assert [seen.by for seen in li.seen()] == ["api"] * 3
    assert len(fake.calls_of("kf/send_msg_on_event")) == 1


async def test_a_busy_platform_does_not_use_up_the_code(fake: FakeWeCom, channel: WeCom) -> None:
    li = fake.customer()
    li.enter()
    [start] = (await pulled(channel, li)).messages
    to = Address("wecom", start.sender.value, start.ticket)
    fake.fail_next("kf/send_msg_on_event", -1)
    with pytest.raises(TryLater):
        await say(channel, to, "欢迎")
    fake.drop_after_delivery("kf/send_msg_on_event")
    with pytest.raises(Unknown):
        await say(channel, to, "欢迎")
    await say(channel, to, "欢迎")
    assert li.texts() == ["欢迎"]


async def test_a_welcome_whose_answer_was_lost_is_not_said_again(
    fake: FakeWeCom, channel: WeCom
) -> None:
    li = fake.customer()
    li.enter()
    [start] = (await pulled(channel, li)).messages
    to = Address("wecom", start.sender.value, start.ticket)
    fake.drop_after_delivery("kf/send_msg_on_event")
    with pytest.raises(Unknown):
        await say(channel, to, "欢迎")
    await say(channel, to, "欢迎")
    assert li.texts() == ["欢迎"]
    assert not fake.calls_of("kf/send_msg")  # the used code has said enough


async def test_what_somebody_died_over_is_not_said_twice_and_its_rest_is_said(
    fake: FakeWeCom, clock: Clock, li: Customer
) -> None:
    text = "很长。" * 300
    async with channel_of(fake, clock) as channel:
        first, second = channel.render(Content(text=text))
        await channel.send(kf(li), first, key="o_1")
    async with channel_of(fake, clock) as channel:
        for part, payload in enumerate((first, second)):
            key = f"o_1#{part}" if part else "o_1"
            await channel.send(kf(li), payload, key=key, again=True)
    assert "".join(li.texts()) == text
    async with channel_of(fake, clock) as channel:  # nobody tried: it is refused for a reason
        with pytest.raises(GiveUp):
            await channel.send(kf(li), first, key="o_1")


# Windows and states


async def test_the_window_is_told_for_customers_only(channel: WeCom, li: Customer) -> None:
    window = window_of(channel.limits, kf(li).value)
    assert window is not None
    assert (window.lasts, window.messages) == (timedelta(hours=48), 5)
    assert window_of(channel.limits, LI) is None


async def test_what_the_window_forbids_is_held_until_they_write(
    channel: WeCom, li: Customer, clock: Clock
) -> None:
    for n in range(5):
        await say(channel, li, str(n), key=str(n))
    with pytest.raises(Hold, match="条数"):
        await say(channel, li, "第六条", key="6")
    li.write("嗯")
    await say(channel, li, "第六条", key="6")
    clock.seconds += TWO_DAYS
    with pytest.raises(Hold, match="48 小时"):
        await say(channel, li, "太晚", key="late")
    assert li.texts()[-1] == "第六条"


async def test_a_session_of_a_colleague_is_held_and_said_so(
    fake: FakeWeCom, channel: WeCom, li: Customer
) -> None:
    fake.servicer(fake.member("Wang", "王敏"))
    await channel.transfer(kf(li).value, ["app/Wang"])
    with pytest.raises(Hold, match="接待"):
        await say(channel, li)
    fake.fail_next("kf/service_state/get", -1)
    with pytest.raises(Hold, match="状态"):
        await say(channel, li)
    assert (await channel.state(kf(li).value)).servicer == "app/wang"


@pytest.mark.parametrize(("claims", "state"), [(True, 1), (False, 0)])
async def test_a_new_session_is_taken_for_the_bot_if_the_settings_say_so(
    fake: FakeWeCom, clock: Clock, li: Customer, claims: bool, state: int
) -> None:
    async with channel_of(fake, clock, kf_claims_new=claims) as channel:
        fake.fail_next("kf/send_msg", -1)
        with pytest.raises(TryLater):
            await say(channel, li)
        assert li.session.state == state
        fake.fail_next("kf/service_state/get", 95016)  # is not what sending depends on
        await say(channel, li)
        assert li.texts() == ["你好"]


# Files


async def test_a_file_is_streamed(fake: FakeWeCom, channel: WeCom, li: Customer) -> None:
    data = bytes(range(256)) * 2_000
    li.send_file("简历.pdf", data)
    [media] = (await pulled(channel, li)).messages[-1].media
    fake.revoke_tokens()
    chunks = [chunk async for chunk in channel.fetch(media.id)]
    assert b"".join(chunks) == data
    assert len(chunks) > 1
    assert channel.file_name(media.id) == "简历.pdf"
    assert channel.file_name("never fetched") == ""


async def test_a_file_in_json_is_a_file_and_an_error_in_json_is_an_error(
    fake: FakeWeCom, channel: WeCom, clock: Clock, li: Customer
) -> None:
    li.send_file("a.json", b'{"errcode": 40007}')
    [media] = (await pulled(channel, li)).messages[-1].media
    assert [chunk async for chunk in channel.fetch(media.id)] == [b'{"errcode": 40007}']
    assert channel.file_name(media.id) == "a.json"
    fake.fail_next("media/get", 45009)
    with pytest.raises(TryLater):
        await anext(aiter(channel.fetch(media.id)))
    fake.drop_before_delivery("media/get")
    with pytest.raises(TryLater):
        await anext(aiter(channel.fetch(media.id)))
    clock.seconds += 3 * 86_400 + 1
    with pytest.raises(GiveUp, match="三天"):
        await anext(aiter(channel.fetch(media.id)))
