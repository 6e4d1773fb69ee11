"""What the Telegram channel needs to know, and where its settings come from."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlsplit

from bot.errors import NotReady

OFFICIAL = "https://api.telegram.org"
WEBHOOK, POLLING = "webhook", "polling"
#: setWebhook: "Ports currently supported".
PORTS = (443, 80, 88, 8443)

_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What the channel needs to know. ``public_url`` is where Telegram finds our webhook."""

    token: str = field(repr=False)
    secret: str = field(repr=False)  # what Telegram repeats in every webhook call
    api_base: str
    mode: str  # webhook or polling
    bot_username: str  # empty: asked for at the start
    public_url: str
    poll_s: int = 30  # how long Telegram holds a poll that has nothing to say
    answer_s: float = 15.0  # how long any other call waits for its answer


class Secret(Protocol):
    """A value that is not printed."""

    def get_secret_value(self) -> str:
        """The value."""


class Section(Protocol):
    """The part of the settings named ``telegram``."""

    @property
    def bot_token(self) -> Secret: ...
    @property
    def secret_token(self) -> Secret: ...
    @property
    def api_base(self) -> str: ...
    @property
    def mode(self) -> str: ...
    @property
    def bot_username(self) -> str: ...


def config_of(section: Section, *, secret: str, base_url: str) -> Config:
    """The settings, ready to use. Raises ``NotReady``."""
    own = section.secret_token.get_secret_value()
    chosen = own or secret
    if not _SECRET.fullmatch(chosen):
        raise NotReady(
            "YINUO_TELEGRAM__SECRET_TOKEN 由您自己定：1 到 256 个字母、数字、_ 或 -；"
            "留空则由一诺生成"
        )
    auto = WEBHOOK if own else POLLING
    return Config(
        token=section.bot_token.get_secret_value(),
        secret=chosen,
        api_base=section.api_base.rstrip("/"),
        mode=section.mode if section.mode != "auto" else auto,
        bot_username=section.bot_username.strip().rpartition("/")[2].removeprefix("@"),
        public_url=base_url.rstrip("/"),
    )


def refuse_unreachable(config: Config) -> None:
    """Raises ``NotReady`` where Telegram itself would not push updates to us."""
    if config.mode != WEBHOOK or config.api_base != OFFICIAL:
        return
    parts = urlsplit(config.public_url)
    if parts.scheme != "https" or (parts.port or PORTS[0]) not in PORTS:
        raise NotReady(
            "webhook 模式下 Telegram 只推送到 443、80、88、8443 端口的 https 地址：把 "
            "YINUO_WEB__PUBLIC_URL 设为公网 https 地址，或改用长轮询 YINUO_TELEGRAM__MODE=polling"
        )
