"""The product's own source, read once for all tests that look at it."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("bot", "nlp", "storage", "scheduler", "config")


@cache
def modules() -> dict[Path, ast.Module]:
    """Every module of the packages under its path from the root, parsed; leave them unchanged."""
    paths = (path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    return {path.relative_to(ROOT): ast.parse(path.read_text("utf-8")) for path in paths}
