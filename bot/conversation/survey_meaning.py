"""What answers lead to, in the chat and on the page alike: facts, reasons, alerts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from bot.rulebook import Rulebook
from bot.surveys import meaning, motives
from bot.surveys.meaning import Meant
from bot.surveys.shape import Given, Survey
from bot.turn import FactorSeen, Heard, Outcome
from storage.enums import InvitationStatus

FLOW = "survey"


def of_answers(
    rulebook: Rulebook,
    survey: Survey,
    given: Sequence[tuple[str, Given]],
    heard: Mapping[str, Heard],
    *,
    now: datetime,
) -> Outcome:
    """What answers to questions lead to; ``heard`` are the readings of their words, by question,
    where they were read."""
    outcome = Outcome(flow=FLOW)
    for name, one in given:
        question = survey.question(name)
        if question is None:
            continue
        meant = meaning.meant(rulebook, survey.id, question, one, heard.get(name), now=now)
        outcome = outcome.merged(_of(meant))
    return outcome


def of_end(
    rulebook: Rulebook,
    survey: Survey,
    answers: Mapping[str, Given],
    factors: Iterable[FactorSeen],
    status: InvitationStatus,
    *,
    now: datetime,
) -> Outcome:
    """What the end of a survey leads to; nothing while it is open."""
    if status is InvitationStatus.REFUSED:
        return Outcome(flow=FLOW, facts=(meaning.closed(survey.id, meaning.REFUSED),))
    if status is not InvitationStatus.DONE:
        return Outcome(flow=FLOW)
    return _of(motives.finished(rulebook, survey, dict(answers), factors, now=now))


def _of(meant: Meant) -> Outcome:
    return Outcome(flow=FLOW, facts=meant.facts, factors=meant.factors, alerts=meant.alerts)
