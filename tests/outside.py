"""No way out of this machine: whoever tries is refused, and the test that tried fails."""

from __future__ import annotations

import ipaddress
import sys
from typing import Any

#: Hosts that were tried and refused, since somebody last cleared the list.
attempts: list[str] = []


class OutsideHost(RuntimeError):
    """A test tried to reach a host that is not this machine."""


def is_here(host: object) -> bool:
    """Whether a host is this machine. Names other than ``localhost`` are not."""
    if host in (None, "", b"", "localhost", b"localhost"):
        return True
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    try:
        address = ipaddress.ip_address(text.split("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _refuse(event: str, args: tuple[Any, ...]) -> None:
    if event == "socket.getaddrinfo":
        host = args[0]
    elif event in ("socket.connect", "socket.sendto") and isinstance(args[1], tuple):
        host = args[1][0]
    else:
        return
    if not is_here(host):
        attempts.append(str(host))
        raise OutsideHost(f"tests may not reach {host!r}")


def block() -> None:
    """Refuse from now on, in this process, for every library that uses Python's sockets."""
    sys.addaudithook(_refuse)
