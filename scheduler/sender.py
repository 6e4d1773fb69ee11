"""Lane ``delivery``: claim rows of one channel, send them, record what became of them.

A process that dies between claim and record leaves a lease that runs out. The row is then sent
again under the same key where that does no harm, or parked for a person to look at.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from scheduler.engine import DELIVERY, Engine
from scheduler.errors import GiveUp, Hold, TryLater, Unknown
from scheduler.retry import growing, jitter, where
from storage.database import Database, Now, Tx, utc_now
from storage.enums import OutboxKind
from storage.errors import StorageUnavailable
from storage.queries import outbox, queues
from storage.queries.outbox import Claim, Claimed

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=60)
ATTEMPTS = 8
BACK_OFF = timedelta(seconds=2)
LONGEST_BACK_OFF = timedelta(minutes=15)
#: Work that becomes due sooner is waited for; work that is due later gets a wake-up.
PATIENCE = timedelta(seconds=0.5)
#: Pause before asking again for a row that is due but could not be had.
BREATH = timedelta(seconds=0.2)
#: Shortest wait for a token of the budget.
TICK = timedelta(milliseconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """The platform has it. ``receipt`` finds it there again; ``revision``: the card's state."""

    receipt: str | None
    revision: int | None = None
    parts: int = 1  # messages of the platform it became


