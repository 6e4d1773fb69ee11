"""What DingTalk's JSON becomes."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.channels import dingtalk_frames as frames
from bot.channels import dingtalk_inbound as inbound
from bot.channels.dingtalk_errors import Trouble, meaning, read
from bot.channels.dingtalk_frames import Frame, frame_of
from bot.channels.dingtalk_values import is_session, is_theirs, moment
from bot.channels.strict_json import whole
from bot.errors import DeliveryError, Malformed, Unknown
from bot.messages import Received
from storage.enums import MediaKind, MessageKind
from tests.contract.dingtalk_samples import MESSAGES, NOW, PAYLOADS, body, config, heard

ATTACHED = {
    "picture": [("dcPIC1", MediaKind.IMAGE, "")],
    "picture_flat": [("dcPIC2", MediaKind.IMAGE, "")],
    "audio_recognised": [("dcAUD1", MediaKind.VOICE, "")],
    "audio_not_recognised": [("dcAUD2", MediaKind.VOICE, "")],
    "video": [("dcVID1", MediaKind.VIDEO, "")],
    "file": [("dcFIL1", MediaKind.FILE, "简历 张三.pdf")],
    "rich_text": [("dcRICH1", MediaKind.IMAGE, "")],
    "rich_text_only_pictures": [("dcRICH2", MediaKind.IMAGE, ""), ("pRICH3", MediaKind.IMAGE, "")],
}


@pytest.mark.parametrize("name", MESSAGES)
def test_attachments_and_the_raw_form_are_kept_where_they_belong(name: str) -> None:
    for message in heard(body(name)).messages:
        found = [(one.id, one.kind, one.name) for one in message.media]
        assert found == ATTACHED.get(name, [])
        assert bool(message.raw) is (message.kind is MessageKind.UNSUPPORTED)
        assert "sendBySession" not in message.raw
        assert message.text


def test_the_raw_form_is_at_most_eight_thousand_characters() -> None:
    data = body("unknown_type") | {"content": {"unknownMsg": "长" * 20_000}}
    [message] = heard(data).messages
    assert len(message.raw) == 8_000


@pytest.mark.parametrize(
    "change",
    [
        {"msgtype": 5},
        {"text": {"content": ["x"]}},
        {"msgtype": "richText", "content": {"richText": ["x"]}},
        {"msgtype": "audio", "content": {"recognition": 5}},
        {"msgtype": "file", "content": {"downloadCode": {}}},
    ],
)
def test_what_cannot_be_understood_is_kept_as_it_came(change: dict[str, Any]) -> None:
    [message] = heard(body("text") | change).messages
    assert (message.kind, message.text) == (MessageKind.UNSUPPORTED, inbound.OTHER)
    assert json.dumps(change.get("msgtype", ["x"])) in message.raw
    assert message.external_id == "m:" + body("text")["msgId"]


@pytest.mark.parametrize(
    "change",
    [
        {"createAt": "yesterday"},
        {"createAt": -1},
        {"createAt": 1e300},
        {"createAt": True},
        {"createAt": 10**15},
        {"sessionWebhook": 7},
        {"sessionWebhookExpiredTime": [1]},
        {"sessionWebhookExpiredTime": 0},
        {"msgId": 5},
    ],
)
def test_what_is_odd_beside_the_words_loses_no_words(change: dict[str, Any]) -> None:
    plain = heard(body("text")).messages[0]
    [message] = heard(body("text") | change).messages
    assert (message.kind, message.text) == (plain.kind, plain.text)
    assert message.sent_at == (NOW if "createAt" in change else plain.sent_at)
    assert (message.ticket is None) is any(name.startswith("session") for name in change)


@pytest.mark.parametrize(("hours", "lends"), [(-1, 0), (0, 0), (1, 1), (2, 2), (24, 2), (9_999, 2)])
def test_a_session_is_believed_for_two_hours_at_most(hours: int, lends: int) -> None:
    until = int((NOW + timedelta(hours=hours)).timestamp() * 1000)
    [message] = heard(body("text") | {"sessionWebhookExpiredTime": until}).messages
    assert (message.ticket.until - NOW if message.ticket else timedelta(0)) == timedelta(
        hours=lends
    )


@pytest.mark.parametrize("change", [{"chatbotCorpId": []}, {"senderCorpId": 5}])
def test_a_message_of_who_knows_which_organisation_is_malformed(change: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        heard(body("text") | change)


def test_a_userid_of_another_organisation_is_nobodys_here() -> None:
    assert heard(body("text") | {"senderCorpId": "dingother"}) == Received()
    assert heard(body("text"), corp_id="dingother") == Received()
    press = {"outTrackId": "t", "userId": "u1", "corpId": "dingother"}
    ours = config(corp_id="dingcorp0001")
    assert inbound.press(press, ours, delivery="f", sent_at=NOW) == Received()
    for same in ({"corpId": "dingcorp0001"}, {"corpId": ""}):
        assert inbound.press(press | same, ours, delivery="f", sent_at=NOW).told


def test_whoever_writes_can_be_reached_again() -> None:
    received = heard(body("text"))
    [back] = received.reaches
    assert (back.sender, back.reachable) == (received.messages[0].sender, True)


def test_a_group_is_waved_to_and_lends_no_webhook() -> None:
    told = inbound.message(body("text_in_group"), config(), now=NOW)
    assert told.received.messages[0].ticket is None
    assert told.wave is not None
    assert told.wave.who == "u1"
    assert is_session(told.wave.session, ())
    assert "session=" not in repr(told)
    for change in ({"sessionWebhook": "http://169.254.169.254/"}, {"sessionWebhookExpiredTime": 1}):
        wave = inbound.message(body("text_in_group") | change, config(), now=NOW).wave
        assert wave is not None
        assert wave.session == ""
    for alone in ("text", "sender_outside_organisation"):
        assert inbound.message(body(alone), config(), now=NOW).wave is None


@pytest.mark.parametrize("user", ["a b", "u;x", "u/x", "x" * 65, "", None, 5, "\x00", ["u1"]])
def test_a_user_id_that_is_none_is_nobody(user: Any) -> None:
    data = body("text") | {"senderStaffId": user}
    assert heard(data) == Received()


def test_every_kind_without_its_content_says_its_kind() -> None:
    for kind in ("text", "richText", "picture", "audio", "video", "file", ""):
        data = {"senderStaffId": "u1", "msgId": "m", "msgtype": kind}
        [message] = heard(data).messages
        assert message.kind is MessageKind.UNSUPPORTED
        assert message.text.startswith("[")
        assert message.sent_at == NOW


def test_an_id_of_any_length_fits_where_it_is_stored() -> None:
    odd = ["x" * 500, "编号", "a b", ""]
    ids = []
    for given in odd:
        for text in ("你好", f"{inbound.PRESS}al:x"):
            data = body("text") | {"msgId": given, "text": {"content": text}}
            data |= {"senderStaffId": "u" * 64}
            [message] = heard(data).messages
            assert len(message.external_id) <= 200
            ids.append(message.external_id)
    assert len(set(ids)) == len(ids)


def test_a_message_without_an_id_has_one_of_its_own_that_stays() -> None:
    data = body("without_message_id")
    [first] = heard(data).messages
    again = data | {"sessionWebhook": "https://oapi.dingtalk.com/robot/x?session=2"}
    [second] = heard(again).messages
    [other] = heard(data | {"createAt": 1790000000001}).messages
    assert first.external_id == second.external_id != other.external_id


def test_a_press_has_the_id_of_its_delivery_and_names_card_and_person() -> None:
    data = whole(frame_of((PAYLOADS / "frames/press_inside.json").read_text("utf-8")).data)
    ids = [
        inbound.press(data, config(), delivery=delivery, sent_at=NOW).messages[0].external_id
        for delivery in ("f1", "f1", "f2")
    ]
    assert ids[0] == ids[1] != ids[2]
    assert ids[0].endswith("/yn-42/u1")
    longest = data | {"outTrackId": "x" * 64, "userId": "u" * 64}
    [press] = inbound.press(longest, config(), delivery="f", sent_at=NOW).messages
    assert len(press.external_id) <= 200


@pytest.mark.parametrize(
    "content", ["[]", "{", '"x"', '{"cardPrivateData":{"params":{"action":"' + "x" * 300 + '"}}}']
)
def test_a_press_with_nonsense_inside_is_malformed_or_no_action(content: str) -> None:
    data = {"outTrackId": "t", "userId": "u1", "content": content}
    try:
        [press] = inbound.press(data, config(), delivery="f", sent_at=NOW).messages
    except Malformed:
        return
    assert press.text == ""


def test_an_event_of_many_people_is_bounded() -> None:
    data = {"EventType": "user_leave_org", "UserId": [f"u{n}" for n in range(5_000)]}
    assert len(inbound.event(data).reaches) == inbound.MOST_PEOPLE


def test_frames_know_their_moment_and_refuse_nonsense() -> None:
    for text in ("", "[]", "null", '{"type":"EVENT"}', '{"headers":{"topic":5}}'):
        with pytest.raises(Malformed):
            frame_of(text)
    bare = Frame("CALLBACK", "/other", "m", "", None)
    assert frames.decode(bare, config(), now=NOW) is None


# Values


@pytest.mark.parametrize("value", ["1790000000000", 1790000000000])
def test_a_moment_is_read_from_both_forms(value: Any) -> None:
    assert moment(value) == datetime.fromtimestamp(1_790_000_000, UTC)


def test_an_address_of_theirs_is_one_of_two_hosts_or_the_configured_base() -> None:
    bases = ("http://127.0.0.1:5001", "https://ding.proxy.example")
    assert is_theirs("https://oapi.dingtalk.com/robot/sendBySession?session=1", bases)
    assert is_theirs("http://127.0.0.1:5001/robot/sendBySession", bases)
    assert is_theirs("https://ding.proxy.example/robot", bases)
    for url in (
        "http://api.dingtalk.com/x",
        "https://dingtalk.com/x",
        "https://x.oapi.dingtalk.com/",
        "http://127.0.0.1:5001@evil.example/",
        "http://127.0.0.1:50011/",
        "https://oapi.dingtalk.com%2eevil.example/",
        "https://oapi.dingtalk.com。evil.example/",
        "https:oapi.dingtalk.com/",
        " https://oapi.dingtalk.com/",
        "gopher://oapi.dingtalk.com/",
        "https://oapi.dingtalk.com@evil.example/",
        "https://evil.example\\@oapi.dingtalk.com/",
        "https://evil.example/#@oapi.dingtalk.com/",
        "https://oapi.dingtalk.com:8443/robot/sendBySession",
        "https://OAPI.dingtalk.com\t.evil.example/",
        "file:///etc/passwd",
        "//oapi.dingtalk.com/x",
        "https://[::1]/",
        "https://oapi.dingtalk.com:x/",
        "",
    ):
        assert not is_theirs(url, bases), url
        assert not is_session(url, bases), url


def test_a_session_is_one_path_of_theirs() -> None:
    assert is_session("https://oapi.dingtalk.com/robot/sendBySession?session=1", ())
    for path in (
        "/robot/send?access_token=somebodys",  # leads into any group somebody has a token of
        "/robot/sendBySession/../send?access_token=somebodys",
        "/robot/sendBySession/x",
        "/robot/sendBySession%2f..%2fsend",
        "/ROBOT/sendBySession?session=1",
        "/robot//sendBySession?session=1",
        "/topapi/message/corpconversation/asyncsend_v2",
        "",
    ):
        assert not is_session(f"https://oapi.dingtalk.com{path}", ()), path


# Answers


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (200, b""),
        (200, b"[]"),
        (200, b"OK"),
        (200, b'{"errcode": "x"}'),
        (200, b'{"errcode": 7, "errmsg": "\xe5\xbc\xa0\xe4\xb8\x89"}'),
        (301, b""),
        (302, b"{}"),
        (400, b'{"code": {"a": 1}}'),
        (400, b"<html>"),
        (403, b'{"code": "Forbidden.AccessDenied.X", "accessdenieddetail": 5}'),
        (404, b"x"),
        (429, b"{}"),
        (500, b"{"),
        (504, b'{"success": true}'),
        (200, b'{"status":1111,"wait":5,"punish":"deny"}'),
        (200, b'{"punish":"deny","wait":"x"}'),
        (200, b"[" * 100_000),
    ],
)
def test_every_answer_that_is_no_yes_is_a_delivery_error(status: int, answer: bytes) -> None:
    with pytest.raises(Trouble) as caught:
        read(status, answer)
    told = meaning(caught.value)
    assert isinstance(told, DeliveryError)
    assert "张" not in str(told)
    unclear = status == 504 or (status == 200 and answer[:2] in (b"", b"[]", b"OK", b"[["))
    assert isinstance(told, Unknown) is unclear
