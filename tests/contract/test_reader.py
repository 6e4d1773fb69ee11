"""What every reader promises, and what the one in its own process promises besides."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from functools import lru_cache
from pathlib import Path

import pytest

from nlp import wire
from nlp.likeness.score import likeness
from nlp.process import MAX_BATCH, MAX_COMPARED, ReaderProcess
from nlp.readers import reader as named
from nlp.reading import AsyncReader, Compared, Reader, ReaderUnavailable, Reading, Utterance
from nlp.scheme import Intent
from tests.unit.nlp.poison import KILLER, SLEEPER
from tests.unit.nlp.utterances import an_utterance

POISON = "tests.unit.nlp.poison:PoisonReader"
ROOT = Path(__file__).parent.parent.parent

WORST = [
    "",
    " ",
    "\ud800",
    "\ud83d\ude00",
    "\x00",
    "\u202e薪资",
    "不" * 20_000,
    "👨‍👩‍👧" * 500,
    "{}[]\\",
]


class InHouse:
    """A plain reader, awaited."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    @property
    def name(self) -> str:
        return self._reader.name

    async def read(self, batch: Sequence[Utterance]) -> list[Reading]:
        return self._reader.read(batch)


@lru_cache(maxsize=2)
def here(engine: str) -> Reader:
    """A reader in this process, built once."""
    return named(engine)


@pytest.fixture(params=["rules", "onnx"])
def engine(request: pytest.FixtureRequest) -> str:
    """The rules alone, and the trained network beside them."""
    name: str = request.param
    return name


@pytest.fixture(params=["in house", "in its own process"])
async def reader(
    request: pytest.FixtureRequest, engine: str
) -> AsyncIterator[InHouse | ReaderProcess]:
    """Every reader, here and in a child."""
    if request.param == "in house":
        yield InHouse(here(engine))
        return
    process = ReaderProcess(f"nlp.readers:reader?{engine}")
    await process.start()
    yield process
    await process.stop()


async def test_readings_come_one_each_in_order(reader: AsyncReader) -> None:
    texts = ["我再考虑一下", "好的", "不去了", "薪资能再谈吗"] * 12
    readings = await reader.read([an_utterance(text) for text in texts])
    first = [reading.intents[0] for reading in readings]
    assert first == [Intent.CONSIDER, Intent.SOCIAL, Intent.DECLINE, Intent.SALARY] * 12
    assert await reader.read([]) == []


async def test_the_same_words_read_the_same_and_bear_the_readers_name(
    reader: InHouse | ReaderProcess, engine: str
) -> None:
    utterance = an_utterance("周五前答复您，薪资18-20k*14薪", after="您确定接受吗？")
    one, two = await reader.read([utterance, utterance])
    assert one == two == here(engine).read([utterance])[0]
    assert one.model == reader.name == here(engine).name
    assert one.deadline is not None
    assert one.amounts


async def test_the_worst_texts_get_readings_with_faithful_quotes(reader: AsyncReader) -> None:
    batch = [an_utterance(text + suffix) for text in WORST for suffix in ("", "我再考虑一下")]
    for utterance, reading in zip(batch, await reader.read(batch), strict=True):
        assert reading.intents
        for quote in reading.evidence:
            assert quote.text == utterance.text[quote.start : quote.end]


async def test_context_and_stage_are_heard(reader: AsyncReader) -> None:
    asked = an_utterance("好的", after="您确定接受这个offer吗？")
    joined = an_utterance("我打算辞职了", stage="onboarded")
    yes, leaving = await reader.read([asked, joined])
    assert (yes.intents, yes.commitment) == ((Intent.ACCEPT,), 2)
    assert leaving.intents == (Intent.LEAVE_SIGNAL,)


@pytest.fixture
async def process() -> AsyncIterator[ReaderProcess]:
    """A child that can be made to die or to hang."""
    made = ReaderProcess(POISON, timeout=30)
    await made.start()
    yield made
    await made.stop()


async def test_many_small_reads_share_batches(process: ReaderProcess) -> None:
    texts = [f"薪资再考虑一下{n}" for n in range(5 * MAX_BATCH)]
    answers = await asyncio.gather(*(process.read([an_utterance(text)]) for text in texts))
    for text, (reading,) in zip(texts, answers, strict=True):
        assert reading.alert
        assert all(quote.text in text for quote in reading.evidence)


async def test_a_dead_child_fails_what_it_was_reading_and_later_reads_work(
    process: ReaderProcess,
) -> None:
    with pytest.raises(ReaderUnavailable):
        await process.read([an_utterance(KILLER)])
    (reading,) = await process.read([an_utterance("不去了")])
    assert reading.commitment == -3
    assert process.restarts == 1
    assert process.alive


async def test_a_child_killed_while_idle_is_replaced(process: ReaderProcess) -> None:
    first = process.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await _until(lambda: process.restarts == 1 and process.alive)
    assert process.pid != first
    assert (await process.read([an_utterance("好的")]))[0].intents == (Intent.SOCIAL,)


