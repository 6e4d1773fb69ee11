"""What a channel is. A module of this package exports ``Config`` and ``build``."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from bot.messages import Address, Card, Content, HttpCall, Receipt, Received

Payload = dict[str, Any]
Accept = Callable[[Received], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a platform can carry, as data. ``rate`` is sends a second over all people."""

    text: int  # longest text in the unit the channel counts in
    buttons: int
    editable: bool
    dedupes: bool  # whether it drops a second send under the same key
    rate: float
    burst: float
    link_is_chat: bool = False  # the invite link itself is where the person writes


class Channel(Protocol):
    """One platform, both directions. Knows credentials and wire formats, never candidates."""

    name: str
    limits: Limits

    async def start(self) -> None:
        """Open connections and register webhooks. Must not fail because the platform is down."""

    async def stop(self) -> None:
        """Close connections."""

    async def receive(self, call: HttpCall) -> Received:
        """Verify and decode one webhook call. Raises ``Refused`` or ``Malformed``."""

    async def listen(self, accept: Accept) -> None:
        """Hold the platform's long connection until cancelled; return at once if it has none."""

    def render(self, content: Content | Card) -> Sequence[Payload]:
        """Neutral content to wire payloads; what exceeds ``limits`` becomes numbered text."""

    async def send(
        self, to: Address, payload: Payload, *, key: str, replaces: Receipt | None = None
    ) -> Receipt:
        """Deliver one payload, or replace a sent card. Raises TryLater, GiveUp or Unknown."""

    async def noticed(self, external_id: str, note: str) -> None:
        """Answer a press, where its button would otherwise keep spinning."""

    def fetch(self, media_id: str) -> AsyncIterator[bytes]:
        """Stream an attachment the platform holds for us."""

    def invite_url(self, base_url: str, token: str) -> str:
        """The link that brings a person here and says who they are."""

    async def check(self) -> None:
        """Prove the credentials work. Raises ``CredentialsWrong`` naming the page to fix."""


def discover() -> list[str]:
    """Names of the channels that exist, by their modules; ``a_b.py`` is a part, not a channel."""
    package = importlib.import_module("bot.channels")
    names = (module.name for module in pkgutil.iter_modules(package.__path__))
    return sorted(name for name in names if name != "base" and "_" not in name)


def load(name: str) -> Any:
    """The module of a channel."""
    return importlib.import_module(f"bot.channels.{name}")
