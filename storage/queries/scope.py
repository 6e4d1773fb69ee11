"""The one door to people: every query about candidates goes through ``visible``."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from storage.enums import Role
from storage.queries.common import table
from storage.tables import Away, Candidate, Position, Teammate, User
from storage.viewer import Viewer

CANDIDATE = table(Candidate)
POSITION = table(Position)
AWAY = table(Away)
TEAMMATE = table(Teammate)
USER = table(User)
#: Who may have cases, stand in for somebody, and work with a position's owner.
WORKING = (Role.HR.value, Role.HR_ADMIN.value)


def visible(viewer: Viewer) -> sa.ColumnElement[bool]:
    """The condition on ``candidate`` that keeps a viewer to the people they may know of.

    HR admins, keys and the product see all. HR sees own people, people of own positions and of
    those whose team they are in, all of that of whoever they stand in for, and people nobody owns
    yet. A manager sees people of the positions they manage. An auditor, and whoever else, sees
    nobody.
    """
    alive = CANDIDATE.c.erased_at.is_(None)
    if viewer.sees_all:
        return alive
    if viewer.role is Role.HR:
        unowned = sa.select(POSITION.c.id).where(POSITION.c.owner_id.is_(None))
        return sa.and_(
            alive,
            sa.or_(
                acts_for(viewer.id, CANDIDATE.c.owner_id),
                CANDIDATE.c.position_id.in_(worked(viewer.id)),
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


def acts_for(user_id: str, whose: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Whether something is a colleague's own, or of somebody they stand in for just now."""
    return sa.or_(whose == user_id, whose.in_(_absent(user_id)))


def worked(user_id: str) -> sa.Select[Any]:
    """Positions a colleague works: those owned or shared, by them or by whoever is away."""
    shared = sa.select(TEAMMATE.c.position_id).where(acts_for(user_id, TEAMMATE.c.user_id))
    return sa.select(POSITION.c.id).where(
        sa.or_(acts_for(user_id, POSITION.c.owner_id), POSITION.c.id.in_(shared))
    )


def _absent(user_id: str) -> sa.CompoundSelect[Any]:
    """Whoever a colleague stands in for, directly or because the deputy is away as well.

    Passed on once and no further: whom a third one stands in for is the team's or the admins'.
    """
    direct = sa.select(AWAY.c.user_id).where(AWAY.c.active, AWAY.c.deputy_id == user_id)
    away, deputy, between = AWAY.alias("gone"), AWAY.alias("deputy_gone"), USER.alias("between")
    passed_on = (
        sa.select(away.c.user_id)
        .join(deputy, deputy.c.user_id == away.c.deputy_id)
        .join(between, between.c.id == away.c.deputy_id)
        .where(
            away.c.active,
            deputy.c.active,
            deputy.c.deputy_id == user_id,
            between.c.role.in_(WORKING),
            between.c.disabled_at.is_(None),
        )
    )
    return sa.union_all(direct, passed_on)
