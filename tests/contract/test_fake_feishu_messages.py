"""What was sent to the stand-in for Feishu, and what people sent: replies, edits, files."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from tests.fakes import feishu_inbound as inbound
from tests.fakes.feishu import FakeFeishu, Member
from tests.fakes.feishu_caller import IM, Api, Clock, calling, code

CARD = {
    "schema": "2.0",
    "config": {"update_multi": True},
    "body": {"elements": [{"tag": "markdown", "content": "**候选人**待处理"}]},
}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def api(clock: Clock) -> AsyncIterator[Api]:
    async with calling(FakeFeishu(clock=clock, pace=clock)) as running:
        yield running


@pytest.fixture
def feishu(api: Api) -> FakeFeishu:
    return api.feishu


@pytest.fixture
def li(feishu: FakeFeishu) -> Member:
    return feishu.member("李娜", mobile="13800000001", email="li@example.com")


# Changing


async def test_a_reply_hangs_under_its_message(api: Api, li: Member) -> None:
    asked = li.say("几点?")
    body = {"msg_type": "text", "content": '{"text":"十点"}', "reply_in_thread": True, "uuid": "r1"}
    answer = (await api.call("POST", f"{IM}/{asked}/reply", json=body)).json()["data"]
    assert (answer["parent_id"], answer["root_id"]) == (asked, asked)
    assert answer["thread_id"].startswith("omt_")
    again = await api.call("POST", f"{IM}/{asked}/reply", json=body)
    assert again.json()["data"]["message_id"] == answer["message_id"]
    assert li.received()[0].parent_id == asked
    li.recall(asked)
    body["uuid"] = "r2"
    assert code(await api.call("POST", f"{IM}/{asked}/reply", json=body)) == (400, 230011)


async def test_a_text_can_be_edited_twenty_times(api: Api, clock: Clock, li: Member) -> None:
    sent = await api.sent(li.open_id)
    for n in range(20):
        body = {"msg_type": "text", "content": json.dumps({"text": f"第{n}版"})}
        assert (await api.call("PUT", f"{IM}/{sent}", json=body)).status_code == 200
    assert code(await api.call("PUT", f"{IM}/{sent}", json=body)) == (400, 230072)
    assert (li.texts(), li.received()[0].edited) == (["第19版"], True)
    other = li.say("我的")
    assert code(await api.call("PUT", f"{IM}/{other}", json=body)) == (400, 230071)
    card = await api.sent(li.open_id, "interactive", CARD)
    assert code(await api.call("PUT", f"{IM}/{card}", json=body)) == (400, 230054)


async def test_a_recalled_message_is_gone(api: Api, li: Member) -> None:
    sent = await api.sent(li.open_id)
    assert (await api.call("DELETE", f"{IM}/{sent}")).status_code == 200
    assert (li.received(), li.chat()[0].recalled) == ([], True)
    item = (await api.call("GET", f"{IM}/{sent}")).json()["data"]["items"][0]
    assert (item["deleted"], item["body"]["content"]) == (True, "This message was recalled")
    assert code(await api.call("DELETE", f"{IM}/{sent}")) == (400, 230011)
    assert code(await api.call("DELETE", f"{IM}/{li.say('x')}")) == (400, 230026)
    assert code(await api.call("GET", f"{IM}/om_nobody")) == (400, 230001)


async def test_a_card_can_be_replaced_for_two_weeks(api: Api, clock: Clock, li: Member) -> None:
    async def patch(id: str, card: Any) -> httpx2.Response:
        return await api.call("PATCH", f"{IM}/{id}", json={"content": json.dumps(card)})

    sent = await api.sent(li.open_id, "interactive", CARD)
    new = CARD | {"body": {"elements": [{"tag": "markdown", "content": "已处理"}]}}
    assert (await patch(sent, new)).status_code == 200
    assert li.card(sent).text == "已处理"
    assert code(await patch(sent, new | {"config": {}})) == (400, 230001)
    assert code(await patch(sent, {"config": {"update_multi": True}, "elements": []})) == (
        400,
        230099,
    )
    assert [(await patch(sent, new)).status_code for _ in range(5)] == [200] * 4 + [400]
    clock.at += 14 * 86400 + 1
    api.token = ""
    assert code(await patch(sent, new)) == (400, 230031)
    assert code(await patch(await api.sent(li.open_id), new)) == (400, 230054)
    assert code(await patch(li.say("x"), new)) == (400, 230012)


# Files


async def test_what_was_uploaded_can_be_sent(api: Api, li: Member) -> None:
    image = await api.call(
        "POST",
        "/open-apis/im/v1/images",
        data={"image_type": "message"},
        files={"image": ("a.png", inbound.PIXEL, "image/png")},
    )
    await api.sent(li.open_id, "image", image.json()["data"])
    file = await api.call(
        "POST",
        "/open-apis/im/v1/files",
        data={"file_type": "pdf", "file_name": "简历.pdf"},
        files={"file": ("x", b"%PDF-1.4")},
    )
    await api.sent(li.open_id, "file", file.json()["data"])
    assert [seen.kind for seen in li.received()] == ["image", "file"]
    assert api.feishu.calls_of("file")[0].files == {"file": b"%PDF-1.4"}
    empty = await api.call(
        "POST",
        "/open-apis/im/v1/images",
        data={"image_type": "message"},
        files={"image": ("a.png", b"", "image/png")},
    )
    assert code(empty) == (400, 234010)


async def test_what_people_sent_can_be_fetched(feishu: FakeFeishu, api: Api, li: Member) -> None:
    def key(message_id: str, name: str = "file_key") -> str:
        found: str = json.loads(feishu.state.messages[message_id].content)[name]
        return found

    async def fetch(message_id: str, key: str, kind: str = "file") -> httpx2.Response:
        path = f"{IM}/{message_id}/resources/{key}"
        return await api.call("GET", path, params={"type": kind})

    state = feishu.state
    sent = li.send(inbound.file(state, "简历.pdf", b"%PDF-1.4 x"))
    answer = await fetch(sent, key(sent))
    assert (answer.content, answer.headers["content-type"]) == (b"%PDF-1.4 x", "application/pdf")
    picture = li.send(inbound.image(state))
    assert (await fetch(picture, key(picture, "image_key"), "image")).content == inbound.PIXEL
    assert code(await fetch(picture, key(picture, "image_key"))) == (400, 234003)
    assert code(await fetch(picture, key(sent))) == (400, 234003)
    assert code(await fetch(sent, key(sent), "video")) == (400, 234001)
    big = li.send(inbound.file(state, "big.zip", b"x", size=101 * 1024 * 1024))
    assert code(await fetch(big, key(big))) == (400, 234037)
    funny = li.send(inbound.sticker(state))
    assert code(await fetch(funny, key(funny))) == (400, 234043)
    group = feishu.group("招聘", li)
    there = li.send(inbound.file(state, "a.txt", b"a"), group.id)
    group.remove_bot(li)
    assert code(await fetch(there, key(there))) == (400, 234004)
    wang = feishu.outsider("王芳")
    mixed = feishu.group("内外", li, wang)
    outside = li.send(inbound.file(state, "a.txt", b"a"), mixed.id)
    assert code(await fetch(outside, key(outside))) == (400, 234009)
    alone = wang.send(inbound.file(state, "a.txt", b"a"))
    assert (await fetch(alone, key(alone))).content == b"a"
