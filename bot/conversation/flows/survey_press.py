"""A choice pressed under a question: of the open one, or of an earlier one, which it then changes.

A press is not words: it is taken while HR has taken over too, but nothing is said then. A survey
that ended, or a question that is not asked any more, keeps nothing and says so.
"""

from __future__ import annotations

from datetime import datetime

from bot.asked import MUTED, MoveInvitation, SurveySeen, pressed
from bot.consent import stands
from bot.conversation import survey_meaning
from bot.conversation.flows import survey as words_flow
from bot.rulebook import Rulebook
from bot.surveys import putting
from bot.surveys.definition import parse
from bot.surveys.progress import Progress, asked, upcoming
from bot.surveys.understanding import shown
from bot.turn import Context, Heard, Outcome, Reply
from bot.words import fill
from storage.enums import InvitationStatus

FLOW = "survey_press"


def wants(context: Context, heard: Heard | None) -> bool:
    """A press of a choice that we offered under a question."""
    known = context.candidate is not None and not context.listens and context.is_press
    return known and pressed(context.last.text) is not None


def step(context: Context, heard: Heard | None, rulebook: Rulebook, *, now: datetime) -> Outcome:
    """Keep it, and ask what comes next."""
    seen = context.survey
    words = rulebook.replies
    found = pressed(context.last.text)
    assert found is not None
    if seen is None or seen.invitation_id != found[0]:
        return Outcome(flow=FLOW, press_note=words.press_refused)
    if seen.status is not InvitationStatus.OPEN:
        return _told(context, words.survey_closed, words.press_noted)
    survey = parse(seen.definition)
    question = survey.questions[found[1]] if found[1] < len(survey.questions) else None
    given = putting.chosen(question, found[2]) if question is not None else None
    if question is None or given is None:
        return Outcome(flow=FLOW, press_note=words.press_refused)
    before = putting.given(seen.answers)
    if question not in asked(survey, before):
        return _told(context, words.survey_gone, words.press_noted)
    answers = {**before, question.id: given}
    kept = Outcome(
        flow=FLOW,
        answers=(words_flow.kept(seen, question.id, given),),
        press_note=words.press_noted,
    )
    read = stands(context.consent, rulebook.analysis_version)
    if read:
        told = [(question.id, given)]
        kept = kept.merged(survey_meaning.of_answers(rulebook, survey, told, {}, now=now))
    if question.id != seen.at and question.id in before:
        text = fill(
            words.survey_changed, question=question.ask.strip(), answer=shown(question, given)
        )
        kept = kept.merged(_told(context, text, words.press_noted, slot="changed"))
        still = survey.question(seen.at)
        if still is not None and still in asked(survey, answers):
            return kept.merged(_moved(seen, seen.at, muted=context.muted, pausing=seen.pausing))
    following = upcoming(Progress(survey=survey, answers=answers, at=question.id))
    if following is None:
        done = words_flow.finished(seen, survey, rulebook)
        ended = InvitationStatus.DONE
        if read:
            kept = kept.merged(
                survey_meaning.of_end(rulebook, survey, answers, context.factors, ended, now=now)
            )
        return kept.merged(done if not context.muted else Outcome(flow=FLOW, surveys=done.surveys))
    moved = _moved(seen, following.id, muted=context.muted)
    if context.muted:
        return kept.merged(moved)
    reply = words_flow.put(seen.invitation_id, survey, following, "{lines}")
    return kept.merged(Outcome(flow=FLOW, replies=(reply,))).merged(moved)


def _moved(seen: SurveySeen, at: str, *, muted: bool, pausing: str = "") -> Outcome:
    moved = MoveInvitation(
        invitation_id=seen.invitation_id,
        revision=seen.revision,
        at=at,
        here=True,
        why=MUTED if muted else pausing,
    )
    return Outcome(flow=FLOW, surveys=(moved,))


def _told(context: Context, text: str, note: str, *, slot: str = FLOW) -> Outcome:
    replies = () if context.muted else (Reply(slot=slot, text=text),)
    return Outcome(flow=FLOW, replies=replies, press_note=note)