async def test_neighbours_of_a_poison_text_are_read(process: ReaderProcess) -> None:
    texts = ["不去了", "好的", KILLER, "我再考虑一下"]
    results = await asyncio.gather(
        *(process.read([an_utterance(text)]) for text in texts), return_exceptions=True
    )
    assert isinstance(results[2], ReaderUnavailable)
    readings = [r[0].commitment for r in results if not isinstance(r, BaseException)]
    assert readings == [-3, 0, -1]


async def test_a_child_that_hangs_is_given_up_in_time() -> None:
    process = ReaderProcess(POISON, timeout=2)
    await process.start()
    started = time.monotonic()
    with pytest.raises(ReaderUnavailable):
        await process.read([an_utterance(SLEEPER)])
    assert 1.5 < time.monotonic() - started < 6
    await _until(lambda: process.restarts == 1 and process.alive)
    assert len(await process.read([an_utterance("好的")])) == 1
    await process.stop()


async def test_a_reader_that_cannot_be_built_does_not_start() -> None:
    broken = ReaderProcess("tests.unit.nlp.poison:BrokenReader")
    with pytest.raises(ReaderUnavailable):
        await broken.start()
    assert not broken.alive
    with pytest.raises(ReaderUnavailable):
        await broken.read([an_utterance("好的")])
    await broken.stop()


async def test_stopping_fails_what_waits_and_ends_the_child() -> None:
    made = ReaderProcess(POISON)
    await made.start()
    pid = made.pid
    assert pid is not None
    waiting = asyncio.create_task(made.read([an_utterance(SLEEPER)]))
    await asyncio.sleep(0.2)
    await made.stop()
    with pytest.raises(ReaderUnavailable):
        await waiting
    assert not _runs(pid)
    assert not made.alive
    with pytest.raises(ReaderUnavailable):
        await made.read([an_utterance("好的")])
    await made.stop()


async def test_a_caller_that_gives_up_leaves_the_others_their_readings(
    process: ReaderProcess,
) -> None:
    lost = asyncio.create_task(process.read([an_utterance("好的")]))
    kept = asyncio.create_task(process.read([an_utterance("不去了")]))
    await asyncio.sleep(0)
    lost.cancel()
    assert (await kept)[0].commitment == -3
    assert process.restarts == 0


async def test_an_interrupt_from_the_terminal_is_not_the_childs(process: ReaderProcess) -> None:
    assert process.pid is not None
    os.kill(process.pid, signal.SIGINT)
    assert len(await process.read([an_utterance("好的")])) == 1
    assert process.restarts == 0


async def test_the_child_gives_way_to_its_parent(process: ReaderProcess) -> None:
    assert process.pid is not None
    ours = os.getpriority(os.PRIO_PROCESS, 0)
    assert os.getpriority(os.PRIO_PROCESS, process.pid) == min(19, ours + 5)


_PARENT = """
import asyncio, sys
from nlp.process import ReaderProcess

async def main():
    reader = ReaderProcess()
    await reader.start()
    print(reader.pid, flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


def test_a_killed_parent_leaves_no_orphan() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    with parent.stdout:
        child = int(parent.stdout.readline())
    assert _runs(child)
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 5
    while _runs(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _runs(child)


def _runs(pid: int) -> bool:
    """Whether the process exists and is no zombie."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


async def _until(holds: Callable[[], bool], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 (a process's state has no event)
            await asyncio.sleep(0.02)


PAIR = Compared(
    plan="想一直做销售，以后带团队", title="大客户销售", role="跑客户，签年度合同，两年带小组"
)


async def test_the_process_compares_as_here() -> None:
    process = ReaderProcess("nlp.baseline:RuleReader")
    await process.start()
    try:
        many = [PAIR, *(Compared(plan=text, title="x", role=text) for text in WORST)] * 9
        assert await process.compare(many) == likeness(many)
        assert await process.compare([]) == []
        assert (await process.read([an_utterance("周五前回复您")]))[0].intents
    finally:
        await process.stop()


async def test_messages_go_before_comparisons() -> None:
    """However many pairs wait, a message is read after the batch that is under way."""
    process = ReaderProcess("nlp.baseline:RuleReader", timeout=60)
    await process.start()
    try:
        bulk = asyncio.create_task(process.compare([PAIR] * (MAX_COMPARED * 200)))
        await asyncio.sleep(0.05)
        await process.read([an_utterance("周五前回复您")])
        assert not bulk.done()
        assert len(await bulk) == MAX_COMPARED * 200
    finally:
        await process.stop()


async def test_a_comparison_survives_the_loss_of_its_child() -> None:
    process = ReaderProcess("nlp.baseline:RuleReader")
    with pytest.raises(ReaderUnavailable):
        await process.compare([PAIR])
    await process.start()
    try:
        first = process.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        assert await process.compare([PAIR, PAIR]) == likeness([PAIR, PAIR])
        assert process.restarts == 1
    finally:
        await process.stop()


@pytest.mark.parametrize("value", [{}, [True], ["0.5"], [1.5], [-0.1], [[0.5]], "x", None])
def test_a_frame_without_scores_is_refused(value: object) -> None:
    with pytest.raises(wire.FrameError):
        wire.scores_in(value)
