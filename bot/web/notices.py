"""Sentences about what was done or could not be done, from ``config/words/notices.yaml``."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml

from bot.web.views import Flash, Language

PATH = Path(__file__).resolve().parents[2] / "config" / "words" / "notices.yaml"
#: What a redirect may ask the next page to say.
DONE = frozenset(
    {
        "created",
        "moved",
        "replied",
        "put_off",
        "released",
        "card_sent",
        "handed_over",
        "position_created",
        "language_set",
        "session_ended",
        "chat_preferred",
        "chat_unlinked",
        "absence_added",
        "absence_ended",
        "reviewed",
        "followed",
        "relabelled",
        "kind_restored",
        "looked_through",
        "imported",
        "offer_kept",
        "offer_settled",
        "pledge_written",
        "pledge_confirmed",
        "link_sent",
        "request_noted",
        "request_answered",
        "stated",
        "verified",
        "doubted",
        "taken_back",
        "ended",
        "merged",
        "unmerged",
        "step_planned",
        "step_taken",
        "step_moved",
        "step_dropped",
        "letter_sent",
        "interview_added",
        "interview_cancelled",
        "interview_told",
        "survey_sent",
        "survey_kept",
        "survey_on",
        "survey_off",
        "survey_stopped",
        "resume_read",
        "resume_taken",
        "resume_dropped",
    }
)


@cache
def _all() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = yaml.safe_load(PATH.read_text("utf-8"))
    return found


def say(language: Language, key: str) -> str:
    """The sentence for a key. Unknown key: ``KeyError``."""
    return _all()[key][language]


def known(key: str) -> bool:
    """Whether there is a sentence for a key."""
    return key in _all()


def done(language: Language, key: str) -> tuple[Flash, ...]:
    """What the next page says after a redirect; nothing for a word we did not send."""
    return (Flash(kind="ok", text=say(language, key)),) if key in DONE else ()


def sorry(language: Language, key: str) -> tuple[Flash, ...]:
    """What a page says when it could not do what was asked."""
    return (Flash(kind="error", text=say(language, key)),)
