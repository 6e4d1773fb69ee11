"""Accounts, links, servicers and customers of the stand-in for WeCom."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest

from tests.clock import FakeClock
from tests.fakes.wecom import Customer, Doubts, FakeWeCom, Limits
from tests.fakes.wecom_caller import Caller


@pytest.fixture
def wecom(clock: FakeClock) -> Iterator[FakeWeCom]:
    with FakeWeCom(clock=lambda: clock().timestamp()) as running:
        yield running


@pytest.fixture
async def caller(wecom: FakeWeCom) -> AsyncIterator[Caller]:
    async with Caller(wecom) as running:
        yield running


async def link_of(caller: Caller, customer: Customer, scene: str = "job42") -> str:
    body = {"open_kfid": customer.account.open_kfid, "scene": scene}
    return str((await caller.post("kf/add_contact_way", body))["url"])


async def entered(caller: Caller, customer: Customer) -> dict[str, object]:
    body = {"open_kfid": customer.account.open_kfid}
    items = (await caller.post("kf/sync_msg", body))["msg_list"]
    event: dict[str, object] = items[-1]["event"]
    assert event["event_type"] == "enter_session"
    return event


# Accounts


async def test_accounts_are_made_changed_and_closed(wecom: FakeWeCom, caller: Caller) -> None:
    face = {"name": "招聘助手", "media_id": await caller.media()}
    made = (await caller.post("kf/account/add", face))["open_kfid"]
    assert (await caller.post("kf/account/add", face | {"name": "字" * 17}))["errcode"] == 40058
    assert (await caller.post("kf/account/add", {"name": "a"}))["errcode"] == 40058
    update = {"open_kfid": made, "name": "新名字"}
    assert (await caller.post("kf/account/update", update))["errcode"] == 0
    second = (await caller.post("kf/account/list", {"offset": 1, "limit": 1}))["account_list"]
    assert [(a["open_kfid"], a["name"]) for a in second] == [(made, "新名字")]
    assert (await caller.get("kf/account/list"))["account_list"][1] == second[0]
    assert (await caller.post("kf/account/list", {"limit": 101}))["errcode"] == 40058
    assert (await caller.post("kf/account/del", {"open_kfid": made}))["errcode"] == 0
    assert (await caller.post("kf/account/del", {"open_kfid": made}))["errcode"] == 95004
    wecom.add_account("校招", wecom.add_app(1000003))
    listed = (await caller.post("kf/account/list"))["account_list"]
    assert [account["manage_privilege"] for account in listed] == [True, False]


async def test_a_corp_has_only_so_many_accounts() -> None:
    limits = Limits(kf_accounts_unverified=1)
    with FakeWeCom(verified=False, limits=limits) as wecom:
        async with Caller(wecom) as caller:
            face = {"name": "a", "media_id": await caller.media()}
            assert (await caller.post("kf/account/add", face))["errcode"] == 95027


# Links


async def test_a_link_brings_its_scene_and_parameter(wecom: FakeWeCom, caller: Caller) -> None:
    li = wecom.customer()
    link = await link_of(caller, li)
    assert link.startswith("https://work.weixin.qq.com/kf/kfc")
    assert link == await link_of(caller, li)
    code = li.enter(f"{link}&scene_param=src%3Dposter")
    event = await entered(caller, li)
    assert (event["scene"], event["scene_param"]) == ("job42", "src%3Dposter")
    assert (event["welcome_code"], event["external_userid"]) == (code, li.external_userid)
    li.enter(link, scene_param="b%3D2", channels={"nickname": "n", "scene": 1})
    event = await entered(caller, li)
    assert (event["scene_param"], event["wechat_channels"]) == (
        "b%3D2",
        {"nickname": "n", "scene": 1},
    )
    li.enter()
    event = await entered(caller, li)
    assert (event["scene"], event["scene_param"]) == ("", "")
    with pytest.raises(ValueError, match="scene_param"):
        li.enter(link, scene_param="x" * 129)
    with pytest.raises(LookupError):
        li.enter("https://work.weixin.qq.com/kf/kfc0000")


async def test_a_link_opens_its_account(wecom: FakeWeCom, caller: Caller) -> None:
    other = wecom.add_account("校招")
    body = {"open_kfid": other.open_kfid}
    li = wecom.customer()
    li.enter((await caller.post("kf/add_contact_way", body))["url"])
    assert li.account is other
    for scene in ("x" * 33, "a b", "字"):
        assert (await caller.post("kf/add_contact_way", body | {"scene": scene}))[
            "errcode"
        ] == 40058


async def test_whether_a_parameter_comes_decoded_is_a_switch() -> None:
    with FakeWeCom(doubts=Doubts(scene_param_decoded=True)) as wecom:
        li = wecom.customer()
        async with Caller(wecom) as caller:
            li.enter(await link_of(caller, li), scene_param="src%3Dposter")
            assert (await entered(caller, li))["scene_param"] == "src=poster"


# Servicers


async def test_servicers_are_added_listed_and_removed(wecom: FakeWeCom, caller: Caller) -> None:
    wecom.member("LiSi")
    outside = wecom.member("far", departments=(2,))
    wecom.department(2, "Far")
    wecom.app.visible_users = {"lisi"}
    body = {"open_kfid": wecom.account.open_kfid}
    named = {"userid_list": ["lisi", "far", "nobody"], "department_id_list": [1, 9]}
    added = (await caller.post("kf/servicer/add", body | named))["result_list"]
    assert [row["errcode"] for row in added] == [0, 60011, 60111, 0, 60123]
    wecom.servicer(outside).stop(suspended=True)
    listed = await caller.get("kf/servicer/list", open_kfid=wecom.account.open_kfid)
    assert listed["servicer_list"] == [
        {"userid": "LiSi", "status": 0},
        {"userid": "far", "status": 1, "stop_type": 1},
        {"department_id": 1},
    ]
    named = {"userid_list": ["LISI", "LISI"], "department_id_list": [1, 1]}
    gone = (await caller.post("kf/servicer/del", body | named))["result_list"]
    assert [row["errcode"] for row in gone] == [0, 95014, 0, 60123]
    assert (await caller.post("kf/servicer/add", body))["errcode"] == 40058
    many = {"userid_list": ["x"] * 101}
    assert (await caller.post("kf/servicer/add", body | many))["errcode"] == 40058


# Customers


async def test_only_customers_of_the_last_48_hours_are_shown(
    wecom: FakeWeCom, caller: Caller, clock: FakeClock
) -> None:
    li, stranger = wecom.customer("李娜"), wecom.customer("x")
    link = await link_of(caller, li)
    li.enter(link, scene_param="a")
    ids = [li.external_userid, stranger.external_userid, "wm-nobody"]
    body = {"external_userid_list": ids, "need_enter_session_context": 1}
    answer = await caller.post("kf/customer/batchget", body)
    (shown,) = answer["customer_list"]
    assert (shown["external_userid"], shown["nickname"]) == (li.external_userid, "李娜")
    assert shown["enter_session_context"] == {"scene": "job42", "scene_param": "a"}
    assert answer["invalid_external_userid"] == ids[1:]
    plain = await caller.post("kf/customer/batchget", {"external_userid_list": ids})
    assert "enter_session_context" not in plain["customer_list"][0]
    clock.advance(timedelta(hours=48, seconds=1))
    caller.token = ""
    answer = await caller.post("kf/customer/batchget", body)
    assert (answer["customer_list"], answer["invalid_external_userid"]) == ([], ids)
    for count in (0, 101):
        many = {"external_userid_list": ["wm"] * count}
        assert (await caller.post("kf/customer/batchget", many))["errcode"] == 40058
