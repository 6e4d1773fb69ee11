"""Debian's Chromium under Playwright, and the demo as a process."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
ROOT = Path(__file__).parents[2]
#: What will come, comes within this, also on a busy machine.
PATIENCE_MS = 30_000


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser. Says how to get one when there is none."""
    if not Path(CHROMIUM).exists():
        raise AssertionError("browser tests need Debian's chromium: apt-get install chromium")
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def watched(page: Page) -> Iterator[list[str]]:
    """Collects what the page complains about: console errors and failed scripts."""
    complaints: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield complaints


@dataclass(frozen=True, slots=True)
class Demo:
    """A running sandbox, by its printed links."""

    console: str
    chat: str
    phone: str
    printed: str
    seconds: float

    @property
    def base(self) -> str:
        return re.match(r"https?://[^/]+", self.console)[0]  # type: ignore[index]


@contextmanager
def demo(data: Path, *arguments: str) -> Iterator[Demo]:
    """``yinuo demo`` on a free port, until the block ends."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("YINUO_")}
    began = time.monotonic()
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [
                *(sys.executable, "-u", "-m", "bot", "demo"),
                *("--port", "0", "--data-dir", str(data)),
                *arguments,
            ],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
        lines: list[str] = []
        done = threading.Event()

        def read() -> None:
            assert process.stdout is not None
            for raw in process.stdout:
                lines.append(raw.decode())
                if "1." in lines[-1]:
                    done.set()
            done.set()

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        try:
            if not done.wait(90) or process.poll() is not None:
                errors.seek(0)
                raise AssertionError(f"demo did not start:\n{''.join(lines)}\n{errors.read()!r}")
            links = re.findall(r"http://\S+", "".join(lines))
            assert len(links) >= 3, "".join(lines)
            yield Demo(
                console=links[0],
                chat=links[1],
                phone=links[2],
                printed="".join(lines),
                seconds=time.monotonic() - began,
            )
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(timeout=10)
            reader.join(timeout=5)
            if process.stdout is not None:
                process.stdout.close()
