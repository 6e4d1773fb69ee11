"""DingTalk: the robot of an app of one organisation. Facts: open.dingtalk.com, as of 2026-08.

Addresses: ``u/<staffId>`` for a colleague alone with the robot, ``custom`` for the custom robot of
one group. A group has none: a message there is its sender's and is answered to them alone, because
every answer may be about a candidate. The group sees that we heard; the custom robot says there
that something waits. People outside of the organisation cannot be written to on DingTalk.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any

import structlog

from bot.channels import dingtalk_draw as draw
from bot.channels import dingtalk_frames as frames
from bot.channels import dingtalk_people as people
from bot.channels.base import Accept, Channel, Limits, Payload, join_url
from bot.channels.dingtalk_client import Client
from bot.channels.dingtalk_config import HTTP, OFFICIAL_API, Config, Section, config_of
from bot.channels.dingtalk_errors import WORDS, Refusal, Trouble, later, meaning, page
from bot.channels.dingtalk_hooks import Hooks
from bot.channels.dingtalk_people import People
from bot.channels.dingtalk_post import CUSTOM, Post
from bot.channels.dingtalk_stream import Stream
from bot.channels.dingtalk_values import NAME
from bot.channels.kept_lately import Recent
from bot.errors import CredentialsWrong, GiveUp, NotReady, TryLater
from bot.messages import Address, Card, Content, HttpCall, Receipt, Received
from scheduler.retry import growing, jitter

log = structlog.get_logger()

#: Parts remembered as sent, so that a text of several parts does not repeat the first ones.
NOTE_CHARACTERS = 200


def build(section: Section, *, secret: str, base_url: str) -> Channel:
    """The channel. ``secret`` signs card callbacks over HTTP. Raises ``NotReady``."""
    return DingTalk(config_of(section, secret=secret, base_url=base_url))


def _utc_now() -> datetime:
    return datetime.now(UTC)


class DingTalk:
    """One app's robot, both directions."""

    name = NAME

    def __init__(self, config: Config, *, now: Callable[[], datetime] = _utc_now) -> None:
        self._config, self._now = config, now
        cards = bool(config.card_template)
        self._style = draw.Style(
            cards=cards,
            buttons=config.card_buttons if cards else draw.LINKS,
            text=config.text_units,
        )
        self.limits = Limits(
            text=config.text_units,
            # None without a template: then a number that is typed is a press, too.
            buttons=config.card_buttons if cards else 0,
            editable=cards,
            # Cards and the custom robot do, plain messages do not.
            dedupes=False,
            # 20 a second of one app and one call; a changed card may take two.
            rate=15,
            burst=15,
            board=CUSTOM if config.group_robot_token else "",
            sign_in=people.SIGN_IN,
        )
        self._client = Client(config, now=now)
        self._post = Post(self._client, config, now=now)
        self._hooks = Hooks(config, now=now)
        self._people = People(self._client)
        self._sent: Recent[Receipt] = Recent()
        self._registering: asyncio.Task[None] | None = None
        self._stopped = asyncio.Event()

    # Life

    async def start(self) -> None:
        """Open connections; over HTTP, say where presses on cards go as soon as it can be said."""
        self._stopped.clear()
        await self._client.open()
        if self._config.mode == HTTP and self._style.cards:
            self._registering = asyncio.create_task(self._register(), name="dingtalk-register")

    async def stop(self) -> None:
        """Close connections; ``listen`` returns. May be called without ``start``."""
        self._stopped.set()
        if self._registering is not None:
            self._registering.cancel()
            await asyncio.wait([self._registering])
            self._registering = None
        await self._client.close()

    async def _register(self) -> None:
        failures = 0
        while True:
            try:
                await self._post.register()
            except Trouble as trouble:
                failures += 1
                told = meaning(trouble)
                wait = told.delay if isinstance(told, TryLater) and told.delay else None
                pause = (wait or growing(failures)) * jitter()
                log.warning("dingtalk.not_registered", error=type(trouble).__name__)
                await asyncio.sleep(pause.total_seconds())
            else:
                log.info("dingtalk.registered")
                return

    async def check(self) -> None:
        """Raises ``CredentialsWrong`` naming every page to fix, ``NotReady``, ``DeliveryError``."""
        config = self._config
        private = not config.public_url.startswith("https://")
        if config.mode == HTTP and config.api_base == OFFICIAL_API and private:
            raise NotReady(
                "HTTP 模式下钉钉只回调 https 地址：把 YINUO_WEB__PUBLIC_URL 设为公网 https 地址，"
                "或改回 YINUO_DINGTALK__MODE=stream"
            )
        wrong: list[str] = []
        for probe in self._probes():
            try:
                await probe()
            except Refusal as refusal:
                if mend := page(refusal):
                    wrong.append(mend)
                elif not isinstance(told := meaning(refusal), GiveUp):
                    raise told from None
                # Any other no is about what was asked for, so the right to ask is there.
            except Trouble as trouble:
                raise later(trouble) from None
        if wrong:
            raise CredentialsWrong("；".join(dict.fromkeys(wrong)))

    def _probes(self) -> list[Callable[[], Awaitable[Any]]]:
        """Calls that need each right, and do nothing."""
        client, config = self._client, self._config
        probes: list[Callable[[], Awaitable[Any]]] = [
            client.token,
            lambda: client.api(
                "GET",
                "/robot/oToMessages/readStatus",
                query={"robotCode": config.robot_code, "processQueryKey": "yinuo-check"},
            ),
        ]
        if config.mode != HTTP:
            probes.append(lambda: client.gateway(list(frames.TOPICS)))
        if self._style.cards:
            probes.append(lambda: client.api("POST", "/card/instances", self._unseen_card()))
        return probes

    def _unseen_card(self) -> dict[str, Any]:
        """A card that is delivered to nobody; that it can be made proves template and right."""
        return {
            "cardTemplateId": self._config.card_template,
            "outTrackId": f"yn-check-{secrets.token_hex(8)}",
            "callbackType": "STREAM",
            "cardData": {"cardParamMap": {"title": "check"}},
        }

    def invite_url(self, base_url: str, token: str, *, member: bool = False) -> str:
        """Where they sign in: no link of DingTalk's says something to a robot for the person who
        opens it, and nobody but members can be written to.
        """
        return join_url(base_url, self.name, token)

    # In

    async def receive(self, call: HttpCall) -> Received:
        """One call. Raises ``Refused`` for what is not genuine, ``Malformed`` for nonsense."""
        return self._hooks.receive(call)

    async def listen(self, accept: Accept) -> None:
        """Hold the stream; what ``accept`` has not returned for is not acknowledged."""
        if self._config.mode == HTTP:
            return
        stream = Stream(self._client, self._config, accept, self._now, wave=self._post.wave)
        running = asyncio.create_task(stream.run(), name="dingtalk-stream")
        stopped = asyncio.create_task(self._stopped.wait())
        try:
            await asyncio.wait({running, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                running.result()
        finally:
            for task in (running, stopped):
                task.cancel()
            await asyncio.wait({running, stopped})

    # Out

    def render(self, content: Content | Card) -> Sequence[Payload]:
        """Texts, and cards with their markdown beside them; a card is always one payload."""
        return draw.render(content, self._style)

    async def send(
        self,
        to: Address,
        payload: Payload,
        *,
        key: str,
        replaces: Receipt | None = None,
        again: bool = False,
    ) -> Receipt:
        """Say something or change a card. A key that was sent since the start is not sent again."""
        if (known := self._sent.get(key)) is not None:
            return known
        try:
            receipt = await self._post.put(to, payload, key=key, replaces=replaces)
        except Trouble as trouble:
            raise meaning(trouble) from None
        self._sent.put(key, receipt)
        return receipt

    async def noticed(self, external_id: str, note: str) -> None:
        """Tell the one who pressed what came of it: on the card, or where they tapped a choice."""
        parts = external_id.split("/")
        said = note[:NOTE_CHARACTERS].strip()
        key = f"noticed:{external_id}"
        if not said or parts[0] not in ("p", "t") or len(parts) < 3 or self._sent.get(key):
            return
        who = parts[-1]
        try:
            if parts[0] == "t":
                to = Address(NAME, f"u/{who}")
                payload = {"kind": "text", "text": said}
                await self._post.put(to, payload, key=key, replaces=None)
            elif parts[2]:
                await self._post.answer(parts[2], who, said)
        except Trouble as trouble:
            raise later(trouble) from None
        self._sent.put(key, Receipt(external_id))

    async def fetch(self, media_id: str) -> AsyncIterator[bytes]:
        """Stream what a downloadCode stands for. Raises TryLater or GiveUp."""
        try:
            async with aclosing(self._client.stream(media_id)) as chunks:
                async for chunk in chunks:
                    yield chunk
        except Trouble as trouble:
            told = later(trouble)
            raise GiveUp(WORDS["file"]) if isinstance(told, GiveUp) else told from None

    # Who somebody is

    def sign_in_url(self, redirect_uri: str, state: str, *, in_app: bool) -> str | None:
        """The page where somebody proves who they are; the client's own browser has no other.

        ``redirect_uri`` must be listed in the console under 安全设置 › 重定向 URL.
        """
        config = self._config
        return people.sign_in_url(config.sign_in_base, config.client_id, redirect_uri, state)

    async def signed_in(self, code: str, redirect_uri: str) -> Address:
        """The member who came back with a code. Raises TryLater or GiveUp."""
        return await self._people.signed_in(code)

    @property
    def people(self) -> People:
        """Look-ups in the organisation's directory."""
        return self._people


__all__ = ["Config", "DingTalk", "build"]
