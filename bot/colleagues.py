"""What a colleague asks in their own chat, read from the rows they may see: the query layer.

Everything is found among the people in the asker's sight and read for their role: what they may
not know is not in what a decision gets, so somebody else's candidate is nobody, as anybody unknown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from bot import inquiry, owed
from bot.inquiry import ColleagueSeen, Deed, Memory, Named, Option, remembered
from bot.knowing import OWED, Desk, briefs, may, waits, works_here
from bot.questions import REFUSED, Ask, Question, understood
from bot.rows import Turned
from bot.rulebook import Rulebook
from bot.turn import Context
from bot.words import SHANGHAI
from nlp.naming import Match, Person, looks_named, named
from nlp.normalize import normalize
from storage.database import Database, Tx
from storage.enums import ENDED, InvitationStatus, MessageKind
from storage.queries import alerts, people, surveys
from storage.queries import colleagues as query
from storage.queries.colleagues import NameRow, Some
from storage.vault import Vault
from storage.viewer import Permission, Viewer

#: Questions about one person, and about many.
ABOUT_ONE = frozenset({Ask.STATUS, Ask.REASONS, Ask.SEND_SURVEY, Ask.TRANSFER})
LISTS = frozenset({Ask.MINE, Ask.STARTING, Ask.AT_RISK, Ask.OWED, Ask.TODAY, Ask.SILENT})
#: What 「那李四呢」 asks again.
AGAIN = frozenset({Ask.STATUS, Ask.REASONS})
_FILLING = re.compile(r"[\W_]|那么?|[呢吗啊呀吧嘛了的哦]|请问|现在|目前|大家|候选人|都")
#: 「那李四呢」: the same again, of somebody else.
_AND = re.compile(r"\s*那?么?.{1,12}呢\W*$")
_THEM = ("他", "她", "ta", "这位", "那位", "这个人", "那个人", "这人")


async def looked(
    database: Database, vault: Vault, rules: Rulebook, turned: Turned | None, *, home: str
) -> Turned | None:
    """A turn with what a colleague asks in it; anybody else's as it is. Reading takes the time it
    takes: nobody who writes waits for it."""
    if turned is None or turned.context.staff is None or turned.context.listens:
        return turned
    context = turned.context
    asked = await database.read(lambda tx: seen(tx, vault, rules, context, home=home))
    return replace(turned, context=replace(context, colleague=asked))


def seen(
    tx: Tx, vault: Vault, rules: Rulebook, context: Context, *, home: str
) -> ColleagueSeen | None:
    """What a colleague asks; None: the press of something else, or nothing that is read."""
    assert context.staff is not None
    staff, last = context.staff, context.last
    desk = Desk(tx, vault, rules, Viewer.of_user(staff.id, staff.name, staff.role), home)
    if last.kind is MessageKind.PRESS and inquiry.is_ours(last.text):
        return _pressed(desk, context)
    return _asked(desk, context) if last.kind is MessageKind.TEXT else None


# --- words --------------------------------------------------------------------------------------


def _asked(desk: Desk, context: Context) -> ColleagueSeen:
    question = understood(desk.rules, context.text, now=desk.tx.now)
    if not desk.viewer.may(Permission.CANDIDATE_READ):
        return desk.seen(Ask.HELP)
    if question.ask in REFUSED or question.ask is Ask.HELP:
        return desk.seen(question.ask)  # nobody is looked for: it is refused whoever is meant
    kept = remembered(context.state, desk.tx.now)
    desk.everybody = query.names(desk.tx, desk.vault, desk.viewer)
    if matches := _matches(desk, context.text):  # whom nobody could tell by the look of the name
        question = understood(desk.rules, context.text, now=desk.tx.now, named=matches)
        if question.ask in REFUSED:
            return desk.seen(question.ask)
    text, found = context.text, _named(desk, question.about or context.text)
    ask = question.ask
    if found:
        return _of_one(desk, _meant(ask, kept, desk, text), _narrowed(text, found), question)
    if kept.which and ask is None:
        offered = [one for one in desk.everybody if one.id in kept.which]
        fewer = _narrowed(context.text, offered)
        if 0 < len(fewer) < len(offered):
            return _of_one(desk, Ask(kept.ask or Ask.STATUS), fewer, question)
    if ask in LISTS:
        return _list(desk, ask, question)
    if ask is None and looks_named(question.about or context.text) is None:
        return _of_last(desk, Ask.STATUS, kept, context, question) or desk.seen("")
    told = _of_last(desk, ask or Ask.STATUS, kept, context, question)
    if told is None and looks_named(text) is None and any(word in text for word in _THEM):
        return desk.seen("")  # of whom nobody spoke
    if told is None and ask is Ask.STATUS and _nobody_is_named(context.text, question):
        return _list(desk, Ask.MINE, question)
    return told or desk.seen(ask or Ask.STATUS, nobody=True)


def _of_last(
    desk: Desk, ask: Ask, kept: Memory, context: Context, question: Question
) -> ColleagueSeen | None:
    """What is asked of whoever the talk was about; never where the words may name somebody else."""
    them = any(word in normalize(context.text).text for word in _THEM)
    goes_on = question.ask in AGAIN and _nobody_is_named(context.text, question)
    if not kept.about or not (them or goes_on):
        return None
    again = [one for one in desk.everybody if one.id in kept.about]
    return _of_one(desk, ask, again[:1], question) if again else None


def _nobody_is_named(text: str, question: Question) -> bool:
    """Whether a question is all there is: what is left of the words names nobody."""
    rest = normalize(text).text.replace(question.piece, "", 1)
    return bool(question.piece) and not _FILLING.sub("", rest)


def _meant(ask: Ask | None, kept: Memory, desk: Desk, text: str = "") -> Ask:
    """What is asked of somebody who is named: also 「那李四呢」 and 「我欠张三什么」."""
    if kept.ask in AGAIN and (ask is None or (ask is Ask.STATUS and _AND.match(text))):
        return Ask(kept.ask)
    if ask is None:
        return Ask.STATUS
    if ask is Ask.AT_RISK and works_here(desk):
        return Ask.REASONS
    return ask if ask in ABOUT_ONE else Ask.STATUS


def _named(desk: Desk, text: str) -> list[NameRow]:
    """The people of the best name in a text; several: they are called alike."""
    known = {one.id: one for one in desk.everybody}
    return [known[one.id] for one in _alike(_matches(desk, text))]


def _matches(desk: Desk, text: str) -> tuple[Match, ...]:
    """Everybody a text names of those the viewer may see."""
    return named(text, [Person(id=one.id, name=one.name) for one in desk.everybody])


def _alike(matches: Sequence[Match]) -> list[Match]:
    if not matches:
        return []
    best = matches[0]
    return [
        one
        for one in matches
        if one.score == best.score and (one.start, one.end) == (best.start, best.end)
    ]


def _narrowed(text: str, found: Sequence[NameRow]) -> list[NameRow]:
    """Those whose position a text names, where it names that of some only."""
    said = normalize(text).text
    fitting = [one for one in found if one.position and _shares(said, normalize(one.position).text)]
    return fitting if fitting and len(fitting) < len(found) else list(found)


def _shares(said: str, position: str) -> bool:
    """Whether a text has the title of a position, or its first two signs (后端, 产品)."""
    return position in said or (len(position) > 2 and position[:2] in said)


# --- presses ------------------------------------------------------------------------------------


def _pressed(desk: Desk, context: Context) -> ColleagueSeen:
    text, kept = context.last.text, remembered(context.state, desk.tx.now)
    if text == inquiry.CANCEL:
        return desk.seen(inquiry.CANCELLED)
    chosen = inquiry.asked(text)
    if chosen is not None:
        ask, candidate_id = chosen
        if ask not in list(Ask) or ask in REFUSED:
            return desk.seen(ask if ask in REFUSED else Ask.STATUS, nobody=ask not in REFUSED)
        found = _by_id(desk, candidate_id)
        question = Question(ask=Ask(ask), survey=_pending(kept, "survey"))
        if not found:
            return desk.seen(ask, nobody=True)
        return _of_one(desk, _meant(Ask(ask), kept, desk), found, question, kept=kept)
    deed = inquiry.wanted(text)
    assert deed is not None  # is_ours
    return _deed_pressed(desk, deed, kept)


def _pending(kept: Memory, kind: str) -> str:
    """What was said already of a deed, before it was clear of whom."""
    deed = kept.deed
    return deed.what if deed is not None and deed.kind == kind and not deed.candidate_id else ""


def _deed_pressed(desk: Desk, deed: Deed, kept: Memory) -> ColleagueSeen:
    ask = Ask.SEND_SURVEY if deed.kind == "survey" else Ask.TRANSFER
    if not may(desk, ask):
        return desk.seen(ask)
    if deed.sure and kept.done == deed:
        return desk.seen(ask, deed=deed, deed_done=True)
    found = _by_id(desk, deed.candidate_id)
    if not found:
        return desk.seen(ask, nobody=True)
    if deed.sure and kept.deed != replace(deed, sure=False):
        return desk.seen(inquiry.GONE)
    options = _options(desk, ask, found[0])
    if deed.what not in {one.id for one in options}:
        return desk.seen(inquiry.GONE)
    return desk.seen(ask, found=found, deed=deed, options=options)


def _by_id(desk: Desk, candidate_id: str) -> tuple[Named, ...]:
    rows = people.among(desk.tx, desk.vault, desk.viewer, ids=[candidate_id])
    return tuple(
        Named(
            id=row.id,
            name=row.name,
            position=row.position_title,
            stage=row.stage,
            start_on=row.start_on,
        )
        for row in rows
    )


# --- answers ------------------------------------------------------------------------------------


def _of_one(
    desk: Desk,
    ask: Ask,
    found: Sequence[NameRow | Named],
    question: Question,
    *,
    kept: Memory | None = None,
) -> ColleagueSeen:
    """What is asked of somebody; of several of one name, who they are."""
    people_named = tuple(
        Named(
            id=one.id, name=one.name, position=one.position, stage=one.stage, start_on=one.start_on
        )
        for one in found
    )
    if not may(desk, ask):
        return desk.seen(ask)
    if len(people_named) > 1:
        some, more = people_named[: inquiry.OFFERED], len(people_named) - inquiry.OFFERED
        unfinished = _unfinished(desk, ask, question)
        return desk.seen(ask, found=some, more=max(more, 0), deed=unfinished)
    if ask in (Ask.SEND_SURVEY, Ask.TRANSFER):
        return _deed_wanted(desk, ask, people_named, question, kept)
    told = briefs(desk, [people_named[0].id], deep=True)
    return desk.seen(ask, found=people_named, briefs=told, nobody=not told)


def _unfinished(desk: Desk, ask: Ask, question: Question) -> Deed | None:
    """What was said of a deed before it is clear of whom: it is asked only once."""
    if ask is Ask.SEND_SURVEY and question.survey:
        return Deed(kind="survey", candidate_id="", what=question.survey)
    takers = _takers(desk, question.to) if ask is Ask.TRANSFER and question.to else []
    return Deed(kind="transfer", candidate_id="", what=takers[0].id) if len(takers) == 1 else None


def _deed_wanted(
    desk: Desk, ask: Ask, found: tuple[Named, ...], question: Question, kept: Memory | None
) -> ColleagueSeen:
    options = _options(desk, ask, found[0])
    kind = "survey" if ask is Ask.SEND_SURVEY else "transfer"
    wanted = question.survey
    if ask is Ask.TRANSFER:
        if question.to:
            options = tuple(_takers(desk, question.to))
        wanted = options[0].id if len(options) == 1 else ""
        wanted = _pending(kept, "transfer") if kept is not None else wanted
    deed = Deed(kind=kind, candidate_id=found[0].id, what=wanted)
    known = wanted in {one.id for one in options}
    return desk.seen(
        ask, found=found, deed=deed if known else None, options=options[: inquiry.OFFERED]
    )


def _options(desk: Desk, ask: Ask, one: Named) -> tuple[Option, ...]:
    """The surveys that may be sent to somebody now, or the colleagues who may take them over."""
    if ask is Ask.TRANSFER:
        return tuple(_takers(desk, ""))
    if one.stage in ENDED:
        return ()
    running = {
        row.survey_id
        for row in surveys.of_candidate(desk.tx, one.id)
        if row.status is InvitationStatus.OPEN
        or (row.status is InvitationStatus.PLANNED and row.anchor.startswith(inquiry.BY_HAND))
    }
    fitting = []
    for row in surveys.surveys(desk.tx):
        stages = row.definition.get("stages") or ()
        suits = not stages or str(one.stage) in [str(stage) for stage in stages]
        if row.enabled and row.id not in running and suits and len(row.id) <= 32:
            fitting.append(Option(id=row.id, name=row.title))
    return tuple(fitting)


def _takers(desk: Desk, text: str) -> list[Option]:
    rows = query.working(desk.tx, but=desk.viewer.id)
    every = [Option(id=row.id, name=row.name) for row in rows]
    if not text:
        return every
    known = {one.id: one for one in every}
    matches = named(text, [Person(id=one.id, name=one.name) for one in every])
    return [known[one.id] for one in _alike(matches)]


def _list(desk: Desk, ask: Ask, question: Question) -> ColleagueSeen:
    """Several people. What a role is not told is not read either."""
    tx, viewer, most = desk.tx, desk.viewer, inquiry.LISTED
    if ask is Ask.SILENT and not works_here(desk):
        return desk.seen(Ask.CHAT)
    if ask is Ask.OWED or (ask is Ask.TODAY and not works_here(desk)):
        return _owed(desk)
    if ask is Ask.TODAY:
        return _today(desk)
    span = ""
    if ask is Ask.STARTING:
        since, until, span = _days(desk, question)
        some = query.starting(tx, viewer, since=since, until=until, limit=most)
    elif ask is Ask.AT_RISK:
        some = query.at_risk(tx, viewer, limit=most)
    elif ask is Ask.SILENT:
        some = query.silent(tx, viewer, limit=most)
    else:
        some = query.mine(tx, viewer, limit=most)
    return _some(desk, ask, some, span)


def _some(desk: Desk, ask: Ask, some: Some, span: str) -> ColleagueSeen:
    told = briefs(desk, some.ids, deep=False, spoke=ask is Ask.SILENT)
    return desk.seen(ask, briefs=told, more=some.count - len(told), span=span)


def _days(desk: Desk, question: Question) -> tuple[date, date, str]:
    """The days that are asked about, and what they were called; else this week."""
    if question.when is not None:
        return question.when.first, question.when.last, _span(question.when.first, question)
    today = desk.tx.now.astimezone(SHANGHAI).date()
    monday = today - timedelta(days=today.weekday())
    return monday, monday + timedelta(days=6), desk.rules.answers.this_week


def _span(first: date, question: Question) -> str:
    assert question.when is not None
    last = question.when.last
    if first == last:
        return f"{first.month}月{first.day}日"
    return f"{first.month}月{first.day}日到{last.month}月{last.day}日"


def _owed(desk: Desk) -> ColleagueSeen:
    found = owed.owed(desk.tx, desk.vault, desk.rules, desk.viewer, limit=OWED)
    told = tuple(
        inquiry.Owed(
            candidate_id=one.candidate_id,
            name=one.name,
            position=one.position,
            what=one.what,
            by=one.by,
            overdue=one.overdue,
        )
        for one in found[: inquiry.LISTED]
    )
    return desk.seen(Ask.OWED, owed=told, more=len(found) - len(told))


def _today(desk: Desk) -> ColleagueSeen:
    """What waits, in its order: one brief an alert."""
    rows, count = query.waiting(desk.tx, desk.viewer, limit=inquiry.LISTED)
    by_id = {one.id: one for one in briefs(desk, [row.candidate_id for row in rows], deep=False)}
    told = []
    for row in rows:
        alert = alerts.get(desk.tx, desk.vault, desk.viewer, row.id)
        if row.candidate_id in by_id:
            told.append(replace(by_id[row.candidate_id], waits=(waits(desk, alert),)))
    return desk.seen(Ask.TODAY, briefs=tuple(told), more=count - len(told))
