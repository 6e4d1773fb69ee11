"""What is wrong with a channel, said in a terminal: a line in Chinese, where to mend it, no trace.

Every platform is its stand-in on loopback, every command a process. What a line says must stand
in the channel's guide as well, where somebody looks it up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import guides
from tests.contract.place_dingtalk import BUTTONS, TEMPLATE
from tests.fakes.dingtalk import FakeDingTalk
from tests.fakes.feishu import FakeFeishu
from tests.fakes.telegram import FakeTelegram
from tests.fakes.wecom import AES_KEY, AGENTID, TOKEN, FakeWeCom
from tests.integration.commands import Commands, Ran

Env = dict[str, str]
HERE = "http://127.0.0.1:9"


@pytest.fixture
def wecom() -> Iterator[FakeWeCom]:
    with FakeWeCom() as fake:
        yield fake


@pytest.fixture
def dingtalk() -> Iterator[FakeDingTalk]:
    with FakeDingTalk(limits=False) as fake:
        fake.template(TEMPLATE, *BUTTONS)
        yield fake


@pytest.fixture
def feishu() -> Iterator[FakeFeishu]:
    with FakeFeishu(limits=False) as fake:
        yield fake


@pytest.fixture
def telegram() -> Iterator[FakeTelegram]:
    with FakeTelegram(limits=False) as fake:
        yield fake


def wecom_env(fake: FakeWeCom, **more: str) -> Env:
    return {
        "YINUO_WECOM__CORP_ID": fake.corpid,
        "YINUO_WECOM__AGENT_ID": str(AGENTID),
        "YINUO_WECOM__SECRET": fake.secret,
        "YINUO_WECOM__TOKEN": TOKEN,
        "YINUO_WECOM__ENCODING_AES_KEY": AES_KEY,
        "YINUO_WECOM__API_BASE": fake.api_base,
    } | {f"YINUO_WECOM__{name}": value for name, value in more.items()}


def dingtalk_env(fake: FakeDingTalk, **more: str) -> Env:
    return {
        "YINUO_DINGTALK__CLIENT_ID": fake.app.client_id,
        "YINUO_DINGTALK__CLIENT_SECRET": fake.app.client_secret,
        "YINUO_DINGTALK__CORP_ID": fake.app.corp_id,
        "YINUO_DINGTALK__CARD_TEMPLATE_ID": TEMPLATE,
        "YINUO_DINGTALK__API_BASE": fake.api_base,
        "YINUO_DINGTALK__OAPI_BASE": fake.oapi_base,
    } | {f"YINUO_DINGTALK__{name}": value for name, value in more.items()}


def feishu_env(fake: FakeFeishu, **more: str) -> Env:
    return {
        "YINUO_FEISHU__APP_ID": fake.app.app_id,
        "YINUO_FEISHU__APP_SECRET": fake.app.secret,
        "YINUO_FEISHU__API_BASE": fake.base_url,
    } | {f"YINUO_FEISHU__{name}": value for name, value in more.items()}


def telegram_env(fake: FakeTelegram, **more: str) -> Env:
    return {
        "YINUO_TELEGRAM__BOT_TOKEN": fake.token,
        "YINUO_TELEGRAM__ABROAD": "true",
        "YINUO_TELEGRAM__API_BASE": fake.api_base,
    } | {f"YINUO_TELEGRAM__{name}": value for name, value in more.items()}


def wrong(ran: Ran, channel: str, says: str, env: Env) -> None:
    """A line that says what is wrong, in the guide as well, and no secret and no trace."""
    assert ran.code == 1, ran.out
    assert says in ran.out
    assert "✗" in ran.out
    assert "Traceback" not in ran.out
    assert "Error" not in ran.out
    for name, value in env.items():
        if name.endswith(("SECRET", "TOKEN", "KEY")):
            assert value not in ran.out, name
    assert says in guides.symptoms(channel), f"the guide does not tell of {says}"


def right(ran: Ran) -> None:
    assert ran.code == 0, ran.out
    assert "✓" in ran.out
    assert "✗" not in ran.out


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


# --- All of them ------------------------------------------------------------------------------

STOPPED: dict[str, tuple[Any, Callable[[Any], Env], str]] = {
    "wecom": (FakeWeCom, wecom_env, "连不上企业微信"),
    "dingtalk": (FakeDingTalk, dingtalk_env, "连不上钉钉"),
    "feishu": (FakeFeishu, feishu_env, "连不上飞书"),
    "telegram": (FakeTelegram, telegram_env, "连不上 Telegram"),
}


@pytest.mark.parametrize("channel", sorted(STOPPED))
def test_a_platform_that_is_down_is_told_from_a_wrong_setting(
    yinuo: Commands, channel: str
) -> None:
    make, env_of, says = STOPPED[channel]
    with make() as fake:
        env = env_of(fake)
    ran = yinuo.check(channel, env)
    wrong(ran, channel, says, env)
    assert next(value for name, value in env.items() if name.endswith("__API_BASE")) in ran.out
    assert "HTTPS_PROXY" in ran.out


@pytest.mark.parametrize(
    ("channel", "env", "says"),
    [
        (
            "dingtalk",
            {"CLIENT_ID": "ding1", "CLIENT_SECRET": "a-secret", "MODE": "http"},
            "HTTP 模式下钉钉只回调 https 地址",
        ),
        (
            "feishu",
            {
                "APP_ID": "cli_1",
                "APP_SECRET": "a-secret",
                "ENCRYPT_KEY": "one-key",
                "VERIFICATION_TOKEN": "one-token",
            },
            "回调模式下飞书只推送到公网地址",
        ),
        (
            "telegram",
            {"BOT_TOKEN": "12345:a-token", "ABROAD": "true", "MODE": "webhook"},
            "webhook 模式下 Telegram 只推送到 443、80、88、8443 端口",
        ),
    ],
)
def test_an_address_nobody_can_push_to_is_noticed_before_anybody_is_asked(
    yinuo: Commands, channel: str, env: Env, says: str
) -> None:
    """At the platform's own address: were it called, the answer would be another."""
    named = {f"YINUO_{channel.upper()}__{name}": value for name, value in env.items()}
    wrong(yinuo.check(channel, {**named, "HTTPS_PROXY": HERE}), channel, says, named)


