"""The settings of the platforms people write over, and what all sections share."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, SecretStr, field_validator

ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?", re.ASCII)


class Section(BaseModel):
    """A part of the settings; a misspelt key is an error, not silence."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ChannelSettings(Section):
    """A platform's part. Off until what it cannot do without is given."""

    #: Fields without which there is nothing to call the platform with.
    needs: ClassVar[tuple[str, ...]] = ()
    #: Promised names that nothing is done with yet.
    idle: ClassVar[tuple[str, ...]] = ()

    @property
    def missing(self) -> list[str]:
        """Which of them are empty."""
        return [name for name in self.needs if not plain(getattr(self, name))]

    @property
    def enabled(self) -> bool:
        """Whether all of them are there."""
        return not self.missing

    @property
    def begun(self) -> bool:
        """Whether some are there and some are not: nobody means that."""
        return 0 < len(self.missing) < len(self.needs)

    @property
    def leaves(self) -> bool:
        """Whether what people say is kept outside China."""
        return False

    @property
    def address(self) -> str:
        """Where the platform is called."""
        return str(getattr(self, "api_base", ""))

    @field_validator("api_base", "oapi_base", check_fields=False)
    @classmethod
    def _is_address(cls, value: str) -> str:
        if value and not ADDRESS.fullmatch(value):
            raise ValueError("应当是网址，例如 https://api.example.com，后面不带参数")
        return value


def _secret(*names: str) -> Any:
    """A secret that goes by several names; the first is the promised one."""
    return Field(default=SecretStr(""), validation_alias=AliasChoices(*names))


def plain(value: Any) -> Any:
    """A setting as it is, a secret opened."""
    return value.get_secret_value() if isinstance(value, SecretStr) else value


class WebchatSettings(Section):
    """The built-in channel."""

    enabled: bool = True
    invite_days: int = Field(default=30, ge=1, le=365)


class TelegramSettings(ChannelSettings):
    """A Telegram bot. Off until a token is given."""

    needs = ("bot_token",)

    #: What people say here is kept abroad: where data_region is cn, somebody has to allow that.
    abroad: bool = False

    bot_token: SecretStr = SecretStr("")
    #: What Telegram sends in X-Telegram-Bot-Api-Secret-Token; empty: derived from our own key.
    secret_token: SecretStr = SecretStr("")
    api_base: str = "https://api.telegram.org"
    #: "webhook" needs a public HTTPS address; "polling" works behind NAT; "auto" is webhook
    #: when a secret token is given.
    mode: str = Field(default="auto", pattern="^(auto|webhook|polling)$")
    bot_username: str = ""
    invite_days: int = Field(default=7, ge=1, le=365)

    @property
    def leaves(self) -> bool:
        """Always."""
        return True


class WecomSettings(ChannelSettings):
    """A self-built WeCom app and its customer service accounts. Off until it is named."""

    needs = ("corp_id", "agent_id", "secret")
    idle = ("kf_secret",)

    corp_id: str = ""
    agent_id: int = 0
    secret: SecretStr = SecretStr("")
    #: Of the system app 微信客服, as companies from before December 2023 may have it.
    kf_secret: SecretStr = SecretStr("")
    callback_token: SecretStr = _secret("token", "callback_token")
    callback_aes_key: SecretStr = _secret("encoding_aes_key", "callback_aes_key")
    #: While a callback's secrets are being changed, the ones before are still believed.
    old_callback_token: SecretStr = _secret("old_token", "old_callback_token")
    old_callback_aes_key: SecretStr = _secret("old_encoding_aes_key", "old_callback_aes_key")
    api_base: str = "https://qyapi.weixin.qq.com"
    #: Customer service (微信客服): how candidates write from their own WeChat.
    kf: bool = True
    #: Ids of kf accounts, wk…; the first is where invite links lead. Others that the platform lets
    #: this app drive are answered as well.
    open_kfids: list[str] = []
    #: Take new sessions for the bot before it speaks: where an account also has servicers online.
    kf_claims_new: bool = False
    kf_window_hours: float = Field(default=48.0, gt=0, le=168)
    kf_window_messages: int = Field(default=5, ge=1, le=20)
    robots: dict[str, SecretStr] = {}  # group robots by name: key or whole address
    #: The robot, by its name above, whose group is told that something cannot wait, never what.
    alerts_robot: str = ""
    #: Where members sign in, if the platform is a deployment of one's own; empty: the public one.
    sign_in_base: str = ""
    invite_days: int = Field(default=7, ge=1, le=365)
    #: How old a callback may be. The platform names no limit.
    callback_window_s: float = Field(default=300.0, ge=30, le=3600)
    #: What the documents do not say: how a message is refused that was sent under its id before,
    #: and how a place in the queue that the platform has forgotten.
    duplicate_codes: list[int] = [40058]
    lost_cursor_codes: list[int] = [40058]


