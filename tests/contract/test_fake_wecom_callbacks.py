"""Callbacks of the stand-in for WeCom, received by wechatpy."""

import base64
import hashlib
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from tests.clock import FakeClock
from tests.fakes.wecom import AES_KEY, TOKEN, CallbackRefused, Doubts, FakeWeCom, Member
from tests.fakes.wecom_callbacks import Tampering
from tests.fakes.wecom_receiver import Receiver


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as running:
        yield running


@pytest.fixture
def wecom(clock: FakeClock, receiver: Receiver) -> Iterator[FakeWeCom]:
    with FakeWeCom(clock=lambda: clock().timestamp()) as running:
        running.set_callback(receiver.url)
        yield running


@pytest.fixture
def boss(wecom: FakeWeCom) -> Member:
    return wecom.member("Boss", "老板")


# Saving the URL


async def test_a_url_that_can_decrypt_is_saved(wecom: FakeWeCom, receiver: Receiver) -> None:
    wecom.app.callback = None
    await wecom.save_callback(receiver.url)
    assert wecom.app.callback is not None
    assert set(receiver.queries[0]) == {"tenant", "msg_signature", "timestamp", "nonce", "echostr"}


@pytest.mark.parametrize("echo", ["{}\n", '"{}"', "\ufeff{}", "ok"])
async def test_a_url_must_echo_the_bare_word(
    wecom: FakeWeCom, receiver: Receiver, echo: str
) -> None:
    wecom.app.callback = None
    receiver.echo = echo.format
    with pytest.raises(CallbackRefused, match="40057"):
        await wecom.save_callback(receiver.url)
    assert wecom.app.callback is None


async def test_a_url_must_know_the_key_and_be_quick(wecom: FakeWeCom, receiver: Receiver) -> None:
    with pytest.raises(CallbackRefused):
        await wecom.save_callback(receiver.url, aes_key=AES_KEY[::-1])
    with pytest.raises(CallbackRefused):
        await wecom.save_callback("http://127.0.0.1:9/nobody")
    receiver.delay_s = 0.3
    impatient = FakeWeCom(verify_limit_s=0.1)
    with pytest.raises(CallbackRefused, match="TimeoutError"):
        await impatient.save_callback(receiver.url)


# Messages and events


async def test_a_members_text_arrives_sealed_for_the_app(
    wecom: FakeWeCom, receiver: Receiver, boss: Member, clock: FakeClock
) -> None:
    msgid = boss.write("小王怎么样了 ]]> & <b>")
    await wecom.settled()
    (message,) = receiver.messages
    assert (message.type, message.content, message.source) == (
        "text",
        "小王怎么样了 ]]> & <b>",
        "Boss",
    )
    assert (message.id, message.agent, message.target) == (msgid, 1000002, wecom.corpid)
    assert int(receiver.opened[0]["CreateTime"]) == int(clock().timestamp())
    assert receiver.envelopes[0]["AgentID"] == "1000002"
    (delivery,) = wecom.deliveries
    assert (delivery.status, delivery.attempt, delivery.error) == (200, 1, "")
    parts = [TOKEN, receiver.queries[0]["timestamp"], receiver.queries[0]["nonce"]]
    signed = "".join(sorted([*parts, receiver.envelopes[0]["Encrypt"]])).encode()
    assert hashlib.sha1(signed).hexdigest() == receiver.queries[0]["msg_signature"]  # noqa: S324
    assert len(base64.b64decode(receiver.envelopes[0]["Encrypt"])) % 32 == 0


async def test_every_kind_of_message_and_event_of_a_member_arrives(
    wecom: FakeWeCom, receiver: Receiver, boss: Member
) -> None:
    boss.send_image()
    boss.send_voice()
    boss.send_video()
    boss.send_location("office")
    boss.send_link("t", "https://e.example")
    boss.send_file("cv.pdf", b"%PDF-1.4")
    boss.follow()
    boss.open_app()
    boss.menu("report")
    boss.report_location(39.9, 116.4)
    boss.unfollow()
    await wecom.settled()
    kinds = [getattr(message, "event", message.type) for message in receiver.messages]
    # wechatpy does not know files.
    assert kinds == [
        *("image", "voice", "video", "location", "link", "unknown"),
        *("subscribe", "enter_agent", "click", "location", "unsubscribe"),
    ]
    image, voice, video, place, link, _, _, _, click, _, _ = receiver.messages
    now = wecom.state.clock()
    assert wecom.state.files.find(image.media_id, now, "image").data.startswith(b"\x89PNG")
    assert wecom.state.files.find(voice.media_id, now, "voice").data.startswith(b"#!AMR")
    assert wecom.state.files.find(video.thumb_media_id, now, "image").name == "thumb.png"
    assert (place.label, place.location, link.url) == (
        "office",
        ("39.9", "116.4"),
        "https://e.example",
    )
    assert click.key == "report"
    file, enter = receiver.opened[5], receiver.opened[7]
    assert (file["MsgType"], file["FileName"]) == ("file", "cv.pdf")
    assert wecom.state.files.find(file["MediaId"], now, "file").data == b"%PDF-1.4"
    assert (enter["Event"], enter["EventKey"], enter["AgentID"]) == ("enter_agent", None, "1000002")
    assert receiver.opened[9]["Event"] == "LOCATION"
    assert all("MsgId" in one for one in receiver.opened[:6])
    assert not any("MsgId" in one for one in receiver.opened[6:])


