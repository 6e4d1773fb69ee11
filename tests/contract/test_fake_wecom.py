"""The stand-in for WeCom: tokens, rates, ordered trouble, and what it remembers of every call."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import httpx2
import pytest

from tests.clock import FakeClock
from tests.fakes.wecom import Doubts, FakeWeCom, Limits
from tests.fakes.wecom_caller import Caller


@pytest.fixture
def wecom(clock: FakeClock) -> Iterator[FakeWeCom]:
    with FakeWeCom(clock=lambda: clock().timestamp()) as running:
        running.member("lisi", "李四")
        yield running


@pytest.fixture
async def caller(wecom: FakeWeCom) -> AsyncIterator[Caller]:
    async with Caller(wecom) as running:
        yield running


# Tokens


async def test_a_token_comes_for_corpid_and_secret(wecom: FakeWeCom, caller: Caller) -> None:
    good = await caller.gettoken()
    assert (good["errcode"], good["errmsg"], good["expires_in"]) == (0, "ok", 7200)
    assert len(good["access_token"]) <= 512
    assert (await caller.gettoken("ww0"))["errcode"] == 40013
    assert (await caller.gettoken(secret="guess"))["errcode"] == 40001
    for query, errcode in (
        ({}, 41004),
        ({"corpid": wecom.corpid}, 41004),
        ({"corpsecret": "x"}, 41002),
    ):
        answer = await caller.raw("GET", "gettoken", query)
        assert (answer.status_code, answer.json()["errcode"]) == (200, errcode)


async def test_a_refusal_names_its_number_everywhere(caller: Caller) -> None:
    answer = await caller.raw("GET", "gettoken", {})
    assert answer.headers["Error-Code"] == "41004"
    assert answer.headers["Error-Msg"] == answer.json()["errmsg"]
    assert answer.headers["content-type"] == "application/json; charset=UTF-8"
    assert "devtool/query?e=41004" in answer.json()["errmsg"]


async def test_a_token_counts_in_the_query_string_only(caller: Caller) -> None:
    await caller.gettoken()
    headers = {"Authorization": f"Bearer {caller.token}", "access_token": caller.token}
    body = {"access_token": caller.token, "mobile": "1"}
    answer = await caller.raw("POST", "user/getuserid", {}, headers=headers, json=body)
    assert (answer.status_code, answer.json()["errcode"]) == (200, 41001)


async def test_a_token_runs_out_and_can_be_taken_away(
    wecom: FakeWeCom, caller: Caller, clock: FakeClock
) -> None:
    assert (await caller.get("user/get", userid="lisi"))["errcode"] == 0
    clock.advance(7199)
    assert (await caller.get("user/get", userid="lisi"))["errcode"] == 0
    clock.advance(1)
    assert (await caller.get("user/get", userid="lisi"))["errcode"] == 42001
    await caller.gettoken()
    wecom.revoke_tokens()
    assert (await caller.get("user/get", userid="lisi"))["errcode"] == 40014
    await caller.gettoken()
    wecom.expire_tokens()
    assert (await caller.get("user/get", userid="lisi"))["errcode"] == 42001
    caller.token = "made-up"
    assert (await caller.get("user/get", userid="lisi"))["errcode"] == 40014


async def test_a_repeated_request_may_bring_the_same_token_or_kill_it(
    clock: FakeClock, caller: Caller
) -> None:
    assert (await caller.gettoken())["access_token"] == (await caller.gettoken())["access_token"]
    doubts = Doubts(same_token_on_repeat=False, new_token_kills_old=True)
    with FakeWeCom(doubts=doubts) as other:
        async with Caller(other) as strict:
            old = (await strict.gettoken())["access_token"]
            assert (await strict.gettoken())["access_token"] != old
            strict.token = old
            assert (await strict.get("getcallbackip"))["errcode"] == 40014


async def test_a_token_is_good_for_one_app(wecom: FakeWeCom, caller: Caller) -> None:
    other = wecom.add_app(1000003)
    body = {"touser": "lisi", "msgtype": "text", "text": {"content": "x"}, "agentid": other.agentid}
    assert (await caller.post("message/send", body))["errcode"] == 301002
    async with Caller(wecom, other) as second:
        assert (await second.post("message/send", body))["errcode"] == 0
        assert second.token != caller.token


async def test_too_many_wrong_secrets_block_the_address_for_an_hour(clock: FakeClock) -> None:
    doubts = Doubts(wrong_secrets_per_hour=2, gettoken_per_hour=2)
    with FakeWeCom(clock=lambda: clock().timestamp(), doubts=doubts) as wecom:
        async with Caller(wecom) as caller:
            wrong = [(await caller.gettoken(secret="x"))["errcode"] for _ in range(2)]
            assert [*wrong, (await caller.gettoken())["errcode"]] == [40001, 40001, 45009]
            clock.advance(timedelta(hours=1))
            right = [(await caller.gettoken())["errcode"] for _ in range(3)]
            assert right == [0, 0, 45009]


async def test_an_app_can_be_shut_out(wecom: FakeWeCom, caller: Caller) -> None:
    wecom.app.trusted_ips = frozenset({"203.0.113.7"})
    assert (await caller.get("getcallbackip"))["errcode"] == 60020
    wecom.app.trusted_ips = frozenset({"127.0.0.1"})
    assert (await caller.get("getcallbackip"))["ip_list"] == ["127.0.0.1", "101.226.103.*"]
    wecom.app.disabled = True
    assert (await caller.get("getcallbackip"))["errcode"] == 50003


# Requests


async def test_unknown_paths_are_a_404_and_wrong_verbs_are_not(caller: Caller) -> None:
    await caller.gettoken()
    assert (await caller.raw("GET", "user/everything", {})).status_code == 404
    assert (await caller.post("user/get", {}, userid="lisi"))["errcode"] == 43001
    assert (await caller.get("kf/send_msg"))["errcode"] == 43002


async def test_a_body_is_json_with_the_characters_themselves(
    wecom: FakeWeCom, caller: Caller
) -> None:
    token = (await caller.gettoken())["access_token"]
    good = (
        '{"touser":"lisi","msgtype":"text","agentid":1000002,"text":{"content":"你好 \\\\u4f60"}}'
    )
    for body, errcode in (
        (b'{"touser"', 47001),
        (b"[]", 47001),
        (good.encode("utf-16"), 47001),
        (good.replace("你", "\\u4f60").encode(), 40033),
        (good.encode(), 0),
        (b"", 40058),
    ):
        url = {"access_token": token}
        answer = await caller.raw("POST", "message/send", url, content=body)
        assert answer.json()["errcode"] == errcode, body
    assert wecom.member("lisi").texts() == ["你好 \\u4f60"]


async def test_error_answers_carry_empty_lists_too(wecom: FakeWeCom, caller: Caller) -> None:
    answer = await caller.post("kf/sync_msg", {"open_kfid": "wk-nobody"})
    assert answer["errcode"] == 95004
    assert (answer["msg_list"], answer["has_more"], answer["next_cursor"]) == ([], 0, "")
    assert (await caller.post("kf/customer/batchget"))["customer_list"] == []


# Rates


async def test_rates_are_counted_on_the_platforms_clock(clock: FakeClock) -> None:
    limits = Limits(per_corp_and_api=((2, 60),), per_ip=((4, 60),))
    with FakeWeCom(clock=lambda: clock().timestamp(), limits=limits) as wecom:
        wecom.member("lisi")
        async with Caller(wecom) as caller:
            await caller.gettoken()
            answers = [(await caller.get("getcallbackip"))["errcode"] for _ in range(3)]
            assert answers == [0, 0, 45009]
            # The address has used up its four by now, the call of the token among them.
            assert (await caller.get("user/get", userid="lisi"))["errcode"] == 45009
            clock.advance(60)
            assert (await caller.get("user/get", userid="lisi"))["errcode"] == 0


async def test_too_many_calls_at_once_are_refused() -> None:
    with FakeWeCom(doubts=Doubts(concurrent_calls=1)) as wecom:
        async with Caller(wecom) as caller:
            await caller.gettoken()
            wecom.slow("getcallbackip", 0.05)
            calls = [caller.get("getcallbackip") for _ in range(2)]
            codes = sorted(answer["errcode"] for answer in await asyncio.gather(*calls))
    assert codes in ([0, 45033], [45033, 45033])


# Ordered trouble


@pytest.mark.parametrize("errcode", [-1, 40014, 42001, 45009, 45033, 60020])
async def test_ordered_refusals_come_once_and_do_nothing(
    wecom: FakeWeCom, caller: Caller, errcode: int
) -> None:
    body = {"touser": "lisi", "msgtype": "text", "text": {"content": "x"}, "agentid": 1000002}
    await caller.gettoken()
    wecom.fail_next("message/send", errcode)
    assert (await caller.post("message/send", body))["errcode"] == errcode
    assert wecom.member("lisi").messages() == []
    assert (await caller.post("message/send", body))["errcode"] == 0
    assert [call.errcode for call in wecom.calls_of("message/send")] == [errcode, 0]


async def test_trouble_can_last_until_it_is_healed(wecom: FakeWeCom, caller: Caller) -> None:
    wecom.fail_next("*", -1, times=None)
    assert [(await caller.gettoken())["errcode"] for _ in range(3)] == [-1, -1, -1]
    wecom.heal()
    assert (await caller.gettoken())["errcode"] == 0
    wecom.break_next("gettoken", 502)
    assert (await caller.raw("GET", "gettoken", {})).status_code == 502


async def test_a_lost_answer_leaves_the_message_delivered(wecom: FakeWeCom, caller: Caller) -> None:
    await caller.gettoken()
    body = {"touser": "lisi", "msgtype": "text", "text": {"content": "once"}, "agentid": 1000002}
    wecom.drop_after_delivery("message/send")
    with pytest.raises(httpx2.TransportError):
        await caller.post("message/send", body)
    wecom.drop_before_delivery("message/send")
    with pytest.raises(httpx2.TransportError):
        await caller.post("message/send", body)
    assert wecom.member("lisi").texts() == ["once"]
    assert [call.status for call in wecom.calls_of("message/send")] == [0, 0]


async def test_a_slow_answer_times_out_though_the_message_arrives(
    wecom: FakeWeCom, caller: Caller
) -> None:
    await caller.gettoken()
    wecom.slow("message/send", 0.15)
    body = {"touser": "lisi", "msgtype": "text", "text": {"content": "late"}, "agentid": 1000002}
    caller.http.timeout = httpx2.Timeout(0.05)
    with pytest.raises(httpx2.ReadTimeout):
        await caller.post("message/send", body)
    await wecom.until(wecom.member("lisi").texts)
    assert wecom.member("lisi").texts() == ["late"]


# Remembering


async def test_every_call_is_recorded_with_its_answer(
    wecom: FakeWeCom, caller: Caller, clock: FakeClock
) -> None:
    await caller.get("user/get", userid="nobody")
    await caller.post("kf/account/list", {"offset": 0})
    await caller.upload("file", "cv.txt", b"1234567")
    token, user, accounts, upload = wecom.calls
    assert (token.endpoint, token.query["corpsecret"]) == ("gettoken", wecom.secret)
    assert (user.verb, user.query["userid"], user.errcode, user.status) == (
        "GET",
        "nobody",
        60111,
        200,
    )
    assert (accounts.body, accounts.raw, accounts.agentid) == (
        {"offset": 0},
        b'{"offset":0}',
        1000002,
    )
    assert accounts.answer["account_list"][0]["open_kfid"] == wecom.account.open_kfid
    assert upload.files == {"media": b"1234567"}
    assert {call.at for call in wecom.calls} == {clock().timestamp()}


async def test_what_it_remembers_survives_an_outage(wecom: FakeWeCom, caller: Caller) -> None:
    port = int(wecom.api_base.rpartition(":")[2].partition("/")[0])
    await caller.gettoken()
    await asyncio.to_thread(wecom.stop)
    with pytest.raises(httpx2.TransportError):
        await caller.get("getcallbackip")
    wecom.start(port)
    assert (await caller.get("user/get", userid="LISI"))["name"] == "李四"
