"""What the clock calls, by the names of ``config/schedule.yaml``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from bot import absences, comparing, digests, inviting, jobs, owing, reminding
from bot.pipeline import Road
from scheduler.clock import Clock
from scheduler.sweep import Sweep


def ticks(road: Road, clock: Clock, sweep: Sweep) -> dict[str, Callable[[], Awaitable[Any]]]:
    """Everything that is called every so often; ``jobs.TICKS`` names the same."""
    return {
        "fire": lambda: clock.fire_due(jobs.fire(road)),
        "sweep": sweep.run,
        "rescore": partial(jobs.rescore, road),
        "reappraise": partial(jobs.reappraise, road),
        "notice": partial(reminding.tick, road),
        "owe": partial(owing.plan, road),
        "judge": partial(jobs.judge, road),
        "digest": partial(digests.send, road, clock),
        "cover": partial(absences.switch, road),
        "pull": partial(jobs.pull, road),
        "fetch": partial(jobs.fetch, road),
        "compare": partial(comparing.wake, road),
        "report": partial(inviting.report, road),
    }
