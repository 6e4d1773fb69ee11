"""A survey's page: the candidate answers by a link of theirs, without an account.

The browser that answers first keeps the link: opened anywhere else it shows no answer and takes
none (A61). What was answered in the chat is the same response.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from bot import answering, casework, consenting, records
from bot.alerts import policy
from bot.appraisal import appraise
from bot.asked import GiveAnswer, MoveInvitation
from bot.conversation import survey_meaning
from bot.errors import Conflict, NotFound
from bot.hearing import read_as
from bot.pipeline import Road, ring
from bot.standing import factors_seen
from bot.surveys import putting
from bot.surveys.definition import parse
from bot.surveys.progress import Progress, asked, upcoming
from bot.surveys.shape import Given, Kind, Question, Survey
from bot.turn import Heard, Outcome
from nlp.reading import ReaderUnavailable, Turn, Utterance
from nlp.scheme import Severity
from scheduler.engine import DELIVERY
from storage.database import Tx
from storage.enums import InvitationStatus, InvitePurpose, InviteState
from storage.queries import invites, people, surveys, turns
from storage.queries.people import CandidateRow
from storage.queries.surveys import AnswerRow, InvitationRow
from storage.viewer import SYSTEM, Viewer

Standing = Literal["open", "elsewhere", "done", "refused", "closed", "revoked", "expired"]
#: How the source of an answer begins that was given on the page.
_HERE = f"{answering.PAGE}:"
_ENDED: Mapping[InvitationStatus, Standing] = {
    InvitationStatus.DONE: "done",
    InvitationStatus.REFUSED: "refused",
}


class Shut(Conflict):
    """A page that takes nothing any more; ``standing`` says why."""

    def __init__(self, standing: Standing) -> None:
        super().__init__(f"this survey is {standing}")
        self.standing = standing


class Moved(Conflict):
    """Somebody answered in between, in the chat or in another window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a link leads to. ``answers`` are those that stand; of them the page shows ``shown``,
    which were given on it: the chat's stay in the chat, whoever holds the link."""

    link_id: str
    kept: bool  # a browser has answered by this link
    standing: Standing
    candidate: CandidateRow
    expires_at: datetime
    row: InvitationRow | None = None
    survey: Survey | None = None
    answers: Mapping[str, Given] = field(default_factory=dict)
    shown: Mapping[str, Given] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What a form led to: it is closed, or these questions are still to be answered."""

    closed: bool
    open: tuple[Question, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What the reader heard in the words of a page, by question; ``unread``: it was not there."""

    read: Mapping[str, Heard] = field(default_factory=dict)
    unread: str = ""


def opened(tx: Tx, road: Road, token: str, *, ours: bool) -> Page:
    """What a link leads to now; ``ours``: this browser answered by it first.

    Raises ``NotFound`` for one that never was, or of somebody erased.
    """
    link = invites.by_token(tx, token, InvitePurpose.SURVEY, channel=None)
    if link is None or link.candidate_id is None:
        raise NotFound("no such link")
    who = people.get_candidate(tx, road.vault, SYSTEM, link.candidate_id)
    kept = link.used_at is not None
    page = Page(
        link_id=link.id,
        kept=kept,
        standing="revoked",
        candidate=who,
        expires_at=link.expires_at,
    )
    row = _row(tx, who.id, link.created_at)
    if row is None or row.definition is None:
        return page
    survey = parse(row.definition)
    standing: Standing = "closed"
    if row.status is not InvitationStatus.OPEN:
        standing = _ENDED.get(row.status, "closed")
    elif invites.state(link, tx.now) is InviteState.REVOKED:
        standing = "revoked"
    elif link.expires_at <= tx.now:
        standing = "expired"
    else:
        standing = "elsewhere" if kept and not ours else "open"
    found = surveys.answers(tx, road.vault.key(tx, who.subject_id), row.id)
    return Page(
        link_id=link.id,
        kept=kept,
        standing=standing,
        candidate=who,
        expires_at=link.expires_at,
        row=row,
        survey=survey,
        answers=_given(found.values()),
        shown=_given(one for one in found.values() if ours and one.source.startswith(_HERE)),
    )


def _row(tx: Tx, candidate_id: str, made: datetime) -> InvitationRow | None:
    """The survey a link was made for: the one that had opened last when it was made."""
    rows = [one for one in surveys.of_candidate(tx, candidate_id) if one.opened_at is not None]
    before = [one for one in rows if one.opened_at is not None and one.opened_at <= made]
    return max(before, key=lambda one: one.opened_at or made, default=None)


def _given(rows: Iterable[AnswerRow]) -> dict[str, Given]:
    return putting.given({one.question: (one.value, one.text) for one in rows})


