"""What the Feishu channel needs to know, out of the settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from bot.channels.feishu_door import Keys
from bot.errors import NotReady

#: Platform, accounts and links of each edition; their tenants, apps and ids are separate.
HOSTS = {
    "feishu": ("https://open.feishu.cn", "https://accounts.feishu.cn", "https://applink.feishu.cn"),
    "lark": (
        "https://open.larksuite.com",
        "https://accounts.larksuite.com",
        "https://applink.larksuite.com",
    ),
}


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What the channel needs to know. The last ones are what nobody outside Feishu is sure of."""

    app_id: str
    app_secret: str = field(repr=False)
    keys: Keys
    api_base: str
    accounts_base: str
    applink_base: str
    mode: str  # socket or webhook
    bot_open_id: str  # empty: asked for at the start
    public_url: str
    group_hook: str = field(default="", repr=False)
    group_hook_secret: str = field(default="", repr=False)
    now: Callable[[], datetime] = _utc_now
    #: A card that is changed before the answer to its press arrived changes back.
    settle_s: float = 0.5
    per_chat: int = 5  # messages
    per_chat_s: float = 1.05
    first_pause: timedelta = timedelta(seconds=1)  # between two tries to connect


class Secret(Protocol):
    """A value that is not printed."""

    def get_secret_value(self) -> str:
        """The value."""


class Section(Protocol):
    """The part of the settings named ``feishu``."""

    @property
    def app_id(self) -> str: ...
    @property
    def app_secret(self) -> Secret: ...
    @property
    def encrypt_key(self) -> Secret: ...
    @property
    def verification_token(self) -> Secret: ...
    @property
    def old_encrypt_key(self) -> Secret: ...
    @property
    def old_verification_token(self) -> Secret: ...
    @property
    def host(self) -> str: ...
    @property
    def api_base(self) -> str: ...
    @property
    def mode(self) -> str: ...
    @property
    def bot_open_id(self) -> str: ...
    @property
    def group_hook(self) -> Secret: ...
    @property
    def group_hook_secret(self) -> Secret: ...
    @property
    def sign_in_base(self) -> str: ...


def configured(section: Section, *, base_url: str) -> Config:
    """The settings as this channel needs them. Raises ``NotReady``."""
    encrypt_key = section.encrypt_key.get_secret_value()
    token = section.verification_token.get_secret_value()
    mode = section.mode if section.mode != "auto" else "webhook" if encrypt_key else "socket"
    if section.host not in HOSTS or mode not in ("socket", "webhook"):
        raise NotReady(
            "YINUO_FEISHU__HOST 是 feishu 或 lark；YINUO_FEISHU__MODE 是 auto、socket 或 webhook"
        )
    if mode == "webhook" and not (encrypt_key and token):
        raise NotReady(
            "回调模式要两个密钥：在飞书开发者后台“事件与回调 › 加密策略”复制，填入 "
            "YINUO_FEISHU__ENCRYPT_KEY 和 YINUO_FEISHU__VERIFICATION_TOKEN；"
            "或改用长连接 YINUO_FEISHU__MODE=socket"
        )
    api_base, accounts_base, applink_base = HOSTS[section.host]
    return Config(
        app_id=section.app_id.strip(),
        app_secret=section.app_secret.get_secret_value(),
        keys=Keys(
            encrypt_keys=(encrypt_key, section.old_encrypt_key.get_secret_value()),
            tokens=(token, section.old_verification_token.get_secret_value()),
        ),
        api_base=section.api_base.rstrip("/") or api_base,
        accounts_base=section.sign_in_base.rstrip("/") or accounts_base,
        applink_base=applink_base,
        mode=mode,
        bot_open_id=section.bot_open_id.strip(),
        public_url=base_url.rstrip("/"),
        group_hook=section.group_hook.get_secret_value(),
        group_hook_secret=section.group_hook_secret.get_secret_value(),
    )
