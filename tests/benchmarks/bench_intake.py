"""Acknowledging webhooks: throughput against the same endpoint without storage, and the tail
at 100 calls a second while everything else runs."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.benchmarks.databases import postgres_url
from tests.benchmarks.load import Figures, closed_loop, open_loop, telegram_call
from tests.fakes.telegram import FakeTelegram
from tests.integration.house import SECRET, House, house

LINES, SECONDS, RATE, ROUNDS = 32, 5.0, 100.0, 3
TEXT = "薪资这块我还想再考虑一下，周五前给您答复"


@contextmanager
def _served(fake: FakeTelegram, url: str, *, module: str, pause: float) -> Iterator[House]:
    extra = {
        "YINUO_TELEGRAM__BOT_TOKEN": fake.token,
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


def _throughput(fake: FakeTelegram, url: str, module: str) -> Figures:
    with _served(fake, url, module=module, pause=60) as made:
        body = partial(telegram_call, made.port, people=500, text=TEXT)
        asyncio.run(closed_loop(made.port, body, lines=LINES, seconds=1.0))
        later = partial(_shifted, body, 1_000_000)
        return asyncio.run(closed_loop(made.port, later, lines=LINES, seconds=SECONDS))


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


def run() -> None:
    """Print the figures of both databases."""
    with FakeTelegram(limits=False) as fake, postgres_url() as new_database:
        for name in ("SQLite", "PostgreSQL"):

            def url(kind: str = name) -> str:
                return "" if kind == "SQLite" else new_database()

            pairs = []
            for _ in range(ROUNDS):
                bare = _throughput(fake, url(), "tests.benchmarks.echo")
                full = _throughput(fake, url(), "bot")
                pairs.append((full.per_second / bare.per_second, bare, full))
            ratio, bare, full = sorted(pairs, key=lambda pair: pair[0])[len(pairs) // 2]
            print(
                f"{name}: acknowledged/bare = {ratio:.2f} (median of {ROUNDS}; "
                f"{full.per_second:.0f}/s against {bare.per_second:.0f}/s, p99 {full.p99:.0f} ms "
                f"against {bare.p99:.0f} ms, {LINES} connections, refused {full.refused})"
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
