"""What the DingTalk channel needs to know, and where its settings come from."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from typing import Protocol

from bot.errors import NotReady

OFFICIAL_API = "https://api.dingtalk.com"
OFFICIAL_OAPI = "https://oapi.dingtalk.com"

STREAM, HTTP = "stream", "http"
#: Of the event subscription's key as the console shows it.
AES_CHARACTERS = 43


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """One app of one organisation and its robot.

    The last block holds what the platform does not document or documents twice.
    """

    client_id: str
    client_secret: str = field(repr=False)
    robot_code: str
    corp_id: str  # empty: not checked
    api_base: str
    oapi_base: str
    mode: str  # stream or http
    public_url: str  # where the platform and people find our pages
    route_secret: str = field(repr=False)  # signs card callbacks over HTTP
    card_template: str  # empty: cards become text
    card_buttons: int  # how many the template has
    event_token: str = field(repr=False)  # of an event subscription over HTTP; empty: none
    event_aes_key: str = field(repr=False)
    event_owner: str
    group_robot_token: str = field(repr=False)  # of the custom robot of one group; empty: none
    group_robot_secret: str = field(repr=False)
    sign_in_base: str  # empty: the public platform's own

    tolerance_s: float = 300.0  # between a callback's time and ours
    text_units: int = 3_500  # longest text; the real limit is not documented
    ack_s: float = 2.5  # events are given 3 s
    press_s: float = 1.5  # presses are given 2 s
    steady_s: float = 60.0  # a connection that lived this long was a good one
    reconnect_s: float = 1.0  # first pause; doubles up to a minute
    drain_s: float = 15.0  # a connection told to go is closed after 10 s
    ping_s: float = 20.0  # a line that is silently dead is noticed within twice this


class Secret(Protocol):
    """A value that is not printed."""

    def get_secret_value(self) -> str:
        """The value."""


class Section(Protocol):
    """The part of the settings named ``dingtalk``."""

    @property
    def client_id(self) -> str: ...
    @property
    def client_secret(self) -> Secret: ...
    @property
    def robot_code(self) -> str: ...
    @property
    def corp_id(self) -> str: ...
    @property
    def api_base(self) -> str: ...
    @property
    def oapi_base(self) -> str: ...
    @property
    def mode(self) -> str: ...
    @property
    def card_template_id(self) -> str: ...
    @property
    def card_buttons(self) -> int: ...
    @property
    def event_token(self) -> Secret: ...
    @property
    def event_aes_key(self) -> Secret: ...
    @property
    def event_owner(self) -> str: ...
    @property
    def group_robot_token(self) -> Secret: ...
    @property
    def group_robot_secret(self) -> Secret: ...
    @property
    def sign_in_base(self) -> str: ...


def config_of(section: Section, *, secret: str, base_url: str) -> Config:
    """Settings made whole: what is left empty is derived. Raises ``NotReady``."""
    aes_key = section.event_aes_key.get_secret_value().strip()
    if aes_key and not _is_aes_key(aes_key):
        raise NotReady(
            "事件回调的密钥不对：YINUO_DINGTALK__EVENT_AES_KEY 正好 43 个字符，"
            "到「钉钉开放平台 → 应用开发 → 本应用 → 事件与回调」复制 加密 aes_key"
        )
    client_id = section.client_id.strip()
    return Config(
        client_id=client_id,
        client_secret=section.client_secret.get_secret_value(),
        robot_code=section.robot_code.strip() or client_id,
        corp_id=section.corp_id.strip(),
        api_base=section.api_base.rstrip("/"),
        oapi_base=section.oapi_base.rstrip("/"),
        mode=section.mode,
        public_url=base_url.rstrip("/"),
        route_secret=secret,
        card_template=section.card_template_id.strip(),
        card_buttons=section.card_buttons,
        event_token=section.event_token.get_secret_value(),
        event_aes_key=aes_key,
        event_owner=section.event_owner.strip() or client_id,
        group_robot_token=section.group_robot_token.get_secret_value(),
        group_robot_secret=section.group_robot_secret.get_secret_value(),
        sign_in_base=section.sign_in_base.rstrip("/"),
    )


def _is_aes_key(value: str) -> bool:
    try:
        return len(value) == AES_CHARACTERS and bool(base64.b64decode(value + "=", validate=True))
    except (binascii.Error, ValueError):
        return False
