"""What one of ours may know of somebody: read for their role, so that the rest is not there."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from bot import owed
from bot.briefs import works
from bot.inquiry import Brief, ColleagueSeen, Due, Waits
from bot.questions import Ask
from bot.risk import engine
from bot.rulebook import Rulebook
from bot.standing import factor_seen
from bot.words import SHANGHAI, step_name
from storage.database import Tx
from storage.enums import ENDED, AlertStatus, Duty, Level, Stage, StepKind
from storage.queries import alerts, duties, people, steps
from storage.queries import colleagues as query
from storage.queries.colleagues import NameRow
from storage.queries.people import CandidateRow
from storage.vault import Vault
from storage.viewer import Permission, Viewer

OPEN = (AlertStatus.OPEN, AlertStatus.ACKNOWLEDGED)
#: Steps a manager is not told by name: they are about somebody's home, health or past.
UNNAMED = frozenset({StepKind.FAMILY, StepKind.CHECK, StepKind.MEDICAL, StepKind.OTHER})
#: A contribution smaller than this is as good as faded.
_LEAST = 0.5
#: Of all we owe, an answer about one person looks through so much.
OWED = 500


@dataclass(slots=True)
class Desk:
    """Who asks, and what is read for them once."""

    tx: Tx
    vault: Vault
    rules: Rulebook
    viewer: Viewer
    home: str
    everybody: list[NameRow] = field(default_factory=list)

    def seen(self, ask: str, **more: Any) -> ColleagueSeen:
        """The question, with what was found."""
        assert self.viewer.role is not None
        return ColleagueSeen(role=self.viewer.role, ask=ask, home=self.home, **more)


def briefs(desk: Desk, ids: Sequence[str], *, deep: bool, spoke: bool = False) -> tuple[Brief, ...]:
    """Some people as the viewer may know them, in this order. ``deep``: what one asks of one."""
    rows = people.among(desk.tx, desk.vault, desk.viewer, ids=list(dict.fromkeys(ids)))
    known = {row.id: row for row in rows}
    worried = query.worries(desk.tx, list(known))
    last = query.spoke(desk.tx, list(known)) if spoke and works_here(desk) else {}
    ours = _ours(desk, known) if deep else {}
    found = []
    for id_ in dict.fromkeys(ids):
        if id_ in known:
            brief = _brief(desk, known[id_], worried, ours.get(id_, ()), deep=deep)
            found.append(replace(brief, silent_since=last.get(id_)))
    return tuple(found)


def _brief(
    desk: Desk, row: CandidateRow, worried: Collection[str], ours: tuple[Due, ...], *, deep: bool
) -> Brief:
    tx, now = desk.tx, desk.tx.now
    today = now.astimezone(SHANGHAI).date()
    high = row.level in (Level.HIGH, Level.CRITICAL)
    brief = Brief(
        id=row.id,
        name=row.name,
        position=row.position_title,
        stage=row.stage,
        stage_on=row.stage_at.astimezone(SHANGHAI).date(),
        start_on=row.start_on,
        owner=row.owner_name,
        ours=ours,
        attention=row.stage not in ENDED and (row.id in worried or high),
    )
    if works_here(desk):
        brief = _for_hr(desk, row, brief)
    if not deep or row.stage in ENDED:
        return brief
    key = desk.vault.key(tx, row.subject_id)
    open_steps = [one for one in steps.steps(tx, key, row.id) if one.open]
    told = [one for one in open_steps if works_here(desk) or one.kind not in UNNAMED]
    words = desk.rules.replies
    theirs = tuple(
        Due(what=step_name(words, one.kind, one.words), by=one.due_on, overdue=one.due_on < today)
        for one in told
    )
    return replace(
        brief,
        theirs=theirs,
        unnamed=len(told) < len(open_steps),
        greets=_greets(desk, row, today) and not ours,
    )


def _greets(desk: Desk, row: CandidateRow, today: date) -> bool:
    """Whether a hello before the first day is still to be said."""
    if row.stage is not Stage.ACCEPTED or row.start_on is None or row.start_on < today:
        return False
    key, ref = desk.vault.key(desk.tx, row.subject_id), row.start_on.isoformat()
    return not duties.is_done(desk.tx, key, row.id, Duty.GREETING, ref)


def _for_hr(desk: Desk, row: CandidateRow, brief: Brief) -> Brief:
    found = alerts.page(desk.tx, desk.vault, desk.viewer, candidate_id=row.id, statuses=OPEN)
    level, reasons, hint = _risk(desk, row.id)
    waiting = tuple(waits(desk, one) for one in sorted(found, key=lambda one: one.due_at))
    return replace(brief, waits=waiting, level=level, reasons=reasons, hint=hint)


def waits(desk: Desk, alert: Any) -> Waits:
    policy = desk.rules.policy
    return Waits(
        topic=policy.names[alert.topic],
        question=policy.questions[alert.question],
        quote=alert.quote,
        due_at=alert.due_at,
    )


def _risk(desk: Desk, candidate_id: str) -> tuple[Level, tuple[str, ...], str]:
    """The level, the reasons that count now, strongest first, and what helps."""
    rules, now = desk.rules.risk, desk.tx.now
    known = [factor_seen(one) for one in people.factors(desk.tx, candidate_id)]
    points: dict[str, float] = {}
    for one in known:
        left = engine.left(one, now)
        if left >= _LEAST and left > points.get(one.rule, 0.0):
            points[one.rule] = left
    ranked = [name for name in sorted(points, key=lambda name: -points[name]) if name in rules]
    hint = next((rules[name].ask for name in ranked if rules[name].ask), "")
    level = engine.level(engine.score(known, now))
    return level, tuple(rules[name].says for name in ranked[:4]), hint


def _ours(desk: Desk, known: Mapping[str, CandidateRow]) -> dict[str, tuple[Due, ...]]:
    """What we owe some people, as far as the viewer is told."""
    all_owed = owed.owed(desk.tx, desk.vault, desk.rules, desk.viewer, limit=OWED, mine=False)
    found: dict[str, tuple[Due, ...]] = {}
    for one in all_owed:
        if one.candidate_id in known:
            by = one.by.astimezone(SHANGHAI).date() if isinstance(one.by, datetime) else one.by
            due = Due(what=one.what, by=by, overdue=one.overdue)
            found[one.candidate_id] = (*found.get(one.candidate_id, ()), due)
    return found


def works_here(desk: Desk) -> bool:
    assert desk.viewer.role is not None
    return works(desk.viewer.role)


def may(desk: Desk, ask: Ask) -> bool:
    """Whether a role is told this, or may have it done."""
    needed = {
        Ask.REASONS: Permission.CHAT_READ,
        Ask.SEND_SURVEY: Permission.SURVEY_WRITE,
        Ask.TRANSFER: Permission.CANDIDATE_WRITE,
    }
    return ask not in needed or desk.viewer.may(needed[ask])
