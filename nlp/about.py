"""What the message is about: the intents, how sure each is, and the words that carry it."""

from __future__ import annotations

from nlp.case import Case
from nlp.match import Found
from nlp.scheme import Condition, Intent

#: How often a finding of this weight named a right intent, between the figures on part f of the
#: development set and on all of it (nlp/README.md).
_SCORE = {"decision": 0.95, "hesitation": 0.75, "mood": 0.9, "topic": 0.8}
#: Only a question word; a short message without any cue; a longer one.
_WEAK, _SHORT, _GUESS = 0.45, 0.65, 0.3
_TOPICS = frozenset({Intent.SALARY, Intent.TERMS, Intent.FAMILY_LOCATION, Intent.COMPANY_DOUBT})
_MAX_QUOTES = 24


def named(case: Case) -> dict[Intent, float]:
    """The intents of the message with their scores; never empty."""
    scores: dict[Intent, float] = {}
    for item in case.found:
        if _part_of_another(case, item):
            continue
        score = _WEAK if item.name.endswith("-weak") else _SCORE[item.weight]
        for intent in item.intents:
            scores[intent] = max(scores.get(intent, 0.0), score)
    if case.commitment >= 2 and not _judged(case, Intent.COMPETING_OFFER):
        scores.pop(Intent.COMPETING_OFFER, None)
    for intent in case.dropped:
        if not _judged(case, intent):
            scores.pop(intent, None)
    _drop_beside_decisions(case, scores)
    _drop_errands(case, scores)
    if not scores:
        return _nothing_found(case)
    if len(scores) > 1:
        scores.pop(Intent.SOCIAL, None)
    return scores


def _judged(case: Case, intent: Intent) -> bool:
    """Whether more than a topic word speaks for the intent."""
    return any(intent in item.intents for item in case.judged())


def _part_of_another(case: Case, item: Found) -> bool:
    """Whether a topic word is only part of a phrase that means something else (给我涨薪留我)."""
    return item.weight == "topic" and any(
        other.start <= item.start
        and item.end <= other.end
        and other.intents
        and other.weight in ("decision", "mood")
        for other in case.judged()
    )


def _drop_beside_decisions(case: Case, scores: dict[Intent, float]) -> None:
    """A decision leaves no room for its opposite or for hedging (rules 23, 27, 29, 30)."""
    if case.stage == "onboarded":
        if Intent.DECLINE in scores:
            scores[Intent.LEAVE_SIGNAL] = scores.pop(Intent.DECLINE)
        scores.pop(Intent.ACCEPT, None)
    if case.commitment >= 2:
        for intent in (Intent.CONSIDER, Intent.DECLINE, Intent.COMPANY_DOUBT):
            scores.pop(intent, None)
        if not case.question:
            scores.pop(Intent.ONBOARD_DATE, None)
    if case.commitment < 0:
        scores.pop(Intent.ACCEPT, None)
    if case.commitment > 0 and Intent.POSITIVE in scores and not _judged(case, Intent.TEAM_FIT):
        scores.pop(Intent.TEAM_FIT, None)
    if case.condition is not Condition.NONE and _TOPICS.intersection(scores):
        scores.pop(Intent.ACCEPT, None)
        scores.pop(Intent.CONSIDER, None)
    alone = any("alone" in item.flags for item in case.judged())
    if case.commitment <= -3 and alone:
        kept = {Intent.DECLINE, Intent.LEAVE_SIGNAL, Intent.SALARY, Intent.FAMILY_LOCATION}
        for intent in [intent for intent in scores if intent not in kept | {Intent.TERMS}]:
            del scores[intent]
    elif case.commitment > -2:
        scores.pop(Intent.DECLINE, None)


def _drop_errands(case: Case, scores: dict[Intent, float]) -> None:
    """Errands count beside something else only when they are asked about by name."""
    others = set(scores) - {Intent.LOGISTICS, Intent.SOCIAL}
    if Intent.LOGISTICS not in scores or not others:
        return
    weak = scores[Intent.LOGISTICS] <= _WEAK
    moved = Intent.ONBOARD_DATE in scores and bool(case.days)
    if weak or moved or not case.question or case.commitment < 0:
        del scores[Intent.LOGISTICS]


def _nothing_found(case: Case) -> dict[Intent, float]:
    if case.condition is not Condition.NONE or case.commitment < 0:
        return {Intent.CONSIDER: _WEAK}
    if case.question:
        return {Intent.LOGISTICS: _GUESS + 0.05}
    return {Intent.SOCIAL: _GUESS if len(case.text) > 12 else _SHORT}


def quoted(case: Case, scores: dict[Intent, float]) -> tuple[tuple[int, int, Intent], ...]:
    """The words behind each intent, in order of place; overlapping quotes of one intent joined.

    Words that carry the commitment without naming a topic (否则就不去了) stand behind the
    message's first topic.
    """
    quotes: list[tuple[int, int, Intent]] = []
    for item in case.found:
        quotes += [(item.start, item.end, intent) for intent in _carried(case, item, scores)]
    quotes.sort(key=lambda quote: (quote[2], quote[0], -quote[1]))
    joined: list[tuple[int, int, Intent]] = []
    for start, end, intent in quotes:
        if joined and joined[-1][2] is intent and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]), intent)
        else:
            joined.append((start, end, intent))
    return tuple(sorted(joined)[:_MAX_QUOTES])


def _carried(case: Case, item: Found, scores: dict[Intent, float]) -> list[Intent]:
    intents = list(item.intents)
    if case.stage == "onboarded" and Intent.DECLINE in intents:
        intents[intents.index(Intent.DECLINE)] = Intent.LEAVE_SIGNAL
    carried = [intent for intent in intents if intent in scores]
    if not carried and item.weight != "topic":
        carried = [intent for intent in Intent if intent in scores][:1]
    return carried
