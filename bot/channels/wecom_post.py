"""Sending over WeCom: to customers within their window, to members as texts and cards, to groups.

What the platform can be asked again about without saying it twice, it is asked under one id: a
kf message's ``msgid``, a card's ``task_id``, and for the rest its own check for equal requests.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

import structlog

from bot.channels import wecom_address as address
from bot.channels.base import Payload
from bot.channels.kept_lately import Recent
from bot.channels.wecom_client import BUSY, FREQUENT, STALE, Client, Refusal, meaning
from bot.channels.wecom_words import CONSOLE, FORBIDDEN, HELD, STATES, WORDS
from bot.errors import DeliveryError, GiveUp, Hold, TryLater, Unknown
from bot.messages import Address, Receipt, Ticket

log = structlog.get_logger()

T = TypeVar("T")
Wire = dict[str, Any]

#: Remembered as sent or in doubt, so that nothing is said twice.
RECEIPT_CHARACTERS = 200
CARD = "card"
#: "Four hours at most."
LONGEST_INTERVAL_S = 4 * 3_600
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)

_PART = re.compile(r"[0-9]{1,3}", re.ASCII)
_OWN = re.compile(r"[0-9a-f]{29}[0-9]{3}", re.ASCII)

#: The session's states, as the platform counts them.
NEW, BOT, POOL, HUMAN, ENDED = range(5)
STATE_FORBIDS = 95018
#: A card's id is taken: of ours only by the same card, sent before.
TASK_TAKEN = 42014
#: A code that changes a card no more: used, run out, unknown, or of a card that is gone.
CODE_GONE = frozenset({40029, 42003, 42022, 42015, 42016, 42017, 42018, 42019})


@dataclass(frozen=True, slots=True)
class Pace:
    """How often somebody may be sent something."""

    minute: int
    hour: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What sending has to know besides the credentials. Codes the documents do not fix are here."""

    agent_id: int
    robots: Mapping[str, str] = field(repr=False)
    claims_new: bool
    duplicate_codes: frozenset[int]
    equal_within: timedelta
    per_member: Pace
    per_robot: Pace


