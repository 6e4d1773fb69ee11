"""The web chat's stage: one browser a person, which keeps what it could not send and tries again.

The platform is the product's own database, so there are no tokens, and nothing a send could be
refused by; what is limited is the person: the page says 429 to who writes too fast.
"""

from __future__ import annotations

import queue
import random
import secrets
import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import httpx2

from storage.database import Tx
from storage.enums import InvitePurpose
from storage.queries import invites
from storage.vault import Vault
from tests.integration.storm.stage import Clock, Trouble
from tests.loopback import NO_TLS

PAUSE_S = 0.2


class Browser:
    """One person's page: sends what was written, in order, until each is taken."""

    def __init__(self) -> None:
        self.token = secrets.token_urlsafe(32)
        self.base_url = ""
        self.twice = False
        self.refused = 0  # times the page was told to slow down
        self._box: queue.Queue[str | None] = queue.Queue()
        self._thread = threading.Thread(target=self._send, name="browser")
        self._over = threading.Event()

    def start(self, base_url: str) -> None:
        self.base_url = base_url
        self._thread.start()

    def write(self, text: str) -> None:
        self._box.put(text)

    @property
    def unsent(self) -> int:
        return self._box.unfinished_tasks

    def _send(self) -> None:
        with httpx2.Client(base_url=self.base_url, timeout=10, verify=NO_TLS) as http:
            number = 0
            while (text := self._box.get()) is not None:
                number += 1
                times, self.twice = 2 if self.twice else 1, False
                for _ in range(times):
                    self._until_taken(http, {"text": text, "client_id": f"c{number}"})
                self._box.task_done()

    def _until_taken(self, http: httpx2.Client, body: dict[str, str]) -> None:
        while not self._over.is_set():
            pause = PAUSE_S
            try:
                answer = http.post(f"/chat/{self.token}/messages", json=body)
            except httpx2.HTTPError:
                pass  # the product is away
            else:
                if answer.status_code == 202:
                    return
                self.refused += answer.status_code == 429
                pause = float(answer.headers.get("retry-after", PAUSE_S))
            self._over.wait(pause)

    def seen(self) -> list[dict[str, Any]]:
        """What the page shows when it is opened now."""
        answer = httpx2.get(
            f"{self.base_url}/chat/{self.token}/messages", timeout=10, verify=NO_TLS
        )
        items: list[dict[str, Any]] = answer.raise_for_status().json()["items"]
        return items

    def close(self) -> None:
        self._over.set()
        self._box.put(None)
        if self._thread.is_alive():
            self._thread.join(20)


class WebChat:
    """Everybody has a link. HR sits in the console, so no cards go out."""

    channel = "webchat"
    exact = True
    turns = False

    def __init__(self, people: int) -> None:
        self.people = people
        self.clock = Clock()
        self._browsers = [Browser() for _ in range(people)]
        self._addresses: list[str] = []
        self._held: list[tuple[int, str]] | None = None
        self._chance = random.Random(7)

    def settings(self) -> dict[str, str]:
        return {}

    def address(self, person: int) -> str:
        return self._addresses[person]

    def hr(self) -> str:
        return ""

    def settle(self, tx: Tx, vault: Vault, candidates: Sequence[str]) -> None:
        """A link for everybody."""
        for browser, candidate in zip(self._browsers, candidates, strict=True):
            invite_id, _ = invites.create_invite(
                tx,
                vault,
                token=browser.token,
                purpose=InvitePurpose.CHAT,
                lifetime=timedelta(days=1),
                created_by="test",
                channel="webchat",
                candidate_id=candidate,
                opens=True,
            )
            assert invite_id
            self._addresses.append(invites.chat_behind(tx, browser.token, "webchat").address)

    def point(self, base_url: str) -> None:
        for browser in self._browsers:
            browser.start(base_url)

    def say(self, person: int, text: str) -> None:
        if self._held is not None:
            self._held.append((person, text))
        else:
            self._browsers[person].write(text)

    def twice(self) -> None:
        """The answer was lost: the page sends the same again."""
        self._chance.choice(self._browsers).twice = True

    def hold(self) -> None:
        """The network is away."""
        self._held = []

    def release(self) -> None:
        held, self._held = self._held or [], None
        for person, text in held:
            self.say(person, text)

    def here(self) -> None:
        """Nothing: pages ask again by themselves."""

    def pending(self) -> int:
        return sum(browser.unsent for browser in self._browsers)

    def late(self) -> set[tuple[int, str]]:
        return set()

    def trouble(self, kind: Trouble) -> None:
        """Everybody hammers: some are told to slow down, and their pages wait."""
        if kind == "limit":
            for browser in self._browsers:
                browser.twice = True

    def slow(self, seconds: float) -> None:
        """Nothing is called."""

    def texts(self, person: int) -> list[str]:
        items = self._browsers[person].seen()
        assert len({item["id"] for item in items}) == len(items)
        return [item["text"] for item in items if item["direction"] == "out"]

    def cards(self) -> list[str]:
        return []

    def close(self) -> None:
        for browser in self._browsers:
            browser.close()
