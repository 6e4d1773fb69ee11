"""Trouble ordered in advance: refusals, pages instead of JSON, lost and slow answers."""

import threading
from dataclasses import dataclass, field
from typing import Literal

from starlette.responses import HTMLResponse, JSONResponse, Response

from tests.fakes.dingtalk_endpoint import Endpoint
from tests.fakes.dingtalk_errors import FORBIDDEN, OapiError, Refusal, V1Error, too_often

Kind = Literal["refuse", "qps", "page", "punish", "gateway", "late", "drop_before", "drop_after"]
BEFORE: tuple[Kind, ...] = ("refuse", "qps", "page", "punish", "gateway", "drop_before")
AFTER: tuple[Kind, ...] = ("late", "drop_after")

PAGE = (
    "<!DOCTYPE html>\n<html><head><title>{0}</title></head>\n"
    "<body><h1>{0}</h1><p>亲，访问被拒绝了</p><hr/>Powered by Tengine</body></html>\n"
)


@dataclass(slots=True)
class Fault:
    """Trouble for the next `times` calls of an endpoint: "/path", "VERB /path" or "*"."""

    endpoint: str
    kind: Kind
    times: int
    status: int = 504
    code: str | int = 0
    message: str = ""

    def response(self, endpoint: Endpoint) -> Response:
        """The answer in place of the real one."""
        if self.kind == "qps":
            return refused(too_often(endpoint.host))
        if self.kind == "refuse":
            return refused(self._refusal())
        if self.kind == "punish":
            body = {"status": 1111, "wait": 5, "source": "x5", "punish": "deny", "uuid": "u-1"}
            return JSONResponse(body)
        return HTMLResponse(PAGE.format(self.status), status_code=self.status)

    def _refusal(self) -> Refusal:
        if isinstance(self.code, int):
            return OapiError(self.code, self.message)
        return V1Error(self.status, self.code, self.message)


@dataclass(slots=True)
class Faults:
    """Faults waiting to happen, oldest first."""

    waiting: list[Fault] = field(default_factory=list)
    delays_s: dict[str, float] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, endpoint: Endpoint, kinds: tuple[Kind, ...]) -> Fault | None:
        """The first matching fault, used up by one."""
        with self.lock:
            for fault in self.waiting:
                if fault.kind in kinds and fault.endpoint in endpoint.names:
                    fault.times -= 1
                    if fault.times <= 0:
                        self.waiting.remove(fault)
                    return fault
        return None

    def delay_s(self, endpoint: Endpoint) -> float:
        with self.lock:
            return max((self.delays_s.get(name, 0.0) for name in endpoint.names), default=0.0)


class Trouble:
    """Orders for trouble. `endpoint` is "/path", "VERB /path" or "*" for any."""

    def __init__(self) -> None:
        self._faults = Faults()

    def fail_next(
        self,
        endpoint: str,
        code: str | int,
        times: int = 1,
        *,
        status: int | None = None,
        message: str = "",
    ) -> None:
        """Refuse, doing nothing: a text is a v1.0 code, a number an errcode with HTTP 200.

        `status` of a v1.0 code is 403 for Forbidden…, 500 for system…, else 400.
        """
        if status is None:
            kinds = {FORBIDDEN.split(".")[0]: 403, "system": 500}
            status = kinds.get(str(code).split(".")[0], 400)
        self._order(Fault(endpoint, "refuse", times, status, code, message))

    def exceed_qps(self, endpoint: str, times: int = 1) -> None:
        """Say that the app calls too often, in the words of the host."""
        self._order(Fault(endpoint, "qps", times))

    def time_out(self, endpoint: str, times: int = 1, *, arrived: bool = True) -> None:
        """HTTP 504; where `arrived`, what was asked has been done all the same."""
        self._order(Fault(endpoint, "late" if arrived else "gateway", times))

    def answer_html(self, endpoint: str, times: int = 1, *, status: int = 200) -> None:
        """A page instead of JSON, as a banned address gets it."""
        self._order(Fault(endpoint, "page", times, status))

    def punish(self, endpoint: str, times: int = 1) -> None:
        """The JSON a banned address gets, which is neither host's shape."""
        self._order(Fault(endpoint, "punish", times))

    def drop_after_delivery(self, endpoint: str, times: int = 1) -> None:
        """Do what is asked, then close the connection without an answer."""
        self._order(Fault(endpoint, "drop_after", times))

    def drop_before_delivery(self, endpoint: str, times: int = 1) -> None:
        """Close the connection having done nothing."""
        self._order(Fault(endpoint, "drop_before", times))

    def slow(self, endpoint: str, seconds: float) -> None:
        """Let every call wait first, in real seconds; 0 ends it."""
        with self._faults.lock:
            self._faults.delays_s[endpoint] = seconds

    def heal(self) -> None:
        """Forget all ordered trouble."""
        with self._faults.lock:
            self._faults.waiting.clear()
            self._faults.delays_s.clear()

    def _order(self, fault: Fault) -> None:
        with self._faults.lock:
            self._faults.waiting.append(fault)


def refused(error: Refusal) -> Response:
    return JSONResponse(error.body(), status_code=error.status)
