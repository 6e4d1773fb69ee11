"""What a sample of a page is, and what the samples have in common: a now, a company, a viewer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import segno

from bot.web import views

ZONE = ZoneInfo("Asia/Shanghai")


NOW = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)  # 14:30 in Shanghai


COMPANY = "杭州远山科技有限公司"


EVIL = "<script>alert(1)</script>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A template with what it is given. ``name`` names the picture."""

    name: str
    template: str
    context: Mapping[str, Any]


def ago(**span: float) -> datetime:
    """A moment before the samples' now."""
    return NOW - timedelta(**span)


def qr(text: str) -> str:
    """A QR code as a data: address."""
    return segno.make(text, error="m").svg_data_uri(scale=4, border=1)


def words(text: str) -> tuple[views.Segment, ...]:
    """Segments from "plain [evidence|intent] plain"."""
    segments = []
    for part in text.replace("]", "[").split("["):
        if "|" in part:
            said, intent = part.split("|")
            segments.append(views.Segment(text=said, intent=intent))
        elif part:
            segments.append(views.Segment(text=part))
    return tuple(segments)


def shell(active: str = "", **changes: Any) -> views.Shell:
    """The console as 王敏 sees it."""
    made = views.Shell(
        language="zh",
        now=NOW,
        company=COMPANY,
        csrf="csrf-token-of-this-session",
        viewer=views.Viewer(id="u1", name="王敏", role="hr_admin"),
        active=active,  # type: ignore[arg-type] # one of the literals, by every caller
        open_alerts=3,
    )
    return replace(made, **changes)
