"""Words that always work and are answered at once: 我的进度, 我的数据, 帮助.

They are recognised in natural wording. What a message says besides is heard all the same.
"""

from __future__ import annotations

import re
from datetime import date, datetime

from bot.conversation.flows import listening
from bot.known import Request, asked_for
from bot.rulebook import Rulebook
from bot.turn import Context, Heard, Outcome, Reply
from bot.words import fill, moment, next_step, owner_of, stage_name, step_name
from storage.enums import ENDED

FLOW = "status_words"
_POLITE = (
    r"(你好|您好|请问|麻烦(您|你)?|帮我|帮忙|给我|我想|想|能不能|能|可以|现在|目前|最近"
    r"|问问|看看|查查|(查询?|看|问|了解|知道)(一?下)?|[，,\s])*"
)
_OF = r"(应聘|面试|入职|招聘|流程|申请|录用|offer)*"
_PROGRESS = re.compile(
    rf"^{_POLITE}(我的|我这边的?|我)?(现在|目前)?{_OF}的?"
    r"((进度|进展)|((应聘|面试|申请|录用)状态)|(走|进行)?到了?(哪(一?步|里|儿|个环节)?|什么(阶段|步骤))"
    r"|(是|在|处于)?(什么|哪个?)(进度|进展|阶段|环节))"
    r"(怎么样|怎样|如何|是什么|到哪(里|儿|一?步)?)?了?(呢|吗|么|啊|呀)?$",
    re.IGNORECASE,
)
#: Longer texts say more than such a word. Also bounds the time of matching.
_LONGEST = 24
_HELP = re.compile(r"^(帮助|help|/help|/start|菜单|使用说明|你能做什么|怎么用)$", re.IGNORECASE)
_TAIL = " 。，,.!！?？~～"
#: In this order, where several are asked at once.
_HERE = (Request.DATA, Request.PROGRESS, Request.HELP)
#: What is told of the words we owe an answer to.
_QUOTED = 30


def wants(context: Context, heard: Heard | None) -> bool:
    """A candidate's message that is such a word, or has it among others."""
    return context.candidate is not None and not context.is_press and _which(context) is not None


def _which(context: Context) -> Request | None:
    text = context.text.strip().strip(_TAIL)
    if len(text) <= _LONGEST and _PROGRESS.match(text):
        return Request.PROGRESS
    if len(text) <= _LONGEST and _HELP.match(text):
        return Request.HELP
    return next((one for one in _HERE if asked_for(context.asked, one)), None)


def step(context: Context, heard: Heard | None, rulebook: Rulebook, *, now: datetime) -> Outcome:
    """Answer at once, also while a person has taken over: it was asked of the program."""
    which = _which(context)
    if which is Request.DATA:
        outcome = Outcome(flow=FLOW, copies=True)
    else:
        progresses = which is Request.PROGRESS
        text = progress(context, rulebook) if progresses else rulebook.replies.help
        outcome = Outcome(flow=FLOW, replies=(Reply(slot="status", text=text.strip()),))
    if heard is None:
        return outcome
    return outcome.merged(listening.step(context, heard, rulebook, now=now))


def progress(context: Context, rulebook: Rulebook) -> str:
    """Stage, what comes next, their steps and our answers with their day, in the candidate's
    words; never a score."""
    candidate, words = context.candidate, rulebook.replies
    assert candidate is not None
    start = candidate.start_on
    told = [
        fill(
            words.progress,
            position=candidate.position_title or "—",
            stage=stage_name(words, candidate.stage),
            next_step=next_step(words, candidate.stage, f"（{_day(start)}）" if start else ""),
        )
    ]
    owner = owner_of(words, candidate.owner_name)
    for owed in context.owed:
        what = _quoted(owed.words)
        told.append(fill(words.progress_owed, what=what, owner=owner, answer_by=moment(owed.by)))
    if candidate.steps and candidate.stage not in ENDED:
        first, *more = candidate.steps
        name = step_name(words, first.kind, first.words)
        for step in more:
            name += f"（{_day(first.due_on)}）、{step_name(words, step.kind, step.words)}"
            first = step
        told.append(fill(words.progress_step, step=name, day=_day(first.due_on)))
    return "\n".join(told)


def _quoted(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _QUOTED else line[: _QUOTED - 1] + "…"


def _day(day: date) -> str:
    return f"{day.month}月{day.day}日"
