"""Sending over DingTalk: which of its ways, and what it says about each."""

from __future__ import annotations

import json
from collections import OrderedDict, deque
from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog

from bot.channels.base import Payload
from bot.channels.dingtalk_client import Client
from bot.channels.dingtalk_config import HTTP, Config
from bot.channels.dingtalk_errors import (
    CARD_EXISTS,
    MINUTE,
    NO_CARD,
    QUOTA,
    QUOTA_DELAY,
    WORDS,
    Refusal,
    Trouble,
    meaning,
    page,
)
from bot.channels.dingtalk_frames import waved
from bot.channels.dingtalk_inbound import Wave
from bot.channels.dingtalk_sign import robot_sign
from bot.channels.dingtalk_values import digest, is_session, milliseconds, staff
from bot.errors import GiveUp, Hold, TryLater
from bot.messages import Address, Receipt, Ticket

log = structlog.get_logger()

#: The custom robot of one group: one way, no answers, and words that are nobody's.
CUSTOM = "custom"
#: 20 a minute; one that says more is blocked for ten.
CUSTOM_A_MINUTE = 20
CARD = "c/"
#: Under which our address for card callbacks is registered.
ROUTE = "yinuo"
#: Sessions known to be dead; their addresses stay stored until the time they were promised.
DEAD_SESSIONS = 1_000

_INSTANCES = "/card/instances"


class Post:
    """Takes what ``dingtalk_draw`` drew. Raises ``Trouble`` or ``DeliveryError``."""

    def __init__(self, client: Client, config: Config, *, now: Callable[[], datetime]) -> None:
        self._client, self._config, self._now = client, config, now
        self._dead: OrderedDict[str, None] = OrderedDict()
        self._by_robot: deque[datetime] = deque(maxlen=CUSTOM_A_MINUTE)
        self._used_up_until = now()

    async def put(
        self, to: Address, payload: Payload, *, key: str, replaces: Receipt | None
    ) -> Receipt:
        """Say something, or change a card that stands."""
        if to.value == CUSTOM:
            return await self._by_group_robot(payload, key)
        kind, _, id_ = to.value.partition("/")
        if kind != "u" or not staff(id_):
            raise GiveUp(WORDS["address"])
        if payload["kind"] == "card":
            receipt = await self._card(id_, payload, key, replaces)
            if receipt is not None:
                return receipt
            payload = payload["instead"]
        if to.ticket is not None and await self._in_session(to.ticket, payload):
            return Receipt(f"s/{digest(key)}")
        return await self._to_person(id_, payload)

    # Words

    async def _in_session(self, ticket: Ticket, payload: Payload) -> bool:
        """Answer where they just wrote; False where only the robot's own initiative is left.

        The address came in a message, so it is called only where it leads to the platform.
        """
        name = digest(ticket.value)
        if ticket.until <= self._now() or name in self._dead:
            return False
        if not is_session(ticket.value, self._bases):
            log.error("dingtalk.foreign_webhook")
            return False
        try:
            await self._client.post(ticket.value, _as_webhook(payload))
        except Refusal as refusal:
            if refusal.status < 500 and isinstance(meaning(refusal), TryLater):
                raise  # busy is neither over nor down, and the robot's own initiative costs quota
            log.info("dingtalk.session_over", code=refusal.code)
            if refusal.status < 500:
                self._dead[name] = None
            if len(self._dead) > DEAD_SESSIONS:
                self._dead.popitem(last=False)
            return False
        return True

    async def wave(self, wave: Wave) -> None:
        """Show a group that we heard; where that fails the answer is there all the same."""
        if not is_session(wave.session, self._bases):
            return
        try:
            await self._client.post(wave.session, waved(wave))
        except Trouble as trouble:
            log.info("dingtalk.not_waved", error=type(trouble).__name__)

    @property
    def _bases(self) -> tuple[str, str]:
        return self._config.api_base, self._config.oapi_base

    async def _to_person(self, user_id: str, payload: Payload) -> Receipt:
        """On the robot's own initiative. Without quota it waits for them to write: answering in
        their session costs none. Only now and then is asked whether somebody bought more.
        """
        if self._now() < self._used_up_until:
            raise Hold(WORDS["quota_held"])
        body = {"robotCode": self._config.robot_code, "userIds": [user_id], **_as_sample(payload)}
        try:
            answer = await self._client.api("POST", "/robot/oToMessages/batchSend", body)
        except Refusal as refusal:
            if refusal.code not in QUOTA:
                raise
            self._used_up_until = self._now() + QUOTA_DELAY
            raise Hold(WORDS["quota_held"]) from None
        # A yes to the call is not yet one to the message.
        if answer.get("invalidStaffIdList"):
            raise GiveUp(WORDS["gone"])
        if answer.get("flowControlledStaffIdList"):
            raise TryLater(WORDS["busy"], MINUTE)
        return _receipt(answer)

    async def _by_group_robot(self, payload: Payload, key: str) -> Receipt:
        config = self._config
        if not config.group_robot_token:
            raise GiveUp(WORDS["no_group_robot"])
        if payload["kind"] != "text":  # cards and choices are about one person
            raise GiveUp(WORDS["address"])
        self._slow_down()
        query = {"access_token": config.group_robot_token}
        if config.group_robot_secret:
            timestamp = str(milliseconds(self._now()))
            sign = robot_sign(config.group_robot_secret, timestamp)
            query |= {"timestamp": timestamp, "sign": sign}
        url = f"{config.oapi_base}/robot/send"
        body = {**_as_webhook(payload), "msgUuid": digest(key)}
        await self._client.post(url, body, query)
        return Receipt(f"r/{digest(key)}")

    def _slow_down(self) -> None:
        """Raises ``TryLater`` rather than let the robot be blocked."""
        now, times = self._now(), self._by_robot
        if len(times) == CUSTOM_A_MINUTE and now - times[0] < MINUTE:
            raise TryLater(WORDS["busy"], times[0] + MINUTE - now)
        times.append(now)

    # Cards

    async def _card(
        self, user_id: str, payload: Payload, key: str, replaces: Receipt | None
    ) -> Receipt | None:
        """A card, new or changed; None where its markdown has to do."""
        values = payload["values"]
        try:
            old = replaces.value if replaces is not None else ""
            if old.startswith(CARD) and await self._changed(old.removeprefix(CARD), values):
                return Receipt(old)
            track = f"yn-{digest(key)}"
            if await self._created(user_id, track, values):
                return Receipt(f"{CARD}{track}")
        except Refusal as refusal:
            if not page(refusal):
                raise
            # People are told all the same; the check says what has to be mended.
            log.error("dingtalk.card_refused", code=refusal.code)
        return None

    async def _changed(self, track: str, values: dict[str, str]) -> bool:
        """Whether the card was there to be changed."""
        body = {
            "outTrackId": track,
            "cardData": {"cardParamMap": values},
            "cardUpdateOptions": {"updateCardDataByKey": True},
        }
        try:
            await self._client.api("PUT", _INSTANCES, body)
        except Refusal as refusal:
            if refusal.code != NO_CARD:
                raise
            return False
        return True

    async def _created(self, user_id: str, track: str, values: dict[str, str]) -> bool:
        """Whether it is there to be seen. The same key finds the card it made before."""
        where = self._where(user_id)
        body = {
            "cardTemplateId": self._config.card_template,
            "outTrackId": track,
            "callbackType": "HTTP" if self._config.mode == HTTP else "STREAM",
            "userIdType": 1,
            "cardData": {"cardParamMap": values},
            **where,
        }
        if self._config.mode == HTTP:
            body["callbackRouteKey"] = ROUTE
        try:
            answer = await self._client.api("POST", f"{_INSTANCES}/createAndDeliver", body)
        except Refusal as refusal:
            if refusal.code != CARD_EXISTS:
                raise
            # Made by a try whose answer was lost; that it was also seen is not known.
            await self._changed(track, values)
            again = {"outTrackId": track, "userIdType": 1, **where}
            answer = await self._client.api("POST", f"{_INSTANCES}/deliver", again)
        return _delivered(answer)

    def _where(self, user_id: str) -> dict[str, Any]:
        robot = self._config.robot_code
        return {
            "openSpaceId": f"dtv1.card//IM_ROBOT.{user_id}",
            "imRobotOpenSpaceModel": {"supportForward": False},
            "imRobotOpenDeliverModel": {"spaceType": "IM_ROBOT", "robotCode": robot},
        }

    async def answer(self, track: str, user_id: str, note: str) -> None:
        """Tell the one who pressed, on their card alone, what came of it."""
        body = {
            "outTrackId": track,
            "userIdType": 1,
            "privateData": {user_id: {"cardParamMap": {"answer": note}}},
            "cardUpdateOptions": {"updatePrivateDataByKey": True},
        }
        try:
            await self._client.api("PUT", _INSTANCES, body)
        except Refusal as refusal:
            if refusal.code != NO_CARD:
                raise
            log.info("dingtalk.press_too_old")

    async def register(self) -> None:
        """Where presses on cards are told over HTTP, and what signs them."""
        body = {
            "callbackRouteKey": ROUTE,
            "callbackUrl": f"{self._config.public_url}/hooks/dingtalk",
            "apiSecret": self._config.route_secret,
            "forceUpdate": True,
        }
        await self._client.api("POST", "/card/callbacks/register", body)


