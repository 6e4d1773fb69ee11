"""The candidate asks for a person: tell the owner, say until when, and keep quiet."""

from __future__ import annotations

import re
from datetime import datetime

from bot.alerts import policy
from bot.conversation.flows import listening
from bot.known import Request
from bot.rulebook import Rulebook
from bot.turn import Context, Heard, Outcome, Plan, Reply
from bot.words import answer_by, fill, moment, owner_of
from nlp.scheme import Severity

FLOW = "handover"
#: Whom they want. What may follow is listed, so that 人工智能, 人工成本 or 人工客服岗 is nobody.
_SOMEBODY = (
    r"(人工|真人|活人)(客服|服务|坐席|顾问|同事|hr)?"
    r"(?=$|[^\w]|来|吧|吗|么|嘛|呢|啊|呀|谢|了|可以|行不行|好吗|好不好|接|跟|和|给|帮|说|谈|在不在"
    r"|回一?下|回复|回我|回答|联系|聊(?!过)|沟通(?!过)|对接|解答)"
)
_ASKED = re.compile(
    # 转人工, 找个真人, 想跟真人聊聊, 有没有人工客服
    r"(转接?|接|找|换成?|叫|喊|安排|要|需要|想|请|让|跟|和|与|联系|有没有|有)"
    rf"(一?下|一?[个位名])?[到成]?(你们的?)?{_SOMEBODY}"
    rf"|没有?{_SOMEBODY}(?=吗|么|嘛)"
    # 人工, 能不能真人回复一下
    rf"|^(你好|您好|请问|麻烦你?|能不能|能|可以|可不可以)*{_SOMEBODY}"
    # 不想跟机器人聊
    r"|(不想|不要|别|不愿意?)再?(跟|和|与|让)(你们?的?|这个?)?机器人(聊|说|沟通|回|发|谈|对话)",
    re.IGNORECASE,
)
#: What turns the words into their opposite, right before them.
_NOT = re.compile(r"((?<![要还])不(要|想)?|不用|不必|无需|没必要|别|没)(再|帮我|给我|麻烦)*$")
#: Said of what the matcher takes for the wish: no wish, or talk of people and machines.
_DECLINED = re.compile(
    r"(?<![要还])(?:不(?:用|必|需要?|要|想)|无需|没必要|别|先不|暂时不)(?:再|帮我|给我|麻烦|急着|着急)*"
    r"(?:转|找|叫|人工|真人|联系|打电话|安排|换)|是真人吗|还是机器|人工智能|人工(?:费|成本)"
)
_SPACE = re.compile(r"[ \t\u3000]+")


def wants(context: Context, heard: Heard | None) -> bool:
    """「转人工」 in ordinary wordings."""
    if context.candidate is None:
        return False
    in_other_words = (
        one.name == Request.PERSON and not _DECLINED.search(one.piece) for one in context.asked
    )
    return any(asked(said.text) for said in context.said) or any(in_other_words)


def asked(text: str) -> bool:
    """Whether a message asks for a person.

    >>> asked("能帮我转一下人工吗"), asked("我想转人工智能部门")
    (True, False)
    """
    words = _SPACE.sub("", text.replace("轉", "转"))
    return any(not _NOT.search(words[: found.start()]) for found in _ASKED.finditer(words))


def step(context: Context, heard: Heard | None, rulebook: Rulebook, *, now: datetime) -> Outcome:
    """Mute the bot, raise the alert, plan the overdue one. What else was said is still heard."""
    assert context.candidate is not None
    words = rulebook.replies
    until = answer_by(now, rulebook.policy.answer_hours, rulebook.calendar)
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
