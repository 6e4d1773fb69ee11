"""What a channel is. A module of this package exports ``Config`` and ``build``."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol, runtime_checkable

from bot.messages import (
    Address,
    Card,
    Content,
    HttpCall,
    Page,
    Pull,
    Receipt,
    Received,
    Ticket,
)

Payload = dict[str, Any]
Accept = Callable[[Received], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """When we may write to somebody: for ``lasts`` after their last message, ``messages`` times."""

    lasts: timedelta
    messages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """How a platform's sign-in differs from others', as data."""

    code: str = "code"  # the name its code comes back under
    inside: tuple[str, ...] = ()  # what its own browser says in User-Agent, in lower case


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a platform can carry, as data. ``rate`` is sends a second over all people."""

    text: int  # longest text in the unit the channel counts in
    buttons: int
    editable: bool
    dedupes: bool  # whether it drops a second send under the same key
    rate: float
    burst: float
    names: bool = False  # it shows who of ours speaks; elsewhere their words begin with their name
    link_is_chat: bool = False  # the invite link itself is where the person writes
    board: str = ""  # address of a group that is told that something waits, never what
    dedupes_for: timedelta = timedelta.max  # how long it remembers a key
    #: By the beginning of an address; the longest that fits counts. Nothing: we may always write.
    windows: Mapping[str, Window] = field(default_factory=dict)
    #: Beginnings of addresses where we only listen: nothing is ever said there, by nobody of us.
    listens: tuple[str, ...] = ()
    sign_in: SignIn | None = None  # how members prove who they are; None: not on this platform


def listens_only(limits: Limits, address: str) -> bool:
    """Whether we hear what is said at an address and never say anything there."""
    return address.startswith(limits.listens)


def window_of(limits: Limits, address: str) -> Window | None:
    """The window an address falls under, if any."""
    fitting = [start for start in limits.windows if address.startswith(start)]
    return limits.windows[max(fitting, key=len)] if fitting else None


def why_closed(
    window: Window, last_at: datetime | None, since: int, parts: int, now: datetime
) -> str | None:
    """Why ``parts`` messages may not be sent: ``never``, ``late`` or ``used``; None: they may.

    A text of more parts than a whole window has is let through when nothing was sent yet.
    """
    if last_at is None:
        return "never"
    if now >= last_at + window.lasts:
        return "late"
    if since and since + parts > window.messages:
        return "used"
    return None


def join_url(base_url: str, channel: str, token: str = "") -> str:
    """Where an invite is opened that ties a member by signing in; without a token: where the
    platform sends them back to.

    >>> join_url("https://hr.example.com", "wecom", "t-1")
    'https://hr.example.com/join/wecom/t-1'
    """
    return f"{base_url}/join/{channel}" + (f"/{token}" if token else "")


class Channel(Protocol):
    """One platform, both directions. Knows credentials and wire formats, never candidates."""

    name: str
    limits: Limits

    async def start(self) -> None:
        """Open connections and register webhooks. Must not fail because the platform is down."""

    async def stop(self) -> None:
        """Close connections."""

    async def receive(self, call: HttpCall) -> Received:
        """Verify and decode one webhook call. Raises ``Refused`` or ``Malformed``; ``TryLater``
        where the platform has to be asked first and does not answer: it calls again.
        """

    async def listen(self, accept: Accept) -> None:
        """Hold the platform's long connection until cancelled; return at once if it has none."""

    def render(self, content: Content | Card) -> Sequence[Payload]:
        """Neutral content to wire payloads; what exceeds ``limits`` becomes numbered text."""

    async def send(
        self,
        to: Address,
        payload: Payload,
        *,
        key: str,
        replaces: Receipt | None = None,
        again: bool = False,
    ) -> Receipt:
        """Deliver one payload, or replace a sent card. Raises TryLater, GiveUp or Unknown.

        ``again``: this key was tried before, maybe by a process that died over it.
        """

    async def noticed(self, external_id: str, note: str) -> None:
        """Answer a press, where its button would otherwise keep spinning."""

    def fetch(self, media_id: str) -> AsyncIterator[bytes]:
        """Stream an attachment the platform holds for us."""

    def invite_url(self, base_url: str, token: str, *, member: bool = False) -> str:
        """The link that brings a person here and says who they are.

        ``member``: they belong to the company on this platform, so they can sign in there.
        """

    def sign_in_url(self, redirect_uri: str, state: str, *, in_app: bool) -> str | None:
        """The platform's page that asks who is there and comes back with a code.

        ``in_app``: the platform's own browser asks. ``state`` is letters and digits, at most 128.
        None exactly where ``limits.sign_in`` is None.
        """

    async def signed_in(self, code: str, redirect_uri: str) -> Address:
        """The member who came back with ``code``, which works once.

        Raises ``GiveUp`` for a code that is not good and for somebody who is no member, with a
        reason they read; else ``TryLater``: nobody answered, or something has to be mended first.
        """

    async def check(self) -> None:
        """Prove the credentials work. Raises ``CredentialsWrong`` naming the page to fix."""


@runtime_checkable
class Pulls(Protocol):
    """A platform whose callbacks are only hints: what was said lies in queues of its own."""

    def accounts(self) -> Sequence[str]:
        """The queues that have to be pulled now and then because hints get lost."""

    async def pull(self, pull: Pull, cursor: str) -> Page:
        """Fetch what came after ``cursor`` (empty: never pulled). Raises TryLater or GiveUp."""


@runtime_checkable
class HandsOver(Protocol):
    """A platform in whose own client a colleague can take over, if they serve there."""

    async def transfer(self, to: str, colleague: Sequence[str]) -> Ticket | None:
        """Give the talk at an address to a colleague, who is found at some others.

        What comes back lets us say one thing more. Raises TryLater, GiveUp or Unknown.
        """


@runtime_checkable
class NamesFiles(Protocol):
    """A platform that tells what a file is called only while its bytes come."""

    def file_name(self, media_id: str) -> str:
        """The name of a file that was fetched; empty: the platform did not say."""


def discover() -> list[str]:
    """Names of the channels that exist, by their modules; ``a_b.py`` is a part, not a channel."""
    package = importlib.import_module("bot.channels")
    names = (module.name for module in pkgutil.iter_modules(package.__path__))
    return sorted(name for name in names if name != "base" and "_" not in name)


def load(name: str) -> Any:
    """The module of a channel."""
    return importlib.import_module(f"bot.channels.{name}")
