"""我的数据: everything we keep of one person, for that person, behind a link of theirs.

Never in it: what other people said of them in confidence (HR's notes, judgements, what a check
found), and of the score no more than what it rests on. What interviewers said of them when asked
is about them and in it (PIPL, article 45), without who said it, unless ``copy_feedback`` of
``config/policy.yaml`` is off; that they took place is in it always. The link is said in the chat it
was asked in and nowhere else; it is good for three days and three downloads.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from bot import saying
from bot.errors import NotFound
from bot.offers.pledge import Body
from bot.profile import values
from bot.rows import Turned
from bot.rulebook import Rulebook
from bot.surveys import putting
from bot.surveys.definition import parse
from bot.surveys.understanding import shown
from bot.words import fill, moment
from storage.crypto import SubjectKey
from storage.database import Tx
from storage.enums import Author, Direction, InvitePurpose, InviteState, MessageKind
from storage.queries import (
    audit,
    copies,
    interviews,
    invites,
    offers,
    outbox,
    people,
    profile,
    surveys,
    timeline,
)
from storage.queries.people import CandidateRow
from storage.queries.timeline import MessageRow
from storage.vault import Vault
from storage.viewer import SYSTEM

LIFETIME = timedelta(hours=72)
DOWNLOADS = 3
#: Kinds of the record that judge somebody: theirs to see only where they said it themselves.
_JUDGED = frozenset({"job.performance", "job.conduct"})
_PAGE = 500
#: Of links of theirs no copy says what proves who opens them.
_LINK = re.compile(r"(/(?:f|chat)/)[A-Za-z0-9_-]{40,64}", re.ASCII)
Line = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One thing that is kept of them. ``until``: it was corrected then."""

    label: str
    value: str
    source: str  # message, resume, form, import or other
    at: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One message of theirs or to them, and what the program took it to be about."""

    at: datetime
    by: str  # candidate, bot or hr
    channel: str
    text: str
    about: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """What the score rests on: a rule in words, and when it began."""

    label: str
    at: datetime
    raises: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """Everything, in the order people read it."""

    company: str
    made_at: datetime
    name: str
    phone: str
    position: str
    stage: str
    stage_at: datetime
    start_on: str
    statements: tuple[Statement, ...]
    messages: tuple[Said, ...]
    score: int
    reasons: tuple[Reason, ...]
    surveys: tuple[dict[str, Any], ...]  # title, ask, answer (all they said, oldest first), at
    consents: tuple[dict[str, Any], ...]  # item, name, answer, at
    offers: tuple[dict[str, Any], ...]  # number, state, sent_at, terms
    cards: tuple[dict[str, Any], ...]  # number, ours_at, theirs_at, agreed
    channels: tuple[str, ...]
    roles: tuple[dict[str, Any], ...]  # role, times, last
    interviews: tuple[dict[str, Any], ...] = ()  # number, at, verdict (in words), feedback

    def plain(self) -> dict[str, Any]:
        """The same for JSON, but for moments."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What a link leads to. ``candidate`` is None once it ended."""

    invite_id: str
    worth: InviteState
    expires_at: datetime
    left: int
    candidate: CandidateRow | None


def share(tx: Tx, vault: Vault, rulebook: Rulebook, base_url: str, turned: Turned) -> set[str]:
    """Say a new link in the chat it was asked in; those before end. Channels with work to do."""
    candidate, talk = turned.context.candidate, turned.talk
    assert candidate is not None
    invites.revoke(tx, candidate.id, InvitePurpose.DATA)
    token = secrets.token_urlsafe(32)
    invite_id, expires_at = invites.create_invite(
        tx,
        vault,
        token=token,
        purpose=InvitePurpose.DATA,
        lifetime=LIFETIME,
        created_by=candidate.id,
        candidate_id=candidate.id,
    )
    link = f"{base_url}/f/{token}"
    text = fill(rulebook.replies.data_link, link=link, answer_by=moment(expires_at))
    details = {"invite": invite_id, "via": talk.channel}
    audit.append(tx, vault.keystore, SYSTEM, "data.link", candidate.id, details=details)
    key = vault.key(tx, talk.subject_id)
    idem = f"data:{turned.context.last.uid}"
    return outbox.enqueue(
        tx, saying.said_by_us(tx, key, talk, idem=idem, text=text, author=Author.BOT)
    )


def opened(tx: Tx, vault: Vault, token: str) -> Opened:
    """What a link leads to now. Raises ``NotFound`` for one that never was, or of somebody
    erased."""
    row = invites.by_token(tx, token, InvitePurpose.DATA, channel=None)
    if row is None or row.candidate_id is None:
        raise NotFound("no such link")
    worth = invites.state(row, tx.now)
    candidate = people.get_candidate(tx, vault, SYSTEM, row.candidate_id)
    return Opened(
        invite_id=row.id,
        worth=worth,
        expires_at=row.expires_at,
        left=max(0, DOWNLOADS - row.downloads),
        candidate=candidate if worth is InviteState.WAITING else None,
    )


