"""The stand-in for DingTalk: who somebody is, and who opened the page inside the client."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from tests.clock import FakeClock
from tests.fakes.dingtalk import FakeDingTalk, Member
from tests.fakes.dingtalk_caller import Caller
from tests.loopback import NO_TLS

USER = "/topapi/v2/user"


@pytest.fixture
async def dingtalk(clock: FakeClock) -> AsyncIterator[FakeDingTalk]:
    async with FakeDingTalk(clock=lambda: clock().timestamp()) as running:
        yield running


@pytest.fixture
async def app(dingtalk: FakeDingTalk) -> AsyncIterator[Caller]:
    async with Caller(dingtalk) as caller:
        yield caller


@pytest.fixture
def li(dingtalk: FakeDingTalk) -> Member:
    return dingtalk.member("u1", "李HR", mobile="13800000001", title="HRBP", admin=True)


async def test_somebody_is_found_by_number_and_union_id(
    dingtalk: FakeDingTalk, app: Caller, li: Member
) -> None:
    found = await app.oapi(f"{USER}/getbymobile", {"mobile": "13800000001"})
    assert (found["errcode"], found["result"]) == (0, {"userid": "u1"})
    found = await app.oapi("/topapi/user/getbyunionid", {"unionid": li.union_id})
    assert found["result"] == {"contact_type": 0, "userid": "u1"}
    dingtalk.outsider("un-wang")
    found = await app.oapi("/topapi/user/getbyunionid", {"unionid": "un-wang"})
    assert found["result"]["contact_type"] == 1
    whole = (await app.oapi(f"{USER}/get", {"userid": "u1"}))["result"]
    assert (whole["name"], whole["title"], whole["unionid"]) == ("李HR", "HRBP", li.union_id)


async def test_who_left_is_found_no_more(app: Caller, li: Member) -> None:
    li.leave()
    for path, body in (
        (f"{USER}/getbymobile", {"mobile": "13800000001"}),
        (f"{USER}/get", {"userid": "u1"}),
        ("/topapi/user/getbyunionid", {"unionid": li.union_id}),
    ):
        assert (await app.oapi(path, body))["errcode"] == 60121
    assert (await app.oapi(f"{USER}/get", {}))["errcode"] == 40035
    with pytest.raises(RuntimeError, match="has left"):
        li.say("x")


async def test_the_old_host_takes_forms_as_well(app: Caller, li: Member) -> None:
    found = await app.oapi(f"{USER}/getbymobile", data={"mobile": "13800000001"})
    assert found["result"] == {"userid": "u1"}


async def test_a_login_code_is_good_once_and_for_five_minutes(
    app: Caller, li: Member, clock: FakeClock
) -> None:
    path = f"{USER}/getuserinfo"
    code = li.login_code()
    result = (await app.oapi(path, {"code": code}))["result"]
    assert (result["userid"], result["unionid"], result["sys"]) == ("u1", li.union_id, True)
    assert (await app.oapi(path, {"code": code}))["errcode"] == 40078
    late = li.login_code()
    clock.advance(300)
    assert (await app.oapi(path, {"code": late}))["errcode"] == 40078
    assert (await app.oapi(path, {"code": "made-up"}))["errcode"] == 40078


# The page to sign in on


async def test_the_page_sends_the_browser_back_with_a_code(
    dingtalk: FakeDingTalk, app: Caller, li: Member, clock: FakeClock
) -> None:
    back = "https://hr.example/cb?a=1"
    asked = {
        "client_id": dingtalk.app.client_id, "redirect_uri": back, "state": "s",
        "response_type": "code", "scope": "openid", "prompt": "consent",
    }  # fmt: skip
    dingtalk.platform.login.redirect_uris = {back}
    async with httpx2.AsyncClient(base_url=dingtalk.oapi_base, verify=NO_TLS) as browser:
        page = await browser.get("/oauth2/auth", params=asked)
        assert (page.status_code, "扫码" in page.text) == (200, True)
        dingtalk.sign_in_as(li)
        sent = await browser.get("/oauth2/auth", params=asked)
        assert sent.headers["location"].startswith(f"{back}&authCode=auth")
        for wrong in (
            {"client_id": "x"},
            {"redirect_uri": "https://evil.example"},
            {"scope": "corpid"},
            {"prompt": ""},
            {"response_type": "token"},
        ):
            assert (await browser.get("/oauth2/auth", params=asked | wrong)).status_code == 400


async def test_a_code_is_worth_a_token_once_and_the_token_a_person(
    dingtalk: FakeDingTalk, li: Member, clock: FakeClock
) -> None:
    given = {
        "clientId": dingtalk.app.client_id,
        "clientSecret": dingtalk.app.client_secret,
        "grantType": "authorization_code",
    }
    header = "x-acs-dingtalk-access-token"
    async with httpx2.AsyncClient(base_url=f"{dingtalk.api_base}/v1.0", verify=NO_TLS) as http:

        async def exchange(code: str, **more: str) -> tuple[int, Any]:
            answer = await http.post(
                "/oauth2/userAccessToken", json={**given, "code": code, **more}
            )
            return answer.status_code, answer.json()

        code = dingtalk.auth_code(li)
        status, body = await exchange(code)
        assert status == 200
        token = {header: body["accessToken"]}
        who = await http.get("/contact/users/me", headers=token)
        assert (who.json()["unionId"], who.json()["nick"]) == (li.union_id, "李HR")
        assert (await http.get("/contact/users/un-u1", headers=token)).status_code == 404
        dingtalk.withhold("Contact.User.Read")
        assert (await http.get("/contact/users/me", headers=token)).status_code == 403
        nobody = await http.get("/contact/users/me", headers={header: "x"})
        assert nobody.json()["code"] == "InvalidAuthentication"
        late = dingtalk.auth_code(li)
        clock.advance(300)
        for used in (code, late, "made-up"):
            status, body = await exchange(used)
            assert (status, body["code"]) == (400, "invalidParameter.authCode.notFound")
        fresh = dingtalk.auth_code(li)
        for wrong in ({"clientSecret": "x"}, {"grantType": "password"}):
            assert (await exchange(fresh, **wrong))[0] == 400
