"""Reading rows into turns: what a decision may see. ``bot.records`` is the way back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.alerts import actions
from bot.alerts.cards import AlertShown
from bot.conversation.flows import binding
from bot.turn import (
    AlertSeen,
    CandidateSeen,
    Context,
    FactorSeen,
    InviteSeen,
    Said,
    StaffSeen,
)
from nlp.reading import Turn
from nlp.scheme import Severity
from storage.crypto import SubjectKey
from storage.database import Tx
from storage.enums import (
    AlertStatus,
    Author,
    InvitePurpose,
    MessageKind,
    Role,
    Stage,
    Verdict,
)
from storage.errors import NotFound
from storage.queries import alerts, invites, people, turns, users
from storage.queries.alerts import AlertRow
from storage.vault import Vault, unseal
from storage.viewer import SYSTEM, Viewer


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned:
    """An utterance to answer, and where it stands."""

    context: Context
    talk: Any
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """The person is still typing; look again then."""

    until: datetime


def seen(tx: Tx, vault: Vault, found: turns.Look) -> Turned | Waiting | None:
    """What a look found, with all a decision may see."""
    if found.wait_until is not None:
        return Waiting(until=found.wait_until)
    if not found.messages:
        return None
    talk = found.talk
    key = vault.key(tx, talk.subject_id)
    said = tuple(_said(row, key) for row in found.messages)
    return Turned(
        context=Context(
            conversation_id=talk.id,
            channel=talk.channel,
            version=talk.version,
            state=talk.state or {},
            muted=talk.muted,
            said=said,
            before=_before(tx, key, talk.id, said[0].id),
            candidate=candidate_seen(talk, vault.key(tx, talk.candidate_subject))
            if talk.candidate_id
            else None,
            staff=_staff(talk),
            invite=_invite(tx, vault, talk, said),
            alerts=tuple(alert_seen(row) for row in alerts.unresolved(tx, talk.candidate_id))
            if talk.candidate_id
            else (),
            pressed=_pressed(tx, talk, said[-1]),
            factors=factors_seen(tx, talk.candidate_id) if talk.candidate_id else (),
        ),
        talk=talk,
        more=found.more,
    )


def _said(row: Any, key: SubjectKey) -> Said:
    return Said(
        id=row.id,
        uid=row.uid,
        text=unseal(key, row.body_sealed, "message.body_sealed", row.uid),
        kind=MessageKind(row.kind),
        sent_at=row.sent_at,
    )


_ROLES = {Author.CANDIDATE: "candidate", Author.STAFF: "hr", Author.HR: "hr", Author.BOT: "bot"}


def _before(tx: Tx, key: SubjectKey, conversation_id: str, message_id: int) -> tuple[Turn, ...]:
    rows = turns.before(tx, conversation_id, message_id)
    return tuple(Turn(role=_ROLES[Author(row.author)], text=_said(row, key).text) for row in rows)


def before(tx: Tx, vault: Vault, conversation_id: str, message_id: int) -> tuple[Turn, ...]:
    """The turns before a message of a conversation, as the reader sees them."""
    return _before(
        tx, vault.key(tx, turns.subject_of(tx, conversation_id)), conversation_id, message_id
    )


def candidate_seen(row: Any, key: SubjectKey) -> CandidateSeen:
    """A candidate as the query of a conversation brings them."""
    return CandidateSeen(
        id=row.candidate_id,
        name=unseal(key, row.name_sealed, "candidate.name_sealed", row.candidate_id),
        stage=Stage(row.stage),
        version=row.candidate_version,
        position_title=row.position_title or "",
        owner_id=row.owner_id,
        owner_name=row.owner_name or "",
        start_on=row.start_on,
    )


def _staff(talk: Any) -> StaffSeen | None:
    if talk.user_id is None or talk.staff_role is None:
        return None
    return StaffSeen(id=talk.user_id, name=talk.staff_name, role=Role(talk.staff_role))


def _invite(tx: Tx, vault: Vault, talk: Any, said: Sequence[Said]) -> InviteSeen | None:
    text = said[0].text
    if len(said) != 1 or not text.startswith(f"{binding.COMMAND} "):
        return None
    token = text.removeprefix(binding.COMMAND).strip()
    row = invites.find_invite(tx, token, InvitePurpose.CHAT, channel=talk.channel)
    if row is None:
        return None
    if row.candidate_id is not None:
        candidate = people.get_candidate(tx, vault, SYSTEM, row.candidate_id)
        return InviteSeen(
            id=row.id,
            candidate_id=candidate.id,
            user_id=None,
            name=candidate.name,
            position_title=candidate.position_title,
        )
    user = users.get_user(tx, row.user_id)
    return InviteSeen(id=row.id, candidate_id=None, user_id=user.id, name=user.name)


def alert_seen(row: Any) -> AlertSeen:
    """A bare alert row as a decision sees it."""
    return AlertSeen(
        id=row.id,
        candidate_id=row.candidate_id,
        topic=row.topic,
        severity=Severity(row.severity),
        status=AlertStatus(row.status),
        verdict=Verdict(row.verdict) if row.verdict else None,
        revision=row.revision,
    )


def _pressed(tx: Tx, talk: Any, last: Said) -> AlertSeen | None:
    """The alert a press names, if the presser may know of it."""
    parsed = actions.parse(last.text) if last.kind is MessageKind.PRESS else None
    staff = _staff(talk)
    if parsed is None or staff is None:
        return None
    viewer = Viewer.of_user(staff.id, staff.name, staff.role)
    try:
        row, _ = alerts.version_of(tx, viewer, parsed[0])
    except NotFound:
        return None
    return alert_seen(row)


def factors_seen(tx: Tx, candidate_id: str) -> tuple[FactorSeen, ...]:
    """All contributions to a candidate's score."""
    return tuple(
        FactorSeen(rule=r.rule, adds=r.adds, fades_after_days=r.fades_after_days, at=r.at)
        for r in people.factors(tx, candidate_id)
    )


def alert_shown(row: AlertRow) -> AlertShown:
    """An alert as its card shows it."""
    return AlertShown(
        id=row.id,
        candidate_name=row.candidate_name,
        position_title=row.position_title,
        stage=row.stage,
        topic=row.topic,
        severity=Severity(row.severity),
        status=row.status,
        verdict=row.verdict,
        verdict_by=row.verdict_by,
        verdict_at=row.verdict_at,
        quote=row.quote,
        question=row.question,
        due_at=row.due_at,
    )
