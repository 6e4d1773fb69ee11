"""T2: looking at a conversation that was woken, and T3's frame: nobody decided in between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from storage.database import Tx
from storage.enums import Direction, MessageKind, MessageStatus
from storage.errors import Stale
from storage.queries.archive import is_brought
from storage.queries.common import table, update
from storage.tables import Candidate, Conversation, Identity, Message, Position, User

MESSAGE = table(Message)
TALK = table(Conversation)

#: Messages looked at in one turn.
LOOK = 32
#: A message whose reading kills the process this often is parked as dead.
ATTEMPTS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a woken conversation has for us. ``wait_until``: the person is still typing."""

    talk: Any  # conversation row, with who it is with
    messages: tuple[Any, ...] = ()  # the next utterance, oldest first; sealed
    more: bool = False  # messages beyond this utterance are waiting
    wait_until: datetime | None = None
    died: tuple[Any, ...] = ()  # messages parked in this look; sealed


def look(tx: Tx, conversation_id: str, *, pause: timedelta, longest: timedelta) -> Look | None:
    """Take the next utterance of a conversation, counting the attempt before the work.

    Messages of one person that follow each other within ``pause`` are one utterance; as long as
    the newest is younger than ``pause`` we wait, but never longer than ``longest`` after the
    first. What waits is taken in the order the platform dates it, not as it happened to arrive.
    None: nothing to do.
    """
    update(tx, Conversation, TALK.c.id == conversation_id, wake=False)
    talk = _talk(tx, conversation_id)
    if talk is None:
        return None
    if talk.user_id is not None or talk.candidate_id is None:
        # Colleagues press buttons and ask, strangers open links: nobody waits for more.
        pause = timedelta(0)
    if talk.ticket_until is not None and tx.now < talk.ticket_until <= tx.now + longest:
        pause = timedelta(0)  # what lets us answer dies before they would have finished typing
    rows = tx.all(
        sa.select(MESSAGE)
        .where(
            MESSAGE.c.conversation_id == conversation_id,
            MESSAGE.c.status == MessageStatus.NEW.value,
        )
        .order_by(MESSAGE.c.sent_at, MESSAGE.c.id)
        .limit(LOOK + 1)
    )
    died = tuple(row for row in rows if row.attempts >= ATTEMPTS)
    if died:
        update(
            tx,
            Message,
            MESSAGE.c.id.in_([row.id for row in died]),
            status=MessageStatus.DEAD.value,
            error="reading it failed five times",
        )
        rows = [row for row in rows if row.attempts < ATTEMPTS]
    if not rows:
        return Look(talk=talk, died=died) if died else None
    taken = _utterance(rows, pause)
    until = _typing_until(taken, rows, tx.now, pause, longest)
    if until is not None:
        update(tx, Conversation, TALK.c.id == conversation_id, wake=True)
        return Look(talk=talk, wait_until=until, died=died)
    tx.run(
        sa.update(MESSAGE)
        .where(MESSAGE.c.id.in_([row.id for row in taken]))
        .values(attempts=MESSAGE.c.attempts + 1)
    )
    return Look(talk=talk, messages=tuple(taken), more=len(rows) > len(taken), died=died)


def _utterance(rows: Sequence[Any], pause: timedelta) -> list[Any]:
    """The leading messages that belong together.

    A press stands alone. So does a message that was tried before: it may be the one that kills
    the reader, and must not take its neighbours along.
    """
    first = rows[0]
    if first.kind != MessageKind.TEXT.value or first.attempts > 0 or not pause:
        return [first]
    taken = [first]
    for row in rows[1:LOOK]:
        together = (
            row.kind == MessageKind.TEXT.value
            and row.attempts == 0
            and row.error == first.error  # what is only read back is not answered with the rest
            and row.sent_at - taken[-1].sent_at <= pause
        )
        if not together:
            break
        taken.append(row)
    return taken


def _typing_until(
    taken: Sequence[Any], rows: Sequence[Any], now: datetime, pause: timedelta, longest: timedelta
) -> datetime | None:
    if not pause or taken[0].attempts > 0 or taken[0].kind != MessageKind.TEXT.value:
        return None
    if len(rows) > len(taken):
        return None  # something else follows: this utterance is complete
    received = [row.received_at for row in taken]
    until: datetime = min(max(received) + pause, min(received) + longest)
    return until if until > now else None


