"""The stand-in for Feishu over plain HTTP: tokens, sending, limits, ordered trouble."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from tests.fakes import feishu_inbound as inbound
from tests.fakes.feishu import FakeFeishu, Member, Unconfirmed
from tests.fakes.feishu_caller import IM, Api, Clock, calling, code


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


# Tokens


async def test_a_token_is_the_same_until_half_an_hour_before_its_end(
    api: Api, clock: Clock, li: Member
) -> None:
    first = (await api.get_token()).json()
    assert first["expire"] == 7200
    clock.at += 5400
    assert (await api.get_token()).json() == first | {"expire": 1800}
    clock.at += 1
    second = (await api.get_token()).json()
    assert second["tenant_access_token"] != first["tenant_access_token"]
    api.token = first["tenant_access_token"]
    assert (await api.send(li.open_id)).status_code == 200
    clock.at += 1799
    assert code(await api.send(li.open_id)) == (400, 99991663)


async def test_ids_and_secrets_must_be_right(feishu: FakeFeishu, api: Api) -> None:
    assert code(await api.get_token("wrong")) == (200, 10014)
    feishu.app.app_id = "cli_another"
    path = "/open-apis/auth/v3/tenant_access_token/internal"
    answer = await api.client.post(path, json={"app_id": "cli_x", "app_secret": "y"})
    assert code(answer) == (200, 10003)


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ({}, 99991661),
        ({"Authorization": "Bearer x-1"}, 99991671),
        ({"Authorization": "Bearer t-1"}, 99991663),
    ],
)
async def test_a_call_needs_a_good_token(api: Api, header: dict[str, str], wanted: int) -> None:
    answer = await api.client.get("/open-apis/bot/v3/info", headers=header)
    assert code(answer) == (400, wanted)
    assert answer.json()["error"]["log_id"]


async def test_a_token_can_be_revoked_before_its_time(
    feishu: FakeFeishu, api: Api, li: Member
) -> None:
    await api.sent(li.open_id)
    feishu.console.revoke_tokens()
    assert code(await api.send(li.open_id)) == (400, 99991663)
    feishu.console.reset_secret("another")
    assert code(await api.get_token("secret-of-the-stand-in-app-000001")) == (200, 10014)


async def test_a_missing_scope_is_named(feishu: FakeFeishu, api: Api, li: Member) -> None:
    feishu.console.withdraw("im:message", "im:message:send_as_bot")
    answer = await api.send(li.open_id)
    assert code(answer) == (400, 99991672)
    named = {v["subject"] for v in answer.json()["error"]["permission_violations"]}
    assert named == {"im:message", "im:message:send_as_bot"}
    feishu.console.grant("im:message")
    await api.sent(li.open_id)


# Sending


async def test_a_message_is_seen_and_can_be_looked_at(api: Api, li: Member) -> None:
    answer = (await api.send(li.open_id, content={"text": "您好"})).json()["data"]
    assert li.texts() == ["您好"]
    assert answer["chat_id"] == li.chat_id
    assert answer["sender"]["sender_type"] == "app"
    got = await api.call("GET", f"{IM}/{answer['message_id']}")
    assert got.json()["data"]["items"] == [answer]


@pytest.mark.parametrize("by", ["open_id", "union_id", "user_id", "email", "chat_id"])
async def test_somebody_can_be_named_in_five_ways(api: Api, li: Member, by: str) -> None:
    li.open_chat()
    person = li.person
    to = {"email": person.email, "chat_id": person.chat_id}.get(by, person.id_of(by))
    assert (await api.send(to, by=by)).status_code == 200
    assert len(li.texts()) == 1


async def test_one_uuid_is_one_message_for_an_hour(api: Api, clock: Clock, li: Member) -> None:
    first = await api.send(li.open_id, uuid="alert-42")
    again = await api.send(li.open_id, content={"text": "别的"}, uuid="alert-42")
    assert again.json() == first.json()
    clock.at += 3600
    await api.send(li.open_id, uuid="alert-42")
    assert len(li.texts()) == 2
    assert code(await api.send(li.open_id, uuid="x" * 51)) == (400, 230001)


@pytest.mark.parametrize(
    ("kind", "content", "wanted"),
    [
        ("text", "no json", 230001),
        ("text", {"text": "  "}, 230001),
        ("text", {"text": "字" * 51_200}, 230025),
        ("post", {"zh_cn": {"content": [[{"tag": "text", "text": "x" * 31_000}]]}}, 230025),
        ("post", {"title": "T", "content": []}, 230001),
        ("post", {"zh_cn": {"content": [[{"tag": "blink", "text": "x"}]]}}, 230001),
        ("image", {"image_key": "img_v3_nobody"}, 230001),
        ("poem", {"text": "x"}, 230001),
    ],
)
async def test_content_must_fit_its_type(
    api: Api, li: Member, kind: str, content: Any, wanted: int
) -> None:
    assert code(await api.send(li.open_id, kind, content)) == (400, wanted)
    assert li.received() == []


async def test_a_long_text_passes_below_its_limit(api: Api, li: Member) -> None:
    text = json.dumps({"text": "字" * 51_000}, ensure_ascii=False)
    assert (await api.send(li.open_id, content=text)).status_code == 200


async def test_a_rich_text_is_read_as_lines(api: Api, li: Member) -> None:
    nodes = [
        [{"tag": "text", "text": "请看 "}, {"tag": "a", "text": "这里", "href": "https://a.b"}]
    ]
    await api.sent(li.open_id, "post", {"zh_cn": {"title": "面试", "content": nodes}})
    assert li.texts() == ["面试\n请看 这里"]


async def test_a_mention_rings_only_who_exists(api: Api, li: Member) -> None:
    await api.sent(li.open_id, content={"text": f'<at user_id="{li.open_id}"></at> 早'})
    await api.sent(
        li.open_id, content={"text": '<at user_id="ou_nobody">x</at> <at user_id="all"></at>'}
    )
    ringing, other = li.received()
    assert (ringing.text, ringing.rings) == ("@李娜 早", (li.open_id,))
    assert other.rings == ("all",)
    item = (await api.call("GET", f"{IM}/{ringing.message_id}")).json()["data"]["items"][0]
    assert json.loads(item["body"]["content"]) == {"text": "@_user_1 早"}
    assert item["mentions"][0]["id"] == li.open_id


async def test_people_out_of_reach_are_refused_by_kind(
    feishu: FakeFeishu, api: Api, li: Member
) -> None:
    assert code(await api.send("ou_nobody")) == (400, 230034)
    assert code(await api.send("nobody")) == (400, 230001)
    assert code(await api.send(feishu.member("x", available=False).open_id)) == (400, 230013)
    li.block()
    assert code(await api.send(li.open_id)) == (400, 230013)
    li.block(230053)
    assert code(await api.send(li.open_id)) == (400, 230053)
    li.unblock()
    await api.sent(li.open_id)
    li.resign()
    assert code(await api.send(li.open_id)) == (400, 230013)
    feishu.app.published = False
    assert code(await api.send(li.open_id)) == (400, 230006)


async def test_an_outsider_must_come_first(feishu: FakeFeishu, api: Api) -> None:
    wang = feishu.outsider("王芳")
    assert code(await api.send(wang.open_id)) == (400, 230013)
    wang.open_chat()
    await api.sent(wang.open_id)
    feishu.app.external_sharing = False
    assert code(await api.send(wang.open_id)) == (400, 230027)
    with pytest.raises(RuntimeError, match="not shared"):
        feishu.outsider("x").open_chat()


async def test_groups_refuse_by_kind(feishu: FakeFeishu, api: Api, li: Member) -> None:
    group = feishu.group("招聘", li)
    await api.send(group.id, by="chat_id")
    assert group.texts() == ["你好"]
    group.mute()
    assert code(await api.send(group.id, by="chat_id")) == (400, 230018)
    group.remove_bot(li)
    assert code(await api.send(group.id, by="chat_id")) == (400, 230002)
    group.dissolve()
    assert code(await api.send(group.id, by="chat_id")) == (400, 232009)


async def test_plain_numbers_do_not_pass_with_dlp_on(
    feishu: FakeFeishu, api: Api, li: Member
) -> None:
    feishu.state.dlp = True
    assert code(await api.send(li.open_id, content={"text": "电话 13800000001"})) == (400, 230028)
    await api.sent(li.open_id, content={"text": "电话 138****0001"})


# Limits


async def test_five_a_second_to_one_chat(
    feishu: FakeFeishu, api: Api, clock: Clock, li: Member
) -> None:
    answers = [(await api.send(li.open_id)).status_code for _ in range(6)]
    assert answers == [200] * 5 + [400]
    assert code(await api.send(li.open_id)) == (400, 230020)
    await api.sent(feishu.member("别人").open_id)
    clock.at += 1
    await api.sent(li.open_id)


async def test_a_group_shares_its_limit_among_robots(
    feishu: FakeFeishu, api: Api, li: Member
) -> None:
    group = feishu.group("招聘", li)
    group.other_bots_send(5)
    assert code(await api.send(group.id, by="chat_id")) == (400, 230020)


async def test_fifty_a_second_and_a_thousand_a_minute_for_the_app(
    feishu: FakeFeishu, api: Api, clock: Clock
) -> None:
    people = [feishu.member(f"第{n}人") for n in range(11)]
    for n in range(50):
        await api.sent(people[n // 5].open_id)
    answer = await api.send(people[10].open_id)
    assert code(answer) == (429, 99991400)
    assert answer.headers["x-ogw-ratelimit-limit"] == "50"
    assert answer.headers["x-ogw-ratelimit-reset"] == "1"
    feishu.state.rates.spend("app:send", ((1000, 60.0),), 950)
    clock.at += 1
    answer = await api.send(people[10].open_id)
    assert answer.headers["x-ogw-ratelimit-limit"] == "1000"
    assert answer.headers["x-ogw-ratelimit-reset"] == "59"


async def test_the_chat_limit_may_come_as_429(clock: Clock) -> None:
    guess = Unconfirmed(chat_limit=99991400)
    async with calling(FakeFeishu(clock=clock, pace=clock, unconfirmed=guess)) as api:
        li = api.feishu.member("李娜")
        for _ in range(5):
            await api.sent(li.open_id)
        answer = await api.send(li.open_id)
    assert code(answer) == (429, 99991400)
    assert answer.headers["x-ogw-ratelimit-limit"] == "5"


# Trouble


async def test_trouble_comes_as_ordered(feishu: FakeFeishu, api: Api, li: Member) -> None:
    feishu.faults.fail_next("send", 503)
    page = await api.send(li.open_id)
    assert (page.status_code, page.headers["content-type"]) == (503, "text/html; charset=utf-8")
    feishu.faults.refuse_next("send", 230049, after=True)
    assert code(await api.send(li.open_id, uuid="1")) == (400, 230049)
    assert (await api.send(li.open_id, uuid="1")).status_code == 200
    assert len(li.texts()) == 1
    feishu.faults.limit_next("send", reset_s=7)
    answer = await api.send(li.open_id)
    assert answer.headers["x-ogw-ratelimit-reset"] == "7"
    for drop, expected in ((feishu.faults.drop_before, 1), (feishu.faults.drop_after, 2)):
        drop("*")
        with pytest.raises(httpx2.TransportError):
            await api.send(li.open_id)
        assert len(li.texts()) == expected
    assert [call.status for call in feishu.calls_of("send")] == [503, 400, 200, 429, 0, 0]
    feishu.faults.slow("bot", 60)
    with pytest.raises(httpx2.ReadTimeout):
        await api.call("GET", "/open-apis/bot/v3/info", timeout=httpx2.Timeout(10, read=0.1))
    feishu.faults.heal()
    assert (await api.call("GET", "/open-apis/bot/v3/info")).status_code == 200


async def test_what_does_not_exist_is_said_in_plain_text(feishu: FakeFeishu, api: Api) -> None:
    answer = await api.call("GET", "/open-apis/im/v1/poems")
    assert (answer.status_code, answer.text) == (404, "404 page not found")
    assert code(await api.call("POST", IM, content=b"{")) == (400, 99992402)
    params = {"receive_id_type": "open_id"}
    assert code(await api.call("POST", IM, params=params, content=b"{")) == (400, 9499)
    assert feishu.calls[-1].body == "{"


async def test_it_survives_a_restart(feishu: FakeFeishu, api: Api, li: Member) -> None:
    await api.sent(li.open_id)
    token = api.token
    await asyncio.to_thread(feishu.stop)
    await asyncio.to_thread(feishu.start)
    api.client.base_url = httpx2.URL(feishu.base_url)
    await Api(feishu, api.client, token).sent(li.open_id)
    assert len(li.texts()) == 2


async def test_a_stop_cuts_what_is_open(feishu: FakeFeishu, api: Api, li: Member) -> None:
    await api.get_token()
    feishu.faults.slow("send", 60)
    waiting = asyncio.create_task(api.send(li.open_id))
    await feishu.until(lambda: feishu.calls_of("send"))
    await asyncio.to_thread(feishu.stop)
    with pytest.raises(httpx2.TransportError):
        await waiting


async def test_guesses_can_be_turned_around(clock: Clock) -> None:
    guess = Unconfirmed(
        block_code=230035,
        resigned_code=230029,
        token_error_status=400,
        external_p2p_downloads=False,
    )
    async with calling(FakeFeishu(clock=clock, unconfirmed=guess)) as api:
        feishu, li = api.feishu, api.feishu.member("李娜")
        assert code(await api.get_token("wrong")) == (400, 10014)
        li.block()
        assert code(await api.send(li.open_id)) == (400, 230035)
        li.resign()
        assert code(await api.send(li.open_id)) == (400, 230029)
        sent = feishu.outsider("王芳").send(inbound.image(feishu.state))
        key = json.loads(feishu.state.messages[sent].content)["image_key"]
        path = f"{IM}/{sent}/resources/{key}"
        assert code(await api.call("GET", path, params={"type": "image"})) == (400, 234009)
