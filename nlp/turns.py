"""What the turns before a message were: a question about the decision, a first delay, ..."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from nlp import lexicon
from nlp.normalize import normalize
from nlp.reading import Turn

_DELAYED = re.compile(
    r"(?:推|延|晚|往后|改到?).{0,12}(?:入职|报到|到岗|吗|\?|一周|个月)|考虑|想想|"
    r"(?:答复|回复|回话|准信).{0,4}$|(?:周.|明天|后天|\d[号日]|几天).{0,8}(?:答复|回复|回话|给您|给你)"
)
_LOOK = 400  # characters of a turn that are looked at, from its end


@lru_cache(maxsize=4096)
def _clean(text: str) -> str:
    return normalize(text[-_LOOK:]).text


def asked(context: Sequence[Turn]) -> str | None:
    """What our last turn asked: decision, progress, date or limit. None: nothing of the kind.

    Only a turn straight before the message counts.
    """
    if not context or context[-1].role == "candidate":
        return None
    text = _clean(context[-1].text)
    for cue in lexicon.cues("turns.txt"):
        if cue.pattern.search(text):
            return cue.name
    return None


def delayed_before(context: Sequence[Turn]) -> bool:
    """Whether the candidate has put us off before, in the turns at hand."""
    return any(turn.role == "candidate" and _DELAYED.search(_clean(turn.text)) for turn in context)
