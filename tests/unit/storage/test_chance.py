"""Random bytes: never the same twice, not even after a fork."""

from __future__ import annotations

import os

import pytest

from storage.chance import PAGE, random_bytes


@pytest.mark.parametrize("size", [0, 1, 12, 17, PAGE - 1, PAGE, PAGE + 1])
def test_as_many_as_asked_for(size: int) -> None:
    assert len(random_bytes(size)) == size


def test_none_is_given_twice() -> None:
    given = [random_bytes(12) for _ in range(20_000)]
    assert len(set(given)) == len(given)


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork.*:DeprecationWarning")
def test_a_forked_child_does_not_repeat_its_parent() -> None:
    random_bytes(1)  # a page is open
    inlet, outlet = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(outlet, random_bytes(32))
        os._exit(0)
    own = random_bytes(32)
    theirs = os.read(inlet, 32)
    os.waitpid(child, 0)
    os.close(inlet)
    os.close(outlet)
    assert len(theirs) == 32
    assert theirs != own
