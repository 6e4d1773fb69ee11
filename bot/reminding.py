"""Alerts that nobody looks at: what waited is told, what was put off comes back, what stays
untouched goes up. The clock calls ``tick``; whatever it does is done once, whoever ticks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from bot import noticing
from bot.alerts import routing
from bot.alerts.routing import Turn, Why
from bot.errors import Stale
from bot.noticing import Means
from bot.pipeline import Road
from nlp.scheme import Severity
from scheduler.engine import DELIVERY
from storage.database import Tx
from storage.enums import AlertEventKind, NoticeState
from storage.queries import covering, notices, turns
from storage.queries.covering import Told

#: Alerts that are looked at in one transaction, and colleagues in one tick.
_AT_ONCE, _COLLEAGUES = 50, 500


async def tick(road: Road) -> int:
    """Wake, tell, and pass on; how many alerts and colleagues that concerned."""
    done = await road.database.write(partial(_wake, road))
    users = await road.database.read(lambda tx: notices.due_users(tx, limit=_COLLEAGUES))
    for user_id in users:
        done += await road.database.write(partial(_tell, road, user_id))
    after = ""
    while True:
        rows = await road.database.read(partial(_unheeded, road, after=after))
        if rows:
            done += await road.database.write(partial(_rise, road, rows))
            after = rows[-1].id
        if len(rows) < _AT_ONCE:
            return done


def _means(road: Road, tx: Tx) -> Means:
    return Means(tx=tx, vault=road.vault, rules=road.rulebook, channels=road.channels)


def _tell(road: Road, user_id: str, tx: Tx) -> int:
    link = f"{road.base_url}/console"
    woken = noticing.tell_due(_means(road, tx), user_id, link=link)
    road.engine.wake(tx, DELIVERY, sorted(woken))
    return 1


# --- put off, and back again ---------------------------------------------------------------------


def _wake(road: Road, tx: Tx) -> int:
    """Show again what was put off until now. Its due time counts from now on."""
    means, woken, count = _means(road, tx), set[str](), 0
    held: dict[str, int] = {}
    for row in notices.woken(tx, limit=_AT_ONCE):
        version = held.get(row.candidate_id, row.candidate_version)
        try:
            turns.touch(tx, row.candidate_id, version)
        except Stale:  # somebody decides about them right now: at the next tick
            continue
        held[row.candidate_id] = version + 1
        cause = f"woken:{row.id}:{row.snoozed_until.timestamp():.0f}"
        if not notices.happened(tx, row.id, AlertEventKind.WOKEN, cause=cause):
            continue
        hours = road.rulebook.policy.due_hours[Severity(row.severity)]
        due_at = max(row.due_at, tx.now + timedelta(hours=hours))
        notices.wake(tx, row, due_at=due_at)
        alert = notices.case(tx, row.id)
        words = means.telling.words.woken
        woken |= noticing.tell(means, alert, pressing=True, words=words)
        count += 1
    road.engine.wake(tx, DELIVERY, sorted(woken))
    return count


# --- untouched, and up ---------------------------------------------------------------------------


def _unheeded(road: Road, tx: Tx, *, after: str) -> list[Any]:
    """What may go up at this hour: at night only what cannot wait."""
    telling = road.rulebook.policy.telling
    severities = set(telling.escalate.after_minutes)
    if telling.quiet_until(tx.now, road.rulebook.calendar) > tx.now:
        severities &= {Severity.NOW}
    return notices.unheeded(tx, [str(one) for one in severities], limit=_AT_ONCE, after=after)


def _rise(road: Road, seen: Sequence[Any], tx: Tx) -> int:
    means, count = _means(road, tx), 0
    now_shown: dict[tuple[str, str], list[Any]] = {}
    for one in seen:
        alert = notices.claim(tx, one)
        if alert is not None and _is_ripe(means, alert):
            count += _pass_on(means, alert, now_shown)
    woken: set[str] = set()
    for (user_id, who), alerts_ in now_shown.items():
        woken |= _hand_over(means, user_id, who, alerts_)
    road.engine.wake(tx, DELIVERY, sorted(woken))
    return count


def _is_ripe(means: Means, alert: Any) -> bool:
    """Whether whose case it is could have acted, and the time for it is over."""
    at = routing.rises_at(
        means.telling,
        means.rules.calendar,
        severity=Severity(alert.severity),
        due_at=alert.due_at,
        level=alert.escalation,
        risen_at=notices.risen_at(means.tx, alert.id) if alert.escalation else None,
    )
    if at is None or at > means.tx.now:
        return False
    return alert.escalation > 0 or _could_know(notices.of_alert(means.tx, alert.id))


def _could_know(known: Sequence[Any]) -> bool:
    """They were shown it, or can be shown nothing because they have connected no chat."""
    owners = [row for row in known if row.level == 0]
    waiting = [row for row in owners if row.state == NoticeState.WAITING.value]
    if any(row.sent_at is not None for row in owners):
        return True
    return bool(waiting) and all(row.why == Why.NO_CHAT.value for row in waiting)


def _pass_on(means: Means, alert: Any, now_shown: dict[tuple[str, str], list[Any]]) -> int:
    """One level up, or two where nobody is on the first who can be told. ``now_shown`` gets who
    is shown it at once, and the names of those who left it."""
    tx = means.tx
    known = {row.user_id: row for row in notices.of_alert(tx, alert.id)}
    level, people = _next(means, alert, known)
    left = [user_id for user_id, row in known.items() if row.level == 0]
    names = notices.names(tx, [*left, *(one.user_id for one in people)])
    left_by = [names[user_id] for user_id in left if user_id in names]
    about = {
        "level": level,
        "to": [names[one.user_id] for one in people],
        "left_by": left_by,
    }
    cause = f"escalated:{alert.id}:{level}:{alert.due_at.timestamp():.0f}"
    if not notices.happened(tx, alert.id, AlertEventKind.ESCALATED, cause=cause, about=about):
        return 0
    notices.rise(tx, alert.id, level)
    # Where nobody else can be told, those who know are told again.
    told = [(one.user_id, level, "、".join(left_by)) for one in people]
    for user_id, at_level, who in told or [(user_id, 0, "") for user_id in left]:
        notice = known.get(user_id)
        turn = means.turn(alert, user_id, notice, pressing=True)
        if turn.why is Why.NONE:
            now_shown.setdefault((user_id, who), []).append(alert)
        _keep(means, alert, user_id, at_level, notice, turn)
    return 1


def _next(means: Means, alert: Any, known: dict[str, Any]) -> tuple[int, list[Told]]:
    """The level an alert goes up to, and who is told of it there."""
    if alert.escalation == 0:
        people = [
            one
            for one in covering.helpers(means.tx, alert.candidate_id)
            if one.user_id not in known
        ]
        if any(means.talk(one.user_id) is not None for one in people):
            return 1, people
    return 2, [one for one in covering.admins(means.tx) if one.user_id not in known]


def _keep(means: Means, alert: Any, user_id: str, level: int, notice: Any, turn: Turn) -> None:
    now = turn.why is Why.NONE
    sent_at = notice.sent_at if notice is not None else None
    notices.put(
        means.tx,
        alert.id,
        user_id,
        state=NoticeState.SENT if now else NoticeState.WAITING,
        why=turn.why.value,
        level=level,
        revision=alert.revision,
        due_at=turn.at,
        sent_at=means.tx.now if now else sent_at,
    )


def _hand_over(means: Means, user_id: str, who: str, alerts_: Sequence[Any]) -> set[str]:
    """One line that says whose alerts these were, and their cards."""
    words, talk = means.telling.words, means.talk(user_id)
    count = str(len(alerts_))
    text = words.escalated if who else words.nobody
    first = alerts_[0]
    idem = f"escalated:{first.id}:{first.escalation}:{first.due_at.timestamp():.0f}"
    woken = noticing.say(means, talk, text.format(who=who, count=count), idem=idem)
    for alert in alerts_:
        woken |= noticing.show(means, alert, talk, again=False, words="")
    return woken
