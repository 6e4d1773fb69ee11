"""What the settings page is given: one's own sessions, chats and absences."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.web.desk_views import Absences


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRow:
    """A browser that is signed in. ``agent`` is a short name of it."""

    id: str
    agent: str
    created_at: datetime
    seen_at: datetime
    current: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatAccount:
    """A platform the bot may find me on. ``chosen``: cards of alerts go there.

    ``running`` is whether the channel is set up, ``reachable`` whether the bot gets through.
    """

    channel: str
    linked: bool = False
    chosen: bool = False
    reachable: bool = True
    running: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatLink:
    """A one-time link that ties my account on a platform to my login."""

    channel: str
    url: str
    qr: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsPage:
    """Me. ``chats``: every platform that can carry a card, and any I am tied to."""

    login: str
    name: str
    role: str
    sessions: tuple[SessionRow, ...]
    chats: tuple[ChatAccount, ...] = ()
    chat_link: ChatLink | None = None
    absences: Absences | None = None
    totp_on: bool = True