# --- Where data may go ------------------------------------------------------------------------


def test_a_channel_that_leaves_the_country_is_not_asked_before_somebody_allows_it(
    yinuo: Commands, telegram: FakeTelegram, feishu: FakeFeishu
) -> None:
    off = telegram_env(telegram) | {"YINUO_TELEGRAM__ABROAD": "false"}
    wrong(yinuo.check("telegram", off), "telegram", "数据出境", off)
    lark = feishu_env(feishu, HOST="lark")
    ran = yinuo.check("feishu", lark)
    wrong(ran, "feishu", "数据出境", lark)
    assert "YINUO_FEISHU__ABROAD=true" in ran.out
    ran = yinuo.run("doctor", **off, **lark, YINUO_READER__ENGINE="rules")
    assert ran.code == 0, ran.out  # off is what was asked for: nothing is wrong
    assert ran.out.count("! 数据出境") == 2
    assert telegram.calls == []
    assert feishu.calls == []
    right(yinuo.check("telegram", {**off, "YINUO_DATA_REGION": "other"}))
    right(yinuo.check("feishu", {**lark, "YINUO_FEISHU__ABROAD": "true"}))


# --- doctor -----------------------------------------------------------------------------------


def test_doctor_announces_whom_it_asks_and_offline_asks_nobody(
    yinuo: Commands, wecom: FakeWeCom, feishu: FakeFeishu
) -> None:
    env = {**wecom_env(wecom), **feishu_env(feishu), "YINUO_READER__ENGINE": "rules"}
    quiet = yinuo.run("doctor", "--offline", **env)
    assert quiet.code == 0, quiet.out
    assert wecom.calls == []
    assert feishu.calls == []
    assert quiet.out.count("没有联网") == 2
    ran = yinuo.run("doctor", **env)
    assert ran.code == 0, ran.out
    for channel, address in (("wecom", wecom.api_base), ("feishu", feishu.base_url)):
        said = ran.out.index(f"· 渠道 {channel}：联网询问 {address}")
        assert said < ran.out.index(f"✓ 渠道 {channel}")
    assert wecom.calls
    assert feishu.calls


