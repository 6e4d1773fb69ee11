"""A stand-in for the Feishu platform: open API, events both ways, cards, and people.

    async with FakeFeishu() as feishu:
        li = feishu.member("李娜")
        li.say("你好")

The servers run on a thread and loop of their own, so that blocking clients can be tested too;
every method here may be called from any thread. One address stands for open.feishu.cn and
accounts.feishu.cn, another for the long connections.
"""

import random
import time
from collections.abc import Callable, Iterable
from typing import Self

from tests.fakes.feishu_console import Console
from tests.fakes.feishu_contacts import Contacts
from tests.fakes.feishu_events import Event, Outbox
from tests.fakes.feishu_faults import Faults
from tests.fakes.feishu_files import Files
from tests.fakes.feishu_frames import Frame
from tests.fakes.feishu_groups import Group
from tests.fakes.feishu_hooks import Hook, Hooks
from tests.fakes.feishu_login import Login
from tests.fakes.feishu_messages import Messages
from tests.fakes.feishu_news import News
from tests.fakes.feishu_people import Member, Outsider, Seen, Someone, World
from tests.fakes.feishu_presses import Press, Presses
from tests.fakes.feishu_rates import Rates
from tests.fakes.feishu_server import Server
from tests.fakes.feishu_socket import Ack, ClientConfig, Connection, LongConnections
from tests.fakes.feishu_state import SCOPES, App, Call, Chat, Mode, Person, State
from tests.fakes.feishu_tokens import Tokens
from tests.fakes.feishu_unconfirmed import Unconfirmed
from tests.fakes.feishu_webhook import ConsoleRefused, Push, Webhook
from tests.fakes.standin import StandIn

__all__ = [
    "Ack",
    "Call",
    "ClientConfig",
    "Connection",
    "ConsoleRefused",
    "Event",
    "FakeFeishu",
    "Group",
    "Hook",
    "Member",
    "Outsider",
    "Press",
    "Push",
    "Seen",
    "Unconfirmed",
]

APP_ID = "cli_a0000000000standin"
SECRET = "secret-of-the-stand-in-app-000001"
TOKEN = "verification-token-of-the-stand-in"


