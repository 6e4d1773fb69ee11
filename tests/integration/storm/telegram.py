"""Telegram's stage: pushed or polled. The Bot API knows no key by which it would drop a repeat."""

from __future__ import annotations

from collections.abc import Sequence

from storage.database import Tx
from storage.vault import Vault
from tests.fakes.telegram import FakeTelegram
from tests.integration.house import SECRET
from tests.integration.storm.stage import Clock, Trouble

HR, FIRST = 900, 1000


class Telegram:
    """Messages of one chat are serialised: nothing overtakes. ``mode``: webhook or polling."""

    channel = "telegram"
    exact = False

    def __init__(self, people: int, mode: str) -> None:
        self.people = people
        self._mode = mode
        # Updates of a poll come by their numbers, whatever happened to them before.
        self.turns = mode == "webhook"
        self.clock = Clock()
        self._fake = FakeTelegram(
            clock=self.clock, burst=12, speed=200.0, webhook_timeout_s=20.0
        ).start()
        for account in (HR, *range(FIRST, FIRST + people)):
            self._fake.user(account, f"人{account}").account.started = True

    def settings(self) -> dict[str, str]:
        return {
            "TELEGRAM__BOT_TOKEN": self._fake.token,
            "TELEGRAM__ABROAD": "true",
            "TELEGRAM__SECRET_TOKEN": SECRET,
            "TELEGRAM__API_BASE": self._fake.api_base,
            "TELEGRAM__BOT_USERNAME": self._fake.bot_username,
            "TELEGRAM__MODE": self._mode,
        }

    def address(self, person: int) -> str:
        return str(FIRST + person)

    def hr(self) -> str:
        return str(HR)

    def settle(self, tx: Tx, vault: Vault, candidates: Sequence[str]) -> None:
        """Nothing."""

    def point(self, base_url: str) -> None:
        """The product sets its webhook itself."""

    def say(self, person: int, text: str) -> None:
        self._fake.user(FIRST + person).say(text)

    def twice(self) -> None:
        self._fake.deliver_twice()

    def hold(self) -> None:
        self._fake.hold()

    def release(self) -> None:
        self._fake.release("reversed")

    def here(self) -> None:
        """Nothing: retries come fast."""

    def pending(self) -> int:
        return self._fake.pending

    def late(self) -> set[tuple[int, str]]:
        return set()

    def trouble(self, kind: Trouble) -> None:
        send = "sendMessage"
        match kind:
            case "limit":
                self._fake.fail_next(send, 429, 6, retry_after=1)
            case "down":
                self._fake.fail_next(send, 502, 2)
            case "deaf":
                self._fake.drop_after_delivery(send, 2)
            case "dead":
                self._fake.drop_before_delivery(send, 1)
            case "expire":
                pass  # a bot's token does not run out

    def slow(self, seconds: float) -> None:
        self._fake.slow("sendMessage", seconds)

    def texts(self, person: int) -> list[str]:
        return self._fake.user(FIRST + person).texts()

    def cards(self) -> list[str]:
        return [seen.text for seen in self._fake.user(HR).received() if seen.buttons]

    def close(self) -> None:
        self._fake.stop()
