"""What the encoder is shown: stage, the turns before, the message, and what the rules make of it.

One message becomes ``<s> stage turn turn </s> message </s>``. Segment 1 is the message; the
answer is read off its tokens, which see everything before them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nlp.reading import Turn
from nlp.rules import Judgement
from nlp.scheme import COMMITMENT_MAX, COMMITMENT_MIN, Condition, Intent

INTENTS = tuple(Intent)
STEPS = tuple(range(COMMITMENT_MIN, COMMITMENT_MAX + 1))
CONDITIONS = tuple(Condition)

#: Columns of every model's output: intents, commitment steps, alert, reported, conditions.
ALERT = len(INTENTS) + len(STEPS)
OUTPUTS = ALERT + 1 + 1 + len(CONDITIONS)

#: Tokens kept of a turn before and of the message. Of a longer message the head and the tail.
TURN_TOKENS, HEAD_TOKENS, TAIL_TOKENS = 40, 96, 56
START, PAD, END = 0, 1, 2
RULES = len(INTENTS) + len(STEPS) + 3

# One token each: every token costs time.
_STAGE = {"interview": "面试", "offer": "offer", "accepted": "接受", "onboarded": "上班"}
_ROLE = {"hr": "hr", "bot": "机器人", "candidate": "我"}

Ids = npt.NDArray[np.int64]
Features = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """Token ids of one message, and where in them the message itself starts."""

    ids: tuple[int, ...]
    message: int


class Tokenizer:
    """Words to ids; the trimmed tokenizer of the base."""

    def __init__(self, path: Path) -> None:
        from tokenizers import Tokenizer as Loaded

        self._loaded = Loaded.from_file(str(path))
        self._loaded.no_truncation()
        self._stages = {stage: self._ids(word)[-1:] for stage, word in _STAGE.items()}
        self._roles = {role: self._ids(word)[-1:] for role, word in _ROLE.items()}

    def encode(self, text: str, *, stage: str, context: Sequence[Turn]) -> Encoded:
        """Ids of a normalised message with its normalised turns (the last two count)."""
        before = [START, *self._stages.get(stage, self._stages["offer"])]
        for turn in context[-2:]:
            before += self._roles.get(turn.role, self._roles["hr"])
            before += self._ids(turn.text)[-TURN_TOKENS:]
        before.append(END)
        body = self._ids(text)
        if len(body) > HEAD_TOKENS + TAIL_TOKENS:
            body = [*body[:HEAD_TOKENS], *body[-TAIL_TOKENS:]]
        return Encoded(ids=(*before, *body, END), message=len(before))

    def _ids(self, text: str) -> list[int]:
        return list(self._loaded.encode(text, add_special_tokens=False).ids)


def rule_features(judged: Judgement) -> Features:
    """What the rules say, as 0 and 1: intents, commitment, reported, soft, hard."""
    row = np.zeros(RULES, np.float32)
    for intent in judged.intents:
        row[INTENTS.index(intent)] = 1
    row[len(INTENTS) + STEPS.index(judged.commitment)] = 1
    row[-3:] = (
        judged.reported,
        judged.condition is Condition.SOFT,
        judged.condition is Condition.HARD,
    )
    return row


def batched(encoded: Sequence[Encoded]) -> tuple[Ids, Ids]:
    """Ids and segments ``[messages, longest]``, padded with ``PAD`` and 0."""
    longest = max(len(one.ids) for one in encoded)
    ids = np.full((len(encoded), longest), PAD, np.int64)
    segments = np.zeros((len(encoded), longest), np.int64)
    for row, one in enumerate(encoded):
        ids[row, : len(one.ids)] = one.ids
        segments[row, one.message : len(one.ids)] = 1
    return ids, segments
