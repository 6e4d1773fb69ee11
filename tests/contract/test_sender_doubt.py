"""What may have arrived: sent again only where that does no harm, and marked where it shows."""

from __future__ import annotations

from datetime import timedelta

import pytest

from scheduler.errors import DeliveryError, Hold, TryLater, Unknown
from storage.enums import OutboxKind
from storage.queries import outbox
from tests.contract.posting import LEASE, Post


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
    row = await post.settled("one", attempts=calls)
    assert row.status == expected
    assert post.platform.calls == ["one"] * calls
    if expected == "ambiguous":  # a person who asks for it gets it, and is told
        assert await post.database.write(lambda tx: outbox.replay(tx, row.id)) == "fake"
        await post.sender.woken("fake")
        row = await post.settled("one", attempts=1)
        assert (row.status, row.doubtful) == ("sent", True)


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
    marked = not dedupes
    assert (await post.settled("cut", attempts=3)).doubtful == marked
    assert (await post.settled("plain", attempts=2)).doubtful is False


@pytest.mark.parametrize("dedupes", [False, True])
async def test_of_what_is_sent_in_parts_the_first_may_arrive_twice(
    post: Post, dedupes: bool
) -> None:
    """The platform took a part and then said that it is busy: all is sent again."""
    post.sender = post.make_sender(dedupes=dedupes)
    post.platform.failures["long"] = [TryLater("busy", timedelta(seconds=1), partly=True)]
    await post.put("a", "long")
    await post.sender.woken("fake")
    post.clock.advance(2)
    await post.sender.woken("fake")
    row = await post.settled("long", attempts=2)
    assert (row.status, row.doubtful, row.error) == ("sent", not dedupes, None)


@pytest.mark.parametrize(
    "failures", [[Unknown("?"), Hold("window")], [Hold("window", partly=True)]]
)
async def test_doubt_outlives_a_hold(post: Post, failures: list[DeliveryError]) -> None:
    post.platform.failures["one"] = list(failures)
    await post.put("a", "one", kind=OutboxKind.CARD)
    await post.sender.woken("fake")
    post.clock.advance(10)
    await post.sender.woken("fake")

    row = await post.settled("one", attempts=len(failures) - 1)  # a hold does not count
    assert (row.status, row.doubtful) == ("held", True)


async def test_a_card_that_was_not_answered_for_says_that_it_may_be_there_twice(
    post: Post,
) -> None:
    post.platform.failures["one"] = [Unknown("no answer")]
    await post.put("a", "one", kind=OutboxKind.CARD)
    await post.sender.woken("fake")
    post.clock.advance(10)
    await post.sender.woken("fake")
    row = await post.settled("one", attempts=2)
    assert (row.status, row.doubtful) == ("sent", True)
