"""Time that passes in the sandbox: whatever is planned on the way happens at its own moment."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from bot import digests, jobs
from bot.alerts import digest
from bot.app import App
from bot.sandbox.clock import SandboxClock
from storage.queries import scheduled


async def passed(app: App, now: SandboxClock, by: timedelta) -> int:
    """Move the clock forward as if the product had run meanwhile; how much of what was planned is
    done. What was said on the way leaves once the product starts.

    Raises ``NotReady`` as ``SandboxClock.fast_forward`` does, before anything happens.
    """
    now.check(by)
    end, done = now() + by, 0
    while True:
        looked_at = now()
        done += await _at(app)
        planned = await app.database.read(partial(scheduled.next_moment, after=looked_at))
        rules = app.road.rulebook
        told = digest.next_moment(rules.digest, rules.calendar, looked_at)
        moment = min(planned, told) if planned is not None else told
        if moment >= end:
            break
        now.fast_forward(max(moment - now(), timedelta()))
    now.fast_forward(max(end - now(), timedelta()))
    return done + await _at(app)


async def _at(app: App) -> int:
    """What happens now: planned moments, then the digests that tell of them."""
    done = await app.clock.fire_due(jobs.fire(app.road))
    return done + await digests.send(app.road, app.clock)
