"""Frames of DingTalk's stream: one JSON text each, whose ``data`` is JSON once more."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.channels import dingtalk_inbound as inbound
from bot.channels.dingtalk_config import Config
from bot.channels.dingtalk_inbound import Told, Wave
from bot.channels.dingtalk_values import moment, words
from bot.channels.strict_json import whole
from bot.errors import Malformed

SYSTEM, EVENT, CALLBACK = "SYSTEM", "EVENT", "CALLBACK"
PING, DISCONNECT = "ping", "disconnect"
BOT = "/v1.0/im/bot/messages/get"
CARD = "/v1.0/card/instances/callback"

#: What we ask to be told.
TOPICS = (
    {"type": EVENT, "topic": "*"},
    {"type": CALLBACK, "topic": BOT},
    {"type": CALLBACK, "topic": CARD},
)
OK, BAD, UNKNOWN, FAILED = 200, 400, 404, 500
#: Shown to the one who pressed until the press was judged.
HEARD = "已收到，正在处理…"
#: Shown in a group to who spoke to us there.
HEARD_IN_GROUP = "收到。为保护候选人的隐私，我只在单聊里回复。"


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame. ``data`` is not opened yet."""

    kind: str
    topic: str
    id: str
    data: str
    at: datetime | None

    @property
    def is_press(self) -> bool:
        """Whether somebody waits for the answer with a finger on a card."""
        return self.kind == CALLBACK and self.topic == CARD


def frame_of(text: str | bytes) -> Frame:
    """Open a frame. Raises ``Malformed``."""
    outer = whole(text)
    headers = outer.get("headers")
    if not isinstance(headers, dict):
        raise Malformed("a frame has headers")
    return Frame(
        kind=words(outer, "type"),
        topic=words(headers, "topic"),
        id=words(headers, "messageId"),
        data=words(outer, "data"),
        at=moment(headers.get("time")),
    )


def decode(frame: Frame, config: Config, *, now: datetime) -> Told | None:
    """What a frame tells; None where nobody here listens to it. Raises ``Malformed``."""
    if frame.kind == EVENT:
        return Told(received=inbound.event(whole(frame.data)))
    if frame.kind == CALLBACK and frame.topic == BOT:
        return inbound.message(whole(frame.data), config, now=now)
    if frame.is_press:
        data, at = whole(frame.data), frame.at or now
        return Told(received=inbound.press(data, config, delivery=frame.id, sent_at=at))
    return None


def ack(frame: Frame, code: int) -> str:
    """The answer to a frame. Of an event both readings of it agree: the code and the status."""
    data: Any = {"response": None}
    if frame.kind == SYSTEM:
        data = frame.data  # holds what a ping wants back
    elif frame.kind == EVENT:
        data = {"status": "SUCCESS" if code == OK else "LATER"}
    elif frame.is_press and code == OK:
        data = {"response": pressed()}
    return json.dumps(
        {
            "code": code,
            "headers": {"messageId": frame.id, "contentType": "application/json"},
            "message": "OK" if code == OK else "not taken",
            "data": data if isinstance(data, str) else json.dumps(data, ensure_ascii=False),
        },
        ensure_ascii=False,
    )


def pressed() -> dict[str, Any]:
    """What a press is answered with at once; what came of it is shown later.

    Not keyed by a person here, other than where cards are updated.
    """
    return {
        "cardUpdateOptions": {"updateCardDataByKey": True, "updatePrivateDataByKey": True},
        "cardData": {"cardParamMap": {}},
        "userPrivateData": {"cardParamMap": {"answer": HEARD}},
    }


def waved(wave: Wave) -> dict[str, Any]:
    """What a group sees when somebody speaks to us there: that we heard them."""
    return {
        "msgtype": "text",
        "text": {"content": HEARD_IN_GROUP},
        "at": {"atUserIds": [wave.who], "isAtAll": False},
    }
