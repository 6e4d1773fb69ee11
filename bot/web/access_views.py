"""Who of ours asked the bot about a candidate, as the candidate's page shows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Asked:
    """``what`` is the question's intent, ``via`` the channel it was asked over."""

    name: str
    role: str
    what: str
    via: str
    at: datetime
