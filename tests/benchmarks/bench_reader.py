"""Reading: one message, bulk, cold start and memory, and how good the readings are."""

from __future__ import annotations

import asyncio
import statistics
import time
from pathlib import Path

from nlp.baseline import RuleReader
from nlp.process import ReaderProcess
from tests.unit.nlp.scoring import labelled, part, score, utterance

ROUNDS = 5


def run() -> None:
    """Print the figures of ``nlp/README.md``."""
    _quality()
    _in_house()
    asyncio.run(_own_process())


def _quality() -> None:
    reader = RuleReader()
    print(reader.name)
    for name in sorted({row["half"] for row in labelled()}):
        print(score(reader, part(name)).line(name))


def _in_house() -> None:
    reader = RuleReader()
    batch = [utterance(row) for row in labelled()]
    reader.read(batch)
    single = []
    for one in batch:
        started = time.perf_counter()
        reader.read([one])
        single.append(time.perf_counter() - started)
    bulk = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        reader.read(batch)
        bulk.append(len(batch) / (time.perf_counter() - started))
    print(
        f"one message: median {statistics.median(single) * 1e3:.2f} ms, max {max(single) * 1e3:.1f}"
    )
    print(f"bulk: {statistics.median(bulk):.0f} messages/s")


async def _own_process() -> None:
    reader = ReaderProcess()
    started = time.perf_counter()
    await reader.start()
    print(f"cold start of the child: {time.perf_counter() - started:.2f} s")
    batch = [utterance(row) for row in labelled()]
    single = []
    for one in batch:
        started = time.perf_counter()
        await reader.read([one])
        single.append(time.perf_counter() - started)
    print(f"one message end to end: median {statistics.median(single) * 1e3:.2f} ms")
    started = time.perf_counter()
    await asyncio.gather(*(reader.read([one]) for one in batch))
    print(f"many callers: {len(batch) / (time.perf_counter() - started):.0f} messages/s")
    print(f"child's resident memory: {_resident(reader.pid):.0f} MiB")
    await reader.stop()


def _resident(pid: int | None) -> float:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise LookupError("no VmRSS")


if __name__ == "__main__":
    run()
