"""Bringing 10,000 candidates with their employments from one file, as somebody types it: people a
second and the largest memory of any process of it. Then the same file again, and one with a change
for everybody."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.databases import postgres_url

ROOT = Path(__file__).parents[2]
PEOPLE, POSITIONS = 10_000, 40
_HEAD = (
    "姓名,手机,应聘职位,阶段,期望薪资,期望城市,离职通知期（天）,职业规划,"
    "公司,担任职位,入职年月,离职年月,离职前薪资,离职原因"
)
_CITIES = ("杭州", "上海", "北京", "深圳")
_FAMILY, _GIVEN = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨", "一明华丽伟芳敏静强磊洋艳勇军杰娟涛超兰霞"
_WHY = ("薪资", "发展", "上级或团队", "地点或通勤")


@dataclass(frozen=True, slots=True)
class Ran:
    """What one run of the command took, its start included."""

    seconds: float
    cpu_s: float
    peak_mb: float
    said: str


def positions() -> str:
    """A file of positions."""
    lines = [
        f"工程师{n},{_CITIES[n % len(_CITIES)]},{15 + n % 8}k,{20 + n % 8}k"
        for n in range(POSITIONS)
    ]
    return "\n".join(("职位名称,城市,月薪下限,月薪上限", *lines)) + "\n"


def people(count: int, *, rise: int = 0) -> str:
    """A file of candidates, the same each time: three of four have two employments. ``rise`` is
    added to everybody's wish, in thousands."""
    chance = random.Random(10)
    return "\n".join((_HEAD, *_rows(count, rise, chance))) + "\n"


def _rows(count: int, rise: int, chance: random.Random) -> Iterator[str]:
    for n in range(count):
        name = chance.choice(_FAMILY) + "".join(chance.choices(_GIVEN, k=2))
        city, wish = chance.choice(_CITIES), chance.randint(12, 30)
        since, pay = chance.randint(2021, 2025), wish - chance.randint(1, 6)
        yield (
            f"{name},138{n:08},工程师{n % POSITIONS},面试,{wish + rise}k,{city},"
            f"{chance.choice((15, 30, 60))},三年内带小团队,"
            f"星河{n % 97}科技,工程师,{since}-{chance.randint(1, 12):02},至今,{pay}k*14薪,"
        )
        if n % 4:
            yield (
                f",,,,,,,,云上{n % 89},初级工程师,{since - chance.randint(1, 3)}-03,{since}-01,"
                f"{pay - 3}k,{chance.choice(_WHY)}"
            )


def _imported(data: Path, url: str, file: Path) -> Ran:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("YINUO_")}
    home = {"YINUO_DATA_DIR": str(data), "YINUO_DATABASE_URL": url}
    out = data / "out.txt"
    with out.open("wb") as said:
        began = time.perf_counter()
        started = subprocess.Popen(
            [sys.executable, "-m", "bot", "import", str(file)],
            env={**kept, **home},
            cwd=ROOT,
            stdout=said,
            stderr=subprocess.STDOUT,
        )
        # Of the command and of the child that opens the file, whichever was larger.
        _, status, usage = os.wait4(started.pid, 0)
        took = time.perf_counter() - began
    started.returncode = os.waitstatus_to_exitcode(status)
    words = out.read_text("utf-8").strip()
    if started.returncode:
        raise RuntimeError(words[-500:])
    cpu = usage.ru_utime + usage.ru_stime
    return Ran(took, cpu, usage.ru_maxrss / 1024, words.splitlines()[-1])


def measure(name: str, url: str, count: int = PEOPLE) -> None:
    """Print the figures of one empty database."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        file = data / "file.csv"
        for what, text in (
            ("positions", positions()),
            ("new", people(count)),
            ("the same again", people(count)),
            ("a wish changed", people(count, rise=2)),
        ):
            file.write_text(text, "utf-8")
            ran = _imported(data, url, file)
            if what != "positions":
                print(
                    f"{name}: import of {count} candidates ({what}): {ran.seconds:.1f} s, "
                    f"{count / ran.seconds:.0f}/s, processor {ran.cpu_s:.1f} s, "
                    f"peak {ran.peak_mb:.0f} MB; {ran.said}",
                    flush=True,
                )


def run(count: int = PEOPLE) -> None:
    """Print the figures of both databases."""
    measure("SQLite", "", count)
    with postgres_url() as new_database:
        measure("PostgreSQL", new_database(), count)


if __name__ == "__main__":
    run(*map(int, sys.argv[1:]))
