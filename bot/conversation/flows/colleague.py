"""A colleague asks about candidates, or has something done, in their own chat."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from bot import briefs, inquiry
from bot.inquiry import ColleagueSeen, Deed, Memory, Named, Told
from bot.questions import Ask
from bot.rulebook import Rulebook
from bot.turn import Context, Heard, Outcome, Reply
from bot.words import fill
from storage.enums import MessageKind

FLOW = "colleague"
_LISTS: Mapping[str, Callable[[Rulebook, ColleagueSeen], str]] = {
    Ask.MINE: briefs.mine,
    Ask.STARTING: briefs.starting,
    Ask.AT_RISK: briefs.at_risk,
    Ask.SILENT: briefs.silent,
    Ask.TODAY: briefs.today,
    Ask.OWED: briefs.owed,
}
_DEEDS = (Ask.SEND_SURVEY, Ask.TRANSFER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An answer: its words, what can be chosen, of whom it tells, what is to be remembered."""

    text: str
    choices: tuple[tuple[str, str], ...] = ()
    told: tuple[Told, ...] = ()
    memory: Memory | None = None
    deed: Deed | None = None


def wants(context: Context, heard: Heard | None) -> bool:
    """A question of one of ours, or a press under an answer of ours. A press of anybody else."""
    if context.is_press and inquiry.is_ours(context.last.text):
        return True
    return context.colleague is not None and context.last.kind is MessageKind.TEXT


def step(context: Context, heard: Heard | None, rulebook: Rulebook, *, now: datetime) -> Outcome:
    """Answer it, once. Whoever was told something of somebody is kept."""
    words = rulebook.replies
    if context.colleague is None:
        return Outcome(flow=FLOW, press_note=words.press_refused)
    kept = inquiry.remembered(context.state, now)
    said = _said(rulebook, context.colleague, kept, now)
    memory = said.memory if said.memory is not None else kept
    return Outcome(
        flow=FLOW,
        replies=(Reply(slot="answer", text=said.text, choices=said.choices),),
        told=said.told,
        deed=said.deed,
        state=inquiry.remembering(context.state, memory, now),
        press_note=words.press_noted if context.is_press else "",
    )


def _said(rules: Rulebook, seen: ColleagueSeen, kept: Memory, now: datetime) -> Said:
    words, ask = rules.answers, seen.ask
    refused = _refused(rules, seen)
    if refused:
        return Said(text=refused)
    if ask == inquiry.CANCELLED:
        return Said(text=words.deed_kept, memory=replace(kept, deed=None))
    if ask == inquiry.GONE:
        return Said(text=words.deed_gone, memory=replace(kept, deed=None))
    if seen.nobody:
        return Said(text=words.nobody)
    if len(seen.found) > 1:
        return _which(rules, seen)
    if ask in _DEEDS:
        return _deed(rules, seen, kept)
    if ask in _LISTS:
        return _list(rules, seen)
    if not seen.briefs:
        return Said(text=briefs.help_for(rules, seen))
    [brief] = seen.briefs
    if ask == Ask.REASONS:
        text = briefs.reasons(rules, brief, seen.home)
    else:
        text = briefs.person(rules, brief, seen.role, now)
    memory = Memory(ask=ask, about=(brief.id,))
    return Said(text=text, told=(Told(candidate_id=brief.id, what=ask),), memory=memory)


def _refused(rules: Rulebook, seen: ColleagueSeen) -> str:
    """What is not answered here, whoever it is about; empty: it is."""
    words, works = rules.answers, briefs.works(seen.role)
    link = f"{seen.home}/console/candidates"
    if seen.ask == Ask.PAY:
        return fill(words.no_pay_hr, link=link) if works else words.no_pay
    if seen.ask == Ask.CHAT:
        return fill(words.no_chat_hr, link=link) if works else words.no_chat
    if seen.ask == Ask.PRIVATE:
        return words.no_private
    if seen.ask == Ask.COMPARE:
        return words.no_compare
    if not works and seen.ask == Ask.REASONS:
        return words.no_reasons
    return words.no_deed if not works and seen.ask in _DEEDS else ""


def _which(rules: Rulebook, seen: ColleagueSeen) -> Said:
    """Several of one name: they are told apart by their position and day."""
    words = rules.answers
    text = fill(words.which_more, count=str(seen.more)) if seen.more else words.which
    choices = tuple(
        (briefs.label(rules, one), inquiry.asking(seen.ask, one.id)) for one in seen.found
    )
    memory = Memory(ask=seen.ask, which=tuple(one.id for one in seen.found), deed=seen.deed)
    return Said(text=text, choices=choices, memory=memory)


def _list(rules: Rulebook, seen: ColleagueSeen) -> Said:
    told = dict.fromkeys([*(one.id for one in seen.briefs), *(o.candidate_id for o in seen.owed)])
    about = tuple(told) if len(told) == 1 else ()
    return Said(
        text=_LISTS[seen.ask](rules, seen),
        told=tuple(Told(candidate_id=one, what=seen.ask) for one in told),
        memory=Memory(ask=seen.ask, about=about),
    )


# --- what is done -------------------------------------------------------------------------------


def _deed(rules: Rulebook, seen: ColleagueSeen, kept: Memory) -> Said:
    words, deed = rules.answers, seen.deed
    if seen.deed_done:
        return Said(text=words.deed_known)
    [one] = seen.found
    who = {"name": one.name, "position": one.position or words.no_position}
    if deed is None:
        return _choose(rules, seen, one, who)
    names = {option.id: option.name for option in seen.options}
    survey = deed.kind == "survey"
    what = {"title" if survey else "colleague": names[deed.what]}
    if deed.sure:
        done = words.survey_done if survey else words.transfer_done
        memory = Memory(ask=seen.ask, about=(one.id,), done=deed)
        return Said(text=fill(done, **who, **what), deed=deed, memory=memory)
    sure = replace(deed, sure=True)
    choices = ((words.deed_yes, inquiry.deed(sure)), (words.deed_no, inquiry.CANCEL))
    text = fill(words.survey_sure if survey else words.transfer_sure, **who, **what)
    return Said(text=text, choices=choices, memory=replace(kept, ask=seen.ask, deed=deed))


def _choose(rules: Rulebook, seen: ColleagueSeen, one: Named, who: dict[str, str]) -> Said:
    """Which survey, or to whom."""
    words, survey = rules.answers, seen.ask == Ask.SEND_SURVEY
    if not seen.options:
        none = words.survey_none if survey else words.transfer_nobody
        return Said(text=fill(none, **who, link=f"{seen.home}/console/candidates/{one.id}"))
    kind = "survey" if survey else "transfer"
    choices = tuple(
        (option.name, inquiry.deed(Deed(kind=kind, candidate_id=one.id, what=option.id)))
        for option in seen.options
    )
    text = fill(words.survey_which if survey else words.transfer_who, **who)
    return Said(text=text, choices=choices, memory=Memory(ask=seen.ask, about=(one.id,)))
