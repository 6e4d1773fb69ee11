"""Promises of the micro-batcher."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from scheduler.batch import GROWING_S, GroupCommit
from storage.errors import StorageUnavailable


@dataclass
class Store:
    """Takes a batch when its gate is open; refuses some items, and everything when away."""

    gate: asyncio.Event = field(default_factory=asyncio.Event)
    batches: list[list[int]] = field(default_factory=list)
    bad: frozenset[int] = frozenset()
    away: bool = False
    together: int = 0

    async def flush(self, items: Sequence[int]) -> Sequence[str]:
        self.batches.append(list(items))
        self.together += 1
        assert self.together == 1
        await self.gate.wait()
        self.together -= 1
        if self.away:
            raise StorageUnavailable("away")
        if self.bad.intersection(items):
            raise ValueError("a bad one")
        return [f"stored {item}" for item in items]


async def submitted(group: GroupCommit[int, str], *items: int) -> list[asyncio.Task[str]]:
    tasks = [asyncio.create_task(group.submit(item)) for item in items]
    await asyncio.sleep(0)
    return tasks


async def begun(store: Store, batches: int) -> None:
    while len(store.batches) < batches:  # noqa: ASYNC110 - the loop itself is what is waited for
        await asyncio.sleep(0)


async def test_what_arrives_turn_by_turn_of_a_busy_loop_is_one_batch() -> None:
    store = Store()
    group = GroupCommit(store.flush)
    store.gate.set()
    tasks: list[asyncio.Task[str]] = []
    for item in range(20):  # each from a later turn, as requests come off their sockets
        tasks += await submitted(group, item)
        await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    assert store.batches == [list(range(20))]


async def test_a_loop_that_never_rests_delays_nobody_for_long() -> None:
    waited = min([await waited_in_a_busy_loop() for _ in range(3)])  # the machine may be busy, too
    assert GROWING_S * 0.5 < waited < GROWING_S * 20


async def waited_in_a_busy_loop() -> float:
    """Seconds until something was stored although more came all the time."""
    store = Store()
    group = GroupCommit(store.flush, cap=10**9, depth=10**9)
    loop = asyncio.get_running_loop()
    began = loop.time()
    tasks: list[asyncio.Task[str]] = []
    while not store.batches and loop.time() < began + 10:
        tasks += await submitted(group, len(tasks))
    waited = loop.time() - began
    store.gate.set()
    await asyncio.gather(*tasks)
    return waited


async def test_what_arrives_during_a_flush_is_the_next_flush_in_order() -> None:
    store = Store()
    group = GroupCommit(store.flush)
    tasks = await submitted(group, 1)
    await begun(store, 1)
    tasks += await submitted(group, 2, 3, 4)
    store.gate.set()
    assert await asyncio.gather(*tasks) == [f"stored {n}" for n in (1, 2, 3, 4)]
    assert store.batches == [[1], [2, 3, 4]]


async def test_a_batch_has_a_cap() -> None:
    store = Store()
    group = GroupCommit(store.flush, cap=3)
    store.gate.set()
    await asyncio.gather(*await submitted(group, *range(8)))
    assert [len(batch) for batch in store.batches] == [3, 3, 2]


async def test_a_bad_item_fails_alone() -> None:
    store = Store(bad=frozenset({2}))
    group = GroupCommit(store.flush)
    store.gate.set()
    tasks = await submitted(group, 1, 2, 3)
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [results[0], results[2]] == ["stored 1", "stored 3"]
    assert isinstance(results[1], ValueError)
    assert store.batches == [[1, 2, 3], [1], [2], [3]]


async def test_an_absent_store_refuses_everybody_and_is_not_asked_item_by_item() -> None:
    store = Store(away=True)
    group = GroupCommit(store.flush)
    store.gate.set()
    results = await asyncio.gather(*await submitted(group, 1, 2, 3), return_exceptions=True)
    assert [type(result) for result in results] == [StorageUnavailable] * 3
    assert store.batches == [[1, 2, 3]]
    store.away = False
    assert await group.submit(4) == "stored 4"


async def test_too_many_waiting_are_refused_at_once() -> None:
    store = Store()
    group = GroupCommit(store.flush, depth=2)
    tasks = await submitted(group, 1)
    await begun(store, 1)  # now being flushed: no longer waiting
    tasks += await submitted(group, 2, 3)
    with pytest.raises(StorageUnavailable):
        await group.submit(4)
    store.gate.set()
    assert len(await asyncio.gather(*tasks)) == 3


async def test_a_caller_that_goes_away_takes_nobody_with_it() -> None:
    store = Store()
    group = GroupCommit(store.flush)
    flushing = await submitted(group, 1, 2)
    await begun(store, 1)
    waiting = await submitted(group, 3, 4)
    flushing[0].cancel()
    waiting[0].cancel()
    await asyncio.sleep(0)
    store.gate.set()
    assert await flushing[1] == "stored 2"
    assert await waiting[1] == "stored 4"
    assert store.batches == [[1, 2], [4]]


async def test_close_stores_what_waits_and_takes_nothing_more() -> None:
    store = Store()
    group = GroupCommit(store.flush)
    tasks = await submitted(group, 1, 2)
    closing = asyncio.create_task(group.close())
    await asyncio.sleep(0)
    with pytest.raises(StorageUnavailable):
        await group.submit(3)
    store.gate.set()
    await closing
    assert [task.result() for task in tasks] == ["stored 1", "stored 2"]
    await group.close()


async def test_a_flush_that_answers_too_little_is_an_error_and_not_a_wait() -> None:
    async def forgetful(items: Sequence[int]) -> Sequence[str]:
        return []

    group: GroupCommit[int, str] = GroupCommit(forgetful)
    async with asyncio.timeout(2):
        with pytest.raises(RuntimeError, match="0 results for 1 items"):
            await group.submit(1)
