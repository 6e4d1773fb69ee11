"""Custom group robots of the stand-in for Feishu: one address, one direction."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.fakes.feishu import FakeFeishu, Hook
from tests.fakes.feishu_caller import Api, Clock, calling
from tests.fakes.feishu_crypto import hook_sign
from tests.fakes.feishu_rates import HOOK


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def api(clock: Clock) -> AsyncIterator[Api]:
    async with calling(FakeFeishu(clock=clock, pace=clock)) as running:
        yield running


async def post(api: Api, hook: Hook, **more: Any) -> int:
    body = {"msg_type": "text", "content": {"text": "有人要走"}} | more
    answer = await api.client.post(hook.url, json=body)
    assert answer.status_code == 200
    code: int = answer.json()["code"]
    return code


def test_the_published_vector_holds() -> None:
    assert hook_sign("1599360473", "demo") == "l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8="


async def test_a_group_sees_what_is_posted(api: Api) -> None:
    li = api.feishu.member("李娜")
    group = api.feishu.group("招聘", li)
    hook = api.feishu.hook(group)
    assert await post(api, hook) == 0
    card = {
        "schema": "2.0",
        "header": {"title": {"tag": "plain_text", "content": "警报"}},
        "body": {"elements": []},
    }
    assert await post(api, hook, msg_type="interactive", card=card) == 0
    lines = [[{"tag": "text", "text": "第一行"}]]
    post_content = {"post": {"zh_cn": {"title": "标题", "content": lines}}}
    assert await post(api, hook, msg_type="post", content=post_content) == 0
    assert group.texts() == ["有人要走", "警报", "标题\n第一行"]
    assert li.chat(group.id)[1].card is not None
    assert li.received(group.id) == []  # not from the app's robot
    assert api.feishu.outbox.events == []


async def test_what_does_not_fit_is_refused(api: Api) -> None:
    hook = api.feishu.hook(api.feishu.group("招聘"))
    assert await post(api, hook, content=json.dumps({"text": "x"})) == 9499
    assert await post(api, hook, content={"text": ""}) == 19002
    assert await post(api, hook, content={"text": "x" * 21_000}) == 9499
    bad = {"schema": "2.0", "body": {"elements": [{"tag": "action"}]}}
    assert await post(api, hook, msg_type="interactive", card=bad) == 11246
    nobody = Hook("x", "", "", hook.url[:-1] + "x")
    assert await post(api, nobody) == 19001


async def test_a_signature_is_good_for_an_hour(api: Api, clock: Clock) -> None:
    hook = api.feishu.hook(api.feishu.group("招聘"), "demo")

    def signed(age_s: int, key: str = "demo") -> dict[str, str]:
        timestamp = str(int(clock.at) - age_s)
        return {"timestamp": timestamp, "sign": hook_sign(timestamp, key)}

    assert await post(api, hook, **signed(0)) == 0
    assert await post(api, hook, **signed(3600)) == 0
    assert await post(api, hook, **signed(3601)) == 19021
    assert await post(api, hook, **signed(-3601)) == 19021
    assert await post(api, hook, **signed(0, "other")) == 19021
    assert await post(api, hook) == 19021


async def test_five_a_second_and_a_hundred_a_minute(api: Api, clock: Clock) -> None:
    group = api.feishu.group("招聘")
    hook = api.feishu.hook(group)
    assert [await post(api, hook) for _ in range(6)] == [0] * 5 + [11232]
    clock.at += 1
    for _ in range(19):
        api.feishu.state.rates.spend(f"hook:{hook.id}", HOOK, 5)
        clock.at += 1
    assert await post(api, hook) == 11232
    clock.at += 40
    assert await post(api, hook) == 0
    api.feishu.faults.refuse_next("hook", 11232, status=200)  # as at full and half hours
    assert await post(api, hook) == 11232
    assert len(group.texts()) == 6
