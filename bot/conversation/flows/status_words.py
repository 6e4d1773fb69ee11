"""Words that always work: 我的进度 and 帮助."""

from __future__ import annotations

import re
from datetime import datetime

from bot.rulebook import Rulebook
from bot.turn import CandidateSeen, Context, Heard, Outcome, Reply
from bot.words import fill, next_step, stage_name

FLOW = "status_words"
_POLITE = r"(请问|麻烦|想问(一)?下|帮我|我想|能不能|可以|查(一)?下|看(一)?下|问(一)?下)*"
_PROGRESS = re.compile(
    rf"^{_POLITE}(我的|我这边的?|我)?(应聘|面试|入职|流程|申请|offer)?(的)?"
    r"(进度|进展|到哪一?步了?|什么进度|什么阶段|到什么阶段了?|走到哪一?步了?)"
    r"(怎么样|如何|是什么|了)?(呢|吗|啊|呀)?$"
)
_HELP = re.compile(r"^(帮助|help|/help|/start|菜单|使用说明|你能做什么|怎么用)$", re.IGNORECASE)
_TAIL = " 。，,.!！?？~～"


def wants(context: Context, heard: Heard | None) -> bool:
    """A candidate's message that is such a word and nothing else."""
    return context.candidate is not None and _which(context) is not None


def _which(context: Context) -> str | None:
    text = context.text.strip().strip(_TAIL)
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
    """Stage and what comes next, in the candidate's words; never a score."""
    words = rulebook.replies
    start = candidate.start_on
    return fill(
        words.progress,
        position=candidate.position_title or "—",
        stage=stage_name(words, candidate.stage),
        next_step=next_step(
            words, candidate.stage, f"（{start.month}月{start.day}日）" if start else ""
        ),
    )
