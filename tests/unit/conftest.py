"""What a check leaves out is not even loaded."""

from __future__ import annotations

from pathlib import Path

import pytest


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Skip modules that are slow as a whole where nothing slow was asked for.

    They would be deselected anyway, but only after their imports: torch and transformers take
    longer to load than most of the unit tests to run.
    """
    if config.getoption("markexpr") != "not slow" or collection_path.suffix != ".py":
        return None
    slow = "\npytestmark = pytest.mark.slow\n" in collection_path.read_text("utf-8")
    return True if slow else None
