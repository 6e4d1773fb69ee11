"""How sure the speaker is: one number from what was found."""

from __future__ import annotations

from nlp.case import Case
from nlp.match import Found
from nlp.scheme import Condition, Intent

_ELSEWHERE = frozenset({Intent.COMPETING_OFFER, Intent.COUNTER_OFFER})
_WEAK_MOODS = frozenset({"worry"})


def deciding_half(case: Case) -> list[Found]:
    """Rule 2: what stands after the last turn, when anything there bears on the matter."""
    judged = case.judged()
    turn = _last_turn(case, judged)
    if turn is None:
        return judged
    after = [item for item in judged if item.start >= turn]
    before = [item for item in judged if item.start < turn]
    if not after:
        return before + _implied(case, before, turn)
    acts = [item for item in before if "done" in item.flags]
    moods_only = all(item.weight == "mood" for item in after)
    return acts + after if moods_only else after


def _last_turn(case: Case, judged: list[Found]) -> int | None:
    """The last turn that is not part of a phrase already understood as a whole."""
    for turn in reversed(case.clauses.turns):
        if not any(item.start < turn < item.end for item in judged):
            return turn
    return None


def _implied(case: Case, before: list[Found], turn: int) -> list[Found]:
    """Thanks or a liking, then 但 and a bare topic: the topic is the objection."""
    topics = [item for item in case.found if item.weight == "topic" and item.start >= turn]
    settled = any(
        (item.commitment or 0) >= 2 or (item.commitment or 0) < 0 or "soft" in item.flags
        for item in before
    )
    quiet = case.stage == "onboarded" or case.question or case.deadline is not None
    if not topics or settled or quiet:
        return []
    first = topics[0]
    return [
        Found(
            start=first.start,
            end=first.end,
            name="implied",
            weight="mood",
            intents=first.intents,
            commitment=-1,
            flags=frozenset(),
        )
    ]


def commit(case: Case, scope: list[Found]) -> None:
    """Set ``commitment`` and ``condition`` from the half that counts."""
    resolved = any("resolved" in item.flags for item in scope)
    if resolved:
        scope = [i for i in scope if i.weight != "mood" or not _ELSEWHERE.intersection(i.intents)]
    decisions = [i for i in scope if i.weight == "decision" and i.commitment is not None]
    hesitations = [i.commitment or 0 for i in scope if i.weight == "hesitation"]
    moods = [i for i in scope if i.weight == "mood" and i.commitment is not None]
    case.condition = _condition(decisions)
    if case.condition is Condition.HARD:
        case.commitment = min([-2, *(i.commitment or 0 for i in decisions)])
    elif decisions:
        case.commitment = _with_doubts(_decided(decisions), hesitations, moods)
    elif hesitations or moods:
        case.commitment = _swayed(hesitations, moods)
    _escalate(case)


def _condition(decisions: list[Found]) -> Condition:
    if any("hard" in item.flags for item in decisions):
        return Condition.HARD
    if any("soft" in item.flags for item in decisions):
        return Condition.SOFT
    return Condition.NONE


def _decided(decisions: list[Found]) -> int:
    """One value from several yeses or noes; of a yes and a no the weaker one (rule 22)."""
    values = [item.commitment or 0 for item in decisions]
    if any("soft" in item.flags for item in decisions) and min(values) > 0:
        return 1
    if min(values) > 0:
        return max(values)
    if max(values) < 0:
        return min(values)
    return min(values, key=lambda value: (abs(value), value))


def _with_doubts(value: int, hesitations: list[int], moods: list[Found]) -> int:
    """A decision with doubts beside it."""
    if value < 0:
        return min([value, *(h for h in hesitations if h < -1 and value > -2)])
    if hesitations:
        return min(hesitations)
    sour = [item for item in moods if (item.commitment or 0) < 0]
    if any(_ELSEWHERE.intersection(item.intents) for item in sour):
        return -1  # another way is open (rule 33)
    if not sour:
        return value
    if all(item.name in _WEAK_MOODS for item in sour) or value == 3:
        return 2 if value >= 2 else -1
    return 1 if value >= 2 else -1


def _swayed(hesitations: list[int], moods: list[Found]) -> int:
    values = hesitations + [item.commitment or 0 for item in moods]
    return min(values) if min(values) < 0 else max(values)


def _escalate(case: Case) -> None:
    """Rule 19: after acceptance any no is at least -2."""
    refuses = case.has("decline", "leaning-no", "ill-or-family-after-yes")
    if case.stage == "accepted" and refuses and case.commitment == -1:
        case.commitment = -2
