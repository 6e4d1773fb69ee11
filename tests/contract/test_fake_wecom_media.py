"""Media, robots, the address book and OAuth codes of the stand-in for WeCom."""

import base64
import hashlib
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from tests.clock import FakeClock
from tests.fakes.wecom import Doubts, FakeWeCom, Robot
from tests.fakes.wecom_caller import Caller
from tests.fakes.wecom_customer import PIXEL
from tests.fakes.wecom_files import amr

Json = dict[str, Any]
MEGABYTE = 1024 * 1024


@pytest.fixture
def wecom(clock: FakeClock) -> Iterator[FakeWeCom]:
    with FakeWeCom(clock=lambda: clock().timestamp()) as running:
        yield running


@pytest.fixture
async def caller(wecom: FakeWeCom) -> AsyncIterator[Caller]:
    async with Caller(wecom) as running:
        yield running


@pytest.fixture
def robot(wecom: FakeWeCom) -> Robot:
    return wecom.robot()


async def download(caller: Caller, media_id: str, **headers: str) -> httpx2.Response:
    if not caller.token:
        await caller.gettoken()
    query = {"access_token": caller.token, "media_id": media_id}
    return await caller.raw("GET", "media/get", query, headers=headers)


# Media


async def test_what_is_uploaded_can_be_downloaded_by_any_app(
    wecom: FakeWeCom, caller: Caller, clock: FakeClock
) -> None:
    answer = await caller.upload("file", "简历 v2.pdf", b"%PDF-1.4 real")
    assert (answer["errcode"], answer["type"]) == (0, "file")
    assert answer["created_at"] == str(int(clock().timestamp()))
    async with Caller(wecom, wecom.add_app(1000003)) as other:
        got = await download(other, answer["media_id"])
    assert (got.status_code, got.content) == (200, b"%PDF-1.4 real")
    raw = next(value for name, value in got.headers.raw if name.lower() == b"content-disposition")
    assert raw.decode() == 'attachment; filename="简历 v2.pdf"'


@pytest.mark.parametrize(
    ("span", "content", "status"),
    [
        ("bytes=0-3", b"0123", 206),
        ("bytes=7-", b"789", 206),
        ("bytes=-2", b"89", 206),
        ("bytes=5-99", b"56789", 206),
        ("bytes=20-", b"", 416),
        ("bytes=a-b", b"", 416),
    ],
)
async def test_a_part_of_a_file_can_be_asked_for(
    caller: Caller, span: str, content: bytes, status: int
) -> None:
    media_id = await caller.media("file", "a.bin", b"0123456789")
    got = await download(caller, media_id, Range=span)
    assert (got.status_code, got.content) == (status, content)
    assert got.headers["content-range"].endswith("/10")


async def test_a_file_lives_three_days_then_there_is_json_instead(
    caller: Caller, clock: FakeClock
) -> None:
    media_id = await caller.media()
    clock.advance(timedelta(days=3))
    caller.token = ""
    assert (await download(caller, media_id)).headers["content-type"] == "application/octet-stream"
    clock.advance(1)
    gone = await download(caller, media_id)
    assert (gone.status_code, gone.json()["errcode"]) == (200, 40007)
    assert gone.headers["content-type"].startswith("application/json")


@pytest.mark.parametrize(
    ("kind", "data", "errcode"),
    [
        ("image", PIXEL, 0),
        ("image", bytes(2 * MEGABYTE + 1), 45001),
        ("voice", amr(60), 0),
        ("voice", amr(61), 45007),
        ("voice", b"ID3 no AMR", 40005),
        ("voice", amr(1) + bytes([9 << 3]), 40005),
        ("video", bytes(10 * MEGABYTE + 1), 45001),
        ("file", bytes(20 * MEGABYTE), 0),
        ("file", bytes(20 * MEGABYTE + 1), 45001),
        ("file", b"12345", 40006),
        ("poem", b"123456", 40004),
    ],
)
async def test_uploads_have_their_sizes(
    caller: Caller, kind: str, data: bytes, errcode: int
) -> None:
    assert (await caller.upload(kind, "a", data))["errcode"] == errcode


async def test_an_upload_needs_the_right_field_with_a_filename(caller: Caller) -> None:
    await caller.gettoken()
    query = {"access_token": caller.token, "type": "file"}
    files: Any
    for files in ({"file": ("a", b"123456")}, {"media": (None, b"123456")}):
        answer = await caller.raw("POST", "media/upload", query, files=files)
        assert answer.json()["errcode"] == 41005
    with FakeWeCom(doubts=Doubts(image_upload_bytes=10 * MEGABYTE)) as wecom:
        async with Caller(wecom) as other:
            assert (await other.upload("image", "a", bytes(5 * MEGABYTE)))["errcode"] == 0


