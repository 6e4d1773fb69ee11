"""Whom a message names among 5,000 people, and what it asks: milliseconds a message."""

from __future__ import annotations

import random
import statistics
import time

from bot.questions import understood
from nlp.names import given, surnames
from nlp.naming import Person, named
from tests.builders import a_rulebook
from tests.colleagues import HERE, NOW, read

PEOPLE, ROUNDS = 5000, 3


def people(count: int = PEOPLE, *, seed: int = 1) -> list[Person]:
    """So many invented people; one name in three bears one of the frequent family names."""
    choose = random.Random(seed)
    every = sorted(surnames())
    frequent, characters = list("王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"), sorted(given())
    return [
        Person(
            id=f"c_{number}",
            name=choose.choice(frequent if number % 3 == 0 else every)
            + "".join(choose.choice(characters) for _ in range(choose.choice((1, 2, 2)))),
        )
        for number in range(count)
    ]


def timed(texts: list[str], among: list[Person]) -> list[float]:
    """Milliseconds of one core for each text, the best of a few rounds."""
    named(texts[0], among)
    best = []
    for text in texts:
        took = []
        for _ in range(ROUNDS):
            started = time.process_time()
            named(text, among)
            took.append((time.process_time() - started) * 1e3)
        best.append(min(took))
    return best


def run() -> None:
    """Print the figures of ``nlp/README.md``."""
    rules = a_rulebook()
    files = sorted(path.name for path in HERE.glob("colleagues_dev.txt"))
    texts = [line.text for name in files for line in read(name)[1]]
    each = sorted(timed(texts, people()))
    print(
        f"named among {PEOPLE}: median {statistics.median(each):.1f} ms, "
        f"p95 {each[int(len(each) * 0.95)]:.1f}, max {each[-1]:.1f}"
    )
    started = time.process_time()
    for text in texts:
        understood(rules, text, now=NOW)
    print(f"understood: {(time.process_time() - started) / len(texts) * 1e3:.1f} ms a message")


if __name__ == "__main__":
    run()
