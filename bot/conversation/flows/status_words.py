"""Words that always work: 我的进度 and 帮助."""

from __future__ import annotations

import re
from datetime import date, datetime

from bot.rulebook import Rulebook
from bot.turn import CandidateSeen, Context, Heard, Outcome, Reply
from bot.words import fill, next_step, stage_name, step_name
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


def wants(context: Context, heard: Heard | None) -> bool:
    """A candidate's message that is such a word and nothing else."""
    return context.candidate is not None and _which(context) is not None


def _which(context: Context) -> str | None:
    text = context.text.strip().strip(_TAIL)
    if len(text) > _LONGEST:
        return None
    if _PROGRESS.match(text):
        return "progress"
    return "help" if _HELP.match(text) else None


def step(context: Context, heard: Heard | None, rulebook: Rulebook, *, now: datetime) -> Outcome:
    """Answer at once, also while a person has taken over: it was asked of the program."""
    assert context.candidate is not None
    text = (
        progress(context.candidate, rulebook)
        if _which(context) == "progress"
        else rulebook.replies.help
    )
    return Outcome(flow=FLOW, replies=(Reply(slot="status", text=text.strip()),))


def progress(candidate: CandidateSeen, rulebook: Rulebook) -> str:
    """Stage, what comes next and the step that is due first, in the candidate's words; never a
    score."""
    words = rulebook.replies
    start = candidate.start_on
    told = fill(
        words.progress,
        position=candidate.position_title or "—",
        stage=stage_name(words, candidate.stage),
        next_step=next_step(words, candidate.stage, f"（{_day(start)}）" if start else ""),
    )
    step = candidate.next_step
    if step is None or candidate.stage in ENDED:
        return told
    name = step_name(words, step.kind, step.words)
    return f"{told}\n{fill(words.progress_step, step=name, day=_day(step.due_on))}"


def _day(day: date) -> str:
    return f"{day.month}月{day.day}日"
