"""A survey on its way to a candidate: opened in a chat or as a page, put again, called off.

``begin``, ``put_again`` and ``page_link`` are parts of a transaction of the caller's. The rest are
units of work of HR's, with their audit link.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from bot import answering, casework, saying
from bot.conversation.flows import survey as flow
from bot.errors import Conflict, NotFound
from bot.pipeline import Road
from bot.posting import Letter, NotSent, Post, Way
from bot.rulebook import Rulebook
from bot.surveys import putting
from bot.surveys.definition import digest, parse, plain
from bot.surveys.progress import Progress, upcoming
from bot.surveys.shape import Question, Survey
from bot.words import SHANGHAI, fill, moment
from scheduler.engine import DELIVERY
from storage.crypto import SubjectKey
from storage.database import Tx
from storage.enums import Author, InvitationStatus, InvitePurpose
from storage.queries import editions, invitations, invites, outbox, people, surveys, timeline, users
from storage.queries.editions import Edition
from storage.queries.people import CandidateRow
from storage.queries.surveys import InvitationRow
from storage.vault import Vault
from storage.viewer import SYSTEM, Viewer

#: How long a link to a survey's page is good.
LINK_DAYS = 14
Via = Literal["chat", "page"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A survey that was sent by hand. ``url`` of its page; ``said``: it is on its way in a chat."""

    invitation_id: str
    url: str = ""
    expires_at: datetime | None = None
    said: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """A conversation to ask in."""

    id: str
    channel: str
    subject_id: str
    candidate_id: str


def edition(survey: Survey) -> Edition:
    """A survey as it is stored."""
    return Edition(
        id=survey.id, title=survey.title, digest=digest(survey), definition=plain(survey)
    )


def sync(tx: Tx, rulebook: Rulebook) -> int:
    """Bring the surveys of ``config/surveys`` in, at the start; the number that changed."""
    return surveys.sync(tx, [edition(one) for one in rulebook.surveys.values()])


def begin(
    tx: Tx,
    vault: Vault,
    rulebook: Rulebook,
    channels: Collection[str],
    *,
    invitation_id: str,
    talk: Any,
    survey: Survey | None = None,
) -> set[str]:
    """Open a planned invitation in a conversation (id, channel, subject_id, candidate_id): who
    reads the answers, and the first question. The channels that have work. ``survey``: what is
    asked of this candidate, where that is less than all.

    Raises ``NotFound``, and ``Conflict`` where it is not planned any more, another is open, or it
    asks nothing.
    """
    row = surveys.get(tx, talk.candidate_id, invitation_id)
    survey, first = _first(tx, row, survey)
    _open(tx, row, survey, via=talk.channel, conversation_id=talk.id)
    opened = surveys.get(tx, talk.candidate_id, invitation_id)
    surveys.move(tx, row.id, opened.revision, at_question=first.id, asked_again=False)
    intro = survey.intro.strip()
    return _say(tx, vault, channels, talk, opened, survey, first, before=intro)


def put_again(
    tx: Tx,
    vault: Vault,
    rulebook: Rulebook,
    channels: Collection[str],
    *,
    invitation_id: str,
    talk: Any,
) -> set[str]:
    """Put the question that waits once more, in this conversation: it goes on there from now on.

    What was put off or paused is asked again. Raises ``NotFound``, and ``Conflict`` where the
    survey is not open or nothing waits.
    """
    row = surveys.get(tx, talk.candidate_id, invitation_id)
    if row.status is not InvitationStatus.OPEN or row.definition is None:
        raise Conflict("this survey is not open")
    survey = parse(row.definition)
    key = vault.key(tx, _subject_of(tx, vault, talk.candidate_id))
    answers = {
        name: (one.value, one.text) for name, one in surveys.answers(tx, key, row.id).items()
    }
    progress = Progress(survey=survey, answers=putting.given(answers), at=row.at_question)
    question = survey.question(row.at_question) or upcoming(progress)
    if question is None:
        raise Conflict("nothing waits for an answer")
    surveys.move(
        tx,
        row.id,
        row.revision,
        at_question=question.id,
        why="",
        via=talk.channel,
        conversation_id=talk.id,
    )
    template = rulebook.replies.survey_open
    return _say(tx, vault, channels, talk, row, survey, question, template=template)


