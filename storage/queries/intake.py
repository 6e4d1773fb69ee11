"""T1: storing what came in. One call stores a batch and says whom to wake.

Everything happens in the caller's transaction: conversations that are new, messages that are
new, and the wake flags. A message seen before changes nothing and wakes nobody.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from storage.crypto import SubjectKey, new_public_id
from storage.database import Tx
from storage.enums import Author, Direction, MessageKind, MessageStatus
from storage.queries import carried
from storage.queries.carried import NewMedia, NewTicket
from storage.queries.common import insert_new, table, update
from storage.queries.outbox import release
from storage.tables import Candidate, Conversation, Identity, Message
from storage.vault import Vault, seal

Where = tuple[str, str]  # channel, address
#: What we could not send leaves when they write again, unless it has grown older than this.
HELD_FOR = timedelta(days=3)

_COLUMNS = (
    "uid, channel, external_id, conversation_id, direction, kind, author, author_id, "
    "body_sealed, sent_at, received_at, status, attempts"
)
# Written out, one statement a batch: building expressions costs more than running them, and a
# statement a row would hand the interpreter's lock over each time.
_INSERT_SQLITE = sa.text(
    f"INSERT INTO message ({_COLUMNS}) "  # noqa: S608 - constant
    "SELECT value->>'uid', value->>'channel', value->>'external_id', "
    "value->>'conversation_id', value->>'direction', value->>'kind', value->>'author', "
    "value->>'author_id', value->>'body', value->>'sent_at', value->>'received_at', "
    "value->>'status', 0 FROM json_each(:rows) WHERE true ORDER BY key "
    "ON CONFLICT DO NOTHING"
)
_WAKE_SQLITE = sa.text(
    "UPDATE conversation SET last_at = :now, wake = true "
    "WHERE id IN (SELECT value FROM json_each(:ids))"
)
_INSERT_POSTGRES = sa.text(
    f"WITH stored AS (INSERT INTO message ({_COLUMNS}) "  # noqa: S608 - constant
    "SELECT uid, channel, external_id, conversation_id, direction, kind, author, author_id, "
    "body, sent_at, received_at, status, 0 "
    "FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(ord int, uid text, channel text, "
    "external_id text, conversation_id text, direction text, kind text, author text, "
    "author_id text, body text, sent_at timestamptz, received_at timestamptz, status text) "
    "ORDER BY ord ON CONFLICT DO NOTHING RETURNING uid, conversation_id), "
    "woken AS (UPDATE conversation SET last_at = CAST(:now AS timestamptz), wake = true "
    "WHERE id IN (SELECT conversation_id FROM stored)) SELECT uid FROM stored"
)
# Read as one row: SQLite hands the interpreter's lock over at every row it returns.
_FIND_SQLITE = sa.text(
    "SELECT json_group_array(json_array("
    "c.channel, c.address, c.id, c.subject_id, i.user_id IS NOT NULL, c.wake, "
    "i.candidate_id IS NULL)) "
    "FROM json_each(:wanted) w "
    "JOIN conversation c ON c.channel = w.value->>0 AND c.address = w.value->>1 "
    "JOIN identity i ON i.id = c.identity_id"
)
# Locked in one order: messages of a conversation then get rising ids in commit order.
_FIND_POSTGRES = sa.text(
    "SELECT c.channel, c.address, c.id, c.subject_id, i.user_id IS NOT NULL, c.wake, "
    "i.candidate_id IS NULL "
    "FROM jsonb_array_elements(CAST(:wanted AS jsonb)) w "
    "JOIN conversation c ON c.channel = w.value->>0 AND c.address = w.value->>1 "
    "JOIN identity i ON i.id = c.identity_id ORDER BY c.id FOR UPDATE OF c"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """One thing somebody said, as the pipeline hands it over."""

    channel: str
    address: str
    external_id: str
    kind: MessageKind
    text: str
    sent_at: datetime
    media: tuple[NewMedia, ...] = ()
    ticket: NewTicket | None = None
    raw: str = ""
    reopens: bool = False  # the platform lets us write again once they have written
    opens: bool = True  # a window is reckoned from it; not from looking in, nor from a recall

    @property
    def carries(self) -> bool:
        """Whether it has more than words."""
        return bool(self.media or self.ticket or self.raw or not self.opens)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """Where a message stands now. ``fresh`` is False when it had been stored before."""

    uid: str
    conversation_id: str
    fresh: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of a batch, in its order, and the conversations to wake.

    ``typing``: somebody types there, and more may follow; ``urgent``: a press, or a colleague.
    ``released`` are channels on which something held may leave now, ``attached`` attachments to
    fetch.
    """

    stored: tuple[Stored, ...]
    typing: tuple[str, ...] = ()
    urgent: tuple[str, ...] = ()
    released: tuple[str, ...] = ()
    attached: tuple[str, ...] = ()


