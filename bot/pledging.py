"""The 承诺卡 on its way: HR confirms and sends it; the candidate confirms or asks for a change.

The candidate needs no account: a link of theirs leads to the card that stands. It is good until it
ends or is replaced, and confirms once. Each function is one unit of work with its audit link.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot import casework, offering, records, saying
from bot.alerts import policy
from bot.conversation.flows import pledge as flow
from bot.errors import Conflict, NotFound
from bot.offers.pledge import Body, Open, Side, written
from bot.pipeline import Road
from bot.turn import Outcome
from bot.words import fill, moment
from nlp.scheme import Severity
from scheduler.engine import DELIVERY
from storage.crypto import SubjectKey
from storage.database import Tx
from storage.enums import Author, InvitePurpose, InviteState
from storage.queries import invites, offers, outbox, people, timeline, turns
from storage.queries.offers import OfferRow, PledgeRow, RequestRow
from storage.queries.people import CandidateRow
from storage.viewer import SYSTEM, Viewer

#: How long a link is good.
LINK_DAYS = 14
#: Wishes of a candidate that may wait for an answer at once.
MOST_OPEN = 5


class Closed(Conflict):
    """A link that confirms nothing any more; ``worth`` says why."""

    def __init__(self, worth: InviteState) -> None:
        super().__init__(f"this link is {worth}")
        self.worth = worth


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """A link to the card. ``sent``: it is on its way in the candidate's chat."""

    url: str
    expires_at: datetime
    sent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What a link leads to. ``card`` and ``offer`` are None once the link ended."""

    invite_id: str
    worth: InviteState
    candidate: CandidateRow
    expires_at: datetime
    card: PledgeRow | None = None
    offer: OfferRow | None = None
    requests: tuple[RequestRow, ...] = ()

    @property
    def reads(self) -> bool:
        """Whether the card is shown: a used link still does until it ends."""
        return self.card is not None


# --- our side -----------------------------------------------------------------------------------


async def send(
    road: Road,
    viewer: Viewer,
    candidate_id: str,
    offer_id: str,
    *,
    answer_by: date | None,
    open_points: Sequence[Open] = (),
) -> Shared:
    """Put an offer on the table, write its card confirmed by us, and send the link to it.

    Raises ``NotFound``, ``Conflict`` and ``offering.Stopped``.
    """

    def work(tx: Tx, row: CandidateRow, key: SubjectKey) -> Shared:
        offering.sent(
            tx, road, viewer, row, key, offer_id, answer_by=answer_by, open_points=open_points
        )
        return _share(tx, road, viewer, row)

    return await casework.about(road, viewer, candidate_id, work)


async def rewrite(
    road: Road, viewer: Viewer, candidate_id: str, open_points: Sequence[Open]
) -> PledgeRow:
    """Write the card anew with other open points. Nobody has confirmed the new one, and links to
    the old one end.

    Raises ``NotFound``, and ``Conflict`` where no card stands.
    """

    def work(tx: Tx, row: CandidateRow, key: SubjectKey) -> PledgeRow:
        card = standing(offers.cards(tx, key, row.id), offers.offers(tx, key, row.id))
        if card is None or card.offer_id is None:
            raise Conflict("no card stands")
        body = Body(agreed=Body.model_validate(card.body).agreed, open=tuple(open_points))
        made = offers.write_card(
            tx, key, row.id, body.model_dump(mode="json"), offer_id=card.offer_id, by=viewer.id
        )
        invites.revoke(tx, row.id, InvitePurpose.PLEDGE)
        casework.noted(tx, road, viewer, "pledge.write", row.id, {"card": made.id})
        return made

    return await casework.about(road, viewer, candidate_id, work)


async def confirm(road: Road, viewer: Viewer, candidate_id: str, card_id: str) -> None:
    """Confirm a card for our side; again changes nothing. Raises ``NotFound``, ``Conflict``."""

    def work(tx: Tx, row: CandidateRow, _: SubjectKey) -> None:
        if offers.confirm(tx, row.id, card_id, by=viewer.id):
            casework.noted(tx, road, viewer, "pledge.confirm", row.id, {"card": card_id})

    await casework.about(road, viewer, candidate_id, work)


async def share(road: Road, viewer: Viewer, candidate_id: str) -> Shared:
    """Send a new link to the card that stands; the links before it end.

    Raises ``NotFound``, and ``Conflict`` where no card stands or we have not confirmed it.
    """

    def work(tx: Tx, row: CandidateRow, key: SubjectKey) -> Shared:
        card = standing(offers.cards(tx, key, row.id), offers.offers(tx, key, row.id))
        if card is None or card.ours_at is None:
            raise Conflict("no card stands that our side has confirmed")
        return _share(tx, road, viewer, row)

    return await casework.about(road, viewer, candidate_id, work)


def _share(tx: Tx, road: Road, viewer: Viewer, row: CandidateRow) -> Shared:
    invites.revoke(tx, row.id, InvitePurpose.PLEDGE)
    token = secrets.token_urlsafe(32)
    invite_id, expires_at = invites.create_invite(
        tx,
        road.vault,
        token=token,
        purpose=InvitePurpose.PLEDGE,
        lifetime=timedelta(days=LINK_DAYS),
        created_by=viewer.id,
        candidate_id=row.id,
    )
    url = f"{road.base_url}/f/{token}"
    sent = _told(tx, road, viewer, row, url, expires_at, idem=f"pledge:{invite_id}")
    details = {"invite": invite_id, "sent": sent}
    casework.noted(tx, road, viewer, "pledge.link", row.id, details)
    return Shared(url=url, expires_at=expires_at, sent=sent)


def _told(
    tx: Tx,
    road: Road,
    viewer: Viewer,
    row: CandidateRow,
    url: str,
    expires_at: datetime,
    *,
    idem: str,
) -> bool:
    """Say the link in the candidate's own chat. False: there is none that reaches them."""
    row_key = road.vault.key(tx, row.subject_id)
    try:
        talk = timeline.reply_to(tx, viewer, row.id, listens=road.listens)
    except NotFound:
        return False
    if not talk.reachable or talk.channel not in road.channels:
        return False
    card = standing(offers.cards(tx, row_key, row.id), offers.offers(tx, row_key, row.id))
    assert card is not None  # nobody shares a link to nothing
    lines = written(Body.model_validate(card.body))
    text = fill(
        road.rulebook.replies.pledge_link,
        name=row.name,
        company=road.rulebook.company,
        link=url,
        lines=lines,
        answer_by=moment(expires_at),
    )
    key = road.vault.key(tx, talk.subject_id)
    offered = flow.choices(road.rulebook.replies, card.id)
    sends = saying.said_by_us(
        tx, key, talk, idem=idem, text=text, author=Author.BOT, choices=offered
    )
    road.engine.wake(tx, DELIVERY, sorted(outbox.enqueue(tx, sends)))
    return True


