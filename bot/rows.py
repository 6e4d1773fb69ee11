"""Reading rows into turns: what a decision may see. ``bot.records`` is the way back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot import answering, consenting
from bot.alerts import actions
from bot.alerts.actions import Press
from bot.asked import pressed
from bot.consent import ConsentSeen
from bot.conversation.flows import binding, consent, pledge
from bot.messages import Button
from bot.rulebook import Rulebook
from bot.standing import alert_seen, duty_seen, factors_seen
from bot.turn import (
    AlertSeen,
    CandidateSeen,
    Context,
    InviteSeen,
    OwedSeen,
    PledgeSeen,
    Said,
    StaffSeen,
    StepSeen,
)
from nlp.reading import Turn
from storage.crypto import SubjectKey
from storage.database import Tx
from storage.enums import (
    Author,
    InvitePurpose,
    MessageKind,
    Role,
    Stage,
)
from storage.errors import NotFound
from storage.queries import (
    alerts,
    cards,
    choices,
    codes,
    consents,
    invites,
    offers,
    people,
    scheduled,
    steps,
    timeline,
    turns,
    users,
)
from storage.queries.choices import Offered
from storage.vault import Vault, unseal
from storage.viewer import SYSTEM, Viewer

Labels = Mapping[Press, str]
#: The name of a choice is never longer, however it is typed.
NAMED = 60
#: Of what is still to be done, by them and by us, a decision sees so many.
NEXT = 3


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


def seen(
    tx: Tx,
    vault: Vault,
    found: turns.Look,
    rulebook: Rulebook,
    *,
    numbered: Labels | None = None,
    listens: bool = False,
) -> Turned | Waiting | None:
    """What a look found, with all a decision may see.

    ``numbered``: this channel has no buttons, so cards number their choices (with these labels),
    and a colleague's typed number is a press. ``listens``: nothing is said in this conversation.
    """
    if found.wait_until is not None:
        return Waiting(until=found.wait_until)
    if not found.messages:
        return None
    talk = found.talk
    key = vault.key(tx, talk.subject_id)
    said = tuple(_said(row, key) for row in found.messages)
    if numbered is not None and talk.user_id is not None:
        said = tuple(
            _of_staff(tx, talk, one, numbered, came=row.received_at)
            for one, row in zip(said, found.messages, strict=True)
        )
    rereads = found.messages[0].error == consents.REREAD
    offered = None
    if (talk.candidate_id or talk.user_id) and not listens and not rereads:
        offered = choices.offered(tx, talk.id)
    if offered is not None and len(said) == 1 and (numbered is None or talk.user_id is None):
        said = (_answered(offered, said[0], came=found.messages[0].received_at),)
    code = None if listens else _code(talk, said)
    return Turned(
        context=Context(
            conversation_id=talk.id,
            channel=talk.channel,
            version=talk.version,
            state=talk.state or {},
            muted=talk.muted,
            said=said,
            listens=listens,
            before=_before(tx, key, talk.id, said[0].id),
            candidate=candidate_seen(tx, talk, vault.key(tx, talk.candidate_subject))
            if talk.candidate_id
            else None,
            staff=_staff(talk),
            invite=invite_seen(tx, vault, _token(said), talk.channel, rulebook)
            if code is None
            else _named_by(
                tx, vault, codes.find(tx, vault.keystore, talk.identity_id, code), rulebook
            ),
            code_typed=code is not None,
            returned=_returned(tx, talk, said),
            alerts=tuple(alert_seen(row) for row in alerts.unresolved(tx, talk.candidate_id))
            if talk.candidate_id
            else (),
            pressed=_pressed(tx, talk, said[-1]),
            pledge=_pledge(tx, talk, said[-1]),
            survey=answering.seen(
                tx, vault.key(tx, talk.candidate_subject), talk.candidate_id, talk.id, said[-1]
            )
            if talk.candidate_id
            else None,
            consent=_consent(tx, talk, rulebook, offered),
            rereads=rereads,
            owed=_owed(tx, vault, talk.candidate_id) if talk.candidate_id else (),
            duty=duty_seen(tx, vault, _staff(talk), said[-1], talk.state or {}),
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


def candidate_seen(tx: Tx, row: Any, key: SubjectKey) -> CandidateSeen:
    """A candidate as the query of a conversation brings them, and what they are to do next."""
    return CandidateSeen(
        id=row.candidate_id,
        name=unseal(key, row.name_sealed, "candidate.name_sealed", row.candidate_id),
        stage=Stage(row.stage),
        version=row.candidate_version,
        position_title=row.position_title or "",
        owner_id=row.owner_id,
        owner_name=row.owner_name or "",
        start_on=row.start_on,
        city=row.position_city or "",
        steps=tuple(
            StepSeen(kind=step.kind, words=step.words, due_on=step.due_on)
            for step in steps.next_open(tx, key, row.candidate_id, limit=NEXT)
        ),
    )


def _owed(tx: Tx, vault: Vault, candidate_id: str) -> tuple[OwedSeen, ...]:
    """The answers we said we would give, the most urgent first, with the words they are to."""
    found = scheduled.pending(tx, kind="answer_due", person_id=candidate_id, limit=NEXT)
    uids = [str(one.about.get("uid", "")) for one in found]
    said = {row.uid: row.text for row in timeline.by_uids(tx, vault, uids)} if uids else {}
    return tuple(
        OwedSeen(words=said.get(uid, ""), by=one.due_at)
        for uid, one in zip(uids, found, strict=True)
    )


def _staff(talk: Any) -> StaffSeen | None:
    if talk.user_id is None or talk.staff_role is None:
        return None
    return StaffSeen(id=talk.user_id, name=talk.staff_name, role=Role(talk.staff_role))


def _token(said: Sequence[Said]) -> str:
    """What a ``/start`` message carries."""
    text = said[0].text
    if len(said) != 1 or not text.startswith(f"{binding.COMMAND} "):
        return ""
    return text.removeprefix(binding.COMMAND).strip()


def _returned(tx: Tx, talk: Any, said: Sequence[Said]) -> bool:
    token = _token(said)
    if not token or (talk.candidate_id is None and talk.user_id is None):
        return False
    return invites.own_invite(
        tx, token, talk.channel, candidate_id=talk.candidate_id, user_id=talk.user_id
    )


def invite_seen(
    tx: Tx, vault: Vault, token: str, channel: str, rulebook: Rulebook
) -> InviteSeen | None:
    """Whom a link names; None for one that is not good now, or whose person is not there."""
    row = invites.find_invite(tx, token, InvitePurpose.CHAT, channel=channel) if token else None
    return _named_by(tx, vault, row, rulebook)


def _code(talk: Any, said: Sequence[Said]) -> str | None:
    """The one-time code that somebody we do not know typed."""
    known = talk.candidate_id is not None or talk.user_id is not None
    alone = len(said) == 1 and said[0].kind is MessageKind.TEXT
    return codes.typed(said[0].text) if alone and not known else None


def _named_by(tx: Tx, vault: Vault, row: Any, rulebook: Rulebook) -> InviteSeen | None:
    """Whom a bare invite row names, if they are there."""
    if row is None:
        return None
    try:
        if row.candidate_id is None:
            user = users.get_user(tx, row.user_id)
            return InviteSeen(id=row.id, candidate_id=None, user_id=user.id, name=user.name)
        candidate = people.get_candidate(tx, vault, SYSTEM, row.candidate_id)
    except NotFound:  # disabled or erased since
        return None
    return InviteSeen(
        id=row.id,
        candidate_id=candidate.id,
        user_id=None,
        name=candidate.name,
        position_title=candidate.position_title,
        consent=consenting.seen(tx, rulebook, candidate.id),
    )


def _chosen(tx: Tx, talk: Any, said: Said, labels: Labels, *, came: datetime) -> Said:
    """A typed number as the press it stands for, if it stands for one.

    A number means what the person had before them: where a card has come since, or the alert
    has moved on from what the card shows, it is only a number.
    """
    if said.kind is not MessageKind.TEXT:
        return said
    last = cards.last_card(tx, talk.id)
    if last is None or last.sent_at > came:
        return said
    alert, standing = _may_press(tx, talk, last.payload), alerts.card_at(tx, last.payload, talk.id)
    if alert is None or standing is None or standing.revision != alert.revision:
        return said
    offered = actions.buttons(
        alert.id, alert.status, alert.verdict, labels, put_off=alert.put_off is not None
    )
    action = actions.typed(said.text, offered)
    if action is None:
        return said
    return replace(said, kind=MessageKind.PRESS, text=action, typed=True)


def _of_staff(tx: Tx, talk: Any, said: Said, labels: Labels, *, came: datetime) -> Said:
    """A colleague's words as a press: of what we asked last, else of the last card."""
    asked, card = choices.offered(tx, talk.id), cards.last_card(tx, talk.id)
    if asked is not None and (card is None or card.sent_at <= asked.at):
        answered = _answered(asked, said, came=came)
        if answered.kind is MessageKind.PRESS:
            return answered
    return _chosen(tx, talk, said, labels, came=came)


