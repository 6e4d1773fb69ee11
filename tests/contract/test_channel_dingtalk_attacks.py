"""Calls to DingTalk's webhook that are not what they seem (A20 to A30)."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from bot.channels.dingtalk import DingTalk
from bot.channels.dingtalk_sign import Envelope
from bot.errors import Malformed, Refused
from storage.enums import MessageKind
from tests.clock import FakeClock
from tests.contract.dingtalk_calls import AES, BODY, OWNER, TOKEN, config, event, ms, pressed, robot


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def channel(clock: FakeClock) -> DingTalk:
    """Receives over HTTP; nobody is where it would call."""
    return DingTalk(config(), now=clock)


# A20 to A23: whose call it is, and of when


async def test_a_genuine_call_is_taken(channel: DingTalk, clock: FakeClock) -> None:
    [message] = (await channel.receive(robot(ms(clock())))).messages
    assert (message.sender.value, message.text) == ("u/u1", "张三到哪一步了")
    [press] = (await channel.receive(pressed(ms(clock())))).messages
    assert (press.kind, press.text) == (MessageKind.PRESS, "al:x")


@pytest.mark.parametrize("make", [robot, pressed])
async def test_a20_a_call_without_or_with_a_wrong_signature_is_refused(
    channel: DingTalk, clock: FakeClock, make: Any
) -> None:
    call = make(ms(clock()))
    for name in call.headers:
        rest = {key: value for key, value in call.headers.items() if key != name}
        with pytest.raises(Refused):
            await channel.receive(replace(call, headers=rest))
    with pytest.raises(Refused):
        await channel.receive(robot(ms(clock()), secret="another secret"))
    with pytest.raises(Refused):
        await channel.receive(replace(call, headers={}))


async def test_a20_one_bit_of_an_event_flipped_is_refused(
    channel: DingTalk, clock: FakeClock
) -> None:
    call = event(ms(clock()), {"EventType": "user_leave_org", "UserId": ["u1"]})
    encrypt = json.loads(call.body)["encrypt"]
    for at in (0, 40, -5):
        raw = bytearray(base64.b64decode(encrypt))
        raw[at] ^= 1
        body = json.dumps({"encrypt": base64.b64encode(raw).decode()}).encode()
        with pytest.raises(Refused):
            await channel.receive(replace(call, body=body))


@pytest.mark.parametrize(
    "given", ["é" * 64, "x" * 1_000_000, "", "秘密", "\udc80", "=" * 44, "a,a", "\x00"]
)
async def test_a21_whatever_a_signature_holds_it_is_only_refused(
    channel: DingTalk, clock: FakeClock, given: str
) -> None:
    at = ms(clock())
    for call, name in (
        (robot(at), "sign"),
        (robot(at), "timestamp"),
        (pressed(at), "x-ddpaas-signature"),
        (pressed(at), "x-ddpaas-signature-timestamp"),
    ):
        with pytest.raises(Refused):
            await channel.receive(replace(call, headers={**call.headers, name: given}))
    told = event(at, {"EventType": "check_url"})
    for name in told.query:
        with pytest.raises(Refused):
            await channel.receive(replace(told, query={**told.query, name: given}))
    # Under its other name beside the genuine one it is no better.
    with pytest.raises(Refused):
        await channel.receive(replace(told, query={**told.query, "signature": given}))


@pytest.mark.parametrize("make", [robot, pressed, lambda at: event(at, {"EventType": "x"})])
async def test_a22_a_replay_now_carries_the_same_id_and_later_is_refused(
    channel: DingTalk, clock: FakeClock, make: Any
) -> None:
    call = make(ms(clock()))
    first = await channel.receive(call)
    again = await channel.receive(call)
    assert [m.external_id for m in first.messages] == [m.external_id for m in again.messages]
    clock.advance(600)
    with pytest.raises(Refused):
        await channel.receive(call)


async def test_a22_an_event_under_a_new_nonce_is_refused(
    channel: DingTalk, clock: FakeClock
) -> None:
    call = event(ms(clock()), {"EventType": "check_url"})
    with pytest.raises(Refused):
        await channel.receive(replace(call, query={**call.query, "nonce": "other"}))


@pytest.mark.parametrize("make", [robot, pressed, lambda at: event(at, {"EventType": "x"})])
@pytest.mark.parametrize("away", [-301.0, 301.0, -86_400.0, 3_599.0])
async def test_a23_a_genuine_signature_of_another_time_is_refused(
    channel: DingTalk, clock: FakeClock, make: Any, away: float
) -> None:
    with pytest.raises(Refused):
        await channel.receive(make(ms(clock(), away)))


@pytest.mark.parametrize("away", [-299.0, 0.0, 299.0])
async def test_a_clock_that_is_a_little_off_is_borne(
    channel: DingTalk, clock: FakeClock, away: float
) -> None:
    assert (await channel.receive(robot(ms(clock(), away)))).told


@pytest.mark.parametrize("make", [robot, pressed, lambda at: event(at, {"EventType": "x"})])
async def test_a23_a_time_that_is_none_is_refused(
    channel: DingTalk, clock: FakeClock, make: Any
) -> None:
    seconds = ms(clock())[:-3]
    odd = ["-1", "1e9", "9" * 20, seconds, f"{seconds}.000", f"+{ms(clock())}", "１" * 13, "", " "]
    for timestamp in odd:
        with pytest.raises(Refused):
            await channel.receive(make(timestamp))


# A24 to A26: what is inside


BOMBS = {
    "deep lists": b"[" * 100_000,
    "deep objects": b'{"a":' * 50_000,
    "wide": b"[" + b"0," * 120_000 + b"0]",
    "many keys": json.dumps({str(n): n for n in range(20_000)}).encode(),
    "wide object": b'{"msgId":[' + b'"",' * 80_000 + b'""]}',
    "five thousand digits": b'{"createAt":' + b"9" * 5_000 + b"}",
    "one string": b'{"text":{"content":"' + "长".encode() * 80_000 + b'"}}',
    "escapes": b'{"msgId":"' + b"\\u957f" * 40_000 + b'"}',
    "two hundred kilobytes of nothing": b" " * 250_000,
    "too large": b"{" + b" " * 300_000 + b"}",
    "half a character": b'{"msgId":"\\ud800"}',
    "not a number": b'{"createAt":NaN}',
    "infinite": b'{"createAt":1e999}',
    "utf-16": '{"msgId":"x"}'.encode("utf-16"),
    "bom": b'\xef\xbb\xbf{"msgId":"x"}',
    "bad bytes": b"\xff\xfe\xfd",
    "empty": b"",
    "xml": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>',
}


@pytest.mark.parametrize("name", sorted(BOMBS))
async def test_a24_a25_no_body_costs_much_or_does_more_than_be_refused(
    channel: DingTalk, clock: FakeClock, name: str
) -> None:
    body = BOMBS[name]
    sealed = Envelope(TOKEN, AES, OWNER).seal(body) if len(body) < 150_000 else "x"
    calls = [
        robot(ms(clock()), body),
        replace(pressed(ms(clock(), 1)), body=body),
        replace(event(ms(clock()), {"EventType": "x"}), body=body),
        event(ms(clock()), sealed),
    ]
    for call in calls:
        took = 9.9
        for _ in range(5):  # the best of some: the machine may be busy with something else
            began = time.thread_time()
            try:
                received = await channel.receive(call)
                assert not received.messages
            except (Refused, Malformed):
                pass
            took = min(took, time.thread_time() - began)
        assert took < 0.05


def sealed_as(plain: bytes, pad: bytes) -> str:
    key = base64.b64decode(AES + "=")
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(encryptor.update(plain + pad) + encryptor.finalize()).decode()


def inside(length: int, owner: str = OWNER, message: bytes = b"{}") -> tuple[bytes, bytes]:
    plain = bytes(16) + length.to_bytes(4, "big") + message + owner.encode()
    pad = 32 - len(plain) % 32
    return plain, bytes([pad]) * pad


async def test_a26_whatever_is_wrong_inside_the_answer_is_the_same(
    channel: DingTalk, clock: FakeClock
) -> None:
    good, pad = inside(2)
    wrong = {
        "padding": sealed_as(good, bytes([pad[0]]) * (len(pad) - 1) + b"\x00"),
        "padding of 255": sealed_as(good, bytes([255]) * len(pad)),
        "padding uneven": sealed_as(good, b"\x01" * (len(pad) - 1) + bytes([len(pad)])),
        "owner": sealed_as(*inside(2, "dingsomebodyelse0001")),
        "four gigabytes": sealed_as(*inside(2**32 - 1)),
        "too short": sealed_as(bytes(31) + b"\x1f", b""),
        "nothing": "",
        "half a block": base64.b64encode(bytes(17)).decode(),
        "not base64": "!" * 64,
        "chinese": "密文",
        "newlines": sealed_as(good, pad)[:10] + "\n" + sealed_as(good, pad)[10:],
    }
    said: set[str] = set()
    for sealed in wrong.values():
        with pytest.raises(Refused) as caught:
            await channel.receive(event(ms(clock()), sealed))
        said.add(str(caught.value))
    assert len(said) == 1
    await channel.receive(event(ms(clock()), sealed_as(good, pad)))


async def test_what_is_too_large_is_refused_like_what_is_not_signed(
    channel: DingTalk, clock: FakeClock
) -> None:
    with pytest.raises(Refused):
        await channel.receive(robot(ms(clock()), b" " * 300_000))


async def test_a26_the_time_it_takes_tells_nothing_either(
    channel: DingTalk, clock: FakeClock
) -> None:
    good, pad = inside(2)
    kinds = [
        sealed_as(good, bytes([255]) * len(pad)),
        sealed_as(*inside(2, "dingsomebodyelse0001")),
        sealed_as(*inside(2**32 - 1)),
    ]
    best: list[float] = []
    for sealed in kinds:
        call, fastest = event(ms(clock()), sealed), 9.9
        for _ in range(30):
            began = time.thread_time()
            with pytest.raises(Refused):
                await channel.receive(call)
            fastest = min(fastest, time.thread_time() - began)
        best.append(fastest)
    assert max(best) - min(best) < 0.005


# A27, A28, A30


@pytest.mark.parametrize("make", [robot, pressed])
async def test_a27_another_body_under_the_same_signature_is_turned_away_and_reported(
    channel: DingTalk, clock: FakeClock, make: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    call = make(ms(clock()))
    await channel.receive(call)
    forged = call.body.replace(b"u1", b"u2")
    for _ in range(2):
        with pytest.raises(Refused):
            await channel.receive(replace(call, body=forged))
    assert "dingtalk.body_swapped" in "".join(capfd.readouterr())
    assert (await channel.receive(call)).told  # the genuine one stays genuine


async def test_a27_signatures_of_robot_and_card_are_not_exchanged(
    channel: DingTalk, clock: FakeClock
) -> None:
    at = ms(clock())
    call = pressed(at)
    headers = {**call.headers, "x-ddpaas-signature": robot(at).headers["sign"]}
    with pytest.raises(Refused):
        await channel.receive(replace(call, headers=headers))


async def test_a28_a_webhook_that_leads_elsewhere_becomes_no_ticket_and_is_reported(
    channel: DingTalk, clock: FakeClock, capfd: pytest.CaptureFixture[str]
) -> None:
    until = int(ms(clock(), 3_600))
    urls = {
        "https://oapi.dingtalk.com/robot/sendBySession?session=s": True,
        "https://oapi.dingtalk.com/robot/send?access_token=t": False,
        "http://169.254.169.254/": False,
        "http://127.0.0.1:9/robot/sendBySession?session=s": True,  # the stand-in's base
        "http://127.0.0.1:99/robot/sendBySession?session=s": False,
    }
    for n, (url, good) in enumerate(urls.items()):
        body = BODY | {"sessionWebhook": url, "sessionWebhookExpiredTime": until}
        [message] = (await channel.receive(robot(ms(clock(), n), body))).messages
        assert (message.ticket is not None) is good, url
        assert ("dingtalk.foreign_webhook" in "".join(capfd.readouterr())) is not good
