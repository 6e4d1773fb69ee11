"""Typed settings: ``settings.yaml`` < environment (``YINUO_SECTION__KEY``) < ``*_FILE`` secrets.

``YINUO_TELEGRAM__BOT_TOKEN_FILE=/run/secrets/token`` reads the value of
``YINUO_TELEGRAM__BOT_TOKEN`` from a file. Unknown keys are refused by name.
"""

from __future__ import annotations

import os
import re
from datetime import date
from pathlib import Path
from typing import Any, ClassVar

from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    YamlConfigSettingsSource,
)

from config.sources import PREFIX, Environment, SecretFiles, variable

HERE = Path(__file__).parent
_ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?", re.ASCII)


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
        return [name for name in self.needs if not _plain(getattr(self, name))]

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
        if value and not _ADDRESS.fullmatch(value):
            raise ValueError("应当是网址，例如 https://api.example.com，后面不带参数")
        return value


def _secret(*names: str) -> Any:
    """A secret that goes by several names; the first is the promised one."""
    return Field(default=SecretStr(""), validation_alias=AliasChoices(*names))


def _plain(value: Any) -> Any:
    return value.get_secret_value() if isinstance(value, SecretStr) else value


class WebSettings(Section):
    """How the product is reached."""

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    #: The address people use, for links in chats; empty: http://host:port.
    public_url: str = ""
    #: Proxies whose X-Forwarded-* headers are believed, e.g. ["10.0.0.2"].
    trusted_proxies: list[str] = []
    #: Host names this installation answers to; empty: loopback names and public_url's host.
    allowed_hosts: list[str] = []
    tls_cert: Path | None = None
    tls_key: Path | None = None


class ChatSettings(Section):
    """How people type."""

    #: Seconds without a new message after which what was typed is read as one utterance.
    merge_pause_s: float = Field(default=8.0, ge=0, le=120)
    #: The longest a first message waits for the rest.
    merge_longest_s: float = Field(default=30.0, ge=0, le=600)


class FormSettings(Section):
    """The company's own application form, where it asks for the consent to the reading."""

    #: What it is called, for the ledger, e.g. 应聘登记表 v3.
    name: str = Field(default="", max_length=40)
    #: Since which day it asks; records made earlier are not covered.
    since: date | None = None


class ConsentSettings(Section):
    """Who asks candidates whether their messages may be read automatically."""

    #: "ask": the bot, at the first contact. "elsewhere": the company's form, which has to be named.
    analysis: str = Field(default="ask", pattern="^(ask|elsewhere)$")
    form: FormSettings = FormSettings()

    @model_validator(mode="after")
    def _names_its_form(self) -> ConsentSettings:
        if self.analysis == "elsewhere" and not (self.form.name.strip() and self.form.since):
            raise ValueError(
                "analysis 为 elsewhere 时，要用 form.name 和 form.since 写明是哪份表、从哪天起"
            )
        return self


class EngineSettings(Section):
    """How work is done."""

    conversations: int = Field(default=8, ge=1, le=64)
    #: PostgreSQL: how long a silent worker keeps its work before the others take it.
    stalled_s: float = Field(default=30.0, ge=1)
    lease_s: float = Field(default=60.0, gt=0)
    reader_timeout_s: float = Field(default=10.0, gt=0)


class ReaderSettings(Section):
    """What reads the messages."""

    #: "onnx" serves; "torch" is the same model as a reference; "rules" needs no model.
    engine: str = Field(default="onnx", pattern="^(onnx|torch|rules)$")
    #: A model's folder; empty: the one trained here if it replaced the shipped one, else that.
    model: Path | None = None


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


class Settings(BaseSettings):
    """Everything an installation can choose."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True
    )

    company: str = "本公司"
    data_dir: Path = Path("var")
    #: Empty: SQLite under data_dir.
    database_url: str = ""
    #: The key-encryption keys; empty: ``keys.json`` under data_dir, made on the first run.
    keystore: Path | None = None
    #: A folder whose files replace those of the same name in ``config/``.
    config_dir: Path | None = None
    data_region: str = Field(default="cn", pattern="^(cn|other)$")
    log_level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")
    web: WebSettings = WebSettings()
    chat: ChatSettings = ChatSettings()
    consent: ConsentSettings = ConsentSettings()
    engine: EngineSettings = EngineSettings()
    reader: ReaderSettings = ReaderSettings()
    webchat: WebchatSettings = WebchatSettings()
    telegram: TelegramSettings = TelegramSettings()
    wecom: WecomSettings = WecomSettings()
    dingtalk: DingtalkSettings = DingtalkSettings()
    feishu: FeishuSettings = FeishuSettings()

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if value and not value.startswith(("sqlite://", "postgresql://", "postgresql+psycopg://")):
            raise ValueError("database_url must start with sqlite:// or postgresql://")
        return value

    def forbids(self, channel: str) -> bool:
        """Whether a channel would take people's data out of the region without being allowed."""
        section = getattr(self, channel, None)
        leaves = getattr(section, "leaves", False) and not getattr(section, "abroad", False)
        return self.data_region == "cn" and leaves

    @property
    def effective_database_url(self) -> str:
        """The database in use."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'yinuo.db').absolute()}"

    @property
    def keystore_path(self) -> Path:
        """Where the key-encryption keys lie."""
        return self.keystore or self.data_dir / "keys.json"

    @property
    def base_url(self) -> str:
        """The address people use."""
        if self.web.public_url:
            return self.web.public_url.rstrip("/")
        host = "127.0.0.1" if self.web.host in ("0.0.0.0", "::") else self.web.host  # noqa: S104
        scheme = "https" if self.web.tls_cert else "http"
        return f"{scheme}://{host}:{self.web.port}"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Strongest first."""
        path = Path(os.environ.get(f"{PREFIX}SETTINGS", HERE / "settings.yaml"))
        return (
            init_settings,
            SecretFiles(settings_cls),
            Environment(settings_cls, env_settings),
            YamlConfigSettingsSource(settings_cls, yaml_file=path),
        )


def load(**overrides: Any) -> Settings:
    """Read the settings. Raises ``pydantic.ValidationError``; ``complaints`` says it to people."""
    return Settings(**overrides)


def idle(settings: Settings, channel: str) -> list[str]:
    """Variables of a channel that were given and do nothing."""
    section = getattr(settings, channel, None)
    if not isinstance(section, ChannelSettings):
        return []
    return [variable((channel, name)) for name in section.idle if _plain(getattr(section, name))]


def lacking(settings: Settings, channel: str) -> list[str]:
    """Variables a channel still needs, where somebody has begun to set it up."""
    section = getattr(settings, channel, None)
    if not isinstance(section, ChannelSettings) or not section.begun:
        return []
    return [variable((channel, name)) for name in section.missing]
