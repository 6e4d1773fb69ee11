"""The stand-in for DingTalk: tokens, hosts, permissions, limits, trouble, and what is recorded."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx2
import pytest

from tests.clock import FakeClock
from tests.fakes.dingtalk import FakeDingTalk, Member, Quota, Unconfirmed
from tests.fakes.dingtalk_caller import Caller, code

ACCESS_TOKEN = "/v1.0/oauth2/accessToken"
BATCH = "/v1.0/robot/oToMessages/batchSend"
BY_MOBILE = "/topapi/v2/user/getbymobile"


@pytest.fixture
def pace() -> list[float]:
    """The seconds that meter calls, for the test to turn."""
    return [0.0]


@pytest.fixture
async def dingtalk(clock: FakeClock, pace: list[float]) -> AsyncIterator[FakeDingTalk]:
    async with FakeDingTalk(
        clock=lambda: clock().timestamp(),
        pace=lambda: pace[0],
        quota=Quota(api_calls=100),
    ) as running:
        yield running


@pytest.fixture
async def app(dingtalk: FakeDingTalk) -> AsyncIterator[Caller]:
    async with Caller(dingtalk) as caller:
        yield caller


@pytest.fixture
def li(dingtalk: FakeDingTalk) -> Member:
    return dingtalk.member("u1", "李HR", mobile="13800000001")


# Tokens


async def test_a_token_is_renewed_while_it_lives_and_new_afterwards(
    app: Caller, clock: FakeClock
) -> None:
    first = dict(app.tokens)
    clock.advance(7100)
    await app.renew()
    assert app.tokens == first
    clock.advance(7100)  # would be over, had it not been renewed
    await app.renew()
    assert app.tokens == first
    clock.advance(7200)
    await app.renew()
    assert set(app.tokens.values()).isdisjoint(first.values())


async def test_a_wrong_pair_gets_no_token(dingtalk: FakeDingTalk, app: Caller) -> None:
    wrong = {"appKey": dingtalk.app.client_id, "appSecret": "x"}
    refused = await app.plain("POST", ACCESS_TOKEN, json=wrong)
    assert code(refused) == (400, "invalidClientIdOrSecret")
    assert set(refused.json()) == {"code", "requestid", "message"}
    old = await app.plain("GET", "/gettoken?appkey=x&appsecret=y")
    assert (old.status_code, old.json()["errcode"]) == (200, 40096)
    form = await app.plain("POST", ACCESS_TOKEN, data=wrong)
    assert code(form) == (400, "Missingbody")


async def test_the_newer_way_to_a_token(dingtalk: FakeDingTalk, app: Caller) -> None:
    body = {
        "client_id": dingtalk.app.client_id,
        "client_secret": dingtalk.app.client_secret,
        "grant_type": "client_credentials",
    }
    new = await app.plain("POST", f"/v1.0/oauth2/{dingtalk.app.corp_id}/token", json=body)
    assert new.json() == {"access_token": app.tokens["api"], "expires_in": 7200}
    elsewhere = await app.plain("POST", "/v1.0/oauth2/dingother/token", json=body)
    assert elsewhere.status_code == 400


async def test_a_dead_token_is_refused_in_the_words_of_the_host(
    dingtalk: FakeDingTalk, app: Caller, clock: FakeClock, li: Member
) -> None:
    clock.advance(7200)
    assert code(await app.send(["u1"])) == (400, "InvalidAuthentication")
    assert (await app.oapi(BY_MOBILE, {"mobile": "1"}))["errcode"] == 42001
    await app.renew()
    dingtalk.revoke_tokens()
    assert code(await app.send(["u1"])) == (400, "InvalidAuthentication")
    assert (await app.oapi(BY_MOBILE, {"mobile": "1"}))["errcode"] == 40014
    await app.renew()
    assert (await app.send(["u1"])).status_code == 200
    assert li.texts() == ["hi"]


@pytest.mark.parametrize("interchange", [False, True])
async def test_a_token_of_the_other_host(interchange: bool) -> None:
    unconfirmed = Unconfirmed(tokens_interchange=interchange)
    async with FakeDingTalk(unconfirmed=unconfirmed) as dingtalk, Caller(dingtalk) as app:
        dingtalk.member("u1", mobile="1")
        app.tokens["oapi"] = app.tokens["api"]
        errcode = (await app.oapi(BY_MOBILE, {"mobile": "1"}))["errcode"]
        assert errcode == (0 if interchange else 40014)


# Hosts, rights, limits


async def test_each_host_knows_its_own_paths_only(dingtalk: FakeDingTalk, app: Caller) -> None:
    new = await app.plain("GET", f"{dingtalk.api_base}/gettoken")
    assert code(new) == (404, "InvalidAction.NotFound")
    old = await app.plain("POST", f"{dingtalk.oapi_base}{ACCESS_TOKEN}", json={})
    assert (old.status_code, old.json()["errcode"]) == (200, 404)
    assert [call.host for call in dingtalk.calls[-2:]] == ["api", "oapi"]


async def test_a_missing_permission_is_named(dingtalk: FakeDingTalk, app: Caller) -> None:
    dingtalk.withhold("qyapi_robot_sendmsg", "qyapi_get_member_by_mobile")
    refused = await app.send(["u1"])
    assert code(refused) == (403, "Forbidden.AccessDenied.AccessTokenPermissionDenied")
    assert refused.json()["accessdenieddetail"] == {"requiredScopes": ["qyapi_robot_sendmsg"]}
    old = await app.oapi(BY_MOBILE, {"mobile": "1"})
    assert (old["errcode"], old["sub_code"]) == (88, "60011")


async def test_an_address_off_the_list_is_refused(dingtalk: FakeDingTalk, app: Caller) -> None:
    dingtalk.allow_ip(False)
    assert code(await app.send(["u1"])) == (403, "Forbidden.AccessDenied.IpNotInWhiteList")
    assert (await app.oapi(BY_MOBILE, {"mobile": "1"}))["errcode"] == 60020


async def test_twenty_calls_a_second_of_one_api_are_enough(
    app: Caller, li: Member, pace: list[float]
) -> None:
    for _ in range(20):
        assert (await app.send(["u1"])).status_code == 200
    refused = await app.send(["u1"])
    assert code(refused) == (403, "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi")
    assert (await app.oapi(BY_MOBILE, {"mobile": li.person.mobile}))["errcode"] == 0
    pace[0] += 1
    assert (await app.send(["u1"])).status_code == 200
    assert len(li.texts()) == 21


async def test_the_months_calls_run_out_and_come_back(
    dingtalk: FakeDingTalk, app: Caller, clock: FakeClock, li: Member
) -> None:
    dingtalk.use_up(calls=99)
    assert (await app.send(["u1"])).status_code == 200
    assert code(await app.send(["u1"])) == (403, "Forbidden.AccessDenied.ApiCountLimitForOrg")
    notice = {"agent_id": dingtalk.app.agent_id, "userid_list": "u1", "msg": {"msgtype": "text"}}
    sent = await app.oapi("/topapi/message/corpconversation/asyncsend_v2", notice)
    assert sent["errcode"] == 90020
    assert (await app.oapi(BY_MOBILE, {"mobile": li.person.mobile}))["errcode"] == 0
    assert dingtalk.used["calls"] == 102
    clock.advance(timedelta(days=31))
    await app.renew()
    assert (await app.send(["u1"])).status_code == 200
    assert dingtalk.used == {"calls": 1, "messages": 0}


# Trouble


async def test_ordered_refusals_come_once_and_do_nothing(
    dingtalk: FakeDingTalk, app: Caller, li: Member
) -> None:
    dingtalk.fail_next(BATCH, "send.too.fast")
    dingtalk.fail_next(BATCH, "system.busy")
    dingtalk.fail_next(f"POST {BATCH}", "Forbidden.AccessDenied.QpmLimitForAppkeyAndApi")
    dingtalk.exceed_qps("*")
    statuses = [code(await app.send(["u1"]))[0] for _ in range(4)]
    assert statuses == [400, 500, 403, 403]
    dingtalk.fail_next(BY_MOBILE, 33012, message="无效的USERID")
    dingtalk.exceed_qps("*")
    assert (await app.oapi(BY_MOBILE, {"mobile": "1"}))["errmsg"] == "无效的USERID"
    assert (await app.oapi(BY_MOBILE, {"mobile": "1"}))["errcode"] == 90018
    assert li.texts() == []
    assert (await app.send(["u1"])).status_code == 200


async def test_a_504_may_or_may_not_have_arrived(
    dingtalk: FakeDingTalk, app: Caller, li: Member
) -> None:
    dingtalk.time_out(BATCH, arrived=False)
    assert (await app.send(["u1"], "no")).status_code == 504
    dingtalk.time_out(BATCH)
    assert (await app.send(["u1"], "yes")).status_code == 504
    assert li.texts() == ["yes"]


async def test_a_banned_address_gets_what_no_document_promises(
    dingtalk: FakeDingTalk, app: Caller
) -> None:
    dingtalk.answer_html(BATCH)
    page = await app.send(["u1"])
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    with pytest.raises(ValueError):
        page.json()
    dingtalk.punish(BATCH)
    assert (await app.send(["u1"])).json()["punish"] == "deny"


async def test_a_lost_answer_leaves_the_message_delivered(
    dingtalk: FakeDingTalk, app: Caller, li: Member
) -> None:
    dingtalk.drop_after_delivery(BATCH)
    with pytest.raises(httpx2.TransportError):
        await app.send(["u1"], "once")
    dingtalk.drop_before_delivery(BATCH)
    with pytest.raises(httpx2.TransportError):
        await app.send(["u1"], "never")
    assert li.texts() == ["once"]
    assert [call.status for call in dingtalk.calls_of(BATCH)] == [0, 0]


async def test_a_slow_answer_arrives_after_the_caller_left(
    dingtalk: FakeDingTalk, app: Caller, li: Member
) -> None:
    dingtalk.slow(BATCH, 0.15)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(app.send(["u1"], "late"), 0.05)
    await dingtalk.until(li.texts)
    dingtalk.fail_next("*", "system.busy")
    dingtalk.heal()
    assert (await asyncio.wait_for(app.send(["u1"], "now"), 0.1)).status_code == 200
    assert li.texts() == ["late", "now"]


async def test_every_request_is_recorded_refused_ones_too(
    dingtalk: FakeDingTalk, app: Caller, clock: FakeClock
) -> None:
    await app.plain("POST", f"{BATCH}?x=1", json={"msg": "说"})
    call = dingtalk.calls_of(f"POST {BATCH}")[0]
    assert (call.host, call.query, call.body, call.status) == (
        "api",
        {"x": "1"},
        {"msg": "说"},
        400,
    )
    assert call.at == clock().timestamp()
    assert call.headers["content-type"] == "application/json"


async def test_what_it_remembers_survives_an_outage(
    dingtalk: FakeDingTalk, app: Caller, li: Member
) -> None:
    await app.send(["u1"], "before")
    await asyncio.to_thread(dingtalk.stop)
    with pytest.raises(httpx2.TransportError):
        await app.send(["u1"], "during")
    await asyncio.to_thread(dingtalk.start)
    assert (await app.send(["u1"], "after")).status_code == 200
    assert li.texts() == ["before", "after"]
