"""WeCom's two stages: customers of a kf account, and members at the app. HR is a member."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from storage.database import Tx
from storage.vault import Vault
from tests.fakes.wecom import AES_KEY, TOKEN, Delivery, Doubts, FakeWeCom, Limits, Member
from tests.integration.storm.stage import Clock, Trouble, words

_WROTE = re.compile(
    r"<FromUserName>(?:<!\[CDATA\[)?p(\d+)\b.*?<Content>(?:<!\[CDATA\[)?(.*?)(?:\]\]>)?</Content>",
    re.DOTALL,
)
#: Real seconds between two tries of a callback; three of them outlast a restart.
RETRY_S = 8.0


class WeComStage:
    """What both have in common: one corp, one app, callbacks to one address."""

    channel = "wecom"
    exact = True
    send = ""

    def __init__(self, people: int) -> None:
        self.people = people
        self.clock = Clock()
        self.fake = FakeWeCom(
            clock=self.clock,
            doubts=Doubts(retry_wait_s=RETRY_S),
            limits=Limits(per_app_and_member=()),
            callback_limit_s=20.0,
        ).start()
        self._hr = self.fake.member("hr", "李娜")

    def settings(self) -> dict[str, str]:
        return {
            "WECOM__CORP_ID": self.fake.corpid,
            "WECOM__AGENT_ID": str(self.fake.app.agentid),
            "WECOM__SECRET": self.fake.secret,
            "WECOM__CALLBACK_TOKEN": TOKEN,
            "WECOM__CALLBACK_AES_KEY": AES_KEY,
            "WECOM__API_BASE": self.fake.api_base,
        }

    def hr(self) -> str:
        return "app/hr"

    def settle(self, tx: Tx, vault: Vault, candidates: Sequence[str]) -> None:
        """Nothing."""

    def point(self, base_url: str) -> None:
        self.fake.set_callback(f"{base_url}/hooks/wecom")

    def twice(self) -> None:
        self.fake.callbacks.duplicate_next()

    def hold(self) -> None:
        self.fake.callbacks.hold()

    def release(self) -> None:
        self.fake.callbacks.release("reversed")

    def here(self) -> None:
        """Nothing: callbacks are tried again by the wall clock."""

    def pending(self) -> int:
        return 0 if self.fake.callbacks.idle else 1

    def late(self) -> set[tuple[int, str]]:
        return set()

    def trouble(self, kind: Trouble) -> None:
        match kind:
            case "limit":
                self.fake.fail_next(self.send, -1, 4)
                self.fake.fail_next(self.send, 45033, 2)
            case "down":
                self.fake.break_next(self.send, 502, 2)
            case "deaf":
                self.fake.drop_after_delivery(self.send, 2)
            case "dead":
                self.fake.drop_before_delivery(self.send, 1)
            case "expire":
                self.fake.expire_tokens()

    def slow(self, seconds: float) -> None:
        self.fake.slow(self.send, seconds)

    def cards(self) -> list[str]:
        return [words(card.content) for card in self._hr.cards()]

    def close(self) -> None:
        self.fake.stop()


class Kf(WeComStage):
    """Customers over 微信客服: callbacks are hints, words are pulled in their order."""

    turns = False
    send = "kf/send_msg"

    def __init__(self, people: int) -> None:
        super().__init__(people)
        self._customers = [self.fake.customer(f"客户{n}", f"wm{n:022}") for n in range(people)]

    def settings(self) -> dict[str, str]:
        return {**super().settings(), "WECOM__OPEN_KFIDS": f'["{self.fake.account.open_kfid}"]'}

    def address(self, person: int) -> str:
        return f"kf/{self.fake.account.open_kfid}/{self._customers[person].external_userid}"

    def say(self, person: int, text: str) -> None:
        self._customers[person].write(text)

    def pending(self) -> int:
        """What lies in the account and was never handed out."""
        pulled = {
            item["msgid"]
            for call in self.fake.calls_of("kf/sync_msg")
            for item in call.answer.get("msg_list", [])
        }
        log = self.fake.account.log.items
        return super().pending() + sum(item.body["msgid"] not in pulled for item in log)

    def trouble(self, kind: Trouble) -> None:
        """Hints get lost too, pulls are refused, and cursors: then everything is pulled again."""
        super().trouble(kind)
        match kind:
            case "limit":
                self.fake.fail_next("kf/sync_msg", -1, 2)
            case "deaf":
                self.fake.callbacks.lose_next(2)
            case "expire":
                self.fake.fail_next("kf/sync_msg", 40058)

    def texts(self, person: int) -> list[str]:
        return self._customers[person].texts()


class App(WeComStage):
    """Members at the self-built app: a callback that was not taken comes again after others."""

    turns = True
    send = "message/send"

    def __init__(self, people: int) -> None:
        super().__init__(people)
        self._members: list[Member] = [self.fake.member(f"p{n}", f"成员{n}") for n in range(people)]

    def address(self, person: int) -> str:
        return f"app/p{person}"

    def say(self, person: int, text: str) -> None:
        self._members[person].write(text)

    def late(self) -> set[tuple[int, str]]:
        return self._of(lambda delivery: delivery.attempt > 1)

    def _of(self, wanted: Callable[[Delivery], bool]) -> set[tuple[int, str]]:
        """Person and text of the callbacks with such a try."""
        found = [_WROTE.search(one.inner) for one in self.fake.deliveries if wanted(one)]
        return {(int(one[1]), one[2]) for one in found if one is not None}

    def texts(self, person: int) -> list[str]:
        return self._members[person].texts()
