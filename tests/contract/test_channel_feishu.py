"""What the Feishu channel promises beyond every channel: what its errors mean, and its tokens."""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from bot.channels.feishu import Feishu
from bot.errors import CredentialsWrong, DeliveryError, GiveUp, NotReady, TryLater, Unknown
from bot.messages import Address, Content, Receipt
from tests.clock import FakeClock
from tests.contract.place_feishu import (
    ENCRYPT_KEY,
    TOKEN,
    Plain,
    feishu_channel,
    feishu_fake,
    offline_feishu,
)
from tests.fakes.feishu import FakeFeishu, Member
from tests.fakes.feishu_people import Someone


@pytest.fixture
async def fake() -> AsyncIterator[FakeFeishu]:
    async with feishu_fake() as running:
        yield running


@pytest.fixture
def li(fake: FakeFeishu) -> Member:
    return fake.member("李娜")


#: Whose own id is known asks for nothing at the start.
KNOWN = {"bot_open_id": "ou_known"}


@pytest.fixture
async def channel(fake: FakeFeishu) -> AsyncIterator[Feishu]:
    async with feishu_channel(fake, section=KNOWN) as running:
        yield running


async def say(channel: Feishu, to: Someone | str, text: str = "你好", key: str = "k") -> Receipt:
    [payload] = channel.render(Content(text=text))
    value = to if isinstance(to, str) else to.open_id
    return await channel.send(Address("feishu", value), payload, key=key)


# Errors say what to do next


async def test_429_is_later_with_the_delay_the_platform_asked_for(
    fake: FakeFeishu, channel: Feishu, li: Member
) -> None:
    fake.faults.limit_next("send", reset_s=7)
    with pytest.raises(TryLater) as caught:
        await say(channel, li)
    assert caught.value.delay == timedelta(seconds=7)
    await say(channel, li)
    assert li.texts() == ["你好"]


@pytest.mark.parametrize("code", [230020, 99991400, 230049])
async def test_a_limit_without_a_time_is_soon(
    fake: FakeFeishu, channel: Feishu, li: Member, code: int
) -> None:
    fake.faults.refuse_next("send", code)
    with pytest.raises(TryLater) as caught:
        await say(channel, li)
    assert caught.value.delay == timedelta(seconds=1)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 403, 302])
async def test_a_page_that_is_not_the_platforms_is_later(
    fake: FakeFeishu, channel: Feishu, li: Member, status: int
) -> None:
    fake.faults.fail_next("send", status)
    with pytest.raises(TryLater):
        await say(channel, li)


async def test_an_answer_nobody_understands_is_unknown(
    fake: FakeFeishu, channel: Feishu, li: Member
) -> None:
    fake.faults.fail_next("send", 200)
    with pytest.raises(Unknown):
        await say(channel, li)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (230001, "230001"),
        (230002, "群"),
        (232009, "群"),
        (230013, "可用范围"),
        (230018, "屏蔽"),
        (230022, "审核"),
        (230025, "长度"),
        (230027, "对外共享"),
        (230029, "离职"),
        (230034, "无法发送"),
        (230035, "屏蔽"),
        (230038, "对外共享"),
        (230053, "屏蔽"),
        (230099, "230099"),
    ],
)
async def test_what_will_never_arrive_is_given_up_with_words_for_hr(
    fake: FakeFeishu, channel: Feishu, li: Member, code: int, words: str
) -> None:
    fake.faults.refuse_next("send", code, ext="李娜 13800138000")
    with pytest.raises(GiveUp, match=words) as caught:
        await say(channel, li)
    assert "李娜" not in str(caught.value)


@pytest.mark.parametrize(
    ("code", "page"),
    [
        (230006, "机器人"),
        (99991672, "权限管理"),
        (99991401, "安全设置"),
        (10014, "凭证与基础信息"),
    ],
)
async def test_what_a_person_has_to_mend_is_later_and_names_the_page(
    fake: FakeFeishu, channel: Feishu, li: Member, code: int, page: str
) -> None:
    fake.faults.refuse_next("send", code)
    with pytest.raises(TryLater, match=page) as caught:
        await say(channel, li)
    assert caught.value.delay == timedelta(minutes=5)


