"""A candidate's card for a colleague's own chat: asked for in the console, drawn when it leaves.

It is drawn for whoever it is for, as they are then: a role that was taken away, a candidate who
became somebody else's and a chat that was tied to another person get none.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bot import appraisal
from bot.alerts import portrait
from bot.alerts.portrait import Asked, Event, Fit, Happened, Portrait, Risk, Todo
from bot.errors import Conflict, NotFound
from bot.messages import Card
from bot.offers import pledge
from bot.offers.terms import Terms
from bot.pipeline import Road
from bot.risk import engine
from bot.turn import FactorSeen
from bot.words import step_name
from scheduler.engine import DELIVERY
from scheduler.errors import GiveUp
from storage.database import Tx
from storage.enums import AlertStatus, OutboxKind, Role, StepKind
from storage.queries import alerts, audit, offers, outbox, people, steps, timeline, users
from storage.queries import appraisal as kept
from storage.queries.offers import OfferRow, PledgeRow
from storage.queries.outbox import NewSend
from storage.queries.people import CandidateRow
from storage.viewer import Permission, Viewer

OPEN = (AlertStatus.OPEN, AlertStatus.ACKNOWLEDGED)
#: A contribution smaller than this is as good as faded.
LEAST = 0.5
_SETTLED = {"accepted": Happened.OFFER_ACCEPTED, "declined": Happened.OFFER_DECLINED}
#: Read by HR beside a card that did not leave.
GONE = "收卡片的人已看不到这位候选人，或聊天账号已换人，没有发送"


def place(tx: Tx, road: Road, viewer: Viewer) -> Any:
    """The viewer's own chat (id, channel) a card would go to; None: none is connected."""
    running = {name for name, one in road.channels.items() if not one.limits.link_is_chat}
    return alerts.reached(tx, viewer.id, running)


async def send(road: Road, viewer: Viewer, candidate_id: str) -> str:
    """Send the card to the viewer's own chat; the channel. Again within a minute sends no second.

    Raises ``NotFound`` when the viewer may not know of the candidate, ``Conflict`` when they have
    no chat connected.
    """

    def work(tx: Tx) -> str:
        row = people.get_candidate(tx, road.vault, viewer, candidate_id)
        talk = place(tx, road, viewer)
        if talk is None:
            raise Conflict("no chat is connected")
        card = NewSend(
            idem=f"portrait:{row.id}:{viewer.id}:{talk.id}:{tx.now:%Y%m%d%H%M}",
            channel=talk.channel,
            conversation_id=talk.id,
            kind=OutboxKind.PORTRAIT,
            payload=f"{row.id} {viewer.id}",
        )
        woken = outbox.enqueue(tx, [card])
        road.engine.wake(tx, DELIVERY, sorted(woken))
        details = {"channel": talk.channel}
        audit.append(tx, road.vault.keystore, viewer, "candidate.card", row.id, details=details)
        return str(talk.channel)

    return await road.database.write(work)


def card(tx: Tx, road: Road, payload: str, conversation_id: str) -> Card:
    """The card as its receiver may see it now. Raises ``GiveUp``."""
    candidate_id, _, user_id = payload.partition(" ")
    user = users.of_chat(tx, conversation_id)
    if user is None or user.id != user_id:
        raise GiveUp(GONE)
    viewer = Viewer.of_user(user.id, user.name, Role(user.role))
    try:
        row = people.get_candidate(tx, road.vault, viewer, candidate_id)
    except NotFound as error:
        raise GiveUp(GONE) from error
    policy = road.rulebook.policy
    link = f"{road.base_url}/console/candidates/{row.id}"
    return portrait.drawn(
        policy.portrait, policy.stages, seen(tx, road, viewer, row), now=tx.now, link=link
    )


