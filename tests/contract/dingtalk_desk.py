"""What the tests of DingTalk's sending share: whom they write to, texts, cards, sessions."""

from __future__ import annotations

import asyncio
from typing import Any

from bot.alerts import actions
from bot.alerts.actions import Press
from bot.channels.dingtalk import DingTalk
from bot.messages import Address, Button, Card, Content, Receipt, Received, Ticket
from tests.contract.channel_places import BASE_URL
from tests.contract.place_dingtalk import (
    listening,
)
from tests.fakes.dingtalk import FakeDingTalk, Member

LI = Address("dingtalk", "u/u1")
ALERT = "a_" + "k3" * 13


SEND = "/v1.0/robot/oToMessages/batchSend"
SESSION = "/robot/sendBySession"
CREATE = "/v1.0/card/instances/createAndDeliver"
UPDATE = "PUT /v1.0/card/instances"
TOKEN = "/v1.0/oauth2/accessToken"


async def say(channel: DingTalk, text: str = "你好", key: str = "k", to: Address = LI) -> Receipt:
    [payload] = channel.render(Content(text=text))
    return await channel.send(to, payload, key=key)


async def show(
    channel: DingTalk,
    shown: Card,
    key: str = "c",
    to: Address = LI,
    replaces: Receipt | None = None,
) -> Receipt:
    [payload] = channel.render(shown)
    return await channel.send(to, payload, key=key, replaces=replaces)


def card(**more: Any) -> Card:
    given: dict[str, Any] = {
        "title": "立即 · 其他机会",
        "quote": "我手上还有一家 offer，薪资高一些",
        "lines": (("候选人", "李娜"), ("职位", "后端工程师"), ("请在此前处理", "今天 18:00")),
        "question": "对方给了什么条件？最看重哪一点？",
        "buttons": tuple(
            Button(label, actions.action(ALERT, press))
            for label, press in zip(("有用", "误报", "已处理", "稍后"), Press, strict=True)
        ),
        "link": f"{BASE_URL}/console/alerts/a_1",
        "said": "李娜 · 11月28日 周六 14:05",
        "advice": "建议回复：李娜您好，有别的机会很正常，谢谢您告诉我。您最看重的是哪一点？",
        "before": "之前的对话：\n我方：offer 您看过了吗？\n对方：看过了，谢谢",
    }
    return Card(**given | more)


async def ticket_of(fake: FakeDingTalk, channel: DingTalk, li: Member) -> Ticket:
    """The webhook that came with somebody's newest message."""
    heard: asyncio.Queue[Received] = asyncio.Queue()
    async with listening(channel, fake, heard.put):
        li.say("在吗")
        [message] = (await asyncio.wait_for(heard.get(), 5)).messages
    assert message.ticket is not None
    return message.ticket
