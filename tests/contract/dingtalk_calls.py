"""Calls DingTalk makes over HTTP, signed and sealed as it does."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from bot.channels.dingtalk_config import Config, config_of
from bot.channels.dingtalk_sign import Envelope, card_sign, robot_sign
from bot.messages import HttpCall
from tests.contract.channel_places import BASE_URL, SECRET
from tests.contract.place_dingtalk import (
    CLIENT_SECRET,
    TEMPLATE,
    Secret,
    Section,
)

TOKEN, AES = "mryue", "Yue0EfdN5900c1ce5cf6A152c63DDe1808a60c5ecd7"
OWNER = "ding6ccabc44d2c8d38b"
BODY: dict[str, Any] = {
    "conversationId": "cidX==",
    "conversationType": "1",
    "msgId": "msgA==",
    "senderStaffId": "u1",
    "createAt": 1790000000000,
    "robotCode": "dingoffline01",
    "msgtype": "text",
    "text": {"content": "张三到哪一步了"},
}


def config(**more: Any) -> Config:
    given: dict[str, Any] = {
        "mode": "http",
        "event_token": Secret(TOKEN),
        "event_aes_key": Secret(AES),
        "event_owner": OWNER,
        "card_template_id": TEMPLATE,
    }
    return config_of(Section(**given | more), secret=SECRET, base_url=BASE_URL)


def ms(at: datetime, seconds: float = 0) -> str:
    return str(int((at + timedelta(seconds=seconds)).timestamp() * 1000))


def robot(timestamp: str, body: Any = BODY, *, secret: str = CLIENT_SECRET) -> HttpCall:
    data = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    headers = {"timestamp": timestamp, "sign": robot_sign(secret, timestamp)}
    return HttpCall(method="POST", headers=headers, query={}, body=data)


def pressed(timestamp: str, **more: Any) -> HttpCall:
    content = json.dumps({"cardPrivateData": {"actionIds": ["b"], "params": {"action": "al:x"}}})
    body = {"outTrackId": "yn-1", "userId": "u1", "userIdType": 1, "content": content} | more
    headers = {
        "x-ddpaas-signature-timestamp": timestamp,
        "x-ddpaas-signature": card_sign(SECRET, timestamp),
    }
    return HttpCall(method="POST", headers=headers, query={}, body=json.dumps(body).encode())


def event(
    timestamp: str, body: Any, *, nonce: str = "n1", envelope: Envelope | None = None
) -> HttpCall:
    sealing = envelope or Envelope(TOKEN, AES, OWNER)
    encrypt = body if isinstance(body, str) else sealing.seal(json.dumps(body).encode())
    query = {
        "msg_signature": Envelope(TOKEN, AES, OWNER).signature(timestamp, nonce, encrypt),
        "timestamp": timestamp,
        "nonce": nonce,
    }
    return HttpCall(
        method="POST", headers={}, query=query, body=json.dumps({"encrypt": encrypt}).encode()
    )