def _answered(last: Offered, said: Said, *, came: datetime) -> Said:
    """Words that name one of the choices we offered, or its number, as the press they stand for.

    A number means what the person had before them: where something was said since, it is only a
    number. So is 「同意」 to a colleague who spoke since no consent to us.
    """
    if said.kind is not MessageKind.TEXT or len(said.text) > NAMED or last.at > came:
        return said
    if _asks_consent(last) and not last.alone:
        return said
    # Under a question of a survey one answers in words as well: those are read as such.
    offered = [Button(*choice) for choice in last.choices if pressed(choice[1]) is None]
    action = actions.named(said.text, offered)
    if action is None and last.newest:
        action = actions.typed(said.text, offered)
    if action is None:
        return said
    return replace(said, kind=MessageKind.PRESS, text=action, typed=True)


def _asks_consent(last: Offered) -> bool:
    return last.choices[0][1].startswith(consent.ACTIONS)


def _consent(tx: Tx, talk: Any, rulebook: Rulebook, last: Offered | None) -> ConsentSeen | None:
    """Where the candidate stands, and whether our question is the one they answer now."""
    if talk.candidate_id is None:
        return None
    asked = last is not None and last.alone and consent.asks(last.choices)
    return consenting.seen(tx, rulebook, talk.candidate_id, is_open=asked)


def _pledge(tx: Tx, talk: Any, last: Said) -> PledgeSeen | None:
    """The card a press names or we asked about, if it is this candidate's."""
    card = pledge.about(last, talk.state or {}) if talk.candidate_id is not None else None
    worth = offers.worth(tx, talk.candidate_id, card) if card is not None else None
    return PledgeSeen(id=card, worth=worth) if card is not None and worth is not None else None


def _pressed(tx: Tx, talk: Any, last: Said) -> AlertSeen | None:
    """The alert a press names, if the presser may know of it."""
    parsed = actions.parse(last.text) if last.kind is MessageKind.PRESS else None
    return _may_press(tx, talk, parsed[0]) if parsed is not None else None


def _may_press(tx: Tx, talk: Any, alert_id: str) -> AlertSeen | None:
    staff = _staff(talk)
    if staff is None:
        return None
    viewer = Viewer.of_user(staff.id, staff.name, staff.role)
    try:
        row, _ = alerts.version_of(tx, viewer, alert_id)
    except NotFound:
        return None
    return alert_seen(row)
