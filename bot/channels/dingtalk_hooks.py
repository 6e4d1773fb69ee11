"""Calls to ``/hooks/dingtalk``: the robot, cards and events over HTTP.

Signatures of the robot and of cards do not cover the body. So one signature is good for one body
only, within a few minutes: another body under it is turned away and reported. The price: of two
people whose words the platform signs in the same millisecond, one is turned away, too. The stream
has neither this nor the danger.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import structlog

from bot.channels import dingtalk_frames as frames
from bot.channels import dingtalk_inbound as inbound
from bot.channels import dingtalk_sign as sign
from bot.channels.dingtalk_config import HTTP, Config
from bot.channels.dingtalk_values import milliseconds, words
from bot.channels.strict_json import MAX_BYTES, whole
from bot.errors import Malformed, Refused
from bot.messages import HttpCall, Received

log = structlog.get_logger()

#: Signatures remembered; more than genuine calls bring within the tolerance.
REMEMBERED = 20_000
JSON_TYPE = "application/json"
SIGNATURES = ("msg_signature", "signature")

_MILLISECONDS = re.compile(r"[0-9]{13}", re.ASCII)


class Hooks:
    """Verifies before it opens anything. Raises ``Refused`` or ``Malformed``, nothing else."""

    def __init__(self, config: Config, *, now: Callable[[], datetime]) -> None:
        self._config, self._now = config, now
        self._bodies: OrderedDict[str, bytes] = OrderedDict()
        self._envelope: sign.Envelope | None = None
        if config.event_token and config.event_aes_key:
            self._envelope = sign.Envelope(
                config.event_token, config.event_aes_key, config.event_owner
            )

    def receive(self, call: HttpCall) -> Received:
        """One call, whichever of the three it is."""
        if len(call.body) > MAX_BYTES:
            raise Refused("a callback is not that large")
        if call.method == "GET":
            raise Refused("nobody reads here")
        if any(name in call.query for name in SIGNATURES):
            return self._event(call)
        if self._config.mode != HTTP:
            raise Refused("the robot listens to the stream here")
        if "x-ddpaas-signature" in call.headers:
            return self._press(call)
        return self._message(call)

    def _message(self, call: HttpCall) -> Received:
        timestamp = call.headers.get("timestamp", "")
        wanted = sign.robot_sign(self._config.client_secret, timestamp[:20])
        self._verify(call, timestamp, call.headers.get("sign", ""), wanted)
        told = inbound.message(whole(call.body), self._config, now=self._now())
        if told.wave is None:
            return told.received
        # The answer to the call is shown where it was said, and goes out once it is stored.
        reply = json.dumps(frames.waved(told.wave), ensure_ascii=False).encode()
        return replace(told.received, reply=reply, media_type=JSON_TYPE)

    def _press(self, call: HttpCall) -> Received:
        timestamp = call.headers.get("x-ddpaas-signature-timestamp", "")
        wanted = sign.card_sign(self._config.route_secret, timestamp[:20])
        self._verify(call, timestamp, call.headers["x-ddpaas-signature"], wanted)
        name = f"{timestamp}{hashlib.sha256(call.body).hexdigest()}"
        data, at = whole(call.body), self._now()
        received = inbound.press(data, self._config, delivery=name, sent_at=at)
        reply = json.dumps(frames.pressed(), ensure_ascii=False).encode()
        return Received(messages=received.messages, reply=reply, media_type=JSON_TYPE)

    def _verify(self, call: HttpCall, timestamp: str, given: str, wanted: str) -> None:
        """Genuine, of now, and the only body under its signature."""
        if not sign.same(given, wanted):
            raise Refused("the signature does not match")
        self._in_time(timestamp)
        body = hashlib.sha256(call.body).digest()
        if self._bodies.setdefault(wanted, body) != body:
            log.error("dingtalk.body_swapped")
            raise Refused("another body came under this signature")
        if len(self._bodies) > REMEMBERED:
            self._bodies.popitem(last=False)

    def _event(self, call: HttpCall) -> Received:
        if self._envelope is None:
            raise Refused("no event subscription is set up")
        query = call.query
        timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
        try:
            encrypt = words(whole(call.body), "encrypt")
        except Malformed:
            raise Refused("there is nothing to verify") from None
        wanted = self._envelope.signature(timestamp, nonce, encrypt)
        # It comes under either name, or under both.
        given = [query[name] for name in SIGNATURES if name in query]
        if not all(sign.same(one, wanted) for one in given):
            raise Refused("the signature does not match")
        self._in_time(timestamp)
        received = inbound.event(whole(self._envelope.open(encrypt)))
        return Received(reaches=received.reaches, reply=self._success(nonce), media_type=JSON_TYPE)

    def _success(self, nonce: str) -> bytes:
        assert self._envelope is not None
        timestamp = str(milliseconds(self._now()))
        encrypt = self._envelope.seal(b"success")
        answer = {
            "msg_signature": self._envelope.signature(timestamp, nonce, encrypt),
            "timeStamp": timestamp,
            "nonce": nonce,
            "encrypt": encrypt,
        }
        return json.dumps(answer).encode()

    def _in_time(self, timestamp: str) -> None:
        if not _MILLISECONDS.fullmatch(timestamp):
            raise Refused("the time is not in milliseconds")
        away = abs(milliseconds(self._now()) - int(timestamp))
        if away > self._config.tolerance_s * 1000:
            raise Refused("the call is of another time")
