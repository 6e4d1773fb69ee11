"""Around the talking over WeCom: links, rights, colleagues, signing in, the message archive."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from pydantic import SecretStr

from bot.channels import wecom, wecom_archive
from bot.channels.wecom import WeCom
from bot.channels.wecom_desk import Session
from bot.errors import BotError, CredentialsWrong, GiveUp, NotReady, Refused, TryLater, Unknown
from bot.messages import Address, Aside, HttpCall, Inbound
from storage.enums import MessageKind
from tests.contract.place_wecom import (
    BASE_URL,
    HELLO,
    Clock,
    WeComSection,
    channel_of,
    kf,
    offline_wecom,
    pulled,
    sealed,
)
from tests.fakes.wecom import Customer, FakeWeCom
from tests.loopback import NO_TLS


@pytest.fixture
async def fake() -> AsyncIterator[FakeWeCom]:
    async with FakeWeCom() as running:
        yield running


@pytest.fixture
async def channel(fake: FakeWeCom) -> AsyncIterator[WeCom]:
    async with channel_of(fake) as running:
        yield running


@pytest.fixture
def li(fake: FakeWeCom) -> Customer:
    """Somebody who has written."""
    customer = fake.customer("李娜")
    customer.write("你好")
    return customer


# Links


async def test_an_invite_link_brings_its_token_back_on_entering(
    fake: FakeWeCom, channel: WeCom
) -> None:
    with pytest.raises(NotReady, match="link"):
        channel.invite_url(BASE_URL, "t")
    await channel.check()
    token = "k-3_" + "x" * 39
    url = channel.invite_url(BASE_URL, token)
    assert url.startswith("https://work.weixin.qq.com/kf/kfc")
    visitor = fake.customer("小王")
    visitor.enter(url)
    [start] = (await pulled(channel, visitor)).messages
    assert (start.kind, start.text) == (MessageKind.TEXT, f"/start {token}")
    assert start.sender == kf(visitor)


async def test_the_link_is_learnt_once_a_platform_that_was_down_comes_back(
    fake: FakeWeCom,
) -> None:
    port = int(urlsplit(fake.api_base).port or 0)
    await asyncio.to_thread(fake.stop)
    async with channel_of(fake, open_kfids=()) as channel:
        await channel.start()
        assert channel.accounts() == ()
        await asyncio.to_thread(fake.start, port)
        await fake.until(lambda: channel.accounts(), timeout=10)
        await fake.until(lambda: fake.calls_of("kf/add_contact_way"), timeout=10)


# Rights


async def test_what_works_passes_and_nobody_is_written_to(fake: FakeWeCom, channel: WeCom) -> None:
    li = fake.member("LiNa")
    await channel.check()
    assert li.messages() == []


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"secret": "wrong"}, "Secret"),
        ({"corp_id": "ww0000000000000000"}, "企业信息"),
        ({"agent_id": 1000009}, "AgentId"),
        ({"open_kfids": ("wkOther",)}, "可调用接口的应用"),
    ],
)
async def test_a_wrong_setting_is_named_with_its_page(
    fake: FakeWeCom, more: dict[str, Any], words: str
) -> None:
    async with channel_of(fake, **more) as channel:
        with pytest.raises(CredentialsWrong, match=words):
            await channel.check()


async def test_a_missing_right_is_named_with_its_page(fake: FakeWeCom, channel: WeCom) -> None:
    fake.app.trusted_ips = frozenset({"10.0.0.1"})
    with pytest.raises(CredentialsWrong, match="企业可信IP"):
        await channel.check()
    fake.app.trusted_ips = None
    fake.app.kf = False
    with pytest.raises(CredentialsWrong, match="微信客服"):
        await channel.check()
    fake.app.kf = True
    fake.assign(fake.account, managed=False)
    with pytest.raises(CredentialsWrong, match="客服账号"):
        await channel.check()
    fake.app.disabled = True
    with pytest.raises(CredentialsWrong, match="停用"):
        await channel.check()


async def test_check_tells_a_platform_that_is_down_from_a_wrong_setting(
    fake: FakeWeCom, channel: WeCom
) -> None:
    fake.break_next("getcallbackip", 502)
    with pytest.raises(TryLater):
        await channel.check()
    fake.drop_after_delivery("kf/account/list")
    with pytest.raises(TryLater):
        await channel.check()


async def test_settings_make_a_channel_and_what_is_missing_is_said(fake: FakeWeCom) -> None:
    section = WeComSection(api_base=fake.api_base, callback_token=SecretStr(""), kf=False)
    channel = wecom.build(section, secret="", base_url=BASE_URL)
    with pytest.raises(NotReady, match="YINUO_WECOM__TOKEN"):
        await channel.check()
    await channel.stop()
    with pytest.raises(NotReady, match="OPEN_KFIDS"):
        wecom.build(WeComSection(open_kfids=("客服",)), secret="", base_url=BASE_URL)
    robots = {"hr": SecretStr("https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=abc-1")}
    made = wecom.build(WeComSection(robots=robots), secret="", base_url=BASE_URL)
    assert isinstance(made, WeCom)
    assert made._config.robots == {"hr": "abc-1"}


async def test_without_customer_service_hints_are_not_followed() -> None:
    event = "<xml><MsgType>event</MsgType><Event>kf_msg_or_event</Event><OpenKfId>wk1</OpenKfId>"
    channel = wecom.build(WeComSection(kf=False), secret="", base_url=BASE_URL)
    assert not (await channel.receive(sealed(f"{event}</xml>"))).told
    assert (await offline_wecom().receive(sealed(f"{event}</xml>"))).pulls
    with pytest.raises(Refused):
        await channel.receive(HttpCall(method="PUT", headers={}, query={}, body=HELLO.encode()))
    await channel.noticed("e:1", "已记录")


# Colleagues


async def test_a_customer_is_handed_to_a_colleague(
    fake: FakeWeCom, channel: WeCom, li: Customer
) -> None:
    fake.servicer(fake.member("Wang", "王敏"))
    stopped = fake.servicer(fake.member("Zhao", "赵云"))
    stopped.stop()
    assert await channel.state(kf(li).value) == Session(0)
    for nobody in ("app/nobody", "app/zhao", "kf/wk1/wm1", "wang"):
        with pytest.raises(GiveUp, match="接待"):
            await channel.transfer(kf(li).value, [nobody])
    ticket = await channel.transfer(kf(li).value, ["kf/wk1/wm1", "app/wang"])
    assert ticket is not None
    assert ticket.value in fake.state.service.codes
    assert await channel.state(kf(li).value) == Session(3, "app/wang")
    with pytest.raises(GiveUp, match="状态"):
        await channel.transfer(kf(li).value, ["kf/wk1/wm1", "app/wang"])
    with pytest.raises(GiveUp, match="地址"):
        await channel.state("app/wang")
    fake.drop_after_delivery("kf/service_state/get")
    with pytest.raises(TryLater):
        await channel.state(kf(li).value)
    fake.drop_before_delivery("kf/service_state/trans")
    with pytest.raises(Unknown):
        await channel.transfer(kf(li).value, ["kf/wk1/wm1", "app/wang"])


# Signing in


def test_the_pages_to_sign_in_on_are_as_documented() -> None:
    channel = offline_wecom()
    back = "https://hr.example.com/login?next=/console"
    inside = channel.sign_in_url(back, "s1", in_app=True) or ""
    assert inside.startswith("https://open.weixin.qq.com/connect/oauth2/authorize?appid=ww")
    assert inside.endswith("#wechat_redirect")
    desktop = channel.sign_in_url(back, "s1", in_app=False) or ""
    assert desktop.startswith("https://login.work.weixin.qq.com/wwlogin/sso/login?login_type=Corp")
    for url in (inside, desktop):
        asked = parse_qs(urlsplit(url).query)
        assert asked["redirect_uri"] == [back]
        assert asked["state"] == ["s1"]
        assert asked["agentid"] == ["1000002"]
    for state in ("", "a b", "a" * 129, "状"):
        with pytest.raises(ValueError):
            channel.sign_in_url(back, state, in_app=True)


async def test_a_deployment_of_ones_own_has_both_pages(fake: FakeWeCom) -> None:
    async with channel_of(fake, sign_in_base=fake.sign_in_base) as channel:
        for in_app in (True, False):
            url = channel.sign_in_url("https://hr.example.com/join/wecom", "s1", in_app=in_app)
            assert url is not None
            assert url.startswith(f"{fake.sign_in_base}/")
            page = await get(url)
            assert (page.status_code, "扫码" in page.text) == (200, True)
            fake.sign_in_as(fake.member("LiNa"))
            back = (await get(url)).headers["location"]
            code = parse_qs(urlsplit(back).query)["code"][0]
            assert await channel.signed_in(code, "") == Address("wecom", "app/lina")
            fake.sign_in_as(None)
            assert (await get(url.replace("1000002", "9"))).status_code == 400
            fake.state.trusted_domains = {"other.example.com"}
            assert (await get(url)).status_code == 400
            fake.state.trusted_domains = None


async def get(url: str) -> httpx2.Response:
    async with httpx2.AsyncClient(verify=NO_TLS) as browser:
        return await browser.get(url)


async def test_a_code_names_a_member_and_a_customer_never(
    fake: FakeWeCom, channel: WeCom, li: Customer
) -> None:
    fake.app.visible_users = set()
    hidden = fake.oauth_code(fake.member("LiNa"))
    assert await channel.signed_in(hidden, "") == Address("wecom", "app/lina")
    with pytest.raises(GiveUp, match="成员"):
        await channel.signed_in(fake.oauth_code(li), "")
    with pytest.raises(GiveUp, match="40029"):
        await channel.signed_in("never", "")
    fake.drop_after_delivery("auth/getuserinfo")
    with pytest.raises(TryLater):
        await channel.signed_in(fake.oauth_code(), "")
    fake.fail_next("auth/getuserinfo", -1)
    with pytest.raises(TryLater):
        await channel.signed_in(fake.oauth_code(), "")
    fake.fail_next("auth/getuserinfo", 50001)
    with pytest.raises(TryLater, match="可信域名"):
        await channel.signed_in(fake.oauth_code(), "")


async def test_a_colleague_is_found_by_phone(fake: FakeWeCom, channel: WeCom) -> None:
    fake.member("LiNa", mobile="13800000000")
    assert await channel.member_by_phone("13800000000") == "lina"
    assert await channel.member_by_phone("13800000001") is None
    fake.app.visible_users = set()
    assert await channel.member_by_phone("13800000000") is None
    fake.fail_next("user/getuserid", 45009)
    with pytest.raises(TryLater):
        await channel.member_by_phone("13800000000")
    fake.drop_before_delivery("user/getuserid")
    with pytest.raises(TryLater):
        await channel.member_by_phone("13800000000")


# The archive

WM = "wmEAlECwAAHrbWYDOK5u3Bf13xlYDmDg"


def line(msgid: str, sender: str, to: str, seq: int, **more: Any) -> str:
    record = {
        "seq": seq,
        "msgid": msgid,
        "action": "send",
        "from": sender,
        "tolist": [to],
        "roomid": "",
        "msgtime": 1_760_000_000_123 + seq * 1000,
        "msgtype": "text",
        "text": {"content": msgid},
    }
    return json.dumps(record | more, ensure_ascii=False)


def test_an_archive_is_read_in_order_once_and_only_between_one_and_one() -> None:
    lines = [
        line("2_b", "LiSi", WM, 2),
        line("1_a", WM, "LiSi", 1),
        line("1_a", WM, "LiSi", 1),
        line("3", WM, "LiSi", 3, msgtype="file", file={"filename": "简历.pdf", "sdkfileid": "x"}),
        line("4", WM, "LiSi", 4, action="recall", msgtype="revoke", revoke={"pre_msgid": "1_a"}),
        line("5", WM, "LiSi", 5, msgtype="docmsg", doc={"title": "约定", "link_url": "https://d"}),
        line("6", WM, "LiSi", 6, msgtype="hologram", hologram={"beam": "up"}),
        line("7", WM, "LiSi", 7, msgtype="agree", agree={"userid": WM, "agree_time": 1}),
        line("8", WM, "LiSi", 8, roomid="wr1"),
        line("9", "LiSi", "WangWu", 9),
        line("10", "wbAAAAAAAAAA", WM, 10),
        line("11", WM, "LiSi", 11, tolist=["LiSi", "WangWu"]),
        '{"msgid":"12","action":"switch","time":1700000002000,"user":"lisi"}',
        "not JSON",
        "[1]",
        '{"action":"send"}',
        "",
    ]
    archive = wecom_archive.decode(lines, open_kfid="wkA")
    said = [(type(one).__name__, one.text) for one in archive.said]
    assert said == [
        ("Inbound", "1_a"),
        ("Aside", "2_b"),
        ("Inbound", "[文件] 简历.pdf"),
        ("Inbound", "[撤回了一条消息]"),
        ("Inbound", "[在线文档] 约定 https://d"),
        ("Inbound", "[暂不支持的消息]"),
        ("Inbound", "[同意会话存档]"),
    ]
    assert archive.unread == 3
    first, second = archive.said[0], archive.said[1]
    assert isinstance(first, Inbound)
    assert first.sender.value == f"kf/wkA/{WM}"
    assert first.sent_at == datetime.fromtimestamp(1_760_000_001.123, UTC)
    assert isinstance(second, Aside)
    assert (second.to, second.by) == (first.sender, "app/lisi")
    assert len({one.external_id for one in archive.said}) == len(archive.said)
    assert second.sent_at - first.sent_at == timedelta(seconds=1)


def test_no_line_of_an_archive_breaks_the_reading() -> None:
    odd: list[Any] = [None, [], {}, 5, "x", True, 1e300, -(2**70)]
    good = line("m", WM, "LiSi", 1)
    names = ("seq", "from", "tolist", "roomid", "msgtime", "msgtype", "text", "action")
    lines = [json.dumps(json.loads(good) | {name: value}) for name in names for value in odd]
    archive = wecom_archive.decode([*lines, "[" * 100_000, "x" * 2_000_000], open_kfid="wkA")
    assert archive.unread == 2
    assert wecom_archive.decode([line("m", WM, "LiSi", 1)], open_kfid="a/b").said == ()


async def test_an_error_of_a_check_is_one_of_ours(fake: FakeWeCom, channel: WeCom) -> None:
    for code in (40014, 45009, 50001, 99999):
        fake.fail_next("getcallbackip", code, times=2)
        with pytest.raises((BotError, TryLater, GiveUp)):
            await channel.check()
        fake.heal()
    assert Clock().now().tzinfo is UTC
