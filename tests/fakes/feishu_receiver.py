"""An app's own web address, for tests of what is pushed there: answers as told, keeps what came.

with Receiver("encrypt-key") as app:
    app.statuses = [500]
    await feishu.console.save_webhook(app.url)
"""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from tests.fakes.feishu_crypto import unseal
from tests.fakes.feishu_state import Json

Judge = Callable[["Received"], tuple[int, bytes]]


@dataclass(frozen=True, slots=True)
class Received:
    """One request, its header names in the case they came in; `body` is unsealed."""

    headers: dict[str, str]
    raw: bytes
    body: Json


@dataclass(slots=True)
class Receiver:
    """Answers 200 and `{}` unless told otherwise; repeats challenges by itself.

    `statuses` and `answers` are used up one per request, challenges not counted. `judge` answers
    instead of all of them, challenges included. Nothing is answered while `gate` is clear.
    """

    encrypt_key: str = ""
    statuses: list[int] = field(default_factory=list)
    answers: list[Any] = field(default_factory=list)
    judge: Judge | None = None
    challenge_answer: Json | None = None
    location: str = ""
    received: list[Received] = field(default_factory=list)
    challenges: list[Received] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)
    url: str = ""
    _server: ThreadingHTTPServer | None = None
    _thread: threading.Thread | None = None

    def __enter__(self) -> "Receiver":
        self.gate.set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/feishu"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}
        )
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.gate.set()
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                came = Received(dict(self.headers.items()), raw, receiver.opened(raw))
                status, answer = receiver.answer(came)
                try:
                    self.send_response(status)
                    if receiver.location:
                        self.send_header("Location", receiver.location)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(answer)))
                    self.end_headers()
                    self.wfile.write(answer)
                except OSError:  # nobody waited for the answer
                    self.close_connection = True

            def log_message(self, format: str, *arguments: Any) -> None:
                """Say nothing."""

        return Handler

    def opened(self, raw: bytes) -> Json:
        """The body of a request, unsealed; {} when it does not open."""
        try:
            body: Json = json.loads(raw)
            sealed = body.get("encrypt")
            return json.loads(unseal(self.encrypt_key, sealed)) if sealed else body
        except ValueError:
            return {}

    def answer(self, came: Received) -> tuple[int, bytes]:
        """Keep a request and say what it is answered with."""
        challenge = came.body.get("type") == "url_verification"
        (self.challenges if challenge else self.received).append(came)
        self.gate.wait()
        if self.judge is not None:
            return self.judge(came)
        if challenge:
            word = {"challenge": came.body["challenge"]}
            return 200, json.dumps(self.challenge_answer or word).encode()
        status = self.statuses.pop(0) if self.statuses else 200
        answer = self.answers.pop(0) if self.answers else {}
        return status, answer if isinstance(answer, bytes) else json.dumps(answer).encode()

    @property
    def bodies(self) -> list[Json]:
        """What came, without challenges."""
        return [came.body for came in list(self.received)]

    @property
    def kinds(self) -> list[str]:
        """Types of the events that came."""
        return [
            body["header"]["event_type"] if "header" in body else body["event"]["type"]
            for body in self.bodies
        ]
