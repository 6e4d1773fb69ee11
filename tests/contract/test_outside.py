"""The suite itself keeps its promise: nothing leaves this machine."""

from __future__ import annotations

import asyncio
import socket

import pytest

from tests import outside


async def test_outside_hosts_are_refused_and_remembered() -> None:
    with pytest.raises(outside.OutsideHost):
        await asyncio.open_connection("example.org", 443)
    with pytest.raises(outside.OutsideHost), socket.socket() as plain:
        plain.connect(("192.0.2.1", 80))
    assert outside.attempts == ["example.org", "192.0.2.1"]
    outside.attempts.clear()


async def test_this_machine_is_allowed() -> None:
    async def nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(nothing, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    for host in ("127.0.0.1", "localhost"):
        _, writer = await asyncio.open_connection(host, port)
        writer.close()
        await writer.wait_closed()
    server.close()
    await server.wait_closed()
    assert outside.attempts == []
