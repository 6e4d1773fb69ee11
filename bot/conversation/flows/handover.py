"""The candidate asks for a person: tell the owner, say until when, and keep quiet."""

from __future__ import annotations

import re
from datetime import datetime

from bot.alerts import policy
from bot.conversation.flows import listening
from bot.rulebook import Rulebook
from bot.turn import Context, Heard, Outcome, Plan, Reply
from bot.words import answer_by, fill, moment, owner_of
from nlp.scheme import Severity

FLOW = "handover"
_ASKED = re.compile(
    r"(转|找|要|换|接|和|跟)(一下|个|到|我)?(人工|真人)(客服|服务|沟通|聊)?"
    r"|(能不能|可以|可不可以|想|让)?.{0,4}(人工|真人).{0,3}(回复|联系|聊|沟通|客服)"
    r"|^(人工|真人)(客服|服务)?$"
    r"|(不想|别)(跟|和)机器人(聊|说|沟通)",
)


def wants(context: Context, heard: Heard | None) -> bool:
    """「转人工」 in ordinary wordings."""
    return context.candidate is not None and any(
        _ASKED.search(said.text.strip(" 。！!～~")) for said in context.said
    )


def step(context: Context, heard: Heard | None, rulebook: Rulebook, *, now: datetime) -> Outcome:
    """Mute the bot, raise the alert, plan the overdue one. What else was said is still heard."""
    assert context.candidate is not None
    words = rulebook.replies
    until = answer_by(now, rulebook.policy.answer_hours)
    text = fill(
        words.handover,
        owner=owner_of(words, context.candidate.owner_name),
        answer_by=moment(until),
    )
    alert = policy.own(rulebook.policy, policy.HANDOVER, context.text[:200], Severity.TODAY, now)
    asked = Outcome(
        flow=FLOW,
        replies=() if context.muted else (Reply(slot="handover", text=text),),
        muted=True,
        alerts=(alert,),
        plans=(answer_due(context, until),),
    )
    return asked.merged(listening.heard_of(context, heard, rulebook, now=now))


def answer_due(context: Context, until: datetime) -> Plan:
    """The moment our own answer is overdue."""
    return Plan(
        kind="answer_due",
        anchor=context.last.uid,
        at=until,
        about={"uid": context.last.uid, "conversation": context.conversation_id},
    )
