"""Writing what was decided: the other half of the translation between turns and rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from bot import answering, doing, noticing, snoozing, stepping
from bot.alerts import policy
from bot.alerts.policy import RANK
from bot.channels.base import Channel
from bot.rows import Turned
from bot.rulebook import Rulebook
from bot.saying import said_by_us, send_cards, tell
from bot.turn import Bind, ConfirmPledge, Context, Heard, Outcome
from nlp.scheme import Intent, Severity
from storage.crypto import SubjectKey
from storage.database import Tx
from storage.enums import Author, OutboxKind
from storage.errors import Conflict, Stale
from storage.queries import (
    alerts,
    audit,
    codes,
    offers,
    outbox,
    profile,
    record,
    scheduled,
    turns,
)
from storage.queries.outbox import NewSend
from storage.queries.profile import NewStatement
from storage.vault import Vault, unseal
from storage.viewer import SYSTEM

#: Topics of alerts that a reading raises.
_HEARD = frozenset(map(str, Intent))


def write(
    tx: Tx,
    vault: Vault,
    rules: Rulebook,
    turned: Turned,
    heard: Heard | None,
    outcome: Outcome,
    *,
    channels: Mapping[str, Channel],
) -> set[str]:
    """T3: every consequence of one turn, or ``Stale``. The channels that have work to deliver.

    ``channels``: those that run; cards leave over no other.
    """
    context, talk = turned.context, turned.talk
    candidate = context.candidate
    values: dict[str, Any] = {}
    if outcome.state is not None:
        values["state"] = dict(outcome.state)
    if outcome.muted is not None:
        values["muted"] = outcome.muted
    turns.unchanged(
        tx,
        conversation_id=talk.id,
        version=context.version,
        candidate_id=candidate.id if candidate else None,
        candidate_version=candidate.version if candidate else None,
        **values,
    )
    turns.done(tx, [said.id for said in context.said])
    key = vault.key(tx, talk.subject_id)
    if heard is not None:
        record.reading(
            tx,
            key,
            message_id=context.last.id,
            covers=[said.uid for said in context.said],
            read=heard.reading.as_dict(),
            spans=[asdict(span) for span in heard.spans],
            deadline=heard.reading.deadline,
            stage=heard.stage,
        )
    if outcome.bind is not None:
        _bind(tx, vault, talk, outcome.bind)
    if outcome.wrong_code:
        codes.wrong(tx, vault.keystore, talk.identity_id)
    woken = _reply(tx, key, talk, context, outcome)
    if candidate is not None:
        owner = vault.key(tx, talk.candidate_subject)
        woken |= about_candidate(
            tx,
            owner,
            vault=vault,
            rules=rules,
            candidate_id=candidate.id,
            conversation_id=talk.id,
            source=context.last.uid,
            said_at=context.last.sent_at,
            outcome=outcome,
            channels=channels,
        )
        answering.write(
            tx,
            owner,
            candidate.id,
            outcome,
            source=context.last.uid,
            via=talk.channel,
            conversation_id=talk.id,
        )
        for one in outcome.confirms:
            _confirm(tx, vault, candidate.id, one, via=talk.channel)
        for right in outcome.rights:
            details = {"kind": right.kind, "via": talk.channel}
            audit.append(tx, vault.keystore, SYSTEM, "right.ask", candidate.id, details=details)
        for number, words in enumerate(outcome.tells):
            idem = f"told:{context.last.uid}:{number}"
            owned = candidate.owner_id
            woken |= tell(tx, vault, owned, words, idem=idem, channels=channels)
    for duty in outcome.duties:
        doing.done(tx, vault, context, duty)
    return woken | verdicts(tx, outcome) | snoozing.write(tx, outcome)


def _confirm(tx: Tx, vault: Vault, candidate_id: str, one: ConfirmPledge, *, via: str) -> None:
    """The candidate's yes to a card, with its link in the audit chain."""
    try:
        fresh = offers.confirm(tx, candidate_id, one.pledge_id, via=via)
    except Conflict:
        raise Stale from None  # replaced meanwhile: look again, and say so
    if fresh:
        details = {"card": one.pledge_id, "via": via}
        audit.append(tx, vault.keystore, SYSTEM, "pledge.confirm", candidate_id, details=details)


def _bind(tx: Tx, vault: Vault, talk: Any, bind: Bind) -> None:
    """Tie a chat to whom an invite names, with its link in the audit chain."""
    bound = record.bind(
        tx,
        identity_id=talk.identity_id,
        invite_id=bind.invite_id,
        candidate_id=bind.candidate_id,
        user_id=bind.user_id,
    )
    if not bound:
        raise Stale  # somebody else was faster: look again, and say that the link is used
    audit.append(
        tx,
        vault.keystore,
        SYSTEM,
        "identity.bind",
        bind.user_id or bind.candidate_id or "",
        details={"channel": talk.channel, "invite": bind.invite_id},
    )


