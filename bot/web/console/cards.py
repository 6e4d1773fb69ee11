"""Rows to what pages show: alert cards, words with their evidence marked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal

from bot.showing import suggested
from bot.web import views
from bot.web.alert_views import Answered, PutOff
from bot.web.console import labels
from bot.web.masking import mask_links
from bot.web.site import Site
from nlp.scheme import Intent
from storage.database import Tx
from storage.enums import Author, Direction, Verdict
from storage.queries import alert_history, inbox, review, standings, timeline
from storage.queries.alert_history import Standing
from storage.queries.alerts import AlertRow
from storage.queries.standings import ENOUGH, Rate
from storage.queries.timeline import MessageRow
from storage.viewer import Viewer

_VERDICTS: Mapping[Verdict, Literal["useful", "false_alarm", "handled"]] = {
    Verdict.USEFUL: "useful",
    Verdict.FALSE_ALARM: "false_alarm",
    Verdict.HANDLED: "handled",
}
_SEVERITIES: Mapping[str, Literal["now", "today", "digest"]] = {"now": "now", "today": "today"}


def segments(text: str, spans: Iterable[tuple[int, int, str]]) -> tuple[views.Segment, ...]:
    """Words cut at their evidence, without links that are the candidate's own. Where two pieces
    overlap the first one is shown."""
    text = mask_links(text)
    parts: list[views.Segment] = []
    done = 0
    for start, end, intent in sorted(spans):
        if start < done or not start < end <= len(text):
            continue
        if start > done:
            parts.append(views.Segment(text=text[done:start]))
        parts.append(views.Segment(text=text[start:end], intent=intent))
        done = end
    if done < len(text):
        parts.append(views.Segment(text=text[done:]))
    return tuple(parts)


#: Small talk and errands are heard too; marking them would hide what matters.
UNMARKED = frozenset({Intent.LOGISTICS, Intent.SOCIAL})


def places(spans: Iterable[Mapping[str, Any]]) -> list[tuple[int, int, str]]:
    """Stored spans worth marking, as (start, end, intent)."""
    return [
        (span["start"], span["end"], span["intent"])
        for span in spans
        if span["intent"] not in UNMARKED
    ]


def author_of(row: MessageRow) -> Literal["candidate", "bot", "hr"]:
    """Who said it, to the eyes of HR."""
    if row.direction is Direction.INBOUND:
        return "candidate"
    return "bot" if row.author is Author.BOT else "hr"


def cards(
    tx: Tx, site: Site, viewer: Viewer, alerts: Sequence[AlertRow], language: views.Language
) -> tuple[views.AlertCard, ...]:
    """Cards of alerts the viewer may see, with the turns before and how good their kind is."""
    uids = {span["uid"] for alert in alerts for span in alert.evidence}
    before = {
        alert.id: inbox.said_before(tx, alert.evidence[-1]["uid"])
        for alert in alerts
        if alert.evidence
    }
    wanted = uids | {uid for some in before.values() for uid in some}
    said = {row.uid: row for row in timeline.by_uids(tx, site.road.vault, sorted(wanted))}
    over = site.road.rulebook.policy.demote.over
    rates = site.rates.get(lambda: {one.topic: one for one in standings.rates(tx, over=over)})
    sources = [alert.source for alert in alerts if alert.source is not None]
    behind = review.by_ids(tx, site.road.vault, viewer, sources)
    stands = alert_history.standings(tx, [alert.id for alert in alerts])
    starts = inbox.start_days(tx, {alert.candidate_id for alert in alerts})

    def shown(alert: AlertRow) -> views.AlertCard:
        made = _card(site, alert, language, said, before.get(alert.id, ()), rates.get(alert.topic))
        book = suggested(site.road.rulebook, viewer, alert, starts.get(alert.candidate_id))
        made = replace(made, suggestion=book.draft if book is not None else "")
        return _standing(made, stands[alert.id], site.road.now())

    made = map(shown, alerts)
    return tuple(
        replace(card, labels=labels.shown(behind[alert.source])) if alert.source in behind else card
        for alert, card in zip(alerts, made, strict=True)
    )


def _card(
    site: Site,
    alert: AlertRow,
    language: views.Language,
    said: Mapping[str, MessageRow],
    before: Sequence[str],
    rate: Rate | None,
) -> views.AlertCard:
    policy = site.road.rulebook.policy
    known = site.pages.words[language].label("topic", alert.topic) != alert.topic
    heard = [said[span["uid"]] for span in alert.evidence if span["uid"] in said]
    verdict = None
    if alert.verdict is not None and alert.verdict_at is not None:
        verdict = views.GivenVerdict(
            value=_VERDICTS[alert.verdict], by=alert.verdict_by, at=alert.verdict_at
        )
    return views.AlertCard(
        id=alert.id,
        candidate_id=alert.candidate_id,
        candidate_name=alert.candidate_name,
        position=alert.position_title,
        stage=alert.stage.value,
        topic=alert.topic if known else policy.names.get(alert.topic, alert.topic),
        severity=_SEVERITIES.get(alert.severity, "digest"),
        quote=segments(alert.quote, _in_quote(alert, said)),
        quote_at=max((row.sent_at for row in heard), default=alert.raised_at),
        question=policy.questions.get(alert.question, alert.question),
        raised_at=alert.raised_at,
        due_at=alert.due_at,
        overdue=verdict is None and alert.due_at < site.road.now(),
        verdict=verdict,
        turns=tuple(
            views.Turn(author=author_of(said[uid]), text=mask_links(said[uid].text))
            for uid in before
            if uid in said and said[uid].text not in alert.quote
        ),
        hit_rate=_hit_rate(rate),
        raised_by=alert.raised_by,
    )


def _hit_rate(rate: Rate | None) -> views.HitRate | None:
    if rate is None or (rate.judged < ENOUGH and rate.demoted_at is None):
        return None
    demoted = rate.demoted_at is not None
    return views.HitRate(useful=rate.hits, judged=rate.judged, demoted=demoted)


def _standing(card: views.AlertCard, stands: Standing, now: datetime) -> views.AlertCard:
    """The card with who put it off, who was told besides, and who has answered."""
    until, at = stands.snoozed_until, stands.answered_at
    off = until is not None and until > now and card.verdict is None
    return replace(
        card,
        put_off=PutOff(by=stands.snoozed_by, until=until) if off and until else None,
        escalated=stands.escalation,
        # Words that came after an answer want another one.
        answered=Answered(by=stands.answered_by, at=at) if at and at >= card.quote_at else None,
    )


def _in_quote(alert: AlertRow, said: Mapping[str, MessageRow]) -> list[tuple[int, int, str]]:
    """Where the evidence stands in the quote: an alert quotes the newest of several messages."""
    found = []
    for span in alert.evidence:
        row = said.get(span["uid"])
        words = row.text[span["start"] : span["end"]] if row is not None else ""
        at = alert.quote.find(words) if words else -1
        if at >= 0:
            found.append((at, at + len(words), str(span["intent"])))
    return found
