"""Having a file opened by a child, which is killed when it takes too much of anything."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bot.resume import layout, proof
from bot.resume.child import WALL_SECONDS
from bot.resume.document import Line, Segment, Unreadable

_MOST_ANSWER = 16 * 1024 * 1024
_STOPPED = "打开这份文件太费时间或内存，已中止；请重新导出再试"
FAILED = "文件损坏或不完整，打不开；请重新导出再试"
#: A child that ended by one of these went over a limit rather than met a broken file.
_LIMITS = frozenset({signal.SIGXCPU, signal.SIGKILL, signal.SIGALRM, signal.SIGABRT})


async def lines_of(data: bytes, *, seconds: float = WALL_SECONDS) -> tuple[Line, ...]:
    """The lines of a PDF or Word file. Raises ``Unreadable``, at the latest after ``seconds``."""
    try:
        kind = proof.kind_of(data)
    except proof.Refusal as refusal:
        raise Unreadable(str(refusal)) from refusal
    return _lines(await told(data, "bot.resume.child", kind.value, seconds=seconds))


async def told(data: bytes, module: str, kind: str, *, seconds: float) -> dict[str, Any]:
    """What a confined child says of a file: ``python -m module kind``. Raises ``Unreadable``."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-B", "-m", module, kind),
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
        cwd="/",
        env=_environment(),
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(seconds):
            answer = await _answer(process, data)
            await process.wait()
    except TimeoutError:
        raise Unreadable(_STOPPED) from None
    finally:
        await _end(process)
    return _understood(answer, process.returncode or 0)


async def _answer(process: Process, data: bytes) -> bytes:
    """What the child says; a little more than allowed at most, whatever it sends."""
    assert process.stdin is not None
    assert process.stdout is not None
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(data)
        await process.stdin.drain()
    process.stdin.close()
    answer = bytearray()
    while len(answer) <= _MOST_ANSWER and (part := await process.stdout.read(1 << 16)):
        answer += part
    if len(answer) > _MOST_ANSWER:
        process.kill()
    return bytes(answer)


async def _end(process: Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await asyncio.shield(process.wait())


def _understood(answer: bytes, code: int) -> dict[str, Any]:
    if code or len(answer) > _MOST_ANSWER:
        raise Unreadable(_STOPPED if -code in _LIMITS else FAILED)
    try:
        said: dict[str, Any] = json.loads(answer)
    except ValueError as error:
        raise Unreadable(FAILED) from error
    if "refused" in said:
        raise Unreadable(str(said["refused"]))
    return said


def _lines(said: dict[str, Any]) -> tuple[Line, ...]:
    try:
        if "pages" in said:
            return layout.arranged([_segments(page) for page in said["pages"]])
        return layout.plain([[str(cell) for cell in line] for line in said["lines"]])
    except (ValueError, KeyError, TypeError) as error:
        raise Unreadable(FAILED) from error


def _segments(page: Sequence[Sequence[Any]]) -> list[Segment]:
    return [
        Segment(left=float(a), bottom=float(b), right=float(c), top=float(d), text=str(text))
        for a, b, c, d, text in page
    ]


def _environment() -> dict[str, str]:
    """Our import path and nothing else: no settings, no secrets."""
    root = str(Path(__file__).resolve().parents[2])
    paths = dict.fromkeys([root, *(path for path in sys.path if path)])
    return {"PYTHONPATH": os.pathsep.join(paths), "LC_ALL": "C.UTF-8", "OMP_NUM_THREADS": "1"}
