"""Acknowledging webhooks: throughput against the same endpoint without storage, and the tail
at 100 calls a second while everything else runs."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.benchmarks.databases import postgres_url
from tests.benchmarks.load import Figures, closed_loop, open_loop, telegram_call
from tests.fakes.telegram import FakeTelegram
from tests.integration.house import SECRET, House, house

LINES, SECONDS, RATE, ROUNDS = 32, 2.0, 100.0, 9
TEXT = "薪资这块我还想再考虑一下，周五前给您答复"


@contextmanager
def _served(fake: FakeTelegram, url: str, *, module: str, pause: float) -> Iterator[House]:
    extra = {
        "YINUO_TELEGRAM__BOT_TOKEN": fake.token,
        "YINUO_TELEGRAM__ABROAD": "true",
        "YINUO_TELEGRAM__SECRET_TOKEN": SECRET,
        "YINUO_TELEGRAM__API_BASE": fake.api_base,
        "YINUO_TELEGRAM__BOT_USERNAME": fake.bot_username,
        "YINUO_TELEGRAM__MODE": "webhook",
        "YINUO_CHAT__MERGE_PAUSE_S": str(pause),
    }
    with tempfile.TemporaryDirectory() as data, house(Path(data), url, **extra) as made:
        made.start("server", module=module)
        made.wait_ready()
        yield made


def _paired(fake: FakeTelegram, url: Callable[[], str]) -> list[tuple[Figures, Figures]]:
    """Both servers up, measured in turn: a machine whose speed drifts drifts for both."""
    with (
        _served(fake, url(), module="tests.benchmarks.echo", pause=120) as bare,
        _served(fake, url(), module="bot", pause=120) as full,
    ):
        return [
            (_burst(bare.port, round_), _burst(full.port, round_)) for round_ in range(ROUNDS + 1)
        ][1:]  # the first opens conversations and fills caches


def _burst(port: int, round_: int) -> Figures:
    body = partial(telegram_call, port, people=500, text=TEXT)
    shifted = partial(_shifted, body, round_ * 1_000_000)
    return asyncio.run(closed_loop(port, shifted, lines=LINES, seconds=SECONDS))


def _shifted(body: partial[bytes], by: int, number: int) -> bytes:
    return body(number + by)


def _tail(fake: FakeTelegram, url: str, pause: float) -> Figures:
    with _served(fake, url, module="bot", pause=pause) as made:
        body = partial(telegram_call, made.port, people=200, text=TEXT)
        asyncio.run(open_loop(made.port, body, rate=20, seconds=2))
        later = partial(_shifted, body, 1_000_000)
        return asyncio.run(open_loop(made.port, later, rate=RATE, seconds=10))


def _start_time(fake: FakeTelegram, url: str) -> float:
    began = time.monotonic()
    with _served(fake, url, module="bot", pause=8):
        return time.monotonic() - began


def _middle(values: Iterable[float]) -> float:
    return statistics.median(values)


def run() -> None:
    """Print the figures of both databases."""
    with FakeTelegram(limits=False) as fake, postgres_url() as new_database:
        for name in ("SQLite", "PostgreSQL"):

            def url(kind: str = name) -> str:
                return "" if kind == "SQLite" else new_database()

            pairs = _paired(fake, url)
            ratios = sorted(full.per_second / bare.per_second for bare, full in pairs)
            print(
                f"{name}: acknowledged/bare = {ratios[len(ratios) // 2]:.2f} "
                f"({ratios[0]:.2f} to {ratios[-1]:.2f} in {ROUNDS} rounds, {LINES} connections; "
                f"{_middle(full.per_second for _, full in pairs):.0f}/s against "
                f"{_middle(bare.per_second for bare, _ in pairs):.0f}/s, p99 "
                f"{_middle(full.p99 for _, full in pairs):.0f} ms against "
                f"{_middle(bare.p99 for bare, _ in pairs):.0f} ms, "
                f"refused {sum(full.refused for _, full in pairs)})"
            )
            for pause in (8.0, 0.0):
                tail = _tail(fake, url(), pause)
                print(
                    f"{name}: {RATE:.0f} calls/s open loop, merging pause {pause:.0f} s: "
                    f"p50 {tail.p50:.1f} ms, p99 {tail.p99:.1f} ms, worst {tail.worst:.0f} ms, "
                    f"refused {tail.refused} of {tail.calls}"
                )
            print(f"{name}: empty folder to ready {_start_time(fake, url()):.1f} s")


if __name__ == "__main__":
    run()
