"""The one door to people: every query about candidates goes through ``visible``."""

from __future__ import annotations

import sqlalchemy as sa

from storage.enums import Role
from storage.queries.common import table
from storage.tables import Candidate, Position
from storage.viewer import Viewer

CANDIDATE = table(Candidate)
POSITION = table(Position)


def visible(viewer: Viewer) -> sa.ColumnElement[bool]:
    """The condition on ``candidate`` that keeps a viewer to the people they may know of.

    HR admins, keys and the product see all. HR sees own people, people of own positions, and
    people nobody owns yet. A manager sees people of the positions they manage. An auditor, and
    whoever else, sees nobody.
    """
    alive = CANDIDATE.c.erased_at.is_(None)
    if viewer.sees_all:
        return alive
    if viewer.role is Role.HR:
        mine = sa.select(POSITION.c.id).where(POSITION.c.owner_id == viewer.id)
        unowned = sa.select(POSITION.c.id).where(POSITION.c.owner_id.is_(None))
        return sa.and_(
            alive,
            sa.or_(
                CANDIDATE.c.owner_id == viewer.id,
                CANDIDATE.c.position_id.in_(mine),
                sa.and_(
                    CANDIDATE.c.owner_id.is_(None),
                    sa.or_(CANDIDATE.c.position_id.is_(None), CANDIDATE.c.position_id.in_(unowned)),
                ),
            ),
        )
    if viewer.role is Role.MANAGER:
        managed = sa.select(POSITION.c.id).where(POSITION.c.manager_id == viewer.id)
        return sa.and_(alive, CANDIDATE.c.position_id.in_(managed))
    return sa.false()