def _reply(tx: Tx, key: SubjectKey, talk: Any, context: Context, outcome: Outcome) -> set[str]:
    sends = []
    for reply in outcome.replies:
        idem = f"reply:{context.last.uid}:{reply.slot}"
        sends += said_by_us(
            tx, key, talk, idem=idem, text=reply.text, author=Author.BOT, choices=reply.choices
        )
    if context.is_press and outcome.press_note and context.last.typed:
        idem = f"answer:{context.last.uid}"
        if not outcome.replies:  # else it was answered in words already
            sends += said_by_us(
                tx, key, talk, idem=idem, text=outcome.press_note, author=Author.BOT
            )
    elif context.is_press and outcome.press_note:
        sends.append(
            NewSend(
                idem=f"answer:{context.last.uid}",
                channel=talk.channel,
                conversation_id=talk.id,
                kind=OutboxKind.ANSWER,
                payload=f"{context.last.uid}\n{outcome.press_note}",
            )
        )
    return outbox.enqueue(tx, sends)


def about_candidate(
    tx: Tx,
    key: SubjectKey,
    *,
    vault: Vault,
    rules: Rulebook,
    candidate_id: str,
    conversation_id: str | None,
    source: str,
    said_at: datetime,
    outcome: Outcome,
    channels: Mapping[str, Channel],
    raised_by: str | None = None,
) -> set[str]:
    """Facts, factors, alerts and plans of an outcome. The caller holds the candidate's version.

    ``raised_by`` is the person of ours who asks for its alerts. Colleagues are told of them over
    ``channels``; without any nobody is, now or later.
    """
    for fact in outcome.facts:
        if "." in fact.kind:  # a statement of the record
            new = [NewStatement(kind=fact.kind, value=fact.value)]
            of = fact.source or f"message:{source}"
            profile.state(tx, key, candidate_id, new, source=of, said_at=said_at)
            continue
        record.fact(
            tx,
            key,
            candidate_id=candidate_id,
            kind=fact.kind,
            value=fact.value,
            source=fact.source or source,
            said_at=said_at,
        )
    stepping.follow(tx, candidate_id, outcome.facts, at=said_at)
    for asked in outcome.requests:
        if offers.stands(tx, candidate_id):
            words = {"what": asked.what}
            offers.ask_change(
                tx, key, candidate_id, words, side="candidate", source=f"message:{source}"
            )
    for factor in outcome.factors:
        record.factor(
            tx,
            candidate_id=candidate_id,
            rule=factor.rule,
            adds=factor.adds,
            fades_after_days=factor.fades_after_days,
            source=source,
            at=said_at,
            spans=[asdict(span) for span in factor.spans],
        )
    if outcome.score is not None and outcome.level is not None:
        record.score(tx, candidate_id, outcome.score, outcome.level)
    for kind in outcome.cancel_plans:
        scheduled.cancel(tx, kind=kind, person_id=candidate_id)
    for plan in outcome.plans:
        scheduled.plan_at(
            tx,
            kind=plan.kind,
            person_id=candidate_id,
            anchor=plan.anchor,
            at=plan.at,
            about=plan.about,
        )
    woken: set[str] = set()
    for alert in policy.once(outcome.alerts):
        raised = alerts.raise_alert(
            tx,
            key,
            candidate_id=candidate_id,
            conversation_id=conversation_id,
            topic=alert.topic,
            severity=str(alert.severity),
            rank=RANK[alert.severity],
            quote=alert.quote,
            question=alert.question,
            evidence=[asdict(span) for span in alert.spans],
            due_at=alert.due_at,
            # Alerts about ourselves quote a message too, but say nothing of how it was read.
            source=source if alert.topic in _HEARD else None,
            raised_by=raised_by,
        )
        woken |= noticing.notify(
            tx, vault, rules, raised=raised, source=source, by=raised_by, channels=channels
        )
    return woken


def unread(
    tx: Tx, vault: Vault, found: turns.Look, rules: Rulebook, *, channels: Mapping[str, Channel]
) -> set[str]:
    """Messages that could not be read are a person's to look at: nothing a candidate says is
    dropped in silence."""
    talk = found.talk
    if talk.candidate_id is None:
        return set()
    turns.touch(tx, talk.candidate_id, talk.candidate_version)
    key = vault.key(tx, talk.subject_id)
    words = "\n".join(
        unseal(key, row.body_sealed, "message.body_sealed", row.uid) for row in found.died
    )
    alert = policy.own(rules.policy, policy.UNREAD, words[:200], Severity.TODAY, tx.now)
    return about_candidate(
        tx,
        vault.key(tx, talk.candidate_subject),
        vault=vault,
        rules=rules,
        candidate_id=talk.candidate_id,
        conversation_id=talk.id,
        source=found.died[-1].uid,
        said_at=tx.now,
        outcome=Outcome(flow="unread", alerts=(alert,)),
        channels=channels,
    )


def verdicts(tx: Tx, outcome: Outcome) -> set[str]:
    """Record verdicts and let the card change wherever it stands, or is on its way to."""
    woken: set[str] = set()
    for verdict in outcome.verdicts:
        revision = alerts.judge(
            tx,
            alert_id=verdict.alert_id,
            user_id=verdict.user_id,
            verdict=verdict.verdict,
            status=verdict.status,
            via=verdict.via,
            cause=verdict.cause,
        )
        if revision is not None:
            standing = alerts.card_places(tx, verdict.alert_id)
            woken |= send_cards(tx, verdict.alert_id, revision, standing)
    return woken
