"""Promises of delivery, against a platform that can be told how to behave."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
import sqlalchemy as sa

from scheduler.embedded import EmbeddedEngine
from scheduler.engine import DELIVERY
from scheduler.errors import GiveUp, TryLater, Unknown
from scheduler.sender import Delivered, Outlet, Sender
from storage.database import Database, Tx
from storage.enums import OutboxKind
from storage.queries import outbox
from storage.queries.common import table
from storage.queries.outbox import Claimed
from storage.tables import Outbox
from tests.clock import FakeClock, until
from tests.integration.programs import domain

ROWS = table(Outbox)
LEASE = timedelta(seconds=60)


@dataclass
class Platform:
    """Delivers, unless told to fail a key: each failure of the list once, in order."""

    calls: list[str] = field(default_factory=list)
    failures: dict[str, list[Exception]] = field(default_factory=dict)
    held: dict[str, asyncio.Event] = field(default_factory=dict)

    async def deliver(self, claimed: Claimed) -> Delivered:
        self.calls.append(claimed.idem)
        if claimed.idem in self.held:
            await self.held[claimed.idem].wait()
        if self.failures.get(claimed.idem):
            raise self.failures[claimed.idem].pop(0)
        return Delivered(receipt=f"r-{claimed.idem}")


@dataclass
class Post:
    """A database, an engine, a platform and a sender between them."""

    database: Database
    clock: FakeClock
    platform: Platform
    engine: EmbeddedEngine
    sender: Sender

    def make_sender(
        self,
        *,
        owner: str = "me",
        dedupes: bool = False,
        dedupes_for: timedelta = timedelta.max,
        rate: float = 1000,
        burst: float = 1000,
    ) -> Sender:
        outlet = Outlet(
            delivery=self.platform,
            rate=rate,
            burst=burst,
            dedupes=dedupes,
            dedupes_for=dedupes_for,
        )
        return Sender(
            self.database,
            self.engine,
            {"fake": outlet},
            owner=owner,
            lease=LEASE,
            now=self.clock,
            jitter=lambda: 1.0,
        )

    async def put(self, talk: str, *idems: str, kind: OutboxKind = OutboxKind.TEXT) -> None:
        def work(tx: Tx) -> None:
            if f"v_{talk}" not in known(tx):
                domain.conversation(tx, talk)
            for idem in idems:
                domain.say(tx, f"v_{talk}", idem, kind=kind)

        await self.database.write(work)

    async def row(self, idem: str) -> sa.Row[tuple[object, ...]]:
        found: sa.Row[tuple[object, ...]] = await self.database.read(
            lambda tx: tx.first(sa.select(ROWS).where(ROWS.c.idem == idem))
        )
        return found

    async def settled(self, idem: str, *, attempts: int) -> sa.Row[tuple[object, ...]]:
        """The row once so many attempts have been made and recorded."""
        async with asyncio.timeout(8):
            while True:
                row = await self.row(idem)
                if row.attempts == attempts and row.status != "sending":
                    return row
                await asyncio.sleep(0.01)

    async def status(self, *idems: str) -> list[str]:
        return [(await self.row(idem)).status for idem in idems]


def known(tx: Tx) -> set[str]:
    return {row[0] for row in tx.all(sa.text("SELECT id FROM conversation"))}


@pytest.fixture
async def post(database: Database, clock: FakeClock) -> AsyncIterator[Post]:
    engine = EmbeddedEngine(now=clock)
    made = Post(database, clock, Platform(), engine, None)  # type: ignore[arg-type]
    made.sender = made.make_sender()
    engine.handler(DELIVERY, lambda key: made.sender.woken(key), concurrency=2, exclusive=False)
    running = asyncio.create_task(engine.run())
    yield made
    made.sender.drain()
    await engine.stop()
    await running


async def test_what_is_due_is_sent_once_with_its_receipt(post: Post) -> None:
    await post.put("a", "one", "two")
    await post.put("b", "three")
    await post.sender.woken("fake")
    await post.sender.woken("fake")
    assert sorted(post.platform.calls) == ["one", "three", "two"]
    assert await post.status("one", "two", "three") == ["sent"] * 3
    assert (await post.row("one")).receipt == "r-one"


async def test_a_conversation_keeps_its_order_and_holds_up_nobody_else(post: Post) -> None:
    post.platform.held["a1"] = asyncio.Event()
    await post.put("a", "a1", "a2")
    await post.put("b", "b1", "b2")
    sending = asyncio.create_task(post.sender.woken("fake"))
    await until(lambda: "b2" in post.platform.calls)
    assert post.platform.calls == ["a1", "b1", "b2"]
    post.platform.held["a1"].set()
    await sending
    assert post.platform.calls == ["a1", "b1", "b2", "a2"]


async def test_a_busy_platform_is_asked_again_when_it_said(post: Post) -> None:
    post.platform.failures["one"] = [TryLater("busy", timedelta(seconds=30))]
    await post.put("a", "one", "two")
    await post.sender.woken("fake")
    assert await post.status("one", "two") == ["new", "new"]
    post.clock.advance(29)
    await post.sender.woken("fake")
    assert post.platform.calls == ["one"]
    post.clock.advance(2)  # the wake-up the sender planned for itself
    await until(lambda: post.platform.calls == ["one", "one", "two"])


async def test_pauses_grow_and_the_eighth_failure_is_the_last(post: Post) -> None:
    post.platform.failures["one"] = [TryLater("down") for _ in range(20)]
    await post.put("a", "one", "two")
    pauses = []
    for attempts in range(8):
        row = await post.settled("one", attempts=attempts)
        pauses.append((row.next_at - post.clock()).total_seconds())
        post.clock.set(row.next_at)
        await post.sender.woken("fake")
    assert pauses == [0, 2, 4, 8, 16, 32, 64, 128]
    row = await post.settled("one", attempts=8)
    assert (row.status, row.error) == ("dead", "down")
    assert (await post.settled("two", attempts=1)).status == "sent"
    assert post.platform.calls == ["one"] * 8 + ["two"]


async def test_a_refused_row_is_parked_and_sent_again_under_its_key_when_asked(post: Post) -> None:
    post.platform.failures["one"] = [GiveUp("blocked by the person")]
    await post.put("a", "one", "two")
    await post.sender.woken("fake")
    assert await post.status("one", "two") == ["dead", "sent"]
    row = await post.row("one")
    assert row.error == "blocked by the person"
    assert await post.database.write(lambda tx: outbox.replay(tx, row.id)) == "fake"
    assert await post.database.write(lambda tx: outbox.replay(tx, row.id)) is None
    await post.sender.woken("fake")
    assert post.platform.calls == ["one", "two", "one"]
    assert await post.status("one") == ["sent"]


@pytest.mark.parametrize(
    ("kind", "dedupes", "expected"),
    [
        (OutboxKind.TEXT, False, "ambiguous"),
        (OutboxKind.TEXT, True, "sent"),
        (OutboxKind.CARD, False, "sent"),
    ],
)
async def test_no_answer_is_repeated_only_where_that_does_no_harm(
    post: Post, kind: OutboxKind, dedupes: bool, expected: str
) -> None:
    post.sender = post.make_sender(dedupes=dedupes)
    post.platform.failures["one"] = [Unknown("no answer")]
    await post.put("a", "one", kind=kind)
    await post.sender.woken("fake")
    post.clock.advance(10)
    await post.sender.woken("fake")
    calls = 1 if expected == "ambiguous" else 2
    assert (await post.settled("one", attempts=calls)).status == expected
    assert post.platform.calls == ["one"] * calls


@pytest.mark.parametrize(
    ("kind", "wait_s", "expected"),
    [
        (OutboxKind.TEXT, 3_000, "sent"),
        (OutboxKind.TEXT, 3_601, "ambiguous"),
        (OutboxKind.CARD, 3_601, "sent"),
    ],
)
async def test_a_platform_is_not_asked_again_once_it_has_forgotten_the_key(
    post: Post, kind: OutboxKind, wait_s: float, expected: str
) -> None:
    """No answer, then an outage that outlasts its memory: a text would be said twice."""
    post.sender = post.make_sender(dedupes=True, dedupes_for=timedelta(hours=1))
    down = [TryLater("down", timedelta(seconds=wait_s))]
    post.platform.failures["one"] = [Unknown("no answer"), *down]
    await post.put("a", "one", kind=kind)
    for attempt, later_s in enumerate((10, wait_s, 0), 1):
        await post.sender.woken("fake")
        row = await post.settled("one", attempts=attempt)
        post.clock.advance(later_s)
    assert row.status == expected
    assert post.platform.calls == ["one"] * (3 if expected == "sent" else 2)
    if expected == "ambiguous":  # a person who asks for it gets it
        assert await post.database.write(lambda tx: outbox.replay(tx, row.id)) == "fake"
        await post.sender.woken("fake")  # or one that is under way already
        assert (await post.settled("one", attempts=1)).status == "sent"


async def test_giving_up_says_whether_it_may_have_arrived(post: Post) -> None:
    post.sender = post.make_sender(dedupes=True)
    post.platform.failures = {
        "one": [Unknown("no answer")] + [TryLater("down", timedelta(seconds=1))] * 7,
        "two": [TryLater("down", timedelta(seconds=1))] * 8,
    }
    await post.put("a", "one")
    await post.put("b", "two")
    for attempt in range(1, 9):
        await post.sender.woken("fake")
        await post.settled("one", attempts=attempt)
        await post.settled("two", attempts=attempt)
        post.clock.advance(10)
    assert await post.status("one", "two") == ["ambiguous", "dead"]


@pytest.mark.parametrize(
    ("kind", "dedupes", "expected"),
    [
        (OutboxKind.TEXT, False, "sent"),
        (OutboxKind.TEXT, True, "sent"),
        (OutboxKind.CARD, False, "sent"),
    ],
)
async def test_what_a_dead_process_was_sending_is_taken_over_after_its_lease(
    post: Post, kind: OutboxKind, dedupes: bool, expected: str
) -> None:
    post.sender = post.make_sender(dedupes=dedupes)
    await post.put("a", "one", kind=kind)
    claim = await post.database.write(
        lambda tx: outbox.claim(
            tx, "fake", owner="dead", limit=9, lease=LEASE, rate=1000, burst=1000
        )
    )
    assert [row.idem for row in claim.rows] == ["one"]
    post.clock.advance(LEASE - timedelta(seconds=1))
    await post.sender.woken("fake")
    assert await post.status("one") == ["sending"]
    post.clock.advance(1)
    await post.sender.woken("fake")
    assert (await post.settled("one", attempts=2)).status == expected
    late = await post.database.write(
        lambda tx: outbox.sent(tx, claim.rows[0], "dead", receipt="late")
    )
    assert late is False
    assert (await post.row("one")).receipt != "late"


@pytest.mark.parametrize("dedupes", [False, True])
async def test_what_may_have_arrived_twice_says_so_where_the_platform_shows_both(
    post: Post, dedupes: bool
) -> None:
    post.sender = post.make_sender(dedupes=dedupes)
    await post.put("a", "cut")
    await post.put("b", "plain")
    await post.database.write(
        lambda tx: outbox.claim(
            tx, "fake", owner="dead", limit=1, lease=LEASE, rate=1000, burst=1000
        )
    )
    post.clock.advance(LEASE)
    # The doubt outlives a later attempt of which it is known that nothing arrived.
    post.platform.failures["cut"] = [TryLater("busy", timedelta(seconds=1))]
    post.platform.failures["plain"] = [TryLater("busy", timedelta(seconds=1))]
    await post.sender.woken("fake")
    post.clock.advance(2)
    await post.sender.woken("fake")
    marked = None if dedupes else outbox.IN_DOUBT
    assert (await post.settled("cut", attempts=3)).error == marked
    assert (await post.settled("plain", attempts=2)).error is None


async def test_a_card_that_was_not_answered_for_says_that_it_may_be_there_twice(
    post: Post,
) -> None:
    post.platform.failures["one"] = [Unknown("no answer")]
    await post.put("a", "one", kind=OutboxKind.CARD)
    await post.sender.woken("fake")
    post.clock.advance(10)
    await post.sender.woken("fake")
    row = await post.settled("one", attempts=2)
    assert (row.status, row.error) == ("sent", outbox.IN_DOUBT)


async def test_a_fault_of_ours_is_tried_later_and_named_without_its_words(
    post: Post, capsys: pytest.CaptureFixture[str]
) -> None:
    post.platform.failures["one"] = [KeyError("13800138000 王小明")]
    await post.put("a", "one")
    await post.sender.woken("fake")
    row = await post.row("one")
    assert (row.status, row.error) == ("new", "internal error: KeyError")
    printed = capsys.readouterr()
    assert "KeyError" in printed.out + printed.err
    assert "13800138000" not in printed.out + printed.err
    post.clock.advance(5)
    await post.sender.woken("fake")
    assert (await post.settled("one", attempts=2)).status == "sent"


async def test_attempts_keep_to_the_budget(post: Post) -> None:
    post.sender = post.make_sender(rate=2, burst=3)
    for n in range(8):
        await post.put(str(n), f"k{n}")
    sending = asyncio.create_task(post.sender.woken("fake"))
    await until(lambda: len(post.platform.calls) >= 3)
    await asyncio.sleep(0.3)
    assert len(post.platform.calls) == 3
    post.clock.advance(1)
    await until(lambda: len(post.platform.calls) >= 5)
    await asyncio.sleep(0.3)
    assert len(post.platform.calls) == 5
    post.clock.advance(10)
    await until(lambda: len(post.platform.calls) == 8)
    await sending


async def test_two_senders_never_send_the_same_row(post: Post) -> None:
    other = post.make_sender(owner="other")
    for n in range(40):
        await post.put(str(n), f"k{n}")
    await asyncio.gather(post.sender.woken("fake"), other.woken("fake"))
    assert sorted(post.platform.calls) == sorted(f"k{n}" for n in range(40))


async def test_a_wake_up_during_sending_is_not_lost(post: Post) -> None:
    post.platform.held["one"] = asyncio.Event()
    await post.put("a", "one")
    sending = asyncio.create_task(post.sender.woken("fake"))
    await until(lambda: post.platform.calls == ["one"])
    await post.put("b", "two")
    await post.sender.woken("fake")  # returns at once: the first loop looks again
    await until(lambda: post.platform.calls == ["one", "two"])
    post.platform.held["one"].set()
    await sending
    assert await post.status("one", "two") == ["sent", "sent"]


async def test_draining_ends_what_flies_and_claims_nothing_more(post: Post) -> None:
    post.platform.held["a1"] = asyncio.Event()
    await post.put("a", "a1", "a2")
    sending = asyncio.create_task(post.sender.woken("fake"))
    await until(lambda: post.platform.calls == ["a1"])
    post.sender.drain()
    post.platform.held["a1"].set()
    async with asyncio.timeout(3):
        await sending
    assert await post.status("a1", "a2") == ["sent", "new"]
    assert post.platform.calls == ["a1"]


async def test_a_channel_nobody_serves_is_left_alone(post: Post) -> None:
    await post.put("a", "one")
    await post.sender.woken("elsewhere")
    assert await post.status("one") == ["new"]
