"""``yinuo resume FILE``: a trial without a database."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.resumes.more_layouts import half_english
from tests.resumes.people import PEOPLE

ROOT = Path(__file__).parents[2]


def command(file: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-m", "bot", "resume", str(file)],
        cwd=file.parent,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_prints_the_proposal_and_keeps_nothing(tmp_path: Path) -> None:
    file = tmp_path / "cv.docx"
    file.write_bytes(half_english(PEOPLE[0]))
    ran = command(file)
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert [one["text"] for one in told["fields"] if one["kind"] == "job.company"] == [
        job.company for job in PEOPLE[0].jobs
    ]
    assert {one["item"] for one in told["fields"]} == {"j1", "j2", "j3", ""}
    assert list(tmp_path.iterdir()) == [file]


def test_what_cannot_be_read_is_said_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "cv.pdf"
    file.write_bytes(b"MZ\x90\x00")
    ran = command(file)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == "yinuo: 只读 PDF 和 Word（.docx）简历\n"
    assert command(tmp_path / "none.pdf").returncode == 1
