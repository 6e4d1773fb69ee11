"""What a new candidate or position may be; the same for the console's forms and the API."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from bot import agreeing, planning
from bot.casework import Ground
from storage import crypto
from storage.database import Tx
from storage.enums import Role, Stage
from storage.queries import audit, people
from storage.queries.audit import Deed
from storage.viewer import Viewer

MAX_NAME = 60
MAX_PHONE = 40


def is_name(text: str, most: int = MAX_NAME) -> bool:
    """One line of visible characters."""
    return 0 < len(text.strip()) <= most and text.isprintable()


def is_phone(text: str) -> bool:
    """Whether a number can be told from it."""
    return len(text) <= MAX_PHONE and crypto.normalise_phone(text) is not None


def add_candidate(
    tx: Tx,
    road: Ground,
    viewer: Viewer,
    *,
    name: str,
    stage: Stage,
    phone: str = "",
    position_id: str | None = None,
    start_on: date | None = None,
    owner_id: str | None = None,
    consents: Sequence[tuple[str, str]] = (),
) -> str:
    """Add a candidate with its link in the audit chain; the id.

    ``consents``: items the person consented to before, and where, as whoever adds them says it.

    HR owns whom they add, unless the position is somebody's. Raises ``NotFound`` for a position
    the viewer cannot see.
    """
    if owner_id is None and viewer.role is Role.HR:
        position = people.get_position(tx, viewer, position_id) if position_id else None
        owner_id = viewer.id if position is None or position.owner_id is None else None
    candidate_id = people.create_candidate(
        tx,
        road.vault,
        viewer,
        name=name.strip(),
        stage=stage,
        phone=phone or None,
        position_id=position_id,
        start_on=start_on,
        owner_id=owner_id,
    )
    planning.replan(tx, road.rulebook, candidate_id)
    consented = agreeing.brought(tx, road, {candidate_id: tx.now}, consents)
    deeds = [deed(candidate_id, stage), *consented[candidate_id]]
    audit.append_all(tx, road.vault.keystore, viewer, deeds)
    return candidate_id


def deed(candidate_id: str, stage: Stage) -> Deed:
    """What the audit chain keeps of a new candidate."""
    return Deed(action="candidate.create", object_id=candidate_id, details={"stage": stage.value})


def add_position(
    tx: Tx,
    road: Ground,
    viewer: Viewer,
    *,
    title: str,
    department: str = "",
    city: str = "",
    budget_low: int | None = None,
    budget_high: int | None = None,
    months: float | None = None,
    level: str = "",
    headcount: int | None = None,
    requirements: str = "",
    culture: Sequence[str] = (),
    needed_by: date | None = None,
    owner_id: str | None = None,
    manager_id: str | None = None,
) -> str:
    """Add a position with its link in the audit chain; the id. Raises ``Conflict``."""
    position_id = people.create_position(
        tx,
        viewer,
        title=title.strip(),
        department=department.strip(),
        city=city.strip(),
        budget_low=budget_low,
        budget_high=budget_high,
        months=months,
        level=level,
        headcount=headcount,
        requirements=requirements,
        culture=culture,
        needed_by=needed_by,
        owner_id=owner_id,
        manager_id=manager_id,
    )
    audit.append(tx, road.vault.keystore, viewer, "position.create", position_id)
    return position_id
