"""The official client, as a judge: how to import it, and its long connection on a thread.

It keeps its loop in a global of its module and has no way to stop: one at a time in a process.
"""

import asyncio
import contextlib
import importlib
import threading
from types import TracebackType
from typing import Any

import pytest

from tests.fakes.feishu import FakeFeishu


def official() -> Any:
    """The package `lark_oapi`; skips the module that asks where it is not installed."""
    thread = threading.Thread(target=_import)
    thread.start()
    thread.join()
    return pytest.importorskip("lark_oapi", reason="needs the official client")


def _import() -> None:
    """On a thread, with a loop to take: it makes one while it is imported, and leaves it open."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    with contextlib.suppress(ImportError):
        importlib.import_module("lark_oapi")
    loop.close()


class SdkSocket:
    """Connects, and handles events until the context ends."""

    def __init__(self, feishu: FakeFeishu, handler: Any) -> None:
        """`handler` is an official EventDispatcherHandler."""
        self._feishu = feishu
        self._handler = handler
        self._loop = asyncio.new_event_loop()
        self._client: Any = None
        self._thread = threading.Thread(target=self._run, name="feishu-sdk")

    def _run(self) -> None:
        lark: Any = importlib.import_module("lark_oapi")
        module: Any = importlib.import_module("lark_oapi.ws.client")
        asyncio.set_event_loop(self._loop)
        module.loop = self._loop
        app = self._feishu.app
        self._client = lark.ws.Client(
            app.app_id,
            app.secret,
            log_level=lark.LogLevel.CRITICAL,
            event_handler=self._handler,
            domain=self._feishu.base_url,
        )
        with contextlib.suppress(RuntimeError):  # the loop was stopped
            self._client.start()
        self._loop.run_until_complete(self._end())
        self._loop.close()

    async def _end(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        if self._client._conn is not None:
            await self._client._conn.close()

    def __enter__(self) -> "SdkSocket":
        self._thread.start()
        self._feishu.wait(lambda: self._feishu.sockets.connections)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
