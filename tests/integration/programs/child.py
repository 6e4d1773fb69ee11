"""Starting, watching and killing programs of this folder, each by its own process id."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[2]


class Child:
    """One running program. Its error output is kept for the failure message."""

    def __init__(self, program: str, *arguments: str, log: Path) -> None:
        self._log = log
        self._command = [sys.executable, "-m", f"tests.integration.programs.{program}", *arguments]
        self._process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            self._from = log.tell()
            return subprocess.Popen(self._command, cwd=ROOT, stdout=log, stderr=log)

    def kill(self) -> None:
        """As a power cut would: no last word. The program must have been alive until now."""
        if self._process.poll() is not None:
            raise AssertionError(f"the program had ended: {self._log.read_text()[-3000:]}")
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(5)

    def restart(self) -> None:
        """Start the same program again."""
        self._process = self._start()

    def end(self, *, within: float = 5.0) -> None:
        """SIGTERM; the program must end in time and without complaint."""
        self.wait_ready()
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(within)
        assert code == 0, self._log.read_text()[-3000:]

    def wait_ready(self, *, within: float = 20.0) -> None:
        """Until the program listens to signals."""
        wait_until(self._ready, within=within, what="the program is up")

    def _ready(self) -> bool:
        """Whether it said so; fails when it has ended."""
        if self._process.poll() is not None:
            raise AssertionError(f"the program had ended: {self._log.read_text()[-3000:]}")
        return b"ready\n" in self._log.read_bytes()[self._from :]

    def forget(self) -> None:
        """Leave nothing running, whatever the test did."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(5)


@contextmanager
def children(count: int, program: str, *arguments: str, folder: Path) -> Iterator[list[Child]]:
    """Several of one program, each told its number; none survives the block."""
    made: list[Child] = []
    try:
        for n in range(count):
            log = folder / f"{program}-{n}.log"
            made.append(Child(program, *arguments, str(n), log=log))
        yield made
    finally:
        for child in made:
            child.forget()


def wait_until(condition: Callable[[], bool], *, within: float, what: str) -> None:
    """Poll; fails with ``what`` when the condition does not come."""
    until = time.monotonic() + within
    while not condition():
        if time.monotonic() > until:
            raise AssertionError(f"not within {within} s: {what}")
        time.sleep(0.02)
