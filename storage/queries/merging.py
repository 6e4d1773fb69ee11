"""Two records of one person become one, and two again.

What the record that goes has is re-pointed to the one that stays. Sealed fields that are opened
with the candidate's own key are sealed again with the key of the record that stays; messages keep
the key of their conversation. ``moved`` remembers every row, so that the undo is exact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlmodel import SQLModel

from storage.crypto import SubjectKey, new_public_id
from storage.database import Tx
from storage.enums import AlertStatus
from storage.errors import Conflict, NotFound
from storage.queries.common import insert, table, update
from storage.queries.people import get_candidate
from storage.queries.scope import CANDIDATE, visible
from storage.tables import (
    Access,
    Alert,
    Answer,
    Candidate,
    ChangeRequest,
    Consent,
    Ending,
    Fact,
    Factor,
    Identity,
    Interview,
    Invitation,
    Invite,
    Merge,
    MissedCase,
    Offer,
    Pledge,
    Proposal,
    Scheduled,
    Step,
)
from storage.tables import SubjectKey as SubjectKeyRow
from storage.vault import Vault, seal, unseal
from storage.viewer import Viewer

#: What moves, and which fields of it are sealed with the candidate's key.
MOVING: Mapping[type[SQLModel], tuple[str, ...]] = {
    Fact: ("value_sealed", "found_sealed"),
    Alert: ("quote_sealed",),
    ChangeRequest: ("body_sealed",),
    Proposal: ("body_sealed",),
    Ending: ("note_sealed",),
    Factor: ("words_sealed",),
    Step: ("words_sealed", "reason_sealed"),
    Invitation: (),
    Answer: ("value_sealed",),
    Identity: (),
    Invite: (),
    Consent: (),
    Interview: ("feedback_sealed",),
    MissedCase: (),
    Access: (),
}
MERGE = table(Merge)


def merge(tx: Tx, vault: Vault, viewer: Viewer, *, kept: str, gone: str) -> str:
    """Join ``gone`` into ``kept``; the merge's id.

    Of statements both have, the one that stays wins and the other is kept as superseded. Raises
    ``Conflict`` where ``gone`` has offers or a card, and for one record with itself, ``NotFound``
    when the viewer may not know of both.
    """
    if kept == gone:
        raise Conflict("that is the same record")
    stays, goes = (get_candidate(tx, vault, viewer, one) for one in sorted((kept, gone)))
    if stays.id != kept:
        stays, goes = goes, stays
    if offered(tx, gone):
        raise Conflict("the record that goes has offers, which stay with it: keep that one")
    keys = vault.keys(tx, [stays.subject_id, goes.subject_id])
    resolved = _resolve_doubles(tx, kept, gone)
    only: dict[type[SQLModel], list[str]] = {
        Step: _steps_of_their_own(tx, gone, kept),
        Invitation: _invitations_of_their_own(tx, gone, kept),
    }
    only[Answer] = _answers_of(tx, only[Invitation])
    moved = {
        table(model).name: _move(
            tx,
            model,
            keys[goes.subject_id],
            keys[stays.subject_id],
            gone,
            kept,
            only=only.get(model),
        )
        for model in MOVING
    }
    _supersede_doubles(tx, kept, moved["fact"])
    moved["resolved"] = resolved
    moved["scheduled"] = _move_plans(tx, gone, kept)
    moved["subject_key"] = _move_keys(tx, gone, kept)
    update(tx, Candidate, CANDIDATE.c.id == gone, erased_at=tx.now, merged_into=kept)
    update(tx, Candidate, CANDIDATE.c.id == kept, version=CANDIDATE.c.version + 1)
    merge_id = new_public_id("g")
    insert(
        tx,
        Merge,
        {
            "id": merge_id,
            "kept_id": kept,
            "gone_id": gone,
            "moved": moved,
            "merged_by": viewer.id or "system",
            "merged_at": tx.now,
        },
    )
    return merge_id


def undo(tx: Tx, vault: Vault, viewer: Viewer, merge_id: str) -> tuple[str, str]:
    """Take a merge apart; (kept, gone). Raises ``NotFound``, ``Conflict`` when it is undone.

    What was said of the person after the merge stays with the record that was kept.
    """
    row = tx.first(sa.select(MERGE).where(MERGE.c.id == merge_id))
    if row is None:
        raise NotFound("no such merge")
    stays = get_candidate(tx, vault, viewer, row.kept_id)
    used = update(
        tx, Merge, sa.and_(MERGE.c.id == merge_id, MERGE.c.undone_at.is_(None)), undone_at=tx.now
    )
    if used != 1:
        raise Conflict("this merge is undone already")
    goes = tx.first(sa.select(CANDIDATE.c.subject_id).where(CANDIDATE.c.id == row.gone_id))
    assert goes is not None  # a foreign key holds it
    keys = vault.keys(tx, [stays.subject_id, goes.subject_id])
    update(tx, Candidate, CANDIDATE.c.id == row.gone_id, erased_at=None, merged_into=None)
    update(tx, Candidate, CANDIDATE.c.id == row.kept_id, version=CANDIDATE.c.version + 1)
    fact = table(Fact)
    stood = sa.and_(fact.c.id.in_(row.moved["fact"]), fact.c.superseded_at >= row.merged_at)
    update(tx, Fact, stood, superseded_at=None)
    update(
        tx,
        Scheduled,
        table(Scheduled).c.id.in_([int(one) for one in row.moved["scheduled"]]),
        person_id=row.gone_id,
    )
    for model in MOVING:
        wanted = row.moved.get(table(model).name, ())  # an older merge moved fewer tables
        _move(
            tx,
            model,
            keys[stays.subject_id],
            keys[goes.subject_id],
            row.kept_id,
            row.gone_id,
            only=wanted,
        )
    alert, theirs = table(Alert), table(SubjectKeyRow)
    unjudged = sa.and_(alert.c.id.in_(row.moved["resolved"]), alert.c.verdict.is_(None))
    update(tx, Alert, unjudged, status=AlertStatus.OPEN.value)
    update(tx, SubjectKeyRow, theirs.c.id.in_(row.moved["subject_key"]), candidate_id=row.gone_id)
    return str(row.kept_id), str(row.gone_id)


def merges(tx: Tx, candidate_id: str) -> list[Any]:
    """Merges a record took part in, newest first. Ask ``get_candidate`` first."""
    return tx.all(
        sa.select(MERGE)
        .where(sa.or_(MERGE.c.kept_id == candidate_id, MERGE.c.gone_id == candidate_id))
        .order_by(MERGE.c.merged_at.desc())
    )


def same_phone(tx: Tx, viewer: Viewer, candidate_id: str) -> list[str]:
    """Other records with the same phone that the viewer may know of: likely the same person."""
    mine = (
        sa.select(CANDIDATE.c.phone_index).where(CANDIDATE.c.id == candidate_id).scalar_subquery()
    )
    rows = tx.all(
        sa.select(CANDIDATE.c.id).where(
            visible(viewer), CANDIDATE.c.id != candidate_id, CANDIDATE.c.phone_index == mine
        )
    )
    return [row.id for row in rows]


def offered(tx: Tx, candidate_id: str) -> bool:
    """Whether a record has offers or a card: these stay with it."""
    return any(
        tx.first(sa.select(one.c.id).where(one.c.candidate_id == candidate_id).limit(1))
        for one in (table(Offer), table(Pledge))
    )


def _move(
    tx: Tx,
    model: type[SQLModel],
    old: SubjectKey,
    new: SubjectKey,
    whose: str,
    to: str,
    *,
    only: Sequence[str] | None = None,
) -> list[str]:
    """Re-point the rows of one table and seal their fields with the other key; their ids."""
    rows, fields = table(model), MOVING[model]
    query = sa.select(rows.c.id, *(rows.c[name] for name in fields)).where(
        rows.c.candidate_id == whose
    )
    found = [row for row in tx.all(query) if only is None or row.id in set(only)]
    for row in found:
        opened = {
            name: unseal(old, token, f"{rows.name}.{name}", row.id)
            for name in fields
            if (token := getattr(row, name)) is not None
        }
        sealed = {
            name: seal(new, words, f"{rows.name}.{name}", row.id, pad=True)
            for name, words in opened.items()
        }
        update(tx, model, rows.c.id == row.id, candidate_id=to, **sealed)
    return [row.id for row in found]


def _resolve_doubles(tx: Tx, kept: str, gone: str) -> list[str]:
    """Unresolved alerts of the record that goes on a topic the other has open too; their ids."""
    alert = table(Alert)
    unresolved = alert.c.status != AlertStatus.RESOLVED.value
    topics = sa.select(alert.c.topic).where(alert.c.candidate_id == kept, unresolved)
    rows = tx.all(
        sa.select(alert.c.id).where(
            alert.c.candidate_id == gone, unresolved, alert.c.topic.in_(topics)
        )
    )
    ids = [row.id for row in rows]
    update(tx, Alert, alert.c.id.in_(ids), status=AlertStatus.RESOLVED.value, updated_at=tx.now)
    return ids


def _supersede_doubles(tx: Tx, kept: str, moved: Sequence[str]) -> None:
    """Of two standing statements of one kind the moved one gives way."""
    fact, other = table(Fact), table(Fact).alias("other")
    rows = tx.all(
        sa.select(fact.c.id).where(
            fact.c.id.in_(moved),
            fact.c.superseded_at.is_(None),
            sa.exists().where(
                other.c.candidate_id == kept,
                other.c.id.not_in(moved),
                other.c.kind == fact.c.kind,
                other.c.item == fact.c.item,
                other.c.superseded_at.is_(None),
            ),
        )
    )
    update(tx, Fact, fact.c.id.in_([row.id for row in rows]), superseded_at=tx.now)


def _steps_of_their_own(tx: Tx, gone: str, kept: str) -> list[str]:
    """Steps of the record that goes, but those that are open on both: the one that stays wins."""
    step, other = table(Step), table(Step).alias("other")
    rows = tx.all(
        sa.select(step.c.id).where(
            step.c.candidate_id == gone,
            ~sa.exists().where(other.c.candidate_id == kept, other.c.name == step.c.name),
        )
    )
    return [row.id for row in rows]


def _invitations_of_their_own(tx: Tx, gone: str, kept: str) -> list[str]:
    """Surveys of the record that goes, but those that the other was invited to for the same."""
    one, other = table(Invitation), table(Invitation).alias("other")
    same = sa.and_(
        other.c.candidate_id == kept,
        other.c.survey_id == one.c.survey_id,
        other.c.anchor == one.c.anchor,
    )
    rows = tx.all(sa.select(one.c.id).where(one.c.candidate_id == gone, ~sa.exists().where(same)))
    return [row.id for row in rows]


def _answers_of(tx: Tx, invitations: Sequence[str]) -> list[str]:
    answer = table(Answer)
    rows = tx.all(sa.select(answer.c.id).where(answer.c.invitation_id.in_(invitations)))
    return [row.id for row in rows]


def _move_plans(tx: Tx, gone: str, kept: str) -> list[str]:
    """Moments planned for the record that goes, where the other has none of the same kind."""
    plan, other = table(Scheduled), table(Scheduled).alias("other")
    rows = tx.all(
        sa.select(plan.c.id).where(
            plan.c.person_id == gone,
            ~sa.exists().where(
                other.c.person_id == kept,
                other.c.kind == plan.c.kind,
                other.c.anchor == plan.c.anchor,
            ),
        )
    )
    update(tx, Scheduled, plan.c.id.in_([row.id for row in rows]), person_id=kept)
    return [str(row.id) for row in rows]


def _move_keys(tx: Tx, gone: str, kept: str) -> list[str]:
    """Data keys: erasing the record that stays must destroy them too."""
    keys = table(SubjectKeyRow)
    rows = tx.all(sa.select(keys.c.id).where(keys.c.candidate_id == gone))
    ids = [row.id for row in rows]
    update(tx, SubjectKeyRow, keys.c.id.in_(ids), candidate_id=kept)
    return ids
