"""Captured messages and frames of DingTalk."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.channels import dingtalk_frames as frames
from bot.channels import dingtalk_inbound as inbound
from bot.channels.dingtalk_config import Config, config_of
from bot.channels.dingtalk_frames import frame_of
from bot.channels.strict_json import whole
from bot.messages import Received
from tests.contract.channel_places import BASE_URL, SECRET
from tests.contract.place_dingtalk import Section

PAYLOADS = Path(__file__).parent / "payloads/dingtalk"
NOW = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)


def config(**more: Any) -> Config:
    made = config_of(Section(mode="http"), secret=SECRET, base_url=BASE_URL)
    return replace(made, **more)


def body(name: str) -> dict[str, Any]:
    return whole((PAYLOADS / f"{name}.json").read_bytes())


def heard(data: dict[str, Any], **more: Any) -> Received:
    """What a message to the robot becomes."""
    return inbound.message(data, config(**more), now=NOW).received


def framed(data: dict[str, Any]) -> str:
    """A message as the stream carries it."""
    headers = {
        "appId": "a1",
        "connectionId": "c1",
        "contentType": "application/json",
        "messageId": f"f-{data.get('msgId', '')}",
        "time": "1790000000000",
        "topic": frames.BOT,
    }
    text = json.dumps(data, ensure_ascii=False)
    return json.dumps({"specVersion": "1.0", "type": "CALLBACK", "headers": headers, "data": text})


def told(text: str) -> Received:
    found = frames.decode(frame_of(text), config(), now=NOW)
    assert found is not None
    return found.received


MESSAGES = sorted(path.stem for path in PAYLOADS.glob("*.json"))
FRAMES = sorted(path.stem for path in (PAYLOADS / "frames").glob("*.json"))
