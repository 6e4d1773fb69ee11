"""Typed settings: ``settings.yaml`` < environment (``YINUO_SECTION__KEY``) < ``*_FILE`` secrets.

``YINUO_TELEGRAM__BOT_TOKEN_FILE=/run/secrets/token`` reads the value of
``YINUO_TELEGRAM__BOT_TOKEN`` from a file. Unknown keys are refused by name.
"""

from __future__ import annotations

import os
import re
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import (
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

from config.platforms import (
    ADDRESS,
    ChannelSettings,
    DingtalkSettings,
    FeishuSettings,
    Section,
    TelegramSettings,
    WebchatSettings,
    WecomSettings,
    plain,
)
from config.sources import PREFIX, Environment, SecretFiles, variable

HERE = Path(__file__).parent
_LOCAL = ("127.0.0.1", "localhost", "::1")


class WebSettings(Section):
    """How the product is reached."""

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    #: The address people use, for links in chats; empty: http://host:port.
    public_url: str = ""
    #: Proxies whose X-Forwarded-* headers are believed, e.g. ["10.0.0.2"].
    trusted_proxies: list[str] = Field(default=[])
    #: Host names this installation answers to; empty: loopback names and public_url's host.
    allowed_hosts: list[str] = Field(default=[])
    tls_cert: Path | None = None
    tls_key: Path | None = None


class ChatSettings(Section):
    """How people type, and whether colleagues are left in peace at night."""

    #: Seconds without a new message after which what was typed is read as one utterance.
    merge_pause_s: float = Field(default=8.0, ge=0, le=120)
    #: The longest a first message waits for the rest.
    merge_longest_s: float = Field(default=30.0, ge=0, le=600)
    #: Whether the quiet hours of policy.yaml are kept; off for trying alerts out at any hour.
    quiet_hours: bool = True


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


class SmtpSettings(Section):
    """The mail server that takes letters to people no chat reaches. Off until it is named."""

    host: str = ""
    port: int = Field(default=465, ge=1, le=65535)
    #: "tls" from the first byte (465), "starttls" (587), "none" only for a relay on this machine.
    security: str = Field(default="tls", pattern="^(tls|starttls|none)$")
    user: str = ""
    password: SecretStr = SecretStr("")
    #: The address letters come from.
    sender: str = ""

    @model_validator(mode="after")
    def _whole(self) -> SmtpSettings:
        if bool(self.host) != bool(self.sender):
            raise ValueError("host 和 sender 要一起填写")
        if self.sender and not re.fullmatch(r"[^@\s<>]+@[^@\s<>]+", self.sender):
            raise ValueError("sender 应当是一个邮箱地址")
        if self.security == "none" and self.host and self.host not in _LOCAL:
            raise ValueError("security 为 none 只用于本机的邮件中继")
        return self


class SmsSettings(Section):
    """The operator's own SMS service, called with a signed POST. Off until it is named."""

    url: str = ""
    secret: SecretStr = SecretStr("")

    @model_validator(mode="after")
    def _whole(self) -> SmsSettings:
        if bool(self.url) != bool(self.secret.get_secret_value()):
            raise ValueError("url 和 secret 要一起填写")
        if self.url and not ADDRESS.fullmatch(self.url):
            raise ValueError("url 应当是网址，例如 https://sms.example.com/send，后面不带参数")
        if self.url.startswith("http://") and urlsplit(self.url).hostname not in _LOCAL:
            raise ValueError("url 不在本机时要用 https：号码和链接不能明文经过网络")
        return self


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
    smtp: SmtpSettings = SmtpSettings()
    sms: SmsSettings = SmsSettings()

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
    return [variable((channel, name)) for name in section.idle if plain(getattr(section, name))]


def lacking(settings: Settings, channel: str) -> list[str]:
    """Variables a channel still needs, where somebody has begun to set it up."""
    section = getattr(settings, channel, None)
    if not isinstance(section, ChannelSettings) or not section.begun:
        return []
    return [variable((channel, name)) for name in section.missing]