# Robots


async def post(caller: Caller, robot: Robot, msgtype: str, content: Json) -> int:
    body = {"msgtype": msgtype, msgtype: content}
    answer = await caller.raw("POST", "webhook/send", {"key": robot.key}, json=body)
    return int(answer.json()["errcode"])


async def test_a_robot_posts_without_any_token(caller: Caller, robot: Robot) -> None:
    digest = hashlib.md5(PIXEL).hexdigest()  # noqa: S324 - the platform's choice
    image = {"base64": base64.b64encode(PIXEL).decode(), "md5": digest}
    card = {"card_type": "text_notice", "main_title": {"title": "t"}}
    messages: dict[str, Json] = {
        "text": {"content": "出事了", "mentioned_list": ["lisi", "@all"]},
        "markdown": {"content": '<font color="warning">x</font>'},
        "markdown_v2": {"content": "| a | b |"},
        "image": image,
        "news": {"articles": [{"title": "t", "url": "u"}]},
        "template_card": card | {"card_action": {"type": 1, "url": "u"}},
    }
    for msgtype, content in messages.items():
        assert await post(caller, robot, msgtype, content) == 0, msgtype
    assert robot.posts == [{"msgtype": name, name: body} for name, body in messages.items()]


@pytest.mark.parametrize(
    ("msgtype", "content", "errcode"),
    [
        ("poem", {}, 40008),
        ("text", {"content": "字" * 683}, 45002),
        ("markdown", {"content": "字" * 1366}, 45002),
        ("markdown_v2", {"content": ""}, 44004),
        ("image", {"base64": "!", "md5": ""}, 40058),
        ("image", {"base64": base64.b64encode(PIXEL).decode(), "md5": "0" * 32}, 301019),
        ("image", {"base64": base64.b64encode(b"GIF89a").decode(), "md5": "0" * 32}, 40005),
        (
            "image",
            {"base64": base64.b64encode(bytes(2 * MEGABYTE + 1)).decode(), "md5": "0"},
            45001,
        ),
        ("news", {"articles": []}, 45008),
        ("file", {"media_id": "gone"}, 40007),
        (
            "template_card",
            {"card_type": "button_interaction", "task_id": "a", "main_title": {"title": "t"}}
            | {"button_list": [{"text": "t", "key": "k"}]},
            40058,
        ),
    ],
)
async def test_a_robot_is_refused_what_it_cannot_post(
    caller: Caller, robot: Robot, msgtype: str, content: Json, errcode: int
) -> None:
    assert await post(caller, robot, msgtype, content) == errcode
    assert robot.posts == []


async def test_a_robot_posts_20_times_a_minute(
    wecom: FakeWeCom, caller: Caller, robot: Robot, clock: FakeClock
) -> None:
    other = wecom.robot()
    codes = [await post(caller, robot, "text", {"content": "x"}) for _ in range(21)]
    assert codes == [0] * 20 + [45009]
    assert await post(caller, other, "text", {"content": "x"}) == 0
    clock.advance(60)
    assert await post(caller, robot, "text", {"content": "x"}) == 0


async def test_a_robot_must_exist_be_on_and_in_the_group(caller: Caller, robot: Robot) -> None:
    assert await post(caller, Robot("made-up"), "text", {"content": "x"}) == 93000
    robot.removed = True
    assert await post(caller, robot, "text", {"content": "x"}) == 93008
    robot.disabled = True
    assert await post(caller, robot, "text", {"content": "x"}) == 93004


async def test_files_of_a_robot_are_its_own(wecom: FakeWeCom, caller: Caller, robot: Robot) -> None:
    files = {"media": ("a.pdf", b"%PDF-1.4 x")}
    query = {"key": robot.key, "type": "file"}
    answer = (await caller.raw("POST", "webhook/upload_media", query, files=files)).json()
    mine = {"media_id": answer["media_id"]}
    assert await post(caller, robot, "file", mine) == 0
    assert await post(caller, wecom.robot(), "file", mine) == 40007
    assert await post(caller, robot, "file", {"media_id": await caller.media("file")}) == 40007
    assert (await download(caller, answer["media_id"])).json()["errcode"] == 40007
    query["type"] = "image"
    refused = await caller.raw("POST", "webhook/upload_media", query, files=files)
    assert refused.json()["errcode"] == 40004


# Address book


