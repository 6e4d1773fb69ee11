"""What the pages outside the console are given; the rules of ``bot.web.views`` hold here too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

# --- first run and signing in ---------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupPage:
    """Form fields: company, name, login, password. ``errors``: field name -> sentence."""

    action: str
    company: str = ""
    name: str = ""
    login: str = ""
    invited: bool = False  # the account exists: only a password is asked for
    errors: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TotpPage:
    """Enrolment. ``secret`` is base32 in groups of four. Form field: code."""

    action: str
    account: str
    qr: str
    secret: str
    wrong: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryPage:
    """Recovery codes, shown once. ``next_url`` is where "saved" leads."""

    login: str
    codes: tuple[str, ...]
    next_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SigninPage:
    """Form fields: login, password, code. ``error``: credentials, code, locked or expired.

    ``wait_minutes`` goes with ``locked``: the form is shown, but cannot be sent.
    """

    action: str = "/console/signin"
    login: str = ""
    error: Literal["", "credentials", "code", "locked", "expired"] = ""
    wait_minutes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorPage:
    """``status`` picks the words (403, 404, 429, 500; others read as 500)."""

    status: int
    request_id: str
    home: str = "/console"


# --- the candidate's chat -------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatButton:
    """A choice under a message of the bot; pressing it says ``value``."""

    label: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatMessage:
    """One bubble, seen by the candidate: ``out`` is from the company.

    ``state``, for "in": sent or failed; the page itself shows "sending".
    """

    id: str
    direction: Literal["in", "out"]
    author: Literal["candidate", "bot", "hr"]
    text: str
    at: datetime
    name: str = ""
    state: str = "sent"
    buttons: tuple[ChatButton, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatPage:
    """The candidate's page. ``base`` is ``/chat/{token}``; ``closed``: reading only."""

    base: str
    company: str
    position: str
    messages: tuple[ChatMessage, ...]
    closed: bool = False
    refused: bool = False  # the last plain form was empty or too long
