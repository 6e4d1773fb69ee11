"""Pulling from the stand-in for WeCom: cursors, pages, retention, everything that is in the log."""

import json
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.clock import FakeClock
from tests.fakes.wecom import Customer, Doubts, FakeWeCom, Servicer
from tests.fakes.wecom_caller import Caller
from tests.fakes.wecom_kf_session import HUMAN, POOL
from tests.fakes.wecom_receiver import Receiver
from tests.fakes.wecom_samples import SAMPLES


@pytest.fixture
def wecom(clock: FakeClock) -> Iterator[FakeWeCom]:
    with FakeWeCom(clock=lambda: clock().timestamp()) as running:
        yield running


@pytest.fixture
async def caller(wecom: FakeWeCom) -> AsyncIterator[Caller]:
    async with Caller(wecom) as running:
        yield running


@pytest.fixture
def li(wecom: FakeWeCom) -> Customer:
    return wecom.customer("李娜")


@pytest.fixture
def boss(wecom: FakeWeCom) -> Servicer:
    return wecom.servicer(wecom.member("boss"))


async def pull(caller: Caller, customer: Customer, **more: Any) -> dict[str, Any]:
    return await caller.post("kf/sync_msg", {"open_kfid": customer.account.open_kfid} | more)


def texts(answer: dict[str, Any]) -> list[str]:
    return [item["text"]["content"] for item in answer["msg_list"] if item["msgtype"] == "text"]


# Pages


async def test_a_message_is_pulled_as_the_documents_show_it(
    caller: Caller, li: Customer, clock: FakeClock
) -> None:
    msgid = li.write("你好")
    answer = await pull(caller, li)
    assert (answer["errcode"], answer["has_more"]) == (0, 0)
    assert answer["msg_list"] == [
        {
            "msgid": msgid,
            "open_kfid": li.account.open_kfid,
            "external_userid": li.external_userid,
            "send_time": int(clock().timestamp()),
            "origin": 3,
            "msgtype": "text",
            "text": {"content": "你好"},
        }
    ]
    assert li.account.open_kfid.startswith("wk")
    assert li.external_userid.startswith("wm")


async def test_pages_follow_each_other_by_cursor(caller: Caller, li: Customer) -> None:
    for number in range(5):
        li.write(str(number))
    first = await pull(caller, li, limit=2)
    assert (texts(first), first["has_more"]) == (["0", "1"], 1)
    second = await pull(caller, li, limit=2, cursor=first["next_cursor"])
    third = await pull(caller, li, limit=2, cursor=second["next_cursor"])
    assert (texts(second), texts(third), third["has_more"]) == (["2", "3"], ["4"], 0)
    li.write("5")
    assert texts(await pull(caller, li, cursor=third["next_cursor"])) == ["5"]
    assert texts(await pull(caller, li, cursor=first["next_cursor"])) == ["2", "3", "4", "5"]
    again = await pull(caller, li)
    assert len(again["msg_list"]) == 6
    empty = await pull(caller, li, cursor=again["next_cursor"])
    assert (empty["msg_list"], empty["next_cursor"]) == ([], again["next_cursor"])
    assert len(empty["next_cursor"].encode()) <= 64


async def test_a_page_can_be_short_or_empty_with_more_to_come(caller: Caller, li: Customer) -> None:
    for number in range(3):
        li.write(str(number))
    li.account.log.page_items = 2
    li.account.log.empty_pages = 1
    empty = await pull(caller, li, limit=100)
    assert (empty["msg_list"], empty["has_more"]) == ([], 1)
    short = await pull(caller, li, limit=100, cursor=empty["next_cursor"])
    assert (texts(short), short["has_more"]) == (["0", "1"], 1)
    last = await pull(caller, li, cursor=short["next_cursor"])
    assert (texts(last), last["has_more"]) == (["2"], 0)


async def test_three_days_are_kept(caller: Caller, li: Customer, clock: FakeClock) -> None:
    li.write("old")
    cursor = (await pull(caller, li, limit=1))["next_cursor"]
    li.write("old as well")
    clock.advance(timedelta(days=3))
    caller.token = ""
    assert texts(await pull(caller, li)) == ["old", "old as well"]
    clock.advance(1)
    li.write("new")
    assert texts(await pull(caller, li)) == ["new"]
    assert texts(await pull(caller, li, cursor=cursor)) == ["new"]


async def test_accounts_have_logs_and_cursors_of_their_own(
    wecom: FakeWeCom, caller: Caller, li: Customer
) -> None:
    other = wecom.add_account("校招")
    li.write("here")
    cursor = (await pull(caller, li))["next_cursor"]
    body = {"open_kfid": other.open_kfid}
    assert (await caller.post("kf/sync_msg", body))["msg_list"] == []
    assert (await caller.post("kf/sync_msg", body | {"cursor": cursor}))["errcode"] == 40058
    assert (await caller.post("kf/sync_msg", body | {"cursor": "x" * 65}))["errcode"] == 45002


