"""People in the stand-in for Feishu: found, listed, signed in."""

import base64
import hashlib
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest

from tests.fakes.feishu import FakeFeishu, Member, Unconfirmed
from tests.fakes.feishu_caller import Api, Clock, calling, code


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


# People


async def test_people_are_found_by_number_and_address(
    feishu: FakeFeishu, api: Api, li: Member
) -> None:
    far = feishu.member("远", mobile="+85251234567")
    gone = feishu.member("走", mobile="13800000009")
    gone.resign()
    more = ["+85251234567", "13800000009"]
    answer = await api.call(
        "POST",
        "/open-apis/contact/v3/users/batch_get_id",
        params={"user_id_type": "open_id"},
        json={
            "emails": ["li@example.com", "x@example.com"],
            "mobiles": ["13800000001", "+8613800000001", "85251234567", *more],
        },
    )
    found = [entry.get("user_id") for entry in answer.json()["data"]["user_list"]]
    assert found == [li.open_id, None, li.open_id, li.open_id, None, far.open_id, None]
    user = await api.call("GET", f"/open-apis/contact/v3/users/{li.open_id}")
    assert user.json()["data"]["user"]["name"] == "李娜"
    outside = feishu.outsider("王芳")
    answer = await api.call("GET", f"/open-apis/contact/v3/users/{outside.open_id}")
    assert code(answer) == (400, 41050)
    bot = (await api.call("GET", "/open-apis/bot/v3/info")).json()
    assert bot["bot"]["open_id"] == feishu.app.open_id


@pytest.mark.parametrize("ids", ["same", "different"])
async def test_members_of_an_external_group(clock: Clock, ids: Any) -> None:
    guess = Unconfirmed(external_group_ids=ids)
    async with calling(FakeFeishu(clock=clock, unconfirmed=guess)) as api:
        people = api.feishu.member("李娜"), api.feishu.outsider("王芳")
        group = api.feishu.group("内外", *people)
        answer = await api.call("GET", f"/open-apis/im/v1/chats/{group.id}/members")
    listed = {item["member_id"] for item in answer.json()["data"]["items"]}
    assert (listed == {one.open_id for one in people}) == (ids == "same")


# Signing in

USER_INFO = "/open-apis/authen/v1/user_info"
OAUTH = "/open-apis/authen/v2/oauth/token"


async def exchange(api: Api, value: str, path: str = OAUTH, **more: str) -> httpx2.Response:
    app = api.feishu.app
    body = {
        "grant_type": "authorization_code",
        "client_id": app.app_id,
        "client_secret": app.secret,
        "code": value,
    }
    return await api.client.post(path, json=body | more)


async def who(api: Api, token: str) -> httpx2.Response:
    return await api.client.get(USER_INFO, headers={"Authorization": f"Bearer {token}"})


async def test_a_code_tells_who_signed_in_once(api: Api, li: Member) -> None:
    answer = await exchange(api, value := li.login_code())
    assert answer.json()["expires_in"] == 7200
    person = (await who(api, answer.json()["access_token"])).json()["data"]
    assert (person["open_id"], person["name"], person["mobile"]) == (
        li.open_id,
        "李娜",
        "+8613800000001",
    )
    again = await exchange(api, value)
    assert (code(again), again.json()["error"]) == ((400, 20065), "invalid_grant")
    api.token = answer.json()["access_token"]
    assert code(await api.call("GET", "/open-apis/bot/v3/info")) == (400, 99991663)


async def test_codes_and_tokens_expire(api: Api, clock: Clock, li: Member) -> None:
    value = li.login_code()
    clock.at += 301
    assert code(await exchange(api, value)) == (400, 20004)
    assert code(await exchange(api, "nonsense")) == (400, 20003)
    token = (await exchange(api, li.login_code())).json()["access_token"]
    clock.at += 7201
    assert code(await who(api, token)) == (400, 99991668)


@pytest.mark.parametrize(
    ("wrong", "wanted"),
    [
        ({"client_secret": "x"}, 20002),
        ({"client_id": "cli_x"}, 20048),
        ({"grant_type": "password"}, 20036),
        ({"redirect_uri": "https://other.example/cb"}, 20071),
    ],
)
async def test_an_exchange_is_checked(
    api: Api, li: Member, wrong: dict[str, str], wanted: int
) -> None:
    value = li.login_code("https://hr.example/cb")
    assert code(await exchange(api, value, **wrong)) == (400, wanted)


async def test_the_two_versions_differ_over_an_unasked_verifier(api: Api, li: Member) -> None:
    v3 = "/oauth/v3/token"
    assert (await exchange(api, li.login_code(), code_verifier="v")).status_code == 200
    assert code(await exchange(api, li.login_code(), v3, code_verifier="v")) == (400, 20049)
    digest = hashlib.sha256(b"v" * 43).digest()
    challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    value = li.login_code(challenge=challenge)
    assert code(await exchange(api, value, v3)) == (400, 20049)
    assert (await exchange(api, value, v3, code_verifier="v" * 43)).status_code == 200


async def test_the_page_sends_the_browser_back(feishu: FakeFeishu, api: Api, li: Member) -> None:
    feishu.login.redirect_uris = {"https://hr.example/cb"}
    query = {"client_id": feishu.app.app_id, "redirect_uri": "https://hr.example/cb", "state": "s"}
    url = f"/open-apis/authen/v1/authorize?{urlencode(query)}"
    page = await api.client.get(url)
    assert (page.status_code, "扫码" in page.text) == (200, True)
    feishu.login.browser = li.person
    sent = await api.client.get(url)
    back = parse_qs(urlsplit(sent.headers["location"]).query)
    assert (sent.status_code, back["state"]) == (302, ["s"])
    uri = query["redirect_uri"]
    assert (await exchange(api, back["code"][0], redirect_uri=uri)).status_code == 200
    by_hand = li.follow_login(feishu.base_url + url)
    assert by_hand.startswith("https://hr.example/cb?code=")
    bad = url.replace("hr.example", "evil.example")
    assert (await api.client.get(bad)).status_code == 400


async def test_people_from_outside_cannot_sign_in(feishu: FakeFeishu) -> None:
    with pytest.raises(PermissionError):
        feishu.login.grant(feishu.outsider("王芳").person)