async def answer(
    road: Road,
    visitor: Viewer,
    token: str,
    sent: Mapping[str, Given],
    *,
    revision: int,
    ours: bool,
    finish: bool,
) -> Kept:
    """Keep what a form says. ``finish``: close it, when nothing that is asked is left open; what
    may be left out counts as skipped then.

    Raises ``NotFound``, ``Shut``, and ``Moved`` when the survey is not at ``revision`` any more.
    """
    heard = await _heard(road, token, sent, ours)

    def work(tx: Tx) -> Kept:
        page = _mine(tx, road, token, ours)
        row, survey = page.row, page.survey
        assert row is not None
        assert survey is not None
        if row.revision != revision:
            raise Moved("somebody answered in between")
        given = {name: one for name, one in sent.items() if page.answers.get(name) != one}
        answers = {**page.answers, **given}
        left = tuple(one for one in asked(survey, answers) if one.id not in answers)
        shown = {one.id for one in asked(survey, page.answers)}
        if finish and all(one.id in shown and not one.required for one in left):
            skipped = {one.id: Given(value=None, text="") for one in left}
            given, answers, left = given | skipped, answers | skipped, ()
        closed = finish and not left
        status = InvitationStatus.DONE if closed else InvitationStatus.OPEN
        following = upcoming(Progress(survey=survey, answers=answers))
        moved = MoveInvitation(
            invitation_id=row.id,
            revision=row.revision,
            at=following.id if following is not None else row.at_question,
            status=status,
            here=True,
        )
        now = tx.now
        outcome = Outcome(
            flow="survey",
            answers=tuple(
                GiveAnswer(invitation_id=row.id, question=name, value=one.value, text=one.text)
                for name, one in given.items()
            ),
            surveys=(moved,),
        )
        if heard is not None and consenting.analysed(tx, road.rulebook, page.candidate.id):
            told = list(given.items())
            meant = survey_meaning.of_answers(road.rulebook, survey, told, heard.read, now=now)
            factors = factors_seen(tx, page.candidate.id)
            ended = survey_meaning.of_end(road.rulebook, survey, answers, factors, status, now=now)
            outcome = outcome.merged(meant).merged(ended).merged(_unread(road, heard, now))
        _write(tx, road, page, outcome)
        details = {"invitation": row.id, "questions": sorted(given), "closed": closed}
        casework.noted(tx, road, visitor, "survey.answer", page.candidate.id, details)
        return Kept(closed=closed, open=left)

    return await casework.decide(road, work)


async def _heard(road: Road, token: str, sent: Mapping[str, Given], ours: bool) -> Read | None:
    """What the words on the page say; None where nobody agreed to their being read."""

    def look(tx: Tx) -> Page | None:
        page = opened(tx, road, token, ours=ours)
        return page if consenting.analysed(tx, road.rulebook, page.candidate.id) else None

    page = await road.database.read(look)
    if page is None:
        return None
    said = {
        one.id: sent[one.id].text
        for one in (page.survey.questions if page.survey is not None else ())
        if one.id in sent and one.kind is Kind.TEXT and sent[one.id].text.strip()
        if page.answers.get(one.id) != sent[one.id]
    }
    if not said or page.survey is None or page.standing != "open":
        return Read()
    stage, now = read_as(page.candidate.stage), road.now()
    asks = {one.id: one.ask for one in page.survey.questions}
    utterances = [
        Utterance(text=text, stage=stage, context=(Turn(role="bot", text=asks[name]),), now=now)
        for name, text in said.items()
    ]
    try:
        readings = await road.reader.read(utterances)
    except ReaderUnavailable:
        road.counts.unread += 1
        return Read(unread="\n".join(said.values()))
    return Read(
        read={
            name: Heard(reading=one, spans=(), deadline=one.deadline, stage=stage)
            for name, one in zip(said, readings, strict=True)
        }
    )


def _unread(road: Road, heard: Read, now: datetime) -> Outcome:
    """Words that could not be read are a person's to look at."""
    if not heard.unread:
        return Outcome(flow="survey")
    words = heard.unread[:200]
    alert = policy.own(road.rulebook.policy, policy.UNREAD, words, Severity.TODAY, now)
    return Outcome(flow="survey", alerts=(alert,))


async def refuse(road: Road, visitor: Viewer, token: str, *, ours: bool) -> None:
    """The candidate wants to be asked no more. Raises ``NotFound``, ``Shut``."""

    def work(tx: Tx) -> None:
        page = _mine(tx, road, token, ours)
        row, survey = page.row, page.survey
        assert row is not None
        assert survey is not None
        status = InvitationStatus.REFUSED
        moved = MoveInvitation(
            invitation_id=row.id,
            revision=row.revision,
            at=row.at_question,
            status=status,
            here=True,
            why=answering.PAGE,
        )
        ended = survey_meaning.of_end(road.rulebook, survey, page.answers, (), status, now=tx.now)
        _write(tx, road, page, Outcome(flow="survey", surveys=(moved,)).merged(ended))
        details = {"invitation": row.id}
        casework.noted(tx, road, visitor, "survey.refuse", page.candidate.id, details)

    await casework.decide(road, work)


def _mine(tx: Tx, road: Road, token: str, ours: bool) -> Page:
    """The open page of a browser that may answer; the first one keeps the link."""
    page = opened(tx, road, token, ours=ours)
    if page.standing != "open":
        raise Shut(page.standing)
    if not page.kept and not invites.use_invite(tx, page.link_id):
        raise Shut("elsewhere")  # another browser was faster
    return page


def _write(tx: Tx, road: Road, page: Page, outcome: Outcome) -> None:
    who, row = page.candidate, page.row
    assert row is not None
    turns.touch(tx, who.id, who.version)
    key = road.vault.key(tx, who.subject_id)
    source = f"{_HERE}{row.id}"
    answering.write(
        tx, key, who.id, outcome, source=source, via=answering.PAGE, conversation_id=None
    )
    woken = records.about_candidate(
        tx,
        key,
        vault=road.vault,
        rules=road.rulebook,
        candidate_id=who.id,
        conversation_id=None,
        source=source,
        said_at=tx.now,
        outcome=outcome,
        channels=road.channels,
    )
    appraise(tx, road.vault, road.rulebook, who.id)
    woken |= ring(road, tx, outcome.alerts)
    road.engine.wake(tx, DELIVERY, sorted(woken))
