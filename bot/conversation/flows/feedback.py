"""After an interview, whoever held it says what they thought: one press, perhaps a sentence.

A verdict is their statement, for HR to read; nothing follows from it by itself. What they press
again changes it; what a colleague said before stays. The sentence is the next thing they write, for
half an hour, unless it is a question.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from bot.alerts import duties
from bot.profile.forbidden import names_protected
from bot.questions import Ask
from bot.rulebook import Rulebook
from bot.turn import Context, DoDuty, DutySeen, Heard, Outcome, Reply
from bot.words import fill
from storage.enums import Duty, MessageKind

FLOW = "feedback"
#: Where a colleague's chat remembers that a sentence may follow.
STATE = "feedback"
MOST = 300
WAITS = timedelta(minutes=30)
#: What colleagues ask the bot, or for: no sentence about a candidate.
_QUESTION = re.compile(
    r"(?:[?？]|[吗呢么])\s*$|谁|到哪一?步|发问卷|转给"
    r"|^\s*(?:我的候选人|我欠|今天要|今天有|本周|这周|下周|帮助|help)",
    re.IGNORECASE,
)

#: What is no opinion of a candidate, however it is put. Others may be one: 「薪资要得有点高」.
_ASKS = frozenset(
    {
        Ask.MINE,
        Ask.STARTING,
        Ask.OWED,
        Ask.TODAY,
        Ask.SILENT,
        Ask.SEND_SURVEY,
        Ask.TRANSFER,
        Ask.HELP,
    }
)


def wants(context: Context, heard: Heard | None) -> bool:
    """A press under the question after an interview, or the sentence that follows it."""
    if context.is_press:
        named = duties.parse(context.last.text)
        return named is not None and named.duty is Duty.FEEDBACK
    return _follows(context)


def _follows(context: Context) -> bool:
    """Whether what a colleague writes is the sentence after their press."""
    asked, seen = awaited(context.state), context.duty
    if asked is None or seen is None or seen.duty is not Duty.FEEDBACK or context.staff is None:
        return False
    if context.colleague is not None and context.colleague.ask in _ASKS:
        return False  # a question of theirs: it is answered, and kept as nobody's feedback
    only_text = all(one.kind is MessageKind.TEXT for one in context.said)
    return only_text and context.last.sent_at <= asked[1] and not _QUESTION.search(context.text)


def awaited(state: Any) -> tuple[str, datetime] | None:
    """The interview a sentence may follow for, and until when."""
    kept = state.get(STATE) if state else None
    if not isinstance(kept, dict):
        return None
    return str(kept["id"]), datetime.fromisoformat(str(kept["until"]))


def step(context: Context, heard: Heard | None, rulebook: Rulebook, *, now: datetime) -> Outcome:
    """Keep it. ``context.duty`` is there when they held the talk or may see the candidate."""
    words, seen = rulebook.replies, context.duty
    if seen is None or context.staff is None:
        return Outcome(flow=FLOW, press_note=words.press_refused)
    if not context.is_press:
        return _sentence(context, rulebook, seen)
    if seen.by:
        return Outcome(flow=FLOW, press_note=fill(words.feedback_taken, owner=seen.by))
    if seen.choice == "undo":
        return _undone(context, rulebook, seen)
    if seen.done and seen.known == seen.choice:
        return Outcome(flow=FLOW, press_note=words.press_known)
    told = DoDuty(duty=seen, user_id=context.staff.id)
    rest = {key: value for key, value in context.state.items() if key != STATE}
    if seen.choice == "other":
        return Outcome(flow=FLOW, duties=(told,), state=rest, press_note=words.feedback_other)
    answer = words.feedback_choices[seen.choice]
    return Outcome(
        flow=FLOW,
        duties=(told,),
        state={**rest, STATE: {"id": seen.ref, "until": (now + WAITS).isoformat()}},
        replies=(Reply(slot=FLOW, text=fill(words.feedback_noted, answer=answer)),),
        press_note=words.duty_noted,
    )


def _sentence(context: Context, rulebook: Rulebook, seen: DutySeen) -> Outcome:
    words, text = rulebook.replies, context.text.strip()
    assert context.staff is not None
    if len(text) > MOST:
        return Outcome(flow=FLOW, replies=(Reply(slot=FLOW, text=words.feedback_long),))
    if names_protected(text):
        return Outcome(flow=FLOW, replies=(Reply(slot=FLOW, text=words.feedback_protected),))
    undo = (words.feedback_choices["undo"], duties.tells(seen.ref, "undo"))
    kept = Reply(slot=FLOW, text=fill(words.feedback_kept, answer=text), choices=(undo,))
    return Outcome(
        flow=FLOW,
        duties=(DoDuty(duty=seen, user_id=context.staff.id, words=text),),
        state={key: value for key, value in context.state.items() if key != STATE},
        replies=(kept,),
    )


def _undone(context: Context, rulebook: Rulebook, seen: DutySeen) -> Outcome:
    words = rulebook.replies
    assert context.staff is not None
    if not seen.done:
        return Outcome(flow=FLOW, press_note=words.press_refused)
    taken_back = DoDuty(duty=seen, user_id=context.staff.id, words="")
    return Outcome(flow=FLOW, duties=(taken_back,), press_note=words.feedback_undone)
