"""Webhooks: stored before they are acknowledged, and nothing of what is refused."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.channels import dingtalk
from bot.channels.base import Channel
from bot.channels.webchat import Config, Webchat
from bot.errors import Malformed, Refused, TryLater
from bot.messages import Address, HttpCall, Inbound, Received, kept
from storage.database import Tx
from storage.enums import MessageKind
from storage.queries import intake, timeline
from tests.contract.channel_places import BASE_URL, SECRET, offline_telegram
from tests.contract.place_dingtalk import Secret, Section
from tests.contract.place_feishu import feishu_fake, offline_feishu
from tests.contract.place_wecom import PATIENT, offline_wecom
from tests.contract.places import CHANNELS
from tests.fakes.dingtalk import FakeDingTalk
from tests.fakes.feishu import ConsoleRefused
from tests.fakes.telegram import FakeTelegram
from tests.fakes.wecom import AES_KEY, CallbackRefused, FakeWeCom
from tests.integration.web.conftest import Office

#: Captured calls that become a message, one of each channel that is called at all.
CAPTURED = {
    "dingtalk": "text.json",
    "feishu": "text.json",
    "telegram": "text_chinese.json",
    "wecom": "text.xml",
}
PAYLOADS = Path(__file__).parents[2] / "contract/payloads"


class Platform(Webchat):
    """A platform with a shared secret, as small as one can be."""

    name = "toy"

    def __init__(self, office: Office) -> None:
        super().__init__(Config())
        self._now = office.clock
        self.calls: list[HttpCall] = []
        self.silent = False

    async def receive(self, call: HttpCall) -> Received:
        self.calls.append(call)
        if call.headers.get("x-secret") != "right":
            raise Refused("wrong secret")
        if self.silent:
            raise TryLater("the platform has to be asked first")
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


async def test_a_refused_call_is_told_in_the_log_by_its_channel_and_with_nothing_of_it(
    office: Office, platform: Platform
) -> None:
    body = {"id": 7, "from": "u1", "text": "你好"}
    with capture_logs() as logs:
        await told(office, body, "wrong")
        await told(office, b"{")
    lines = [one for one in logs if one["event"] == "hook.refused"]
    assert [(one["channel"], one["why"]) for one in lines] == [
        ("toy", "wrong secret"),
        ("toy", "not a message"),
    ]
    assert all("你好" not in str(one) for one in logs)


def dingtalk_with_events() -> Channel:
    section = Section(event_token=Secret("token"), event_aes_key=Secret("a" * 43))
    return dingtalk.build(section, secret=SECRET, base_url=BASE_URL)


async def _wecom(url: str) -> None:
    async with FakeWeCom(**PATIENT) as fake:
        with pytest.raises(CallbackRefused, match="403"):
            await fake.save_callback(url, aes_key=AES_KEY[::-1])


async def _feishu(url: str) -> None:
    async with feishu_fake(encrypt_key="another-key") as fake:
        with pytest.raises(ConsoleRefused, match="403"):
            await fake.console.save_webhook(url)


async def _dingtalk(url: str) -> None:
    async with FakeDingTalk(limits=False) as fake:
        hook = fake.subscribe_events(url, "another-token", "k" * 43)
        await fake.until(lambda: [push for push in fake.pushes if push.status], timeout=20)
        assert not hook.verified


async def _telegram(url: str) -> None:
    async with FakeTelegram(limits=False) as fake:
        fake.set_webhook(url, "another-secret")
        fake.user(700).start()
        # Telegram shows nobody what it was answered; that it tries again is what can be seen.
        await fake.until(lambda: fake.state.updates[0].failures, timeout=20)


@pytest.mark.parametrize(
    ("name", "channel", "platform_with_another_key"),
    [
        ("wecom", offline_wecom, _wecom),
        ("feishu", lambda: offline_feishu(mode="webhook"), _feishu),
        ("dingtalk", dingtalk_with_events, _dingtalk),
        ("telegram", offline_telegram, _telegram),
    ],
)
async def test_a_key_that_is_another_in_the_vendor_s_console_is_seen_in_the_log(
    small_office: Office, name: str, channel: Any, platform_with_another_key: Any
) -> None:
    small_office.road.channels[name] = channel()  # type: ignore[index]
    with capture_logs() as logs:
        await platform_with_another_key(f"{small_office.url}/hooks/{name}")
    assert {one["channel"] for one in logs if one["event"] == "hook.refused"} == {name}


async def test_of_what_is_too_long_the_beginning_is_kept(
    office: Office, platform: Platform
) -> None:
    """A platform cannot be told that its text is too long: it would bring it for ever."""
    text = "我不去了。" + "长" * 20_001
    answer = await told(office, {"id": 7, "from": "u1", "text": text})
    assert answer.status_code == 200
    [row] = await messages(office)
    assert row.text == kept(text)
    assert row.text.startswith("我不去了。")


async def test_what_cannot_be_stored_is_not_acknowledged(
    office: Office, platform: Platform
) -> None:
    office.road.database.close()
    answer = await told(office, {"id": 7, "from": "u1", "text": "你好"})
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0


async def test_a21_a_parameter_that_comes_twice_is_refused_before_a_channel_sees_it(
    office: Office, platform: Platform
) -> None:
    body = json.dumps({"id": 7, "from": "u1", "text": "你好"}).encode()
    for query in ("a=1&a=1", "a=1&a=2", "a=1&%61=1", "a&a", "b=1&a=&a="):
        answer = await office.http.post(
            f"/hooks/toy?{query}", content=body, headers={"X-Secret": "right"}
        )
        assert answer.status_code == 403
    assert platform.calls == []
    assert await messages(office) == []


async def test_a21_a_secret_that_comes_twice_is_none(office: Office, platform: Platform) -> None:
    body = json.dumps({"id": 7, "from": "u1", "text": "你好"}).encode()
    for first, second in (("right", "right"), ("wrong", "right"), ("right", "wrong")):
        answer = await office.http.post(
            "/hooks/toy", content=body, headers=[("X-Secret", first), ("X-Secret", second)]
        )
        assert answer.status_code == 403
    assert platform.calls[0].headers["x-secret"] == "right, right"
    assert await messages(office) == []


@pytest.mark.parametrize("name", sorted(CAPTURED))
async def test_a21_no_channel_takes_a_genuine_call_whose_proof_is_said_twice(
    small_office: Office, name: str
) -> None:
    known = CHANNELS[name]
    small_office.road.channels[name] = known.offline()  # type: ignore[index] # as above
    body = (PAYLOADS / name / CAPTURED[name]).read_bytes()

    async def told(query: list[tuple[str, str]], headers: list[tuple[str, str]]) -> int:
        answer = await small_office.http.post(
            f"/hooks/{name}", content=call.body, params=query, headers=headers
        )
        return int(answer.status_code)

    call = known.call(body)
    query, headers = list(call.query.items()), list(call.headers.items())
    for one in query:
        assert await told([*query, one], headers) == 403
        assert await told([(one[0], "x"), *query], headers) == 403
    proofs = [one for one in headers if one[0] != "content-type"]
    for one in proofs:
        assert await told(query, [*headers, one]) == 403
        assert await told(query, [(one[0], "x"), *headers]) == 403
    assert query or proofs
    assert small_office.road.counts.accepted == 0
    assert await told(query, headers) == 200
    assert small_office.road.counts.accepted == 1


async def test_what_cannot_be_understood_yet_is_to_be_brought_again(
    office: Office, platform: Platform
) -> None:
    platform.silent = True
    body = {"id": 7, "from": "u1", "text": "你好"}
    answer = await told(office, body)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert await messages(office) == []
    platform.silent = False
    assert (await told(office, body)).status_code == 200
    assert len(await messages(office)) >= 1