@pytest.mark.parametrize(
    ("more", "errcode"),
    [
        ({"limit": 1001}, 40058),
        ({"limit": "10"}, 40058),
        ({"voice_format": 2}, 40058),
        ({"open_kfid": ""}, 40058),
        ({"open_kfid": "nonsense"}, 95000),
        ({"open_kfid": "wkunknown"}, 95004),
        ({"token": "x" * 129}, 45002),
        ({"limit": 0}, 0),
    ],
)
async def test_what_is_asked_wrongly_is_refused(
    caller: Caller, li: Customer, more: dict[str, Any], errcode: int
) -> None:
    assert (await pull(caller, li, **more))["errcode"] == errcode


async def test_only_apps_of_an_account_may_pull(
    wecom: FakeWeCom, caller: Caller, li: Customer
) -> None:
    async with Caller(wecom, wecom.add_app(1000003)) as stranger:
        assert (await pull(stranger, li))["errcode"] == 48002
    wecom.app.kf = False
    assert (await pull(caller, li))["errcode"] == 48002


# Pull tokens


async def test_a_pull_token_lives_ten_minutes_and_for_its_account(
    wecom: FakeWeCom, caller: Caller, li: Customer, clock: FakeClock
) -> None:
    async with Receiver() as receiver:
        wecom.set_callback(receiver.url)
        li.write("x")
        await wecom.settled()
    token = receiver.opened[0]["Token"]
    assert texts(await pull(caller, li, token=token)) == ["x"]
    other = wecom.add_account("校招")
    body = {"open_kfid": other.open_kfid, "token": token}
    assert (await caller.post("kf/sync_msg", body))["errcode"] == 95007
    clock.advance(600)
    assert (await pull(caller, li, token=token))["errcode"] == 0
    clock.advance(1)
    assert (await pull(caller, li, token=token))["errcode"] == 95007
    assert texts(await pull(caller, li)) == ["x"]


async def test_pulling_without_a_token_is_limited(clock: FakeClock) -> None:
    doubts = Doubts(tokenless_pulls_per_minute=2)
    with FakeWeCom(clock=lambda: clock().timestamp(), doubts=doubts) as wecom:
        li = wecom.customer()
        async with Caller(wecom) as caller:
            assert [(await pull(caller, li))["errcode"] for _ in range(3)] == [0, 0, 45009]
            token = li.account.log.issue(clock().timestamp())
            assert (await pull(caller, li, token=token))["errcode"] == 0
            clock.advance(60)
            assert (await pull(caller, li))["errcode"] == 0


# What is in the log


async def test_what_the_api_sends_is_never_pulled(caller: Caller, li: Customer) -> None:
    li.write("hi")
    body = {"touser": li.external_userid, "open_kfid": li.account.open_kfid, "msgtype": "text"}
    assert (await caller.post("kf/send_msg", body | {"text": {"content": "hello"}}))["errcode"] == 0
    assert (li.texts(), texts(await pull(caller, li))) == (["hello"], ["hi"])


async def test_media_are_pulled_as_files_that_can_be_downloaded(
    caller: Caller, li: Customer
) -> None:
    li.send_image(b"\x89PNG real bytes", "cv.png")
    li.send_voice()
    li.send_video(b"0123456789")
    li.send_file("简历.pdf", b"%PDF-1.4 cv")
    items = (await pull(caller, li))["msg_list"]
    bytes_of = {}
    for item in items:
        media_id = item[item["msgtype"]]["media_id"]
        query = {"access_token": caller.token, "media_id": media_id}
        bytes_of[item["msgtype"]] = (await caller.raw("GET", "media/get", query)).content
    assert bytes_of["image"] == b"\x89PNG real bytes"
    assert bytes_of["voice"].startswith(b"#!AMR\n")
    assert bytes_of["video"] == b"0123456789"
    assert bytes_of["file"] == b"%PDF-1.4 cv"
    silk = (await pull(caller, li, voice_format=1))["msg_list"][1]["voice"]["media_id"]
    query = {"access_token": caller.token, "media_id": silk}
    assert b"#!SILK_V3" in (await caller.raw("GET", "media/get", query)).content


async def test_a_file_too_large_arrives_as_a_notice(caller: Caller, li: Customer) -> None:
    li.send_image(bytes(2 * 1024 * 1024 + 1))
    (item,) = (await pull(caller, li))["msg_list"]
    assert (item["msgtype"], item["text"]["content"]) == ("text", Doubts().oversized_notice)


