"""Telegram. Facts: core.telegram.org/bots/api; errors as python-telegram-bot 22.8 raises them.

Only the library's ``Bot`` and types are used. Its ``Application`` keeps updates in memory and
answers before they are handled; here an update is stored before Telegram may forget it.
"""

from __future__ import annotations

import asyncio
import hmac
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any

import httpx
import structlog
from telegram import WebhookInfo
from telegram.error import BadRequest, Conflict, InvalidToken, TelegramError

from bot.channels import strict_json
from bot.channels import telegram_address as address
from bot.channels import telegram_business as business
from bot.channels import telegram_draw as draw
from bot.channels import telegram_inbound as inbound
from bot.channels.base import Accept, Channel, Limits, Payload
from bot.channels.kept_lately import Recent
from bot.channels.telegram_client import WORDS, Client, harmless, meaning
from bot.channels.telegram_config import (
    POLLING,
    WEBHOOK,
    Config,
    Section,
    config_of,
    refuse_unreachable,
)
from bot.errors import (
    CredentialsWrong,
    GiveUp,
    Malformed,
    NotReady,
    Refused,
    StorageUnavailable,
    TryLater,
)
from bot.messages import Address, Card, Content, HttpCall, Receipt, Received
from scheduler.retry import growing, jitter, where

log = structlog.get_logger()

SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105 - the name of a header
#: Parts remembered as sent, so that a text of several parts does not repeat the first ones.
#: answerCallbackQuery: "0-200 characters".
NOTE_CHARACTERS = 200
_STATUS = re.compile(r"\b[1-5][0-9]{2}\b", re.ASCII)


def build(section: Section, *, secret: str, base_url: str) -> Channel:
    """The channel. ``secret`` is used when the settings name none. Raises ``NotReady``."""
    return Telegram(config_of(section, secret=secret, base_url=base_url))


