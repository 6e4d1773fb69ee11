"""What an appraisal looks at beside the statements, and where it writes what it found."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from storage.crypto import SubjectKey, new_public_id
from storage.database import Tx
from storage.enums import ENDED, Direction, MessageKind
from storage.queries.common import chunks, insert_all, table, update
from storage.queries.scope import visible
from storage.tables import Candidate, Conversation, Factor, Identity, Message, Reading
from storage.vault import Vault, seal, unseal
from storage.viewer import SYSTEM

MESSAGE, TALK, IDENTITY = table(Message), table(Conversation), table(Identity)
FACTOR = table(Factor)
#: Messages a rhythm is made of, newest of all channels.
BEATS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One message; ``text`` only of ours, to tell whether it asks something."""

    inbound: bool
    at: datetime
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A factor over the record that has not ended."""

    id: str
    rule: str
    facts: tuple[str, ...]
    adds: float
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A rule over the record that holds from now on."""

    candidate_id: str
    key: SubjectKey
    rule: str
    adds: float
    fades_after_days: float
    facts: Sequence[str]
    words: Sequence[str]


def going_on(tx: Tx, *, after: str, limit: int) -> list[str]:
    """Candidates with whom it has not ended, by id; for the product's own upkeep."""
    candidate = table(Candidate)
    query = (
        sa.select(candidate.c.id)
        .where(
            visible(SYSTEM),
            candidate.c.stage.not_in([str(one) for one in ENDED]),
            candidate.c.id > after,
        )
        .order_by(candidate.c.id)
        .limit(limit)
    )
    return [row.id for row in tx.all(query)]


def hold(tx: Tx, candidate_id: str) -> None:
    """Keep a candidate from others until the commit: nobody begins the same factor meanwhile."""
    candidate = table(Candidate)
    tx.first(sa.select(candidate.c.id).where(candidate.c.id == candidate_id).with_for_update())


def heard_of(tx: Tx, candidate_ids: Collection[str]) -> set[str]:
    """Those of some candidates with whom there is a conversation on any channel."""
    found: set[str] = set()
    for some in chunks(candidate_ids):
        query = (
            sa.select(IDENTITY.c.candidate_id)
            .join(TALK, TALK.c.identity_id == IDENTITY.c.id)
            .where(IDENTITY.c.candidate_id.in_(some))
        )
        found.update(row.candidate_id for row in tx.all(query))
    return found


def talk(tx: Tx, vault: Vault, candidate_id: str) -> list[Said]:
    """The last messages with a candidate over all channels, oldest first."""
    rows = tx.all(
        sa.select(
            MESSAGE.c.uid,
            MESSAGE.c.direction,
            MESSAGE.c.sent_at,
            MESSAGE.c.body_sealed,
            TALK.c.subject_id,
        )
        .join(TALK, TALK.c.id == MESSAGE.c.conversation_id)
        .join(IDENTITY, IDENTITY.c.id == TALK.c.identity_id)
        .where(
            IDENTITY.c.candidate_id == candidate_id,
            MESSAGE.c.kind == MessageKind.TEXT.value,
        )
        .order_by(MESSAGE.c.id.desc())
        .limit(BEATS)
    )
    keys = vault.keys(tx, {row.subject_id for row in rows})
    inbound = Direction.INBOUND.value
    return [
        Said(
            inbound=row.direction == inbound,
            at=row.sent_at,
            text=""
            if row.direction == inbound
            else unseal(keys[row.subject_id], row.body_sealed, "message.body_sealed", row.uid),
        )
        for row in reversed(rows)
    ]


def delays(tx: Tx, candidate_id: str, *, days: int = 30) -> int:
    """How often an answer was put off in so many days with no day named."""
    reading = table(Reading)
    rows = tx.all(
        sa.select(reading.c.intents, reading.c.commitment)
        .join(MESSAGE, MESSAGE.c.id == reading.c.message_id)
        .join(TALK, TALK.c.id == MESSAGE.c.conversation_id)
        .join(IDENTITY, IDENTITY.c.id == TALK.c.identity_id)
        .where(
            IDENTITY.c.candidate_id == candidate_id,
            MESSAGE.c.sent_at >= tx.now - timedelta(days=days),
            reading.c.deadline.is_(None),
            reading.c.reported.is_(False),
            reading.c.commitment < 0,
        )
    )
    return sum("consider" in row.intents for row in rows)


def standing_of(tx: Tx, keys: Mapping[str, SubjectKey]) -> dict[str, list[Standing]]:
    """The factors over the record that have not ended, by candidate; ``keys`` too."""
    found: dict[str, list[Standing]] = {candidate_id: [] for candidate_id in keys}
    for some in chunks(keys):
        query = sa.select(FACTOR).where(
            FACTOR.c.candidate_id.in_(some),
            FACTOR.c.ended_at.is_(None),
            FACTOR.c.words_sealed.is_not(None),
        )
        for row in tx.all(query):
            found[row.candidate_id].append(
                Standing(
                    id=row.id,
                    rule=row.rule,
                    facts=tuple(row.facts or ()),
                    adds=row.adds,
                    words=tuple(words_of(keys[row.candidate_id], row)),
                )
            )
    return found


def history(tx: Tx, candidate_id: str) -> list[Any]:
    """Every contribution there ever was to a candidate's score, also what ended, newest first.

    Ask ``people.get_candidate`` first.
    """
    return tx.all(
        sa.select(FACTOR)
        .where(FACTOR.c.candidate_id == candidate_id)
        .order_by(FACTOR.c.at.desc(), FACTOR.c.id)
    )


def words_of(key: SubjectKey, row: Any) -> list[str]:
    """What a factor over the record measured, in words; nothing of one over what was heard."""
    if row.words_sealed is None:
        return []
    words: list[str] = json.loads(unseal(key, row.words_sealed, "factor.words_sealed", row.id))
    return words


def begin(tx: Tx, begun: Sequence[Begun]) -> None:
    """Rules over the record hold from now on."""
    insert_all(tx, Factor, [_row(tx, one) for one in begun])


def _row(tx: Tx, one: Begun) -> dict[str, Any]:
    factor_id = new_public_id("r")
    told = json.dumps(list(one.words), ensure_ascii=False)
    return {
        "id": factor_id,
        "candidate_id": one.candidate_id,
        "rule": one.rule,
        "adds": one.adds,
        "fades_after_days": one.fades_after_days,
        "at": tx.now,
        "source": f"record:{factor_id}",
        "spans": [],
        "facts": list(one.facts),
        "words_sealed": seal(one.key, told, "factor.words_sealed", factor_id, pad=True),
    }


def reword(tx: Tx, key: SubjectKey, factor_id: str, words: Sequence[str]) -> None:
    """The same rule over the same facts, measured again (a longer silence): it keeps its day."""
    told = json.dumps(list(words), ensure_ascii=False)
    sealed = seal(key, told, "factor.words_sealed", factor_id, pad=True)
    update(tx, Factor, FACTOR.c.id == factor_id, words_sealed=sealed)


def finish(tx: Tx, factor_ids: Sequence[str]) -> None:
    """The record does not bear these out any more."""
    for some in chunks(factor_ids):
        update(tx, Factor, FACTOR.c.id.in_(some), ended_at=tx.now)
