"""Rows and moves the engine's tests need, without the road: who spoke, what waits, what leaves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from scheduler.engine import CONVERSATION, DELIVERY, Engine
from storage.database import Database, Tx
from storage.enums import OutboxKind, OutboxStatus
from storage.errors import Stale
from storage.queries import outbox, scheduled, turns
from storage.queries.common import insert, insert_new, table, update
from storage.queries.outbox import NewSend
from storage.tables import Conversation, Identity, Message, Outbox, SubjectKey

Work = Callable[[Tx], Any]

NOW = timedelta()


def conversation(tx: Tx, name: str, *, channel: str = "fake", wake: bool = False) -> str:
    """A stranger's conversation; its id."""
    insert(tx, SubjectKey, {"id": f"k_{name}", "wrapped": "-", "created_at": tx.now})
    insert(
        tx,
        Identity,
        {
            "id": f"i_{name}",
            "channel": channel,
            "address": name,
            "reachable": True,
            "created_at": tx.now,
        },
    )
    insert(
        tx,
        Conversation,
        {
            "id": f"v_{name}",
            "channel": channel,
            "address": name,
            "identity_id": f"i_{name}",
            "subject_id": f"k_{name}",
            "wake": wake,
            "version": 0,
            "muted": False,
            "state": {},
            "created_at": tx.now,
            "last_at": tx.now,
        },
    )
    return f"v_{name}"


def message(tx: Tx, conversation_id: str, external_id: str) -> bool:
    """An inbound message nobody has handled; whether it is new."""
    row = {
        "uid": f"m_{external_id}",
        "channel": "fake",
        "external_id": external_id,
        "conversation_id": conversation_id,
        "direction": "inbound",
        "kind": "text",
        "author": "candidate",
        "body_sealed": "-",
        "sent_at": tx.now,
        "received_at": tx.now,
        "status": "new",
        "attempts": 0,
    }
    return insert_new(tx, Message, [row]) == 1


def accept(tx: Tx, engine: Engine, conversation_id: str, external_id: str) -> None:
    """T1: the message, the flag and the wake-up, or none of them."""
    talk = table(Conversation)
    if message(tx, conversation_id, external_id):
        asleep = sa.and_(talk.c.id == conversation_id, talk.c.wake.is_(False))
        if update(tx, Conversation, asleep, wake=True):
            engine.wake(tx, CONVERSATION, [conversation_id])


def look(tx: Tx, conversation_id: str) -> turns.Look | None:
    """T2, with nobody typing."""
    return turns.look(tx, conversation_id, pause=NOW, longest=NOW)


def answer(tx: Tx, engine: Engine, seen: turns.Look) -> None:
    """T3: the effect, once. Raises ``Stale`` when somebody was faster."""
    talk = seen.talk
    turns.unchanged(
        tx,
        conversation_id=talk.id,
        version=talk.version,
        candidate_id=None,
        candidate_version=None,
    )
    turns.done(tx, [row.id for row in seen.messages])
    for row in seen.messages:
        say(tx, talk.id, f"reply:{row.uid}")
    engine.wake(tx, DELIVERY, [talk.channel])
    if seen.more:
        turns.rewake(tx, talk.id)
        engine.wake(tx, CONVERSATION, [talk.id])


async def take_turn(database: Database, engine: Engine, conversation_id: str) -> int:
    """One whole turn; how many messages it answered."""
    seen = await database.write(lambda tx: look(tx, conversation_id))
    if seen is None or not seen.messages:
        return 0
    try:
        await database.write(lambda tx: answer(tx, engine, seen))
    except Stale:
        return 0
    return len(seen.messages)


def say(
    tx: Tx,
    conversation_id: str,
    idem: str,
    *,
    channel: str = "fake",
    kind: OutboxKind = OutboxKind.TEXT,
) -> None:
    """Something to send."""
    outbox.enqueue(
        tx,
        [
            NewSend(
                idem=idem,
                channel=channel,
                conversation_id=conversation_id,
                kind=kind,
                payload="-",
            )
        ],
    )


def plan(tx: Tx, number: int, *, after: timedelta) -> None:
    """A planned moment for person number so and so."""
    scheduled.plan_at(
        tx, kind="survey", person_id=f"c_{number}", anchor=str(number), at=tx.now + after
    )


def statuses(tx: Tx) -> dict[str, int]:
    """Outbox rows by status."""
    rows = table(Outbox)
    found = tx.all(sa.select(rows.c.status, sa.func.count().label("n")).group_by(rows.c.status))
    return {row.status: row.n for row in found}


def unfinished(tx: Tx) -> int:
    """Outbox rows that still have to leave."""
    found = statuses(tx)
    return sum(found.get(s.value, 0) for s in (OutboxStatus.NEW, OutboxStatus.SENDING))


class Ledger:
    """A file lines are appended to; what was written survives the writer's death."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, *fields: object) -> None:
        """One line, written whole: O_APPEND, below the size of a pipe buffer."""
        with self._path.open("a", encoding="utf-8", buffering=1) as file:
            file.write(" ".join(str(field) for field in fields) + "\n")

    def read(self) -> list[list[str]]:
        """All whole lines."""
        if not self._path.exists():
            return []
        text = self._path.read_text(encoding="utf-8")
        return [line.split() for line in text[: text.rfind("\n") + 1].splitlines()]
