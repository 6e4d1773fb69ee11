"""The stand-in for DingTalk: what an app can send, to whom, and what is refused."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.clock import FakeClock
from tests.fakes.dingtalk import FakeDingTalk, Member, Unconfirmed
from tests.fakes.dingtalk_caller import Caller, code
from tests.fakes.dingtalk_webhook_robot import WebhookRobot

NOTICE = "/topapi/message/corpconversation/asyncsend_v2"


@pytest.fixture
def pace() -> list[float]:
    """The seconds that meter calls, for the test to turn."""
    return [0.0]


@pytest.fixture
async def dingtalk(clock: FakeClock, pace: list[float]) -> AsyncIterator[FakeDingTalk]:
    async with FakeDingTalk(
        clock=lambda: clock().timestamp(), pace=lambda: pace[0], disconnect_pause_s=0.05
    ) as running:
        yield running


@pytest.fixture
async def app(dingtalk: FakeDingTalk) -> AsyncIterator[Caller]:
    async with Caller(dingtalk) as caller:
        yield caller


@pytest.fixture
def li(dingtalk: FakeDingTalk) -> Member:
    return dingtalk.member("u1", "李HR", mobile="13800000001")


async def post(app: Caller, url: str, body: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = (await app.plain("POST", url, json=body)).json()
    return answer


def text(words: str, **more: Any) -> dict[str, Any]:
    return {"msgtype": "text", "text": {"content": words}, **more}


# In the session of a message


def session(dingtalk: FakeDingTalk, message_id: str) -> str:
    return str(dingtalk.delivery(message_id).data["sessionWebhook"])


async def test_a_session_answers_in_its_conversation_until_it_ends(
    dingtalk: FakeDingTalk, app: Caller, li: Member, clock: FakeClock
) -> None:
    wang = dingtalk.member("u2", "王")
    group = dingtalk.group("群", [li, wang])
    url = session(dingtalk, li.say("在吗", group))
    clock.advance(5399)
    assert await post(app, url, text("在", at={"atUserIds": ["u2"]})) == {
        "errcode": 0,
        "errmsg": "ok",
    }
    assert [(m.text, m.at_me) for m in wang.received()] == [("在", True)]
    assert [(m.text, m.at_me) for m in li.received()] == [("在", False)]
    clock.advance(1)
    over = await post(app, url, text("晚了"))
    assert (over["errcode"], over["errmsg"]) == (300001, "session 不存在")
    unknown = await post(app, "/robot/sendBySession?session=x", text("x"))
    assert unknown["errcode"] == 300001


async def test_a_session_may_end_sooner_than_it_says(clock: FakeClock) -> None:
    async with (
        FakeDingTalk(
            clock=lambda: clock().timestamp(), unconfirmed=Unconfirmed(session_life_s=30)
        ) as dingtalk,
        Caller(dingtalk) as app,
    ):
        url = session(dingtalk, dingtalk.member("u1").say("x"))
        clock.advance(30)
        assert (await post(app, url, text("x")))["errcode"] == 300001


async def test_a_session_takes_five_kinds_of_message(
    dingtalk: FakeDingTalk, app: Caller, li: Member
) -> None:
    url = session(dingtalk, li.say("x"))
    button = {"title": "看", "actionURL": "https://e.example/1"}
    for body in (
        {"msgtype": "markdown", "markdown": {"title": "甲", "text": "**乙** @u1"}},
        {
            "msgtype": "link",
            "link": {"title": "甲", "text": "乙", "messageUrl": "https://e.example"},
        },
        {"msgtype": "actionCard", "actionCard": {"title": "甲", "text": "乙", "btns": [button]}},
        {"msgtype": "feedCard", "feedCard": {"links": [{"title": "甲", "messageURL": "u"}]}},
    ):
        at = {"atUserIds": ["u1"]}
        assert (await post(app, url, {**body, "at": at}))["errcode"] == 0
    kinds = [message.kind for message in li.received()]
    assert kinds == ["markdown", "link", "actionCard", "feedCard"]
    assert li.received()[0].at_me
    assert li.received()[2].links == (("看", "https://e.example/1"),)
    for wrong in (
        {"msgtype": "interactiveCard"},
        {"msgtype": "text", "text": {}},
        {"msgtype": "markdown", "markdown": {"text": "no title"}},
        {},
    ):
        assert (await post(app, url, wrong))["errcode"] == 40035


# To people


async def test_http_200_does_not_mean_delivered(
    dingtalk: FakeDingTalk, app: Caller, li: Member
) -> None:
    slow = dingtalk.member("u2", flow_controlled=True)
    gone = dingtalk.member("u3")
    gone.leave()
    sent = await app.send(["u1", "u2", "u3", "nobody"], "你好")
    assert sent.status_code == 200
    assert sent.json() | {"processQueryKey": ""} == {
        "processQueryKey": "",
        "invalidStaffIdList": ["u3", "nobody"],
        "flowControlledStaffIdList": ["u2"],
    }
    assert [person.texts() for person in (li, slow, gone)] == [["你好"], [], []]
    (message,) = li.received()
    assert (message.via, message.kind) == ("proactive", "text")


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"robotCode": ""}, "invalidParameter.robotCode.empty"),
        ({"robotCode": "dingother"}, "invalidParameter.robotCode.notExsit"),
        ({"userIds": []}, "MissinguserIds"),
        ({"userIds": [f"u{number}" for number in range(21)]}, "too.many.people"),
        ({"msgKey": ""}, "MissingmsgKey"),
        ({"msgKey": "sampleSong"}, "invalidParameter.msgParam"),
        ({"msgParam": {"content": "an object"}}, "invalidParameter.msgParam"),
        ({"msgParam": "no json"}, "invalidParameter.msgParam"),
        ({"msgParam": '{"text": "wrong key"}'}, "invalidParameter.msgParam"),
    ],
)
async def test_a_bad_batch_is_refused_whole(
    app: Caller, li: Member, change: dict[str, Any], wanted: str
) -> None:
    assert code(await app.send(["u1"], **change)) == (400, wanted)
    assert li.texts() == []


async def test_a_robot_without_the_right_writes_to_nobody(
    dingtalk: FakeDingTalk, app: Caller, li: Member
) -> None:
    dingtalk.robot.one_to_one = False
    assert code(await app.send(["u1"])) == (400, "chatbotId.notAllow.sendOTO")
    dingtalk.robot.published = False
    assert code(await app.send(["u1"])) == (400, "robot.oto.notExist")


async def test_guesses_about_batches_can_be_turned_around() -> None:
    guess = Unconfirmed(batch_limit=100, every_id_invalid="refused", text_bytes=20)
    async with FakeDingTalk(unconfirmed=guess) as dingtalk, Caller(dingtalk) as app:
        dingtalk.member("u0")
        assert (await app.send([f"u{number}" for number in range(100)])).status_code == 200
        assert code(await app.send(["nobody"])) == (400, "staffId.notExisted")
        assert code(await app.send(["u0"], "字" * 9))[1] == "invalidParameter.msgParam.tooLong"


async def test_templates_of_messages_and_their_buttons(
    dingtalk: FakeDingTalk, app: Caller, li: Member
) -> None:
    vertical = {"title": "甲", "text": "乙"} | {
        f"action{part}{number}": f"{part}{number}" for number in (1, 2) for part in ("Title", "URL")
    }
    horizontal = {"title": "甲", "text": "乙"} | {
        f"button{part}{number}": f"{part}{number}" for number in (1, 2) for part in ("Title", "Url")
    }
    for key, param in (
        ("sampleMarkdown", {"title": "甲", "text": "**乙**"}),
        ("sampleActionCard2", vertical),
        ("sampleActionCard6", horizontal),
        ("sampleFile", {"mediaId": "@m", "fileName": "a.pdf", "fileType": "pdf"}),
    ):
        sent = await app.send(["u1"], msgKey=key, msgParam=json.dumps(param))
        assert sent.status_code == 200, sent.text
    assert [message.kind for message in li.received()] == [
        "markdown",
        "actionCard",
        "actionCard",
        "file",
    ]
    assert li.received()[1].links == (("Title1", "URL1"), ("Title2", "URL2"))
    assert li.received()[2].links == (("Title1", "Url1"), ("Title2", "Url2"))


async def test_messages_can_be_looked_after_and_recalled(
    dingtalk: FakeDingTalk, app: Caller, li: Member
) -> None:
    robot = {"robotCode": dingtalk.app.robot_code}
    key = (await app.send(["u1"], "错的")).json()["processQueryKey"]
    status = "/robot/oToMessages/readStatus"
    rows = (await app.v1("GET", status, params=robot | {"processQueryKey": key})).json()
    assert [row["readStatus"] for row in rows["messageReadInfoList"]] == ["UNREAD"]
    li.read_all()
    rows = (await app.v1("GET", status, params=robot | {"processQueryKey": key})).json()
    assert [row["readStatus"] for row in rows["messageReadInfoList"]] == ["READ"]
    body = robot | {"processQueryKeys": [key, "x"]}
    recalled = (await app.v1("POST", "/robot/otoMessages/batchRecall", body)).json()
    assert (recalled["successResult"], list(recalled["failedResult"])) == ([key], ["x"])
    assert li.received() == []


# To groups


async def group_send(dingtalk: FakeDingTalk, app: Caller, to: str, words: str = "各位好") -> Any:
    body = {
        "robotCode": dingtalk.app.robot_code,
        "openConversationId": to,
        "msgKey": "sampleText",
        "msgParam": json.dumps({"content": words}, ensure_ascii=False),
    }
    return await app.v1("POST", "/robot/groupMessages/send", body)


async def test_an_internal_group_with_the_robot_can_be_written_to(
    dingtalk: FakeDingTalk, app: Caller, li: Member
) -> None:
    group = dingtalk.group("群", [li])
    assert set((await group_send(dingtalk, app, group.id)).json()) == {"processQueryKey"}
    assert group.texts() == li.texts() == ["各位好"]
    limit = 15_000 - len('{"content": ""}')
    assert (await group_send(dingtalk, app, group.id, "字" * (limit // 3))).status_code == 200
    assert (await group_send(dingtalk, app, group.id, "字" * 5_000)).status_code == 400
    group.group.robot = False
    assert code(await group_send(dingtalk, app, group.id)) == (400, "resource.not.found")
    external = dingtalk.group("外", [dingtalk.outsider("un-x")], external=True)
    assert code(await group_send(dingtalk, app, external.id)) == (400, "resource.not.found")
    assert (await group_send(dingtalk, app, li.person.conversation_id)).status_code == 400


# Custom robots


def signed(secret: str, milliseconds: int) -> dict[str, str]:
    """The signature as the documents describe it, written once more."""
    message = f"{milliseconds}\n{secret}".encode()
    digest = hmac.new(secret.encode(), message, hashlib.sha256).digest()
    return {"timestamp": str(milliseconds), "sign": base64.b64encode(digest).decode()}


async def test_a_custom_robot_checks_what_its_maker_chose(
    dingtalk: FakeDingTalk, app: Caller, li: Member, clock: FakeClock
) -> None:
    robot = dingtalk.group("群", [li]).webhook_robot(secret="SEC1", keywords=("警报",))
    now = int(clock().timestamp() * 1000)

    async def send(words: str, **params: str) -> int:
        return int((await post(app, f"{robot.url}&{urlencode(params)}", text(words)))["errcode"])

    assert await send("警报：一", **signed("SEC1", now)) == 0
    assert await send("警报：二", **signed("SEC2", now)) == 310000
    assert await send("警报：三", **signed("SEC1", now - 3_600_001)) == 310000
    assert await send("警报：四") == 310000
    assert await send("没有词", **signed("SEC1", now)) == 310000
    robot.ip_allowed = False
    assert await send("警报：五", **signed("SEC1", now)) == 310000
    assert li.texts() == ["警报：一"]
    assert (await post(app, "/robot/send", text("x")))["errcode"] == 400101
    assert (await post(app, "/robot/send?access_token=x", text("x")))["errcode"] == 300005


@pytest.fixture
def robot(dingtalk: FakeDingTalk, li: Member) -> WebhookRobot:
    outsider = dingtalk.outsider("un-wang")
    return dingtalk.group("外部", [li, outsider], external=True).webhook_robot()


async def test_the_twenty_first_message_of_a_minute_blocks_for_ten(
    robot: WebhookRobot, app: Caller, li: Member, pace: list[float]
) -> None:
    for number in range(20):
        assert (await post(app, robot.url, text(str(number))))["errcode"] == 0
    assert (await post(app, robot.url, text("x")))["errcode"] == 130101
    pace[0] += 599
    assert (await post(app, robot.url, text("x")))["errcode"] == 130101
    pace[0] += 1
    assert (await post(app, robot.url, text("y")))["errcode"] == 0
    assert len(li.texts()) == 21


async def test_the_code_of_the_rate_limit_is_the_documented_one_on_request() -> None:
    guess = Unconfirmed(webhook_rate_code=410100, webhook_robots=True)
    async with FakeDingTalk(unconfirmed=guess) as dingtalk, Caller(dingtalk) as app:
        robot = dingtalk.group("群", [dingtalk.member("u1")]).webhook_robot()
        codes = [(await post(app, robot.url, text("x")))["errcode"] for _ in range(21)]
        assert codes == [0] * 20 + [410100]


async def test_a_custom_robot_says_the_same_uuid_once_and_calls_people(
    robot: WebhookRobot, app: Caller, li: Member
) -> None:
    body = text("看这里", msgUuid="m-1", at={"atMobiles": ["13800000001"]})
    for _ in range(2):
        assert (await post(app, robot.url, body))["errcode"] == 0
    assert [(m.text, m.at_me, m.via) for m in li.received()] == [("看这里", True, "webhook")]
    crowd = text("x", at={"atUserIds": [str(number) for number in range(51)]})
    assert (await post(app, robot.url, crowd))["errcode"] == 40035


async def test_custom_robots_may_be_a_thing_of_the_past() -> None:
    async with FakeDingTalk(unconfirmed=Unconfirmed(webhook_robots=False)) as dingtalk:
        with pytest.raises(RuntimeError):
            dingtalk.group("群", []).webhook_robot()


# Notices and media


async def test_surplus_notices_are_dropped_without_a_word(
    dingtalk: FakeDingTalk, app: Caller, li: Member, clock: FakeClock
) -> None:
    async def notify(words: str, **change: Any) -> int:
        body = {"agent_id": dingtalk.app.agent_id, "userid_list": "u1,nobody", "msg": text(words)}
        return int((await app.oapi(NOTICE, body | change))["errcode"])

    assert await notify("提醒") == await notify("提醒") == 0
    assert li.texts() == ["提醒"]
    clock.advance(timedelta(hours=24))
    await app.renew()
    assert await notify("提醒") == 0
    assert li.texts() == ["提醒", "提醒"]
    assert {message.via for message in li.received()} == {"notice"}
    assert await notify("字" * 700) == 40035
    assert await notify("x", userid_list=",".join(["u1"] * 101)) == 40035
    assert await notify("x", agent_id=7) == 40035


async def test_media_are_uploaded_within_their_size(dingtalk: FakeDingTalk, app: Caller) -> None:
    params = {"access_token": app.tokens["oapi"], "type": "file"}
    sent = await app.plain("POST", "/media/upload", params=params, files={"media": ("a", b"x")})
    assert sent.json()["media_id"].startswith("@")
    assert dingtalk.platform.notices.media[sent.json()["media_id"]] == b"x"
    large = {"media": ("a", bytes(2 * 1024 * 1024 + 1))}
    sent = await app.plain("POST", "/media/upload", params=params | {"type": "voice"}, files=large)
    assert sent.json()["errcode"] == 40006
    sent = await app.plain("POST", "/media/upload", params=params | {"type": "song"}, files=large)
    assert sent.json()["errcode"] == 40004


async def test_a_download_link_needs_no_token_and_does_not_last(
    dingtalk: FakeDingTalk, app: Caller, li: Member, clock: FakeClock
) -> None:
    message_id = li.send_file("简历.pdf", b"%PDF-1.7")
    sent = dingtalk.delivery(message_id).data["content"]["downloadCode"]
    body = {"robotCode": dingtalk.app.robot_code, "downloadCode": sent}
    url = (await app.v1("POST", "/robot/messageFiles/download", body)).json()["downloadUrl"]
    assert (await app.plain("GET", url)).content == b"%PDF-1.7"
    clock.advance(3600)
    assert (await app.plain("GET", url)).status_code == 403
    refused = await app.v1("POST", "/robot/messageFiles/download", body | {"downloadCode": "x"})
    assert refused.status_code == 400
