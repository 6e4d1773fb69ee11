"""What ``yinuo doctor`` says of one thing it looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One check. ``remedy`` says what to do when it is not ok."""

    what: str
    state: Literal["ok", "note", "warn", "fail"]
    found: str
    remedy: str = ""
