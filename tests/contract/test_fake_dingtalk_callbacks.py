"""HTTP mode of the stand-in for DingTalk: signatures, envelopes, and calls not to be believed."""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote_plus, urlsplit

import pytest

from tests.clock import FakeClock
from tests.fakes.dingtalk import CardButton, FakeDingTalk, Member
from tests.fakes.dingtalk_caller import Caller
from tests.fakes.dingtalk_crypto import Envelope, card_sign, robot_sign

TOKEN, AES_KEY = "token-of-the-hook", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"

# Published by the platform and its users: (token, aes key, owner, timestamp, nonce, …).
VECTORS = {
    "success": (
        "123456",
        "1234567890123456789012345678901234567890123",
        "dingsnotzck6pm5veliw",
        "1614767836",
        "A7Co0cJLMzIDtMMI",
        "YvkvaGe4hQxd3VxRmEty0dVlnCOAqwf56xwTRHDHoOURqhalbmBJQk5FNcRk42Gl5T0YQXZNwpwWSm1xAFJ5ZA==",
        "9a95a004dd16f5c307e849b994173f76aa26e5eb",
    ),
    '{"EventType":"check_url"}': (
        "mryue",
        "Yue0EfdN5900c1ce5cf6A152c63DDe1808a60c5ecd7",
        "ding6ccabc44d2c8d38b",
        "1608001896814",
        "WL4PK6yA",
        "0vJiX6vliEpwG3U45CtXqi+m8PXbQRARJ8p8BbDuD1EMTDf0jKpQ79QS93qEk7XHpP6u+oTTrd15NRPvNvmBKyDCYxxOK"
        "+HZeKju4yhELOFchzNukR+t8SB/qk4ROMu3",
        "03044561471240d4a14bb09372dfcfd4fd0e40cb",
    ),
}


@dataclass
class Got:
    """One call the app received."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def query(self) -> dict[str, str]:
        return {key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()}


@dataclass
class Receiver:
    """An app's web server: notes what comes and answers as it is told."""

    url: str = ""
    got: list[Got] = field(default_factory=list)
    answer: Callable[[Got], tuple[int, Any]] = lambda got: (200, {"msgtype": "empty"})


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            got = Got(self.path, {k.lower(): v for k, v in self.headers.items()}, body)
            receiver.got.append(got)
            status, answer = receiver.answer(got)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(answer, ensure_ascii=False).encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01))
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_port}/hook"
    yield receiver
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
async def dingtalk(clock: FakeClock) -> AsyncIterator[FakeDingTalk]:
    async with FakeDingTalk(clock=lambda: clock().timestamp(), push_timeout_s=0.5) as running:
        yield running


@pytest.fixture
def li(dingtalk: FakeDingTalk) -> Member:
    return dingtalk.member("u1", "李HR")


# Published vectors


def test_the_robots_signature_is_the_published_one() -> None:
    sign = robot_sign("this is a secret", "1577262236757")
    assert sign == "DJrE6qdyVGCQz9z5r2MDuNcNAhwYnuAkyj13cx169CA="
    assert quote_plus(sign) == "DJrE6qdyVGCQz9z5r2MDuNcNAhwYnuAkyj13cx169CA%3D"


@pytest.mark.parametrize("plain", VECTORS)
def test_published_envelopes_open(plain: str) -> None:
    token, key, owner, timestamp, nonce, encrypt, signature = VECTORS[plain]
    envelope = Envelope(token, key, owner)
    assert envelope.signature(timestamp, nonce, encrypt) == signature
    assert envelope.open(signature, timestamp, nonce, encrypt) == plain
    for wrong in (Envelope(token, key, "dingother"), Envelope("other", key, owner)):
        with pytest.raises(ValueError):
            wrong.open(signature, timestamp, nonce, encrypt)


def test_what_is_sealed_opens_whatever_its_length() -> None:
    envelope = Envelope(TOKEN, AES_KEY, "dingcorp0001")
    for length in range(40):
        encrypt = envelope.seal("字" * length)
        assert len(base64.b64decode(encrypt)) % 32 == 0
        signature = envelope.signature("1", "n", encrypt)
        assert envelope.open(signature, "1", "n", encrypt) == "字" * length


# Robot callbacks


def believed(dingtalk: FakeDingTalk, got: Got, now_ms: int) -> bool:
    """The check of the documents, written once more."""
    secret, timestamp = dingtalk.app.client_secret.encode(), got.headers["timestamp"]
    digest = hmac.new(secret, timestamp.encode() + b"\n" + secret, hashlib.sha256).digest()
    fresh = abs(now_ms - int(timestamp)) <= 3_600_000
    return fresh and base64.b64encode(digest).decode() == got.headers["sign"]


