"""The form that corrects what a message was read as: from rows to the form, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bot.web.errors import Invalid
from bot.web.review_views import COMMITMENTS, CONDITIONS, INTENTS
from bot.web.review_views import Labels as Shown
from storage.queries.review import Labels, ReadingRow

#: The checkbox of an intent: a form keeps the last of fields with one name, so each has its own.
BOX = "intent-"


def shown(row: ReadingRow, *, error: str = "") -> Shown:
    """The labels that hold, as the form shows them."""
    made = _shown(row.labels, error)
    if row.corrected is None:
        return made
    return replace(made, by=row.corrected_by, at=row.corrected_at)


def leaning(row: ReadingRow) -> Shown:
    """The reader's own labels."""
    return _shown(row.read, "")


def _shown(labels: Labels, error: str) -> Shown:
    return Shown(
        intents=labels.intents,
        commitment=labels.commitment,
        reported=labels.reported,
        condition=labels.condition,
        error=error,
    )


def sent(form: Mapping[str, str]) -> Labels | None:
    """The labels of a sent form; None when no intent was chosen. Raises ``Invalid`` for values
    the form does not offer."""
    commitment, condition = form.get("commitment", ""), form.get("condition", "")
    if commitment not in map(str, COMMITMENTS):
        raise Invalid({"commitment": "unknown"})
    if condition not in CONDITIONS:
        raise Invalid({"condition": "unknown"})
    intents = tuple(intent for intent in INTENTS if BOX + intent in form)
    if not intents:
        return None
    return Labels(
        intents=intents,
        commitment=int(commitment),
        reported="reported" in form,
        condition=condition,
    )
