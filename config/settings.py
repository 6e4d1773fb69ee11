"""Typed settings: ``settings.yaml`` < environment (``YINUO_SECTION__KEY``) < ``*_FILE`` secrets.

``YINUO_TELEGRAM__BOT_TOKEN_FILE=/run/secrets/token`` reads the value of
``YINUO_TELEGRAM__BOT_TOKEN`` from a file. Unknown keys are refused by name.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    YamlConfigSettingsSource,
)

PREFIX = "YINUO_"
HERE = Path(__file__).parent


class Section(BaseModel):
    """A part of the settings; a misspelt key is an error, not silence."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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


class TelegramSettings(Section):
    """A Telegram bot. Off until a token is given."""

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
    def enabled(self) -> bool:
        """Whether a token is there."""
        return bool(self.bot_token.get_secret_value())


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
    engine: EngineSettings = EngineSettings()
    reader: ReaderSettings = ReaderSettings()
    webchat: WebchatSettings = WebchatSettings()
    telegram: TelegramSettings = TelegramSettings()

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if value and not value.startswith(("sqlite://", "postgresql://", "postgresql+psycopg://")):
            raise ValueError("database_url must start with sqlite:// or postgresql://")
        return value

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
            _SecretFiles(settings_cls),
            env_settings,
            YamlConfigSettingsSource(settings_cls, yaml_file=path),
        )


class _SecretFiles(PydanticBaseSettingsSource):
    """Values of ``YINUO_…_FILE`` variables, read from the files they name."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, path in os.environ.items():
            if not (name.startswith(PREFIX) and name.endswith("_FILE")):
                continue
            keys = name.removeprefix(PREFIX).removesuffix("_FILE").lower().split("__")
            place = found
            for key in keys[:-1]:
                place = place.setdefault(key, {})
            place[keys[-1]] = Path(path).read_text(encoding="utf-8").strip()
        return found


def load(**overrides: Any) -> Settings:
    """Read the settings. Raises ``pydantic.ValidationError`` naming each bad key."""
    return Settings(**overrides)
