"""One person on one page, put together for whoever looks: what they may not see is not there."""

from __future__ import annotations

import re
from typing import Any, Literal

from bot import portraying
from bot.channels.base import HandsOver
from bot.risk import engine as risk
from bot.turn import FactorSeen
from bot.web import cursors, filenames, reasons, talk_views, views
from bot.web.access_views import Asked
from bot.web.console import consent_parts
from bot.web.console.cards import author_of, cards, places, segments
from bot.web.console.common import language
from bot.web.console.portrait import TABS
from bot.web.masking import mask_phone
from bot.web.notices import known, say
from bot.web.reasons import Reason
from bot.web.security import Principal
from bot.web.site import Site
from bot.words import SHANGHAI
from storage.database import Tx
from storage.enums import (
    AlertStatus,
    Author,
    Direction,
    MediaKind,
    MessageKind,
    MessageStatus,
    Stage,
)
from storage.queries import accesses, alerts, invites, media, people, timeline, users
from storage.queries.intake import HELD_FOR
from storage.queries.media import Attached
from storage.queries.people import CandidateRow
from storage.queries.record import OURS, PAST
from storage.queries.timeline import MessageRow
from storage.viewer import Permission

TALK = 60
_KINDS: dict[MessageKind, Literal["text", "press", "unsupported", "note"]] = {
    MessageKind.TEXT: "text",
    MessageKind.PRESS: "press",
    MessageKind.UNSUPPORTED: "unsupported",
    MessageKind.NOTE: "note",
}
#: Outbound messages that a person may have to understand; the outbox knows why.
_TOLD = frozenset(
    {MessageStatus.HELD, MessageStatus.DEAD, MessageStatus.AMBIGUOUS, MessageStatus.SENT}
)
#: What a browser shows by itself, as far as names tell.
_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".webp")
#: What is said of something that has no words, as in 「[接入了会话]」.
_HAPPENED = re.compile(r"\[([^\[\]]+)\]")


def person(
    tx: Tx,
    site: Site,
    who: Principal,
    row: CandidateRow,
    *,
    before: int | None = None,
    fresh: views.FreshInvite | None = None,
    code: views.FreshCode | None = None,
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
        timeline=_timeline(tx, site, who, row.id, said, older=older, live=before is None),
        takeover=_takeover(
            tx,
            site,
            who,
            [talk for talk in talks if not site.road.listens(talk.channel, talk.address)],
            said,
            writes=writes,
        ),
        invite_channels=tuple(sorted(site.road.channels)) if writes else (),
        phone=mask_phone(row.phone) if row.phone else "",
        owner=row.owner_name,
        start_on=row.start_on,
        channels=tuple(sorted({talk.channel for talk in talks})),
        alerts=tuple(open_alerts),
        factors=_factors(tx, site, row.id) if chats else (),
        facts=facts(tx, site, who, row) if chats else (),
        invites=_invites(tx, site, who, row.id) if writes else (),
        fresh_invite=fresh,
        fresh_code=code,
        tabs=tuple(one for one, needed in TABS.items() if viewer.may(needed)),
        consent=consent_parts.shown(tx, site, who, row) if chats else None,
        own_chat=_own_chat(tx, site, who),
        accesses=_accesses(tx, who, row.id) if chats else None,
    )


def _accesses(tx: Tx, who: Principal, candidate_id: str) -> tuple[Asked, ...]:
    """The last colleagues who were told something of this person in their own chat."""
    return tuple(
        Asked(one.user_name, one.role, one.what, one.via, one.at)
        for one in accesses.of(tx, who.viewer, candidate_id)
    )


def _own_chat(tx: Tx, site: Site, who: Principal) -> str:
    """The channel on which the viewer gets cards; empty: they connected none."""
    talk = portraying.place(tx, site.road, who.viewer)
    return str(talk.channel) if talk is not None else ""


def _timeline(
    tx: Tx,
    site: Site,
    who: Principal,
    candidate_id: str,
    said: list[MessageRow],
    *,
    older: bool,
    live: bool,
) -> talk_views.Timeline:
    speaks = language(who)
    url = None
    if older:
        first = min(row.id for row in said)
        url = f"/console/candidates/{candidate_id}?before={cursors.made(first)}"
    carried = media.of_messages(tx, site.road.vault, [row.uid for row in said])
    sends = timeline.outbox_of(tx, [row.id for row in said if row.status in _TOLD])
    entries = [
        _entry(
            row,
            files=tuple(_file(one, speaks) for one in carried if one.message_uid == row.uid),
            reason=_outcome(speaks, row, sends.get(row.id)),
            late=row.status is MessageStatus.HELD and site.road.now() - row.sent_at > HELD_FOR,
        )
        for row in timeline.in_time(said)
    ]
    return talk_views.Timeline(days=talk_views.by_day(entries, SHANGHAI), older_url=url, live=live)


