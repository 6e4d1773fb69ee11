"""What every deed about one candidate shares: the viewer's view first, the audit's link last."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from bot.errors import Conflict, MayNotAsk, Stale
from bot.pipeline import Road
from bot.rulebook import Rulebook
from storage.crypto import SubjectKey
from storage.database import Tx
from storage.queries import audit, people
from storage.queries.audit import Deed
from storage.queries.people import CandidateRow
from storage.vault import Vault
from storage.viewer import Viewer

T = TypeVar("T")
_TRIES = 5


async def decide(road: Road, work: Callable[[Tx], T]) -> T:
    """Run a decision again when a turn was recorded in between."""
    for _ in range(_TRIES):
        try:
            return await road.database.write(work)
        except Stale:
            continue
    raise Conflict("this conversation is changing too fast; try again")


class Ground(Protocol):
    """What filing stands on: the road, or less where nothing is spoken to."""

    @property
    def vault(self) -> Vault: ...

    @property
    def rulebook(self) -> Rulebook: ...


async def about(
    road: Road,
    viewer: Viewer,
    candidate_id: str,
    work: Callable[[Tx, CandidateRow, SubjectKey], T],
) -> T:
    """One unit of work about a candidate the viewer may know of. Raises ``NotFound``."""

    def whole(tx: Tx) -> T:
        row = people.get_candidate(tx, road.vault, viewer, candidate_id)
        return work(tx, row, road.vault.key(tx, row.subject_id))

    return await road.database.write(whole)


def noted(
    tx: Tx, road: Ground, viewer: Viewer, action: str, object_id: str, details: Mapping[str, Any]
) -> None:
    """Add a deed's link to the audit chain. ``details`` holds names of fields and ids only."""
    audit.append(tx, road.vault.keystore, viewer, action, object_id, details=details)


def noted_all(tx: Tx, road: Ground, viewer: Viewer, deeds: Sequence[Deed]) -> None:
    """``noted`` for many deeds, in their order."""
    audit.append_all(tx, road.vault.keystore, viewer, deeds)


def lawful(road: Ground, *texts: str) -> None:
    """Words that a candidate is going to read. Raises ``MayNotAsk`` where the law forbids to ask
    what they ask."""
    for text in texts:
        if why := road.rulebook.forbidden.why(text):
            raise MayNotAsk(why)
