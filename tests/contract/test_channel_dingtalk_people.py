"""Files and people of DingTalk, and that no secret and no words get out."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from bot.channels.dingtalk import DingTalk
from bot.errors import CredentialsWrong, DeliveryError, GiveUp, TryLater
from bot.messages import Address, Received, Ticket
from tests.contract.dingtalk_desk import LI, card, say, show
from tests.contract.place_dingtalk import (
    BUTTONS,
    TEMPLATE,
    Secret,
    channel_for,
    config_for,
    listening,
    utc_now,
)
from tests.fakes.dingtalk import FakeDingTalk, Member, Unconfirmed
from tests.loopback import NO_TLS


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


async def test_every_attachment_is_streamed_by_its_code(
    fake: FakeDingTalk, channel: DingTalk, li: Member
) -> None:
    data = bytes(range(256)) * 1_000
    heard: asyncio.Queue[Received] = asyncio.Queue()
    async with listening(channel, fake, heard.put):
        li.send_file("简历.pdf", data)
        [message] = (await asyncio.wait_for(heard.get(), 5)).messages
    [media] = message.media
    chunks = [chunk async for chunk in channel.fetch(media.id)]
    assert b"".join(chunks) == data
    assert len(chunks) > 1
    with pytest.raises(GiveUp, match="附件"):
        await anext(aiter(channel.fetch("gone")))
    fake.time_out("/v1.0/robot/messageFiles/download")
    with pytest.raises(TryLater):
        await anext(aiter(channel.fetch(media.id)))
    fake.state.unconfirmed = Unconfirmed(download_life_s=-1)
    with pytest.raises(GiveUp, match="附件"):
        await anext(aiter(channel.fetch(media.id)))


# Who somebody is


async def test_signing_in_leads_over_the_page_and_the_directory(
    fake: FakeDingTalk, li: Member
) -> None:
    async with channel_for(fake, sign_in_base=fake.oapi_base) as channel:
        url = channel.sign_in_url("https://hr.example.com/join/dingtalk", "s1", in_app=True)
        assert url is not None
        fake.sign_in_as(li)
        async with httpx2.AsyncClient(verify=NO_TLS) as browser:
            back = urlsplit((await browser.get(url)).headers["location"])
        came = parse_qs(back.query)
        assert (back.path, came["state"]) == ("/join/dingtalk", ["s1"])
        assert channel.limits.sign_in is not None
        code = came[channel.limits.sign_in.code][0]
        assert await channel.signed_in(code, "") == LI
        li.leave()
        with pytest.raises(GiveUp, match="成员"):
            await channel.signed_in(fake.auth_code(li), "")


@pytest.mark.parametrize(
    ("scope", "name"),
    [("Contact.User.Read", "通讯录个人信息读权限"), ("qyapi_get_member", "成员信息读权限")],
)
async def test_a_right_that_signing_in_lacks_is_named(
    fake: FakeDingTalk, channel: DingTalk, li: Member, scope: str, name: str
) -> None:
    fake.withhold(scope)
    with pytest.raises(TryLater, match=name):
        await channel.signed_in(fake.auth_code(li), "")
    with pytest.raises(GiveUp, match=r"authCode\.notFound"):
        await channel.signed_in("never", "")


async def test_colleagues_are_found_by_number_and_id(
    fake: FakeDingTalk, channel: DingTalk, li: Member
) -> None:
    people = channel.people
    by_mobile = await people.by_mobile("13800000001")
    assert by_mobile is not None
    assert by_mobile.user_id == "u1"
    found = await people.get("u1")
    assert found is not None
    assert (found.name, found.mobile, found.title) == ("李HR", "13800000001", "招聘主管")
    by_union = await people.by_union_id("un-u1")
    assert by_union is not None
    assert by_union.user_id == "u1"
    fake.outsider("un-out")
    assert await people.by_union_id("un-out") is None
    assert await people.by_mobile("13900000009") is None
    li.leave()
    assert await people.get("u1") is None


async def test_a_look_up_says_which_right_is_missing_and_renews_its_own_token(
    fake: FakeDingTalk, channel: DingTalk, li: Member
) -> None:
    await channel.people.get("u1")
    fake.revoke_tokens()
    assert await channel.people.get("u1") is not None
    assert len(fake.calls_of("/gettoken")) == 2
    fake.withhold("qyapi_get_member")
    with pytest.raises(TryLater, match=r"权限管理.*成员信息读权限（qyapi_get_member）"):
        await channel.people.get("u1")


# Secrets


@pytest.mark.parametrize("trouble", ["html", "refused", "dropped", "token", "fine"])
async def test_no_secret_and_no_words_are_in_an_error_or_a_log(
    fake: FakeDingTalk,
    li: Member,
    trouble: str,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    robot = fake.group("群", [li]).webhook_robot(secret="SEC-custom-0001")
    given: dict[str, Any] = {
        "group_robot_token": Secret(robot.token),
        "group_robot_secret": Secret("SEC-custom-0001"),
    }
    session = f"{fake.oapi_base}/robot/sendBySession?session=secret-session"
    ticket = Ticket(value=session, until=utc_now() + timedelta(hours=1))
    echo = f"{fake.app.client_secret} 张三要离职"
    if trouble == "html":
        fake.answer_html("*", times=99, status=200)
    elif trouble == "refused":
        fake.fail_next("*", "invalidParameter.x", times=99, message=echo)
    elif trouble == "dropped":
        fake.drop_after_delivery("*", times=99)
    elif trouble == "token":
        fake.fail_next("*", "InvalidAuthentication", times=99, message=echo)
    said: list[str] = []
    async with channel_for(fake, **given) as channel:
        for call in (
            lambda: say(channel, "张三要离职"),
            lambda: say(channel, "张三要离职", "2", Address("dingtalk", "u/u1", ticket)),
            lambda: say(channel, "张三要离职", "3", Address("dingtalk", "custom")),
            lambda: show(channel, card(quote="张三要离职")),
            channel.check,
            lambda: channel.people.get("u1"),
            lambda: anext(aiter(channel.fetch("x"))),
        ):
            try:
                await call()
            except (DeliveryError, CredentialsWrong) as error:
                said += [repr(error), *traceback.format_exception(error)]
        listening_now = asyncio.create_task(channel.listen(_nobody))
        await asyncio.sleep(0.1)
        listening_now.cancel()
        await asyncio.wait([listening_now])
        # The stand-in's own server logs what it was asked.
        ours = [one for one in caplog.records if not one.name.startswith("uvicorn")]
        logged = [one.getMessage() + (one.exc_text or "") for one in ours]
        shown = [repr(one) for one in (channel, config_for(fake, **given), ticket)]
        everything = "".join([*said, *logged, *capfd.readouterr(), *shown])
    tokens = [token.value for token in fake.platform.tokens._issued.values()]
    assert len(said) > 2
    for secret in (fake.app.client_secret, "SEC-custom", robot.token, "secret-session", *tokens):
        assert secret not in everything
    assert "张三" not in everything
    assert "ticket/" not in everything
    assert "ticket%2F" not in everything


async def _nobody(_: Received) -> None:
    raise AssertionError("nothing can have arrived")