class DingtalkSettings(ChannelSettings):
    """An enterprise-internal DingTalk app with a robot. Off until its credentials are given."""

    needs = ("client_id", "client_secret")

    client_id: str = ""
    client_secret: SecretStr = SecretStr("")
    robot_code: str = ""  # empty: the client id, as for internal apps
    corp_id: str = ""
    api_base: str = "https://api.dingtalk.com"
    oapi_base: str = "https://oapi.dingtalk.com"
    #: "stream" needs no public address.
    mode: str = Field(default="stream", pattern="^(stream|http)$")
    #: Empty: alerts arrive as text with numbered choices.
    card_template_id: str = ""
    card_buttons: int = Field(default=4, ge=3, le=9)
    event_token: SecretStr = SecretStr("")
    event_aes_key: SecretStr = SecretStr("")
    event_owner: str = ""
    group_robot_token: SecretStr = SecretStr("")
    group_robot_secret: SecretStr = SecretStr("")
    #: Where members sign in, if the platform is a deployment of one's own; empty: the public one.
    sign_in_base: str = ""
    invite_days: int = Field(default=7, ge=1, le=365)


class FeishuSettings(ChannelSettings):
    """A self-built Feishu or Lark app with a bot. Off until its credentials are given."""

    needs = ("app_id", "app_secret")

    app_id: str = ""
    app_secret: SecretStr = SecretStr("")
    encrypt_key: SecretStr = SecretStr("")
    verification_token: SecretStr = SecretStr("")
    #: While both are being changed in Feishu's console, the ones before are still believed.
    old_encrypt_key: SecretStr = SecretStr("")
    old_verification_token: SecretStr = SecretStr("")
    group_hook: SecretStr = SecretStr("")
    group_hook_secret: SecretStr = SecretStr("")
    #: "lark" keeps what people say abroad: where data_region is cn, ``abroad`` has to allow that.
    host: str = Field(default="feishu", pattern="^(feishu|lark)$")
    abroad: bool = False
    api_base: str = ""  # empty: by host
    #: "socket" needs no public address; "auto" is webhook as soon as there is an encrypt key.
    mode: str = Field(default="auto", pattern="^(auto|socket|webhook)$")
    bot_open_id: str = ""
    #: Where members sign in, if the platform is a deployment of one's own; empty: the public one.
    sign_in_base: str = ""
    invite_days: int = Field(default=7, ge=1, le=365)

    @property
    def address(self) -> str:
        """Where the platform is called; each edition has its own."""
        edition = {"feishu": "https://open.feishu.cn", "lark": "https://open.larksuite.com"}
        return self.api_base or edition[self.host]

    @property
    def leaves(self) -> bool:
        """Whether what people say is kept outside China: Lark, however it was reached."""
        named = f"{self.api_base} {self.group_hook.get_secret_value()}".lower()
        return self.host == "lark" or "larksuite." in named
