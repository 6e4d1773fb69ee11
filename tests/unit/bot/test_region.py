"""A channel whose platform is abroad is used in China only where somebody has allowed it."""

from __future__ import annotations

from typing import Any

import pytest

from bot import app, doctor
from config.settings import Settings
from storage.crypto import Keystore

TOKEN = {"bot_token": "12345:TEST-token-of-nobody", "api_base": "http://127.0.0.1:9"}


@pytest.mark.parametrize(
    ("region", "telegram", "used"),
    [
        ("cn", TOKEN, False),
        ("cn", {**TOKEN, "abroad": True}, True),
        ("other", TOKEN, True),
        ("other", {}, False),
    ],
)
def test_where_people_s_data_may_go(region: str, telegram: dict[str, Any], used: bool) -> None:
    settings = Settings.model_validate({"data_region": region, "telegram": telegram})
    assert ("telegram" in app.open_channels(settings, Keystore.generate())) is used


FEISHU = {"app_id": "cli_a", "app_secret": "secret-of-nobody"}
LARK = "https://open.larksuite.com"


@pytest.mark.parametrize(
    ("region", "feishu", "used"),
    [
        ("cn", {}, True),
        ("cn", {"host": "lark"}, False),
        ("cn", {"host": "lark", "abroad": True}, True),
        ("other", {"host": "lark"}, True),
        ("cn", {"api_base": LARK}, False),  # by another name
        ("cn", {"api_base": "https://Open.LarkSuite.com/"}, False),
        ("cn", {"group_hook": f"{LARK}/open-apis/bot/v2/hook/x"}, False),
        ("cn", {"api_base": "https://feishu.example.cn"}, True),
    ],
)
def test_lark_is_abroad_however_it_is_reached(
    region: str, feishu: dict[str, Any], used: bool
) -> None:
    settings = Settings.model_validate({"data_region": region, "feishu": {**FEISHU, **feishu}})
    assert ("feishu" in app.open_channels(settings, Keystore.generate())) is used


def test_the_doctor_says_why_it_is_off_and_how_to_allow_it() -> None:
    settings = Settings.model_validate({"data_region": "cn", "telegram": TOKEN})
    [finding] = doctor._region(settings, "telegram", asked=False)
    assert finding.state == "warn"
    assert "YINUO_TELEGRAM__ABROAD=true" in finding.remedy
    [finding] = doctor._region(settings, "telegram", asked=True)
    assert finding.state == "fail"  # somebody wants to know whether it works, and it does not


@pytest.mark.parametrize(
    "way",
    [
        {"host": "lark"},
        {"api_base": "https://open.larksuite.com"},
        {"group_hook": "https://open.larksuite.com/open-apis/bot/v2/hook/x"},
    ],
)
def test_lark_is_used_only_with_leave(way: dict[str, str]) -> None:
    app_of = {"app_id": "cli_1", "app_secret": "s", **way}
    for allowed in (False, True):
        settings = Settings.model_validate({"feishu": {**app_of, "abroad": allowed}})
        assert settings.forbids("feishu") is not allowed
        assert ("feishu" in app.open_channels(settings, Keystore.generate())) is allowed
    assert not Settings.model_validate({"feishu": app_of, "data_region": "other"}).forbids("feishu")


def test_platforms_in_china_are_never_held_back() -> None:
    for name in ("wecom", "dingtalk", "feishu", "webchat"):
        assert not Settings().forbids(name)