async def test_who_cannot_be_reached_is_given_up(fake: FakeFeishu, channel: Feishu) -> None:
    blocked, gone, outside = fake.member("甲"), fake.member("乙"), fake.outsider("丙")
    blocked.block()
    gone.resign()
    for number, person in enumerate((blocked, gone, outside)):
        with pytest.raises(GiveUp):
            await say(channel, person, key=str(number))
    for address in ("ou_nobody", "ou", "李娜", "ou_1/../x", "on_1", "hook"):
        with pytest.raises(GiveUp):
            await say(channel, address, key=address)
    outside.open_chat()
    await say(channel, outside, key="now")
    assert outside.texts() == ["你好"]


async def test_a_lost_answer_is_unknown_and_the_same_again_is_one_message(
    fake: FakeFeishu, channel: Feishu, li: Member
) -> None:
    fake.faults.drop_after("send")
    with pytest.raises(Unknown):
        await say(channel, li)
    receipt = await say(channel, li)
    assert [seen.message_id for seen in li.received()] == [receipt.value]
    fake.faults.drop_before("send")
    with pytest.raises(Unknown):
        await say(channel, li, key="other")
    uuids = {call.body["uuid"] for call in fake.calls_of("send")}
    assert len(uuids) == 2
    assert all(len(uuid) <= 50 for uuid in uuids)


async def test_a_new_process_does_not_repeat_what_the_old_one_said(
    fake: FakeFeishu, channel: Feishu, li: Member
) -> None:
    first = await say(channel, li)
    async with feishu_channel(fake) as restarted:
        assert await say(restarted, li) == first
    assert len(li.texts()) == 1


async def test_nobody_listening_is_later_because_nothing_left(
    fake: FakeFeishu, channel: Feishu, li: Member
) -> None:
    await say(channel, li)  # there is a token already
    await asyncio.to_thread(fake.stop)
    with pytest.raises(TryLater):
        await say(channel, li, key="other")


# Tokens


async def test_one_token_serves_all_who_ask_at_once(fake: FakeFeishu, li: Member) -> None:
    async with feishu_channel(fake, section=KNOWN, per_chat=50) as channel:
        await asyncio.gather(*(say(channel, li, key=str(number)) for number in range(4)))
        assert len(fake.calls_of("token")) == 1
        fake.console.revoke_tokens()
        await asyncio.gather(*(say(channel, li, key=f"n{number}") for number in range(4)))
    assert len(fake.calls_of("token")) == 2
    assert len(li.texts()) == 8


async def test_a_token_that_stays_bad_is_renewed_once_and_then_waited_for(
    fake: FakeFeishu, li: Member
) -> None:
    async with feishu_channel(fake, section=KNOWN) as channel:
        fake.faults.refuse_next("send", 99991663, times=5)
        with pytest.raises(TryLater, match="凭证") as caught:
            await say(channel, li)
    assert caught.value.delay == timedelta(minutes=5)
    assert (len(fake.calls_of("token")), len(fake.calls_of("send"))) == (2, 2)


async def test_a_token_is_renewed_before_it_ends(li: Member, fake: FakeFeishu) -> None:
    clock = FakeClock(datetime.now(UTC))
    async with feishu_channel(fake, section=KNOWN, now=clock) as channel:
        for number, seconds in enumerate((0, 6_000, 1_000)):
            clock.advance(seconds)
            await say(channel, li, key=str(number))
    assert len(fake.calls_of("token")) == 2


async def test_no_token_is_later_because_nothing_left(
    fake: FakeFeishu, channel: Feishu, li: Member
) -> None:
    for order in (fake.faults.drop_after, fake.faults.drop_before, fake.faults.fail_next):
        fake.console.revoke_tokens()
        order("token")
        with pytest.raises(TryLater):
            await say(channel, li)
    assert li.texts() == []


async def test_a_wrong_secret_is_named_and_does_not_use_up_the_tries(
    fake: FakeFeishu, li: Member
) -> None:
    for section in ({"app_secret": Plain("wrong")}, {"app_id": "cli_other"}):
        async with feishu_channel(fake, section=section) as channel:
            with pytest.raises(CredentialsWrong, match="凭证与基础信息"):
                await channel.check()
            with pytest.raises(TryLater, match="凭证与基础信息") as caught:
                await say(channel, li)
            assert caught.value.delay == timedelta(minutes=5)


