"""Sizes and forms of messages to customers of the stand-in for WeCom."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from tests.fakes.wecom import Customer, Doubts, FakeWeCom
from tests.fakes.wecom_caller import Caller


@pytest.fixture
def wecom() -> Iterator[FakeWeCom]:
    with FakeWeCom(doubts=Doubts(menu_id_bytes=64)) as running:
        running.member("boss")
        yield running


@pytest.fixture
async def caller(wecom: FakeWeCom) -> AsyncIterator[Caller]:
    async with Caller(wecom) as running:
        yield running


@pytest.fixture
def li(wecom: FakeWeCom) -> Customer:
    """Somebody who wrote one message."""
    customer = wecom.customer("李娜")
    customer.write("你好")
    return customer


async def code(caller: Caller, to: Customer, msgtype: str, content: Any) -> int:
    body = {"touser": to.external_userid, "open_kfid": to.account.open_kfid}
    answer = await caller.post("kf/send_msg", body | {"msgtype": msgtype, msgtype: content})
    return int(answer["errcode"])


def click(id: str = "i", content: str = "c") -> dict[str, Any]:
    return {"type": "click", "click": {"id": id, "content": content}}


@pytest.mark.parametrize(
    ("msgtype", "content", "errcode"),
    [
        ("text", {"content": "字" * 682}, 0),
        ("text", {"content": "字" * 683}, 45002),
        ("text", {"content": ""}, 44004),
        ("text", "x", 40058),
        ("poem", {}, 40008),
        ("image", {"media_id": "gone"}, 40007),
        ("location", {"name": "n", "address": "a", "latitude": 39.9, "longitude": 116.4}, 0),
        ("location", {"latitude": 390, "longitude": 116.4}, 40058),
        ("location", {"latitude": "39.9", "longitude": 116.4}, 40058),
        ("business_card", {"userid": "boss"}, 0),
        ("business_card", {"userid": "nobody"}, 60111),
        ("ca_link", {"link_url": "https://e.example"}, 0),
        ("msgmenu", {"head_content": "h", "list": [click()] * 10, "tail_content": "t"}, 0),
        ("msgmenu", {"list": [click()] * 11}, 95008),
        ("msgmenu", {"list": [{"type": "button", "button": {}}]}, 95009),
        ("msgmenu", {"list": [click(id="i" * 65)]}, 45002),
        ("msgmenu", {"list": [click(content="字" * 43)]}, 45002),
        ("msgmenu", {"list": [click(content="字" * 42)]}, 0),
        ("msgmenu", {"head_content": "h" * 1025}, 45002),
        ("msgmenu", {"tail_content": "t" * 1025}, 45002),
        ("msgmenu", {}, 44004),
        (
            "msgmenu",
            {"list": [{"type": "view", "view": {"url": "u", "content": "c" * 1025}}]},
            45002,
        ),
        (
            "msgmenu",
            {"list": [{"type": "view", "view": {"url": "u" * 2049, "content": "c"}}]},
            45002,
        ),
        ("msgmenu", {"list": [{"type": "text", "text": {"content": "c" * 257}}]}, 45002),
        ("msgmenu", {"list": [{"type": "text", "text": {"content": "c", "no_newline": 1}}]}, 0),
        (
            "msgmenu",
            {"list": [{"type": "miniprogram", "miniprogram": {"appid": "a", "pagepath": "p"}}]},
            40058,
        ),
    ],
)
async def test_every_type_has_its_limits(
    caller: Caller, li: Customer, msgtype: str, content: Any, errcode: int
) -> None:
    assert await code(caller, li, msgtype, content) == errcode
    assert len(li.seen()) == (errcode == 0)


async def test_media_and_cards_with_a_picture(caller: Caller, li: Customer) -> None:
    picture = await caller.media()
    file = await caller.media("file", "a.pdf")
    link = {"title": "t", "desc": "d", "url": "https://e.example", "thumb_media_id": picture}
    program = {"appid": "a", "title": "t", "pagepath": "p", "thumb_media_id": picture}

    assert await code(caller, li, "image", {"media_id": picture}) == 0
    assert await code(caller, li, "file", {"media_id": file}) == 0
    assert await code(caller, li, "image", {"media_id": file}) == 40007
    assert await code(caller, li, "link", link) == 0
    assert await code(caller, li, "link", link | {"thumb_media_id": file}) == 40007
    for name, most in (("title", 128), ("desc", 512), ("url", 2048)):
        assert await code(caller, li, "link", link | {name: "x" * (most + 1)}) == 45002
    assert await code(caller, li, "miniprogram", program) == 0
    assert await code(caller, li, "miniprogram", program | {"title": "x" * 65}) == 45002
    assert [seen.msgtype for seen in li.seen()] == ["image", "file", "link", "miniprogram"]


async def test_a_menu_is_read_line_by_line(caller: Caller, li: Customer) -> None:
    menu = {"head_content": "明天来吗", "list": [click("y", "来"), click("n", "不来")]}
    await code(caller, li, "msgmenu", menu | {"tail_content": "谢谢"})
    assert li.texts() == ["明天来吗\n来\n不来\n谢谢"]
    assert li.seen()[0].labels == ["来", "不来"]
