"""Promises of delivery, against a platform that can be told how to behave."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from scheduler.errors import GiveUp, TryLater, Unknown
from storage.queries import outbox
from tests.clock import until
from tests.contract.posting import Post


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
