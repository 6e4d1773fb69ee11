"""Settings from the environment and from files: what is read, and what is said of a mistake."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from config import settings, sources
from config.settings import ChannelSettings, Settings


@pytest.fixture(autouse=True)
def _nothing_given(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("YINUO_")]:
        monkeypatch.delenv(name)


def load(monkeypatch: pytest.MonkeyPatch, **given: str) -> Settings:
    for name, value in given.items():
        monkeypatch.setenv(f"YINUO_{name}", value)
    return settings.load()


def told(monkeypatch: pytest.MonkeyPatch, **given: str) -> list[str]:
    with pytest.raises(ValidationError) as refused:
        load(monkeypatch, **given)
    return sources.complaints(refused.value)


def secrets() -> list[tuple[str, str]]:
    """Every secret of every channel, by each of its names, and the field behind it."""
    return [
        (f"{channel}__{name}".upper(), f"{channel}.{field}")
        for channel, part in Settings.model_fields.items()
        if isinstance(part.annotation, type) and issubclass(part.annotation, ChannelSettings)
        for field, info in part.annotation.model_fields.items()
        if info.annotation is SecretStr
        for name in sources.names(field, info)
    ]


@pytest.mark.parametrize(("name", "place"), secrets())
def test_a_secret_is_taken_from_the_environment_and_from_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, place: str
) -> None:
    file = tmp_path / "secret"
    file.write_text("  of-the-file\n", "utf-8")
    section, field = place.split(".")

    def value(**given: str) -> str:
        found: str = getattr(getattr(load(monkeypatch, **given), section), field).get_secret_value()
        return found

    assert value(**{name: "given"}) == "given"
    assert value(**{f"{name}_FILE": str(file)}) == "of-the-file"  # it wins
    monkeypatch.delenv(f"YINUO_{name}")
    assert value() == "of-the-file"


#: Promised to users: these names, and no others, for these settings.
PROMISED = {
    "WECOM": "CORP_ID AGENT_ID SECRET KF_SECRET TOKEN ENCODING_AES_KEY API_BASE",
    "DINGTALK": "CLIENT_ID CLIENT_SECRET ROBOT_CODE CARD_TEMPLATE_ID API_BASE OAPI_BASE",
    "TELEGRAM": "BOT_TOKEN SECRET_TOKEN API_BASE",
    "FEISHU": "APP_ID APP_SECRET ENCRYPT_KEY VERIFICATION_TOKEN API_BASE",
}


@pytest.mark.parametrize("channel", PROMISED)
def test_every_promised_name_is_a_setting(monkeypatch: pytest.MonkeyPatch, channel: str) -> None:
    for name in PROMISED[channel].split():
        value = {"AGENT_ID": "7"}.get(name, "https://x.example" if "BASE" in name else "v")
        section: Any = getattr(load(monkeypatch, **{f"{channel}__{name}": value}), channel.lower())
        held = [one.get_secret_value() if isinstance(one, SecretStr) else one for _, one in section]
        assert (int(value) if name == "AGENT_ID" else value) in held, name


def test_the_robots_of_groups_are_given_together_or_one_by_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "robot"
    file.write_text("key-of-ops", "utf-8")
    made = load(monkeypatch, WECOM__ROBOTS__HR="key-of-hr", WECOM__ROBOTS__OPS_FILE=str(file))
    robots = {name: key.get_secret_value() for name, key in made.wecom.robots.items()}
    assert robots == {"hr": "key-of-hr", "ops": "key-of-ops"}


def test_a_top_level_setting_comes_from_a_file_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "url"
    file.write_text("postgresql://yinuo@db/yinuo\n", "utf-8")
    assert load(monkeypatch, DATABASE_URL_FILE=str(file)).database_url.endswith("@db/yinuo")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"WECOM__CORPID": "x"}, "YINUO_WECOM__CORPID：没有这个设置，请核对拼写"),
        ({"WECOM__AGENT_ID": "x"}, "YINUO_WECOM__AGENT_ID：应当是整数"),
        ({"WECOM__KF": "perhaps"}, "YINUO_WECOM__KF：应当是 true 或 false"),
        ({"WECOM__KF_WINDOW_HOURS": "500"}, "YINUO_WECOM__KF_WINDOW_HOURS：太大了，最大是 168.0"),
        ({"DINGTALK__CARD_BUTTONS": "1"}, "YINUO_DINGTALK__CARD_BUTTONS：太小了，最小是 3"),
        ({"FEISHU__HOST": "fs"}, "YINUO_FEISHU__HOST：不能是这个值，可以是 feishu、lark"),
        ({"WECOM__API_BASE": "qyapi"}, "YINUO_WECOM__API_BASE：应当是网址"),
        ({"WECOM__API_BASE": "http://["}, "YINUO_WECOM__API_BASE：应当是网址"),
        ({"DINGTALK__OAPI_BASE": "https://x/?a"}, "YINUO_DINGTALK__OAPI_BASE：应当是网址"),
        ({"WECOM__OPEN_KFIDS": "wk1"}, "YINUO_WECOM__OPEN_KFIDS：应当是 JSON"),
        ({"WECOM__OPEN_KFIDS": "{}"}, "YINUO_WECOM__OPEN_KFIDS：应当是 JSON"),
        ({"WECOM__ROBOTS": "hr"}, "YINUO_WECOM__ROBOTS：应当是 JSON"),
        ({"WECOM": "{"}, "YINUO_WECOM：应当是 JSON"),
        ({"WECOM__SECRET_FILE": "/nowhere"}, "YINUO_WECOM__SECRET_FILE：读不到文件 /nowhere"),
        (
            {"SMS__URL": "http://sms.cn/send", "SMS__SECRET": "s"},
            "YINUO_SMS：url 不在本机",
        ),
        ({"SMS__URL": "https://sms.example.com/send"}, "YINUO_SMS：url 和 secret 要一起填写"),
        ({"SMTP__HOST": "mail.example.com"}, "YINUO_SMTP：host 和 sender 要一起填写"),
        (
            {"SMTP__HOST": "mail.example.com", "SMTP__SENDER": "a@b.cn", "SMTP__SECURITY": "none"},
            "YINUO_SMTP：security 为 none 只用于本机",
        ),
        ({"WECON__SECRET_FILE": os.devnull}, "YINUO_WECON：没有这个设置，请核对拼写"),
    ],
)
def test_a_mistake_is_told_by_the_variable_and_without_its_value(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], says: str
) -> None:
    [line] = told(monkeypatch, **given)
    assert line.startswith(says)


def test_a_file_of_bytes_is_no_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "bytes"
    file.write_bytes(b"\xff\xfe")
    [line] = told(monkeypatch, WECOM__SECRET_FILE=str(file))
    assert line.startswith("YINUO_WECOM__SECRET_FILE：")
    assert "UTF-8" in line


def test_what_nobody_reads_is_found() -> None:
    given = (
        "YINUO_WECON__SECRET", "YINUO_WECOM_SECRET", "YINUO_WECOM__SECRET", "YINUO_DATA_DIR",
        "YINUO_WECOM__TOKEN_FILE", "YINUO_DATABASE_URL_FILE", "YINUO_SETTINGS", "HOME",
        "YINUO_WECOM__ROBOTS__HR", "YINUO_WECOM__ROBOTS__HR_FILE", "YINUO_CHAT__MERGE_PAUSE_S__X",
    )  # fmt: skip
    assert sources.strange(Settings, given) == [
        "YINUO_CHAT__MERGE_PAUSE_S__X", "YINUO_WECOM_SECRET", "YINUO_WECON__SECRET",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "lacks"),
    [
        ({}, []),
        ({"API_BASE": "https://x.example"}, []),
        ({"CORP_ID": "ww1"}, ["YINUO_WECOM__AGENT_ID", "YINUO_WECOM__SECRET"]),
        ({"CORP_ID": "ww1", "AGENT_ID": "7"}, ["YINUO_WECOM__SECRET"]),
        ({"CORP_ID": "ww1", "AGENT_ID": "7", "SECRET": "s"}, []),
    ],
)
def test_a_channel_that_is_half_set_up_says_what_it_lacks(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], lacks: list[str]
) -> None:
    made = load(monkeypatch, **{f"WECOM__{name}": value for name, value in given.items()})
    assert settings.lacking(made, "wecom") == lacks
    assert made.wecom.enabled is ("SECRET" in given)
