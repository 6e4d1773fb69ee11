"""What a colleague is told, in words: one person, a list, or nobody. Pure.

What the reader may not know is not in a ``Brief``; these functions only put into words what is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime

from bot.inquiry import Brief, ColleagueSeen, Due, Named
from bot.rulebook import Rulebook
from bot.words import SHANGHAI, fill, moment
from storage.enums import ENDED, JOINED, Role

#: Of a quote, of what is owed and of what waits, an answer says so much.
QUOTE, DUES, WAITS = 60, 4, 3
_WORKING = (Role.HR, Role.HR_ADMIN)


def works(role: Role) -> bool:
    """Whether somebody of a role works with the record: is told of alerts and their reasons."""
    return role in _WORKING


def help_for(rules: Rulebook, seen: ColleagueSeen) -> str:
    """What may be asked."""
    words = rules.answers
    if works(seen.role):
        return fill(words.help_hr, link=f"{seen.home}/console")
    if seen.role is Role.AUDITOR:
        return fill(words.help_auditor, link=f"{seen.home}/console/audit")
    return words.help_manager


def label(rules: Rulebook, one: Named) -> str:
    """Somebody of several of one name, on a button: told apart by position and day."""
    words = rules.answers
    at = rules.policy.stages[one.stage]
    if one.start_on is not None and one.stage not in ENDED:
        at = fill(words.starts, day=_day(one.start_on))
    return fill(words.label, name=one.name, position=_at(rules, one.position), day=at)


def person(rules: Rulebook, brief: Brief, role: Role, now: datetime) -> str:
    """Stage, next date, who owes what, and one thing to do."""
    words, today = rules.answers, now.astimezone(SHANGHAI).date()
    lines = [fill(words.theirs, what=_due(rules, one)) for one in brief.theirs[:DUES]]
    lines += [words.unnamed] if brief.unnamed else []
    lines += [fill(words.ours, what=_due(rules, one)) for one in brief.ours[:DUES]]
    for one in brief.waits[:WAITS]:
        told = {"what": one.topic, "answer_by": moment(one.due_at), "quote": _cut(one.quote)}
        lines.append(fill(words.waits, **told))
    if len(brief.waits) > WAITS:
        lines.append(fill(words.waits_more, count=str(len(brief.waits) - WAITS)))
    return fill(
        words.person,
        name=brief.name,
        position=_at(rules, brief.position),
        stage=rules.policy.stages[brief.stage],
        day=_day(brief.stage_on),
        next=_next(rules, brief, today),
        lines="\n".join(lines or [words.nothing_owed]),
        todo=todo(rules, brief, role),
    )


def todo(rules: Rulebook, brief: Brief, role: Role) -> str:
    """The one thing to do, as a line."""
    words = rules.answers
    if brief.stage in ENDED:
        return words.ended_todo
    if works(role):
        return fill(words.todo_hr, what=_hr_thing(rules, brief))
    what = thing(rules, brief)
    if what is None:
        return words.nothing_todo
    return what if what in words.attention.values() else fill(words.todo_manager, what=what)


def thing(rules: Rulebook, brief: Brief) -> str | None:
    """The one thing a manager can do, without why; None: nothing now."""
    words = rules.answers
    if brief.ours:
        return fill(words.owes, what=_due(rules, brief.ours[0]))
    if brief.attention:
        return words.attention.get(str(brief.stage), words.attention["else"])
    return words.greet if brief.greets else None


def _hr_thing(rules: Rulebook, brief: Brief) -> str:
    words = rules.answers
    if brief.waits:
        first = brief.waits[0]
        return fill(words.answer_first, topic=first.topic, question=first.question)
    if brief.ours:
        return fill(words.owes, what=_due(rules, brief.ours[0]))
    if brief.theirs:
        return fill(words.help_step, what=brief.theirs[0].what)
    if brief.hint:
        return brief.hint
    return words.greet if brief.greets else words.nothing_todo


def reasons(rules: Rulebook, brief: Brief, home: str) -> str:
    """Why somebody is at risk, for who works with the record: reasons, no score."""
    words = rules.answers
    who = {"name": brief.name, "position": _at(rules, brief.position)}
    lines = [f"· {one}" for one in brief.reasons]
    lines += [f"· {one.topic}：“{_cut(one.quote)}”" for one in brief.waits[:WAITS]]
    if not lines or brief.level is None:
        return fill(words.reasons_none, **who)
    first = brief.waits[0] if brief.waits else None
    what = first.question if first is not None else brief.hint
    link = f"{home}/console/candidates/{brief.id}"
    return fill(
        words.reasons,
        **who,
        level=words.levels[brief.level],
        lines="\n".join(lines),
        what=what or fill(words.no_hint, link=link),
    )


# --- lists --------------------------------------------------------------------------------------


def listed(
    rules: Rulebook,
    head: str,
    none: str,
    lines: Sequence[str],
    *,
    more: int,
    link: str,
    span: str = "",
    rest: str = "",
) -> str:
    """A heading with how many there are, the lines, and how many are left out with where they
    are."""
    words = rules.answers
    if not lines:
        return fill(none, span=span)
    tail = [fill(rest or words.more, count=str(more), link=link)] if more else []
    top = fill(head, count=str(len(lines) + more), span=span)
    return "\n".join([top, *(f"· {one}" for one in lines), *tail])


def mine(rules: Rulebook, seen: ColleagueSeen) -> str:
    """The people somebody works with."""
    words = rules.answers

    def line(one: Brief) -> str:
        told = _who(rules, one)
        said = fill(words.mine_line, **told, stage=rules.policy.stages[one.stage])
        if one.start_on is not None and one.stage not in ENDED | JOINED:
            said += f"，{fill(words.starts, day=_day(one.start_on))}"
        return said

    return _briefs(rules, seen, words.mine, words.mine_none, line)


def starting(rules: Rulebook, seen: ColleagueSeen) -> str:
    """Who starts in the days that were asked about."""
    words = rules.answers

    def line(one: Brief) -> str:
        day = _day(one.start_on) if one.start_on is not None else ""
        return fill(words.starting_line, **_who(rules, one), day=day)

    return _briefs(rules, seen, words.starting, words.starting_none, line)


def at_risk(rules: Rulebook, seen: ColleagueSeen) -> str:
    """Who needs somebody: for managers one thing to do, for HR the strongest reason."""
    words = rules.answers

    def line(one: Brief) -> str:
        if not works(seen.role):
            what = words.attention.get(str(one.stage), words.attention["else"])
            return fill(words.at_risk_manager, **_who(rules, one), what=what)
        what = one.reasons[0] if one.reasons else words.no_reason
        if not one.reasons and one.waits:
            what = one.waits[0].topic
        level = f"·{words.levels[one.level]}" if one.level is not None else ""
        return fill(words.at_risk_hr, **_who(rules, one), level=level, what=what)

    return _briefs(rules, seen, words.at_risk, words.at_risk_none, line)


def silent(rules: Rulebook, seen: ColleagueSeen) -> str:
    """Who does not answer at their own pace any more."""
    words = rules.answers

    def line(one: Brief) -> str:
        at = moment(one.silent_since) if one.silent_since else words.silent_never
        return fill(words.silent_line, **_who(rules, one), answer_by=at)

    return _briefs(rules, seen, words.silent, words.silent_none, line)


def today(rules: Rulebook, seen: ColleagueSeen) -> str:
    """What waits for HR, most urgent first: one line an alert."""
    words = rules.answers
    lines = [
        fill(
            words.today_line,
            **_who(rules, one),
            topic=wait.topic,
            answer_by=moment(wait.due_at),
            quote=_cut(wait.quote),
        )
        for one in seen.briefs
        for wait in one.waits
    ]
    return listed(
        rules, words.today, words.today_none, lines,
        more=seen.more, link=f"{seen.home}/console", rest=words.more_things,
    )  # fmt: skip


def owed(rules: Rulebook, seen: ColleagueSeen) -> str:
    """What we owe candidates."""
    words = rules.answers
    lines = [
        fill(
            words.owed_line,
            name=one.name,
            position=_at(rules, one.position),
            what=_due(rules, Due(what=one.what, by=_date(one.by), overdue=one.overdue)),
        )
        for one in seen.owed
    ]
    return listed(
        rules, words.owed, words.owed_none, lines,
        more=seen.more, link=f"{seen.home}/console", rest=words.more_things,
    )  # fmt: skip


def _briefs(
    rules: Rulebook, seen: ColleagueSeen, head: str, none: str, line: Callable[[Brief], str]
) -> str:
    lines = [line(one) for one in seen.briefs]
    link = f"{seen.home}/console/candidates"
    return listed(rules, head, none, lines, more=seen.more, link=link, span=seen.span)


# --- parts --------------------------------------------------------------------------------------


def _who(rules: Rulebook, one: Brief) -> dict[str, str]:
    return {"name": one.name, "position": _at(rules, one.position)}


def _at(rules: Rulebook, position: str) -> str:
    return position or rules.answers.no_position


def _due(rules: Rulebook, one: Due) -> str:
    words = rules.answers
    if one.by is None or (_day(one.by) in one.what and not one.overdue):
        return fill(words.undated, what=one.what)
    return fill(words.overdue if one.overdue else words.by_day, what=one.what, day=_day(one.by))


def _next(rules: Rulebook, brief: Brief, today: date) -> str:
    """The nearest day that is still to come and that the reader may know of."""
    words = rules.answers
    if brief.stage in ENDED:
        return words.no_date
    days = [(one.by, one.what) for one in brief.theirs if one.by is not None]
    if brief.start_on is not None:
        days.append((brief.start_on, words.first_day))
    coming = sorted(one for one in days if one[0] >= today)
    if not coming:
        return words.no_date
    return fill(words.dated, day=_day(coming[0][0]), what=coming[0][1])


def _day(at: date) -> str:
    return f"{at.month}月{at.day}日"


def _date(at: datetime | date | None) -> date | None:
    return at.astimezone(SHANGHAI).date() if isinstance(at, datetime) else at


def _cut(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= QUOTE else f"{flat[: QUOTE - 1]}…"