async def test_an_app_hears_only_members_in_its_visible_range(
    wecom: FakeWeCom, receiver: Receiver, boss: Member
) -> None:
    wecom.app.visible_users = set()
    with pytest.raises(ValueError, match="does not have app"):
        boss.write("x")
    wecom.department(2, "HR")
    wecom.department(3, "HR East", 2)
    wecom.app.visible_departments = {2}
    wecom.member("hr1", departments=(3,)).write("x")
    await wecom.settled()
    assert [one["FromUserName"] for one in receiver.opened] == ["hr1"]


async def test_a_kf_event_says_only_where_to_pull(
    wecom: FakeWeCom, receiver: Receiver, clock: FakeClock
) -> None:
    li = wecom.customer("李娜")
    li.write("你好")
    await wecom.settled()
    (opened,) = receiver.opened
    assert set(opened) == {"ToUserName", "CreateTime", "MsgType", "Event", "Token", "OpenKfId"}
    assert (opened["Event"], opened["OpenKfId"]) == ("kf_msg_or_event", li.account.open_kfid)
    assert len(opened["Token"]) <= 128
    assert receiver.envelopes[0]["AgentID"] is None


@pytest.mark.parametrize("shape", ["given", "missing"])
async def test_the_envelope_of_a_kf_event_may_name_the_app_or_not(
    receiver: Receiver, shape: Any
) -> None:
    with FakeWeCom(doubts=Doubts(kf_envelope_agentid=shape)) as wecom:
        wecom.set_callback(receiver.url)
        wecom.customer().write("x")
        await wecom.settled()
    assert receiver.envelopes[0].get("AgentID") == ("1000002" if shape == "given" else None)
    assert ("AgentID" in receiver.envelopes[0]) == (shape == "given")


async def test_the_assignment_of_an_account_is_told(wecom: FakeWeCom, receiver: Receiver) -> None:
    other = wecom.add_app(1000003)
    wecom.set_callback(receiver.url, app=other)
    account = wecom.add_account("校招", other)
    wecom.assign(account)
    wecom.assign(account, managed=False)
    await wecom.settled()
    added, dropped = receiver.opened
    assert (added["Event"], added["FromUserName"]) == ("kf_account_auth_change", "sys")
    assert added["AuthAddOpenKfId"] == dropped["AuthDelOpenKfId"] == account.open_kfid


async def test_external_contacts_are_told_with_their_state(
    wecom: FakeWeCom, receiver: Receiver, boss: Member
) -> None:
    li = wecom.customer("李娜")
    code = boss.add_contact(li, "job42")
    boss.drop_contact(li)
    boss.contact_event("edit_external_contact", li)
    await wecom.settled()
    added, dropped, edited = receiver.opened
    assert (added["Event"], added["ChangeType"]) == (
        "change_external_contact",
        "add_external_contact",
    )
    assert (added["UserID"], added["State"], added["WelcomeCode"]) == ("Boss", "job42", code)
    assert added["ExternalUserID"] == li.external_userid
    assert dropped["ChangeType"] == "del_external_contact"
    assert edited["ChangeType"] == "edit_external_contact"
    other = FakeWeCom(doubts=Doubts(contact_id_equals_kf_id=False)).customer()
    assert other.contact_id != other.external_userid


# Trouble


@pytest.mark.parametrize("same", [True, False])
async def test_a_callback_that_fails_is_sent_three_times_more(
    receiver: Receiver, clock: FakeClock, same: bool
) -> None:
    doubts = Doubts(retry_same_envelope=same)
    with FakeWeCom(clock=lambda: clock().timestamp(), doubts=doubts) as wecom:
        wecom.set_callback(receiver.url)
        receiver.statuses = [500, 404, 302, 503]
        wecom.member("a").write("given up")
        receiver.statuses += [201]
        await wecom.settled()
        wecom.member("a").write("accepted at last")
        await wecom.settled()
    texts = [one["Content"] for one in receiver.opened]
    assert texts == ["given up"] * 4 + ["accepted at last"] * 2
    assert [delivery.status for delivery in wecom.deliveries] == [500, 404, 302, 503, 201, 200]
    assert (len({query["nonce"] for query in receiver.queries[:4]}) == 1) == same


