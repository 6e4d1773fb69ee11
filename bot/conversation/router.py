"""Which flow a turn belongs to. Order matters: the first that wants it, has it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from types import ModuleType

from bot.conversation.flows import (
    alert_action,
    binding,
    colleague,
    consent,
    correcting,
    duty,
    erasing,
    faq,
    feedback,
    greeting,
    handover,
    listening,
    overhearing,
    pledge,
    rereading,
    staff,
    status_words,
    stranger,
    survey,
    survey_press,
)
from bot.rulebook import Rulebook
from bot.turn import Context, Heard, Outcome

#: In the order they are asked.
FLOWS: tuple[ModuleType, ...] = (
    overhearing,
    rereading,
    pledge,
    survey_press,
    consent,
    erasing,
    feedback,
    duty,
    binding,
    colleague,
    alert_action,
    staff,
    stranger,
    handover,
    correcting,
    status_words,
    survey,
    faq,
    listening,
)


def decide(context: Context, heard: Heard | None, rulebook: Rulebook, *, now: datetime) -> Outcome:
    """Everything one turn leads to. ``heard`` is None where nothing was read (a press)."""
    if context.candidate is not None and not context.is_press and not context.listens:
        context = replace(context, asked=rulebook.askings.all(context.text))
    flow = next(flow for flow in FLOWS if flow.wants(context, heard))
    outcome: Outcome = flow.step(context, heard, rulebook, now=now)
    outcome = survey.again(context, rulebook, outcome)
    if greeting.wants(context, heard):
        outcome = greeting.step(context, heard, rulebook, now=now).merged(outcome)
    return consent.beside(context, outcome, rulebook, now=now)