# Pace


async def test_one_person_is_not_written_to_faster_than_the_platform_likes() -> None:
    def tenfold() -> float:
        return time.monotonic() * 10

    async with feishu_fake(limits=True, pace=tenfold) as fake:
        li, wang = fake.member("李娜"), fake.member("王敏")
        async with feishu_channel(fake, per_chat_s=0.3) as channel:
            said = [say(channel, who, key=f"{who.name}{n}") for n in range(7) for who in (li, wang)]
            await asyncio.gather(*said)
        assert len(li.texts()) == len(wang.texts()) == 7
        assert {call.status for call in fake.calls_of("send")} == {200}


async def test_a_groups_limit_that_others_used_up_is_later(fake: FakeFeishu) -> None:
    async with feishu_fake(limits=True) as fake, feishu_channel(fake) as channel:
        group = fake.group("招聘", fake.member("李娜"))
        await say(channel, group.id)
        group.other_bots_send(4)
        with pytest.raises(TryLater):
            await say(channel, group.id, key="more")
        assert group.texts() == ["你好"]


# The check


async def test_everything_that_is_missing_is_named_at_once(
    fake: FakeFeishu, channel: Feishu
) -> None:
    await channel.check()
    assert not [call for call in fake.calls_of("send") if call.code == 0]
    fake.console.withdraw("im:message", "im:message:send_as_bot")
    with pytest.raises(CredentialsWrong, match="权限管理") as caught:
        await channel.check()
    said = str(caught.value)
    assert "im:message:send_as_bot" in said
    assert "im:message:readonly" in said
    assert f"/app/{fake.app.app_id}" in said


async def test_an_app_without_a_bot_is_sent_to_its_page(fake: FakeFeishu, channel: Feishu) -> None:
    fake.app.bot = False
    with pytest.raises(CredentialsWrong, match="添加应用能力"):
        await channel.check()


async def test_check_tells_a_platform_that_is_down_from_a_wrong_secret(
    fake: FakeFeishu, channel: Feishu
) -> None:
    for endpoint in ("token", "bot", "send", "ws"):
        fake.faults.fail_next(endpoint, 502)
        with pytest.raises(TryLater):
            await channel.check()
    fake.faults.drop_after("bot")
    with pytest.raises(TryLater):
        await channel.check()


async def test_the_platform_is_not_promised_an_address_it_cannot_reach() -> None:
    channel = offline_feishu(mode="webhook", api_base="")
    with pytest.raises(NotReady, match="PUBLIC_URL"):
        await channel.check()
    await channel.stop()


# Secrets


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 429, 500, 502])
async def test_no_secret_and_nobodys_words_are_in_an_error_or_a_log(
    fake: FakeFeishu,
    li: Member,
    status: int,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    hook = fake.hook(fake.group("群", li), "hook-secret-1")
    section = {"group_hook": Plain(hook.url), "group_hook_secret": Plain(hook.secret)}
    said: list[str] = []
    async with feishu_channel(fake, section=section) as channel:
        await say(channel, li, "请打 13900139000")
        issued = [token.value for token in fake.state.tokens.issued.values()]
        fake.faults.refuse_next("*", 230001, times=30, status=status, ext="秘密 13900139000")
        for call in (
            lambda: say(channel, li, "请打 13900139000", key="x"),
            lambda: say(channel, "hook", "请打 13900139000", key="y"),
            channel.check,
            lambda: anext(aiter(channel.fetch("om_1/file/k"))),
            lambda: channel.find(mobiles=["13900139000"]),
            lambda: channel.signed_in("code-1", "https://hr.example.com/cb"),
        ):
            try:
                await call()
            except (DeliveryError, CredentialsWrong) as error:
                said += [repr(error), *traceback.format_exception(error)]
    assert len(said) > 5
    said += [repr(channel), repr(channel._config)]
    told = "".join([*said, caplog.text, *capfd.readouterr()])
    secrets = (fake.app.secret, ENCRYPT_KEY, TOKEN, hook.id, hook.secret, "code-1", *issued)
    for secret in (*secrets, "13900139000"):
        assert secret not in told
