"""更正: the candidate says that something we keep is wrong. A person checks it and answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from bot.alerts import policy
from bot.conversation.flows import erasing, handover, listening, status_words
from bot.known import Request, asked_for
from bot.rulebook import Rulebook
from bot.turn import AskRight, Context, Heard, Outcome, Reply
from bot.words import answer_by, fill, moment, owner_of
from nlp.scheme import Severity

FLOW = "correcting"
#: How long the next words are taken for the answer to our question, and what is kept of them.
WAITS, KEPT = timedelta(hours=24), 400
_NEVER_MIND = re.compile(r"(算了|不用了?|没有了?|没事了?|不改了?|先不改了?)[吧啊呀，,。.！!~～ ]*")
#: What is wrong, or what it should be, is said already.
_SAID = re.compile(
    r"[0-9]{2,}|@|应该?是|应当是|改成|改为|换成|写成|更正为|其实是|不是.{1,12}(?:是|而)|少了|多了"
    r"|(?:姓名|名字|名儿|手机|电话|邮箱|地址|现住址|学历|学位|专业|学校|院校|毕业|籍贯|身份证|证件号?|生日"
    r"|出生年月|出生年份|联系人|年限|工龄|公司名|职位名称?|在职时间|离职时间|入职时间|银行卡号|经历)"
    r".{0,8}(?:错|不对|有误|不准|变更|换了)"
)


def wants(context: Context, heard: Heard | None) -> bool:
    """The wish, or the words we asked for."""
    if context.candidate is None or context.is_press:
        return False
    if asked_for(context.asked, Request.CORRECT):
        return True
    asking = _asking(context.state)
    if asking is None or context.last.sent_at - datetime.fromisoformat(asking["at"]) >= WAITS:
        return False
    elsewhere = (handover, status_words, erasing)
    return not any(flow.wants(context, heard) for flow in elsewhere)


def _asking(state: Mapping[str, Any]) -> dict[str, str] | None:
    asking = state.get("asking")
    return asking if asking and asking["flow"] == FLOW else None


def step(context: Context, heard: Heard | None, rulebook: Rulebook, *, now: datetime) -> Outcome:
    """Ask what is wrong where it was not said; else a dated request that HR answers."""
    assert context.candidate is not None
    words, asking = rulebook.replies, _asking(context.state)
    owner = owner_of(words, context.candidate.owner_name)
    rest = listening.heard_of(context, heard, rulebook, now=now) if heard is not None else None
    if asking is not None and _NEVER_MIND.fullmatch(context.text.strip()):
        outcome = _said(context, words.correct_kept, asking=None)
    elif asking is None and not _SAID.search(context.text):
        ours = {"flow": FLOW, "at": now.isoformat()}
        outcome = _said(context, fill(words.correct_what, owner=owner), asking=ours)
    else:
        until = answer_by(now, rulebook.policy.answer_hours)
        text = fill(words.correct_asked, owner=owner, answer_by=moment(until))
        wish = context.text[:KEPT]
        outcome = _said(context, text, asking=None).merged(
            Outcome(
                flow=FLOW,
                alerts=(policy.own(rulebook.policy, policy.CORRECT, wish, Severity.TODAY, now),),
                rights=(AskRight(kind="correct"),),
                plans=(handover.answer_due(context, until),),
            )
        )
    return outcome if rest is None else outcome.merged(rest)


def _said(context: Context, text: str, *, asking: dict[str, str] | None) -> Outcome:
    """Said also while a person has taken over: it was asked of the program."""
    reply = Reply(slot="correct", text=text)
    return Outcome(flow=FLOW, replies=(reply,), state={**context.state, "asking": asking})
