"""App messages of the stand-in for WeCom: recipients, types, silent drops, duplicates, recall."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.clock import FakeClock
from tests.fakes.wecom import Doubts, FakeWeCom, Limits, Member
from tests.fakes.wecom_caller import Caller
from tests.fakes.wecom_files import amr


@pytest.fixture
def wecom(clock: FakeClock) -> Iterator[FakeWeCom]:
    with FakeWeCom(clock=lambda: clock().timestamp()) as running:
        yield running


@pytest.fixture
async def caller(wecom: FakeWeCom) -> AsyncIterator[Caller]:
    async with Caller(wecom) as running:
        yield running


@pytest.fixture
def hr(wecom: FakeWeCom) -> Member:
    return wecom.member("HrOne", "王芳")


async def send(caller: Caller, to: str = "hrone", words: str = "x", **more: Any) -> dict[str, Any]:
    body = {"touser": to, "msgtype": "text", "agentid": 1000002, "text": {"content": words}}
    return await caller.post("message/send", body | more)


# Recipients


async def test_ids_do_not_care_about_case_and_come_back_lower(
    wecom: FakeWeCom, caller: Caller, hr: Member
) -> None:
    other = wecom.member("zhang.san")
    answer = await send(caller, "HRONE|Zhang.San|NoBody| Ghost ", "hi")
    assert (answer["errcode"], answer["invaliduser"]) == (0, "nobody|ghost")
    assert (answer["invalidparty"], answer["invalidtag"], answer["unlicenseduser"]) == ("", "", "")
    assert answer["msgid"]
    assert "response_code" not in answer
    assert hr.texts() == other.texts() == ["hi"]


async def test_nobody_to_send_to_is_an_error_of_its_own(
    wecom: FakeWeCom, caller: Caller, hr: Member
) -> None:
    assert (await send(caller, ""))["errcode"] == 82001
    assert (await send(caller, "|"))["errcode"] == 82001
    refused = await send(caller, "Nobody")
    assert (refused["errcode"], refused["invaliduser"]) == (81013, "")
    wecom.app.visible_users = set()
    assert (await send(caller, "hrone"))["errcode"] == 81013
    assert (await send(caller, "@all"))["errcode"] == 0
    assert hr.texts() == []


async def test_whole_departments_tags_and_everybody(
    wecom: FakeWeCom, caller: Caller, hr: Member
) -> None:
    wecom.department(2, "East")
    wecom.department(3, "East 1", 2)
    east = wecom.member("east", departments=(3,))
    wecom.tag(7, hr)
    answer = await send(caller, "", "a", toparty="2|99", totag="7|8")
    assert (answer["errcode"], answer["invalidparty"], answer["invalidtag"]) == (0, "99", "8")
    await send(caller, "@all", "b")
    await send(caller, "east", "c", toparty="2")
    assert (east.texts(), hr.texts()) == (["a", "b", "c"], ["a", "b"])
    assert (await send(caller, "|".join(f"u{n}" for n in range(1001))))["errcode"] == 40058
    assert (await send(caller, toparty="|".join(["1"] * 101)))["errcode"] == 40058


async def test_who_is_not_active_is_not_reached(
    wecom: FakeWeCom, caller: Caller, hr: Member
) -> None:
    hr.entry.status = 4
    assert (await send(caller))["errcode"] == 81013
    with FakeWeCom(doubts=Doubts(inactive_members_invalid=False)) as other:
        new = other.member("new")
        new.entry.status = 4
        async with Caller(other) as second:
            assert (await send(second, "new"))["errcode"] == 0


# Types


async def test_long_texts_are_cut_and_long_markdown_is_refused(caller: Caller, hr: Member) -> None:
    await send(caller, words="字" * 700)
    for content, errcode in (("字" * 683, 45002), ("**字**", 0)):
        answer = await send(caller, msgtype="markdown", markdown={"content": content})
        assert answer["errcode"] == errcode
    assert hr.texts() == ["字" * 682, "**字**"]


async def test_every_type_of_message_arrives(caller: Caller, hr: Member) -> None:
    picture = await caller.media("image")
    voice = await caller.media("voice", "a.amr", amr(1))
    video = await caller.media("video", "a.mp4")
    file = await caller.media("file", "a.pdf")
    card = {"title": "t" * 200, "description": "d" * 600, "url": "u", "btntxt": "更多更多更多"}
    article = {"title": "t", "description": "d", "url": "u", "picurl": "p"}
    messages: dict[str, dict[str, Any]] = {
        "textcard": card,
        "image": {"media_id": picture},
        "voice": {"media_id": voice},
        "video": {"media_id": video, "title": "t", "description": "d"},
        "file": {"media_id": file},
        "news": {"articles": [article]},
    }
    for msgtype, content in messages.items():
        more: dict[str, Any] = {msgtype: content}
        answer = await send(caller, msgtype=msgtype, **more)
        assert answer["errcode"] == 0, msgtype
    seen = hr.messages()
    assert [message.msgtype for message in seen] == list(messages)
    cut = {"title": "t" * 128, "description": "d" * 512, "url": "u", "btntxt": "更多更多"}
    assert [message.content for message in seen] == [cut, *list(messages.values())[1:]]


@pytest.mark.parametrize(
    ("more", "errcode"),
    [
        ({"msgtype": "poem"}, 40008),
        ({"text": {"content": ""}}, 44004),
        ({"agentid": "1000002"}, 40058),
        ({"agentid": None}, 40058),
        ({"safe": 2}, 40058),
        ({"duplicate_check_interval": 14401}, 40058),
        ({"msgtype": "image", "image": {"media_id": "gone"}}, 40007),
        ({"msgtype": "news", "news": {"articles": []}}, 45008),
        ({"msgtype": "news", "news": {"articles": [{"title": "t", "url": "u"}] * 9}}, 45008),
        ({"msgtype": "textcard", "textcard": {"title": "t", "url": "u"}}, 40058),
        ({"msgtype": "textcard", "textcard": {"title": "t", "description": "d"}}, 40058),
    ],
)
async def test_what_is_wrong_is_refused(
    caller: Caller, hr: Member, more: dict[str, Any], errcode: int
) -> None:
    assert (await send(caller, **more))["errcode"] == errcode
    assert hr.messages() == []


# Rates


async def test_more_than_30_a_minute_vanish_without_a_word(
    wecom: FakeWeCom, caller: Caller, hr: Member, clock: FakeClock
) -> None:
    other = wecom.member("other")
    answers = [await send(caller, words=str(number)) for number in range(32)]
    assert {answer["errcode"] for answer in answers} == {0}
    assert hr.texts() == [str(number) for number in range(30)]
    assert (await send(caller, "hrone|other", "both"))["invaliduser"] == ""
    assert (len(hr.texts()), other.texts()) == (30, ["both"])
    clock.advance(60)
    await send(caller, words="again")
    assert hr.texts()[-1] == "again"


async def test_more_than_1000_an_hour_vanish_as_well(clock: FakeClock) -> None:
    limits = Limits(per_app_and_member=((30, 60), (40, 3600)))
    with FakeWeCom(clock=lambda: clock().timestamp(), limits=limits) as wecom:
        hr = wecom.member("hrone")
        async with Caller(wecom) as caller:
            for number in range(60):
                clock.advance(3)
                await send(caller, words=str(number))
    assert len(hr.texts()) == 40
    assert Limits().per_app_and_member == ((30, 60), (1000, 3600))


async def test_an_app_has_so_many_person_times_a_day(clock: FakeClock) -> None:
    with FakeWeCom(
        clock=lambda: clock().timestamp(),
        account_cap=2,
        limits=Limits(person_times_per_account=2),
    ) as wecom:
        people = [wecom.member(name) for name in ("a", "b", "c")]
        async with Caller(wecom) as caller:
            assert (await send(caller, "a|b|c"))["errcode"] == 0
            assert (await send(caller, "a|b"))["errcode"] == 45009
            assert (await send(caller, "a"))["errcode"] == 0
            clock.advance(timedelta(days=1))
            caller.token = ""
            assert (await send(caller, "a|b"))["errcode"] == 0
    assert [len(person.texts()) for person in people] == [3, 2, 1]


# Twice


async def test_the_same_body_arrives_once_if_it_asks_for_that(
    caller: Caller, hr: Member, clock: FakeClock
) -> None:
    first = await send(caller, enable_duplicate_check=1)
    second = await send(caller, enable_duplicate_check=1)
    assert (second["errcode"], second["msgid"]) == (0, first["msgid"])
    await send(caller, words="y", enable_duplicate_check=1)
    clock.advance(1800)
    await send(caller, enable_duplicate_check=1)
    assert hr.texts() == ["x", "y"]
    clock.advance(1)
    await send(caller, enable_duplicate_check=1)
    assert hr.texts() == ["x", "y", "x"]
    for _ in range(2):
        await send(caller, words="plain")
    assert hr.texts()[3:] == ["plain", "plain"]


async def test_what_the_second_is_told_is_in_doubt() -> None:
    with FakeWeCom(doubts=Doubts(duplicate_send_errcode=40058)) as wecom:
        hr = wecom.member("hrone")
        async with Caller(wecom) as caller:
            codes = [(await send(caller, enable_duplicate_check=1))["errcode"] for _ in range(2)]
    assert (codes, hr.texts()) == ([0, 40058], ["x"])


# Recall


async def test_a_message_can_be_recalled_for_a_day(
    wecom: FakeWeCom, caller: Caller, hr: Member, clock: FakeClock
) -> None:
    first, second = (
        (await send(caller, words="a"))["msgid"],
        (await send(caller, words="b"))["msgid"],
    )
    assert (await caller.post("message/recall", {"msgid": first}))["errcode"] == 0
    assert hr.texts() == ["b"]
    assert (await caller.post("message/recall", {"msgid": "made-up"}))["errcode"] == 40058
    async with Caller(wecom, wecom.add_app(1000003)) as stranger:
        assert (await stranger.post("message/recall", {"msgid": second}))["errcode"] == 40058
    clock.advance(timedelta(days=1, seconds=1))
    caller.token = ""
    assert (await caller.post("message/recall", {"msgid": second}))["errcode"] == 40058
    assert hr.texts() == ["b"]


async def test_each_app_has_a_chat_of_its_own(wecom: FakeWeCom, caller: Caller, hr: Member) -> None:
    other = wecom.add_app(1000003)
    async with Caller(wecom, other) as second:
        await send(second, words="from the other", agentid=1000003)
    await send(caller, words="from the first")
    assert hr.texts() == ["from the first"]
    assert hr.at(other).texts() == ["from the other"]
