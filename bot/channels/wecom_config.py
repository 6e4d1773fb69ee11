"""What the channel has to know, and how it is read from the settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from bot.channels import wecom_address as address
from bot.channels.base import Window
from bot.channels.wecom_envelope import Pair
from bot.channels.wecom_post import Pace
from bot.errors import NotReady

PER_MEMBER, PER_ROBOT = Pace(28, 980), Pace(19, 19 * 60)
WINDOW = Window(lasts=timedelta(hours=48), messages=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What the channel needs to know. What the documents leave open is here, with a default."""

    corp_id: str
    agent_id: int
    secret: str = field(repr=False)
    api_base: str = "https://qyapi.weixin.qq.com"
    public_url: str = ""
    pairs: tuple[Pair, ...] = ()  # live callback tokens and keys, the newest first
    open_kfids: tuple[str, ...] = ()  # the first is where invite links lead
    scene: str = "invite"
    robots: Mapping[str, str] = field(default_factory=dict, repr=False)
    alerts_robot: str = ""  # the one whose group is told of alerts, without names
    kf: bool = True
    kf_claims_new: bool = False
    kf_window: Window = WINDOW
    sign_in_base: str = ""  # empty: the public platform's own
    callback_window: timedelta = timedelta(minutes=5)
    welcome_lasts: timedelta = timedelta(seconds=20)
    card_code_lasts: timedelta = timedelta(hours=72)
    equal_within: timedelta = timedelta(minutes=30)  # "1800 s", for bodies that are equal
    #: A member gets at most 30 a minute and 1,000 an hour of one app, the surplus is dropped
    #: without a word; a robot posts at most 20 a minute. So we stop short of both.
    per_member: Pace = PER_MEMBER
    per_robot: Pace = PER_ROBOT
    duplicate_codes: frozenset[int] = frozenset({40058})
    lost_cursor_codes: frozenset[int] = frozenset({40058})


class Secret(Protocol):
    """A value that is not printed."""

    def get_secret_value(self) -> str:
        """The value."""


class Section(Protocol):
    """The part of the settings named ``wecom``."""

    @property
    def corp_id(self) -> str: ...
    @property
    def agent_id(self) -> int: ...
    @property
    def secret(self) -> Secret: ...
    @property
    def callback_token(self) -> Secret: ...
    @property
    def callback_aes_key(self) -> Secret: ...
    @property
    def old_callback_token(self) -> Secret: ...
    @property
    def old_callback_aes_key(self) -> Secret: ...
    @property
    def api_base(self) -> str: ...
    @property
    def kf(self) -> bool: ...
    @property
    def open_kfids(self) -> Sequence[str]: ...
    @property
    def kf_claims_new(self) -> bool: ...
    @property
    def kf_window_hours(self) -> float: ...
    @property
    def kf_window_messages(self) -> int: ...
    @property
    def robots(self) -> Mapping[str, Secret]: ...
    @property
    def alerts_robot(self) -> str: ...
    @property
    def sign_in_base(self) -> str: ...
    @property
    def callback_window_s(self) -> float: ...
    @property
    def duplicate_codes(self) -> Sequence[int]: ...
    @property
    def lost_cursor_codes(self) -> Sequence[int]: ...


def config_of(section: Section, base_url: str) -> Config:
    """The settings as the channel takes them. Raises ``NotReady`` naming one that cannot be."""
    current = section.callback_token, section.callback_aes_key
    before = section.old_callback_token, section.old_callback_aes_key
    window = Window(
        lasts=timedelta(hours=section.kf_window_hours), messages=section.kf_window_messages
    )
    config = Config(
        corp_id=section.corp_id.strip(),
        agent_id=section.agent_id,
        secret=section.secret.get_secret_value(),
        api_base=section.api_base.rstrip("/"),
        public_url=base_url.rstrip("/"),
        pairs=tuple(_pair(*pair) for pair in (current, before) if pair[0].get_secret_value()),
        open_kfids=tuple(one.strip() for one in section.open_kfids),
        robots={
            name: key.get_secret_value().rpartition("key=")[2]
            for name, key in section.robots.items()
        },
        alerts_robot=section.alerts_robot,
        kf=section.kf,
        kf_claims_new=section.kf_claims_new,
        kf_window=window,
        sign_in_base=section.sign_in_base.rstrip("/"),
        callback_window=timedelta(seconds=section.callback_window_s),
        duplicate_codes=frozenset(section.duplicate_codes),
        lost_cursor_codes=frozenset(section.lost_cursor_codes),
    )
    if not all(map(address.is_account, config.open_kfids)):
        raise NotReady(
            "YINUO_WECOM__OPEN_KFIDS 里应当是客服账号的 ID（以 wk 开头），不是名称；"
            "留空则使用「微信客服 → API」分配给这个应用的全部账号"
        )
    if config.alerts_robot and config.alerts_robot not in config.robots:
        raise NotReady("YINUO_WECOM__ALERTS_ROBOT 要写 YINUO_WECOM__ROBOTS 里的一个名称")
    return config


def _pair(token: Secret, aes_key: Secret) -> Pair:
    return Pair(token.get_secret_value(), aes_key.get_secret_value())