async def test_a_message_comes_signed_and_may_be_answered_at_once(
    dingtalk: FakeDingTalk, receiver: Receiver, li: Member, clock: FakeClock
) -> None:
    dingtalk.receive_by_http(receiver.url)
    at = {"atUserIds": ["u1"]}
    receiver.answer = lambda got: (200, {"msgtype": "text", "text": {"content": "收到"}, "at": at})
    message_id = li.say("在吗")
    await dingtalk.until(li.texts)
    (got,) = receiver.got
    assert believed(dingtalk, got, int(clock().timestamp() * 1000))
    body = json.loads(got.body)
    assert (body["msgId"], body["text"]["content"]) == (message_id, "在吗")
    (reply,) = li.received()
    assert (reply.text, reply.via, reply.at_me) == ("收到", "callback", True)
    assert [(push.status, push.answer["msgtype"]) for push in dingtalk.pushes] == [(200, "text")]
    assert dingtalk.delivery(message_id).status == "taken"
    receiver.answer = lambda got: (200, {"msgtype": "empty"})
    quiet = li.say("好")
    await dingtalk.until(lambda: dingtalk.delivery(quiet).status == "taken")
    assert li.texts() == ["收到"]


async def test_an_app_that_fails_has_lost_the_message(
    dingtalk: FakeDingTalk, receiver: Receiver, li: Member
) -> None:
    dingtalk.receive_by_http(receiver.url)
    receiver.answer = lambda got: (500, {})
    message_id = li.say("x")
    await dingtalk.until(lambda: dingtalk.delivery(message_id).status == "failed")
    dingtalk.receive_by_http("http://127.0.0.1:9/nobody")
    message_id = li.say("y")
    await dingtalk.until(lambda: dingtalk.delivery(message_id).status == "failed")
    assert [push.status for push in dingtalk.pushes] == [500, 0]
    assert len(receiver.got) == 1


async def test_calls_can_be_repeated_forged_and_late(
    dingtalk: FakeDingTalk, receiver: Receiver, li: Member, clock: FakeClock
) -> None:
    dingtalk.receive_by_http(receiver.url)
    message_id = li.say("在吗")
    await dingtalk.until(lambda: dingtalk.delivery(message_id).status == "taken")
    (push,) = dingtalk.pushes
    assert (await dingtalk.repeat(push)).status == 200
    assert receiver.got[1].body == receiver.got[0].body
    tampered = await dingtalk.repeat(push, body=push.body.replace("在吗".encode(), b"yes"))
    assert tampered.status == 200
    now_ms = int(clock().timestamp() * 1000)
    # The body is not signed, so all of these would be believed.
    assert [believed(dingtalk, got, now_ms) for got in receiver.got] == [True, True, True]
    forged = dingtalk.signed({"msgtype": "text"}, secret="wrong")
    late = dingtalk.signed({"msgtype": "text"}, timestamp_ms=now_ms - 3_600_001)
    for call in (forged, late):
        await dingtalk.repeat(call)
    assert [believed(dingtalk, got, now_ms) for got in receiver.got[3:]] == [False, False]


# Event subscription


def opened(got: Got, owner: str) -> Any:
    envelope, query = Envelope(TOKEN, AES_KEY, owner), got.query
    encrypt = json.loads(got.body)["encrypt"]
    assert query["signature"] == query["msg_signature"]
    text = envelope.open(query["msg_signature"], query["timestamp"], query["nonce"], encrypt)
    return json.loads(text)


def success(owner: str) -> dict[str, str]:
    envelope = Envelope(TOKEN, AES_KEY, owner)
    encrypt = envelope.seal("success")
    signature = envelope.signature("1", "nonce", encrypt)
    return {"msg_signature": signature, "timeStamp": "1", "nonce": "nonce", "encrypt": encrypt}


@pytest.mark.parametrize("by_api", [False, True])
async def test_events_are_sealed_to_an_address_that_proved_itself(
    dingtalk: FakeDingTalk, receiver: Receiver, by_api: bool
) -> None:
    owner = dingtalk.app.corp_id if by_api else dingtalk.app.client_id
    receiver.answer = lambda got: (200, success(owner))
    hook = dingtalk.subscribe_events(receiver.url, TOKEN, AES_KEY, by_api=by_api)
    await dingtalk.until(lambda: hook.verified)
    assert opened(receiver.got[0], owner) == {"EventType": "check_url"}
    event_id = dingtalk.event("user_add_org", userId=["王"])
    await dingtalk.until(lambda: dingtalk.delivery(event_id).status == "taken")
    event = opened(receiver.got[1], owner)
    assert (event["EventType"], event["CorpId"]) == ("user_add_org", dingtalk.app.corp_id)
    assert (event["eventId"], event["userId"]) == (event_id, ["王"])


