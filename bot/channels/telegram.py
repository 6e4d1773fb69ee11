"""Telegram. Facts: core.telegram.org/bots/api; errors as python-telegram-bot 22.8 raises them.

Only the library's ``Bot`` and types are used. Its ``Application`` keeps updates in memory and
answers before they are handled; here an update is stored before Telegram may forget it.
"""

from __future__ import annotations

import asyncio
import hmac
import re
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Protocol

import httpx
import structlog
from telegram.error import BadRequest, Conflict, InvalidToken, TelegramError

from bot.channels import telegram_draw as draw
from bot.channels import telegram_inbound as inbound
from bot.channels.base import Accept, Channel, Limits, Payload
from bot.channels.telegram_client import WORDS, Client, meaning
from bot.errors import (
    CredentialsWrong,
    GiveUp,
    Malformed,
    NotReady,
    Refused,
    StorageUnavailable,
    TryLater,
    Unknown,
)
from bot.messages import Address, Card, Content, HttpCall, Receipt, Received
from scheduler.retry import growing, jitter, where

log = structlog.get_logger()

SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105 - the name of a header
OFFICIAL = "https://api.telegram.org"
#: Parts remembered as sent, so that a text of several parts does not repeat the first ones.
REMEMBERED = 2_000
#: answerCallbackQuery: "0-200 characters".
NOTE_CHARACTERS = 200

_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What the channel needs to know. ``public_url`` is where Telegram finds our webhook."""

    token: str
    secret: str  # what Telegram repeats in every webhook call
    api_base: str
    mode: str  # webhook or polling
    bot_username: str  # empty: asked for at the start
    public_url: str
    poll_s: int = 30  # how long Telegram holds a poll that has nothing to say


class Secret(Protocol):
    """A value that is not printed."""

    def get_secret_value(self) -> str:
        """The value."""


class Section(Protocol):
    """The part of the settings named ``telegram``."""

    @property
    def bot_token(self) -> Secret: ...
    @property
    def secret_token(self) -> Secret: ...
    @property
    def api_base(self) -> str: ...
    @property
    def mode(self) -> str: ...
    @property
    def bot_username(self) -> str: ...


def build(section: Section, *, secret: str, base_url: str) -> Channel:
    """The channel. ``secret`` is used when the settings name none. Raises ``NotReady``."""
    own = section.secret_token.get_secret_value()
    chosen = own or secret
    if not _SECRET.fullmatch(chosen):
        raise NotReady("YINUO_TELEGRAM__SECRET_TOKEN must be 1 to 256 of A-Z a-z 0-9 _ -")
    config = Config(
        token=section.bot_token.get_secret_value(),
        secret=chosen,
        api_base=section.api_base.rstrip("/"),
        mode=section.mode if section.mode != "auto" else "webhook" if own else "polling",
        bot_username=section.bot_username.strip().rpartition("/")[2].removeprefix("@"),
        public_url=base_url.rstrip("/"),
    )
    return Telegram(config)


class Telegram:
    """One bot, both directions, private chats only."""

    name = inbound.NAME
    limits = Limits(
        text=draw.TEXT_UNITS,
        buttons=draw.BUTTONS,
        editable=True,
        dedupes=False,
        # About 30 a second over all people (core.telegram.org/bots/faq); the limit for one
        # person is Telegram's own to enforce, with 429 and a delay.
        rate=25,
        burst=25,
    )

    def __init__(self, config: Config) -> None:
        self._config = config
        self._client = Client(config.token, config.api_base, poll_s=config.poll_s)
        self._username = config.bot_username
        self._sent: OrderedDict[str, Receipt] = OrderedDict()
        self._introducing: asyncio.Task[None] | None = None
        self._stopping = False

    # Life

    async def start(self) -> None:
        """Open connections; learn our name and set the webhook as soon as Telegram answers."""
        self._stopping = False
        await self._client.open()
        self._introducing = asyncio.create_task(self._introduce(), name="telegram-introduce")

    async def stop(self) -> None:
        """Close connections. May be called without ``start``."""
        self._stopping = True
        if self._introducing is not None:
            self._introducing.cancel()
            await asyncio.wait([self._introducing])
            self._introducing = None
        await self._client.close()

    async def check(self) -> None:
        """Raises ``CredentialsWrong``, ``NotReady``, or ``DeliveryError`` when nobody answers."""
        config = self._config
        private = not config.public_url.startswith("https://")
        if config.mode == "webhook" and config.api_base == OFFICIAL and private:
            raise NotReady(
                "Telegram pushes updates to https addresses only: set YINUO_WEB__PUBLIC_URL to "
                "one, or YINUO_TELEGRAM__MODE=polling"
            )
        try:
            self._username = await self._client.username() or self._username
        except InvalidToken:
            raise CredentialsWrong(WORDS["token"]) from None
        except TelegramError as error:
            raise meaning(error) from None

    async def _introduce(self) -> None:
        failures = 0
        while True:
            try:
                self._username = await self._client.username() or self._username
                if self._config.mode == "webhook":
                    url = f"{self._config.public_url}/hooks/{self.name}"
                    await self._client.set_webhook(url, self._config.secret, inbound.ALLOWED)
            except TelegramError as error:
                failures += 1
                await _back_off("telegram.not_introduced", error, failures)
            else:
                log.info("telegram.introduced", mode=self._config.mode)
                return

    def invite_url(self, base_url: str, token: str) -> str:
        """A link that opens the chat and, after Start, tells us the token. Raises ``NotReady``."""
        if not self._username:
            raise NotReady(
                "Telegram has not told us the bot's name yet; set YINUO_TELEGRAM__BOT_USERNAME"
            )
        return f"https://t.me/{self._username}?start={token}"

    # In

    async def receive(self, call: HttpCall) -> Received:
        """One pushed update. Raises ``Refused`` without our secret, ``Malformed`` for nonsense."""
        given = call.headers.get(SECRET_HEADER, "").encode("utf-8", "surrogatepass")
        if not hmac.compare_digest(given, self._config.secret.encode()):
            raise Refused("the call does not carry our secret")
        return inbound.decode(call.body)

    async def listen(self, accept: Accept) -> None:
        """Poll; what ``accept`` could not store is not confirmed and comes again."""
        if self._config.mode != "polling":
            return
        offset: int | None = None
        failures, hooked = 0, True
        while not self._stopping:
            # Said once: after a quiet week numbers may start again lower, and then a stale offset
            # would confirm updates nobody has seen. What comes again for lack of it is known.
            confirmed, offset = offset, None
            try:
                if hooked:  # while a webhook is set, every poll is a 409
                    await self._client.delete_webhook()
                    hooked = False
                updates = await self._client.updates(confirmed, inbound.ALLOWED)
                await _take(updates, accept)
            except (TelegramError, StorageUnavailable) as error:
                if self._stopping:
                    return
                failures += 1
                hooked = hooked or isinstance(error, Conflict)
                await _back_off("telegram.poll_failed", error, failures)
            else:
                failures = 0
                offset = max(map(_number, updates)) + 1 if updates else None

    # Out

    def render(self, content: Content | Card) -> Sequence[Payload]:
        """Arguments of ``sendMessage``; a card is always one message."""
        return draw.render(content)

    async def send(
        self, to: Address, payload: Payload, *, key: str, replaces: Receipt | None = None
    ) -> Receipt:
        """Say or change one message. A key that was sent since the start is not sent again."""
        if key in self._sent:
            return self._sent[key]
        try:
            chat = int(to.value)
            message_id = int(replaces.value) if replaces is not None else None
        except ValueError:
            raise GiveUp(WORDS["address"]) from None
        try:
            receipt = Receipt(str(await self._client.put(chat, payload, message_id)))
        except TelegramError as error:
            raise meaning(error) from None
        self._sent[key] = receipt
        if len(self._sent) > REMEMBERED:
            self._sent.popitem(last=False)
        return receipt

    async def noticed(self, external_id: str, note: str) -> None:
        """Stop a button's spinner. A press that is too old has none any more."""
        kind, _, query = external_id.partition(":")
        if kind != "q":
            return
        try:
            await self._client.answer(query, note[:NOTE_CHARACTERS])
        except BadRequest:
            log.info("telegram.press_too_old")
        except TelegramError as error:
            told = meaning(error)
            # Answering twice does no harm, so a lost answer is not one to worry a person with.
            raise TryLater(str(told)) if isinstance(told, Unknown) else told from None

    async def fetch(self, media_id: str) -> AsyncIterator[bytes]:
        """Stream a file of at most 20 MB (getFile). Raises TryLater or GiveUp."""
        try:
            async with aclosing(self._client.stream(media_id)) as chunks:
                async for chunk in chunks:
                    yield chunk
        except TelegramError as error:
            told = meaning(error)
            if isinstance(told, GiveUp):
                raise GiveUp(WORDS["file"]) from None
            raise TryLater(str(told)) if isinstance(told, Unknown) else told from None
        except httpx.HTTPError:
            raise TryLater(WORDS["network"]) from None


