"""What the web layer may know of the product."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from bot.pipeline import Door, Road
from bot.web.feed import Feed
from bot.web.limits import Buckets, Hashing, Remembered, Slots
from bot.web.pages import Pages
from bot.words import SHANGHAI
from storage import crypto
from storage.queries.standings import Rate

WORDS = Path(__file__).resolve().parents[2] / "config" / "words"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class ReaderSeen(Protocol):
    """What /metrics asks of the reader."""

    @property
    def alive(self) -> bool: ...

    @property
    def restarts(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The road and the door, who may call, and what is kept in memory between calls."""

    road: Road
    door: Door
    ready: Callable[[], bool]
    stats: Callable[[], Mapping[str, float]]
    base_url: str
    secure: bool  # https, as people see it: behind a TLS proxy too
    invite_days: Mapping[str, int]
    allowed_hosts: frozenset[str]
    trusted_proxies: tuple[Network, ...]
    pages: Pages
    feed: Feed
    hashing: Hashing = field(default_factory=lambda: Hashing(at_once=2, waiting=40))
    #: C10: 20 messages a minute, 10 at once, for each chat link.
    chat_pace: Buckets = field(default_factory=lambda: Buckets(rate=20 / 60, burst=10))
    #: C10: 100 calls a minute from one address that is nobody's yet, 50 at once.
    join_pace: Buckets = field(default_factory=lambda: Buckets(rate=100 / 60, burst=50))
    #: C10: five exports a day and person.
    export_pace: Buckets = field(default_factory=lambda: Buckets(rate=5 / 86_400, burst=5))
    #: Files being uploaded: a whole one each in memory, 10 MB at most.
    uploads: Slots = field(default_factory=lambda: Slots(8))
    rates: Remembered[dict[str, Rate]] = field(default_factory=lambda: Remembered(60.0))
    wall: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    @classmethod
    def of(
        cls,
        *,
        road: Road,
        door: Door,
        ready: Callable[[], bool],
        base_url: str,
        allowed_hosts: Iterable[str] = (),
        trusted_proxies: Iterable[str] = (),
        invite_days: Mapping[str, int],
        reader: ReaderSeen | None = None,
    ) -> Site:
        """The site of an installation."""
        feed = Feed(road.database, road.vault)
        url = urlsplit(base_url)
        given = frozenset(host.lower() for host in allowed_hosts)
        own = frozenset({_bracketed(url.hostname or "localhost")})
        return cls(
            road=road,
            door=door,
            ready=ready,
            stats=lambda: measured(road, feed, reader),
            base_url=base_url,
            secure=url.scheme == "https",
            invite_days=invite_days,
            allowed_hosts=given or own | LOOPBACK,
            trusted_proxies=tuple(
                ipaddress.ip_network(one, strict=False) for one in trusted_proxies
            ),
            pages=Pages(WORDS, SHANGHAI),
            feed=feed,
        )

    @property
    def cookie(self) -> str:
        """Name of the session's cookie; browsers hold ``__Host-`` to https and this host."""
        return "__Host-sid" if self.secure else "sid"

    def key(self, purpose: str) -> bytes:
        """32 bytes of the installation's own for one purpose."""
        return crypto.derive(self.road.vault.keystore, f"web-{purpose}")

    def hidden(self, purpose: str, value: str) -> str:
        """A keyed hash: tells equal values apart from others, and nothing else."""
        text = value.encode("utf-8", "surrogatepass")
        return hmac.new(self.key(purpose), text, hashlib.sha256).hexdigest()


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host.lower()


def measured(road: Road, feed: Feed, reader: ReaderSeen | None) -> dict[str, float]:
    """Numbers for /metrics by name; counters end in ``_total``."""
    counts, engine = road.counts, road.engine.stats()
    found: dict[str, float] = {
        "messages_accepted_total": counts.accepted,
        "messages_repeated_total": counts.duplicates,
        "turns_handled_total": counts.handled,
        "turns_stale_total": counts.stale,
        "readings_failed_total": counts.unread,
        "work_failed_total": engine.failed,
        "live_streams": feed.streams,
    }
    for lane, number in engine.waiting.items():
        found[f"work_waiting:{lane}"] = number
    for lane, number in engine.running.items():
        found[f"work_running:{lane}"] = number
    if reader is not None:
        found["reader_alive"] = float(reader.alive)
        found["reader_restarts_total"] = reader.restarts
    return found
