"""Cards on DingTalk: drawn, pressed, changed, and what stands in where there are none."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.alerts import actions
from bot.alerts.actions import Press
from bot.channels.dingtalk import DingTalk
from bot.errors import GiveUp, TryLater, Unknown
from bot.messages import Address, Button, Receipt, Received
from storage.enums import MessageKind
from tests.contract.dingtalk_desk import ALERT, CREATE, LI, UPDATE, card, show
from tests.contract.place_dingtalk import (
    BUTTONS,
    TEMPLATE,
    channel_for,
    listening,
)
from tests.fakes.dingtalk import FakeDingTalk, Member, Unconfirmed
from tests.full_card import a_full_card


@pytest.fixture
async def fake() -> AsyncIterator[FakeDingTalk]:
    async with FakeDingTalk(limits=False) as running:
        running.template(TEMPLATE, *BUTTONS)
        yield running


@pytest.fixture
def li(fake: FakeDingTalk) -> Member:
    return fake.member("u1", "李HR", mobile="13800000001", title="招聘主管")


@pytest.fixture
async def channel(fake: FakeDingTalk) -> AsyncIterator[DingTalk]:
    async with channel_for(fake) as running:
        yield running


CARDS = Path(__file__).parent / "golden/dingtalk/cards"


async def test_a_card_is_pressed_answered_at_once_and_then_told_what_came_of_it(
    fake: FakeDingTalk, channel: DingTalk, li: Member
) -> None:
    receipt = await show(channel, card())
    track = receipt.value.removeprefix("c/")
    heard: asyncio.Queue[Received] = asyncio.Queue()
    async with listening(channel, fake, heard.put):
        press = li.press(track, "误报")
        [message] = (await asyncio.wait_for(heard.get(), 5)).messages
        await fake.until(lambda: press.done)
    assert press.status == "answered"
    assert message.kind is MessageKind.PRESS
    assert actions.parse(message.text) == (ALERT, Press.FALSE_ALARM)
    assert "处理" in li.card(track).data["answer"]
    for _ in range(2):
        await channel.noticed(message.external_id, "已标记误报")
    assert li.card(track).data["answer"] == "已标记误报"
    assert len(fake.calls_of(UPDATE)) == 1
    other = fake.member("u2")
    await show(channel, card(), key="2", to=Address("dingtalk", "u/u2"))
    assert "answer" not in other.cards()[0].data


@pytest.mark.parametrize("shape", ["inside", "beside", "top"])
async def test_a_press_is_understood_in_every_shape_seen(
    fake: FakeDingTalk, channel: DingTalk, li: Member, shape: Any
) -> None:
    fake.state.unconfirmed = Unconfirmed(card_params=shape)
    receipt = await show(channel, card())
    heard: asyncio.Queue[Received] = asyncio.Queue()
    async with listening(channel, fake, heard.put):
        li.press(receipt.value[2:], "有用")
        [message] = (await asyncio.wait_for(heard.get(), 5)).messages
    assert actions.parse(message.text) == (ALERT, Press.USEFUL)


@pytest.mark.parametrize("reuse", ["refused", "delivered_again"])
async def test_a_card_whose_answer_was_lost_is_found_again_under_its_key(
    fake: FakeDingTalk, li: Member, reuse: Any
) -> None:
    fake.state.unconfirmed = Unconfirmed(card_reuse=reuse)
    async with channel_for(fake) as channel:
        fake.drop_after_delivery(CREATE)
        with pytest.raises(Unknown):
            await show(channel, card())
    async with channel_for(fake) as channel:  # another process
        receipt = await show(channel, card(title="立即 · 新的"))
    [shown] = li.cards()
    assert receipt == Receipt(f"c/{shown.out_track_id}")
    assert li.texts() == []


async def test_an_update_leaves_nothing_of_before_behind(channel: DingTalk, li: Member) -> None:
    receipt = await show(channel, card())
    judged = card(note="王敏 已标记有用 · 14:02", buttons=card().buttons[1:])
    await show(channel, judged, key="2", replaces=receipt)
    [shown] = li.cards()
    assert shown.labels == ["误报", "已处理", "稍后"]
    assert shown.data["note"] == judged.note
    assert shown.data["show4"] == "false"
    assert shown.data["label4"] == shown.data["action4"] == ""


async def test_a_card_that_is_gone_is_sent_anew(
    fake: FakeDingTalk, channel: DingTalk, li: Member
) -> None:
    first = await show(channel, card())
    fake.platform.cards.cards.clear()
    again = await show(channel, card(), key="2", replaces=first)
    assert again != first
    assert [one.out_track_id for one in li.cards()] == [again.value[2:]]


@pytest.mark.parametrize("broken", ["missing", "unpublished", "right"])
async def test_where_a_card_cannot_be_shown_its_words_arrive_all_the_same(
    fake: FakeDingTalk, li: Member, broken: str, capfd: pytest.CaptureFixture[str]
) -> None:
    template = "gone.schema" if broken == "missing" else TEMPLATE
    if broken == "unpublished":
        fake.template(TEMPLATE, *BUTTONS, published=False)
    if broken == "right":
        fake.withhold("Card.Instance.Write")
    async with channel_for(fake, card_template_id=template) as channel:
        await show(channel, card())
    [message] = li.received()
    assert message.kind == "markdown"
    assert "薪资高一些" in message.text
    assert "dingtalk.card_" in "".join(capfd.readouterr())


async def test_a_card_that_was_made_and_not_delivered_is_told_in_words(
    fake: FakeDingTalk, channel: DingTalk, li: Member, capfd: pytest.CaptureFixture[str]
) -> None:
    li.leave()
    with pytest.raises(GiveUp, match="已离开企业"):  # nor do words get there
        await show(channel, card())
    assert "dingtalk.card_not_delivered" in "".join(capfd.readouterr())
    assert len(fake.calls_of(CREATE)) == 1


async def test_a_busy_platform_does_not_turn_a_card_into_words(
    fake: FakeDingTalk, channel: DingTalk, li: Member
) -> None:
    fake.exceed_qps(CREATE)
    with pytest.raises(TryLater):
        await show(channel, card())
    assert li.received() == []
    await show(channel, card())
    assert len(li.cards()) == 1


async def test_without_a_template_a_card_is_markdown_whose_choices_are_taps(
    fake: FakeDingTalk, li: Member
) -> None:
    async with channel_for(fake, card_template_id="") as channel:
        assert channel.limits.buttons == 0  # so that a typed number counts, too
        assert not channel.limits.editable
        receipt = await show(channel, card())
        await show(channel, card(note="已处理", buttons=()), key="2", replaces=receipt)
        first, second = li.received()
        assert "1. [有用](dtmd://dingtalkclient/sendMessage?content=%2Fpress%20al%3A" in first.text
        assert "回复数字" in first.text
        assert "已处理" in second.text
        heard: asyncio.Queue[Received] = asyncio.Queue()
        async with listening(channel, fake, heard.put):
            li.say(f"/press {actions.action(ALERT, Press.HANDLED)}")
            [message] = (await asyncio.wait_for(heard.get(), 5)).messages
        assert message.kind is MessageKind.PRESS
        assert actions.parse(message.text) == (ALERT, Press.HANDLED)
        for _ in range(2):
            await channel.noticed(message.external_id, "已记录")
        assert li.texts()[2:] == ["已记录"]


async def test_a_note_for_a_press_nobody_can_answer_any_more_is_dropped(
    fake: FakeDingTalk, channel: DingTalk, li: Member
) -> None:
    for external_id in ("p/d/yn-gone/u1", "p/d//u1", "m:x", "", "p", "t"):
        await channel.noticed(external_id, "已记录")
    assert len(fake.calls_of(UPDATE)) == 1
    fake.time_out(UPDATE, arrived=False)
    with pytest.raises(TryLater):  # harmless to repeat, so nobody is asked to look
        await channel.noticed("p/d/yn-other/u1", "已记录")


GOLDEN_CARDS = {
    "everything": a_full_card(),
    "open": card(),
    "judged_still_open": card(note="王敏 已标记有用 · 14:02", buttons=card().buttons[1:]),
    "resolved": card(note="王敏 已标记已处理 · 14:02", buttons=()),
    "hostile": card(
        quote="[领奖](http://evil.example) ![](http://evil.example/p.png) <img src=x>\n# 标题",
        lines=(("候选人", "[李](dtmd://x)"),),
        note="a<b>c",
    ),
    "long_quote": card(quote="很长的一句话。" * 700),
    "many_lines": card(quote="\n".join(f"第{n}行" for n in range(300))),
    "many_buttons": card(buttons=tuple(Button(f"选{n}", f"do:{n}") for n in range(12))),
}


@pytest.mark.parametrize("template", [TEMPLATE, ""])
@pytest.mark.parametrize("name", sorted(GOLDEN_CARDS))
async def test_a_card_is_drawn_as_its_golden_one_and_the_platform_takes_it(
    fake: FakeDingTalk, li: Member, name: str, template: str
) -> None:
    async with channel_for(fake, card_template_id=template) as channel:
        [payload] = channel.render(GOLDEN_CARDS[name])
        stem = f"{name}.json" if template else f"{name}_as_markdown.json"
        golden = await asyncio.to_thread((CARDS / stem).read_text, encoding="utf-8")
        assert payload == json.loads(golden)
        await channel.send(LI, payload, key="k")
    assert len(li.cards()) + len(li.received()) == 1
    for words in (payload, payload.get("instead", {})):
        text = str(words.get("text", "")) + str(words.get("values", ""))
        assert "](http://evil" not in text
        assert "](dtmd://x" not in text
        assert "<img" not in text
