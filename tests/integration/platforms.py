"""The settings of a channel whose platform is its stand-in, and what a check of it says."""

from __future__ import annotations

from tests import guides
from tests.contract.place_dingtalk import TEMPLATE
from tests.fakes.dingtalk import FakeDingTalk
from tests.fakes.feishu import FakeFeishu
from tests.fakes.telegram import FakeTelegram
from tests.fakes.wecom import AES_KEY, AGENTID, TOKEN, FakeWeCom
from tests.integration.commands import Ran

Env = dict[str, str]


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