@dataclass(slots=True)
class _Talk:
    id: str
    subject_id: str
    staff: bool
    awake: bool
    nobody_yet: bool  # neither a colleague nor a candidate that we know


def take(tx: Tx, vault: Vault, batch: Sequence[NewMessage]) -> Taken:
    """Store a batch."""
    talks = talks_at(tx, vault, {(m.channel, m.address) for m in batch})
    keys = vault.keys(tx, {talk.subject_id for talk in talks.values()})
    now = _timestamp(tx, tx.now)
    rows = [
        _row(tx, now, ord_, message, talks[message.channel, message.address], keys)
        for ord_, message in enumerate(batch)
    ]
    fresh = _insert(tx, now, rows)
    new = [row for row in rows if row["uid"] in fresh]
    touched = {row["conversation_id"] for row in new}
    # ``awake`` was read in this transaction under a lock: only sleeping ones need a wake-up.
    woken = [one.id for one in talks.values() if one.id in touched and not one.awake]
    urgent = {row["conversation_id"] for row in new if _cannot_wait(row)}
    # Whoever opens a link says one word of the platform's; nothing of theirs is read before.
    urgent |= {one.id for one in talks.values() if one.nobody_yet}
    # A ticket dies in seconds: whoever brought one is answered at once.
    urgent |= {
        row["conversation_id"]
        for row, message in zip(rows, batch, strict=True)
        if message.ticket is not None and row["uid"] in fresh
    }
    reopened, attached = [], []
    for row, message in zip(rows, batch, strict=True):
        if row["uid"] in fresh and message.carries:
            key = keys[talks[message.channel, message.address].subject_id]
            attached += _carry(tx, row, message, key)
        if row["uid"] in fresh and message.reopens:
            reopened.append(row["conversation_id"])
    released = release(tx, reopened, since=tx.now - HELD_FOR) if reopened else ()
    return Taken(
        released=tuple(sorted(released)),
        attached=tuple(attached),
        stored=_stored(tx, rows, fresh),
        typing=tuple(talk for talk in woken if talk not in urgent),
        urgent=tuple(talk for talk in woken if talk in urgent),
    )


def _carry(tx: Tx, row: dict[str, Any], message: NewMessage, key: SubjectKey) -> list[str]:
    if not message.opens:
        carried.opens_nothing(tx, row["uid"])
    if message.raw:
        carried.keep_raw(tx, key, row["uid"], message.raw)
    if message.ticket is not None:
        carried.keep_ticket(tx, key, row["conversation_id"], message.ticket)
    return carried.attach(tx, key, row["uid"], message.media)


def _cannot_wait(row: dict[str, Any]) -> bool:
    return bool(row["kind"] != MessageKind.TEXT.value or row["author"] == Author.STAFF.value)


def _row(
    tx: Tx, now: str, ord_: int, message: NewMessage, talk: _Talk, keys: dict[str, SubjectKey]
) -> dict[str, Any]:
    uid = new_public_id("m")
    author = Author.STAFF if talk.staff else Author.CANDIDATE
    return {
        "ord": ord_,
        "uid": uid,
        "channel": message.channel,
        "external_id": message.external_id,
        "conversation_id": talk.id,
        "direction": Direction.INBOUND.value,
        "kind": message.kind.value,
        "author": author.value,
        "author_id": None,
        "body": seal(keys[talk.subject_id], message.text, "message.body_sealed", uid),
        "sent_at": _timestamp(tx, message.sent_at),
        "received_at": now,
        "status": MessageStatus.NEW.value,
    }


def _timestamp(tx: Tx, moment: datetime) -> str:
    """A moment in the text form the database's own column type writes."""
    utc = moment.astimezone(UTC)
    if tx.dialect == "sqlite":
        return utc.isoformat(" ", "microseconds")[:26]
    return utc.isoformat()


