"""The alerts' own record decides how each kind is told: after every verdict, and by the clock.

A change is decided in the commit of the verdict that made it and stands in the audit chain; the
admins are told by the clock, once each, when people work.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta

from bot import saying
from bot.alerts import demoting
from bot.rulebook import Rulebook
from nlp.scheme import Intent
from storage.database import Tx
from storage.enums import Author
from storage.errors import Conflict
from storage.queries import alerts, audit, covering, missed_cases, outbox, people, standings
from storage.queries.missed_cases import Found
from storage.queries.outbox import NewSend
from storage.queries.standings import Changed
from storage.vault import Vault
from storage.viewer import SYSTEM, Viewer

#: Topics of what a reading raises. What we owe people is never too little to be told.
HEARD = frozenset(map(str, Intent))
#: Older news is no news: whoever ties their chat later is not told of it.
NEWS = timedelta(days=14)
#: However long ago.
ALWAYS, DAY = timedelta(days=36_500), timedelta(days=1)
RECORD = "/console/alerts/record"


def judge_kinds(tx: Tx, rules: Rulebook, *, topics: Collection[str] = HEARD) -> tuple[Changed, ...]:
    """Demote kinds and let them come back, by their last verdicts. Standings are locked in the
    order of their names, before anything else is."""
    rule = rules.policy.demote
    found = [
        standings.judge(tx, topic, below=rule.below, over=rule.over, back_at=rule.back_at)
        for topic in sorted(HEARD.intersection(topics))
    ]
    return tuple(one for one in found if one is not None)


def after_verdicts(tx: Tx, vault: Vault, rules: Rulebook, alert_ids: Sequence[str]) -> None:
    """Let the kinds of alerts that were just judged be judged, with a link in the audit chain."""
    if alert_ids:
        settle(tx, vault, rules, topics=standings.topics(tx, alert_ids))


def settle(
    tx: Tx, vault: Vault, rules: Rulebook, *, topics: Collection[str] = HEARD
) -> tuple[Changed, ...]:
    """Judge kinds; each change with its link in the audit chain."""
    changed = judge_kinds(tx, rules, topics=topics)
    for one in changed:
        _link(tx, vault, SYSTEM, one)
    return changed


def restore(tx: Tx, vault: Vault, rules: Rulebook, viewer: Viewer, topic: str) -> None:
    """Let a demoted kind be told at once again, by hand. Raises ``Conflict`` when it is already."""
    over = rules.policy.demote.over
    changed = standings.restore(tx, topic, over=over, user_id=viewer.id)
    if changed is None:
        raise Conflict("this kind is told at once already")
    _link(tx, vault, viewer, changed)


class Unlabelled(Conflict):
    """Words were missed, they say, and none of them is labelled: nothing could be learnt."""


def look_through(tx: Tx, vault: Vault, viewer: Viewer, candidate_id: str, found: Found) -> None:
    """Keep what a person found in the words of a withdrawal that came without any alert. The same
    again changes nothing.

    Raises ``NotFound`` for whoever the viewer may not know of, ``Conflict`` for whoever is no such
    case, and ``Unlabelled``.
    """
    people.get_candidate(tx, vault, viewer, candidate_id)
    audit.hold(tx)
    always = standings.withdrawals(
        tx, viewer, since=tx.now - ALWAYS, until=tx.now + DAY, candidate_id=candidate_id
    )
    if not any(one.silent for one in always):
        raise Conflict("no withdrawal that came without an alert")
    if found is Found.SAID and not missed_cases.wrote(tx, candidate_id).labelled:
        raise Unlabelled("none of their messages is labelled")
    if missed_cases.look_through(tx, candidate_id, found, user_id=viewer.id):
        details = {"found": found.value}
        audit.append(
            tx, vault.keystore, viewer, "missed_case.review", candidate_id, details=details
        )


def _link(tx: Tx, vault: Vault, viewer: Viewer, one: Changed) -> None:
    action = "alert_kind.demote" if one.demoted else "alert_kind.restore"
    details = {"hits": one.hits, "judged": one.judged}
    audit.append(tx, vault.keystore, viewer, action, one.topic, details=details)


def tell(
    tx: Tx, vault: Vault, rules: Rulebook, *, base_url: str, channels: Collection[str]
) -> set[str]:
    """Tell every admin, in their own chat, what changed lately and they were not told; the
    channels that have work. Whoever did it knows."""
    sends: list[NewSend] = []
    for one in standings.changed(tx, since=tx.now - NEWS):
        text = demoting.told(
            rules.policy.demote,
            topic=rules.policy.names.get(one.topic, one.topic),
            demoted_at=one.demoted_at,
            by=one.by_name,
            hits=one.hits,
            judged=one.judged,
            link=f"{base_url}{RECORD}",
        )
        for admin_id in (one.user_id for one in covering.admins(tx)):
            talk = alerts.reached(tx, admin_id, channels) if admin_id != one.by else None
            if talk is not None:
                key = vault.key(tx, talk.subject_id)
                idem = f"kind:{one.topic}:{one.changed_at:%Y%m%d%H%M%S}:{admin_id}"
                sends += saying.said_by_us(tx, key, talk, idem=idem, text=text, author=Author.BOT)
    return outbox.enqueue(tx, sends)
