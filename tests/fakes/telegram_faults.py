"""Trouble ordered in advance: errors, lost answers, slow answers."""

import threading
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["error", "drop_before", "drop_after"]


@dataclass(slots=True)
class Fault:
    """One kind of trouble for the next `times` calls of a method ("*" for any)."""

    method: str
    kind: Kind
    times: int
    status: int = 0
    retry_after: int | None = None
    description: str | None = None
    parameters: dict[str, Any] | None = None  # None: what belongs to the status


@dataclass(slots=True)
class Faults:
    """Faults waiting to happen, oldest first."""

    waiting: list[Fault] = field(default_factory=list)
    delays_s: dict[str, float] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, fault: Fault) -> None:
        fault.method = fault.method.lower()
        with self.lock:
            self.waiting.append(fault)

    def take(self, method: str, *kinds: Kind) -> Fault | None:
        """The first matching fault, used up by one."""
        with self.lock:
            for fault in self.waiting:
                if fault.kind in kinds and fault.method in {method, "*"}:
                    fault.times -= 1
                    if fault.times <= 0:
                        self.waiting.remove(fault)
                    return fault
        return None

    def delay_s(self, method: str) -> float:
        with self.lock:
            return self.delays_s.get(method, self.delays_s.get("*", 0.0))

    def clear(self) -> None:
        with self.lock:
            self.waiting.clear()
            self.delays_s.clear()
