"""A callback URL for tests of the stand-in: opens with wechatpy what the stand-in sealed."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

import xmltodict  # type: ignore[import-untyped]
from wechatpy.enterprise import parse_message  # type: ignore[import-untyped]
from wechatpy.enterprise.crypto import WeChatCrypto  # type: ignore[import-untyped]

from tests.fakes.wecom import AES_KEY, CORPID, TOKEN

Opened = dict[str, Any]


class Receiver:
    """Knobs: `statuses` to answer with, first to last, then 200; `delay_s`; `reply`; `echo`."""

    def __init__(self, corpid: str = CORPID) -> None:
        self.crypto = WeChatCrypto(TOKEN, AES_KEY, corpid)
        self.opened: list[Opened] = []
        self.envelopes: list[Opened] = []
        self.queries: list[dict[str, str]] = []
        self.refused: list[str] = []
        self.statuses: list[int] = []
        self.delay_s = 0.0
        self.echo: Callable[[str], str] = str
        self.reply: Callable[[Opened], str] = lambda opened: ""
        self.most_at_once = 0
        self._open = 0
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> "Receiver":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        assert self._server is not None
        port = self._server.sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}/wecom?tenant=1"

    @property
    def messages(self) -> list[Any]:
        """What arrived, as wechatpy's message and event objects."""
        return [parse_message(xmltodict.unparse({"xml": one})) for one in self.opened]

    def seal(self, inner: str) -> str:
        """A passive answer, sealed by wechatpy."""
        return str(self.crypto.encrypt_message(inner, "n0nce", 1700000000))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            verb, target, _ = head.split("\r\n", 1)[0].split(" ")
            lengths = [line for line in head.lower().split("\r\n") if "content-length" in line]
            body = await reader.readexactly(int(lengths[0].split(":")[1])) if lengths else b""
            query = {key: value[0] for key, value in parse_qs(urlsplit(target).query).items()}
            self.queries.append(query)
            self._open += 1
            self.most_at_once = max(self.most_at_once, self._open)
            await asyncio.sleep(self.delay_s)
            self._open -= 1
            status, text = self._answer(verb, query, body.decode())
            data = text.encode()
            writer.write(
                f"HTTP/1.1 {status} X\r\nContent-Length: {len(data)}\r\n"
                "Content-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n".encode()
            )
            writer.write(data)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the platform did not wait any longer
        finally:
            writer.close()

    def _answer(self, verb: str, query: dict[str, str], body: str) -> tuple[int, str]:
        signed = query["msg_signature"], query["timestamp"], query["nonce"]
        try:
            if verb == "GET":
                word = self.crypto.check_signature(*signed, query["echostr"])
                return 200, self.echo(str(word))
            envelope = xmltodict.parse(body)["xml"]
            inner = self.crypto.decrypt_message(envelope, *signed)
            opened = dict(xmltodict.parse(inner)["xml"])
        except Exception as error:  # noqa: BLE001 - wechatpy raises many kinds
            self.refused.append(type(error).__name__)
            return 403, ""
        self.envelopes.append(envelope)
        self.opened.append(opened)
        status = self.statuses.pop(0) if self.statuses else 200
        return status, self.reply(opened) if status == 200 else ""
