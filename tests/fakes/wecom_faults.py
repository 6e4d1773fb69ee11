"""Trouble ordered in advance, for one endpoint such as "kf/send_msg" or for any ("*")."""

import threading
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["errcode", "status", "drop_before", "drop_after"]


@dataclass(slots=True)
class Fault:
    """One kind of trouble for the next `times` calls; None: until heal()."""

    endpoint: str
    kind: Kind
    times: int | None
    number: int = 0  # the errcode or the HTTP status


@dataclass(slots=True)
class Faults:
    """Faults waiting to happen, oldest first."""

    waiting: list[Fault] = field(default_factory=list)
    delays_s: dict[str, float] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, fault: Fault) -> None:
        with self.lock:
            self.waiting.append(fault)

    def take(self, endpoint: str, *kinds: Kind) -> Fault | None:
        """The first matching fault, used up by one."""
        with self.lock:
            for fault in self.waiting:
                if fault.kind in kinds and fault.endpoint in {endpoint, "*"}:
                    if fault.times is not None:
                        fault.times -= 1
                        if fault.times <= 0:
                            self.waiting.remove(fault)
                    return fault
        return None

    def delay_s(self, endpoint: str) -> float:
        with self.lock:
            return self.delays_s.get(endpoint, self.delays_s.get("*", 0.0))

    def clear(self) -> None:
        with self.lock:
            self.waiting.clear()
            self.delays_s.clear()