def test_one_channel_that_is_set_up_wrong_does_not_hide_the_others(
    yinuo: Commands, wecom: FakeWeCom, dingtalk: FakeDingTalk
) -> None:
    env = {**wecom_env(wecom), **dingtalk_env(dingtalk, EVENT_AES_KEY="short")}
    ran = yinuo.run("channel", "check", **env)
    assert ran.code == 1
    assert "✗ 渠道 dingtalk" in ran.out
    assert "✓ 渠道 wecom" in ran.out


def test_a_check_before_the_first_run_works_and_leaves_nothing_behind(
    yinuo: Commands, wecom: FakeWeCom, tmp_path: Path
) -> None:
    new = tmp_path / "new"
    right(yinuo.check("wecom", {**wecom_env(wecom), "YINUO_DATA_DIR": str(new)}))
    assert not new.exists()


@pytest.mark.parametrize(
    ("argv", "env", "says"),
    [
        (("channel", "check", "wecom"), {}, "YINUO_WECOM__CORP_ID、YINUO_WECOM__AGENT_ID"),
        (("channel", "check", "telegram"), {}, "还缺 YINUO_TELEGRAM__BOT_TOKEN"),
        (("channel", "check", "weixin"), {}, "没有渠道 weixin"),
        (("channel", "check", "webchat"), {"YINUO_WEBCHAT__ENABLED": "false"}, "WEBCHAT__ENABLED"),
        (
            ("channel", "check", "wecom"),
            {"YINUO_WECOM__CORP_ID": "ww1"},
            "还缺 YINUO_WECOM__AGENT_ID、YINUO_WECOM__SECRET",
        ),
        (("channel", "check"), {"YINUO_WECOM__CORP_ID": "ww1"}, "设了一半，没有启用：还缺"),
        (("channel", "check"), {"YINUO_WECOM__CORPID": "ww1"}, "没有这个设置，请核对拼写"),
        (("channel", "check"), {"YINUO_WECOM__AGENT_ID": "abc"}, "应当是整数"),
        (("channel", "check"), {"YINUO_WECOM__OPEN_KFIDS": "wk1"}, "应当是 JSON"),
        (("channel", "check"), {"YINUO_WECOM__SECRET_FILE": "/nowhere/x"}, "读不到文件 /nowhere/x"),
        (("channel", "check"), {"YINUO_WECOM__API_BASE": "qyapi"}, "应当是网址"),
    ],
)
def test_what_was_mistyped_is_named_in_one_line(
    yinuo: Commands, argv: tuple[str, ...], env: Env, says: str
) -> None:
    ran = yinuo.run(*argv, **env)
    assert ran.code == 1
    assert says in ran.out
    assert "Traceback" not in ran.out


def test_doctor_names_what_is_half_set_up_and_what_nobody_reads(yinuo: Commands) -> None:
    ran = yinuo.run(
        "doctor",
        YINUO_READER__ENGINE="rules",
        YINUO_WECOM__CORP_ID="ww1",
        YINUO_WECOM__KF_SECRET="x",
        YINUO_WECHAT__SECRET="x",
    )
    assert ran.code == 1
    assert "设了一半，没有启用：还缺 YINUO_WECOM__AGENT_ID、YINUO_WECOM__SECRET" in ran.out
    assert "没有作用：YINUO_WECHAT__SECRET" in ran.out
    assert "目前没有作用：YINUO_WECOM__KF_SECRET" in ran.out


def test_a_key_file_that_is_damaged_hides_nothing_of_the_channels(
    yinuo: Commands, wecom: FakeWeCom, tmp_path: Path
) -> None:
    (tmp_path / "keys.json").write_text("{}")
    env = {**wecom_env(wecom), "YINUO_DATA_DIR": str(tmp_path), "YINUO_READER__ENGINE": "rules"}
    ran = yinuo.run("doctor", **env)
    assert ran.code == 1
    assert "✗ 密钥文件" in ran.out
    assert "✓ 渠道 wecom" in ran.out