async def test_a_slow_or_absent_receiver_is_not_waited_for(receiver: Receiver) -> None:
    receiver.delay_s = 0.3
    with FakeWeCom(callback_limit_s=0.05) as wecom:
        wecom.set_callback(receiver.url)
        wecom.member("boss").write("x")
        await wecom.settled()
        assert [delivery.error for delivery in wecom.deliveries] == ["no answer in time"] * 4
        wecom.set_callback("http://127.0.0.1:9/nobody")
        wecom.member("boss").write("y")
        await wecom.settled()
    assert [delivery.error for delivery in wecom.deliveries[4:]] == ["ConnectError"] * 4


async def test_callbacks_can_be_lost_doubled_and_turned_round(
    wecom: FakeWeCom, receiver: Receiver, boss: Member
) -> None:
    wecom.callbacks.lose_next()
    boss.write("lost")
    await wecom.settled()
    wecom.callbacks.duplicate_next()
    boss.write("twice")
    await wecom.settled()
    wecom.callbacks.hold()
    boss.write("first")
    boss.write("second")
    await wecom.settled()
    assert [one["Content"] for one in receiver.opened] == ["twice", "twice"]
    assert receiver.queries[0] == receiver.queries[1]
    wecom.callbacks.release("reversed")
    await wecom.settled()
    assert [one["Content"] for one in receiver.opened[2:]] == ["second", "first"]
    assert await wecom.callbacks.replay(wecom.deliveries[0]) == 200
    assert receiver.queries[-1] == receiver.queries[0]


async def test_callbacks_may_overlap(wecom: FakeWeCom, receiver: Receiver, boss: Member) -> None:
    wecom.callbacks.parallel = True
    wecom.callbacks.hold()
    receiver.delay_s = 0.05
    for number in range(10):
        boss.write(str(number))
    wecom.callbacks.release()
    await wecom.settled()
    assert sorted(one["Content"] for one in receiver.opened) == [str(n) for n in range(10)]
    assert receiver.most_at_once > 1


@pytest.mark.parametrize(
    ("how", "noticed"),
    [
        ("signature", "InvalidSignatureException"),
        ("ciphertext", "InvalidSignatureException"),
        ("receiveid", "InvalidCorpIdException"),
        ("length", "InvalidCorpIdException"),
        ("plain", "KeyError"),
    ],
)
async def test_a_tampered_callback_is_noticed(
    wecom: FakeWeCom, receiver: Receiver, boss: Member, how: Tampering, noticed: str
) -> None:
    wecom.callbacks.tamper_next(how)
    boss.write("spoiled")
    await wecom.settled()
    boss.write("good")
    await wecom.settled()
    assert receiver.refused == [noticed]
    assert [one["Content"] for one in receiver.opened] == ["good"]


async def test_spoiled_padding_has_a_good_signature(
    wecom: FakeWeCom, receiver: Receiver, boss: Member
) -> None:
    wecom.callbacks.tamper_next("padding")
    boss.write("spoiled")
    await wecom.settled()
    (delivery,) = wecom.deliveries
    found = re.search(r"<Encrypt><!\[CDATA\[(.*)\]\]></Encrypt>", delivery.body)
    assert found is not None
    target = wecom.app.callback
    assert target is not None
    query = delivery.query
    assert query["msg_signature"] == target.crypto.sign(
        query["timestamp"], query["nonce"], found[1]
    )
    with pytest.raises(ValueError, match="-40008"):
        target.crypto.decrypt(found[1])


# Passive answers


async def test_a_passive_answer_reaches_the_member(
    wecom: FakeWeCom, receiver: Receiver, boss: Member
) -> None:
    inner = "<xml><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{}]]></Content></xml>"
    receiver.reply = lambda opened: receiver.seal(inner.format("收到" + "字" * 1000))
    boss.write("在吗")
    await wecom.settled()
    assert boss.texts() == ["收到" + "字" * 680]  # 2048 bytes, in whole characters
    assert "收到" in wecom.deliveries[0].reply
    receiver.reply = lambda opened: "success"
    boss.write("再说一次")
    await wecom.settled()
    assert wecom.deliveries[1].error.startswith("unreadable answer")
    assert len(boss.texts()) == 1


async def test_kf_events_take_no_passive_answer(wecom: FakeWeCom, receiver: Receiver) -> None:
    inner = "<xml><MsgType>text</MsgType><Content>hi</Content></xml>"
    receiver.reply = lambda opened: receiver.seal(inner)
    li = wecom.customer()
    li.write("x")
    await wecom.settled()
    assert wecom.deliveries[0].status == 200
    assert li.texts() == []
