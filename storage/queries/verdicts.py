"""What people said of readings, all of it: the material of labelled lines to train from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from storage.database import Tx
from storage.enums import Review, Verdict
from storage.queries import review
from storage.queries.common import table
from storage.queries.review import MESSAGE, READING, Labels
from storage.tables import AlertAction, User
from storage.vault import Vault, unseal
from storage.viewer import Viewer

#: Verdicts that say whether a reading was right; that somebody handled an alert does not.
TELLING = (Verdict.USEFUL.value, Verdict.FALSE_ALARM.value)
ACTION = table(AlertAction)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A reading that people judged, with what they said."""

    id: str
    candidate_id: str
    candidate_name: str
    conversation_id: str
    covers: tuple[str, ...]
    stage: str | None  # as it was read; None: read by a release that did not keep it
    stage_now: str
    alert: bool
    read: Labels
    corrected: Labels | None
    review: Review | None
    verdict: Verdict | None


def page(
    tx: Tx, vault: Vault, viewer: Viewer, *, after: int, limit: int
) -> tuple[list[Judged], int | None]:
    """Judged readings of the viewer's people, oldest first, and where the next page begins."""
    judged = sa.select(ACTION.c.source).where(
        ACTION.c.verdict.in_(TELLING), ACTION.c.source.is_not(None)
    )
    query = (
        review.seen_by(viewer)
        .where(
            READING.c.message_id > after,
            sa.or_(
                READING.c.review.is_not(None),
                READING.c.corrected_at.is_not(None),
                MESSAGE.c.uid.in_(judged),
            ),
        )
        .order_by(READING.c.message_id)
        .limit(limit)
    )
    rows = tx.all(query)
    keys = vault.keys(tx, {row.subject_id for row in rows})
    verdicts = _verdicts(tx, [row.uid for row in rows])
    found = [
        Judged(
            id=row.uid,
            candidate_id=row.candidate_id,
            candidate_name=unseal(
                keys[row.subject_id], row.name_sealed, "candidate.name_sealed", row.candidate_id
            ),
            conversation_id=row.conversation_id,
            covers=tuple(row.covers),
            stage=row.stage,
            stage_now=row.stage_now,
            alert=row.alert,
            read=review.read_labels(row),
            corrected=review.corrected_labels(row),
            review=Review(row.review) if row.review else None,
            verdict=verdicts.get(row.uid),
        )
        for row in rows
    ]
    return found, rows[-1].message_id if len(rows) == limit else None


def _verdicts(tx: Tx, uids: Sequence[str]) -> dict[str, Verdict]:
    """The last telling verdict on each message an alert quoted."""
    rows: list[Any] = tx.all(
        sa.select(ACTION.c.source, ACTION.c.verdict)
        .where(ACTION.c.source.in_(uids), ACTION.c.verdict.in_(TELLING))
        .order_by(ACTION.c.at, ACTION.c.id)
    )
    return {row.source: Verdict(row.verdict) for row in rows}


def staff_names(tx: Tx) -> list[str]:
    """Names of everybody who ever had a login: they are people too, in what was said."""
    return [row.name for row in tx.all(sa.select(table(User).c.name))]
