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
    """``status`` picks the words (403, 404, 429, 500; others read as 500).

    ``chat``: it was the link of a candidate's chat that does not open.
    """

    status: int
    request_id: str
    home: str = "/console"
    chat: bool = False
    why: str = ""  # what may not be asked, and by which article


Joining = Literal[
    "invite",
    "done",
    "unfinished",
    "state",
    "refused",
    "unknown",
    "taken",
    "used",
    "expired",
    "later",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinPage:
    """An invite that ties somebody's account on a platform by signing in there, or what came of it.

    ``name`` is whom the invite names, ``staff`` whether they are one of ours; ``inside`` whether
    the platform's own browser looks. ``reason`` is the channel's sentence for "refused";
    ``again_url`` leads to the start.
    """

    kind: Joining
    channel: str
    name: str = ""
    staff: bool = False
    inside: bool = False
    sign_in_url: str = ""
    expires_at: datetime | None = None
    refresh_s: int = 0
    reason: str = ""
    again_url: str = ""


# --- the candidate's chat -------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatButton:
    """A choice under a message of the bot; pressing it says ``value``."""

    label: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatFile:
    """Something a message carries. ``kind``: image, voice, video or file; ``size`` in bytes."""

    kind: str
    name: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatMessage:
    """One bubble, seen by the candidate: ``out`` is from the company.

    ``state``, for "in": sent, failed, or sending while a file's bytes are not kept yet. Buttons
    rest once something was said after them: ``answered``, with ``chosen`` said. A message with
    files is shown as its files.
    """

    id: str
    direction: Literal["in", "out"]
    author: Literal["candidate", "bot", "hr"]
    text: str
    at: datetime
    name: str = ""
    state: str = "sent"
    buttons: tuple[ChatButton, ...] = ()
    answered: bool = False
    chosen: str = ""
    files: tuple[ChatFile, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatPage:
    """The candidate's page. ``base`` is ``/chat/{token}``.

    ``older``: the message before which there are more, or empty. ``refused`` is a sentence saying
    why the last plain form was not taken, or empty; ``draft`` is what was written in it.
    """

    base: str
    company: str
    position: str
    messages: tuple[ChatMessage, ...]
    older: str = ""
    refused: str = ""
    draft: str = ""
    accept: str = ""  # kinds of files, as a file field wants them
