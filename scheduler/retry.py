"""How long to wait before the next try, and what may be said of a failure in a log."""

from __future__ import annotations

import secrets
import traceback
from datetime import timedelta
from pathlib import PurePath

from scheduler.errors import TryLater

FIRST = timedelta(seconds=1)
LONGEST = timedelta(minutes=1)


def jitter() -> float:
    """A factor between 0.75 and 1.25, so that what failed together does not return together."""
    return 0.75 + secrets.randbelow(501) / 1000


def growing(tries: int, *, first: timedelta = FIRST, longest: timedelta = LONGEST) -> timedelta:
    """The pause after the ``tries``-th failure (1 or more): doubling, capped, without jitter."""
    # A shift of more than 20 would only overflow what the cap cuts off anyway.
    return min(first * (1 << min(max(tries, 1) - 1, 20)), longest)


def pause_after(
    error: BaseException, tries: int, *, first: timedelta = FIRST, longest: timedelta = LONGEST
) -> timedelta:
    """The pause after a failure, with jitter; a platform that names a longer one gets that."""
    asked = error.delay if isinstance(error, TryLater) and error.delay else timedelta()
    return max(growing(tries, first=first, longest=longest) * jitter(), asked)


def where(error: BaseException) -> str:
    """File and line an error came from. Its text stays out of logs: it may quote a person."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return "?"
    return f"{PurePath(frames[-1].filename).name}:{frames[-1].lineno}"