class FakeFeishu(StandIn):
    """One platform, one company, one app. What it remembers survives stop() and start()."""

    state: State

    def __init__(
        self,
        app_id: str = APP_ID,
        app_secret: str = SECRET,
        bot_name: str = "小助手",
        *,
        verification_token: str = TOKEN,
        encrypt_key: str = "",
        events: Mode = "socket",
        callbacks: Mode = "socket",
        scopes: Iterable[str] = SCOPES,
        external_sharing: bool = True,
        clock: Callable[[], float] = time.time,
        limits: bool = True,
        pace: Callable[[], float] = time.monotonic,
        dlp: bool = False,
        answer_s: float = 3.0,
        challenge_s: float = 1.0,
        client_config: ClientConfig | None = None,
        max_connections: int = 50,
        seed: int = 0,
        unconfirmed: Unconfirmed | None = None,
    ) -> None:
        """A platform where the app is published and nobody has met its robot.

        `clock` (Unix seconds) dates everything, expires tokens and decides when an event is tried
        again; it may be turned by hand. `pace` (any seconds) meters the limits. `answer_s` and
        `challenge_s` are waited in real seconds. `events` and `callbacks`: how both were saved in
        the console before; webhooks get their addresses there. `dlp`: plain phone numbers and
        e-mail addresses do not pass. `seed` chooses ids and connections.
        """
        chance = random.Random(seed)
        app = App(
            app_id=app_id,
            secret=app_secret,
            name=bot_name,
            tenant_key=f"{chance.getrandbits(64):016x}",
            open_id=f"ou_{chance.getrandbits(128):032x}",
            verification_token=verification_token,
            encrypt_key=encrypt_key,
            external_sharing=external_sharing,
            scopes=frozenset(scopes),
            events=events,
            callbacks=callbacks,
        )
        self.state = State(
            app=app,
            clock=clock,
            random=chance,
            rates=Rates(pace, limits),
            tokens=Tokens(clock, chance),
            unconfirmed=unconfirmed or Unconfirmed(),
            dlp=dlp,
        )
        self._assemble(answer_s, challenge_s, client_config or ClientConfig(), max_connections)

    def _assemble(
        self, answer_s: float, challenge_s: float, config: ClientConfig, most: int
    ) -> None:
        state = self.state
        self.faults = Faults()
        self.outbox = Outbox(state)
        self.webhook = Webhook(state, answer_s, challenge_s)
        self.sockets = LongConnections(state, config, answer_s, most)
        self.login = Login(state)
        self._server = Server(state, self.faults, self.outbox, self.webhook, self.sockets)
        self.console = Console(state, self._server, self.webhook, self.sockets)
        self._hooks = Hooks(state)
        self._news = News(state, self.outbox)
        presses = Presses(state, self.webhook, self.sockets, self._server.spawn)
        self._world = World(state, self._news, presses, self.login)
        sides = (
            *(self.login, Messages(state), Files(state), Contacts(state)),
            *(presses, self._hooks, self.sockets),
        )
        self._server.endpoints = [endpoint for side in sides for endpoint in side.endpoints()]

    # Running

    def start(self) -> Self:
        """Listen on two free ports of 127.0.0.1 and return when calls are answered."""
        self._server.start()
        return self

    def stop(self) -> None:
        """Close the servers; open calls and connections are cut."""
        self._server.stop()

    @property
    def base_url(self) -> str:
        """Stands for https://open.feishu.cn and https://accounts.feishu.cn; no slash at the end."""
        return f"http://127.0.0.1:{self._server.port}"

    @property
    def app(self) -> App:
        """The app: ids, keys and switches."""
        return self.state.app

    # People

    def member(
        self, name: str, *, mobile: str = "", email: str = "", available: bool = True
    ) -> Member:
        """A new member of the company; `available`: inside the app's availability scope."""
        person = self._person(name, self.app.tenant_key, "u")
        person.mobile, person.email, person.available = mobile, email, available
        return Member(self._world, person)

    def outsider(self, name: str) -> Outsider:
        """Somebody new with an account elsewhere, who has not opened the robot's chat."""
        person = self._person(name, self.state.fresh("")[:16], "")
        person.available = False
        return Outsider(self._world, person)

    def _person(self, name: str, tenant_key: str, prefix: str) -> Person:
        state = self.state
        with state.lock:
            person = Person(
                open_id=state.fresh("ou_"),
                union_id=state.fresh("on_"),
                user_id=prefix and state.fresh(prefix)[:9],
                name=name,
                tenant_key=tenant_key,
                chat_id=state.fresh("oc_"),
            )
            state.people[person.open_id] = person
            return person

    def group(self, name: str, *people: Someone, bot: bool = True) -> Group:
        """A new group of these people; with an outsider among them it is an external one."""
        with self.state.lock:
            chat = Chat(
                id=self.state.fresh("oc_"),
                kind="group",
                name=name,
                members=[one.open_id for one in people],
                bot=bot,
                external=any(one.person.external for one in people),
            )
            self.state.chats[chat.id] = chat
            return Group(self.state, self._news, chat)

    def hook(self, group: Group, secret: str = "") -> Hook:
        """A custom robot of a group, with the address that writes there."""
        return self._hooks.add(group.chat, secret, self.base_url)

    # Long connections

    async def disconnect(self, *, abort: bool = False) -> None:
        """End all long connections, by a close frame or by cutting the line."""
        await self._server.there(self.sockets.close(abort=abort))

    async def sockets_send(self, frames: Iterable[Frame]) -> None:
        """Send these frames over the only open connection, and expect nothing of them."""
        await self._server.there(self.sockets.put(frames))

    def configure(self, config: ClientConfig) -> None:
        """Tell clients, with their next pong, to ping and reconnect differently."""
        self.sockets.config = config

    # Looking

    @property
    def calls(self) -> list[Call]:
        """Every request so far, oldest first."""
        with self.state.lock:
            return list(self.state.calls)

    def calls_of(self, endpoint: str) -> list[Call]:
        """Requests of one endpoint by its name (see `feishu_faults`)."""
        return [call for call in self.calls if call.endpoint == endpoint]

    @property
    def pushes(self) -> list[Push]:
        """Every request made to the app's own addresses, oldest first."""
        with self.state.lock:
            return list(self.webhook.pushes)

    @property
    def pending(self) -> int:
        """Events neither taken nor given up."""
        return len(self.outbox.open())
