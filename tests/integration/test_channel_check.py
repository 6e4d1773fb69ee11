"""What is wrong with a channel, said in a terminal: a line in Chinese, where to mend it, no trace.

Every platform is its stand-in on loopback, every command a process. What a line says must stand
in the channel's guide as well, where somebody looks it up.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.contract.place_dingtalk import BUTTONS, TEMPLATE
from tests.fakes.dingtalk import FakeDingTalk
from tests.fakes.feishu import FakeFeishu
from tests.fakes.telegram import FakeTelegram
from tests.fakes.wecom import AES_KEY, FakeWeCom
from tests.integration.commands import Commands
from tests.integration.platforms import (
    Env,
    dingtalk_env,
    feishu_env,
    right,
    telegram_env,
    wecom_env,
    wrong,
)

# --- WeCom ------------------------------------------------------------------------------------


def _nothing(_: Any) -> None: ...


def _not_listed(fake: FakeWeCom) -> None:
    fake.app.kf = False


def _no_account(fake: FakeWeCom) -> None:
    fake.assign(fake.account, managed=False)


def _foreign_ip(fake: FakeWeCom) -> None:
    fake.app.trusted_ips = frozenset({"10.0.0.1"})


def _disabled(fake: FakeWeCom) -> None:
    fake.app.disabled = True


@pytest.mark.parametrize(
    ("arrange", "more", "says"),
    [
        (_nothing, {"SECRET": "another-apps-secret"}, "应用的 Secret 不对"),
        (_nothing, {"CORP_ID": "ww0000000000000000"}, "企业 ID 不对"),
        (_nothing, {"AGENT_ID": "1000009"}, "AgentId 与 Secret 不是同一个应用的"),
        (_nothing, {"ENCODING_AES_KEY": AES_KEY[:-1]}, "回调密钥不对"),
        (_nothing, {"TOKEN": "", "ENCODING_AES_KEY": ""}, "收不到任何消息"),
        (_not_listed, {}, "应用没有微信客服的权限"),
        (_no_account, {}, "没有可用的客服账号"),
        (_foreign_ip, {}, "服务器的 IP 不在名单里"),
        (_disabled, {}, "应用已停用"),
    ],
)
def test_wecom_says_what_is_wrong_and_on_which_page(
    yinuo: Commands, wecom: FakeWeCom, arrange: Callable[[Any], None], more: Env, says: str
) -> None:
    right(yinuo.check("wecom", wecom_env(wecom)))
    arrange(wecom)
    env = wecom_env(wecom, **more)
    wrong(yinuo.check("wecom", env), "wecom", says, {k: v for k, v in env.items() if v})


def test_a_lost_answer_of_wecom_is_no_message_that_may_have_arrived(
    yinuo: Commands, wecom: FakeWeCom
) -> None:
    wecom.drop_after_delivery("gettoken", 9)
    ran = yinuo.check("wecom", wecom_env(wecom))
    assert ran.code == 1
    assert "没有回应" in ran.out
    assert "消息已发出" not in ran.out


# --- DingTalk ---------------------------------------------------------------------------------


def _may_not_send(fake: FakeDingTalk) -> None:
    fake.withhold("qyapi_robot_sendmsg")


def _may_not_draw(fake: FakeDingTalk) -> None:
    fake.withhold("Card.Instance.Write")


def _address_refused(fake: FakeDingTalk) -> None:
    fake.allow_ip(False)


def _used_up(fake: FakeDingTalk) -> None:
    fake.use_up(calls=5_000)


def _draft(fake: FakeDingTalk) -> None:
    fake.template(TEMPLATE, *BUTTONS, published=False)


@pytest.mark.parametrize(
    ("arrange", "more", "says", "also"),
    [
        (_nothing, {"CLIENT_SECRET": "another-apps-secret"}, "钉钉不认这个应用", "凭证与基础信息"),
        (_nothing, {"CLIENT_ID": "dingother0001"}, "钉钉不认这个应用", "凭证与基础信息"),
        (_nothing, {"ROBOT_CODE": "dingother0001"}, "机器人编码不对", "应用能力 → 机器人"),
        (_nothing, {"EVENT_AES_KEY": "short"}, "事件回调的密钥不对", "事件与回调"),
        (_may_not_send, {}, "应用缺少权限", "qyapi_robot_sendmsg"),
        (_may_not_draw, {}, "应用缺少权限", "Card.Instance.Write"),
        (_address_refused, {}, "钉钉不允许本机的出口 IP", "安全设置"),
        (_draft, {}, "互动卡片模板不可用", "卡片平台"),
        (_used_up, {}, "接口调用额度已用完", "续购"),
    ],
)
def test_dingtalk_says_what_is_wrong_and_on_which_page(
    yinuo: Commands,
    dingtalk: FakeDingTalk,
    arrange: Callable[[Any], None],
    more: Env,
    says: str,
    also: str,
) -> None:
    right(yinuo.check("dingtalk", dingtalk_env(dingtalk)))
    arrange(dingtalk)
    env = dingtalk_env(dingtalk, **more)
    ran = yinuo.check("dingtalk", env)
    wrong(ran, "dingtalk", says, env)
    assert also in ran.out


# --- Feishu -----------------------------------------------------------------------------------


def _withdrawn(fake: FakeFeishu) -> None:
    fake.console.withdraw("im:message", "im:message:send_as_bot")


def _unpublished(fake: FakeFeishu) -> None:
    fake.console.app.published = False


def _unknown_address(fake: FakeFeishu) -> None:
    fake.faults.refuse_next("bot", 99991401)


@pytest.mark.parametrize(
    ("arrange", "more", "says", "also"),
    [
        (_nothing, {"APP_SECRET": "another-apps-secret"}, "飞书不认这个应用的凭证", "凭证与基础"),
        (_nothing, {"APP_ID": "cli_other"}, "飞书不认这个应用的凭证", "凭证与基础信息"),
        (_nothing, {"ENCRYPT_KEY": "only-one-of-two"}, "回调模式要两个密钥", "加密策略"),
        (_withdrawn, {}, "应用缺少权限", "im:message:send_as_bot"),
        (
            _unpublished,
            {},
            "请在飞书开发者后台“添加应用能力”中开启“机器人”",
            "版本管理与发布",
        ),
        (_unknown_address, {}, "飞书只接受白名单内的 IP", "安全设置"),
    ],
)
def test_feishu_says_what_is_wrong_and_on_which_page(
    yinuo: Commands,
    feishu: FakeFeishu,
    arrange: Callable[[Any], None],
    more: Env,
    says: str,
    also: str,
) -> None:
    right(yinuo.check("feishu", feishu_env(feishu)))
    arrange(feishu)
    env = feishu_env(feishu, **more)
    ran = yinuo.check("feishu", env)
    wrong(ran, "feishu", says, env)
    assert also in ran.out


# --- Telegram ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (
            {"BOT_TOKEN": "12345:not-the-token-of-the-bot-00000000000"},
            "Telegram 不认这个机器人令牌",
        ),
        ({"SECRET_TOKEN": "口令 with spaces"}, "YINUO_TELEGRAM__SECRET_TOKEN 由您自己定"),
    ],
)
def test_telegram_says_what_is_wrong(
    yinuo: Commands, telegram: FakeTelegram, more: Env, says: str
) -> None:
    right(yinuo.check("telegram", telegram_env(telegram)))
    env = telegram_env(telegram, **more)
    wrong(yinuo.check("telegram", env), "telegram", says, env)