def _outcome(speaks: views.Language, row: MessageRow, send: Any) -> Reason | None:
    """What HR has to know of something that left, or did not."""
    if send is not None and send.doubtful and row.status is MessageStatus.SENT:
        return Reason(say(speaks, "sent_twice"), "", speaks)
    return _why(speaks, send.error if send is not None else row.error)


def _why(speaks: views.Language, stored: str | None) -> Reason | None:
    return reasons.reason(speaks, stored) if stored else None


def _file(attached: Attached, speaks: views.Language) -> talk_views.TimelineFile:
    name = filenames.shown(attached.name)
    return talk_views.TimelineFile(
        id=attached.id,
        kind=attached.kind.value,
        name=name,
        size=attached.size,
        state=attached.state.value,
        reason=_why(speaks, attached.error),
        picture=attached.kind is MediaKind.IMAGE or name.lower().endswith(_PICTURES),
    )


def _entry(
    row: MessageRow,
    *,
    files: tuple[talk_views.TimelineFile, ...],
    reason: Reason | None,
    late: bool,
) -> talk_views.TimelineEntry:
    outbound = row.direction is Direction.OUTBOUND
    aside = outbound and not row.external_id.startswith((OURS, PAST))
    happened = _HAPPENED.fullmatch(row.text) if aside else None
    text = happened[1] if happened else row.text
    return talk_views.TimelineEntry(
        id=row.uid,
        kind="event" if happened else _KINDS[row.kind],
        author=author_of(row),
        segments=() if _said_by_files(row, files) else segments(text, places(row.spans)),
        at=row.sent_at,
        outbound=outbound,
        author_name=row.author_name if row.author is Author.HR else "",
        channel=row.channel,
        intents=row.intents,
        state=row.status.value if outbound and not aside else "",
        reason=reason,
        late=late,
        aside=aside,
        files=files,
    )


def _said_by_files(row: MessageRow, files: tuple[talk_views.TimelineFile, ...]) -> bool:
    """Whether the words of a message only name what it carries, as in ``[文件] 简历.pdf``."""
    words = row.text.partition("]")[2].strip()
    named = words in ("", *(file.name for file in files))
    return bool(files) and row.kind is MessageKind.UNSUPPORTED and named


def _takeover(
    tx: Tx,
    site: Site,
    who: Principal,
    talks: list[Any],
    said: list[MessageRow],
    *,
    writes: bool,
) -> views.Takeover:
    speaks = language(who)
    if not writes:
        return views.Takeover(blocked=say(speaks, "chat_hidden"))
    if not talks:
        return views.Takeover(blocked=say(speaks, "no_channel"))
    blocked = "" if talks[0].reachable else say(speaks, "unreachable")
    muted = any(talk.muted for talk in talks)
    by_us = [row for row in said if row.author is Author.HR]
    here = talks[0].channel
    accounts = users.chat_accounts(tx, who.viewer.id)
    known = any(one.channel == here for one in accounts)
    return views.Takeover(
        muted=muted,
        by=by_us[-1].author_name if muted and by_us else "",
        since=by_us[-1].sent_at if muted and by_us else None,
        channel=here,
        blocked=blocked,
        client=known and isinstance(site.road.channels.get(here), HandsOver),
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


def facts(tx: Tx, site: Site, who: Principal, row: CandidateRow) -> tuple[views.AgreedFact, ...]:
    """What was agreed or said in so many words, with its source."""
    speaks = language(who)
    key = site.road.vault.key(tx, row.subject_id)
    return tuple(
        views.AgreedFact(
            name=say(speaks, f"fact_{fact.kind}") if known(f"fact_{fact.kind}") else fact.kind,
            value=value,
            source=_source(speaks, fact.source),
            at=fact.said_at,
        )
        for fact, value in people.facts(tx, key, row.id)
    )


def _source(speaks: views.Language, source: str) -> str:
    if source.startswith("m_"):
        return say(speaks, "said_by_candidate")
    if source.startswith("user:"):
        return say(speaks, "said_by_us")
    return say(speaks, "said_in_survey") if source.startswith("survey:") else source


def _invites(tx: Tx, site: Site, who: Principal, candidate_id: str) -> tuple[views.InviteRow, ...]:
    now = site.road.now()
    return tuple(
        views.InviteRow(
            channel=row.channel or "",
            created_at=row.created_at,
            state=invites.state(row, now).value,
        )
        for row in invites.invites_of(tx, who.viewer, candidate_id)
    )