class Post:
    """Delivers one payload. A key that was sent since the start is not sent again."""

    def __init__(self, client: Client, rules: Rules, *, now: Callable[[], datetime]) -> None:
        self._client = client
        self._rules = rules
        self._now = now
        self._sent: Recent[Receipt] = Recent()
        self._doubtful: Recent[bool] = Recent()  # keys whose answer was lost
        self._spent: Recent[bool] = Recent()  # welcome codes and card codes that were used
        self._tried: Recent[str] = Recent()  # codes whose answer was lost: what they were for
        self._shown: Recent[str] = Recent()  # what a card shows now
        self._times: Recent[deque[datetime]] = Recent()

    async def send(
        self,
        to: Address,
        payload: Payload,
        *,
        key: str,
        replaces: Receipt | None,
        again: bool = False,
    ) -> Receipt:
        """Raises TryLater, Hold, GiveUp or Unknown."""
        known = self._sent.get(key)
        if known is not None:
            return known
        if again and isinstance(address.parse(to.value), address.Customer):
            self._doubtful.put(key, True)  # by somebody who died over it, maybe
        try:
            receipt = await self._routed(to, payload, key, replaces)
        except Refusal as refusal:
            raise meaning(refusal) from None
        except Unknown:
            self._doubtful.put(key, True)
            raise
        self._sent.put(key, receipt)
        return receipt

    async def _routed(
        self, to: Address, payload: Payload, key: str, replaces: Receipt | None
    ) -> Receipt:
        match address.parse(to.value):
            case address.Customer() as who:
                return await self._to_customer(who, payload["kf"], key, to.ticket)
            case address.Member() as who:
                wire = payload["app"]
                if replaces is not None and wire["msgtype"] == "template_card":
                    changed = await self._change(who, wire, replaces, to.ticket)
                    if changed:
                        return replaces
                return await self._to_member(who, wire, key)
            case address.Group() as where:
                return await self._to_group(where, payload["group"], key)
            case _:
                raise GiveUp(WORDS["address"])

    # Customers

    async def _to_customer(
        self, who: address.Customer, wire: Wire, key: str, ticket: Ticket | None
    ) -> Receipt:
        own = ident(key)
        if ticket is not None and await self._welcomed(ticket, wire, own):
            return Receipt(own)
        if self._rules.claims_new:
            await self._claim(who)
        body = {"touser": who.id, "open_kfid": who.account, "msgid": own, **wire}
        try:
            await self._client.post("kf/send_msg", body)
        except Refusal as refusal:
            if refusal.code in self._rules.duplicate_codes and self._doubtful.get(key):
                return Receipt(own)  # it had arrived, and only the answer was lost
            raise await self._why(who, refusal) from None
        return Receipt(own)

    async def _welcomed(self, ticket: Ticket, wire: Wire, own: str) -> bool:
        """Use a welcome code: it works once, for seconds, and before a first word is said."""
        if self._spent.get(ticket.value) or self._now() >= ticket.until:
            return False
        body = {"code": ticket.value, "msgid": own, **wire}
        try:
            await self._client.post("kf/send_msg_on_event", body)
        except Refusal as refusal:
            if refusal.code in BUSY | STALE | {FREQUENT} | CONSOLE.keys():
                raise
            self._spent.put(ticket.value, True)
            log.info("wecom.welcome_refused", errcode=refusal.code)
            return self._tried.get(ticket.value) == own  # ours, and only its answer was lost
        except Unknown:
            self._tried.put(ticket.value, own)
            raise
        self._spent.put(ticket.value, True)
        return True

    async def _claim(self, who: address.Customer) -> None:
        """Take a session nobody handles for the bot. What goes wrong here, sending will say."""
        body = {"open_kfid": who.account, "external_userid": who.id}
        try:
            found = await self._client.post("kf/service_state/get", body)
            if found.get("service_state") == NEW:
                await self._client.post("kf/service_state/trans", {**body, "service_state": BOT})
        except (Refusal, DeliveryError) as error:
            log.info("wecom.not_claimed", error=type(error).__name__)

    async def _why(self, who: address.Customer, refusal: Refusal) -> DeliveryError:
        """What to do after a refused kf message."""
        if refusal.code in HELD:
            return Hold(HELD[refusal.code])
        if refusal.code != STATE_FORBIDS:
            return meaning(refusal)
        body = {"open_kfid": who.account, "external_userid": who.id}
        try:
            found = await self._client.post("kf/service_state/get", body)
        except (Refusal, DeliveryError):
            return Hold(FORBIDDEN)
        state = found.get("service_state")
        return Hold(STATES.get(state, FORBIDDEN) if isinstance(state, int) else FORBIDDEN)

    # Members

    async def _to_member(self, who: address.Member, wire: Wire, key: str) -> Receipt:
        self._pace(f"{address.APP}{who.userid}", self._rules.per_member)
        task = ident(key)
        if wire["msgtype"] == "template_card":
            wire = {**wire, "template_card": {**wire["template_card"], "task_id": task}}
        body: Wire = {"touser": who.userid, "agentid": self._rules.agent_id, **wire}
        body |= {"enable_duplicate_check": 1, "duplicate_check_interval": self._interval(key)}
        try:
            answer = await self._client.post("message/send", body)
        except Refusal as refusal:
            if refusal.code == TASK_TAKEN and wire["msgtype"] == "template_card":
                return Receipt(f"{CARD}/{task}/")
            raise
        # "Partial failure is errcode 0", and the ids come back in lower case.
        for missed in ("invaliduser", "unlicenseduser"):
            if who.userid in str(answer.get(missed) or "").lower().split("|"):
                raise GiveUp(WORDS["invalid"])
        if wire["msgtype"] != "template_card":
            return Receipt(str(answer.get("msgid") or task)[:RECEIPT_CHARACTERS])
        receipt = f"{CARD}/{task}/{answer.get('response_code') or ''}"
        return Receipt(receipt if len(receipt) <= RECEIPT_CHARACTERS else f"{CARD}/{task}/")

    def _interval(self, key: str) -> int:
        """For how many seconds the platform drops an equal request: at least ``equal_within``.

        Each key has its own, so that a repeat is an equal request, whichever process makes it,
        and the same words said again are not.
        """
        least = int(self._rules.equal_within.total_seconds())
        return least + int(ident(key)[:8], 16) % max(1, LONGEST_INTERVAL_S - least)

    async def _change(
        self, who: address.Member, wire: Wire, standing: Receipt, ticket: Ticket | None
    ) -> bool:
        """Draw a card anew where it stands. False: no code does it any more."""
        kind, _, rest = standing.value.partition("/")
        task, _, first = rest.partition("/")
        if kind != CARD:
            return False
        wanted = _digest(wire)
        if self._shown.get(task) == wanted:
            return True
        for code in (_code_of(ticket, task, self._now()), first):
            works = code and not self._spent.get(code)
            if works and await self._use(code, who, wire, wanted):
                self._shown.put(task, wanted)
                return True
        return False

    async def _use(self, code: str, who: address.Member, wire: Wire, wanted: str) -> bool:
        """One change by one code. A used one is ours when its answer was lost."""
        body = {
            "userids": [who.userid],
            "agentid": self._rules.agent_id,
            "response_code": code,
            "template_card": wire["template_card"],
        }
        try:
            await self._client.post("message/update_template_card", body)
        except Refusal as refusal:
            if refusal.code not in CODE_GONE:
                raise
            self._spent.put(code, True)
            return self._tried.get(code) == wanted
        except Unknown:
            self._tried.put(code, wanted)
            raise
        self._spent.put(code, True)
        return True

    # Groups

    async def _to_group(self, where: address.Group, wire: Wire, key: str) -> Receipt:
        robot = self._rules.robots.get(where.name)
        if robot is None:
            raise GiveUp(WORDS["group"])
        if self._doubtful.get(key) and wire["msgtype"] == "text":
            raise GiveUp(WORDS["no_answer"])  # a robot drops no second message
        self._pace(f"{address.GROUP}{where.name}", self._rules.per_robot)
        await self._client.hook(robot, wire)
        return Receipt(ident(key))

    # How often

    def _pace(self, who: str, most: Pace) -> None:
        """Count one message. Raises ``TryLater`` when the last minute or hour is full."""
        times, now = self._times.get(who) or deque(), self._now()
        while times and times[0] <= now - HOUR:
            times.popleft()
        lately = [at for at in times if at > now - MINUTE]
        if len(lately) >= most.minute:
            raise TryLater(WORDS["often"], lately[0] + MINUTE - now)
        if len(times) >= most.hour:
            raise TryLater(WORDS["often"], times[0] + HOUR - now)
        times.append(now)
        self._times.put(who, times)


def ident(key: str) -> str:
    """Our id of a message: the same for the same key, 32 letters and digits.

    Parts of one text differ in their last three.

    >>> ident("o_1#2")[-3:], ident("o_1")[-3:], len(ident("o_1"))
    ('002', '000', 32)
    """
    whole, _, part = key.rpartition("#")
    if not whole or not _PART.fullmatch(part):
        whole, part = key, "0"
    return f"{hashlib.sha256(whole.encode()).hexdigest()[:29]}{part:0>3}"


def first_part(own: str) -> str:
    """The id of the first part of what a message is a part of; that one is its receipt."""
    return f"{own[:29]}000" if _OWN.fullmatch(own) else own


def _digest(wire: Wire) -> str:
    return hashlib.sha256(json.dumps(wire, sort_keys=True).encode()).hexdigest()


def _code_of(ticket: Ticket | None, task: str, now: datetime) -> str:
    """The code a press of this very card brought, while it works."""
    if ticket is None or now >= ticket.until:
        return ""
    pressed, _, code = ticket.value.partition(" ")
    return code if pressed == task else ""