# --- the candidate ------------------------------------------------------------------------------


def standing(cards: Sequence[PledgeRow], versions: Sequence[OfferRow]) -> PledgeRow | None:
    """The card both sides may confirm: not replaced, of an offer that is on the table."""
    alive = {one.id for one in versions if one.state in ("sent", "accepted")}
    fit = (one for one in cards if one.replaced_at is None and one.offer_id in alive)
    return next(fit, None)


def opened(tx: Tx, road: Road, token: str) -> Opened:
    """What a link leads to now. Raises ``NotFound`` for one that never was, or of somebody
    erased."""
    link = invites.by_token(tx, token, InvitePurpose.PLEDGE, channel=None)
    if link is None or link.candidate_id is None:
        raise NotFound("no such link")
    row = people.get_candidate(tx, road.vault, SYSTEM, link.candidate_id)
    worth = invites.state(link, tx.now)
    if link.expires_at <= tx.now and worth is InviteState.USED:
        worth = InviteState.EXPIRED
    found = Opened(invite_id=link.id, worth=worth, candidate=row, expires_at=link.expires_at)
    if worth in (InviteState.REVOKED, InviteState.EXPIRED):
        return found
    key = road.vault.key(tx, row.subject_id)
    versions = offers.offers(tx, key, row.id)
    card = standing(offers.cards(tx, key, row.id), versions)
    if card is None:
        return Opened(
            invite_id=link.id,
            worth=InviteState.REVOKED,
            candidate=row,
            expires_at=link.expires_at,
        )
    return Opened(
        invite_id=link.id,
        worth=worth,
        candidate=row,
        expires_at=link.expires_at,
        card=card,
        offer=next(one for one in versions if one.id == card.offer_id),
        requests=tuple(offers.requests(tx, key, row.id)),
    )


async def confirm_by_link(road: Road, visitor: Viewer, token: str, card_id: str) -> None:
    """The candidate confirms the version they read; the link confirms nothing after that.

    Raises ``NotFound``, ``Closed`` for a link that is used or ended, ``Conflict`` for a version
    that does not stand any more.
    """

    def work(tx: Tx) -> None:
        found = opened(tx, road, token)
        if found.worth is not InviteState.WAITING:
            raise Closed(found.worth)
        row = found.candidate
        if offering.confirmed(tx, road, row.id, card_id, via="page", visitor=visitor):
            text = flow.told(road.rulebook.replies, row.name, row.position_title)
            idem, over = f"told:{found.invite_id}", road.channels
            told = saying.tell(tx, road.vault, row.owner_id, text, idem=idem, channels=over)
            road.engine.wake(tx, DELIVERY, sorted(told))
        if not invites.use_invite(tx, found.invite_id):
            raise Closed(InviteState.USED)

    await road.database.write(work)


async def ask_by_link(road: Road, visitor: Viewer, token: str, what: str, *, once: str) -> None:
    """The candidate asks for something else: a dated request, and an alert that HR answers.

    ``once`` names the form that was sent: the same one again is the same request. Raises
    ``NotFound``, ``Closed``, and ``Conflict`` while too many wait.
    """

    def work(tx: Tx) -> None:
        found = opened(tx, road, token)
        row, source = found.candidate, f"page:{once}"
        if not found.reads:
            raise Closed(found.worth)
        if any(one.source == source for one in found.requests):
            return
        waiting = [one for one in found.requests if one.state == "open"]
        if len(waiting) >= MOST_OPEN:
            raise Conflict("too many requests wait for an answer")
        turns.touch(tx, row.id, row.version)
        key = road.vault.key(tx, row.subject_id)
        side = Side.CANDIDATE.value
        made = offers.ask_change(tx, key, row.id, {"what": what}, side=side, source=source)
        alert = policy.own(road.rulebook.policy, policy.CHANGE, what[:200], Severity.TODAY, tx.now)
        channels = records.about_candidate(
            tx,
            key,
            vault=road.vault,
            rules=road.rulebook,
            candidate_id=row.id,
            conversation_id=None,
            source=made,
            said_at=tx.now,
            outcome=Outcome(flow="pledge", alerts=(alert,)),
            channels=road.channels,
        )
        road.engine.wake(tx, DELIVERY, sorted(channels))
        details = {"request": made, "side": side}
        casework.noted(tx, road, visitor, "pledge.request", row.id, details)

    await casework.decide(road, work)


def looked(tx: Tx, road: Road, visitor: Viewer, found: Opened) -> None:
    """Note that somebody read the card by its link."""
    if found.card is not None:
        details = {"card": found.card.id}
        casework.noted(tx, road, visitor, "pledge.read", found.candidate.id, details)
