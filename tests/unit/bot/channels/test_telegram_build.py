"""From settings to a channel."""

from __future__ import annotations

from typing import Any

import pytest

from bot.channels import base, telegram, webchat
from config.settings import TelegramSettings, WebchatSettings


async def link(**settings: Any) -> str:
    section = TelegramSettings.model_validate({"bot_token": "1:x", **settings})
    channel = telegram.build(section, secret="derived", base_url="https://hr.example.com/")
    try:
        return channel.invite_url("https://hr.example.com", "tok")
    finally:
        await channel.stop()


@pytest.mark.parametrize("name", ["yinuo_bot", "@yinuo_bot", " https://t.me/yinuo_bot "])
async def test_the_bots_name_may_be_written_in_any_usual_way(name: str) -> None:
    assert await link(bot_username=name) == "https://t.me/yinuo_bot?start=tok"


def test_parts_of_channels_are_not_channels() -> None:
    assert "telegram" in base.discover()
    assert not [name for name in base.discover() if "_" in name or name == "base"]


def test_the_link_to_the_chat_page_is_the_page() -> None:
    channel = webchat.build(WebchatSettings(), secret="", base_url="")
    assert channel.limits.link_is_chat
    assert channel.invite_url("https://hr.example.com", "tok") == "https://hr.example.com/chat/tok"
