"""The rules of the scheme: what one normalised message comes to.

``judge`` goes in the scheme's order: a promised answer is a timer, a turn (但, 不过) names the
half that counts, reported words are not the speaker's, then how sure the speaker is, and last
what the message is about. Everything that is a matter of words is in ``nlp/lexicon``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from nlp.about import named, quoted
from nlp.case import Case, laid_out
from nlp.commit import commit, deciding_half
from nlp.dates import Found as Day
from nlp.lexicon import macros
from nlp.match import Found
from nlp.reading import Turn
from nlp.scheme import Condition, Intent

_ASKS_US = re.compile(
    r"(?<![给跟和向对])(?:您|你们?|贵司).{0,8}(?:答复|回复|回我|告诉我|反馈)(?!您|你)"
)
_REPORTED = re.compile(
    r"(?:hr|人事|面试官|主管|领导|招聘|同事|同学|朋友|师兄|学长|室友|别人|经理|老板|群里|有人|群主)"
    r"(?:那边|们|之前|当时|上次|跟我|也|小姐姐|老师){0,2}(?:说(?!法|明)|讲|提到|告诉我|反馈|表示|透露|提过|提起|聊起)"
    r"|听(?:说|.{1,4}[说讲])"
)
_TIME = re.compile(r"[一二两三四五六七八九十\d]{1,2}(?:点|:\d\d)|上午|下午|早上|晚上|中午")
_WEEK = re.compile(r"(?:下个?|本|这个?)?(?:周|星期|礼拜)(?:末|内|之内)?")
_THEN = re.compile(r"[^\n]{0,6}[,。?!~ ]+(?:我)?到时候?(?:一定)?(?:告诉|给|回|答)")
_MAYBE = re.compile(r"不一定|没法|没有?办法|不能(?!不)|不确定|未必|不好说|难说|不敢")
_NEAR = 14  # characters between a day and the promise to answer by it


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a message comes to, on normalised text. ``quotes`` are (start, end, intent)."""

    intents: tuple[Intent, ...]
    scores: dict[Intent, float]
    commitment: int
    reported: bool
    condition: Condition
    deadline: date | None
    quotes: tuple[tuple[int, int, Intent], ...]


def judge(text: str, *, stage: str, context: Sequence[Turn], now: datetime) -> Judgement:
    """Apply the scheme to one normalised message. The same input gives the same judgement."""
    case = laid_out(text, stage=stage, context=context, now=now)
    _promised_answer(case)
    _moved_date(case)
    _appointment(case)
    _whose_words(case)
    commit(case, deciding_half(case))
    scores = named(case)
    return Judgement(
        intents=tuple(intent for intent in Intent if intent in scores),
        scores=scores,
        commitment=case.commitment,
        reported=case.reported,
        condition=case.condition,
        deadline=case.deadline,
        quotes=quoted(case, scores),
    )


def _promised_answer(case: Case) -> None:
    """Rule 14: a date given for the answer is a timer; a second one is a further delay."""
    answers = re.compile(macros()["ANSWER"])
    for day in case.days:
        window = _beside(case, day)
        then = _THEN.match(case.text, day.end)
        asked_or_open = _ASKS_US.search(window) or _MAYBE.search(window)
        if then or (answers.search(window) and not asked_or_open):
            case.deadline = day.day
            case.found.append(_consider(day.start, day.end, case.delayed))
            break
    if case.deadline is None:
        return
    for item in [item for item in case.found if item.weight == "hesitation"]:
        if item.commitment == -1:
            case.soften(item)


def _beside(case: Case, day: Day) -> str:
    """The words a promise may stand in: the day's clause, and the next one after a bare day."""
    start = max(0, day.start - _NEAR)
    end = min(len(case.text), day.end + _NEAR)
    clause = case.clauses.clause(day.start)
    alone = not any(
        case.clauses.clause(at) == clause and case.text[at].isalnum()
        for at in (*range(max(0, day.start - 3), day.start), *range(day.end + 2, end))
    )
    last = clause + 1 if alone else clause
    return "".join(
        case.text[at] for at in range(start, end) if clause <= case.clauses.clause(at) <= last
    )


def _consider(start: int, end: int, delayed: bool) -> Found:
    return Found(
        start=start,
        end=end,
        name="second-delay" if delayed else "promised-answer",
        weight="hesitation" if delayed else "topic",
        intents=(Intent.CONSIDER,),
        commitment=-2 if delayed else 0,
        flags=frozenset(),
    )


def _moved_date(case: Case) -> None:
    """Rule 11: moving the start date. With a new date 0, without -1, a second time -2."""
    if case.stage not in ("offer", "accepted") or case.has("date-moved-by-us"):
        return
    for item in [item for item in case.found if item.name == "date-shift"]:
        words = case.text[item.start : item.end]
        asks_later = re.search(r"晚|推|延|顺延|往后|改|再", words)
        if not asks_later:
            continue
        value = (
            -2 if case.delayed else 0 if case.days or re.search(r"一周|两周|\d天", words) else -1
        )
        at = case.found.index(item)
        case.found[at] = replace(item, weight="mood" if value else "topic", commitment=value)


def _appointment(case: Case) -> None:
    """Rule 24: moving an appointment to a time is an errand, without one it is a delay."""
    named = any(not _WEEK.fullmatch(case.text[day.start : day.end]) for day in case.days)
    if not (named or _TIME.search(case.text)):
        return
    for item in [item for item in case.found if item.name == "postpone"]:
        at = case.found.index(item)
        case.found[at] = replace(
            item, weight="topic", commitment=0, intents=(Intent.LOGISTICS,), name="appointment"
        )


def _whose_words(case: Case) -> None:
    """Rules 4 and 28: what others said is not the speaker's, unless the speaker takes it up."""
    said = _REPORTED.search(case.text)
    if said is None:
        return
    clause = case.clauses.clause(said.start())
    for item in case.judged():
        theirs = item.start >= said.end() and case.clauses.clause(item.start) == clause
        if theirs and item.weight in ("decision", "hesitation") and "resolved" not in item.flags:
            case.soften(item)
            case.dropped.update(item.intents)
    case.reported = not case.judged()
