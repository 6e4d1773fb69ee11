"""Playing a story: every line is read and decided as it would have been on its day.

Nothing here writes. What was heard and what the bot answered comes from the reader and from the
product's own decisions; the story only says who spoke which words when.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from bot import pipeline
from bot.consent import ConsentSeen, SetConsent
from bot.conversation.router import decide
from bot.pipeline import Road
from bot.risk import engine
from bot.rows import Turned
from bot.sandbox.definition import BREATH, Line, Story
from bot.turn import CandidateSeen, Context, FactorSeen, Heard, InviteSeen, Outcome, Said
from bot.words import SHANGHAI
from nlp.reading import Turn
from storage.crypto import new_public_id
from storage.enums import Author, ConsentAnswer, MessageKind, Stage, Verdict
from storage.queries.backfill import PastMessage

#: The bot answers this long after the last message: the merging pause of the product.
PAUSE = timedelta(seconds=8)
#: Before their first line they opened the link, and took so long to answer its question.
OPENED, THOUGHT = timedelta(minutes=3), timedelta(seconds=40)
_CAME = "/start ."
#: HR takes over by writing, and gives the conversation back to the bot after so long.
RELEASED = timedelta(hours=6)
_ROLES = {Author.CANDIDATE: "candidate", Author.HR: "hr", Author.BOT: "bot"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Whom a story is about, by the ids they have in the database."""

    key: str
    story: Story
    candidate_id: str
    conversation_id: str
    channel: str
    position_title: str
    owner_id: str
    owner_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """Words went over the wire."""

    message: PastMessage

    @property
    def at(self) -> datetime:
        """When."""
        return self.message.at


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """An utterance of the candidate was read and decided."""

    at: datetime
    said: tuple[Said, ...]
    heard: Heard
    outcome: Outcome
    judged: Mapping[Verdict, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """HR moved the candidate to another stage."""

    at: datetime
    stage: Stage
    start_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Consented:
    """The candidate was asked for a consent, or answered."""

    at: datetime
    link: SetConsent


Deed = Spoken | Understood | Moved | Consented


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """A played story, in order, and how the conversation stood at its end."""

    cast: Cast
    deeds: tuple[Deed, ...]
    state: Mapping[str, Any]
    muted: bool


async def play(road: Road, cast: Cast, today: datetime) -> History:
    """Play a story. ``road.reader`` reads it; ``today`` is the founding moment.

    Raises ``ReaderUnavailable``.
    """
    player = _Player(road=road, cast=cast, today=today)
    if road.rulebook.form is None:
        player.opened()
    for line in cast.story.lines:
        await player.line(line)
    return History(
        cast=cast,
        deeds=tuple(player.deeds),
        state=player.state,
        muted=player.muted(today),
    )


@dataclass(slots=True, kw_only=True)
class _Player:
    """Where a story stands while it is played."""

    road: Road
    cast: Cast
    today: datetime
    deeds: list[Deed] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    factors: list[FactorSeen] = field(default_factory=list)
    state: Mapping[str, Any] = field(default_factory=dict)
    stage: Stage = Stage.INTERVIEW
    start_on: date | None = None
    asked_for_person: bool = False
    hr_spoke_at: datetime | None = None
    consent: ConsentSeen = field(default_factory=lambda: ConsentSeen(by_form=True))

    def opened(self) -> None:
        """The candidate opens the invite link, is asked for consent and gives it."""
        at = self.cast.story.lines[0].moment(self.today) - OPENED
        self.consent = ConsentSeen()
        invite = InviteSeen(
            id="",
            candidate_id=self.cast.candidate_id,
            user_id=None,
            name=self.cast.story.name,
            position_title=self.cast.position_title,
            consent=self.consent,
        )
        came = PastMessage(
            uid=new_public_id("m"), author=Author.CANDIDATE, author_id=None, text=_CAME, at=at
        )
        context = replace(self._context([came], (), at, invite), candidate=None, consent=None)
        self._answered(decide(context, None, self.road.rulebook, now=at), at)
        self.consent = replace(self.consent, asked_at=at, open=True)
        agreed = self._say(Author.CANDIDATE, self.road.rulebook.consents.say.agree, at + THOUGHT)
        context = self._context([agreed], (), agreed.at)
        self._answered(decide(context, None, self.road.rulebook, now=agreed.at), agreed.at + PAUSE)
        self.consent = ConsentSeen(
            answer=ConsentAnswer.GIVEN,
            notice=self.road.rulebook.analysis_version,
            source=agreed.uid,
            answered_at=agreed.at,
        )

    def _answered(self, outcome: Outcome, now: datetime) -> None:
        """What the bot did besides hearing."""
        self.state = outcome.state if outcome.state is not None else self.state
        self.asked_for_person = bool(outcome.muted) or self.asked_for_person
        for link in outcome.consents:
            self.deeds.append(Consented(at=now, link=link))
        for index, reply in enumerate(outcome.replies):
            self._say(Author.BOT, reply.text, now + index * timedelta(seconds=1))

    async def line(self, line: Line) -> None:
        at = line.moment(self.today)
        if line.moves is not None:
            self._move(line, at)
        elif line.they:
            await self._hear(line, at)
        else:
            author = Author.HR if line.hr else Author.BOT
            for index, text in enumerate(line.hr or line.bot):
                self._say(author, text, at + index * BREATH)

    def muted(self, now: datetime) -> bool:
        """Whether a person of ours has the conversation."""
        spoke = self.hr_spoke_at
        return self.asked_for_person or (spoke is not None and now - spoke < RELEASED)

    def _move(self, line: Line, at: datetime) -> None:
        assert line.moves is not None
        self.stage = line.moves
        if line.starts is not None:
            day = self.today.astimezone(SHANGHAI).date()
            self.start_on = day + timedelta(days=line.starts)
        self.deeds.append(Moved(at=at, stage=self.stage, start_on=self.start_on))

    def _say(self, author: Author, text: str, at: datetime) -> PastMessage:
        message = PastMessage(
            uid=new_public_id("m"),
            author=author,
            author_id=self.cast.owner_id if author is Author.HR else None,
            text=self.cast.story.text(text, at, self.today),
            at=at,
        )
        self.deeds.append(Spoken(message=message))
        self.turns.append(Turn(role=_ROLES[author], text=message.text))
        if author is Author.HR:
            self.asked_for_person, self.hr_spoke_at = False, at
        return message

    async def _hear(self, line: Line, at: datetime) -> None:
        before = tuple(self.turns[-2:])
        messages = [
            self._say(Author.CANDIDATE, text, at + index * BREATH)
            for index, text in enumerate(line.they)
        ]
        now = messages[-1].at + PAUSE
        context = self._context(messages, before, now)
        heard = await pipeline.read(self.road, Turned(context=context, talk=None, more=False))
        assert heard is not None
        outcome = decide(context, heard, self.road.rulebook, now=now)
        self.deeds.append(
            Understood(at=now, said=context.said, heard=heard, outcome=outcome, judged=line.judged)
        )
        self.factors.extend(engine.as_seen(outcome.factors, now))
        self._answered(outcome, now)

    def _context(
        self,
        messages: list[PastMessage],
        before: tuple[Turn, ...],
        now: datetime,
        invite: InviteSeen | None = None,
    ) -> Context:
        cast = self.cast
        return Context(
            conversation_id=cast.conversation_id,
            channel=cast.channel,
            version=0,
            state=self.state,
            muted=self.muted(now),
            said=tuple(
                Said(id=0, uid=one.uid, text=one.text, kind=MessageKind.TEXT, sent_at=one.at)
                for one in messages
            ),
            before=before,
            candidate=CandidateSeen(
                id=cast.candidate_id,
                name=cast.story.name,
                stage=self.stage,
                version=0,
                position_title=cast.position_title,
                owner_id=cast.owner_id,
                owner_name=cast.owner_name,
                start_on=self.start_on,
            ),
            consent=self.consent,
            invite=invite,
            factors=tuple(self.factors),
        )
