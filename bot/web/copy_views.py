"""What the page of one's own data is given; the rules of ``bot.web.views`` hold here too."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.copies import Copy


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyPage:
    """The candidate's own page, or that its link ended. ``phone`` is masked: a link may be shown
    around. ``note`` is a sentence about what was just asked, or empty."""

    base: str
    kind: Literal["open", "revoked", "expired"]
    copy: Copy | None = None
    phone: str = ""
    left: int = 0
    expires_at: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyFile:
    """The same as a file to keep: readable by itself, without style or script."""

    copy: Copy