def copy(tx: Tx, vault: Vault, rulebook: Rulebook, candidate: CandidateRow, company: str) -> Copy:
    """Everything we keep of somebody, as they may have it."""
    key = vault.key(tx, candidate.subject_id)
    named = rulebook.consents.items
    factors = [one for one in people.factors(tx, candidate.id) if one.rule in rulebook.risk]
    return Copy(
        company=company,
        made_at=tx.now,
        name=candidate.name,
        phone=candidate.phone,
        position=candidate.position_title,
        stage=rulebook.replies.stages[candidate.stage],
        stage_at=candidate.stage_at,
        start_on=candidate.start_on.isoformat() if candidate.start_on else "",
        statements=tuple(_statements(tx, key, rulebook, candidate.id)),
        messages=tuple(
            _said(row, rulebook)
            for row in _messages(tx, vault, candidate.id)
            if row.kind in (MessageKind.TEXT, MessageKind.PRESS)
        ),
        score=candidate.score,
        reasons=tuple(
            Reason(label=rulebook.risk[one.rule].says, at=one.at, raises=one.adds > 0)
            for one in factors
        ),
        surveys=tuple(_surveys(tx, key, candidate.id)),
        consents=tuple(
            {
                "item": row.item,
                "name": named[row.item].name if row.item in named else row.item,
                "answer": row.answer,
                "at": row.at,
            }
            for row in copies.consents(tx, candidate.id)
        ),
        # A draft is ours alone until it is sent.
        offers=tuple(
            {"number": one.number, "state": one.state, "sent_at": one.sent_at}
            for one in offers.offers(tx, key, candidate.id)
            if one.sent_at is not None
        ),
        cards=tuple(
            {
                "number": one.number,
                "ours_at": one.ours_at,
                "theirs_at": one.theirs_at,
                "agreed": list(Body.model_validate(one.body).agreed),
            }
            for one in offers.cards(tx, key, candidate.id)
            if one.ours_at is not None
        ),
        channels=tuple(copies.channels(tx, candidate.id)),
        interviews=tuple(_interviews(tx, key, rulebook, candidate.id)),
        roles=tuple(
            {"role": row.role, "times": row.times, "last": row.last}
            for row in copies.roles(tx, candidate.id)
        ),
    )


def _surveys(tx: Tx, key: SubjectKey, candidate_id: str) -> Iterator[dict[str, Any]]:
    """Answers with what was asked, edits included."""
    for row in surveys.of_candidate(tx, candidate_id):
        if row.definition is None:
            continue
        survey = parse(row.definition)
        for one in surveys.history(tx, key, row.id):
            question = survey.question(one.question)
            if question is None:
                continue
            given = putting.given({one.question: (one.value, one.text)})[one.question]
            answer = shown(question, given) if one.value is not None else one.text
            ask = question.ask.strip()
            yield {"title": row.title, "ask": ask, "answer": answer, "at": one.said_at}


def _interviews(
    tx: Tx, key: SubjectKey, rulebook: Rulebook, candidate_id: str
) -> Iterator[dict[str, Any]]:
    """Those that took place, and what was said of them."""
    words, whole = rulebook.replies.feedback_choices, rulebook.policy.copy_feedback
    for one in interviews.of_candidate(tx, key, candidate_id):
        if one.cancelled_at is None and one.at <= tx.now:
            said = words[one.verdict] if whole and one.verdict is not None else ""
            feedback = one.feedback if whole else ""
            yield {"number": one.number, "at": one.at, "verdict": said, "feedback": feedback}


def _statements(
    tx: Tx, key: SubjectKey, rulebook: Rulebook, candidate_id: str
) -> Iterator[Statement]:
    kinds = rulebook.profile.kinds
    for row in profile.statements(tx, key, candidate_id, history=True):
        kind, source = kinds.get(row.kind), _source(row.source)
        if kind is None or (row.kind in _JUDGED and source not in ("message", "resume")):
            continue
        yield Statement(
            label=kind.label,
            value=values.shown(kind, row.value),
            source=source,
            at=row.said_at,
            until=row.superseded_at,
        )


def _source(source: str) -> str:
    kind = source.partition(":")[0]
    if source.startswith("m_"):
        return "message"
    return kind if kind in ("message", "resume", "form", "import") else "other"


_BY = {Author.CANDIDATE: "candidate", Author.BOT: "bot"}


def _said(row: MessageRow, rulebook: Rulebook) -> Said:
    labels = {str(intent): label for intent, label in rulebook.labels.items()}
    return Said(
        at=row.sent_at,
        by=_BY.get(row.author, "hr"),
        channel=row.channel,
        text=_LINK.sub(r"\1…", row.text),
        about=tuple(labels.get(one, one) for one in row.intents)
        if row.direction is Direction.INBOUND
        else (),
    )


def _messages(tx: Tx, vault: Vault, candidate_id: str) -> list[MessageRow]:
    """All of them, oldest first."""
    found: list[MessageRow] = []
    before: int | None = None
    while True:
        page = timeline.timeline(tx, vault, SYSTEM, candidate_id, before=before, limit=_PAGE)
        found = page + found
        if len(page) < _PAGE:
            return found
        before = page[0].id