async def test_every_documented_type_and_unknown_ones_can_be_sent(
    caller: Caller, li: Customer
) -> None:
    for msgtype, content in SAMPLES.items():
        li.send(msgtype, content)
    li.send_location("Office")
    li.send_link("t", "https://e.example")
    li.send("meeting", {"whatever": 1})
    items = (await pull(caller, li))["msg_list"]
    assert {item["msgtype"] for item in items} == {*SAMPLES, "meeting"}
    for item in items[: len(SAMPLES)]:
        assert item[item["msgtype"]] == SAMPLES[item["msgtype"]]
    merged = next(item for item in items if item["msgtype"] == "merged_msg")["merged_msg"]
    assert json.loads(merged["item"][0]["msg_content"]) == {
        "msgtype": "text",
        "text": {"content": "x"},
    }


async def test_a_pressed_menu_item_comes_with_its_id_and_a_typed_one_without(
    caller: Caller, li: Customer
) -> None:
    li.write("hi")
    click = {"type": "click", "click": {"id": "opt_yes", "content": "好"}}
    body = {"touser": li.external_userid, "open_kfid": li.account.open_kfid, "msgtype": "msgmenu"}
    await caller.post("kf/send_msg", body | {"msgmenu": {"head_content": "来吗", "list": [click]}})
    li.click("好")
    li.click("opt_yes")
    li.forge_click("旧的", "old")
    li.write("好")
    with pytest.raises(LookupError):
        li.click("不")
    found = [item["text"] for item in (await pull(caller, li))["msg_list"][1:]]
    pressed = {"content": "好", "menu_id": "opt_yes"}
    assert found == [pressed, pressed, {"content": "旧的", "menu_id": "old"}, {"content": "好"}]


async def test_events_say_everything_inside(
    caller: Caller, li: Customer, boss: Servicer, clock: FakeClock
) -> None:
    li.enter()
    item = (await pull(caller, li))["msg_list"][0]
    assert set(item) == {"msgid", "send_time", "origin", "msgtype", "event"}
    assert (item["origin"], item["msgtype"]) == (4, "event")
    msgid = li.write("hm")
    li.recall(msgid)
    with pytest.raises(LookupError):
        li.recall("another")
    boss.reject(li)
    boss.stop(suspended=True)
    boss.serve()
    events = [item["event"] for item in (await pull(caller, li))["msg_list"] if "event" in item]
    who = {"open_kfid": li.account.open_kfid, "external_userid": li.external_userid}
    account = {"open_kfid": li.account.open_kfid}
    assert events[1:] == [
        {"event_type": "user_recall_msg", "recall_msgid": msgid} | who,
        {"event_type": "reject_customer_msg_switch_change", "servicer_userid": "boss"}
        | {"reject_switch": 1}
        | who,
        {"event_type": "servicer_status_change", "servicer_userid": "boss", "status": 2}
        | {"stop_type": 1}
        | account,
        {"event_type": "servicer_status_change", "servicer_userid": "boss", "status": 1} | account,
    ]


async def test_a_servicer_is_pulled_with_origin_5(
    wecom: FakeWeCom, caller: Caller, li: Customer, boss: Servicer
) -> None:
    li.write("有人吗")
    with pytest.raises(ValueError, match="state 0"):
        boss.write(li, "在")
    li.session.state = POOL
    taken = boss.take(li)
    other = wecom.servicer(wecom.member("wang"))
    msgid = boss.write(li, "在的")
    boss.recall(li, msgid)
    with pytest.raises(ValueError, match="boss serves"):
        other.write(li, "x")
    boss.transfer(li, other)
    other.write(li, "我来")
    ended = other.end(li)
    other.reopen(li)
    assert (li.texts(), li.session.state, li.session.servicer) == (["我来"], HUMAN, "wang")
    items = (await pull(caller, li))["msg_list"]
    spoken = [(item["servicer_userid"], item["text"]) for item in items if item["origin"] == 5]
    assert spoken == [("boss", {"content": "在的"}), ("wang", {"content": "我来"})]
    events = [item["event"] for item in items if item["origin"] == 4]
    recalled = events.pop(1)
    assert (recalled["recall_msgid"], recalled["servicer_userid"]) == (msgid, "boss")
    changes = [
        (e["change_type"], e.get("old_servicer_userid"), e.get("new_servicer_userid"))
        for e in events
    ]
    assert changes == [(1, None, "boss"), (2, "boss", "wang"), (3, "wang", None), (4, None, "wang")]
    assert [e.get("msg_code") for e in events] == [taken, None, ended, None]
