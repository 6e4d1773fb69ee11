"""Which tests stay together where several processes share the run."""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

#: Files that take minutes and whose tests have nothing in common: each goes to whoever is free.
LOOSE = frozenset({"tests/integration/test_storm.py"})


def together(test: str) -> str:
    """What a test shares a process with: its file, whose browser and office are opened once."""
    file = test.partition("::")[0]
    return test if file in LOOSE else file


class Spread(LoadScopeScheduling):  # type: ignore[misc]
    """Files with many tests first, so that single tests fill up the end."""

    def _split_scope(self, nodeid: str) -> str:
        return together(nodeid)
