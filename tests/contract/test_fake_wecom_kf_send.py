"""Sending to customers through the stand-in for WeCom: quota, 48 hours, states, codes, sizes."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.clock import FakeClock
from tests.fakes.wecom import Customer, Doubts, FakeWeCom, Servicer
from tests.fakes.wecom_caller import Caller


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
    """Somebody who wrote one message."""
    customer = wecom.customer("李娜")
    customer.write("你好")
    return customer


@pytest.fixture
def boss(wecom: FakeWeCom) -> Servicer:
    return wecom.servicer(wecom.member("boss"))


async def send(caller: Caller, to: Customer, words: str = "x", **more: Any) -> dict[str, Any]:
    body = {"touser": to.external_userid, "open_kfid": to.account.open_kfid}
    return await caller.post(
        "kf/send_msg", body | {"msgtype": "text", "text": {"content": words}} | more
    )


async def code_of(caller: Caller, to: Customer, **more: Any) -> int:
    return int((await send(caller, to, **more))["errcode"])


async def on_event(caller: Caller, code: str, **more: Any) -> int:
    body = {"code": code, "msgtype": "text", "text": {"content": "welcome"}} | more
    return int((await caller.post("kf/send_msg_on_event", body))["errcode"])


async def trans(caller: Caller, of: Customer, state: int, servicer: str = "") -> dict[str, Any]:
    body = {"open_kfid": of.account.open_kfid, "external_userid": of.external_userid}
    extra = {"servicer_userid": servicer} if servicer else {}
    return await caller.post("kf/service_state/trans", body | {"service_state": state} | extra)


async def state_of(caller: Caller, of: Customer) -> dict[str, Any]:
    body = {"open_kfid": of.account.open_kfid, "external_userid": of.external_userid}
    return await caller.post("kf/service_state/get", body)


# Quota and window


async def test_a_message_reaches_the_customer(
    caller: Caller, li: Customer, clock: FakeClock
) -> None:
    answer = await send(caller, li, "您好", msgid="our-id_1")
    assert (answer["errcode"], answer["msgid"]) == (0, "our-id_1")
    (seen,) = li.seen()
    assert (seen.msgid, seen.msgtype, seen.text, seen.by) == ("our-id_1", "text", "您好", "api")
    assert seen.at == clock().timestamp()
    assert (await send(caller, li))["msgid"] not in ("", "our-id_1")


async def test_five_messages_follow_one_of_the_customer(caller: Caller, li: Customer) -> None:
    assert [await code_of(caller, li) for _ in range(6)] == [0, 0, 0, 0, 0, 95001]
    li.write("再说")
    assert [await code_of(caller, li) for _ in range(6)] == [0, 0, 0, 0, 0, 95001]
    assert len(li.seen()) == 10


@pytest.mark.parametrize("refills", [True, False])
async def test_whether_a_click_refills_the_five_is_a_switch(refills: bool) -> None:
    with FakeWeCom(doubts=Doubts(menu_click_refills=refills)) as wecom:
        li = wecom.customer()
        li.write("hi")
        async with Caller(wecom) as caller:
            for _ in range(5):
                await send(caller, li)
            li.forge_click("好", "opt_yes")
            assert await code_of(caller, li) == (0 if refills else 95001)


@pytest.mark.parametrize("errcode", [95002, 95018])
async def test_after_48_hours_nothing_can_be_sent(clock: FakeClock, errcode: int) -> None:
    doubts = Doubts(after_48_hours_errcode=errcode)
    with FakeWeCom(clock=lambda: clock().timestamp(), doubts=doubts) as wecom:
        li = wecom.customer()
        li.write("hi")
        async with Caller(wecom) as caller:
            clock.advance(timedelta(hours=48))
            assert await code_of(caller, li) == 0
            clock.advance(1)
            assert await code_of(caller, li) == errcode
            assert (await state_of(caller, li))["service_state"] == 4
            li.write("back")
            assert (await state_of(caller, li))["service_state"] == 0
            assert await code_of(caller, li) == 0


async def test_a_msgid_works_once_for_an_account(
    wecom: FakeWeCom, caller: Caller, li: Customer
) -> None:
    assert await code_of(caller, li, msgid="a") == 0
    assert await code_of(caller, li, msgid="a") == Doubts().duplicate_msgid_errcode
    assert await code_of(caller, wecom.customer("x"), msgid="b") == 40096
    assert await code_of(caller, li, msgid="b") == 0
    for bad in ("x" * 33, "a b", "字"):
        assert await code_of(caller, li, msgid=bad) == 40058
    assert await code_of(caller, li, msgid="x" * 32) == 0
    other = wecom.add_account("校招")
    li.account = other
    li.write("hi")
    assert await code_of(caller, li, msgid="a") == 0


async def test_a_lost_answer_and_a_repeat_deliver_one_message(
    wecom: FakeWeCom, caller: Caller, li: Customer
) -> None:
    await caller.gettoken()
    wecom.drop_after_delivery("kf/send_msg")
    with pytest.raises(Exception, match=r"(?i)disconnect"):
        await send(caller, li, msgid="once")
    assert await code_of(caller, li, msgid="once") != 0
    assert li.texts() == ["x"]


async def test_who_came_and_who_did_not(wecom: FakeWeCom, caller: Caller) -> None:
    stranger = wecom.customer("x")
    assert await code_of(caller, stranger) == 40096
    stranger.enter()
    assert (await state_of(caller, stranger))["service_state"] == 4
    assert await code_of(caller, stranger) == 95018


async def test_an_unverified_corp_serves_a_hundred_customers() -> None:
    with FakeWeCom(verified=False) as wecom:
        people = [wecom.customer(str(number)) for number in range(101)]
        for person in people:
            person.write("hi")
        async with Caller(wecom) as caller:
            assert [await code_of(caller, person) for person in people[99:]] == [0, 95003]
            late = wecom.customer()
            assert await on_event(caller, late.enter()) == 95003
    with FakeWeCom(doubts=Doubts(customers_of_verified_corp=0)) as wecom:
        wecom.customer("x", "wmX").write("hi")
        async with Caller(wecom) as caller:
            assert await code_of(caller, wecom.customer("x", "wmX")) == 95003


# Accepted, not delivered


async def test_an_accepted_message_may_fail_later(
    wecom: FakeWeCom, caller: Caller, li: Customer
) -> None:
    li.account.failing.append(4)
    await send(caller, li, msgid="lost")
    li.person.refuses = True
    await send(caller, li, msgid="refused")
    li.person.refuses = False
    await send(caller, li, msgid="seen")
    wecom.report_undelivered(li, "seen", 12)
    with pytest.raises(LookupError):
        wecom.report_undelivered(li, "seen")
    assert li.seen() == []
    body = {"open_kfid": li.account.open_kfid}
    items = (await caller.post("kf/sync_msg", body))["msg_list"]
    failed = [item["event"] for item in items if item["origin"] == 4]
    assert {event["event_type"] for event in failed} == {"msg_send_fail"}
    found = [(event["fail_msgid"], event["fail_type"]) for event in failed]
    assert found == [("lost", 4), ("refused", 10), ("seen", 12)]


# States


async def test_the_api_moves_a_session_as_the_table_says(
    caller: Caller, li: Customer, boss: Servicer
) -> None:
    assert await state_of(caller, li) == {"errcode": 0, "errmsg": "ok", "service_state": 0}
    await send(caller, li)
    assert (await state_of(caller, li))["service_state"] == 1
    assert (await trans(caller, li, 0))["errcode"] == 95016
    pool = await trans(caller, li, 2)
    assert (pool["errcode"], await code_of(caller, li)) == (0, 95018)
    assert [(await trans(caller, li, state))["errcode"] for state in (1, 4)] == [95016, 95016]
    assert (await trans(caller, li, 3, "BOSS"))["errcode"] == 0
    state = await state_of(caller, li)
    assert (state["service_state"], state["servicer_userid"]) == (3, "boss")
    assert await code_of(caller, li) == 95018
    assert (await trans(caller, li, 1))["errcode"] == 95016
    assert (await trans(caller, li, 3, "boss"))["errcode"] == 95016
    assert (await trans(caller, li, 4))["errcode"] == 0
    assert (await trans(caller, li, 1))["errcode"] == 95016
    assert await code_of(caller, li) == 95018
    li.write("noch da?")
    assert (await state_of(caller, li))["service_state"] == 0
    assert (await trans(caller, li, 1)).get("msg_code") is None
    assert (await trans(caller, li, 5))["errcode"] == 40058


async def test_a_move_that_is_in_doubt_can_be_allowed() -> None:
    moves = frozenset({(0, 4), (3, 1)})
    with FakeWeCom(doubts=Doubts(extra_moves=moves, move_from_ended_errcode=95013)) as wecom:
        li = wecom.customer()
        li.write("hi")
        async with Caller(wecom) as caller:
            assert "msg_code" in await trans(caller, li, 4)
            assert (await trans(caller, li, 1))["errcode"] == 95013


async def test_a_session_goes_to_serving_servicers_only(
    wecom: FakeWeCom, caller: Caller, li: Customer, boss: Servicer
) -> None:
    boss.stop()
    assert (await trans(caller, li, 3))["errcode"] == 40058
    assert (await trans(caller, li, 3, "nobody"))["errcode"] == 95014
    assert (await trans(caller, li, 3, "boss"))["errcode"] == 95019
    boss.serve()
    assert (await trans(caller, li, 3, "boss"))["errcode"] == 0
    other = wecom.servicer(wecom.member("wang"))
    assert "msg_code" in await trans(caller, li, 3, "wang")
    other.end(li)
    assert (await state_of(caller, li))["service_state"] == 4


async def test_native_assignment_takes_new_sessions_away(
    wecom: FakeWeCom, caller: Caller, boss: Servicer
) -> None:
    wecom.account.native_assignment = True
    li = wecom.customer()
    li.write("hi")
    assert (await state_of(caller, li))["servicer_userid"] == "boss"
    assert await code_of(caller, li) == 95018
    boss.stop()
    other = wecom.customer()
    other.write("hi")
    assert await code_of(caller, other) == 0


# Codes


async def test_a_welcome_code_works_once_within_20_seconds(
    wecom: FakeWeCom, caller: Caller, clock: FakeClock
) -> None:
    li = wecom.customer()
    code = li.enter()
    assert await on_event(caller, code, msgtype="image", image={"media_id": "x"}) == 40007
    link = {"link_url": "https://e.example"}
    assert await on_event(caller, code, msgtype="ca_link", ca_link=link) == 40008
    clock.advance(20)
    assert await on_event(caller, code, msgid="w1") == 0
    assert await on_event(caller, code) == 41050
    assert [(seen.text, seen.by) for seen in li.seen()] == [("welcome", "code")]
    late = wecom.customer()
    code = late.enter()
    clock.advance(21)
    assert await on_event(caller, code) == 41050
    assert await on_event(caller, "made-up") == 41050


async def test_who_was_welcomed_or_wrote_is_not_welcomed_again(
    wecom: FakeWeCom, caller: Caller, clock: FakeClock
) -> None:
    li = wecom.customer()
    assert li.enter() != li.enter() != ""  # nobody said welcome yet
    assert await on_event(caller, li.enter()) == 0
    assert li.enter() == ""
    clock.advance(timedelta(hours=48, seconds=1))
    assert li.enter() != ""
    li.write("hi")
    assert li.enter() == ""
    clock.advance(timedelta(hours=48, seconds=1))
    assert li.enter() != ""
    li.account.native_welcome = True
    assert wecom.customer().enter() == ""
    with FakeWeCom(doubts=Doubts(ever_written_blocks_welcome=True)) as other:
        wang = other.customer()
        wang.write("hi")
        wang.session.wrote_at = 0.0
        assert wang.enter() == ""


async def test_codes_of_moves_work_in_their_state_only(
    caller: Caller, li: Customer, boss: Servicer, clock: FakeClock
) -> None:
    menu = {"msgtype": "msgmenu", "msgmenu": {"head_content": "how was it?"}}
    pool = (await trans(caller, li, 2))["msg_code"]
    assert await on_event(caller, pool, **menu) == 40008
    clock.advance(timedelta(hours=47))
    caller.token = ""
    assert await on_event(caller, pool) == 0
    taken = boss.take(li)
    ended = boss.end(li)
    assert await on_event(caller, taken) == 41050
    clock.advance(20)
    assert await on_event(caller, ended, **menu) == 0
    boss.reopen(li)
    ended = (await trans(caller, li, 4))["msg_code"]
    clock.advance(21)
    assert await on_event(caller, ended) == 41050
    assert [seen.text for seen in li.seen()] == ["welcome", "how was it?"]


@pytest.mark.parametrize("counts", [True, False])
async def test_whether_event_messages_count_is_a_switch(counts: bool) -> None:
    with FakeWeCom(doubts=Doubts(event_messages_count=counts)) as wecom:
        li = wecom.customer()
        li.write("hi")
        code = wecom.state.service.issue(li.session.code("welcome", wecom.state.clock()))
        async with Caller(wecom) as caller:
            assert await on_event(caller, code) == 0
            codes = [await code_of(caller, li) for _ in range(5)]
    assert codes == ([0, 0, 0, 0, 95001] if counts else [0] * 5)
