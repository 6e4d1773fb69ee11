"""The suite on several processes: nothing is torn apart, and what is loose exists."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.spreading import LOOSE, together

ROOT = Path(__file__).resolve().parents[2]


def test_a_file_stays_in_one_process() -> None:
    file = "tests/e2e/test_record.py"
    assert together(f"{file}::test_a[x::y]") == together(f"{file}::test_b") == file


@pytest.mark.parametrize("file", sorted(LOOSE))
def test_loose_tests_go_each_their_way_and_share_nothing(file: str) -> None:
    one, other = f"{file}::test_a[1]", f"{file}::test_a[2]"
    assert together(one) == one != together(other)
    wide = [
        keyword.value
        for node in ast.walk(ast.parse((ROOT / file).read_text("utf-8")))
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "scope"
    ]
    assert wide == []