def seen(tx: Tx, road: Road, viewer: Viewer, row: CandidateRow) -> Portrait:
    """What the viewer may see of a candidate they may know of."""
    key = road.vault.key(tx, row.subject_id)
    pays = viewer.may(Permission.OFFER_READ)
    hears = viewer.may(Permission.CHAT_READ)
    versions = offers.offers(tx, key, row.id) if pays else []
    pledges = offers.cards(tx, key, row.id) if pays else []
    planned = [
        one
        for one in steps.steps(tx, key, row.id)
        # A colleague's own words are for whoever may read the talk.
        if not one.dropped and (hears or one.kind is not StepKind.OTHER)
    ]
    words = road.rulebook.replies
    names_of = {one.id: step_name(words, one.kind, one.words) for one in planned}
    table = next((one for one in versions if one.state in ("sent", "accepted")), None)
    asked = _asked(tx, road, viewer, row.id) if viewer.may(Permission.ALERT_READ) else []
    fit = None
    if hears:
        _, found = appraisal.look(tx, road.vault, key, road.rulebook, row)
        names = road.rulebook.match.names
        fit = Fit(
            score=found.score, parts=tuple((names[one.part], one.score) for one in found.parts)
        )
    todos = [Todo(what=names_of[one.id], by=one.due_on) for one in planned if one.open]
    events = [Event(at=row.stage_at, kind=Happened.STAGE, what=_stage(road, row))]
    events += [
        Event(at=one.closed_at, kind=Happened.STEP_DONE, what=names_of[one.id])
        for one in planned
        if one.closed_at is not None
    ]
    if hears:
        talked = timeline.last_times(tx, viewer, [row.id]).get(row.id)
        events += [Event(at=talked, kind=Happened.TALKED)] if talked else []
    return Portrait(
        name=row.name,
        position=row.position_title,
        stage=row.stage,
        stage_at=row.stage_at,
        start_on=row.start_on,
        agreed=agreed(table) if table else None,
        accepted=table is not None and table.state == "accepted",
        fit=fit,
        risk=_risk(tx, road, row.id, tx.now) if hears else None,
        asked=tuple(asked),
        todos=(*todos, *_owed(pledges)),
        events=(*events, *_offered(versions), *_pledged(pledges)),
    )


def _stage(road: Road, row: CandidateRow) -> str:
    return road.rulebook.policy.stages[row.stage]


def agreed(offer: OfferRow) -> tuple[str, ...]:
    """The values people read in an offer; the first is the pay."""
    terms = {name: value for name, value in offer.terms.items() if name != "reason"}
    return tuple(value for _, value in pledge.agreed(Terms.model_validate(terms)))


def _asked(tx: Tx, road: Road, viewer: Viewer, candidate_id: str) -> list[Asked]:
    """Open alerts, the most urgent first."""
    policy = road.rulebook.policy
    found = alerts.page(tx, road.vault, viewer, candidate_id=candidate_id, statuses=OPEN)
    return [
        Asked(
            topic=policy.names[one.topic],
            question=policy.questions[one.question],
            quote=one.quote,
            due_at=one.due_at,
        )
        for one in sorted(found, key=lambda one: one.due_at)
    ]


def _risk(tx: Tx, road: Road, candidate_id: str, now: datetime) -> Risk:
    """What counts now: of each rule its strongest contribution."""
    rules = road.rulebook.risk
    standing = [one for one in kept.history(tx, candidate_id) if one.ended_at is None]
    known = [
        FactorSeen(rule=one.rule, adds=one.adds, fades_after_days=one.fades_after_days, at=one.at)
        for one in standing
    ]
    points: dict[str, float] = {}
    for one in known:
        left = engine.left(one, now)
        if abs(left) >= LEAST and abs(left) > abs(points.get(one.rule, 0.0)):
            points[one.rule] = left
    ranked = sorted(points, key=lambda name: -abs(points[name]))
    score = engine.score(known, now)
    return Risk(
        score=score,
        level=engine.level(score),
        reasons=tuple(rules[name].says if name in rules else name for name in ranked),
        ask=next((rules[name].ask for name in ranked if name in rules and rules[name].ask), ""),
    )


def _owed(cards: Sequence[PledgeRow]) -> list[Todo]:
    """What the newest card that was not replaced leaves open."""
    standing = next((one for one in cards if one.replaced_at is None), None)
    if standing is None:
        return []
    body = pledge.Body.model_validate(standing.body)
    return [Todo(what=one.what, by=one.by, side=one.who.value) for one in body.open]


def _offered(versions: Sequence[OfferRow]) -> list[Event]:
    found = []
    for one in versions:
        if one.sent_at is not None:
            found.append(Event(at=one.sent_at, kind=Happened.OFFER_SENT, what=str(one.number)))
        if one.settled_at is not None and one.state in _SETTLED:
            kind = _SETTLED[one.state]
            found.append(Event(at=one.settled_at, kind=kind, what=str(one.number)))
    return found


def _pledged(cards: Sequence[PledgeRow]) -> list[Event]:
    found = []
    for one in cards:
        if one.ours_at is not None:
            found.append(Event(at=one.ours_at, kind=Happened.PLEDGE_OURS))
        if one.theirs_at is not None:
            found.append(Event(at=one.theirs_at, kind=Happened.PLEDGE_THEIRS))
    return found