def page_link(
    tx: Tx, vault: Vault, base_url: str, *, invitation_id: str, candidate_id: str, by: str = ""
) -> tuple[str, datetime]:
    """A new link to a survey's page, and until when it is good; the links before it end. One that
    is planned opens by it.

    Raises ``NotFound``, and ``Conflict`` as ``begin`` does.
    """
    row = surveys.get(tx, candidate_id, invitation_id)
    if row.status is InvitationStatus.PLANNED:
        survey, _ = _first(tx, row)
        _open(tx, row, survey, via=answering.PAGE, conversation_id=None)
    elif row.status is not InvitationStatus.OPEN:
        raise Conflict("this survey ended")
    invites.revoke(tx, candidate_id, InvitePurpose.SURVEY)
    token = secrets.token_urlsafe(32)
    _, expires_at = invites.create_invite(
        tx,
        vault,
        token=token,
        purpose=InvitePurpose.SURVEY,
        lifetime=timedelta(days=LINK_DAYS),
        created_by=by or "system",
        candidate_id=candidate_id,
    )
    return f"{base_url}/f/{token}", expires_at


def _first(tx: Tx, row: InvitationRow, survey: Survey | None = None) -> tuple[Survey, Question]:
    survey = survey or parse(surveys.survey(tx, row.survey_id).definition)
    question = upcoming(Progress(survey=survey, answers={}))
    if question is None:
        raise Conflict("this survey asks nothing")
    return survey, question


def _open(
    tx: Tx, row: InvitationRow, survey: Survey, *, via: str, conversation_id: str | None
) -> None:
    asks = edition(survey)
    editions.keep(tx, asks)
    surveys.begin(tx, row.id, asks.digest, via=via, conversation_id=conversation_id)


def _subject_of(tx: Tx, vault: Vault, candidate_id: str) -> str:
    return people.get_candidate(tx, vault, SYSTEM, candidate_id).subject_id


def _say(
    tx: Tx,
    vault: Vault,
    channels: Collection[str],
    talk: Any,
    row: InvitationRow,
    survey: Survey,
    question: Question,
    *,
    before: str = "",
    template: str = "",
) -> set[str]:
    """A question of ours in a conversation; a message of its own for each revision."""
    reply = flow.put(row.id, survey, question, template or "{lines}")
    text = f"{before}\n\n{reply.text}" if before else reply.text
    key = vault.key(tx, talk.subject_id)
    idem = f"survey:{row.id}:{row.revision}"
    sends = saying.said_by_us(
        tx, key, talk, idem=idem, text=text, author=Author.BOT, choices=reply.choices
    )
    return {one for one in outbox.enqueue(tx, sends) if one in channels}


# --- HR -----------------------------------------------------------------------------------------


async def send(
    road: Road,
    viewer: Viewer,
    candidate_id: str,
    survey_id: str,
    via: Via,
    *,
    again: tuple[str, str] | None = None,
) -> Sent:
    """Send a survey now: asked in the candidate's own chat, or as a link to its page (which is
    said in the chat where there is one).

    ``again`` is an idempotency key and the hash of its request: the same asks once, and its link is
    told once. Raises ``NotFound``, and ``Conflict`` where it is off, another is open, or no chat
    takes it.
    """

    def work(tx: Tx, row: CandidateRow, _: SubjectKey) -> Sent:
        made: list[Sent] = []

        def make() -> str:
            made.append(_sent(tx, road, viewer, row, survey_id, via))
            return made[0].invitation_id

        if again is None:
            make()
        else:
            known, fresh = users.once(tx, viewer.id, *again, make)
            if not fresh:
                return Sent(invitation_id=known)
        return made[0]

    return await casework.about(road, viewer, candidate_id, work)


def _sent(tx: Tx, road: Road, viewer: Viewer, row: CandidateRow, survey_id: str, via: Via) -> Sent:
    if not surveys.survey(tx, survey_id).enabled:
        raise Conflict("this survey is turned off")
    made = invitations.plan(
        tx,
        candidate_id=row.id,
        survey_id=survey_id,
        anchor=f"by_hand:{secrets.token_hex(8)}",
        due_on=tx.now.astimezone(SHANGHAI).date(),
        by=viewer.id,
    )
    assert made is not None  # no event of this name was before it
    sent = (
        _ask(tx, road, viewer, row, made) if via == "chat" else _link(tx, road, viewer, row, made)
    )
    details = {"survey": survey_id, "invitation": made, "via": via}
    casework.noted(tx, road, viewer, "survey.send", row.id, details)
    return sent


def _talk(tx: Tx, road: Road, viewer: Viewer, candidate_id: str) -> Any:
    """The chat that takes a message of ours now, or None."""
    try:
        talk = timeline.reply_to(tx, viewer, candidate_id, listens=road.listens)
    except NotFound:
        return None
    if not talk.reachable or talk.channel not in road.channels:
        return None
    return talk


