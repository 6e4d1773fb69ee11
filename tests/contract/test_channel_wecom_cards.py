"""Members and groups on WeCom: texts, alert cards that change under their reader, robots."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.alerts import actions
from bot.alerts.actions import Press
from bot.channels.plain_text import octets
from bot.channels.wecom import WeCom
from bot.channels.wecom_post import Pace
from bot.errors import GiveUp, TryLater, Unknown
from bot.messages import Address, Button, Card, Content, Receipt, Ticket
from storage.enums import MessageKind
from tests.contract.place_wecom import (
    BASE_URL,
    PATIENT,
    Clock,
    Door,
    channel_of,
    kf,
    say,
    shown,
    words,
)
from tests.fakes.wecom import AppMessage, FakeWeCom, Member
from tests.full_card import a_full_card

CARDS = Path(__file__).parent / "golden/wecom/cards"
LI = Address("wecom", "app/lina")
GROUP = Address("wecom", "group/hr")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def fake(clock: Clock) -> AsyncIterator[FakeWeCom]:
    async with FakeWeCom(clock=clock, **PATIENT) as running:
        running.set_callback("http://127.0.0.1:9/hooks/wecom")
        yield running


@pytest.fixture
async def channel(fake: FakeWeCom, clock: Clock) -> AsyncIterator[WeCom]:
    async with channel_of(fake, clock) as running:
        yield running


@pytest.fixture
def li(fake: FakeWeCom) -> Member:
    return fake.member("LiNa", "李娜", mobile="13800000000")


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


JUDGED = card(note="王敏 已标记有用 · 14:02", buttons=card().buttons[1:])
RESOLVED = card(note="王敏 已标记已处理 · 14:02", buttons=())
GOLDEN_CARDS = {
    "everything": a_full_card(),
    "open": card(),
    "judged_still_open": JUDGED,
    "resolved": RESOLVED,
    "no_link": card(link="", buttons=()),
    "many_facts": card(lines=tuple((f"事实{n}", f"值{n}") for n in range(9))),
    "hostile": card(
        title="<b>[x](http://evil)</b>",
        quote="<@all> `code` [点我](http://evil)\n> 引用\x00\x1b",
        lines=(("候选人", "<font color='warning'>李</font>"),),
        note="<@lisi>",
    ),
    "long_quote": card(quote="很长的一句话。" * 700),
    "empty": Card(title="", quote="", lines=(), question=""),
}


@pytest.mark.parametrize("name", sorted(GOLDEN_CARDS))
async def test_a_card_is_drawn_as_its_golden_one_and_the_platform_takes_it(
    fake: FakeWeCom, clock: Clock, li: Member, name: str
) -> None:
    robot, customer = fake.robot(), fake.customer()
    customer.write("你好")
    async with channel_of(fake, clock, robots={"hr": robot.key}) as channel:
        [payload] = channel.render(GOLDEN_CARDS[name])
        golden = await asyncio.to_thread((CARDS / f"{name}.json").read_text, encoding="utf-8")
        assert payload == json.loads(golden)
        for n, to in enumerate((LI, GROUP, kf(customer))):
            if name != "empty" or to == LI:
                await channel.send(to, payload, key=str(n))
    [seen] = li.messages()
    assert GOLDEN_CARDS[name].question in words(seen.content)
    if name == "hostile":
        [post] = robot.posts
        assert not {"<", "`"} & set(post["markdown"]["content"])
        assert "](http://evil)" not in post["markdown"]["content"]


# Texts to members


async def test_a_text_reaches_a_member_and_the_same_words_may_be_said_again(
    channel: WeCom, li: Member
) -> None:
    await say(channel, LI, "王强：面试中", key="1")
    await say(channel, LI, "王强：面试中", key="2")
    await say(channel, LI, "王强：面试中", key="2")
    assert li.texts() == ["王强：面试中"] * 2


async def test_the_same_words_are_said_again_whichever_process_says_them(
    fake: FakeWeCom, channel: WeCom, clock: Clock, li: Member
) -> None:
    await say(channel, LI, "王强：面试中", key="1")
    async with channel_of(fake, clock) as other:
        await say(other, LI, "王强：面试中", key="2")
        assert li.texts() == ["王强：面试中"] * 2
        await say(other, LI, "王强：面试中", key="1")  # the first one was killed before it knew
    async with channel_of(fake, clock) as third:
        await say(third, LI, "王强：面试中", key="2")
    assert li.texts() == ["王强：面试中"] * 2


async def test_a_lost_answer_is_not_said_twice(fake: FakeWeCom, channel: WeCom, li: Member) -> None:
    for content in ("你好", card()):
        fake.drop_after_delivery("message/send")
        key = str(type(content))
        with pytest.raises(Unknown):
            await say(channel, LI, content, key=key)
        await say(channel, LI, content, key=key)
    assert [message.msgtype for message in li.messages()] == ["text", "template_card"]


async def test_choices_for_a_member_are_buttons_of_a_card(channel: WeCom, li: Member) -> None:
    buttons = tuple(Button(f"选项{n}", f"survey:1:{n}") for n in range(8))
    await say(channel, LI, Content(text="第一周怎么样？", buttons=buttons), key="1")
    await say(channel, LI, Content(text="一句话。" * 50, buttons=buttons[:1]), key="2")
    vote, long, menu = li.messages()
    assert (vote.text, vote.buttons) == ("第一周怎么样？", ["确定"])
    assert [one["text"] for one in vote.content["checkbox"]["option_list"]] == [
        button.label for button in buttons
    ]
    assert long.content == {"content": "一句话。" * 50}
    assert (menu.text, menu.buttons) == ("请选择：", ["选项0"])


async def test_a_vote_comes_back_as_the_action_of_what_was_ticked(
    fake: FakeWeCom, channel: WeCom, li: Member
) -> None:
    buttons = tuple(Button(f"{n} 分", f"survey:1:{n}") for n in range(22))
    async with Door(channel) as door:
        await fake.save_callback(door.url)
        await say(channel, LI, Content(text="打几分？", buttons=buttons))
        [vote] = li.messages()
        assert len(vote.content["checkbox"]["option_list"]) == 20
        assert "21. 20 分\n22. 21 分" in words(vote.content)
        li.press("确定", {"choice": ["survey:1:9"]})
        [press] = (await door.next()).messages
        assert (press.kind, press.text) == (MessageKind.PRESS, "survey:1:9")
        assert press.ticket
        li.press("确定")
        [nothing] = (await door.next()).messages
        assert nothing.text == "choose"  # nothing we ever sent


async def test_somebody_the_app_may_not_see_is_given_up(
    fake: FakeWeCom, channel: WeCom, li: Member
) -> None:
    with pytest.raises(GiveUp, match="可见范围"):
        await say(channel, Address("wecom", "app/nobody"))
    fake.app.visible_users = {"boss"}
    with pytest.raises(GiveUp, match="可见范围"):
        await say(channel, LI, key="2")
    assert li.messages() == []


async def test_more_than_a_member_may_get_in_a_minute_waits_and_nothing_is_dropped(
    fake: FakeWeCom, channel: WeCom, clock: Clock, li: Member
) -> None:
    for n in range(28):
        await say(channel, LI, str(n), key=str(n))
    with pytest.raises(TryLater, match="上限") as caught:
        await say(channel, LI, "28", key="28")
    assert caught.value.delay is not None
    clock.seconds += caught.value.delay.total_seconds()
    await say(channel, LI, "28", key="28")
    assert li.texts() == [str(n) for n in range(29)]


async def test_an_hour_is_full_as_well(fake: FakeWeCom, clock: Clock, li: Member) -> None:
    async with channel_of(fake, clock, per_member=Pace(28, 3)) as channel:
        for n in range(3):
            await say(channel, LI, str(n), key=str(n))
        clock.seconds += 120
        with pytest.raises(TryLater) as caught:
            await say(channel, LI, "更多", key="more")
        assert caught.value.delay == timedelta(minutes=58)
    assert len(li.messages()) == 3


# Cards that change


def seen(li: Member) -> AppMessage:
    [message] = li.messages()
    return message


async def change(
    channel: WeCom, receipt: Receipt, to: Card, key: str, ticket: Ticket | None = None
) -> Receipt:
    [payload] = channel.render(to)
    where = Address("wecom", LI.value, ticket)
    return await channel.send(where, payload, key=key, replaces=receipt)


async def test_a_card_changes_where_it_stands_with_each_press(
    fake: FakeWeCom, channel: WeCom, li: Member
) -> None:
    async with Door(channel) as door:
        await fake.save_callback(door.url)
        [receipt] = await say(channel, LI, card())
        li.press("有用")
        [press] = (await door.next()).messages
        assert actions.parse(press.text) == ("a_" + "k3" * 13, Press.USEFUL)
        assert await change(channel, receipt, JUDGED, "2", press.ticket) == receipt
        assert "已标记有用" in words(seen(li).content)
        assert list(shown(seen(li)).actions) == [button.action for button in JUDGED.buttons]
        # The code of the message itself is left for the second change.
        assert await change(channel, receipt, RESOLVED, "3", press.ticket) == receipt
        assert shown(seen(li)).actions == ()
        assert "已标记已处理" in words(seen(li).content)
        assert RESOLVED.link in words(seen(li).content)


async def test_a_card_no_code_changes_any_more_is_sent_anew(
    fake: FakeWeCom, channel: WeCom, clock: Clock, li: Member
) -> None:
    [receipt] = await say(channel, LI, card())
    assert await change(channel, receipt, JUDGED, "2") == receipt
    again = await change(channel, receipt, RESOLVED, "3")
    assert again != receipt
    assert len(li.messages()) == 2
    [late] = await say(channel, LI, card(), key="4")
    clock.seconds += 72 * 3600 + 1
    old = Ticket(value=f"{late.value.split('/')[1]} RC", until=clock.now())
    assert await change(channel, late, JUDGED, "5", old) != late
    assert len(li.messages()) == 4


async def test_a_press_on_another_card_changes_only_that_one(
    channel: WeCom, clock: Clock, li: Member
) -> None:
    [first] = await say(channel, LI, card(), key="1")
    [second] = await say(channel, LI, card(title="另一张"), key="2")
    code = li.press("有用", msgid=li.messages()[1].msgid)
    ticket = Ticket(
        value=f"{second.value.split('/')[1]} {code}", until=clock.now() + timedelta(hours=1)
    )
    assert await change(channel, first, RESOLVED, "3", ticket) == first
    assert "已标记已处理" in words(li.messages()[0].content)
    assert "另一张" in words(li.messages()[1].content)


async def test_the_lost_answer_of_a_change_is_asked_for_again(
    fake: FakeWeCom, channel: WeCom, li: Member
) -> None:
    [receipt] = await say(channel, LI, card())
    fake.drop_after_delivery("message/update_template_card")
    with pytest.raises(Unknown):
        await change(channel, receipt, JUDGED, "2")
    assert await change(channel, receipt, JUDGED, "2") == receipt
    assert len(li.messages()) == 1
    fake.fail_next("message/update_template_card", -1)
    [other] = await say(channel, LI, card(), key="3")
    with pytest.raises(TryLater):
        await change(channel, other, JUDGED, "4")
    assert await change(channel, other, JUDGED, "4") == other


async def test_a_receipt_of_something_else_or_of_another_life_is_sent_anew(
    channel: WeCom, li: Member
) -> None:
    for n, value in enumerate(("1234", "card/unknown/", "card/t/unknown-code", "")):
        assert (await change(channel, Receipt(value), JUDGED, str(n))).value != value
    assert len(li.messages()) == 4


# Groups


async def test_a_robot_posts_texts_and_cards(fake: FakeWeCom, clock: Clock) -> None:
    robot = fake.robot()
    async with channel_of(fake, clock, robots={"hr": robot.key}) as channel:
        await say(channel, GROUP, "<@all> 早", key="1")
        await say(channel, GROUP, card(), key="2")
        await say(channel, GROUP, card(quote="长" * 9_000), key="3")
        buttons = (Button("好", "yes"),)
        await say(channel, GROUP, Content(text="来吗？", buttons=buttons), key="4")
        with pytest.raises(GiveUp, match="ROBOTS"):
            await say(channel, Address("wecom", "group/none"))
    text, drawn, long, asked = robot.posts
    assert text == {"msgtype": "text", "text": {"content": "<@all> 早"}}
    assert f"[打开档案]({card().link})" in drawn["markdown"]["content"]
    assert octets(long["markdown"]["content"]) <= 4096
    assert asked["text"]["content"] == "来吗？\n请回复数字：\n1. 好"


async def test_a_robot_is_not_asked_to_repeat_a_text_nobody_knows_the_end_of(
    fake: FakeWeCom, clock: Clock
) -> None:
    robot = fake.robot()
    async with channel_of(fake, clock, robots={"hr": robot.key}) as channel:
        fake.drop_after_delivery("webhook/send")
        with pytest.raises(Unknown):
            await say(channel, GROUP, "早")
        with pytest.raises(GiveUp, match="可能已送达"):
            await say(channel, GROUP, "早")
        assert len(robot.posts) == 1
        robot.disabled = True
        with pytest.raises(GiveUp, match="停用"):
            await say(channel, GROUP, "早", key="2")


async def test_a_robot_stays_below_its_limit(fake: FakeWeCom, clock: Clock) -> None:
    robot = fake.robot()
    async with channel_of(fake, clock, robots={"hr": robot.key}) as channel:
        for n in range(19):
            await say(channel, GROUP, str(n), key=str(n))
        with pytest.raises(TryLater):
            await say(channel, GROUP, "更多", key="more")
    assert len(robot.posts) == 19
