"""A survey in the chat: one question a message, answered in one's own words (or by a press).

What is clearly no answer (a signal, a question, 转人工, 我的进度) is left to its own flow, and the
open question is put again once. While HR has taken over nothing is asked.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from bot import known
from bot.asked import (
    LATER,
    GiveAnswer,
    MoveInvitation,
    SurveySeen,
    action,
)
from bot.consent import stands
from bot.conversation import survey_meaning
from bot.conversation.flows import listening
from bot.rulebook import Rulebook
from bot.surveys import putting
from bot.surveys.definition import parse
from bot.surveys.progress import Progress, answer, upcoming
from bot.surveys.shape import Given, Kind, Question, Survey
from bot.surveys.understanding import command, understood
from bot.turn import Context, Heard, Outcome, Reply
from bot.words import fill
from nlp.asking import questioned
from storage.enums import InvitationStatus

FLOW = "survey"
#: How long free words are taken for the answer to an open question. A choice, a number or 「跳过」
#: is taken whenever it comes.
WAITS = timedelta(hours=48)
_RESUME = re.compile(
    r"(那|好的?|可以|现在|我们?|咱们?|[，,\s])*(继续|接着|重新)(来|吧|填|答|做|回答|填写|问卷|刚才的?|之前的?|上次的?|那[个份]|一下|了)*[吧啊呀哈]?"
)
_ASKS = re.compile(
    r"([?？]|[吗么嘛呢]|(多少|哪里|哪儿|几点|什么时候|怎么走|怎么办)[呢啊呀]?)[~～!！。\s]*$"
)
_ENDED = {
    "done": InvitationStatus.DONE,
    "refused": InvitationStatus.REFUSED,
    "later": InvitationStatus.OPEN,
}


def wants(context: Context, heard: Heard | None) -> bool:
    """Words that answer the question that is open, or ask to go on with it."""
    if context.candidate is None or context.listens or context.is_press:
        return False
    seen = context.survey
    if seen is None or context.muted or seen.status is not InvitationStatus.OPEN:
        return False
    if resumes(context.text):
        return True
    if not waiting(seen) or _to_a_person(context):
        return False
    return _is_answer(context, heard, seen)


def waiting(seen: SurveySeen) -> bool:
    """Whether a question of ours stands open in this very conversation."""
    return seen.here and bool(seen.at) and not seen.pausing


def resumes(text: str) -> bool:
    """Whether words ask to go on with a survey, on whatever channel.

    >>> resumes("继续填吧"), resumes("继续考虑一下")
    (True, False)
    """
    words = text.strip().rstrip("。.!！~～")
    return len(words) <= 20 and _RESUME.fullmatch(words) is not None


def _to_a_person(context: Context) -> bool:
    """Whether a colleague spoke last: what follows is said to them."""
    return bool(context.before) and context.before[-1].role == "hr"


def _is_answer(context: Context, heard: Heard | None, seen: SurveySeen) -> bool:
    survey = parse(seen.definition)
    question = survey.question(seen.at)
    if question is None:
        return False
    if command(context.text) is not None:
        return True
    if question.kind is not Kind.TEXT:
        if understood(question, context.text, now=context.last.sent_at) is not None:
            return True
        if heard is not None and heard.reading.alert:
            return False
    if known.questions(context.asked) and questioned(context.text):
        return False  # to be answered, not kept
    late = context.last.sent_at - seen.asked_at >= WAITS
    return not late and not _ASKS.search(context.text.strip())


def step(context: Context, heard: Heard | None, rulebook: Rulebook, *, now: datetime) -> Outcome:
    """Keep the answers, and ask the next question or end. Every text is heard as well."""
    seen = context.survey
    assert seen is not None
    survey = parse(seen.definition)
    was = listening.heard_of(context, heard, rulebook, now=now)
    if resumes(context.text):
        return _resumed(seen, survey, rulebook).merged(was)
    progress = Progress(
        survey=survey,
        answers=putting.given(seen.answers),
        at=seen.at,
        asked_again=seen.asked_again,
    )
    move = answer(progress, context.text, now=context.last.sent_at)
    status = _ENDED.get(move.ended, InvitationStatus.OPEN)
    moved = MoveInvitation(
        invitation_id=seen.invitation_id,
        revision=seen.revision,
        at=move.at,
        asked_again=move.asked_again,
        status=status,
        here=True,
        why={"later": LATER, "refused": "chat"}.get(move.ended, ""),
    )
    outcome = Outcome(
        flow=FLOW,
        replies=(_next(seen, survey, move.next, move.ended, move.why, move.again, rulebook),),
        answers=tuple(kept(seen, name, given) for name, given in move.given),
        surveys=(moved,),
    )
    if not stands(context.consent, rulebook.analysis_version):
        return outcome.merged(was)  # kept for a person to read, and nothing made of it
    answers = {**progress.answers, **dict(move.given)}
    read = {name: heard for name, _ in move.given} if heard is not None else {}
    outcome = outcome.merged(
        survey_meaning.of_answers(rulebook, survey, move.given, read, now=now)
    ).merged(survey_meaning.of_end(rulebook, survey, answers, context.factors, status, now=now))
    return outcome.merged(was)


def again(context: Context, rulebook: Rulebook, outcome: Outcome) -> Outcome:
    """Put the open question again, once, after words that went elsewhere; else nothing is added.

    Not where a person is called or has to look: then there is something more urgent to talk about.
    """
    seen = context.survey
    if (
        seen is None
        or context.is_press
        or outcome.surveys
        or not waiting(seen)
        or seen.status is not InvitationStatus.OPEN
        or seen.asked_again
        or context.muted
        or context.listens
        or outcome.muted
        or outcome.alerts
        or _to_a_person(context)
    ):
        return outcome
    survey = parse(seen.definition)
    question = survey.question(seen.at)
    if question is None:
        return outcome
    moved = MoveInvitation(
        invitation_id=seen.invitation_id,
        revision=seen.revision,
        at=seen.at,
        asked_again=True,
        here=True,
    )
    reply = put(seen.invitation_id, survey, question, rulebook.replies.survey_open)
    return outcome.merged(Outcome(flow=FLOW, replies=(reply,), surveys=(moved,)))


def put(invitation_id: str, survey: Survey, question: Question, template: str) -> Reply:
    """A question as it is asked; ``template`` says where its ``{lines}`` go."""
    number = putting.number_of(survey, question)
    offered = tuple(
        (label, action(invitation_id, number, option))
        for label, option in putting.choices(question)
    )
    text = fill(template, lines=putting.worded(question))
    return Reply(slot=FLOW, text=text, choices=offered)


def _next(
    seen: SurveySeen,
    survey: Survey,
    question: Question | None,
    ended: str,
    why: str,
    repeats: bool,
    rulebook: Rulebook,
) -> Reply:
    words = rulebook.replies
    if question is None:
        text = {"later": words.survey_later, "refused": words.survey_refused}.get(ended)
        return Reply(slot=FLOW, text=text or survey.thanks or words.survey_done)
    template = "{lines}"
    if repeats:
        template = words.survey_why.get(why, words.survey_why["unclear"])
    return put(seen.invitation_id, survey, question, template)


def _resumed(seen: SurveySeen, survey: Survey, rulebook: Rulebook) -> Outcome:
    """On with it, here: the question that is open, or the first without an answer."""
    progress = Progress(survey=survey, answers=putting.given(seen.answers), at=seen.at)
    question = survey.question(seen.at) or upcoming(progress)
    if question is None:  # all is answered, and it was not closed
        return finished(seen, survey, rulebook)
    moved = MoveInvitation(
        invitation_id=seen.invitation_id, revision=seen.revision, at=question.id, here=True
    )
    reply = put(seen.invitation_id, survey, question, rulebook.replies.survey_resumed)
    return Outcome(flow=FLOW, replies=(reply,), surveys=(moved,))


def finished(seen: SurveySeen, survey: Survey, rulebook: Rulebook) -> Outcome:
    """All is answered: thanks, and it closes."""
    moved = MoveInvitation(
        invitation_id=seen.invitation_id,
        revision=seen.revision,
        at=seen.at,
        status=InvitationStatus.DONE,
        here=True,
    )
    reply = Reply(slot=FLOW, text=survey.thanks or rulebook.replies.survey_done)
    return Outcome(flow=FLOW, replies=(reply,), surveys=(moved,))


def kept(seen: SurveySeen, question: str, given: Given) -> GiveAnswer:
    """An answer to keep."""
    return GiveAnswer(
        invitation_id=seen.invitation_id,
        question=question,
        value=given.value,
        text=given.text,
    )