def _ask(tx: Tx, road: Road, viewer: Viewer, row: CandidateRow, invitation_id: str) -> Sent:
    talk = _talk(tx, road, viewer, row.id)
    if talk is None:
        raise Conflict("no chat reaches this candidate now")
    if talk.muted:
        raise Conflict("a colleague has taken this chat over")
    place = Place(talk.id, talk.channel, talk.subject_id, row.id)
    woken = begin(
        tx, road.vault, road.rulebook, road.channels, invitation_id=invitation_id, talk=place
    )
    road.engine.wake(tx, DELIVERY, sorted(woken))
    return Sent(invitation_id=invitation_id, said=True)


def _link(
    tx: Tx, road: Road, viewer: Viewer, row: CandidateRow, invitation_id: str, *, aloud: bool = True
) -> Sent:
    url, expires_at = page_link(
        tx,
        road.vault,
        road.base_url,
        invitation_id=invitation_id,
        candidate_id=row.id,
        by=viewer.id,
    )
    talk = _talk(tx, road, viewer, row.id) if aloud else None
    if talk is not None:
        words = road.rulebook.replies.survey_link
        text = fill(words, name=row.name, link=url, answer_by=moment(expires_at))
        key = road.vault.key(tx, talk.subject_id)
        idem = f"survey_link:{invitation_id}:{secrets.token_hex(8)}"
        sends = saying.said_by_us(tx, key, talk, idem=idem, text=text, author=Author.BOT)
        road.engine.wake(tx, DELIVERY, sorted(outbox.enqueue(tx, sends)))
    return Sent(invitation_id=invitation_id, url=url, expires_at=expires_at, said=talk is not None)


async def relink(
    road: Road, viewer: Viewer, candidate_id: str, invitation_id: str, *, aloud: bool = True
) -> Sent:
    """A new link to the page of a survey that is open, or opens by it; said in their chat where
    there is one and ``aloud``. Raises ``NotFound``, ``Conflict``."""

    def work(tx: Tx, row: CandidateRow, _: SubjectKey) -> Sent:
        sent = _link(tx, road, viewer, row, invitation_id, aloud=aloud)
        casework.noted(tx, road, viewer, "survey.link", row.id, {"invitation": invitation_id})
        return sent

    return await casework.about(road, viewer, candidate_id, work)


async def by_post(
    road: Road,
    post: Post,
    way: Way,
    viewer: Viewer,
    candidate_id: str,
    invitation_id: str,
    *,
    to: str,
) -> tuple[Sent, str]:
    """A new link to the page of a survey, in a letter to ``to``; and why the service did not take
    it, empty where it did. The address is kept nowhere. Raises ``NotFound``, ``Conflict``."""
    sent = await relink(road, viewer, candidate_id, invitation_id, aloud=False)
    assert sent.expires_at is not None

    def look(tx: Tx, row: CandidateRow, _: SubjectKey) -> tuple[str, str]:
        return row.name, parse(surveys.get(tx, row.id, invitation_id).definition or {}).title

    name, title = await casework.about(road, viewer, candidate_id, look)
    company, until = road.rulebook.company, moment(sent.expires_at)
    words = road.rulebook.replies.survey_letter
    text = fill(words, name=name, company=company, link=sent.url, answer_by=until)
    try:
        await post.send(Letter(to=to, subject=f"{company}：{title}", text=text))
    except NotSent as error:
        return sent, str(error)
    details = {"invitation": invitation_id, "way": way.value}
    await casework.about(
        road,
        viewer,
        candidate_id,
        lambda tx, row, _: casework.noted(tx, road, viewer, "survey.letter", row.id, details),
    )
    return sent, ""


async def stop(road: Road, viewer: Viewer, candidate_id: str, invitation_id: str) -> None:
    """Call a survey off: nothing more is asked. Raises ``NotFound``, ``Conflict`` for one that
    ended."""

    def work(tx: Tx, row: CandidateRow, _: SubjectKey) -> None:
        known = surveys.get(tx, row.id, invitation_id)
        if known.status not in (InvitationStatus.PLANNED, InvitationStatus.OPEN):
            raise Conflict(f"this survey is {known.status}")
        invitations.cancel(tx, invitation_id, why="stopped")
        invites.revoke(tx, row.id, InvitePurpose.SURVEY)
        casework.noted(tx, road, viewer, "survey.stop", row.id, {"invitation": invitation_id})

    await casework.about(road, viewer, candidate_id, work)
