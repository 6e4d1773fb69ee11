"""Career plans against roles, outside of any transaction; what is found is kept and appraised.

An appraisal marks whose texts have changed, the clock wakes this, the reader's process compares.
While that process is away people stay marked, and their match does without the part.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import structlog

from bot import appraisal
from bot.pipeline import Road
from nlp.likeness import version
from nlp.reading import Compared, ReaderUnavailable
from scheduler.engine import COMPARE
from storage.database import Tx
from storage.errors import NotFound
from storage.queries import likeness, people, users
from storage.queries.people import CandidateRow
from storage.viewer import SYSTEM

log = structlog.get_logger()

#: The one key of the lane, and how many are compared together.
DUE, PAGE = "due", 64
#: Which comparison the kept numbers are of.
_USED = "likeness"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    """Somebody to compare; ``of`` names the texts, None where one of them says nothing."""

    id: str
    pair: Compared | None
    of: str | None


async def wake(road: Road) -> int:
    """Wake the lane where somebody is due; how many of the next page are. After an update that
    compares otherwise, everybody is."""

    def work(tx: Tx) -> int:
        if users.setting(tx, _USED) != version.name():
            likeness.ask_all(tx)
            users.set_setting(tx, _USED, version.name())
        found = len(likeness.due(tx, limit=PAGE))
        if found:
            road.engine.wake(tx, COMPARE, [DUE])
        return found

    return await road.database.write(work)


async def compare(road: Road, key: str = DUE) -> int:
    """Compare everybody who is due; how many were. Safe to run again.

    Raises ``ReaderUnavailable`` when the reader's process answered nobody: the engine calls again.
    One pair it cannot survive keeps nobody else waiting.
    """
    done, after, lost = 0, "", 0
    while True:
        waiting = await road.database.read(partial(_waiting, road, after))
        if not waiting:
            break
        found = await asyncio.gather(
            *(_compared(road, one) for one in waiting), return_exceptions=True
        )
        kept: list[tuple[_Waiting, float | None]] = []
        for one, value in zip(waiting, found, strict=True):
            if isinstance(value, ReaderUnavailable):
                lost += 1
            elif isinstance(value, BaseException):
                raise value
            else:
                kept.append((one, value))
        await road.database.write(partial(_keep, road, kept))
        done, after = done + len(kept), waiting[-1].id
        if not kept:
            break
    if lost:
        log.warning("likeness.lost", lost=lost, done=done)
    if lost and not done:
        raise ReaderUnavailable("nobody could be compared")
    return done


def _waiting(road: Road, after: str, tx: Tx) -> list[_Waiting]:
    found = []
    for candidate_id in likeness.due(tx, after=after, limit=PAGE):
        row = people.get_candidate(tx, road.vault, SYSTEM, candidate_id)
        pair = _pair(road, tx, row)
        of = None if pair is None else appraisal.digest_of(road.vault, row, pair)
        found.append(_Waiting(id=row.id, pair=pair, of=of))
    return found


def _pair(road: Road, tx: Tx, row: CandidateRow) -> Compared | None:
    if row.position_id is None:
        return None
    key = road.vault.key(tx, row.subject_id)
    told = appraisal.profile_of(tx, key, road.rulebook, row.id)
    return appraisal.pair_of(told, people.get_position(tx, SYSTEM, row.position_id))


async def _compared(road: Road, one: _Waiting) -> float | None:
    if one.pair is None:
        return None
    if road.comparer is None:
        raise ReaderUnavailable("this process compares nothing")
    [value] = await road.comparer.compare([one.pair])
    return value


def _keep(road: Road, kept: Sequence[tuple[_Waiting, float | None]], tx: Tx) -> None:
    for one, value in kept:
        likeness.keep(tx, one.id, value, of=one.of)
        try:
            appraisal.appraise(tx, road.vault, road.rulebook, one.id)
        except NotFound:
            continue  # erased or merged meanwhile
