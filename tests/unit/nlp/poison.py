"""Readers that misbehave on demand, for the process that must survive them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence

from nlp.baseline import RuleReader
from nlp.reading import Reading, Utterance

KILLER, SLEEPER = "毒药", "装睡"


class PoisonReader(RuleReader):
    """Dies on one text and sleeps on another; reads the rest by the rules."""

    def read(self, batch: Sequence[Utterance]) -> list[Reading]:
        """Read, unless one of the texts says otherwise."""
        for utterance in batch:
            if KILLER in utterance.text:
                os.kill(os.getpid(), signal.SIGKILL)
            if SLEEPER in utterance.text:
                time.sleep(60)
        return super().read(batch)


class BrokenReader:
    """Cannot even be built."""

    def __init__(self) -> None:
        raise SystemExit(3)
