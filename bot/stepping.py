"""Steps follow what candidates answer: an open one that is said to be done is taken."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from bot.surveys import stepwise
from bot.turn import AddFact
from bot.workdays import ZONE
from storage.database import Tx
from storage.queries import steps

#: Whose word it is that a step was taken.
CANDIDATE = "candidate"


def follow(tx: Tx, candidate_id: str, facts: Iterable[AddFact], *, at: datetime) -> None:
    """Take the open steps that answers say were taken; the same again changes nothing."""
    taken = stepwise.taken(facts)
    if not taken:
        return
    standing = steps.kinds(tx, candidate_id).open
    on = at.astimezone(ZONE).date()
    for kind in set(taken) & set(standing):
        steps.take(tx, candidate_id, standing[kind].id, on=on, by=CANDIDATE)
