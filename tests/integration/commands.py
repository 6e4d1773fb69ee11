"""``yinuo`` as somebody runs it in a terminal: arguments and environment in, words and code out."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of one run: all it printed, in its order, and its exit status."""

    code: int
    out: str


@dataclass(slots=True)
class Commands:
    """Runs commands, each in a process of its own."""

    process: subprocess.Popen[str]
    folder: Path
    runs: int = 0

    def run(self, *argv: str, **env: str) -> Ran:
        """``yinuo`` with these arguments, and of ``YINUO_…`` only these variables."""
        self.runs += 1
        out = self.folder / f"out-{self.runs}"
        asked = {"argv": argv, "env": {"YINUO_DATA_DIR": str(self.folder / "var"), **env}}
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({**asked, "out": str(out)}) + "\n")
        self.process.stdin.flush()
        return Ran(int(self._line()), out.read_text("utf-8"))

    def check(self, channel: str, env: Mapping[str, str]) -> Ran:
        """``yinuo channel check``."""
        return self.run("channel", "check", channel, **env)

    def _line(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the program has ended"
        return line


@contextmanager
def commands(folder: Path) -> Iterator[Commands]:
    """The command line, loaded."""
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.programs.commands"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    made = Commands(process, folder)
    try:
        assert made._line().startswith("ready"), (folder / "log").read_text("utf-8")[-3000:]
        yield made
    finally:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        process.wait(20)
        process.stdout.close()
