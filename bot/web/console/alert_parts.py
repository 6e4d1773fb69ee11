"""The parts of one alert's page: the talk around it, what we know, what became of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, get_args

from bot.alerts import later
from bot.offers import pledge
from bot.offers.terms import Terms
from bot.web import alert_views as shapes
from bot.web import views
from bot.web.console.cards import author_of, places, segments
from bot.web.console.common import language
from bot.web.console.person import facts
from bot.web.pages import Words
from bot.web.reasons import reason
from bot.web.security import Principal
from bot.web.site import Site
from bot.words import step_name
from storage.database import Tx
from storage.enums import Direction, MessageKind, NoticeState
from storage.queries import alert_history, offers, people, steps, timeline
from storage.queries.alerts import AlertRow
from storage.queries.people import CandidateRow
from storage.queries.record import OURS, PAST
from storage.queries.timeline import MessageRow
from storage.viewer import Permission

#: Messages before the quoted one, and of the newest after it.
BEFORE, AFTER = 4, 8
_Moment = Literal["hour", "today", "morning"]


def lines(tx: Tx, site: Site, who: Principal, alert: AlertRow) -> tuple[shapes.Line, ...]:
    """What was said before the words an alert rests on, these words, and the newest since then.
    Over all channels."""
    quoted = {str(span["uid"]) for span in alert.evidence}
    vault, viewer = site.road.vault, who.viewer
    newest = timeline.timeline(tx, vault, viewer, alert.candidate_id, limit=AFTER)
    anchor = timeline.by_uid(tx, str(alert.evidence[-1]["uid"])) if alert.evidence else None
    if anchor is None:
        found = newest
    else:
        before = timeline.timeline(
            tx, vault, viewer, alert.candidate_id, before=anchor + 1, limit=BEFORE + 1
        )
        found = before + [row for row in newest if row.id > anchor]
    spoken = [row for row in found if row.kind is MessageKind.TEXT]
    sends = timeline.outbox_of(
        tx, [row.id for row in spoken if row.direction is Direction.OUTBOUND]
    )
    return tuple(
        _line(row, alert, quoted, sends.get(row.id), language(who))
        for row in timeline.in_time(spoken)
    )


def _line(
    row: MessageRow, alert: AlertRow, quoted: set[str], send: Any, speaks: views.Language
) -> shapes.Line:
    ours = row.direction is Direction.OUTBOUND
    why = send.error if send is not None else row.error
    return shapes.Line(
        id=row.uid,
        author=author_of(row),
        name=row.author_name if ours else alert.candidate_name,
        segments=segments(row.text, places(row.spans)),
        at=row.sent_at,
        quoted=row.uid in quoted,
        state=row.status.value if _ours(row) else "",
        reason=reason(speaks, why) if ours and why else None,
    )


def _ours(row: MessageRow) -> bool:
    """Whether we sent it, so that it says whether it arrived."""
    outbound = row.direction is Direction.OUTBOUND
    return outbound and row.external_id.startswith((OURS, PAST))


def known(
    tx: Tx, site: Site, who: Principal, alert: AlertRow, row: CandidateRow
) -> tuple[shapes.Known, ...]:
    """What we know and the viewer may see, the most asked for first."""
    words, now = site.pages.words[language(who)], site.road.now()
    key = site.road.vault.key(tx, row.subject_id)
    said = [
        shapes.Known(
            name=words.t("candidates.stage"),
            value=words.label("stage", row.stage.value),
            note=words.t("alert.since", day=words.on(row.stage_at, now)),
        )
    ]
    if row.start_on is not None:
        value = words.day(row.start_on, now)
        said.append(shapes.Known(name=words.t("alert.start"), value=value))
    if who.viewer.may(Permission.OFFER_READ):
        said += _pay(tx, site, who, row, key, words)
    if who.viewer.may(Permission.CHAT_READ):
        said += [
            shapes.Known(name=one.name, value=one.value, note=one.source, at=one.at)
            for one in facts(tx, site, who, row)
        ]
        replies = site.road.rulebook.replies
        said += [
            shapes.Known(
                name=step_name(replies, one.kind, one.words),
                value=words.t("alert.step_by", day=words.day(one.due_on, now)),
            )
            for one in steps.steps(tx, key, row.id)
            if one.open
        ]
    if row.owner_name:
        said.append(shapes.Known(name=words.t("candidates.owner"), value=row.owner_name))
    return tuple(said)


def _pay(
    tx: Tx, site: Site, who: Principal, row: CandidateRow, key: Any, words: Words
) -> list[shapes.Known]:
    """The offer that is on the table, and the position's budget."""
    found = []
    versions = [one for one in offers.offers(tx, key, row.id) if one.state in ("sent", "accepted")]
    if versions:
        table = versions[0]
        terms = {name: value for name, value in table.terms.items() if name != "reason"}
        note = words.t(
            "alert.offer", number=table.number, state=words.label("offer_state", table.state)
        )
        found = [
            shapes.Known(name=name, value=value, note=note if place == 0 else "")
            for place, (name, value) in enumerate(pledge.agreed(Terms.model_validate(terms)))
        ]
    if row.position_id is not None:
        budget = _budget(people.get_position(tx, who.viewer, row.position_id), words)
        if budget:
            found.append(shapes.Known(name=words.t("alert.budget"), value=budget))
    return found


def _budget(position: people.PositionRow, words: Words) -> str:
    low, high = position.budget_low, position.budget_high
    if low is None and high is None:
        return ""
    ends = [f"{one / 1000:g}" for one in (low, high) if one is not None]
    span = f"{'–'.join(ends)}k"
    if position.months is None:
        return span
    return words.t("alert.months", pay=span, months=f"{position.months:g}")


def moments(site: Site) -> tuple[shapes.Choice, ...]:
    """Until when the alert may be put off."""
    found = later.moments(site.road.rulebook.calendar, site.road.now())
    named: dict[str, _Moment] = {name: name for name in get_args(_Moment)}
    return tuple(shapes.Choice(value=named[name.value], at=at) for name, at in found.items())


def events(tx: Tx, alert: AlertRow) -> tuple[shapes.Event, ...]:
    """What happened, the newest first."""
    found = [
        shapes.Event(
            kind=one.kind,
            at=one.at,
            by=one.by,
            via=one.via,
            until=_moment(one.about.get("until")),
            level=int(one.about.get("level", 0)),
            names=tuple(one.about.get("to", ())),
        )
        for one in alert_history.happened(tx, alert.id)
    ]
    if not any(one.kind == "raised" for one in found):
        found.insert(0, shapes.Event(kind="raised", at=alert.raised_at, by=alert.raised_by))
    return tuple(reversed(found))


def _moment(text: object) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) else None


def told(tx: Tx, alert: AlertRow) -> tuple[shapes.Told, ...]:
    """Who of ours the alert is for. Whom there is nothing to show any more is left out."""
    return tuple(
        shapes.Told(
            name=one.name,
            state=one.state.value,
            why=one.why,
            at=one.sent_at if one.state is NoticeState.SENT else one.due_at,
        )
        for one in alert_history.shown_to(tx, alert.id)
        if one.state is not NoticeState.DROPPED
    )
