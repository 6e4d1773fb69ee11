"""Events on their way to the app: their envelopes, and the queue they wait in.

Nothing is forgotten: the queue is also the record of what was sent, when, and how it was taken.
"""

import copy
from dataclasses import dataclass, field
from typing import Literal

from tests.fakes.feishu_state import Json, State, micros, millis

#: Seconds after a failure until the next try; after the last one the event is given up.
RETRIES_S = (15, 300, 3600, 21600)

Order = Literal["as_sent", "reversed"]
Status = Literal["waiting", "in_flight", "taken", "given_up", "lost"]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to deliver: when (platform clock), over what, and why it failed ("" if not)."""

    at: float
    mode: str
    error: str
    status: int | None = None  # of the HTTP answer, or the code of the acknowledgement

    @property
    def taken(self) -> bool:
        return not self.error


@dataclass(slots=True)
class Event:
    """One event; `lane` is the chat whose events are first sent one after the other."""

    id: str
    kind: str
    body: Json
    lane: str
    due_at: float
    status: Status = "waiting"
    copies: int = 0  # times it comes again although it was taken
    renamed: bool = False  # whether copies have an event_id of their own
    attempts: list[Attempt] = field(default_factory=list)


@dataclass(slots=True)
class Outbox:
    """What is to be delivered, oldest first, and the trouble ordered for it."""

    state: State
    events: list[Event] = field(default_factory=list)
    held: bool = False
    twice: list[bool] = field(default_factory=list)  # renamed or not, one per event to come
    late_s: list[float] = field(default_factory=list)

    def emit(self, kind: str, event: Json, lane: str, *, micro: bool | None = None) -> Event | None:
        """Queue an event the app subscribed to; None when it did not."""
        state = self.state
        event_id = state.fresh("")
        digits = state.unconfirmed.header_micros if micro is None else micro
        now = state.clock()
        header = {
            "event_id": event_id,
            "event_type": kind,
            "create_time": micros(now) if digits else millis(now),
            "token": state.app.verification_token,
            "app_id": state.app.app_id,
            "tenant_key": state.app.tenant_key,
        }
        return self._queue(
            kind, event_id, {"schema": "2.0", "header": header, "event": event}, lane
        )

    def emit_old(self, kind: str, event: Json, lane: str) -> Event | None:
        """The same in the first envelope, which has no schema and no header."""
        uuid = self.state.fresh("")
        body = {
            "uuid": uuid,
            "token": self.state.app.verification_token,
            "ts": f"{self.state.clock():.7f}",
            "type": "event_callback",
            "event": {**event, "type": kind},
        }
        return self._queue(kind, uuid, body, lane)

    def _queue(self, kind: str, id: str, body: Json, lane: str) -> Event | None:
        app = self.state.app
        unwanted = app.subscribed is not None and kind not in app.subscribed
        if unwanted or app.events == "none" or not app.active:
            return None
        return self.add(Event(id, kind, body, lane, self.state.clock()))

    def add(self, event: Event) -> Event:
        """Queue an event as it is."""
        with self.state.lock:
            if self.twice:
                event.copies, event.renamed = 1, self.twice.pop(0)
            if self.late_s:
                event.due_at += self.late_s.pop(0)
            self.events.append(event)
            self.state.change()
            return event

    def raw(self, body: Json) -> Event:
        """Queue any JSON as an event."""
        header = body.get("header") or {}
        kind = str(header.get("event_type", body.get("type", "")))
        id = str(header.get("event_id", body.get("uuid", "")))
        return self.add(Event(id, kind, body, "raw", self.state.clock()))

    def deliver_twice(self, times: int = 1, *, new_id: bool = False) -> None:
        """Deliver each of the next events again after it was taken, perhaps as if it were new."""
        with self.state.lock:
            self.twice += [new_id] * times

    def deliver_late(self, seconds: float, times: int = 1) -> None:
        """Let the next events wait so long on the platform's clock."""
        with self.state.lock:
            self.late_s += [seconds] * times

    def hold(self) -> None:
        """Keep events back, as a platform in trouble does, until release()."""
        self.held = True

    def open(self) -> list[Event]:
        """Events neither taken nor given up."""
        with self.state.lock:
            return [e for e in self.events if e.status in {"waiting", "in_flight"}]

    def of(self, kind: str) -> list[Event]:
        """Events of one type, oldest first."""
        with self.state.lock:
            return [event for event in self.events if event.kind == kind]

    def take_due(self) -> list[Event]:
        """Events whose moment has come, now in flight.

        First tries go one after the other within a chat, retries whenever they are due; of an
        ordered type nothing moves before the event in front is taken or given up.
        """
        with self.state.lock:
            now, ready = self.state.clock(), list[Event]()
            busy: set[str] = set()
            for event in [] if self.held else self.open():
                ordered = event.kind in self.state.unconfirmed.ordered
                lane = event.kind if ordered else event.lane
                queues = ordered or not event.attempts
                if event.status == "waiting" and event.due_at <= now:
                    if queues and lane in busy:
                        continue
                    event.status = "in_flight"
                    ready.append(event)
                if ordered or (queues and event.status == "in_flight"):
                    busy.add(lane)
            return ready

    def settle(self, event: Event, attempt: Attempt) -> None:
        """Note how a try went and what follows from it."""
        with self.state.lock:
            event.attempts.append(attempt)
            if attempt.taken:
                event.status = "taken"
                self._again(event)
            elif attempt.error == "lost":
                event.status = "lost"
            elif len(event.attempts) > len(RETRIES_S):
                event.status = "given_up"
            else:
                event.status = "waiting"
                event.due_at = self.state.clock() + RETRIES_S[len(event.attempts) - 1]
            self.state.change()

    def _again(self, event: Event) -> None:
        if event.copies:
            again = Event(event.id, event.kind, event.body, event.lane, self.state.clock())
            again.copies = event.copies - 1
            if event.renamed:
                again.body, again.id = self._renamed(event.body)
            self.events.append(again)

    def _renamed(self, body: Json) -> tuple[Json, str]:
        """The same news under a new event_id (old envelope: uuid)."""
        body, id = copy.deepcopy(body), self.state.fresh("")
        if "header" in body:
            body["header"]["event_id"] = id
        else:
            body["uuid"] = id
        return body, id

    def release(self, order: Order = "as_sent") -> None:
        """Deliver what was held, whatever chat it is of, in this order."""
        with self.state.lock:
            waiting = [event for event in self.events if event.status == "waiting"]
            done = [event for event in self.events if event.status != "waiting"]
            for event in waiting:
                event.lane = "released"
            self.events = done + (waiting[::-1] if order == "reversed" else waiting)
            self.held = False
            self.state.change()
