"""Webhooks: stored before they are acknowledged, and nothing of what is refused."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from bot.channels.webchat import Config, Webchat
from bot.errors import Malformed, Refused
from bot.messages import Address, HttpCall, Inbound, Received
from storage.database import Tx
from storage.enums import MessageKind
from storage.queries import intake, timeline
from tests.integration.web.conftest import Office


class Platform(Webchat):
    """A platform with a shared secret, as small as one can be."""

    name = "toy"

    def __init__(self, office: Office) -> None:
        super().__init__(Config())
        self._now = office.clock
        self.calls: list[HttpCall] = []

    async def receive(self, call: HttpCall) -> Received:
        self.calls.append(call)
        if call.headers.get("x-secret") != "right":
            raise Refused("wrong secret")
        try:
            told = json.loads(call.body)
            message = Inbound(
                external_id=str(told["id"]), sender=Address("toy", told["from"]),
                kind=MessageKind.TEXT, text=told["text"], sent_at=self._now(),
            )  # fmt: skip
        except (ValueError, KeyError):
            raise Malformed("not a message") from None
        return Received(messages=(message,), reply=b"thanks", media_type="text/plain")


@pytest.fixture
def platform(office: Office) -> Platform:
    made = Platform(office)
    office.road.channels["toy"] = made  # type: ignore[index] # the office's own dictionary
    return made


async def told(office: Office, body: Any, given: str = "right") -> Any:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await office.http.post("/hooks/toy?a=1", content=content, headers={"X-Secret": given})


async def messages(office: Office) -> list[Any]:
    def read(tx: Tx) -> list[Any]:
        found = intake._find(tx, {("toy", "u1")})
        talk = found.get(("toy", "u1"))
        return timeline.chat(tx, office.road.vault, talk.id) if talk else []

    return await office.road.database.write(read)


async def test_an_acknowledged_message_is_stored_and_only_once(
    office: Office, platform: Platform
) -> None:
    body = {"id": 7, "from": "u1", "text": "你好"}
    answers = await asyncio.gather(*(told(office, body) for _ in range(4)))
    assert {(one.status_code, one.text) for one in answers} == {(200, "thanks")}
    assert [row.text for row in await messages(office) if row.direction == "inbound"] == ["你好"]
    assert (office.road.counts.accepted, office.road.counts.duplicates) == (1, 3)
    assert platform.calls[0].query == {"a": "1"}
    assert platform.calls[0].headers["x-secret"] == "right"


async def test_what_is_refused_is_answered_alike_and_not_stored(
    office: Office, platform: Platform
) -> None:
    body = {"id": 7, "from": "u1", "text": "你好"}
    refused = [await told(office, body, secret) for secret in ("", "wrong", "x" * 9000)]
    assert {one.status_code for one in refused} == {403}
    assert len({json.dumps({**one.json(), "request_id": ""}) for one in refused}) == 1
    for broken in (b"", b"\xff", b"{", {"id": 1}):
        assert (await told(office, broken)).status_code == 400
    assert await messages(office) == []


async def test_what_is_too_long_is_acknowledged_or_it_would_come_for_ever(
    office: Office, platform: Platform
) -> None:
    answer = await told(office, {"id": 7, "from": "u1", "text": "长" * 20_001})
    assert answer.status_code == 200
    assert await messages(office) == []


async def test_what_cannot_be_stored_is_not_acknowledged(
    office: Office, platform: Platform
) -> None:
    office.road.database.close()
    answer = await told(office, {"id": 7, "from": "u1", "text": "你好"})
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
