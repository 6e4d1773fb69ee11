"""Trouble ordered in advance: errors, pages instead of JSON, lost answers, slow answers.

Endpoints go by name: token, app_token, login, authorize, user_info, send, reply, edit, patch,
recall, get, image, file, resource, lookup, user, members, bot, card_update, hook, ws; "*" is any.
"""

import threading
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Literal

from starlette.responses import HTMLResponse, JSONResponse, Response

from tests.fakes.feishu_errors import ApiError, refused, too_often
from tests.fakes.feishu_rates import APP

Kind = Literal["refuse", "refuse_after", "page", "drop_before", "drop_after"]

BEFORE: tuple[Kind, ...] = ("refuse", "page", "drop_before")
AFTER: tuple[Kind, ...] = ("refuse_after", "drop_after")
PAGE = (
    "<html>\r\n<head><title>{0} {1}</title></head>\r\n<body>\r\n"
    "<center><h1>{0} {1}</h1></center>\r\n<hr><center>openresty</center>\r\n</body>\r\n</html>\r\n"
)


@dataclass(slots=True)
class Fault:
    """One kind of trouble for the next `times` requests of an endpoint ("*" for any)."""

    endpoint: str
    kind: Kind
    times: int = 1
    status: int = 0
    error: ApiError | None = None

    def response(self) -> Response:
        """The answer in place of the real one; drops have none."""
        if self.error is not None:
            return refusal(self.error)
        phrase = HTTPStatus(self.status).phrase
        return HTMLResponse(PAGE.format(self.status, phrase), status_code=self.status)


@dataclass(slots=True)
class Faults:
    """Faults waiting to happen, oldest first."""

    waiting: list[Fault] = field(default_factory=list)
    delays_s: dict[str, float] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, fault: Fault) -> None:
        with self.lock:
            self.waiting.append(fault)

    def fail_next(self, endpoint: str, status: int = 502, times: int = 1) -> None:
        """Answer the next requests with a gateway's HTML page, doing nothing."""
        self.add(Fault(endpoint, "page", times, status))

    def refuse_next(
        self,
        endpoint: str,
        code: int,
        times: int = 1,
        *,
        status: int = 400,
        ext: str = "",
        after: bool = False,
    ) -> None:
        """Answer the next requests with a code; `after`: having done what was asked."""
        kind: Kind = "refuse_after" if after else "refuse"
        self.add(Fault(endpoint, kind, times, error=refused(code, ext, status=status)))

    def limit_next(self, endpoint: str, reset_s: int = 1, times: int = 1) -> None:
        """HTTP 429 with its headers, as if the app had called too often."""
        self.add(Fault(endpoint, "refuse", times, error=too_often(APP[0][0], reset_s)))

    def drop_before(self, endpoint: str, times: int = 1) -> None:
        """Close the connection having done nothing."""
        self.add(Fault(endpoint, "drop_before", times))

    def drop_after(self, endpoint: str, times: int = 1) -> None:
        """Do what is asked, then close the connection without an answer."""
        self.add(Fault(endpoint, "drop_after", times))

    def slow(self, endpoint: str, seconds: float) -> None:
        """Let every request wait first, in real seconds; 0 ends it."""
        with self.lock:
            self.delays_s[endpoint] = seconds

    def take(self, endpoint: str, kinds: tuple[Kind, ...]) -> Fault | None:
        """The first matching fault, used up by one."""
        with self.lock:
            for fault in self.waiting:
                if fault.kind in kinds and fault.endpoint in {endpoint, "*"}:
                    fault.times -= 1
                    if fault.times <= 0:
                        self.waiting.remove(fault)
                    return fault
        return None

    def delay_s(self, endpoint: str) -> float:
        with self.lock:
            return self.delays_s.get(endpoint, self.delays_s.get("*", 0.0))

    def heal(self) -> None:
        """Forget all ordered trouble."""
        with self.lock:
            self.waiting.clear()
            self.delays_s.clear()


def refusal(error: ApiError) -> Response:
    return JSONResponse(error.body(), status_code=error.status, headers=error.headers)