class Telegram:
    """One bot, both directions, private chats only; in its owners' own chats it only listens."""

    name = address.NAME
    limits = Limits(
        text=draw.TEXT_UNITS,
        buttons=draw.BUTTONS,
        editable=True,
        dedupes=False,
        # About 30 a second over all people (core.telegram.org/bots/faq); the limit for one
        # person is Telegram's own to enforce, with 429 and a delay.
        rate=25,
        burst=25,
        listens=(address.BUSINESS,),
    )

    def __init__(self, config: Config) -> None:
        self._config = config
        self._client = Client(
            config.token, config.api_base, poll_s=config.poll_s, answer_s=config.answer_s
        )
        self.lines = business.Lines(self._client.connection)
        self._username = config.bot_username
        self._sent: Recent[Receipt] = Recent()
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
        refuse_unreachable(self._config)
        try:
            self._username = await self._client.username() or self._username
            if self._config.mode == WEBHOOK:
                _refuse_backlog(await self._client.webhook(), self._hook_url)
        except InvalidToken:
            raise CredentialsWrong(WORDS["token"]) from None
        except TelegramError as error:
            raise harmless(error) from None

    async def _introduce(self) -> None:
        failures = 0
        while True:
            try:
                self._username = await self._client.username() or self._username
                if self._config.mode == WEBHOOK:
                    secret = self._config.secret
                    await self._client.set_webhook(self._hook_url, secret, inbound.ALLOWED)
                await self._client.set_commands()
            except TelegramError as error:
                failures += 1
                await _back_off("telegram.not_introduced", error, failures)
            else:
                log.info("telegram.introduced", mode=self._config.mode)
                return

    @property
    def _hook_url(self) -> str:
        return f"{self._config.public_url}/hooks/{self.name}"

    def invite_url(self, base_url: str, token: str, *, member: bool = False) -> str:
        """A link that opens the chat and, after Start, tells us the token. Raises ``NotReady``."""
        if not self._username:
            raise NotReady(
                "Telegram has not told us the bot's name yet; set YINUO_TELEGRAM__BOT_USERNAME"
            )
        return f"https://t.me/{self._username}?start={token}"

    def sign_in_url(self, redirect_uri: str, state: str, *, in_app: bool) -> str | None:
        """None: Telegram knows no companies, and the link itself says who comes."""
        return None

    async def signed_in(self, code: str, redirect_uri: str) -> Address:
        """Raises ``GiveUp``: nobody signs in here."""
        raise GiveUp(WORDS["sign_in"])

    # In

    async def receive(self, call: HttpCall) -> Received:
        """One pushed update. Raises ``Refused`` without our secret, ``Malformed`` for nonsense, and
        ``TryLater`` while Telegram does not say whose chat it was heard in.
        """
        given = call.headers.get(SECRET_HEADER, "").encode("utf-8", "surrogatepass")
        if not hmac.compare_digest(given, self._config.secret.encode()):
            raise Refused("the call does not carry our secret")
        data = strict_json.opened(call.body)
        try:
            return await self._heard(data)
        except TelegramError as error:
            raise harmless(error) from None

    async def _heard(self, data: Any) -> Received:
        """One update. Raises ``Malformed``, or ``TelegramError`` where Telegram has to be asked."""
        update = strict_json.checked(data)
        if business.CONNECTED in update:
            line = self.lines.learn(update[business.CONNECTED])
            log.info("telegram.connection", closed=line.closed or None)
            return Received()
        id = business.line_id(update)
        if id is None:
            return inbound.decoded(update)
        line = await self.lines.of(id)
        if line.closed:
            log.info("telegram.not_listening", update=_number(update), reason=line.closed)
            return Received()
        return inbound.decoded(update, line)

    async def listen(self, accept: Accept) -> None:
        """Poll; what ``accept`` could not store is not confirmed and comes again."""
        if self._config.mode != POLLING:
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
                await self._take(updates, accept)
            except (TelegramError, StorageUnavailable) as error:
                if self._stopping:
                    return
                failures += 1
                hooked = hooked or isinstance(error, Conflict)
                await _back_off("telegram.poll_failed", error, failures)
            else:
                failures = 0
                offset = max(map(_number, updates)) + 1 if updates else None

    async def _take(self, updates: Sequence[Any], accept: Accept) -> None:
        """Store a batch in its order. Raises StorageUnavailable, or TelegramError for a part of it.

        What came with such a part is stored all the same; it comes again, and is known then.
        """
        said: list[Received] = []
        trouble: TelegramError | None = None
        for update in updates:
            try:
                received = await self._heard(update)
            except Malformed:
                log.warning("telegram.malformed", update=_number(update))
                continue
            except TelegramError as error:
                trouble = error
                continue
            if received.told and not received.messages:
                await _accept_all(said, accept)
                await _accept_all([received], accept)
                said = []
            elif received.told:
                said.append(received)
        await _accept_all(said, accept)
        if trouble is not None:
            raise trouble

    # Out

    def render(self, content: Content | Card) -> Sequence[Payload]:
        """Arguments of ``sendMessage``; a card is always one message."""
        return draw.render(content)

    async def send(
        self,
        to: Address,
        payload: Payload,
        *,
        key: str,
        replaces: Receipt | None = None,
        again: bool = False,
    ) -> Receipt:
        """Say or change one message. A key that was sent since the start is not sent again."""
        if (known := self._sent.get(key)) is not None:
            return known
        chat = address.chat_of(to.value)
        if chat is None:
            raise GiveUp(WORDS["address"])
        message_id = int(replaces.value) if replaces is not None else None
        try:
            receipt = Receipt(str(await self._client.put(chat, payload, message_id)))
        except TelegramError as error:
            raise meaning(error) from None
        self._sent.put(key, receipt)
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
            raise harmless(error) from None

    async def fetch(self, media_id: str) -> AsyncIterator[bytes]:
        """Stream a file of at most 20 MB (getFile). Raises TryLater or GiveUp."""
        try:
            async with aclosing(self._client.stream(media_id)) as chunks:
                async for chunk in chunks:
                    yield chunk
        except TelegramError as error:
            told = harmless(error)
            if isinstance(told, GiveUp) and str(told) != WORDS["large"]:
                raise GiveUp(WORDS["file"]) from None
            raise told from None
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


def _refuse_backlog(hook: WebhookInfo, ours: str) -> None:
    """Raises ``NotReady`` when updates are pushed to somebody else, or pushed in vain.

    A call we refuse looks like silence from here; Telegram keeps it for a day and then forgets it.
    """
    if hook.url and hook.url != ours:
        raise NotReady(WORDS["elsewhere"])
    if hook.pending_update_count and hook.last_error_message:
        status = _STATUS.search(hook.last_error_message)
        found = {"pending": hook.pending_update_count, "status": status[0] if status else "无应答"}
        raise NotReady(WORDS["unpushed"].format_map(found))


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
