"""An alert's card for the colleague whose chat it goes to: gathered as they may see it now.

A role that was taken away, a candidate who became somebody else's, a chat that was tied to another
person: none of them is shown anything of the alert, and a card that stands there loses its words.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from bot import appraisal, portraying
from bot.alerts import cards, playbooks
from bot.alerts.cards import AlertShown, Before
from bot.alerts.playbooks import Suggestion
from bot.errors import NotFound
from bot.messages import Card, Receipt
from bot.pipeline import Road
from bot.profile import pay
from bot.rulebook import Rulebook
from bot.standing import alert_shown
from scheduler.errors import GiveUp
from storage.database import Tx
from storage.enums import AlertStatus, Author, Role
from storage.queries import alert_history, alerts, offers, people, quoting, snoozes, timeline, users
from storage.queries.alerts import AlertRow
from storage.queries.people import CandidateRow
from storage.queries.timeline import MessageRow
from storage.viewer import SYSTEM, Permission, Viewer

#: Messages looked through for the two turns before the quoted ones, and how many are shown.
LOOKED, BEFORE = 12, 2
#: Read by HR beside a card that did not leave.
GONE = "收卡片的人已看不到这位候选人，没有发送"


@dataclass(frozen=True, slots=True)
class CardToSend:
    """A card as it stands now, and where an older state of it stands."""

    card: Card
    revision: int
    replaces: Receipt | None


def card(tx: Tx, road: Road, alert_id: str, conversation_id: str) -> CardToSend | None:
    """The card to send to a chat; None: what stands there is as new. Raises ``GiveUp``."""
    try:
        row = alerts.get(tx, road.vault, SYSTEM, alert_id)
    except NotFound as error:
        raise GiveUp("the alert does not exist any more") from error
    standing = alerts.card_at(tx, alert_id, conversation_id)
    if standing is not None and standing.revision >= row.revision:
        return None
    policy, viewer = road.rulebook.policy, reader(tx, conversation_id)
    try:
        alert = seen(tx, road, viewer, alert_id) if viewer is not None else None
    except NotFound:
        alert = None
    if alert is None and standing is None:
        raise GiveUp(GONE)
    return CardToSend(
        card=cards.drawn(policy, alert, link=f"{road.base_url}/console/alerts/{alert_id}")
        if alert is not None
        else cards.gone(policy, alert_shown(row)),
        revision=row.revision,
        replaces=Receipt(standing.receipt) if standing is not None else None,
    )


def reader(tx: Tx, conversation_id: str) -> Viewer | None:
    """The colleague whose chat a conversation is, if alerts are for them."""
    user = users.of_chat(tx, conversation_id)
    if user is None:
        return None
    viewer = Viewer.of_user(user.id, user.name, Role(user.role))
    return viewer if viewer.may(Permission.ALERT_READ) else None


def seen(tx: Tx, road: Road, viewer: Viewer, alert_id: str) -> AlertShown:
    """An alert with what belongs to it, as a viewer may see it. Raises ``NotFound``."""
    row = alerts.get(tx, road.vault, viewer, alert_id)
    who = people.get_candidate(tx, road.vault, viewer, row.candidate_id)
    shown = replace(alert_shown(row, snoozes.standing(tx, alert_id)), start_on=who.start_on)
    if viewer.may(Permission.OFFER_READ):
        shown = _with_pay(tx, road, viewer, who, shown)
    if not viewer.may(Permission.CHAT_READ):
        return replace(shown, quote="")
    said, before = passage(tx, road, row)
    stands = alert_history.standings(tx, [row.id])[row.id]
    spoken = said.sent_at if said is not None else row.raised_at
    # Words that came after an answer want another one.
    answered = stands.answered_at is not None and stands.answered_at >= spoken
    waits = row.status is not AlertStatus.RESOLVED and not answered
    offered = suggested(road.rulebook, viewer, row, who.start_on) if waits else None
    return replace(
        shown,
        answered_by=stands.answered_by if answered else "",
        answered_at=stands.answered_at if answered else None,
        said_at=said.sent_at if said is not None else None,
        before=tuple(
            Before(ours=one.author is not Author.CANDIDATE, text=one.text) for one in before
        ),
        draft=offered.draft if offered is not None else "",
    )


def suggested(
    rules: Rulebook, viewer: Viewer, row: AlertRow, start_on: date | None
) -> Suggestion | None:
    """What the playbook would answer to an alert, in the viewer's name where they are a person."""
    values = playbooks.values_of(
        name=row.candidate_name,
        company=rules.company,
        hr=viewer.name if viewer.role is not None else "",
        position=row.position_title,
        start_on=start_on,
    )
    return playbooks.suggestion(rules.playbooks, topic=row.topic, stage=row.stage, values=values)


def passage(tx: Tx, road: Road, row: AlertRow) -> tuple[MessageRow | None, tuple[MessageRow, ...]]:
    """The last message an alert quotes, and up to two turns before the quoted ones."""
    uid = row.source or quoting.source(tx, row.id)
    found = timeline.by_uids(tx, road.vault, [uid]) if uid else []
    if not found:
        return None, ()
    said = found[0]
    said_before = timeline.chat(tx, road.vault, said.conversation_id, before=said.id, limit=LOOKED)
    while said_before and _quoted(said_before[-1], row.quote):  # of the same breath
        said_before.pop()
    return said, tuple(said_before[-BEFORE:])


def _quoted(one: MessageRow, quote: str) -> bool:
    return one.author is Author.CANDIDATE and one.text in quote


def _with_pay(
    tx: Tx, road: Road, viewer: Viewer, who: CandidateRow, shown: AlertShown
) -> AlertShown:
    """The offer on the table, and what the position may cost."""
    key = road.vault.key(tx, who.subject_id)
    versions = offers.offers(tx, key, who.id)
    table: Any = next((one for one in versions if one.state in ("sent", "accepted")), None)
    budget = appraisal.budget_of(_position(tx, viewer, who))
    return replace(
        shown,
        agreed=portraying.agreed(table) if table is not None else (),
        accepted=table is not None and table.state == "accepted",
        budget=pay.shown(budget) if budget is not None else "",
    )


def _position(tx: Tx, viewer: Viewer, who: CandidateRow) -> Any:
    if who.position_id is None:
        return None
    try:
        return people.get_position(tx, viewer, who.position_id)
    except NotFound:
        return None
