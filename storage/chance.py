"""Random bytes of the operating system, fetched a page at a time.

Each call of ``os.urandom`` lets go of the interpreter's lock; under load the way back costs a
hundred times the bytes. A forked child must not repeat its parent's bytes (they become nonces),
so it starts with an empty page.
"""

from __future__ import annotations

import os
import threading

PAGE = 4096

_lock = threading.Lock()
_page = b""
_used = 0


def random_bytes(size: int) -> bytes:
    """``size`` bytes fit for keys and nonces; no two calls ever share one."""
    global _page, _used
    if size > PAGE:
        return os.urandom(size)
    with _lock:
        if len(_page) - _used < size:
            _page, _used = os.urandom(PAGE), 0
        start, _used = _used, _used + size
        return _page[start : start + size]


def _start_afresh() -> None:
    global _page, _used, _lock
    _lock = threading.Lock()
    _page, _used = b"", 0


os.register_at_fork(after_in_child=_start_afresh)
