"""Platforms retry, and what somebody said arrives in another order than it was said."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from bot import rows
from bot.rows import Turned
from storage.crypto import Keystore
from storage.database import Database, Tx
from storage.enums import MessageKind, Stage
from storage.queries import intake, people, turns
from storage.queries.common import table, update
from storage.tables import Identity
from storage.vault import Vault
from storage.viewer import SYSTEM
from tests.builders import a_rulebook
from tests.clock import FakeClock

PAUSE, LONGEST, NONE = timedelta(seconds=8), timedelta(seconds=30), timedelta()
LINES = ("我先说第一句", "再说第二句", "最后第三句")


class Chat:
    """One candidate, whose words arrive as a test likes; ``said`` is seconds ago."""

    def __init__(self, database: Database, clock: FakeClock) -> None:
        self._database, self._clock = database, clock
        self._vault = Vault(Keystore.generate())
        self._talk = ""

    async def bound(self) -> None:
        def work(tx: Tx) -> None:
            candidate = people.create_candidate(
                tx, self._vault, SYSTEM, name="林溪", stage=Stage.OFFER
            )
            intake.open_conversation(tx, self._vault, "wecom", "app/wang")
            update(tx, Identity, table(Identity).c.address == "app/wang", candidate_id=candidate)

        await self._database.write(work)

    async def arrives(self, text: str, *, said: float) -> None:
        message = intake.NewMessage(
            channel="wecom",
            address="app/wang",
            external_id=text,
            kind=MessageKind.TEXT,
            text=text,
            sent_at=self._clock() - timedelta(seconds=said),
        )
        taken = await self._database.write(lambda tx: intake.take(tx, self._vault, [message]))
        self._talk = taken.stored[0].conversation_id

    async def turn(self, pause: timedelta) -> Turned | rows.Waiting | None:
        """The next turn, which is then answered."""

        def work(tx: Tx) -> Turned | rows.Waiting | None:
            found = turns.look(tx, self._talk, pause=pause, longest=LONGEST)
            seen = rows.seen(tx, self._vault, found, a_rulebook()) if found else None
            if isinstance(seen, Turned):
                turns.done(tx, [said.id for said in seen.context.said])
            return seen

        return await self._database.write(work)

    async def read(self, pause: timedelta) -> Sequence[Turned]:
        """All turns that are complete now."""
        found = []
        while isinstance(turned := await self.turn(pause), Turned):
            found.append(turned)
        return found


@pytest.fixture
async def chat(database: Database, clock: FakeClock) -> Chat:
    made = Chat(database, clock)
    await made.bound()
    return made


async def test_what_arrives_backwards_is_read_forwards(chat: Chat, clock: FakeClock) -> None:
    for said, text in enumerate(reversed(LINES), 1):
        await chat.arrives(text, said=said)
    clock.advance(PAUSE)
    [turned] = await chat.read(PAUSE)
    assert turned.context.text == "\n".join(LINES)
    assert turned.context.before == ()


async def test_a_backlog_is_answered_in_the_order_it_was_said(chat: Chat) -> None:
    for said, text in enumerate(reversed(LINES), 1):
        await chat.arrives(text, said=said)
    turned = await chat.read(NONE)
    assert [one.context.text for one in turned] == list(LINES)
    # Nothing that was said later counts as said before.
    assert [[turn.text for turn in one.context.before] for one in turned] == [[], [], []]


async def test_within_a_second_of_the_platform_the_order_of_arrival_counts(chat: Chat) -> None:
    for text in LINES:
        await chat.arrives(text, said=1)
    assert [one.context.text for one in await chat.read(NONE)] == list(LINES)


async def test_the_pause_runs_from_what_arrived_last(chat: Chat, clock: FakeClock) -> None:
    await chat.arrives(LINES[2], said=1)
    clock.advance(PAUSE / 2)
    await chat.arrives(LINES[1], said=1 + PAUSE.total_seconds() / 2 + 1)
    clock.advance(PAUSE * 3 / 4)
    assert isinstance(await chat.turn(PAUSE), rows.Waiting)
    clock.advance(PAUSE / 4)
    [turned] = await chat.read(PAUSE)
    assert turned.context.text == f"{LINES[1]}\n{LINES[2]}"
