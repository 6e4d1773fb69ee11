"""The other end of ``nlp.process``: ``python -m nlp.child FD FACTORY SECONDS``.

Reads batches and compares pairs from the socket until it closes, then leaves. A batch that takes
longer than SECONDS ends the process: SIGALRM's default action needs no help from Python, so even
a stuck regular expression cannot keep an orphan alive.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from datetime import datetime
from importlib import import_module
from typing import Any
from zoneinfo import ZoneInfo

from nlp import wire
from nlp.likeness.score import likeness
from nlp.reading import Reader, Utterance

#: Added to the process's niceness: acknowledging a webhook goes before reading it.
NICENESS = 5


def main(argv: list[str]) -> int:
    """Serve one parent until it is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(NICENESS)
    descriptor, factory, seconds = int(argv[0]), argv[1], int(argv[2])
    with socket.socket(fileno=descriptor) as link:
        reader = _built(factory)
        _warm(reader)
        try:
            link.sendall(wire.frame({"name": reader.name}))
            while (body := _received(link)) is not None:
                signal.alarm(seconds)
                answer = _answer(reader, wire.value_of(body))
                signal.alarm(0)
                link.sendall(wire.frame(answer))
        except (BrokenPipeError, ConnectionResetError):
            return 0
    return 0


def _answer(reader: Reader, asked: Any) -> list[Any]:
    """Readings for a list of utterances; numbers for an object of pairs to compare."""
    if isinstance(asked, dict):
        return list(likeness(wire.pairs_in(asked)))
    return [reading.as_dict() for reading in reader.read(wire.utterances_in(asked))]


def _built(factory: str) -> Reader:
    path, asked, argument = factory.partition("?")
    module, _, name = path.partition(":")
    made = getattr(import_module(module), name)
    reader: Reader = made(argument) if asked else made()
    return reader


def _warm(reader: Reader) -> None:
    now = datetime.now(ZoneInfo("Asia/Shanghai"))
    reader.read([Utterance(text="您好，薪资这块我再考虑一下，周五前回复您", now=now)])


def _received(link: socket.socket) -> bytes | None:
    """One frame's body; None when the other side is gone."""
    header = _exactly(link, wire.HEADER.size)
    return None if header is None else _exactly(link, wire.size_of(header))


def _exactly(link: socket.socket, count: int) -> bytes | None:
    data = bytearray()
    while len(data) < count:
        part = link.recv(min(count - len(data), 1 << 16))
        if not part:
            return None
        data += part
    return bytes(data)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