def _insert(tx: Tx, now: str, rows: list[dict[str, Any]]) -> set[str]:
    """Store what is new and raise the wake flags of its conversations; the uids that are new."""
    encoded = json.dumps(rows)
    if tx.dialect == "postgresql":
        stored = tx.all(_INSERT_POSTGRES, {"rows": encoded, "now": now})
        return {uid for (uid,) in stored}
    uids = {row["uid"] for row in rows}
    # Without RETURNING: SQLite hands the interpreter's lock over at every row it returns.
    if tx.run(_INSERT_SQLITE, {"rows": encoded}).rowcount < len(rows):
        uids = _stored_now(tx, uids)
    talks = sorted({row["conversation_id"] for row in rows if row["uid"] in uids})
    if talks:
        tx.run(_WAKE_SQLITE, {"now": now, "ids": json.dumps(talks)})
    return uids


def _stored_now(tx: Tx, uids: set[str]) -> set[str]:
    """Which of our new ids made it; the others met a message that was there before."""
    message = table(Message)
    return {row.uid for row in tx.all(sa.select(message.c.uid).where(message.c.uid.in_(uids)))}


def _find(tx: Tx, wanted: set[Where]) -> dict[Where, _Talk]:
    asked = {"wanted": json.dumps(sorted(wanted))}
    if tx.dialect == "sqlite":
        rows = json.loads(tx.scalar(_FIND_SQLITE, asked))
    else:
        rows = tx.all(_FIND_POSTGRES, asked)
    return {
        (channel, address): _Talk(
            talk_id, subject_id, bool(staff), bool(awake), bool(unbound) and not staff
        )
        for channel, address, talk_id, subject_id, staff, awake, unbound in rows
    }


def talks_at(tx: Tx, vault: Vault, wanted: set[Where]) -> dict[Where, _Talk]:
    found = _find(tx, wanted)
    missing = sorted(wanted - found.keys())
    if missing:
        for where in missing:
            open_conversation(tx, vault, *where)
        found = _find(tx, wanted)
    return found


def talk_at(tx: Tx, vault: Vault, channel: str, address: str) -> Any:
    """The bare row of an address's conversation, opened when there is none."""
    open_conversation(tx, vault, channel, address)
    talk = table(Conversation)
    return tx.first(sa.select(talk).where(talk.c.channel == channel, talk.c.address == address))


def open_conversation(
    tx: Tx, vault: Vault, channel: str, address: str, *, candidate_id: str | None = None
) -> None:
    """Make the identity and the conversation of an address, if they do not exist.

    A known candidate's conversation is sealed with the candidate's own key; a stranger gets one.
    """
    identity = table(Identity)
    insert_new(
        tx,
        Identity,
        [
            {
                "id": new_public_id("i"),
                "channel": channel,
                "address": address,
                "candidate_id": candidate_id,
                "reachable": True,
                "created_at": tx.now,
                "linked_at": tx.now if candidate_id else None,
            }
        ],
    )
    candidate = table(Candidate)
    who = tx.first(
        sa.select(identity.c.id, candidate.c.subject_id)
        .outerjoin(candidate, candidate.c.id == identity.c.candidate_id)
        .where(identity.c.channel == channel, identity.c.address == address)
    )
    insert_new(
        tx,
        Conversation,
        [
            {
                "id": new_public_id("v"),
                "channel": channel,
                "address": address,
                "identity_id": who.id,
                "subject_id": who.subject_id or vault.new_subject(tx).id,
                "wake": False,
                "version": 0,
                "muted": False,
                "state": {},
                "created_at": tx.now,
                "last_at": tx.now,
            }
        ],
    )


def _stored(tx: Tx, rows: list[dict[str, Any]], fresh: set[str]) -> tuple[Stored, ...]:
    seen: dict[Where, Any] = {}
    repeated = [(r["channel"], r["external_id"]) for r in rows if r["uid"] not in fresh]
    if repeated:
        message = table(Message)
        for row in tx.all(
            sa.select(
                message.c.uid,
                message.c.channel,
                message.c.external_id,
                message.c.conversation_id,
            ).where(sa.tuple_(message.c.channel, message.c.external_id).in_(repeated))
        ):
            seen[row.channel, row.external_id] = row
    result = []
    for row in rows:
        if row["uid"] in fresh:
            result.append(
                Stored(uid=row["uid"], conversation_id=row["conversation_id"], fresh=True)
            )
        else:
            old = seen[row["channel"], row["external_id"]]
            result.append(Stored(uid=old.uid, conversation_id=old.conversation_id, fresh=False))
    return tuple(result)


def set_reachable(tx: Tx, channel: str, address: str, reachable: bool) -> None:
    """The platform says whether a person can be reached."""
    identity = table(Identity)
    where = sa.and_(identity.c.channel == channel, identity.c.address == address)
    update(tx, Identity, where, reachable=reachable)
