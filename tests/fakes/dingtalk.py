"""A stand-in for the DingTalk platform: both API hosts, Stream gateway, people with clients.

    async with FakeDingTalk() as dingtalk:
        li = dingtalk.member("u1", "李HR")
        li.say("张三到哪一步了")

The servers run on their own thread and loop; every method here may be called from any thread.
Requests go to `api_base` and `oapi_base`; what is known to nobody for sure is in `Unconfirmed`.
"""

import asyncio
import random
import socket
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Self

from tests.fakes.dingtalk_card import CardButton, Template
from tests.fakes.dingtalk_faults import Trouble
from tests.fakes.dingtalk_http import HttpSide
from tests.fakes.dingtalk_people import Client, GroupHandle, Member, Outsider
from tests.fakes.dingtalk_platform import Platform
from tests.fakes.dingtalk_state import App, Call, Group, Person, Quota, Robot, State
from tests.fakes.dingtalk_traffic import Traffic
from tests.fakes.dingtalk_unconfirmed import Unconfirmed
from tests.fakes.standin import Background, StandIn, ended
from tests.fakes.telegram_http import Bell

__all__ = ["CardButton", "FakeDingTalk", "Member", "Outsider", "Quota", "Unconfirmed"]

SECRET = "standin-client-secret-0001"
HOSTS = {"api": "http", "oapi": "http", "stream": "ws"}