def _as_sample(payload: Payload) -> dict[str, str]:
    """As the robot's own initiative says it: the parameters are JSON inside JSON."""
    if payload["kind"] == "markdown":
        given = {"title": payload["title"], "text": payload["text"]}
        return {"msgKey": "sampleMarkdown", "msgParam": json.dumps(given, ensure_ascii=False)}
    param = json.dumps({"content": payload["text"]}, ensure_ascii=False)
    return {"msgKey": "sampleText", "msgParam": param}


def _as_webhook(payload: Payload) -> dict[str, Any]:
    if payload["kind"] == "markdown":
        given = {"title": payload["title"], "text": payload["text"]}
        return {"msgtype": "markdown", "markdown": given}
    return {"msgtype": "text", "text": {"content": payload["text"]}}


def _receipt(answer: dict[str, Any]) -> Receipt:
    return Receipt(f"q/{str(answer.get('processQueryKey', ''))[:190]}")


def _delivered(answer: dict[str, Any]) -> bool:
    """Each space says for itself how it went."""
    result = answer.get("result")
    spaces = result.get("deliverResults") if isinstance(result, dict) else None
    if not isinstance(spaces, list) or not spaces:
        return bool(answer.get("success"))
    good = all(isinstance(one, dict) and one.get("success") is True for one in spaces)
    if not good:
        log.warning("dingtalk.card_not_delivered")
    return good