async def _back_off(event: str, error: Exception, failures: int) -> None:
    """Wait before the next try: what Telegram asked for, or longer and longer up to a minute."""
    pause = growing(failures) * jitter()
    told = meaning(error) if isinstance(error, TelegramError) else error
    if isinstance(told, TryLater) and told.delay is not None:
        pause = told.delay
    again_s = round(pause.total_seconds(), 1)
    log.warning(event, error=type(error).__name__, failures=failures, again_s=again_s)
    await asyncio.sleep(pause.total_seconds())


async def _take(updates: Sequence[Any], accept: Accept) -> None:
    """Store a batch: what people said, then who can be reached. Raises StorageUnavailable."""
    said: list[Received] = []
    reaches: list[Received] = []
    for update in updates:
        try:
            received = inbound.decode_update(update)
        except Malformed:
            log.warning("telegram.malformed", update=_number(update))
            continue
        if received.messages:
            said.append(received)
        if received.reaches:
            reaches.append(received)
    await _accept_all(said, accept)
    for reach in reaches:
        await _accept_all([reach], accept)


async def _accept_all(received: Sequence[Received], accept: Accept) -> None:
    """Hand over at once, so that they share a commit; one that is refused fails alone."""
    outcomes = await asyncio.gather(*(accept(one) for one in received), return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, StorageUnavailable):
            raise outcome
        if outcome is not None:
            # Asking for it again would fail again, and nothing behind it would ever arrive.
            name = type(outcome).__name__
            log.error("telegram.not_accepted", error=name, where=where(outcome))


def _number(update: Any) -> int:
    number = update.get("update_id") if isinstance(update, dict) else None
    return number if isinstance(number, int) else 0
