"""What a person of ours does at the desk: judge, review, reply, move, invite. The same record as a
turn.

Each function is one unit of work, checks the viewer's view of the object, and adds its link to
the audit chain in the same commit.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from bot import judging, planning, records, saying
from bot.alerts import actions, policy
from bot.casework import decide as _decide
from bot.casework import lawful
from bot.channels.base import HandsOver
from bot.deferring import snooze as snooze
from bot.errors import Conflict, NotFound
from bot.hearing import place_of, read_as
from bot.pipeline import Road
from bot.standing import alert_seen
from bot.turn import Outcome, Span
from nlp.scheme import Intent
from scheduler.engine import DELIVERY
from storage import aead, crypto
from storage.database import Tx
from storage.enums import JOINED, Author, InvitePurpose, Review, Stage, Verdict
from storage.queries import (
    alerts,
    audit,
    invites,
    outbox,
    people,
    scheduled,
    timeline,
    turns,
    users,
)
from storage.queries import review as readings
from storage.queries.review import Labels
from storage.viewer import Viewer


@dataclass(frozen=True, slots=True, kw_only=True)
class Invited:
    """A link, shown once: only its hash is stored."""

    id: str
    url: str
    expires_at: datetime


async def judge(road: Road, viewer: Viewer, alert_id: str, verdict: Verdict, *, cause: str) -> None:
    """Say what an alert was worth. The same ``cause`` again changes nothing.

    Raises ``NotFound`` when the viewer may not know of the alert.
    """

    def work(tx: Tx) -> None:
        row, version = alerts.version_of(tx, viewer, alert_id)
        judged = actions.judged(
            alert_seen(row), verdict, user_id=viewer.id, via="console", cause=cause
        )
        turns.touch(tx, row.candidate_id, version)
        channels = records.verdicts(tx, Outcome(flow="console", verdicts=(judged,)))
        judging.after_verdicts(tx, road.vault, road.rulebook, [alert_id])
        road.engine.wake(tx, DELIVERY, sorted(channels))
        audit.append(
            tx,
            road.vault.keystore,
            viewer,
            "alert.judge",
            alert_id,
            details={"verdict": verdict.value},
        )

    await _decide(road, work)


async def review(road: Road, viewer: Viewer, reading_id: str, said: Review) -> None:
    """Say what a reading that was too unsure to alarm is worth: nothing, or an ordinary alert,
    raised once in the viewer's name. The same answer again changes nothing.

    Raises ``NotFound`` when the viewer may not know of the reading.
    """

    def work(tx: Tx) -> None:
        row = readings.bare(tx, viewer, reading_id)
        if not readings.answer(tx, row.message_id, said, user_id=viewer.id):
            return
        if said is Review.FOLLOW_UP:
            turns.touch(tx, row.candidate_id, row.candidate_version)
            channels = _follow_up(tx, road, viewer, row)
            road.engine.wake(tx, DELIVERY, sorted(channels))
        audit.append(
            tx,
            road.vault.keystore,
            viewer,
            "reading.review",
            reading_id,
            details={"answer": said.value},
        )

    await _decide(road, work)


def _follow_up(tx: Tx, road: Road, viewer: Viewer, row: Any) -> set[str]:
    """Raise the alert of a reading as its turn would have; the channels that carry its cards."""
    labels = readings.corrected_labels(row) or readings.read_labels(row)
    said = [(one.uid, one.text) for one in timeline.by_uids(tx, road.vault, row.covers)]
    spans = tuple(Span(**span) for span in row.evidence)
    alert = policy.followed(
        road.rulebook.policy,
        text="\n".join(text for _, text in said),
        first=place_of(spans[0], said) if spans else 0,
        spans=spans,
        intents=tuple(Intent(name) for name in labels.intents),
        commitment=labels.commitment,
        stage=row.stage or read_as(Stage(row.stage_now)),
        start_on=row.start_on,
        now=tx.now,
    )
    return records.about_candidate(
        tx,
        road.vault.key(tx, row.subject_id),
        vault=road.vault,
        rules=road.rulebook,
        candidate_id=row.candidate_id,
        conversation_id=row.conversation_id,
        source=row.uid,
        said_at=row.sent_at,
        outcome=Outcome(flow="review", alerts=(alert,)),
        channels=road.channels,
        raised_by=viewer.id,
    )


async def relabel(road: Road, viewer: Viewer, reading_id: str, labels: Labels) -> None:
    """Keep what a person says a message means. An unclear reading has been looked at with that.
    The same labels again change nothing.

    Raises ``NotFound`` when the viewer may not know of the reading.
    """

    def work(tx: Tx) -> None:
        row = readings.bare(tx, viewer, reading_id)
        before = readings.corrected_labels(row)
        if before == labels:
            return
        readings.correct(tx, row.message_id, labels, user_id=viewer.id)
        readings.answer(tx, row.message_id, Review.LABELLED, user_id=viewer.id)
        old, new = asdict(before or readings.read_labels(row)), asdict(labels)
        audit.append(
            tx,
            road.vault.keystore,
            viewer,
            "reading.label",
            reading_id,
            details={"fields": [name for name in new if new[name] != old[name]]},
        )

    await road.database.write(work)


async def reply(road: Road, viewer: Viewer, candidate_id: str, text: str, *, cause: str) -> str:
    """Write to a candidate in a person's name; the message's id. The bot keeps quiet there until
    released. The same ``cause`` again says nothing again.

    Raises ``NotFound`` for a person the viewer may not know of, ``Conflict`` when there is no
    conversation to write in, or the person cannot be reached there any more, and ``MayNotAsk`` for
    a question that the law forbids.
    """
    lawful(road, text)
    return await _decide(road, lambda tx: say(tx, road, viewer, candidate_id, text, cause=cause)[0])


def say(
    tx: Tx, road: Road, viewer: Viewer, candidate_id: str, text: str, *, cause: str
) -> tuple[str, bool]:
    """``reply`` inside a unit of work, of words found lawful: the message's id, and whether it was
    said only now. Raises as ``reply`` does, and ``Stale``."""
    people.get_candidate(tx, road.vault, viewer, candidate_id)
    try:
        talk = timeline.reply_to(tx, viewer, candidate_id, listens=road.listens)
    except NotFound:
        raise Conflict("this candidate has no conversation yet; make an invite") from None
    said = timeline.uid_of(tx, talk.channel, f"out:hr:{cause}")
    if said is not None:
        return said, False
    if not talk.reachable:
        raise Conflict("this person cannot be reached on that channel any more")
    turns.unchanged(
        tx,
        conversation_id=talk.id,
        version=talk.version,
        candidate_id=candidate_id,
        candidate_version=talk.candidate_version,
        muted=True,
    )
    key = road.vault.key(tx, talk.subject_id)
    sends = saying.said_by_us(
        tx,
        key,
        talk,
        idem=f"hr:{cause}",
        text=text,
        author=Author.HR,
        author_id=viewer.id,
    )
    scheduled.cancel(tx, kind="answer_due", person_id=candidate_id)
    road.engine.wake(tx, DELIVERY, sorted(outbox.enqueue(tx, sends)))
    audit.append(tx, road.vault.keystore, viewer, "chat.reply", candidate_id)
    return str(timeline.uid_of(tx, talk.channel, f"out:hr:{cause}")), True


async def hand_over(road: Road, viewer: Viewer, candidate_id: str) -> None:
    """Let the viewer go on with a candidate in the platform's own client. The bot keeps quiet
    there until released.

    Raises ``NotFound`` for a person the viewer may not know of, ``Conflict`` where nobody can, or
    the viewer is not known there, and a ``DeliveryError`` whose text says why it was refused.
    """

    def look(tx: Tx) -> tuple[Any, list[str]]:
        people.get_candidate(tx, road.vault, viewer, candidate_id)
        try:
            talk = timeline.reply_to(tx, viewer, candidate_id, listens=road.listens)
        except NotFound:
            raise Conflict("this candidate has no conversation yet; make an invite") from None
        accounts = users.chat_accounts(tx, viewer.id)
        return talk, [one.address for one in accounts if one.channel == talk.channel]

    def work(tx: Tx) -> None:
        # By now they may have written elsewhere: what was transferred is what has to be quiet.
        now = timeline.reply_to(tx, viewer, candidate_id, listens=road.listens, only=talk.id)
        turns.unchanged(
            tx,
            conversation_id=now.id,
            version=now.version,
            candidate_id=candidate_id,
            candidate_version=now.candidate_version,
            muted=True,
        )
        audit.append(tx, road.vault.keystore, viewer, "chat.hand_over", candidate_id)

    talk, known_at = await road.database.read(look)
    channel = road.channels.get(talk.channel)
    if not isinstance(channel, HandsOver) or not known_at:
        raise Conflict("you cannot take over on that channel")
    await channel.transfer(talk.address, known_at)
    await _decide(road, work)


async def release(road: Road, viewer: Viewer, candidate_id: str) -> None:
    """Let the bot speak again with a candidate. Raises ``NotFound``."""

    def work(tx: Tx) -> None:
        people.get_candidate(tx, road.vault, viewer, candidate_id)
        timeline.release(tx, viewer, candidate_id)
        audit.append(tx, road.vault.keystore, viewer, "chat.release", candidate_id)

    await road.database.write(work)


async def move(
    road: Road,
    viewer: Viewer,
    candidate_id: str,
    stage: Stage,
    *,
    start_on: date | None = None,
) -> None:
    """Move a candidate to a stage; only people do. Raises ``NotFound``."""

    def work(tx: Tx) -> None:
        people.set_stage(tx, viewer, candidate_id, stage, start_on=start_on)
        planning.replan(tx, road.rulebook, candidate_id)
        audit.append(
            tx,
            road.vault.keystore,
            viewer,
            "candidate.stage",
            candidate_id,
            details={"stage": stage.value},
        )

    await road.database.write(work)


async def invite(
    road: Road,
    viewer: Viewer,
    candidate_id: str,
    channel_name: str,
    *,
    days: int,
    member: bool | None = None,
    again: tuple[str, str] | None = None,
) -> Invited:
    """Make a link that opens a chat as this candidate. Raises ``NotFound`` or ``Conflict``.

    ``member``: they are one of the company's own on that platform; None: whoever has joined is.
    ``again`` is an idempotency key and the hash of its request: the same gives the same link.
    """
    channel = road.channels.get(channel_name)
    if channel is None:
        raise Conflict("this channel is not set up")
    who = await road.database.read(
        lambda tx: people.get_candidate(tx, road.vault, viewer, candidate_id)
    )
    token = secrets.token_urlsafe(32)
    if again is not None:
        # Only hashes of tokens are stored, so the second answer has to make the same token.
        token = _token(road, viewer.id, *again)
    joined = who.stage in JOINED if member is None else member
    # First: a link nobody can open is not kept.
    url = channel.invite_url(road.base_url, token, member=joined)

    def make(tx: Tx) -> str:
        invite_id, _ = invites.create_invite(
            tx,
            road.vault,
            token=token,
            purpose=InvitePurpose.CHAT,
            lifetime=timedelta(days=days),
            created_by=viewer.id,
            channel=channel_name,
            candidate_id=candidate_id,
            opens=channel.limits.link_is_chat,
        )
        audit.append(tx, road.vault.keystore, viewer, "invite.create", candidate_id)
        return invite_id

    def work(tx: Tx) -> tuple[str, datetime]:
        people.get_candidate(tx, road.vault, viewer, candidate_id)
        if again is None:
            made = make(tx)
        else:
            made, _ = users.once(tx, viewer.id, *again, lambda: make(tx))
        return made, invites.expiry(tx, made)

    invite_id, expires_at = await road.database.write(work)
    return Invited(id=invite_id, url=url, expires_at=expires_at)


def _token(road: Road, *parts: str) -> str:
    key = crypto.derive(road.vault.keystore, "invite-token")
    return aead.encode(hmac.digest(key, "\n".join(parts).encode(), "sha256"))


async def invite_colleague(
    road: Road, viewer: Viewer, user_id: str, channel_name: str, *, days: int = 1
) -> Invited:
    """Make a link that ties a chat account to a console user, for alert cards.

    They are of the company: where a platform knows its members, they sign in there.
    """
    channel = road.channels.get(channel_name)
    if channel is None or channel.limits.link_is_chat:
        raise Conflict("alert cards cannot be sent over this channel")
    token = secrets.token_urlsafe(32)
    # First: a link nobody can open is not kept.
    url = channel.invite_url(road.base_url, token, member=True)

    def work(tx: Tx) -> tuple[str, datetime]:
        made = invites.create_invite(
            tx,
            road.vault,
            token=token,
            purpose=InvitePurpose.CHAT,
            lifetime=timedelta(days=days),
            created_by=viewer.id,
            channel=channel_name,
            user_id=user_id,
        )
        audit.append(tx, road.vault.keystore, viewer, "invite.colleague", user_id)
        return made

    invite_id, expires_at = await road.database.write(work)
    return Invited(id=invite_id, url=url, expires_at=expires_at)
