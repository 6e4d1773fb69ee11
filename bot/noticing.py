"""Telling colleagues of an alert: at once, later, or together with others.

``notify`` is called where an alert is raised or joined; ``tell_due`` when what waited is due. Both
ask ``bot.alerts.routing`` when somebody's turn is, and keep the answer as a notice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Any

from bot.alerts import routing
from bot.alerts.routing import Case, Telling, Turn, Why
from bot.channels.base import Channel
from bot.rulebook import Rulebook
from bot.saying import said_by_us, send_cards
from nlp.scheme import Severity
from storage.database import Tx
from storage.enums import AlertEventKind, AlertStatus, Author, NoticeState
from storage.queries import alerts, covering, notices, outbox, standings
from storage.queries.alerts import Raised
from storage.vault import Vault
from storage.viewer import SYSTEM

#: Notices of one colleague that are looked at together.
_TOGETHER = 5000


@dataclass(kw_only=True)
class Means:
    """What telling goes by within one transaction."""

    tx: Tx
    vault: Vault
    rules: Rulebook
    channels: Mapping[str, Channel]
    _talks: dict[str, Any] = field(default_factory=dict)

    @property
    def telling(self) -> Telling:
        return self.rules.policy.telling

    @cached_property
    def demoted(self) -> frozenset[str]:
        """Topics whose record was too bad for cards."""
        return standings.demoted(self.tx)

    def talk(self, user_id: str) -> Any:
        """Where a colleague is told things; None: nowhere yet."""
        if user_id not in self._talks:
            self._talks[user_id] = alerts.reached(self.tx, user_id, self.channels)
        return self._talks[user_id]

    def editable(self, channel: str) -> bool:
        """Whether a card that stands there can be changed."""
        return channel in self.channels and self.channels[channel].limits.editable

    def turn(
        self,
        alert: Any,
        user_id: str,
        notice: Any,
        *,
        settled: Any = None,
        pressing: bool = False,
        cards: int | None = None,
    ) -> Turn:
        """When a colleague is to be shown an alert. ``notice``: theirs, if there is one."""
        limit = self.telling.limit
        if cards is None:
            since = self.tx.now - timedelta(minutes=limit.minutes)
            cards = notices.cards_since(self.tx, user_id, since)
        return routing.turn(
            self.telling,
            self.rules.calendar,
            Case(
                severity=Severity(alert.severity),
                core=alert.topic in self.telling.topics_at_once,
                demoted=alert.topic in self.demoted,
                reachable=self.talk(user_id) is not None,
                settled_at=settled.verdict_at if settled is not None else None,
                snoozed_until=alert.snoozed_until,
                shown_at=notice.sent_at if notice is not None else None,
                pressing=pressing,
                cards=cards,
                folded_at=notices.folded_at(self.tx, user_id) if cards >= limit.cards else None,
            ),
            self.tx.now,
        )


def notify(
    tx: Tx,
    vault: Vault,
    rules: Rulebook,
    *,
    raised: Raised,
    source: str,
    by: str | None,
    channels: Mapping[str, Channel],
) -> set[str]:
    """Keep that an alert was raised or joined, and tell whose it is, now or when their time comes.

    ``source``: what it came from; ``by``: the colleague who raised it. Without ``channels`` nobody
    is told, now or later. The channels that have work to deliver.
    """
    kind = AlertEventKind.JOINED if raised.joined else AlertEventKind.RAISED
    alert = notices.case(tx, raised.alert_id)
    about = {"severity": alert.severity, "source": source}
    cause = f"{kind.value}:{alert.id}:{raised.revision}"
    notices.happened(tx, alert.id, kind, cause=cause, user_id=by, about=about)
    if not channels:
        return set()
    means = Means(tx=tx, vault=vault, rules=rules, channels=channels)
    words = means.telling.words
    return tell(
        means,
        alert,
        settled=_settled(tx, alert),
        pressing=raised.graver,
        words=words.graver if raised.graver else words.again,
        first=not raised.joined,
    )


def _settled(tx: Tx, alert: Any) -> Any:
    """The same alert before, if this one is no graver than that was."""
    found = notices.settled(tx, alert)
    return found if found is not None and alert.severity_rank <= found.severity_rank else None


def tell(
    means: Means,
    alert: Any,
    *,
    settled: Any = None,
    pressing: bool = False,
    words: str,
    first: bool = False,
) -> set[str]:
    """Show an alert as it stands now to everybody it is for, each when their turn is.

    ``words``: what is said to those who were shown it before. ``first``: it is new, and its due
    time counts from when somebody can know of it.
    """
    tx, woken = means.tx, set[str]()
    known = {row.user_id: row for row in notices.of_alert(tx, alert.id)}
    if not first:
        woken |= changed(means, alert)
    turns: list[Turn] = []
    for user_id, level in _people(means, alert, known).items():
        notice = known.get(user_id)
        turn = means.turn(alert, user_id, notice, settled=settled, pressing=pressing)
        woken |= _keep(means, alert, user_id, level, notice, turn, words)
        turns.append(turn)
    late = {Why.QUIET, Why.COOLDOWN}
    if first and turns and all(turn.why in late for turn in turns):
        told_at = min(turn.at for turn in turns)
        notices.due_from(tx, alert.id, told_at + (alert.due_at - alert.raised_at))
    return woken


def passed_on(means: Means, candidate_id: str) -> set[str]:
    """Somebody's unresolved alerts are another colleague's now: who had them waits for none of
    them any more, and who has them is shown each when their turn is."""
    tx, woken = means.tx, set[str]()
    theirs = {one.user_id for one in covering.first(tx, candidate_id)}
    for one in alerts.unresolved(tx, candidate_id):
        for row in notices.of_alert(tx, one.id):
            waits = row.state == NoticeState.WAITING.value and row.level == 0
            if waits and row.user_id not in theirs:
                notices.move(tx, row, state=NoticeState.DROPPED.value)
        woken |= tell(means, notices.case(tx, one.id), words=means.telling.words.again)
    return woken


def changed(means: Means, alert: Any) -> set[str]:
    """Change an alert's card where it stands, without a sound; where that cannot be done nothing
    is sent: whose alert it is is shown a new one."""
    places = alerts.card_places(means.tx, alert.id)
    silent = [place for place in places if means.editable(place.channel)]
    return send_cards(means.tx, alert.id, alert.revision, silent)


def _people(means: Means, alert: Any, known: Mapping[str, Any]) -> dict[str, int]:
    """Whose case it is, and whoever the alert has gone up to, with their levels."""
    people = {row.user_id: row.level for row in known.values() if row.level > 0}
    return {one.user_id: 0 for one in covering.first(means.tx, alert.candidate_id)} | people


def _keep(
    means: Means, alert: Any, user_id: str, level: int, notice: Any, turn: Turn, words: str
) -> set[str]:
    """Show it if it is their turn, and keep when it is."""
    tx, sent_at = means.tx, notice.sent_at if notice is not None else None
    state, due_at, woken = NoticeState.WAITING, turn.at, set[str]()
    waits = notice is not None and notice.state == NoticeState.WAITING.value
    if turn.why is Why.NONE:
        woken = show(means, alert, means.talk(user_id), again=sent_at is not None, words=words)
        state, sent_at = NoticeState.SENT, tx.now
    elif turn.digest or (turn.why is Why.JOINED and _stands(means, alert, user_id)):
        if sent_at is not None:  # what they were shown has just been changed
            notices.move(tx, notice, revision=alert.revision)
            return set()
        state = NoticeState.FOLDED
    elif waits and turn.why is not Why.SNOOZED:
        due_at = min(due_at, notice.due_at)  # who goes on does not put it off
    notices.put(
        tx, alert.id, user_id, state=state, why=turn.why.value, level=level,
        revision=alert.revision, due_at=due_at, sent_at=sent_at,
    )  # fmt: skip
    return woken


def _stands(means: Means, alert: Any, user_id: str) -> bool:
    """Whether a card that can be changed stands before a colleague."""
    talk = means.talk(user_id)
    if talk is None or not means.editable(talk.channel):
        return False
    return any(place.id == talk.id for place in alerts.card_places(means.tx, alert.id))


def show(means: Means, alert: Any, talk: Any, *, again: bool, words: str) -> set[str]:
    """An alert's card to one colleague. Where one stands and is changed, that makes no sound: they
    are told of it, if they have seen it before (``again``)."""
    tx = means.tx
    woken: set[str] = set()
    standing = alerts.card_at(tx, alert.id, talk.id)
    if again and standing is not None and means.editable(talk.channel):
        row = alerts.get(tx, means.vault, SYSTEM, alert.id)
        policy = means.rules.policy
        text = words.format(
            name=row.candidate_name,
            topic=policy.names[row.topic],
            severity=policy.severities[Severity(row.severity)],
        )
        woken |= say(means, talk, text, idem=f"again:{alert.id}:{alert.revision}")
    return woken | send_cards(tx, alert.id, alert.revision, [talk])


def say(means: Means, talk: Any, text: str, *, idem: str) -> set[str]:
    """A line to one colleague, once for its cause."""
    key = means.vault.key(means.tx, talk.subject_id)
    sends = said_by_us(means.tx, key, talk, idem=f"{idem}:{talk.id}", text=text, author=Author.BOT)
    return outbox.enqueue(means.tx, sends)


def tell_due(means: Means, user_id: str, *, link: str) -> set[str]:
    """Whatever one colleague is due to be shown: gravest first as cards, and what exceeds their
    limit in one message. The channels that have work."""
    tx, limit = means.tx, means.telling.limit
    notices.hold(tx, user_id)
    rows = [row for row in notices.due(tx, user_id, limit=_TOGETHER) if not _dropped(tx, row)]
    cards = notices.cards_since(tx, user_id, tx.now - timedelta(minutes=limit.minutes))
    woken: set[str] = set()
    many: list[Any] = []
    for row in rows:
        turn = means.turn(row, user_id, row, cards=cards)
        if turn.why is Why.NONE:
            again = row.sent_at is not None
            words = means.telling.words.again
            woken |= show(means, row, means.talk(user_id), again=again, words=words)
            sent = {"state": NoticeState.SENT.value, "why": "", "sent_at": tx.now}
            notices.move(tx, row, revision=row.revision, **sent)
            cards += 1
        elif turn.why is Why.LIMIT:
            many.append(row)
        elif turn.digest:
            notices.move(tx, row, state=NoticeState.FOLDED.value, why=turn.why.value)
        else:
            notices.move(tx, row, due_at=turn.at, why=turn.why.value)
    return woken | _fold(means, user_id, many, link)


def _dropped(tx: Tx, row: Any) -> bool:
    """Whether nothing is to be shown any more: it is over, or somebody looked meanwhile."""
    looked = row.verdict_at is not None and row.verdict_at >= row.created_at
    if looked or row.status == AlertStatus.RESOLVED.value or row.erased_at is not None:
        notices.move(tx, row, state=NoticeState.DROPPED.value)
        return True
    return False


def _fold(means: Means, user_id: str, many: list[Any], link: str) -> set[str]:
    """One message for many alerts, unless there was one within the window."""
    tx, rules = means.tx, means.telling
    if not many:
        return set()
    last = notices.folded_at(tx, user_id)
    if last is not None and last + timedelta(minutes=rules.limit.minutes) > tx.now:
        due_at = last + timedelta(minutes=rules.limit.minutes)
        for row in many:
            notices.move(tx, row, due_at=due_at, why=Why.LIMIT.value)
        return set()
    text = routing.folded(rules, means.rules.policy.severities, _counts(many), link)
    for row in many:
        told = {"state": NoticeState.FOLDED.value, "why": Why.LIMIT.value, "sent_at": tx.now}
        notices.move(tx, row, revision=row.revision, **told)
    idem = f"folded:{user_id}:{tx.now.timestamp():.3f}"
    return say(means, means.talk(user_id), text, idem=idem)


def _counts(rows: Iterable[Any]) -> Counter[Severity]:
    return Counter(Severity(row.severity) for row in rows)