class FakeDingTalk(StandIn, Trouble, Traffic):
    """One organisation with one app. What it remembers survives stop() and start()."""

    state: State

    def __init__(
        self,
        client_id: str = "dingstandin0001",
        client_secret: str = SECRET,
        clock: Callable[[], float] = time.time,
        *,
        corp_id: str = "dingcorp0001",
        agent_id: int = 100001,
        limits: bool = True,
        pace: Callable[[], float] = time.monotonic,
        quota: Quota | None = None,
        disconnect_pause_s: float = 10.0,
        push_timeout_s: float = 2.5,
        unconfirmed: Unconfirmed | None = None,
        seed: int = 0,
    ) -> None:
        """An organisation nobody works in yet.

        `clock` (Unix seconds) dates messages, expires whatever expires, and times answers and
        second attempts; `pace` (any seconds) meters calls a second and a minute, unless `limits`
        is off; `disconnect_pause_s` and `push_timeout_s` are real seconds: between `disconnect`
        and the end of a connection, and for one HTTP call to the app. `seed` decides which of
        several connections gets a message.
        """
        super().__init__()
        app = App(
            client_id=client_id, client_secret=client_secret, corp_id=corp_id, agent_id=agent_id
        )
        self.state = State(
            app=app,
            clock=clock,
            pace=pace,
            quota=quota or Quota(),
            limits=limits,
            unconfirmed=unconfirmed or Unconfirmed(),
            random=random.Random(seed),
        )
        self.platform = Platform(self.state, disconnect_pause_s, push_timeout_s)
        self._ports = dict.fromkeys(HOSTS, 0)
        self._background = Background("fake-dingtalk")

    # Running

    def start(self) -> Self:
        """Listen on free ports of 127.0.0.1 (after stop() on the same ones) and return."""
        listeners: dict[str, socket.socket] = {}
        for host, scheme in HOSTS.items():
            listeners[host] = self._background.listen(self._ports[host])
            self._ports[host] = listeners[host].getsockname()[1]
            self.state.bases[host] = f"{scheme}://127.0.0.1:{self._ports[host]}"
        self._background.start(partial(self._serve, listeners))
        return self

    def stop(self) -> None:
        """Close the servers; open calls and connections are cut."""
        self._background.stop()

    async def _serve(
        self,
        listeners: dict[str, socket.socket],
        ready: Callable[[], None],
        over: asyncio.Event,
    ) -> None:
        bell = Bell(asyncio.get_running_loop())
        platform, endpoints = self.platform, self.platform.endpoints()
        side = HttpSide(self.state, platform.tokens, endpoints, self._faults)
        self.state.listeners.append(bell.ring)
        posting = asyncio.create_task(platform.post.run(bell))
        try:
            async with (
                side.listening([listeners["api"], listeners["oapi"]]),
                platform.stream.listening(listeners["stream"]),
            ):
                ready()
                await over.wait()
        finally:
            with self.state.lock:
                self.state.listeners.remove(bell.ring)
            await ended(posting)

    @property
    def api_base(self) -> str:
        """Stands for https://api.dingtalk.com; no slash at the end."""
        return self.state.bases["api"]

    @property
    def oapi_base(self) -> str:
        """Stands for https://oapi.dingtalk.com; no slash at the end."""
        return self.state.bases["oapi"]

    @property
    def app(self) -> App:
        """client_id, client_secret, corp_id, agent_id, robot_code."""
        return self.state.app

    # The organisation

    def member(
        self,
        user_id: str,
        name: str = "李HR",
        *,
        mobile: str = "",
        title: str = "",
        admin: bool = False,
        flow_controlled: bool = False,
    ) -> Member:
        """The member with this userid, made when new; the unionId is made from it."""
        new = Person(
            f"un-{user_id}",
            user_id,
            name,
            mobile,
            title,
            self.app.corp_id,
            admin,
            flow_controlled=flow_controlled,
        )
        return Member(self.platform, self._known(new))

    def outsider(self, union_id: str, name: str = "王候选") -> Outsider:
        """Somebody who is not in the organisation, made when new."""
        return Outsider(self.platform, self._known(Person(union_id, "", name)))

    def _known(self, new: Person) -> Person:
        with self.state.lock:
            return self.state.people.setdefault(new.union_id, new)

    def group(self, title: str, people: Sequence[Client], *, external: bool = False) -> GroupHandle:
        """A new group with the robot in it; only external ones take in outsiders."""
        if not external and any(isinstance(person, Outsider) for person in people):
            raise ValueError("outsiders sit in external groups only")
        with self.state.lock:
            id = f"cid{self.state.fresh('g')}=="
            group = Group(id, title, [person.union_id for person in people], external)
            self.state.groups[id] = group
            return GroupHandle(self.platform, group)

    def template(
        self, id: str, *buttons: CardButton, published: bool = True, basic: bool = False
    ) -> Template:
        """Build a card template as in the console; its id ends in `.schema`."""
        if not id.endswith(".schema"):
            raise ValueError("template ids end in .schema")
        with self.state.lock:
            template = Template(id, buttons, published, basic)
            self.platform.cards.templates[id] = template
            return template

    def sign_in_as(self, who: Client | None) -> None:
        """Who confirms on the page to sign in on; None: nobody has scanned its code yet."""
        with self.state.lock:
            person = self.state.people[who.union_id] if who is not None else None
            self.platform.login.browser = person

    def auth_code(self, who: Client) -> str:
        """What the page to sign in on gives somebody's browser."""
        with self.state.lock:
            return self.platform.login.grant(self.state.people[who.union_id])

    # The app's rights

    @property
    def robot(self) -> Robot:
        """How the robot is set up: change `published` and `one_to_one` here."""
        return self.state.robot

    def revoke_tokens(self) -> None:
        """Make every issued token invalid."""
        with self.state.lock:
            self.platform.tokens.revoke()

    def withhold(self, *scopes: str) -> None:
        """Take permissions from the app, for example qyapi_robot_sendmsg."""
        self.state.withheld.update(scopes)

    def allow_ip(self, allowed: bool) -> None:
        """Whether the caller's address is on the white list."""
        self.state.ip_allowed = allowed

    def use_up(self, *, calls: int = 0, messages: int = 0) -> None:
        """Count so much against this month's quota."""
        with self.state.lock:
            self.state.spend("calls", calls)
            self.state.spend("messages", messages)

    @property
    def used(self) -> dict[str, int]:
        """`calls` and `messages` of this month on the platform's clock."""
        with self.state.lock:
            return {what: self.state.spend(what, 0) for what in ("calls", "messages")}

    # Looking

    @property
    def calls(self) -> list[Call]:
        """Every request so far, refused ones and handshakes too, oldest first."""
        with self.state.lock:
            return list(self.state.calls)

    def calls_of(self, endpoint: str) -> list[Call]:
        """Requests of "/path" or "VERB /path", with nothing but real path segments."""
        return [call for call in self.calls if endpoint in {call.path, f"{call.verb} {call.path}"}]