def _talk(tx: Tx, conversation_id: str) -> Any:
    """A conversation with whom it is with."""
    identity, candidate, user = table(Identity), table(Candidate), table(User)
    position, owner = table(Position), table(User).alias("owner")
    return tx.first(
        sa.select(
            TALK,
            identity.c.candidate_id,
            identity.c.user_id,
            candidate.c.subject_id.label("candidate_subject"),
            candidate.c.name_sealed,
            candidate.c.stage,
            candidate.c.version.label("candidate_version"),
            candidate.c.start_on,
            candidate.c.position_id,
            sa.func.coalesce(candidate.c.owner_id, position.c.owner_id).label("owner_id"),
            owner.c.name.label("owner_name"),
            position.c.title.label("position_title"),
            position.c.city.label("position_city"),
            user.c.name.label("staff_name"),
            user.c.role.label("staff_role"),
        )
        .join(identity, identity.c.id == TALK.c.identity_id)
        .outerjoin(candidate, candidate.c.id == identity.c.candidate_id)
        .outerjoin(position, position.c.id == candidate.c.position_id)
        .outerjoin(
            owner,
            sa.and_(
                owner.c.id == sa.func.coalesce(candidate.c.owner_id, position.c.owner_id),
                owner.c.disabled_at.is_(None),
            ),
        )
        .outerjoin(user, sa.and_(user.c.id == identity.c.user_id, user.c.disabled_at.is_(None)))
        .where(TALK.c.id == conversation_id)
    )


def before(tx: Tx, conversation_id: str, message_id: int, *, limit: int = 2) -> list[Any]:
    """The messages just before one, oldest first; sealed. What still waits was not before it."""
    rows = tx.all(
        sa.select(MESSAGE)
        .where(
            MESSAGE.c.conversation_id == conversation_id,
            MESSAGE.c.id < message_id,
            MESSAGE.c.status != MessageStatus.NEW.value,
            MESSAGE.c.kind.in_([MessageKind.TEXT.value]),
            ~is_brought(MESSAGE.c.external_id),
        )
        .order_by(MESSAGE.c.id.desc())
        .limit(limit)
    )
    return rows[::-1]


def subject_of(tx: Tx, conversation_id: str) -> str:
    """Whose data key a conversation's words are sealed with."""
    found: str = tx.scalar(sa.select(TALK.c.subject_id).where(TALK.c.id == conversation_id))
    return found


def unchanged(
    tx: Tx,
    *,
    conversation_id: str,
    version: int,
    candidate_id: str | None,
    candidate_version: int | None,
    **values: Any,
) -> None:
    """Move the versions a decision was made at, or raise ``Stale``: somebody else decided."""
    moved = update(
        tx,
        Conversation,
        sa.and_(TALK.c.id == conversation_id, TALK.c.version == version),
        version=version + 1,
        **values,
    )
    if moved != 1:
        raise Stale
    if candidate_id is not None and candidate_version is not None:
        touch(tx, candidate_id, candidate_version)


def touch(tx: Tx, candidate_id: str, version: int, **values: Any) -> None:
    """Move a candidate's version from the one seen, or raise ``Stale``."""
    candidate = table(Candidate)
    moved = update(
        tx,
        Candidate,
        sa.and_(candidate.c.id == candidate_id, candidate.c.version == version),
        version=version + 1,
        **values,
    )
    if moved != 1:
        raise Stale


def done(tx: Tx, message_ids: Sequence[int]) -> None:
    """Mark messages as answered. Raises ``Stale`` when one of them was answered already."""
    where = sa.and_(MESSAGE.c.id.in_(message_ids), MESSAGE.c.status == MessageStatus.NEW.value)
    if update(tx, Message, where, status=MessageStatus.DONE.value) != len(message_ids):
        raise Stale


def give_back(tx: Tx, conversation_id: str, message_ids: Sequence[int]) -> None:
    """A result was dropped as stale: the attempt does not count, the conversation wakes again."""
    tx.run(
        sa.update(MESSAGE)
        .where(
            MESSAGE.c.id.in_(message_ids),
            MESSAGE.c.status == MessageStatus.NEW.value,
            MESSAGE.c.direction == Direction.INBOUND.value,
        )
        .values(attempts=sa.case((MESSAGE.c.attempts > 0, MESSAGE.c.attempts - 1), else_=0))
    )
    update(tx, Conversation, TALK.c.id == conversation_id, wake=True)


def rewake(tx: Tx, conversation_id: str) -> None:
    """Raise the wake flag, because the caller sends a wake-up."""
    update(tx, Conversation, TALK.c.id == conversation_id, wake=True)
