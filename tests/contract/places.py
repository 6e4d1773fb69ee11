"""Every channel of the contract suite: its place, its decoder without a network, its calls."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from bot.channels.base import Channel
from bot.messages import HttpCall
from tests.contract.channel_places import (
    Place,
    offline_telegram,
    offline_webchat,
    signed,
    telegram_place,
    webchat_place,
)
from tests.contract.place_dingtalk import dingtalk_place, offline_dingtalk, signed_dingtalk
from tests.contract.place_feishu import feishu_call, feishu_place, offline_feishu
from tests.contract.place_wecom import offline_wecom, sealed, wecom_place


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the suite needs of one channel. ``call`` makes a genuine call around a body."""

    place: Callable[[], AbstractAsyncContextManager[Place]]
    offline: Callable[[], Channel]
    call: Callable[[bytes], HttpCall]


CHANNELS: dict[str, Known] = {
    "dingtalk": Known(place=dingtalk_place, offline=offline_dingtalk, call=signed_dingtalk),
    "feishu": Known(place=feishu_place, offline=offline_feishu, call=feishu_call),
    "telegram": Known(place=telegram_place, offline=offline_telegram, call=signed),
    "webchat": Known(place=webchat_place, offline=offline_webchat, call=signed),
    "wecom": Known(
        place=wecom_place,
        offline=offline_wecom,
        call=lambda body: sealed(body.decode("utf-8", "surrogateescape")),
    ),
}