async def test_an_event_comes_again_until_success_is_sealed(
    dingtalk: FakeDingTalk, receiver: Receiver, clock: FakeClock
) -> None:
    owner = dingtalk.app.client_id
    receiver.answer = lambda got: (200, success(owner))
    hook = dingtalk.subscribe_events(receiver.url, TOKEN, AES_KEY)
    await dingtalk.until(lambda: hook.verified)
    wrong: list[tuple[int, Any]] = [(200, {"msgtype": "empty"}), (200, success("dingother"))]
    receiver.answer = lambda got: wrong.pop() if wrong else (200, success(owner))
    event_id = dingtalk.event("user_leave_org")
    for sends in (1, 2):
        await dingtalk.until(partial(_refused, dingtalk, event_id, sends))
        clock.advance(3)
    await dingtalk.until(lambda: dingtalk.delivery(event_id).status == "taken")
    assert dingtalk.delivery(event_id).sends == 3
    assert len({opened(got, owner)["eventId"] for got in receiver.got[1:]}) == 1


def _refused(dingtalk: FakeDingTalk, event_id: str, sends: int) -> bool:
    delivery = dingtalk.delivery(event_id)
    return delivery.status == "waiting" and delivery.sends == sends


async def test_sealed_calls_can_be_tampered_with(
    dingtalk: FakeDingTalk, receiver: Receiver
) -> None:
    owner = dingtalk.app.client_id
    receiver.answer = lambda got: (200, success(owner))
    dingtalk.subscribe_events(receiver.url, TOKEN, AES_KEY)
    await dingtalk.until(lambda: receiver.got)
    good = dingtalk.sealed({"EventType": "x"})
    other = dingtalk.sealed({"EventType": "x"}, envelope=Envelope("other", AES_KEY, owner))
    for push in (good, other):
        await dingtalk.repeat(push)
    await dingtalk.repeat(good, url=good.url.replace("timestamp=", "timestamp=1"))
    await dingtalk.repeat(good, body=good.body.replace(b'"encrypt": "', b'"encrypt": "AAAA'))
    assert opened(receiver.got[1], owner) == {"EventType": "x"}
    for got in receiver.got[2:5]:
        with pytest.raises(ValueError, match="signature"):
            opened(got, owner)
    old = dingtalk.sealed({"EventType": "x"}, timestamp_ms=1)
    await dingtalk.repeat(old)
    assert receiver.got[5].query["timestamp"] == "1"


# Cards by HTTP


async def test_a_press_can_be_told_by_http(
    dingtalk: FakeDingTalk, receiver: Receiver, li: Member
) -> None:
    dingtalk.template("alert.schema", CardButton(action_id="ok", label="好"))
    receiver.answer = lambda got: (
        200,
        {
            "cardUpdateOptions": {"updateCardDataByKey": True},
            "cardData": {"cardParamMap": {"status": "done"}},
        },
    )
    async with Caller(dingtalk) as app:
        route = {"callbackRouteKey": "k", "callbackUrl": receiver.url, "apiSecret": "s3"}
        registered = await app.v1("POST", "/card/callbacks/register", route)
        assert registered.json()["result"] == {"callbackUrl": receiver.url, "apiSecret": "s3"}
        card = {
            "cardTemplateId": "alert.schema",
            "outTrackId": "a-1",
            "callbackType": "HTTP",
            "callbackRouteKey": "k",
            "cardData": {"cardParamMap": {"who": "甲"}},
            "openSpaceId": "dtv1.card//IM_ROBOT.u1",
            "imRobotOpenSpaceModel": {},
            "imRobotOpenDeliverModel": {"spaceType": "IM_ROBOT"},
        }
        await app.v1("POST", "/card/instances/createAndDeliver", card)
    press = li.press("a-1", "好")
    await dingtalk.until(lambda: press.done)
    (got,) = receiver.got
    timestamp = got.headers["x-ddpaas-signature-timestamp"]
    digest = hmac.new(b"s3", timestamp.encode(), hashlib.sha256).digest()
    assert got.headers["x-ddpaas-signature"] == base64.b64encode(digest).decode()
    assert card_sign("s3", timestamp) == got.headers["x-ddpaas-signature"]
    assert json.loads(got.body)["outTrackId"] == "a-1"
    assert (press.status, li.card("a-1").data) == ("answered", {"who": "甲", "status": "done"})
