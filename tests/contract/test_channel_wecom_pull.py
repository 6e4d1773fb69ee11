"""What is pulled of a kf account, and what stands in the way of pulling it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels import wecom_page
from bot.channels.wecom import WeCom
from bot.errors import GiveUp, TryLater
from bot.messages import MAX_TEXT, Content, Pull, Received
from storage.enums import MessageKind
from tests.contract.decoded import as_json
from tests.contract.place_wecom import Clock, channel_of, kf, pulled, say
from tests.fakes.wecom import Customer, Doubts, FakeWeCom

HERE = Path(__file__).parent
PAGES = sorted((HERE / "payloads/wecom/pages").glob("*.json"))
ACCOUNT = "wkAJ2GCAAASSm4_FhToWMFea0xAFfd3Q"
NOON = datetime(2025, 10, 9, 9, tzinfo=UTC)
TEN_MINUTES = 601.0


def decode(answer: Any) -> Received:
    welcome = timedelta(seconds=20)
    return wecom_page.decode(answer, account=ACCOUNT, welcome=welcome, now=NOON)


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
    return fake.customer("李娜")


# Decoding


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_each_captured_page_decodes_to_its_golden_form(path: Path) -> None:
    golden = HERE / "golden/wecom/pages" / path.name
    received = decode(json.loads(path.read_text(encoding="utf-8")))
    assert as_json(received) == json.loads(golden.read_text(encoding="utf-8"))
    assert decode(json.loads(path.read_text(encoding="utf-8"))) == received


def test_no_two_items_share_an_id() -> None:
    ids: list[str] = []
    for path in PAGES:
        received = decode(json.loads(path.read_text(encoding="utf-8")))
        ids += [message.external_id for message in received.messages]
        ids += [aside.external_id for aside in received.asides]
    assert len(ids) == len(set(ids)) > 30


def test_a_page_is_never_held_up_by_a_text_that_is_too_long() -> None:
    text = {"msgtype": "text", "text": {"content": "长" * (MAX_TEXT + 1)}}
    item = {"msgid": "M", "origin": 3, "external_userid": "wmA", "send_time": 1, **text}
    [message] = decode({"msg_list": [item]}).messages
    assert len(message.text) < MAX_TEXT
    raw = {**item, "msgtype": "hologram", "hologram": {"beam": "光" * 20_000 + "\ud800"}}
    [message] = decode({"msg_list": [raw]}).messages
    assert 0 < len(message.raw) <= 8_000
    message.raw.encode()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
NAMES = (
    "msgid", "open_kfid", "external_userid", "send_time", "origin", "msgtype", "text", "event",
    "merged_msg", "msgmenu", "servicer_userid", "location", "image",
)  # fmt: skip
KNOWN = st.sampled_from(
    ["text", "event", "merged_msg", "msgmenu", "image", "wmA", "enter_session", "msg_send_fail",
     "session_status_change", "user_recall_msg", 3, 4, 5, 10]
)  # fmt: skip
EVENTS = (
    "event_type", "external_userid", "fail_type", "fail_msgid", "change_type", "scene_param",
    "welcome_code", "reject_switch", "item", "list", "content", "menu_id", "media_id",
)  # fmt: skip
INSIDE = st.dictionaries(st.sampled_from(EVENTS), KNOWN | JSON)
ITEMS = st.dictionaries(st.sampled_from(NAMES), KNOWN | INSIDE | JSON)


@settings(max_examples=40, deadline=None)
@given(st.lists(ITEMS | JSON, max_size=3))
def test_no_page_breaks_the_decoder(items: list[Any]) -> None:
    named = [{"msgid": "M", "external_userid": "wmA", **one} if isinstance(one, dict) else one
             for one in items]  # fmt: skip
    for received in (decode({"msg_list": items}), decode({"msg_list": named})):
        for message in received.messages:
            (message.text + message.raw + message.external_id).encode()
            assert message.sent_at.utcoffset() is not None


# Pulling


async def test_what_a_customer_does_is_pulled_in_order(
    fake: FakeWeCom, channel: WeCom, clock: Clock, li: Customer
) -> None:
    code = li.enter(scene_param="tok-1")
    li.write("你好")
    li.send_image()
    received = await pulled(channel, li)
    start, hello, picture = received.messages
    assert [one.text for one in received.messages] == ["/start tok-1", "你好", "[图片]"]
    assert {one.sender for one in received.messages} == {kf(li)}
    assert start.ticket is not None
    assert start.ticket.value == code
    assert start.ticket.until == clock.now() + timedelta(seconds=20)
    assert hello.kind is MessageKind.TEXT
    chunks = [chunk async for chunk in channel.fetch(picture.media[0].id)]
    assert b"".join(chunks).startswith(b"\x89PNG")
    assert await pulled(channel, li) == received


async def test_a_colleague_who_takes_over_is_heard_as_such(
    fake: FakeWeCom, channel: WeCom, li: Customer
) -> None:
    li.write("有人吗")
    servicer = fake.servicer(fake.member("Wang", "王敏"))
    await channel.transfer(kf(li).value, ["kf/wk1/wm1", "app/wang"])
    said = servicer.write(li, "我来")
    servicer.recall(li, said)
    servicer.end(li)
    received = await pulled(channel, li)
    assert [(one.by, one.text, one.words) for one in received.asides] == [
        ("app/wang", "我来", True),
        ("app/wang", "[撤回了一条消息]", False),
        ("app/wang", "[结束了会话]", False),
    ]


async def test_whoever_refuses_us_is_out_of_reach_until_they_write_again(
    channel: WeCom, li: Customer
) -> None:
    li.write("一")
    li.person.refuses = True
    [payload] = channel.render(Content(text="在吗"))
    receipt = await channel.send(kf(li), payload, key="k")
    received = await pulled(channel, li)
    [bounce] = received.bounces
    assert bounce.receipt == receipt
    assert "拒收" in bounce.reason
    assert [reach.reachable for reach in received.reaches] == [False]
    li.write("二")
    assert [reach.reachable for reach in (await pulled(channel, li)).reaches] == [True]


async def test_a_part_that_bounces_later_is_told_of_the_whole(
    fake: FakeWeCom, channel: WeCom, li: Customer
) -> None:
    li.write("一")
    first, second = await say(channel, li, "很长。" * 300)
    for own in (first, second):
        fake.report_undelivered(li, own.value, 4)
    received = await pulled(channel, li)
    assert [bounce.receipt for bounce in received.bounces] == [first, first]
    assert len({first.value, second.value}) == 2


async def test_pages_go_on_until_the_platform_says_so_even_when_one_is_empty(
    fake: FakeWeCom, channel: WeCom, li: Customer
) -> None:
    for n in range(5):
        li.write(str(n))
    fake.account.log.page_items, fake.account.log.empty_pages = 2, 1
    assert [one.text for one in (await pulled(channel, li)).messages] == list("01234")
    assert len(fake.calls_of("kf/sync_msg")) == 4


async def test_a_hints_token_serves_all_the_pages_it_leads_to(
    fake: FakeWeCom, channel: WeCom, clock: Clock, li: Customer
) -> None:
    for n in range(3):
        li.write(str(n))
    fake.account.log.page_items = 1
    token = fake.account.log.issue(clock())
    hint = Pull(channel="wecom", account=fake.account.open_kfid, token=token)
    page = await channel.pull(hint, "")
    page = await channel.pull(Pull(channel="wecom", account=hint.account), page.cursor)
    assert [call.body.get("token") for call in fake.calls_of("kf/sync_msg")] == [token, token]
    clock.seconds += TEN_MINUTES
    await channel.pull(Pull(channel="wecom", account=hint.account), page.cursor)
    assert "token" not in fake.calls_of("kf/sync_msg")[-1].body


async def test_a_token_that_is_not_taken_is_left_out(
    fake: FakeWeCom, channel: WeCom, li: Customer
) -> None:
    li.write("你好")
    hint = Pull(channel="wecom", account=fake.account.open_kfid, token="of somebody else")
    page = await channel.pull(hint, "")
    assert [one.text for one in page.received.messages] == ["你好"]
    assert [call.errcode for call in fake.calls_of("kf/sync_msg")] == [95007, 0]
    await channel.pull(Pull(channel="wecom", account=hint.account), page.cursor)
    assert fake.calls_of("kf/sync_msg")[-1].errcode == 0


async def test_a_cursor_that_is_lost_begins_again(
    fake: FakeWeCom, channel: WeCom, li: Customer
) -> None:
    li.write("你好")
    first = await pulled(channel, li)
    assert await pulled(channel, li, cursor="of another life") == first
    page = await channel.pull(Pull(channel="wecom", account=fake.account.open_kfid), "lost")
    assert not (await pulled(channel, li, cursor=page.cursor)).messages


async def test_what_fails_is_asked_again_or_given_up(
    fake: FakeWeCom, channel: WeCom, li: Customer
) -> None:
    pull = Pull(channel="wecom", account=fake.account.open_kfid)
    fake.drop_after_delivery("kf/sync_msg")
    with pytest.raises(TryLater):
        await channel.pull(pull, "")
    fake.fail_next("kf/sync_msg", 45009)
    with pytest.raises(TryLater) as caught:
        await channel.pull(pull, "")
    assert caught.value.delay == timedelta(minutes=1)
    with pytest.raises(GiveUp, match="OPEN_KFIDS"):
        await channel.pull(Pull(channel="wecom", account="wkNobody"), "")


async def test_pulling_slowly_without_tokens_is_asked_again(clock: Clock) -> None:
    doubts = Doubts(tokenless_pulls_per_minute=1)
    async with FakeWeCom(clock=clock, doubts=doubts) as fake, channel_of(fake, clock) as channel:
        pull = Pull(channel="wecom", account=fake.account.open_kfid)
        await channel.pull(pull, "")
        with pytest.raises(TryLater):
            await channel.pull(pull, "")


async def test_what_was_said_while_we_were_away_is_looked_for_at_the_start(
    fake: FakeWeCom,
) -> None:
    second = fake.add_account("校招")
    heard: list[Received] = []

    async def accept(received: Received) -> None:
        heard.append(received)

    async with channel_of(fake) as channel:
        await channel.listen(accept)  # nobody has started it
        await channel.start()
        await asyncio.wait_for(channel.listen(accept), 10)
    [received] = heard
    assert [pull.account for pull in received.pulls] == [
        fake.account.open_kfid,
        second.open_kfid,
    ]
    fake.break_next("kf/account/list", 502, times=None)
    async with channel_of(fake) as channel:
        await channel.start()
        listening = asyncio.create_task(channel.listen(accept))
        await fake.until(lambda: fake.calls_of("kf/account/list"))
    await asyncio.wait_for(listening, 10)  # ends with the channel
    assert len(heard) == 1


async def test_accounts_are_those_of_the_settings_and_those_we_manage(fake: FakeWeCom) -> None:
    second = fake.add_account("校招")
    fake.assign(fake.add_account("别人的"), managed=False)
    async with channel_of(fake) as channel:
        assert channel.accounts() == (fake.account.open_kfid,)
        await channel.start()
        for _ in range(200):
            if len(channel.accounts()) > 1:
                break
            await asyncio.sleep(0.01)
        assert channel.accounts() == (fake.account.open_kfid, second.open_kfid)
    async with channel_of(fake, kf=False) as channel:
        await channel.start()
        assert channel.accounts() == ()
        pulls = len(fake.calls_of("kf/sync_msg"))
        pull = Pull(channel="wecom", account=fake.account.open_kfid)  # of when it was on
        page = await channel.pull(pull, "CURSOR")
        assert (page.received.told, page.cursor, page.more) == (False, "CURSOR", False)
        assert len(fake.calls_of("kf/sync_msg")) == pulls
