"""One person on one page, put together for whoever looks: what they may not see is not there."""

from __future__ import annotations

from typing import Any, Literal

from bot.risk import engine as risk
from bot.turn import FactorSeen
from bot.web import cursors, views
from bot.web.console.cards import author_of, cards, places, segments
from bot.web.console.common import language
from bot.web.masking import mask_phone
from bot.web.notices import known, say
from bot.web.security import Principal
from bot.web.site import Site
from bot.words import SHANGHAI
from storage.database import Tx
from storage.enums import AlertStatus, Author, Direction, MessageKind, Stage
from storage.queries import alerts, invites, people, timeline
from storage.queries.people import CandidateRow
from storage.queries.timeline import MessageRow
from storage.viewer import Permission

TALK = 60
_KINDS: dict[MessageKind, Literal["text", "press", "unsupported", "note"]] = {
    MessageKind.TEXT: "text",
    MessageKind.PRESS: "press",
    MessageKind.UNSUPPORTED: "unsupported",
    MessageKind.NOTE: "note",
}


def person(
    tx: Tx,
    site: Site,
    who: Principal,
    row: CandidateRow,
    *,
    before: int | None = None,
    fresh: views.FreshInvite | None = None,
) -> views.CandidatePage:
    """The page of a candidate the viewer may know of."""
    viewer, vault = who.viewer, site.road.vault
    chats, writes = viewer.may(Permission.CHAT_READ), viewer.may(Permission.CHAT_WRITE)
    talks = timeline.conversations_of(tx, viewer, row.id) if chats else []
    said: list[MessageRow] = []
    if chats:
        said = timeline.timeline(tx, vault, viewer, row.id, before=before, limit=TALK + 1)
    older = len(said) > TALK
    said = said[-TALK:]
    open_alerts = []
    if viewer.may(Permission.ALERT_READ):
        statuses = (AlertStatus.OPEN, AlertStatus.ACKNOWLEDGED)
        found = alerts.page(tx, vault, viewer, candidate_id=row.id, statuses=statuses)
        open_alerts = list(cards(tx, site, viewer, found, language(who)))
    return views.CandidatePage(
        id=row.id,
        name=row.name,
        position=row.position_title,
        stage=row.stage.value,
        stage_at=row.stage_at,
        level=row.level,
        score=row.score,
        stages=tuple(Stage) if viewer.may(Permission.CANDIDATE_WRITE) else (),
        timeline=_timeline(row.id, said, older=older, live=before is None),
        takeover=_takeover(who, talks, said, writes=writes),
        invite_channels=tuple(sorted(site.road.channels)) if writes else (),
        phone=mask_phone(row.phone) if row.phone else "",
        owner=row.owner_name,
        start_on=row.start_on,
        channels=tuple(sorted({talk.channel for talk in talks})),
        alerts=tuple(open_alerts),
        factors=_factors(tx, site, row.id) if chats else (),
        facts=_facts(tx, site, who, row) if chats else (),
        invites=_invites(tx, site, who, row.id) if writes else (),
        fresh_invite=fresh,
    )


def _timeline(
    candidate_id: str, said: list[MessageRow], *, older: bool, live: bool
) -> views.Timeline:
    url = None
    if older:
        url = f"/console/candidates/{candidate_id}?before={cursors.made(said[0].id)}"
    entries = [_entry(row) for row in said]
    return views.Timeline(days=views.by_day(entries, SHANGHAI), older_url=url, live=live)


def _entry(row: MessageRow) -> views.TimelineEntry:
    outbound = row.direction is Direction.OUTBOUND
    return views.TimelineEntry(
        id=row.uid,
        kind=_KINDS[row.kind],
        author=author_of(row),
        segments=segments(row.text, places(row.spans)),
        at=row.sent_at,
        outbound=outbound,
        author_name=row.author_name if row.author is Author.HR else "",
        channel=row.channel,
        intents=row.intents,
        state=row.status.value if outbound else "",
        error=row.error,
    )


def _takeover(
    who: Principal, talks: list[Any], said: list[MessageRow], *, writes: bool
) -> views.Takeover:
    speaks = language(who)
    if not writes:
        return views.Takeover(blocked=say(speaks, "chat_hidden"))
    if not talks:
        return views.Takeover(blocked=say(speaks, "no_channel"))
    blocked = "" if talks[0].reachable else say(speaks, "unreachable")
    muted = any(talk.muted for talk in talks)
    by_us = [row for row in said if row.author is Author.HR]
    return views.Takeover(
        muted=muted,
        by=by_us[-1].author_name if muted and by_us else "",
        since=by_us[-1].sent_at if muted and by_us else None,
        channel=talks[0].channel,
        blocked=blocked,
    )


def _factors(tx: Tx, site: Site, candidate_id: str) -> tuple[views.RiskFactor, ...]:
    """Each rule's strongest contribution that has not faded, with the words it rests on."""
    best: dict[str, tuple[float, Any]] = {}
    for row in people.factors(tx, candidate_id):
        seen = FactorSeen(
            rule=row.rule, adds=row.adds, fades_after_days=row.fades_after_days, at=row.at
        )
        points = risk.left(seen, site.road.now())
        if abs(points) >= 0.5 and abs(points) > abs(best.get(row.rule, (0.0, None))[0]):
            best[row.rule] = (points, row)
    ranked = sorted(best.values(), key=lambda pair: -abs(pair[0]))
    uids = sorted({str(span["uid"]) for _, row in ranked for span in row.spans})
    said = {row.uid: row for row in timeline.by_uids(tx, site.road.vault, uids)}
    rules = site.road.rulebook.risk
    return tuple(
        views.RiskFactor(
            reason=rules[row.rule].says if row.rule in rules else row.rule,
            points=points,
            at=row.at,
            quote=_quoted(row.spans, said),
        )
        for points, row in ranked
    )


def _quoted(spans: list[dict[str, Any]], said: dict[str, MessageRow]) -> tuple[views.Segment, ...]:
    pieces = [
        views.Segment(
            text=said[span["uid"]].text[span["start"] : span["end"]], intent=span["intent"]
        )
        for span in spans
        if span["uid"] in said
    ]
    return tuple(pieces[:3])


def _facts(tx: Tx, site: Site, who: Principal, row: CandidateRow) -> tuple[views.AgreedFact, ...]:
    speaks = language(who)
    key = site.road.vault.key(tx, row.subject_id)
    return tuple(
        views.AgreedFact(
            name=say(speaks, f"fact_{fact.kind}") if known(f"fact_{fact.kind}") else fact.kind,
            value=value,
            source=say(speaks, "said_by_candidate") if fact.source[:2] == "m_" else fact.source,
            at=fact.said_at,
        )
        for fact, value in people.facts(tx, key, row.id)
    )


def _invites(tx: Tx, site: Site, who: Principal, candidate_id: str) -> tuple[views.InviteRow, ...]:
    now = site.road.now()

    def state(row: Any) -> str:
        if row.revoked_at is not None:
            return "revoked"
        if row.used_at is not None:
            return "used"
        return "expired" if row.expires_at <= now else "waiting"

    return tuple(
        views.InviteRow(channel=row.channel or "", created_at=row.created_at, state=state(row))
        for row in invites.invites_of(tx, who.viewer, candidate_id)
    )