class Delivery(Protocol):
    """Brings one claimed row to one platform."""

    async def deliver(self, claimed: Claimed) -> Delivered:
        """Send under ``claimed.idem``. Raises a ``DeliveryError``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    """How one channel sends. ``rate`` is attempts a second, ``burst`` the most at once.

    ``dedupes``: the platform drops a second send under the same key, for as long as it remembers
    the first one: ``dedupes_for``.
    """

    delivery: Delivery
    rate: float
    burst: float
    dedupes: bool
    dedupes_for: timedelta = timedelta.max
    concurrency: int = 4


class Sender:
    """The handler of lane ``delivery``: ``engine.handler(DELIVERY, sender.woken, ...)``.

    In one process one loop serves a channel; a wake-up that arrives meanwhile makes that loop
    look again. Several processes may serve the same channel: claims keep them apart.
    """

    def __init__(
        self,
        database: Database,
        engine: Engine,
        outlets: Mapping[str, Outlet],
        *,
        owner: str,
        lease: timedelta = LEASE,
        attempts: int = ATTEMPTS,
        now: Now = utc_now,
        jitter: Callable[[], float] = jitter,
    ) -> None:
        """``owner`` must be unique per process and start; ``now`` is the database's clock."""
        self._database, self._engine, self._outlets = database, engine, outlets
        self._owner, self._lease, self._attempts = owner, lease, attempts
        self._now, self._jitter = now, jitter
        self._bells: dict[str, asyncio.Event] = {}
        self._alarms: dict[str, datetime] = {}
        self._draining = False

    def drain(self) -> None:
        """Claim nothing more. What is being sent ends; call it before ``engine.stop``."""
        self._draining = True
        for bell in self._bells.values():
            bell.set()

    async def woken(self, channel: str) -> None:
        """Send what is due on a channel. Raises ``StorageUnavailable``: wake it again later."""
        outlet = self._outlets.get(channel)
        if outlet is None:
            log.warning("delivery.no_outlet", channel=channel)
            return
        if channel in self._bells:
            self._bells[channel].set()
            return
        bell = self._bells[channel] = asyncio.Event()
        flying: set[asyncio.Task[None]] = set()
        again_at = None
        try:
            again_at = await self._pump(channel, outlet, bell, flying)
        except asyncio.CancelledError:
            for task in flying:
                task.cancel()
            raise
        finally:
            # Not cancelled on a database failure: the bytes may be on their way.
            if flying:
                await asyncio.wait(flying)
            del self._bells[channel]
        if again_at is not None and not self._draining:
            await self._wake_at(channel, again_at)

    async def _pump(
        self,
        channel: str,
        outlet: Outlet,
        bell: asyncio.Event,
        flying: set[asyncio.Task[None]],
    ) -> datetime | None:
        """Keep sending until nothing can be claimed now; when it is worth asking again."""
        again_at: datetime | None = None
        while True:
            bell.clear()
            room = 0 if self._draining else outlet.concurrency - len(flying)
            if room:
                claim = await self._claim(channel, outlet, room)
                again_at = claim.again_at
                for row in claim.rows:
                    flying.add(self._fly(outlet, row, flying))
                if claim.rows and len(flying) < outlet.concurrency and _due(again_at, self._now()):
                    continue
            if self._draining and not flying:
                return None
            soon = again_at is not None and again_at - self._now() <= PATIENCE
            if not flying and not soon and not bell.is_set():
                return again_at
            await self._wait(bell, flying, again_at if soon and room else None)

    async def _wait(
        self, bell: asyncio.Event, flying: set[asyncio.Task[None]], until: datetime | None
    ) -> None:
        """Until something was sent, the bell rang, or a moment has come."""
        timeout = None
        if until is not None:
            missing = until - self._now()
            timeout = (max(missing, TICK) if missing > timedelta() else BREATH).total_seconds()
        ringing = asyncio.create_task(bell.wait())
        try:
            await asyncio.wait(
                {ringing, *flying}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            ringing.cancel()

    async def _claim(self, channel: str, outlet: Outlet, room: int) -> Claim:
        def work(tx: Tx) -> Claim:
            return outbox.claim(
                tx,
                channel,
                owner=self._owner,
                limit=room,
                lease=self._lease,
                rate=outlet.rate,
                burst=outlet.burst,
            )

        return await self._database.write(work)

    async def _wake_at(self, channel: str, at: datetime) -> None:
        now = self._now()
        at = max(at, now + BREATH)
        planned = self._alarms.get(channel)
        if planned is not None and now < planned <= at:
            return  # an earlier wake-up is on its way and will look again
        self._alarms[channel] = at
        await self._database.write(
            lambda tx: self._engine.wake(tx, DELIVERY, [channel], not_before=at)
        )

    def _fly(
        self, outlet: Outlet, row: Claimed, flying: set[asyncio.Task[None]]
    ) -> asyncio.Task[None]:
        def landed(task: asyncio.Task[None]) -> None:
            flying.discard(task)
            if not task.cancelled() and (error := task.exception()) is not None:
                # The row keeps its lease and is looked at again when that runs out.
                name = type(error).__name__
                log.error("delivery.fault", outbox=row.id, error=name, where=where(error))

        task = asyncio.create_task(self._send(outlet, row))
        task.add_done_callback(landed)
        return task

    async def _send(self, outlet: Outlet, row: Claimed) -> None:
        """One attempt, and its record."""
        # Two alerts are better than none; two replies are worse than a person looking. But a row
        # whose sender was killed most likely never left: it is sent again under its key, so a
        # crash repeats at most what was in flight and loses nothing.
        card = row.kind in (OutboxKind.CARD, OutboxKind.PORTRAIT)
        may_repeat = card or self._remembered(outlet, row)
        if row.attempts > self._attempts:
            await self._park(row, "its sender was killed again and again", ambiguous=True)
            return
        if row.doubtful_since is not None and not may_repeat:
            reason = "it may have arrived, and the platform has forgotten its key by now"
            await self._park(row, reason, ambiguous=True)
            return
        try:
            # Ends before the lease does, or two processes would be sending the same row.
            async with asyncio.timeout(self._lease.total_seconds() * 0.75):
                delivered = await outlet.delivery.deliver(row)
        except TryLater as error:
            await self._later(row, str(error), error.delay, partly=error.partly)
        except Hold as error:
            await self._hold(row, error)
        except GiveUp as error:
            await self._park(row, str(error), ambiguous=False)
        except (Unknown, TimeoutError) as error:
            reason = str(error) or "no answer in time"
            if may_repeat and row.attempts < self._attempts:
                await self._later(row, reason, None, unanswered=True)
            else:
                await self._park(row, reason, ambiguous=True)
        except Exception as error:  # noqa: BLE001 - a fault of ours must not stop the channel
            name = type(error).__name__
            log.error("delivery.fault", outbox=row.id, error=name, where=where(error))
            await self._later(row, f"internal error: {name}", None)
        else:
            await self._sent(row, delivered)

    async def _sent(self, row: Claimed, delivered: Delivered) -> None:
        await self._settle(
            row,
            lambda tx: outbox.sent(
                tx,
                row,
                self._owner,
                receipt=delivered.receipt,
                revision=delivered.revision,
                parts=delivered.parts,
                repeats=not self._outlets[row.channel].dedupes,
            ),
        )
        log.info("delivery.sent", outbox=row.id, channel=row.channel, attempts=row.attempts)

    def _remembered(self, outlet: Outlet, row: Claimed) -> bool:
        """Whether the platform would know this row's key, had it ever got it."""
        since = row.doubtful_since
        return outlet.dedupes and (since is None or self._now() - since < outlet.dedupes_for)

    async def _later(
        self,
        row: Claimed,
        reason: str,
        delay: timedelta | None,
        *,
        unanswered: bool = False,
        partly: bool = False,
    ) -> None:
        if row.attempts >= self._attempts:
            await self._park(row, reason, ambiguous=row.doubtful_since is not None)
            return
        if delay is None:
            back_off = growing(row.attempts, first=BACK_OFF, longest=LONGEST_BACK_OFF)
            delay = back_off * self._jitter()
        at = self._now() + delay
        log.info("delivery.later", outbox=row.id, delay_s=round(delay.total_seconds(), 1))
        doubt = {"unanswered": unanswered, "partly": partly}
        await self._settle(
            row, lambda tx: outbox.later(tx, row, self._owner, at=at, error=reason, **doubt)
        )

    async def _hold(self, row: Claimed, error: Hold) -> None:
        """Wait until they write; not when they did while we were asking."""
        reason, heard, partly = str(error), error.heard, error.partly

        def work(tx: Tx) -> bool:
            if heard is not None and queues.heard(tx, row.conversation_id, lock=True) > heard:
                return outbox.later(tx, row, self._owner, at=tx.now, error=reason, partly=partly)
            return outbox.held(tx, row, self._owner, reason=reason, partly=partly)

        await self._settle(row, work)
        log.info("delivery.held", outbox=row.id, channel=row.channel)

    async def _park(self, row: Claimed, reason: str, *, ambiguous: bool) -> None:
        log.warning("delivery.given_up", outbox=row.id, ambiguous=ambiguous)
        await self._settle(
            row,
            lambda tx: outbox.given_up(tx, row, self._owner, error=reason, ambiguous=ambiguous),
        )

    async def _settle(self, row: Claimed, work: Callable[[Tx], bool]) -> None:
        """Record an attempt, trying again while the lease holds: forgetting it means a repeat."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._lease.total_seconds() * 0.2
        pause = 0.2
        while True:
            try:
                mine = await self._database.write(work)
            except StorageUnavailable:
                if loop.time() + pause > until:
                    log.error("delivery.not_recorded", outbox=row.id)
                    return
                await asyncio.sleep(pause)
                pause *= 2
            else:
                if not mine:
                    log.warning("delivery.lease_lost", outbox=row.id)
                return


def _due(at: datetime | None, now: datetime) -> bool:
    return at is not None and at <= now
