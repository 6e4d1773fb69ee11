"""WeCom (企业微信): candidates on WeChat over 微信客服, members at our app, group robots.

A kf callback holds no words: it says which account to pull. The pull is where customers' messages
come from, and it is made now and then without a callback, because callbacks get lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import structlog

from bot.channels import wecom_address as address
from bot.channels import wecom_archive as archive
from bot.channels import wecom_desk as desk
from bot.channels import wecom_draw as draw
from bot.channels import wecom_inbound as inbound
from bot.channels import wecom_kinds as kinds
from bot.channels import wecom_page as page
from bot.channels import wecom_people as people
from bot.channels.base import Accept, Channel, Limits, Payload, join_url
from bot.channels.kept_lately import Recent
from bot.channels.wecom_archive import Archive
from bot.channels.wecom_client import Client, Refusal, TokenStore, harmless, meaning
from bot.channels.wecom_config import Config, Section, config_of
from bot.channels.wecom_desk import Session
from bot.channels.wecom_envelope import Envelope
from bot.channels.wecom_post import Post, Rules
from bot.channels.wecom_words import WORDS
from bot.errors import BotError, DeliveryError, GiveUp, NotReady, Refused, TryLater, Unknown
from bot.messages import Address, Card, Content, HttpCall, Page, Pull, Receipt, Received, Ticket
from scheduler.retry import growing, jitter

log = structlog.get_logger()

#: "limit ≤1000", and the format WeChat plays everywhere.
PAGE_ITEMS, AMR = 1_000, 0
PULL_TOKEN_BAD = 95007
PULL_TOKEN_LASTS = timedelta(minutes=10)
NAME_CHARACTERS = 200


def build(section: Section, *, secret: str, base_url: str) -> Channel:
    """The channel. The platform makes its own callback secret. Raises ``NotReady``."""
    return WeCom(config_of(section, base_url))


def archived(section: Section, lines: Iterable[str], *, account: str = "") -> Archive:
    """What a file of the decrypted message archive holds, with people as the kf account knows
    them. Raises ``NotReady`` without an account.
    """
    known = account or next(iter(section.open_kfids), "")
    if not address.is_account(known):
        raise NotReady(
            "不知道这些人是哪个客服账号的客户：用 --account 写出账号的 ID（以 wk 开头），"
            "或设置 YINUO_WECOM__OPEN_KFIDS"
        )
    return archive.decode(lines, open_kfid=known)


class WeCom:
    """One company, one self-built app, its kf accounts and its group robots."""

    name = address.NAME

    def __init__(
        self,
        config: Config,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        tokens: TokenStore | None = None,
    ) -> None:
        """Raises ``NotReady`` for callback secrets that cannot be the platform's."""
        self.limits = Limits(
            text=draw.TEXT_BYTES,
            buttons=draw.OPTIONS,
            editable=True,
            dedupes=True,
            dedupes_for=config.equal_within,
            rate=20,
            burst=20,
            windows={address.KF: config.kf_window},
            board=f"{address.GROUP}{config.alerts_robot}" if config.alerts_robot else "",
            sign_in=people.SIGN_IN,
        )
        self._config = config
        self._now = now
        self._envelope = Envelope(config.corp_id, config.pairs, window=config.callback_window)
        self._client = Client(
            config.corp_id, config.secret, config.api_base, now=now, tokens=tokens
        )
        rules = Rules(
            agent_id=config.agent_id,
            robots=config.robots,
            claims_new=config.kf_claims_new,
            duplicate_codes=config.duplicate_codes,
            equal_within=config.equal_within,
            per_member=config.per_member,
            per_robot=config.per_robot,
        )
        self._post = Post(self._client, rules, now=now)
        self._pages = people.Pages(
            corp_id=config.corp_id, agent_id=config.agent_id, base=config.sign_in_base
        )
        self._accounts = tuple(dict.fromkeys(config.open_kfids)) if config.kf else ()
        self._link = ""
        self._pull_tokens: dict[str, tuple[str, datetime]] = {}
        self._names: Recent[str] = Recent()  # of files, by media id
        self._introducing: asyncio.Task[None] | None = None

    # Life

    async def start(self) -> None:
        """Learn our kf accounts and the link to the first, as soon as the platform answers."""
        if self._config.kf:
            self._introducing = asyncio.create_task(self._introduce(), name="wecom-introduce")

    async def stop(self) -> None:
        """Close connections. May be called without ``start``."""
        if self._introducing is not None:
            self._introducing.cancel()
            await asyncio.wait([self._introducing])
            self._introducing = None
        await self._client.close()

    async def check(self) -> None:
        """Raises ``CredentialsWrong`` naming a page of the console, ``NotReady`` a setting, or
        ``DeliveryError`` when nobody answers.
        """
        try:
            await desk.prove(self._client, self._config.agent_id)
            if self._config.kf:
                await self._learn()
        except Refusal as refusal:
            raise desk.mended(refusal) from None
        except Unknown as error:
            raise harmless(error) from None
        if not self._config.pairs:
            raise NotReady(WORDS["no_callback"])

    async def _introduce(self) -> None:
        failures = 0
        while True:
            try:
                await self._learn()
            except (Refusal, DeliveryError, BotError) as error:
                failures += 1
                pause = growing(failures) * jitter()
                told = meaning(error) if isinstance(error, Refusal) else error
                if isinstance(told, TryLater) and told.delay is not None:
                    pause = told.delay
                code = error.code if isinstance(error, Refusal) else None
                log.warning("wecom.not_introduced", error=type(error).__name__, errcode=code)
                await asyncio.sleep(pause.total_seconds())
            else:
                log.info("wecom.introduced", accounts=len(self._accounts))
                return

    async def _learn(self) -> None:
        """Our kf accounts, those of the settings first, and where the first is written to."""
        found = await desk.managed(self._client)
        named = self._config.open_kfids
        self._accounts = tuple(dict.fromkeys([*named, *found]))
        desk.refuse_unmanaged(named, found)
        self._link = await desk.link(self._client, self._accounts[0], self._config.scene)

    def invite_url(self, base_url: str, token: str, *, member: bool = False) -> str:
        """Where a member signs in. For anybody else a link that opens the kf chat on WeChat and
        tells us the token on entering; raises ``NotReady`` while we have none.
        """
        if member:
            return join_url(base_url, self.name, token)
        if not self._link:
            raise NotReady(
                "WeCom has not told us the link of the kf account yet; run yinuo doctor to see why"
            )
        return desk.with_param(self._link, token)

    # In

    async def receive(self, call: HttpCall) -> Received:
        """A callback of the app, or the console trying its URL. Raises Refused or Malformed."""
        now = self._now()
        if call.method == "GET":
            return Received(reply=self._envelope.echo(call.query, now).encode())
        if call.method != "POST":
            raise Refused("the platform posts")
        inner = self._envelope.open(call.query, call.body, now)
        rules = inbound.Rules(
            agent_id=self._config.agent_id, code_lasts=self._config.card_code_lasts, now=now
        )
        received = inbound.decode(inner, rules)
        if received.pulls and not self._config.kf:
            return replace(received, pulls=())
        return received

    async def listen(self, accept: Accept) -> None:
        """There is no long connection. Once our accounts are known, a hint at each: nobody told
        us what was said while we were away.
        """
        introducing = self._introducing
        if introducing is None:
            return
        await asyncio.wait([introducing])
        if not introducing.cancelled():
            pulls = tuple(Pull(channel=self.name, account=one) for one in self._accounts)
            await accept(Received(pulls=pulls))

    def accounts(self) -> Sequence[str]:
        """The kf accounts of the settings, and those the platform says we manage."""
        return self._accounts

    async def pull(self, pull: Pull, cursor: str) -> Page:
        """One page of an account's messages. Raises TryLater or GiveUp."""
        if not self._config.kf:  # it was, once, or nobody would ask
            return Page(received=Received(), cursor=cursor, more=False)
        body = {
            "open_kfid": pull.account,
            "limit": PAGE_ITEMS,
            "voice_format": AMR,
            **({"cursor": cursor} if cursor else {}),
        }
        try:
            answer = await self._pulled(body, self._pull_token(pull))
        except Refusal as refusal:
            raise meaning(refusal) from None
        except Unknown as error:
            raise harmless(error) from None
        after = answer.get("next_cursor")
        return Page(
            received=page.decode(
                answer, account=pull.account, welcome=self._config.welcome_lasts, now=self._now()
            ),
            cursor=after if isinstance(after, str) and after else cursor,
            more=answer.get("has_more") == 1,
        )

    async def _pulled(self, body: dict[str, object], token: str) -> dict[str, object]:
        """Ask for a page; without what the platform does not take of token and cursor."""
        try:
            signed = {**body, "token": token} if token else body
            return await self._client.post("kf/sync_msg", signed)
        except Refusal as refusal:
            if token and refusal.code == PULL_TOKEN_BAD:
                self._pull_tokens.pop(str(body["open_kfid"]), None)
                return await self._pulled(body, "")
            if "cursor" not in body or refusal.code not in self._config.lost_cursor_codes:
                raise
            # From the oldest of the last three days on; what was stored is known by its id.
            log.warning("wecom.cursor_lost", errcode=refusal.code)
            rest = {name: value for name, value in body.items() if name != "cursor"}
            return await self._pulled(rest, token)

    def _pull_token(self, pull: Pull) -> str:
        """The newest hint's token, for all the pages it leads to: without one we are slowed."""
        now = self._now()
        if pull.token:
            self._pull_tokens[pull.account] = (pull.token, now + PULL_TOKEN_LASTS)
        token, until = self._pull_tokens.get(pull.account, ("", now))
        return token if now < until else ""

    # Out

    def render(self, content: Content | Card) -> Sequence[Payload]:
        """One message each, drawn for a customer, for a member and for a group."""
        return draw.render(content, home=self._config.public_url)

    async def send(
        self,
        to: Address,
        payload: Payload,
        *,
        key: str,
        replaces: Receipt | None = None,
        again: bool = False,
    ) -> Receipt:
        """Say something, or draw a member's card anew. Raises TryLater, Hold, GiveUp or Unknown."""
        return await self._post.send(to, payload, key=key, replaces=replaces, again=again)

    async def noticed(self, external_id: str, note: str) -> None:
        """Nothing spins: a pressed card is drawn anew instead."""

    async def fetch(self, media_id: str) -> AsyncIterator[bytes]:
        """Stream a file, which the platform keeps for three days. Raises TryLater or GiveUp."""

        def named(name: str) -> None:
            self._names.put(media_id, kinds.clean(name)[:NAME_CHARACTERS])

        try:
            async with aclosing(self._client.stream(media_id, named)) as chunks:
                async for chunk in chunks:
                    yield chunk
        except Refusal as refusal:
            told = meaning(refusal)
            raise GiveUp(WORDS["file"]) if isinstance(told, GiveUp) else told from None
        except Unknown as error:
            raise harmless(error) from None

    def file_name(self, media_id: str) -> str:
        """What a file that was fetched is called; empty: the platform did not say."""
        return self._names.get(media_id) or ""

    # Colleagues

    async def transfer(self, to: str, colleague: Sequence[str]) -> Ticket | None:
        """Hand a customer (``kf/…``) to a servicer, one of whose addresses is ``app/…``.

        What comes back allows one text that says so. Raises TryLater, GiveUp or Unknown.
        """
        return await desk.transfer(self._client, to, colleague, now=self._now())

    async def state(self, of: str) -> Session:
        """Who has a customer's session. Raises TryLater or GiveUp."""
        return await desk.state(self._client, of)

    def sign_in_url(self, redirect_uri: str, state: str, *, in_app: bool) -> str | None:
        """Where a browser signs in: one inside of WeCom, or any other. Raises ``ValueError``."""
        return self._pages.url(redirect_uri, state, in_app=in_app)

    async def signed_in(self, code: str, redirect_uri: str) -> Address:
        """The member behind a code that came back. Raises ``GiveUp`` or ``TryLater``."""
        return await people.signed_in(self._client, code)

    async def member_by_phone(self, phone: str) -> str | None:
        """The userid with this number, None for nobody's. Raises ``DeliveryError``."""
        return await people.member_by_phone(self._client, phone)
