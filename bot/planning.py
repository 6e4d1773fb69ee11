"""Surveys follow the stages: what is planned for somebody, whenever that changes."""

from __future__ import annotations

from datetime import date

from bot.rulebook import Rulebook
from bot.surveys import timing
from bot.surveys.definition import parse
from bot.surveys.timing import Planned
from bot.workdays import ZONE
from storage.database import Tx
from storage.enums import InvitationStatus, Stage
from storage.queries import invitations, surveys


def replan(tx: Tx, rulebook: Rulebook, candidate_id: str, *, due_from: date | None = None) -> None:
    """Plan, move and cancel the surveys of somebody whose stage or first day was just written, in
    the same transaction. The same again changes nothing.

    ``due_from``: what was due before that day is not asked, though it still made sense.
    """
    row = invitations.standing(tx, candidate_id)
    if row is None:
        return
    stage = Stage(row.stage)
    existing = [
        Planned(
            id=one.id,
            survey_id=one.survey_id,
            anchor=one.anchor,
            status=InvitationStatus(one.status),
            due_on=one.due_on,
            why=one.why,
        )
        for one in invitations.of(tx, candidate_id)
    ]
    found = timing.changes(
        [parse(one.definition) for one in surveys.surveys(tx) if one.enabled],
        existing,
        timing.events(stage, row.stage_at.astimezone(ZONE).date(), row.start_on),
        stage,
        today=tx.now.astimezone(ZONE).date(),
        calendar=rulebook.calendar,
    )
    for plan in found.plans:
        if due_from is not None and plan.due_on < due_from:
            continue
        if plan.id:
            invitations.replan(
                tx,
                candidate_id,
                plan.id,
                anchor=plan.anchor,
                due_on=plan.due_on,
                clock=plan.at,
            )
        else:
            invitations.plan(
                tx,
                candidate_id=candidate_id,
                survey_id=plan.survey_id,
                anchor=plan.anchor,
                due_on=plan.due_on,
                clock=plan.at,
            )
    for invitation_id, why in found.cancel:
        invitations.cancel(tx, invitation_id, why=why)
