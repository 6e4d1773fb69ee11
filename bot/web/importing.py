"""Spreadsheets into the record: what would change, and the change, all of it or nothing.

A statement's source is ``import:<who>`` and its day that of the import. What somebody may not know
of is not looked at: their own file creates a record of their own, as their form would.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot import agreeing, appraisal, filing
from bot.casework import Ground, noted, noted_all
from bot.errors import BotError
from bot.sheets.entries import Person, Place, Understood
from bot.sheets.plan import Have, Known, Plan, Step, planned
from bot.sheets.positions import Seat, called
from bot.sheets.reading import understood
from bot.web import intake
from storage.crypto import SubjectKey, new_public_id
from storage.database import Tx
from storage.enums import Role, Stage
from storage.queries import arrivals, audit, people, profile
from storage.queries.arrivals import NewCandidate
from storage.queries.audit import Deed
from storage.queries.common import chunks
from storage.queries.people import CandidateRow
from storage.queries.profile import NewStatement, Telling
from storage.viewer import Viewer

#: Candidates looked through for names that stand without a number, newest first.
_MOST_NAMES, _PAGE = 20_000, 500
Masked = Callable[[str], str]


class Unfit(BotError):
    """A file with faults: nothing of it was written. ``plan`` has them by row and column."""

    def __init__(self, plan: Plan) -> None:
        super().__init__("；".join(str(fault) for fault in plan.faults[:3]))
        self.plan = plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """What an import wrote. ``id`` names it in the audit chain."""

    id: str
    places: int
    created: int
    changed: int


def plan(tx: Tx, ground: Ground, viewer: Viewer, told: Understood, *, masked: Masked) -> Plan:
    """The dry run: what a file would come to for this viewer. Writes nothing."""
    return planned(told, _have(tx, ground, viewer, told, masked), ground.rulebook.sheets)


def bring(tx: Tx, ground: Ground, viewer: Viewer, told: Understood, *, masked: Masked) -> Brought:
    """Write what a file says. The same file again writes nothing.

    Raises ``Unfit``, and rolls everything back with it.
    """
    audit.hold(tx)  # two files at once, or one twice, must not both find somebody new
    todo = plan(tx, ground, viewer, told, masked=masked)
    if todo.faults:
        raise Unfit(todo)
    batch = new_public_id("b")
    places = {called(place): _add(tx, ground, viewer, place) for place in todo.places}
    for some in chunks(step for step in todo.steps if step.changes):
        _write(tx, ground, viewer, some, places)
    done = Brought(
        id=batch,
        places=len(todo.places),
        created=len(todo.created),
        changed=len(todo.changed),
    )
    details = {"positions": done.places, "created": done.created, "changed": done.changed}
    noted(tx, ground, viewer, "candidates.import", batch, details)
    return done


# --- what is there ----------------------------------------------------------------------------


def _have(tx: Tx, ground: Ground, viewer: Viewer, told: Understood, masked: Masked) -> Have:
    ids = {one.id for one in told.people if one.id}
    phones = {one.phone for one in told.people if one.phone}
    vault = ground.vault
    rows = people.among(tx, vault, viewer, ids=ids, phones=phones)
    here = {row.id for row in rows}
    names = {one.name for one in told.people if _needs_names(one, here)}
    namesakes = list(_named(tx, ground, viewer, names))
    both = {row.id: row for row in (*rows, *namesakes)}
    known = {one.id: one for one in _known(tx, ground, viewer, list(both.values()), masked)}
    return Have(
        people=[known[row.id] for row in rows],
        namesakes=[known[row.id] for row in namesakes],
        seats=[
            Seat(
                id=one.id,
                title=one.title,
                department=one.department,
                city=one.city,
                level=one.level,
                open=one.closed_at is None,
                ours=viewer.sees_all or one.owner_id in (None, viewer.id),
            )
            for one in all_positions(tx, viewer)
        ],
    )


def _needs_names(person: Person, here: set[str]) -> bool:
    """Whether only a name can say who it is."""
    return not person.phone and person.id not in here


def _named(tx: Tx, ground: Ground, viewer: Viewer, names: set[str]) -> Iterator[CandidateRow]:
    """Candidates of some names: names are sealed, so they are compared after opening."""
    after: tuple[datetime, str] | None = None
    for _ in range(_MOST_NAMES // _PAGE if names else 0):
        rows = people.page_candidates(tx, ground.vault, viewer, after=after, limit=_PAGE)
        yield from (row for row in rows if row.name in names)
        if len(rows) < _PAGE:
            return
        after = (rows[-1].created_at, rows[-1].id)


def _known(
    tx: Tx, ground: Ground, viewer: Viewer, rows: Sequence[CandidateRow], masked: Masked
) -> Iterator[Known]:
    for some in chunks(rows):
        by_subject = ground.vault.keys(tx, [row.subject_id for row in some])
        keys = {row.id: by_subject[row.subject_id] for row in some}
        told = profile.statements_of(tx, keys)
        for row in some:
            yield Known(
                id=row.id,
                name=row.name,
                phone=row.phone,
                shown=masked(row.phone) if row.phone else "",
                position_id=row.position_id,
                stage=row.stage,
                start_on=row.start_on,
                mine=viewer.sees_all or row.owner_id == viewer.id,
                told={(said.kind, said.item): said.value for said in told[row.id]},
            )


def all_positions(tx: Tx, viewer: Viewer) -> Sequence[people.PositionRow]:
    """Every position the viewer may see, newest first."""
    found: list[people.PositionRow] = []
    after: tuple[datetime, str] | None = None
    while True:
        rows = people.positions(tx, viewer, after=after, limit=_PAGE)
        found.extend(rows)
        if len(rows) < _PAGE:
            return found
        after = (rows[-1].created_at, rows[-1].id)


# --- what is written --------------------------------------------------------------------------


def _add(tx: Tx, ground: Ground, viewer: Viewer, place: Place) -> str:
    return intake.add_position(
        tx,
        ground,
        viewer,
        title=place.title,
        department=place.department,
        city=place.city,
        budget_low=place.budget_low,
        budget_high=place.budget_high,
        months=place.months,
        level=place.level,
        headcount=place.headcount,
        requirements=place.requirements,
        culture=place.culture,
        owner_id=viewer.id if viewer.role is Role.HR else None,
    )


def _write(
    tx: Tx, ground: Ground, viewer: Viewer, steps: Sequence[Step], places: Mapping[str, str]
) -> None:
    """Everything of some people: each kind of thing is written for all of them at once."""
    whose = _whose(tx, ground, viewer, steps, places)
    _assigned(tx, viewer, steps, places)
    fresh = {id_: tx.now for step, (id_, _) in zip(steps, whose, strict=True) if not step.id}
    consented = agreeing.brought(tx, ground, fresh)
    deeds, told = [], []
    for step, (candidate_id, key) in zip(steps, whose, strict=True):
        if not step.id:
            deeds += [intake.deed(candidate_id, _stage(step)), *consented[candidate_id]]
        elif step.position is not None:
            position = places.get(step.position, step.position)
            details = {"position": position}
            deeds.append(Deed(action="candidate.assign", object_id=candidate_id, details=details))
        if said := list(_statements(step)):
            told.append(Telling(candidate_id=candidate_id, key=key, said=said))
            deeds.append(filing.deed(candidate_id, said))
    stated = profile.state_all(tx, told, source=f"import:{viewer.id}", said_at=tx.now)
    noted_all(tx, ground, viewer, deeds)
    stands = {candidate_id: one.stands for candidate_id, one in stated.items()}
    appraisal.appraise_all(tx, ground.vault, ground.rulebook, stands)


def _whose(
    tx: Tx, ground: Ground, viewer: Viewer, steps: Sequence[Step], places: Mapping[str, str]
) -> list[tuple[str, SubjectKey]]:
    """Id and key of each step's person, in order; who is new is added."""
    new = [
        NewCandidate(
            name=step.person.name.strip(),
            stage=_stage(step),
            phone=step.person.phone,
            position_id=step.position and places.get(step.position, step.position),
            start_on=step.person.start_on,
            # Also where the position is a colleague's: who brings a file can bring it again.
            owner_id=viewer.id if viewer.role is Role.HR else None,
        )
        for step in steps
        if not step.id
    ]
    made = iter(arrivals.create(tx, ground.vault, viewer, new))
    ids = [step.id for step in steps if step.id]
    subjects = {row.id: row.subject_id for row in people.among(tx, ground.vault, viewer, ids=ids)}
    keys = ground.vault.keys(tx, subjects.values())
    return [(step.id, keys[subjects[step.id]]) if step.id else next(made) for step in steps]


def _stage(step: Step) -> Stage:
    return step.person.stage or Stage.INTERVIEW


def _assigned(tx: Tx, viewer: Viewer, steps: Sequence[Step], places: Mapping[str, str]) -> None:
    """Put people we have up for positions."""
    whose: dict[str, list[str]] = {}
    for step in steps:
        if step.id and step.position is not None:
            whose.setdefault(places.get(step.position, step.position), []).append(step.id)
    for position_id, ids in whose.items():
        arrivals.assign(tx, viewer, ids, position_id)


def _statements(step: Step) -> Iterator[NewStatement]:
    for kind, value in step.said.items():
        yield NewStatement(kind=kind, value=value)
    for item, told in step.works:
        name = item or filing.new_item()
        for kind, value in told.items():
            yield NewStatement(kind=kind, value=value, item=name)


__all__ = ["Brought", "Unfit", "all_positions", "bring", "plan", "understood"]
