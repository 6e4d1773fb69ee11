"""The storm itself: who talks when, what breaks when, and when it is over."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa

from storage.database import Database, Tx
from storage.queries.common import table
from storage.tables import Message, Outbox
from tests.integration.house import House
from tests.integration.storm.script import CLOSING, OPENING, Script
from tests.integration.storm.stage import Stage, Trouble

#: Seconds between two messages of whoever it is.
GAP_S = 0.02
#: Messages one after the other are read as one utterance; then they are not, see ``storm``.
PAUSE_S = 2.0
#: Slow is fine, standing still is not.
STILL_S, LONGEST_S = 90.0, 900.0
#: Parts of the talk, by the share of it that was said.
TROUBLES: tuple[tuple[float, Trouble], ...] = (
    (0.10, "expire"),
    (0.15, "limit"),
    (0.25, "down"),
    (0.30, "deaf"),
    (0.45, "dead"),
    (0.55, "expire"),
    (0.60, "limit"),
    (0.85, "expire"),
    (0.90, "deaf"),
)
KILLS = (0.40, 0.75)
#: Messages before a kill from which on sending is slow, and those said while nobody is there.
BEFORE, MEANWHILE = 4, 8
TWICE = 0.1


@dataclass
class Storm:
    """One storm over one installation. ``parts``: role by process name."""

    house: House
    stage: Stage
    script: Script
    parts: dict[str, str]
    database: Database

    def run(self) -> None:
        """Everything is said, everything breaks, and everything comes to rest."""
        self.house.extra["YINUO_CHAT__MERGE_PAUSE_S"] = str(PAUSE_S)
        self._start(self.parts)
        self.stage.point(self.house.base_url)
        self.house.wait_ready(90)
        self._opening()
        # From here on every message is an utterance of its own, so that what is owed is known.
        self.house.extra["YINUO_CHAT__MERGE_PAUSE_S"] = "0"
        listening = {name: role for name, role in self.parts.items() if role != "clock"}
        for name in listening:
            self.house.kill(name)
        self._start(listening)
        self.house.wait_ready(90)
        self._talk()
        self._until(self.at_rest, "everything is said, read and answered")
        for person in range(self.stage.people):
            self.stage.say(person, CLOSING)
        self._until(self.at_rest, "what had to wait is said")

    def _start(self, parts: dict[str, str]) -> None:
        for name, role in parts.items():
            self.house.start(name, role)

    def _opening(self) -> None:
        """Three lines each, a second apart by the platform's clock, that arrive the last first."""
        self.stage.hold()
        for line in OPENING:
            for person in range(self.stage.people):
                self.stage.say(person, line)
            self.stage.clock.ahead_s += 1
        self.stage.release()
        self._until(self.at_rest, "the opening is read")

    def _talk(self) -> None:
        chance = random.Random(5)
        talk = self.script.talk
        troubles = [(int(share * len(talk)), kind) for share, kind in TROUBLES]
        kills = [int(share * len(talk)) for share in KILLS]
        victims = [name for name in self.parts if name != "clock"]
        for step, said in enumerate(talk):
            for kind in (kind for at, kind in troubles if at == step):
                self.stage.trouble(kind)
            if step + BEFORE in kills:
                self.stage.slow(0.3)
            if step in kills:
                self._kill(victims[kills.index(step) % len(victims)])
            if step - MEANWHILE in kills:
                self.house.wait_ready(90)
            if chance.random() < TWICE:
                self.stage.twice()
            self.stage.say(said.person, said.text)
            time.sleep(GAP_S)

    def _kill(self, victim: str) -> None:
        """While something is on its way, so that nobody knows whether it arrived."""
        time.sleep(0.2)
        self.house.kill(victim)
        self.stage.slow(0)
        self.house.start(victim, self.parts[victim])

    def at_rest(self) -> tuple[int, ...]:
        """What is left: untaken, unread, unsent."""
        self.stage.here()

        def work(tx: Tx) -> tuple[int, int]:
            message, outbox = table(Message), table(Outbox)
            count = sa.select(sa.func.count())
            unsent = outbox.c.status.in_(["new", "sending"])
            return (
                int(tx.scalar(count.where(message.c.status == "new"))),
                int(tx.scalar(count.where(unsent))),
            )

        return (self.stage.pending(), *self.database.submit_read(work).result(20))

    def _until(self, left: Callable[[], tuple[int, ...]], what: str) -> None:
        began = moved_at = time.monotonic()
        calm = 0
        found: tuple[int, ...] = ()
        while time.monotonic() < min(moved_at + STILL_S, began + LONGEST_S):
            before, found = found, left()
            if found != before:
                moved_at = time.monotonic()
            calm = calm + 1 if not any(found) else 0
            if calm >= 3:  # what was just taken may not be stored yet where it is pulled
                return
            time.sleep(0.2)
        raise AssertionError(f"not yet: {what}; left {found}\n{self.house.logs()}")
