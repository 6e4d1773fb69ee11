"""DingTalk's stage: the robot hears over the stream or over HTTP. Everybody is a colleague.

Whether a message that was not taken comes again is known to nobody; here it does, or a killed
product could not have heard it. Plain messages have no key: what is repeated arrives twice.
"""

from __future__ import annotations

from collections.abc import Sequence

from storage.database import Tx
from storage.vault import Vault
from tests.fakes.dingtalk import CardButton, FakeDingTalk, Unconfirmed
from tests.fakes.dingtalk_delivery import BOT_TOPIC, Delivery
from tests.integration.storm.stage import Clock, Trouble, words

TEMPLATE = "yinuo.schema"
BUTTONS = tuple(
    CardButton(
        action_id=f"button{number}",
        label=f"${{label{number}}}",
        params={"action": f"${{action{number}}}"},
        shown_if=(f"show{number}", "true"),
    )
    for number in (1, 2, 3, 4)
)
REPLY, CARD = "/robot/sendBySession", "/v1.0/card/instances/createAndDeliver"


class DingTalk:
    """``mode``: stream or http."""

    channel = "dingtalk"
    exact = False
    turns = True

    def __init__(self, people: int, mode: str) -> None:
        self.people = people
        self.clock = Clock()
        self._mode = mode
        guesses = Unconfirmed(
            message_retry_s=3.0,
            message_attempts=40,
            queued_while_away=True,
            same_millisecond=False,
        )
        self._fake = FakeDingTalk(
            clock=self.clock, push_timeout_s=20.0, unconfirmed=guesses, disconnect_pause_s=0.2
        ).start()
        self._fake.template(TEMPLATE, *BUTTONS)
        self._hr = self._fake.member("hr", "李娜")
        self._members = [self._fake.member(f"p{n}", f"同事{n}") for n in range(people)]
        self._said: dict[str, tuple[int, str]] = {}
        self._beside: set[tuple[int, str]] = set()
        self._held = self._deaf = False

    def settings(self) -> dict[str, str]:
        app = self._fake.app
        return {
            "DINGTALK__CLIENT_ID": app.client_id,
            "DINGTALK__CLIENT_SECRET": app.client_secret,
            "DINGTALK__CORP_ID": app.corp_id,
            "DINGTALK__API_BASE": self._fake.api_base,
            "DINGTALK__OAPI_BASE": self._fake.oapi_base,
            "DINGTALK__MODE": self._mode,
            "DINGTALK__CARD_TEMPLATE_ID": TEMPLATE,
        }

    def address(self, person: int) -> str:
        return f"u/{self._members[person].user_id}"

    def hr(self) -> str:
        return "u/hr"

    def settle(self, tx: Tx, vault: Vault, candidates: Sequence[str]) -> None:
        """Nothing."""

    def point(self, base_url: str) -> None:
        if self._mode == "http":
            self._fake.receive_by_http(f"{base_url}/hooks/dingtalk")

    def say(self, person: int, text: str) -> None:
        """Calls over HTTP are made side by side: what they say meanwhile may be first."""
        open_ = [one for one in self._messages() if one.status in {"waiting", "sent"}]
        if self._mode == "http" and not self._held:
            under_way = {self._said[one.key] for one in open_}
            self._beside |= {one for one in under_way if one[0] == person}
        self._said[self._members[person].say(text)] = (person, text)

    def twice(self) -> None:
        self._fake.deliver_twice()

    def hold(self) -> None:
        self._held = True
        self._fake.hold()

    def release(self) -> None:
        self._held = False
        self._fake.release("reversed")

    def here(self) -> None:
        """Nothing: what was not taken comes again by the clock."""

    def pending(self) -> int:
        return sum(delivery.status in {"waiting", "sent"} for delivery in self._messages())

    def late(self) -> set[tuple[int, str]]:
        """Also what was sent twice on purpose: then nobody can tell why."""
        again = {self._said[one.key] for one in self._messages() if one.sends > 1}
        return again | self._beside

    def _messages(self) -> list[Delivery]:
        return [one for one in self._fake.deliveries if one.topic == BOT_TOPIC]

    def trouble(self, kind: Trouble) -> None:
        match kind:
            case "limit":
                self._fake.exceed_qps(REPLY, 4)
                self._fake.exceed_qps(CARD)
            case "down":
                self._fake.fail_next(REPLY, -1, 2)
            case "deaf":
                self._fake.time_out(REPLY, 1)
                self._fake.drop_after_delivery(REPLY, 1)
                if not self._deaf:  # cards wait for each other, and each failure doubles the wait
                    self._fake.drop_after_delivery(CARD, 1)
                self._deaf = True
            case "dead":
                self._fake.drop_before_delivery(REPLY, 1)
            case "expire":
                self._fake.revoke_tokens()

    def slow(self, seconds: float) -> None:
        self._fake.slow(REPLY, seconds)

    def texts(self, person: int) -> list[str]:
        return self._members[person].texts()

    def cards(self) -> list[str]:
        return [words(dict(card.data)) for card in self._hr.cards()]

    def close(self) -> None:
        self._fake.stop()
