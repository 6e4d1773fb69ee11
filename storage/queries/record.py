"""T3's pieces: what a turn leaves behind. The caller composes them in one transaction."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from storage.crypto import SubjectKey, new_public_id
from storage.database import Tx
from storage.enums import Author, Direction, MessageKind, MessageStatus
from storage.queries.common import insert, insert_new, table, update
from storage.tables import (
    Candidate,
    Conversation,
    Fact,
    Factor,
    Identity,
    Invite,
    Message,
    Reading,
)
from storage.tables import (
    SubjectKey as SubjectKeyRow,
)
from storage.vault import seal

#: How external ids of what we said begin, now and in a sandbox's past; what else comes from our
#: side was said in a platform's own client.
OURS = "out:"
PAST = "past:"


def reading(
    tx: Tx,
    key: SubjectKey,
    *,
    message_id: int,
    covers: Sequence[str],
    read: dict[str, Any],
    spans: list[dict[str, Any]],
    deadline: date | None,
    stage: str | None = None,
) -> None:
    """Keep what was heard. ``read`` is ``nlp.reading.Reading.as_dict()``; words stay sealed.

    What alarmed is before people already; only what did not may wait as unclear.
    """
    amounts = read["amounts"]
    insert(
        tx,
        Reading,
        {
            "message_id": message_id,
            "covers": list(covers),
            "intents": read["intents"],
            "scores": read["scores"],
            "commitment": read["commitment"],
            "reported": read["reported"],
            "condition": read["condition"],
            "deadline": deadline,
            "alert": read["alert"],
            "severity": read["severity"],
            "evidence": spans,
            "amounts_sealed": seal(
                key,
                json.dumps(amounts, ensure_ascii=False),
                "reading.amounts_sealed",
                str(message_id),
                pad=True,
            )
            if amounts
            else None,
            "model": read["model"],
            "created_at": tx.now,
            "stage": stage,
            "unclear": read["unclear"] and not read["alert"],
        },
    )


def fact(
    tx: Tx,
    key: SubjectKey,
    *,
    candidate_id: str,
    kind: str,
    value: str,
    source: str,
    said_at: datetime,
) -> None:
    """Add a dated statement; an earlier one of the same kind and source is kept, superseded."""
    facts = table(Fact)
    same = sa.and_(
        facts.c.candidate_id == candidate_id,
        facts.c.kind == kind,
        facts.c.superseded_at.is_(None),
    )
    update(tx, Fact, same, superseded_at=tx.now)
    fact_id = new_public_id("f")
    insert(
        tx,
        Fact,
        {
            "id": fact_id,
            "candidate_id": candidate_id,
            "kind": kind,
            "value_sealed": seal(key, value, "fact.value_sealed", fact_id, pad=True),
            "source": source,
            "said_at": said_at,
        },
    )


def factor(
    tx: Tx,
    *,
    candidate_id: str,
    rule: str,
    adds: float,
    fades_after_days: float,
    source: str,
    at: datetime,
    spans: list[dict[str, Any]],
) -> None:
    """Add one rule's contribution; the same rule from the same source counts once."""
    row = {
        "id": new_public_id("r"),
        "candidate_id": candidate_id,
        "rule": rule,
        "adds": adds,
        "fades_after_days": fades_after_days,
        "at": at,
        "source": source,
        "spans": spans,
    }
    insert_new(tx, Factor, [row])


def score(tx: Tx, candidate_id: str, value: int, level: str) -> None:
    """Keep the score a list is ordered by."""
    scores(tx, [(candidate_id, value, level)])


def scores(tx: Tx, found: Sequence[tuple[str, int, str]]) -> None:
    """``score`` of several people: candidate, score and level."""
    if not found:
        return
    candidate = table(Candidate)
    statement = (
        sa.update(candidate)
        .where(candidate.c.id == sa.bindparam("whose"))
        .values(score=sa.bindparam("worth"), level=sa.bindparam("word"))
    )
    names = ("whose", "worth", "word")
    tx.run(statement, [dict(zip(names, one, strict=True)) for one in found])


def say(
    tx: Tx,
    key: SubjectKey,
    *,
    talk: Any,
    idem: str,
    text: str,
    author: Author,
    author_id: str | None = None,
    choices: Sequence[tuple[str, str]] = (),
) -> int | None:
    """Add an outbound message to the timeline, queued; its id, or None if it was said before.

    ``choices`` are the labels and actions offered under it; labels are words of the program, never
    a person's.
    """
    uid = new_public_id("m")
    row = {
        "uid": uid,
        "channel": talk.channel,
        "external_id": f"{OURS}{idem}",
        "conversation_id": talk.id,
        "direction": Direction.OUTBOUND.value,
        "kind": MessageKind.TEXT.value,
        "author": author.value,
        "author_id": author_id,
        "body_sealed": seal(key, text, "message.body_sealed", uid),
        "sent_at": tx.now,
        "received_at": tx.now,
        "status": MessageStatus.QUEUED.value,
        "attempts": 0,
        "choices": [list(choice) for choice in choices] or None,
    }
    if not insert_new(tx, Message, [row]):
        return None
    conversations = table(Conversation)
    update(tx, Conversation, conversations.c.id == talk.id, last_at=tx.now)
    found: int = tx.scalar(sa.select(table(Message).c.id).where(table(Message).c.uid == uid))
    return found


def bind(
    tx: Tx, *, identity_id: str, invite_id: str, candidate_id: str | None, user_id: str | None
) -> bool:
    """Tie an identity to whom an invite names and use the invite up. False: already used.

    What a stranger said before is theirs: their data key now belongs to the candidate too, so
    that erasing the candidate destroys it.
    """
    invites, identities = table(Invite), table(Identity)
    used = update(
        tx,
        Invite,
        sa.and_(
            invites.c.id == invite_id, invites.c.used_at.is_(None), invites.c.revoked_at.is_(None)
        ),
        used_at=tx.now,
        identity_id=identity_id,
    )
    if used != 1:
        return False
    update(
        tx,
        Identity,
        identities.c.id == identity_id,
        candidate_id=candidate_id,
        user_id=user_id,
        linked_at=tx.now,
    )
    if candidate_id is not None:
        talks, keys = table(Conversation), table(SubjectKeyRow)
        theirs = sa.select(talks.c.subject_id).where(talks.c.identity_id == identity_id)
        update(
            tx,
            SubjectKeyRow,
            sa.and_(keys.c.id.in_(theirs), keys.c.candidate_id.is_(None)),
            candidate_id=candidate_id,
        )
    return True
