"""What was set wrong, or may not be asked, in the words of ``channel check`` and ``doctor``.

Every platform is its stand-in on loopback, every command a process.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.dingtalk import FakeDingTalk
from tests.fakes.feishu import FakeFeishu
from tests.fakes.telegram import FakeTelegram
from tests.fakes.wecom import FakeWeCom
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

HERE = "http://127.0.0.1:9"


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