async def test_a_member_is_read_without_what_new_apps_may_not_see(
    wecom: FakeWeCom, caller: Caller
) -> None:
    entry = wecom.member("LiSi", "李四", mobile="13800000000").entry
    entry.direct_leaders, entry.leads, entry.position = ["boss"], [1], "HR"
    answer = await caller.get("user/get", userid="lisi")
    assert answer == {
        "errcode": 0,
        "errmsg": "ok",
        "userid": "LiSi",
        "name": "李四",
        "department": [1],
        "main_department": 1,
        "is_leader_in_dept": [1],
        "direct_leader": ["boss"],
        "position": "HR",
        "status": 1,
    }
    found = await caller.post("user/getuserid", {"mobile": "13800000000"})
    assert found["userid"] == "LiSi"
    assert (await caller.post("user/getuserid", {"mobile": "1"}))["errcode"] == 46004


async def test_unknown_numbers_block_the_call_for_a_day(clock: FakeClock) -> None:
    doubts = Doubts(mobile_misses_per_day=1)
    with FakeWeCom(clock=lambda: clock().timestamp(), doubts=doubts) as wecom:
        wecom.member("lisi", mobile="138")
        async with Caller(wecom) as caller:
            codes = [(await caller.post("user/getuserid", {"mobile": m}))["errcode"] for m in "12"]
            assert codes == [46004, 45009]
            clock.advance(timedelta(days=1))
            caller.token = ""
            assert (await caller.post("user/getuserid", {"mobile": "138"}))["errcode"] == 0


async def test_everything_is_clipped_to_the_visible_range(wecom: FakeWeCom, caller: Caller) -> None:
    wecom.department(2, "East")
    wecom.department(3, "East 1", 2)
    wecom.department(4, "West")
    wecom.member("e", departments=(2,), mobile="1")
    wecom.member("e1", departments=(3,))
    wecom.member("w", departments=(4,), mobile="4")
    everything = (await caller.get("department/list"))["department"]
    assert [row["id"] for row in everything] == [1, 2, 3, 4]
    wecom.app.visible_users, wecom.app.visible_departments = set(), {2}
    assert (await caller.get("user/get", userid="e1"))["errcode"] == 0
    assert (await caller.get("user/get", userid="w"))["errcode"] == 60011
    assert (await caller.get("user/get", userid="nobody"))["errcode"] == 60111
    assert (await caller.post("user/getuserid", {"mobile": "4"}))["errcode"] == 60011
    simple = (await caller.get("department/simplelist"))["department_id"]
    assert simple == [{"id": 2, "parentid": 1}, {"id": 3, "parentid": 2}]
    users = (await caller.get("user/simplelist", department_id="2"))["userlist"]
    assert users == [{"userid": "e", "name": "e", "department": [2]}]
    full = (await caller.get("user/list", department_id="3"))["userlist"]
    assert [row["userid"] for row in full] == ["e1"]
    assert (await caller.get("user/list", department_id="4"))["errcode"] == 60011
    assert (await caller.get("user/list", department_id="9"))["errcode"] == 60123
    assert (await caller.post("user/list_id"))["errcode"] == 48002


# Who is there


async def test_an_oauth_code_names_its_bearer_once(
    wecom: FakeWeCom, caller: Caller, clock: FakeClock
) -> None:
    lisi, li = wecom.member("LiSi"), wecom.customer()
    wecom.app.visible_users = set()  # a member is named all the same
    code = wecom.oauth_code(lisi)
    assert len(code.encode()) <= 512
    assert (await caller.get("auth/getuserinfo", code=code))["userid"] == "LiSi"
    assert (await caller.get("auth/getuserinfo", code=code))["errcode"] == 40029
    assert (await caller.get("auth/getuserinfo", code="made-up"))["errcode"] == 40029
    stranger = await caller.get("auth/getuserinfo", code=wecom.oauth_code(li))
    assert ("external_userid" in stranger, "userid" in stranger) == (False, False)
    lisi.add_contact(li)
    known = await caller.get("auth/getuserinfo", code=wecom.oauth_code(li))
    assert known["external_userid"] == li.external_userid
    assert known["openid"]
    code = wecom.oauth_code()
    clock.advance(301)
    assert (await caller.get("auth/getuserinfo", code=code))["errcode"] == 42003
    with FakeWeCom(doubts=Doubts(used_oauth_code_errcode=42022)) as other:
        async with Caller(other) as second:
            code = other.oauth_code(other.member("a"))
            await second.get("auth/getuserinfo", code=code)
            assert (await second.get("auth/getuserinfo", code=code))["errcode"] == 42022
