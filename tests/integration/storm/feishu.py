"""Feishu's stage: events by webhook or over the long connection. Sends carry a key for an hour."""

from __future__ import annotations

import json
from collections.abc import Sequence

from storage.database import Tx
from storage.vault import Vault
from tests.fakes.feishu import FakeFeishu
from tests.fakes.feishu_events import Event
from tests.fakes.feishu_news import RECEIVE
from tests.integration.storm.stage import Clock, Trouble

ENCRYPT_KEY = "encrypt-key-of-the-stand-in"


class Feishu:
    """``mode``: webhook or socket."""

    channel = "feishu"
    exact = True
    turns = True

    def __init__(self, people: int, mode: str) -> None:
        self.people = people
        self.clock = Clock()
        self._mode = mode
        key = ENCRYPT_KEY if mode == "webhook" else ""
        self._fake = FakeFeishu(clock=self.clock, encrypt_key=key, answer_s=20.0).start()
        self._hr = self._fake.member("李娜")
        self._hr.person.met = True
        self._members = [self._fake.member(f"成员{n}") for n in range(people)]
        self._open_ids = {one.open_id: n for n, one in enumerate(self._members)}

    def settings(self) -> dict[str, str]:
        app = self._fake.app
        return {
            "FEISHU__APP_ID": app.app_id,
            "FEISHU__APP_SECRET": app.secret,
            "FEISHU__ENCRYPT_KEY": app.encrypt_key,
            "FEISHU__VERIFICATION_TOKEN": app.verification_token,
            "FEISHU__API_BASE": self._fake.base_url,
            "FEISHU__BOT_OPEN_ID": app.open_id,
            "FEISHU__MODE": self._mode,
        }

    def address(self, person: int) -> str:
        return self._members[person].open_id

    def hr(self) -> str:
        return self._hr.open_id

    def settle(self, tx: Tx, vault: Vault, candidates: Sequence[str]) -> None:
        """Nothing."""

    def point(self, base_url: str) -> None:
        if self._mode == "webhook":
            app, url = self._fake.app, f"{base_url}/hooks/feishu"
            app.events = app.callbacks = "webhook"
            app.event_url = app.callback_url = url

    def say(self, person: int, text: str) -> None:
        self._members[person].say(text)

    def twice(self) -> None:
        self._fake.outbox.deliver_twice(new_id=True)

    def hold(self) -> None:
        self._fake.outbox.hold()

    def release(self) -> None:
        self._fake.outbox.release("reversed")

    def here(self) -> None:
        """A quarter of a minute passes: what failed once is tried again."""
        if self._mode == "socket" and not self._fake.sockets.connections:
            return
        waits = [one.due_at for one in self._fake.outbox.open() if one.status == "waiting"]
        if waits:
            self.clock.ahead_s += max(0.0, min(waits) - self.clock())

    def pending(self) -> int:
        return self._fake.pending

    def late(self) -> set[tuple[int, str]]:
        return {self._said(one) for one in self._events() if len(one.attempts) > 1}

    def _events(self) -> list[Event]:
        return self._fake.outbox.of(RECEIVE)

    def _said(self, event: Event) -> tuple[int, str]:
        told = event.body["event"]
        person = self._open_ids[told["sender"]["sender_id"]["open_id"]]
        return person, str(json.loads(told["message"]["content"])["text"])

    def trouble(self, kind: Trouble) -> None:
        faults = self._fake.faults
        match kind:
            case "limit":
                faults.limit_next("send", 1, 4)
                faults.refuse_next("send", 230020, 2)
            case "down":
                faults.fail_next("send", 502, 2)
            case "deaf":
                faults.drop_after("send", 2)
            case "dead":
                faults.drop_before("send", 1)
            case "expire":
                self._fake.console.revoke_tokens()

    def slow(self, seconds: float) -> None:
        self._fake.faults.slow("send", seconds)

    def texts(self, person: int) -> list[str]:
        return self._members[person].texts()

    def cards(self) -> list[str]:
        return [seen.card.text for seen in self._hr.received() if seen.card is not None]

    def close(self) -> None:
        self._fake.stop()
