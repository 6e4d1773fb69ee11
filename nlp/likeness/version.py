"""Which comparison this is, and how much of a text it looks at. Light: nothing is loaded for it."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from importlib import resources

WEIGHTS = "weights.json"
#: Characters looked at; a plan is some sentences, a role a page.
MAX_PLAN, MAX_TITLE, MAX_ROLE = 1_000, 200, 4_000
_FILES = (
    *("features.py", "fields.txt", "lexicon.py", "masked.py", "said.py", "score.py"),
    *("version.py", WEIGHTS),
)


@lru_cache(maxsize=1)
def name() -> str:
    """``likeness@`` and twelve hex digits over everything here that shapes a score."""
    digest = hashlib.sha256()
    for file in _FILES:
        digest.update(file.encode() + b"\0" + text(file).encode() + b"\0")
    return f"likeness@{digest.hexdigest()[:12]}"


def text(file: str) -> str:
    """One file of this package."""
    return (resources.files("nlp.likeness") / file).read_text(encoding="utf-8")
