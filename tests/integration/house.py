"""The product as processes: started, killed and started again by the tests that hold this."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from tests.consented import BY_FORM
from tests.hours import ANY_HOUR
from tests.loopback import NO_TLS

SECRET = "s3cret-of-the-hook-0123456789abcdef"


def free_port() -> int:
    """A port nobody listens on now, nor takes while the product is down for a moment: it lies below
    those the system gives to whoever asks for any, as other tests beside this one do.
    """
    for port in random.sample(range(20_000, 32_000), 50):
        with socket.socket() as probe, contextlib.suppress(OSError):  # somebody listens there
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("fifty ports of fifty are taken")


@dataclass
class House:
    """One installation: its data, its settings, its running processes."""

    data: Path
    database_url: str
    port: int = field(default_factory=free_port)
    extra: dict[str, str] = field(default_factory=dict)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    kills: int = 0

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("YINUO_")}
        return {
            **kept,
            "YINUO_DATA_DIR": str(self.data),
            "YINUO_DATABASE_URL": self.database_url,
            "YINUO_WEB__PORT": str(self.port),
            "YINUO_LOG_LEVEL": "WARNING",
            **BY_FORM,
            **ANY_HOUR,
            **self.extra,
        }

    def start(self, name: str, role: str = "all", *, module: str = "bot") -> None:
        """Start one process; its output goes to a file beside the data."""
        log = (self.data / f"{name}.log").open("ab")
        self.running[name] = subprocess.Popen(
            [sys.executable, "-m", module, *(["serve", "--role", role] if module == "bot" else [])],
            env=self.environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=Path(__file__).parents[2],
        )
        log.close()

    def kill(self, name: str) -> None:
        """kill -9, and wait until it is gone."""
        process = self.running.pop(name)
        process.kill()
        process.wait(timeout=10)
        self.kills += 1

    def stop(self) -> None:
        """End every process of this house, kindly first."""
        for process in self.running.values():
            process.send_signal(signal.SIGTERM)
        for process in self.running.values():
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(timeout=10)
        self.running.clear()

    def wait_ready(self, timeout: float = 30.0) -> float:
        """Seconds until ``/readyz`` answers 200. Raises with the processes' output."""
        began, url = time.monotonic(), f"{self.base_url}/readyz"
        while time.monotonic() - began < timeout:
            try:
                if httpx2.get(url, timeout=2, verify=NO_TLS).status_code == 200:
                    return time.monotonic() - began
            except httpx2.HTTPError:
                if any(one.poll() is not None for one in self.running.values()):
                    raise AssertionError(f"it has ended\n{self.logs()}") from None
            time.sleep(0.05)
        raise AssertionError(f"not ready after {timeout} s\n{self.logs()}")

    def logs(self) -> str:
        """The last output of every process."""
        parts = []
        for path in sorted(self.data.glob("*.log")):
            tail = path.read_text(encoding="utf-8", errors="replace").splitlines()[-25:]
            parts.append(f"--- {path.name}\n" + "\n".join(tail))
        return "\n".join(parts)


@contextmanager
def house(data: Path, database_url: str, **extra: str) -> Iterator[House]:
    """A house that leaves no process behind."""
    made = House(data=data, database_url=database_url, extra=extra)
    try:
        yield made
    finally:
        made.stop()
