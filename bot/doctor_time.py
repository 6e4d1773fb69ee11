"""What ``yinuo doctor`` says of time: the clock, and the holidays of the years to come."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

from bot import app
from bot.errors import BotError, StorageError
from bot.finding import Finding
from bot.workdays import ZONE, Calendar
from config.settings import Settings
from scheduler import guard
from storage.database import open_database
from storage.queries import users


def clock(settings: Settings) -> Iterator[Finding]:
    """Whether it stands before what it was when the product ran last."""
    now = datetime.now(UTC)
    seen = _clock_seen(settings)
    if seen is not None and (seen - now).total_seconds() > 60:
        yield Finding(
            what="时钟",
            state="fail",
            found=f"现在 {now:%Y-%m-%d %H:%M}，上次运行时已是 {seen:%Y-%m-%d %H:%M} UTC",
            remedy="启用时间同步（NTP）并校准后重启；在此之前定时任务会停止",
        )
        return
    yield Finding(what="时钟", state="ok", found=f"{now:%Y-%m-%d %H:%M} UTC")


def _clock_seen(settings: Settings) -> datetime | None:
    url = settings.effective_database_url
    if not settings.database_url and not (settings.data_dir / "yinuo.db").exists():
        return None
    try:
        database = open_database(url, shared=True)
    except (StorageError, ValueError, OSError):
        return None  # the database's own check has said so
    try:
        text = database.submit_read(lambda tx: users.setting(tx, guard.SEEN)).result()
    except StorageError:
        return None
    finally:
        database.close()
    return datetime.fromisoformat(text) if text else None


def calendar(settings: Settings) -> Iterator[Finding]:
    """Whether the holidays of this year, and from November of the next, are known."""
    try:
        known = app.open_rulebook(settings).calendar
    except (BotError, ValueError):
        return  # the check of the files has said so
    yield holidays(known, datetime.now(ZONE).date())


def holidays(known: Calendar, today: date) -> Finding:
    """What a calendar lacks on a day.

    >>> [holidays(Calendar(), day).state for day in (date(2026, 10, 31), date(2026, 11, 1))]
    ['ok', 'warn']
    """
    missing = known.unknown_years(today)
    if not missing:
        return Finding(what="节假日", state="ok", found=f"{today.year} 年的放假与调休已知")
    years = "、".join(map(str, missing))
    return Finding(
        what="节假日",
        state="warn",
        found=f"不知道 {years} 年的放假与调休，暂时只按周末推算",
        remedy="升级 chinesecalendar，或把国务院公布的日期写进 YINUO_CONFIG_DIR 下的 holidays.yaml",
    )
