"""What surveys asked, word for word: kept for good, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from storage.database import Tx
from storage.queries.common import insert_new
from storage.tables import SurveyVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """What a survey asks now. ``digest``: 40 hexadecimal digits of ``definition``."""

    id: str
    title: str
    digest: str
    definition: Mapping[str, Any]


def keep(tx: Tx, edition: Edition) -> None:
    """Keep a definition for good: what is asked of everybody, or of somebody."""
    version = {
        "digest": edition.digest,
        "survey_id": edition.id,
        "definition": dict(edition.definition),
        "created_at": tx.now,
    }
    insert_new(tx, SurveyVersion, [version])
