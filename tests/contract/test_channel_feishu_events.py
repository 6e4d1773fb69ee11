"""What Feishu's events become, beyond the golden ones: media, presses, challenges, shapes."""

from __future__ import annotations

import doctest
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels import feishu_content as content
from bot.channels import feishu_door, feishu_draw, feishu_frames, feishu_hook
from bot.channels import feishu_inbound as inbound
from bot.errors import Malformed, NotReady
from bot.messages import MAX_TEXT, HttpCall, Media, Received
from storage.enums import MediaKind, MessageKind
from tests.contract.channel_places import BASE_URL
from tests.contract.place_feishu import (
    ROBOT,
    TOKEN,
    Plain,
    feishu_call,
    offline_feishu,
)

PAYLOADS = Path(__file__).parent / "payloads/feishu"


def event(name: str) -> Any:
    return json.loads((PAYLOADS / f"{name}.json").read_text(encoding="utf-8"))


def decoded(name: str, robot: str = ROBOT) -> Received:
    return inbound.decode(event(name), robot)


def press(**action: Any) -> dict[str, Any]:
    header = {
        "event_id": "e2",
        "token": TOKEN,
        "create_time": "1700000000123456",
        "event_type": "card.action.trigger",
        "tenant_key": "2ca1d211f64f6438",
        "app_id": "cli_nobody",
    }
    return {
        "schema": "2.0",
        "header": header,
        "event": {
            "operator": {
                "tenant_key": "tk",
                "user_id": "u",
                "open_id": "ou_hr",
                "union_id": "on_h",
            },
            "token": "c-abc",
            "action": {"tag": "button", "timezone": "Asia/Shanghai", **action},
            "host": "im_message",
            "context": {"open_message_id": "om_9", "open_chat_id": "oc_9"},
        },
    }


@pytest.mark.parametrize(
    "module", [content, feishu_door, feishu_draw, feishu_frames, feishu_hook, inbound]
)
def test_examples(module: Any) -> None:
    tried = doctest.testmod(module)
    assert tried.attempted > 0
    assert tried.failed == 0


# Media


@pytest.mark.parametrize(
    ("name", "kind", "called"),
    [
        ("image", MediaKind.IMAGE, ""),
        ("file", MediaKind.FILE, "李娜 简历.pdf"),
        ("audio", MediaKind.VOICE, ""),
        ("media", MediaKind.VIDEO, "自我介绍.mp4"),
    ],
)
def test_an_attachment_names_its_message_and_its_key(
    name: str, kind: MediaKind, called: str
) -> None:
    [message] = decoded(name).messages
    [attached] = message.media
    assert (attached.kind, attached.name) == (kind, called)
    where, fetched_as, key = content.parts(attached.id) or ("", "", "")
    body = json.loads(event(name)["event"]["message"]["content"])
    assert (where, key) == (message.external_id, body.get("file_key") or body["image_key"])
    assert fetched_as == ("image" if name == "image" else "file")


def test_pictures_in_rich_text_are_attached_beside_the_words() -> None:
    [message] = decoded("post").messages
    assert message.kind is MessageKind.TEXT
    assert [media.kind for media in message.media] == [MediaKind.IMAGE]
    assert message.raw == ""


def test_what_cannot_be_shown_keeps_its_own_form_up_to_a_limit() -> None:
    [message] = decoded("share_user").messages
    assert json.loads(message.raw)["content"] == '{"user_id": "ou_zhang"}'
    long = event("new_kind")
    long["event"]["message"]["content"] = json.dumps({"x": "长" * 20_000})
    [message] = inbound.decode(long, ROBOT).messages
    assert len(message.raw) == 8_000


@pytest.mark.parametrize(
    "ref", ["", "om_1", "om_1/file", "om_1/stream/k", "x/file/k", "om_1/file/../k", "om_1/file/k/l"]
)
def test_only_our_own_ids_of_attachments_are_taken_apart(ref: str) -> None:
    assert content.parts(ref) is None


# Who is meant


def test_a_group_that_calls_another_bot_is_only_heard_while_we_do_not_know_ourselves() -> None:
    assert decoded("group_other_bot_called").messages == ()
    assert len(decoded("group_other_bot_called", robot="").messages) == 1
    assert len(decoded("group_called", robot="").messages) == 1


def test_the_same_message_under_a_new_event_id_is_the_same() -> None:
    again = event("text")
    again["header"]["event_id"] = "another"
    assert inbound.decode(again, ROBOT) == decoded("text")


def test_both_tellings_of_a_first_contact_are_one() -> None:
    created = event("created_old_envelope")
    created["event"]["chat_id"] = "oc_entered"
    [one], [other] = decoded("entered_first").messages, inbound.decode(created, ROBOT).messages
    assert (one.external_id, one.sender) == (other.external_id, other.sender)


@pytest.mark.parametrize(
    ("given_time", "wanted"),
    [
        ("1700000000", (0, 0)),
        ("1700000000123", (0, 123_000)),
        ("1700000000123456", (0, 123_456)),
        ("1700000000.5", (0, 500_000)),
        (1700000001000, (1, 0)),
    ],
)
def test_times_of_any_length_are_told_apart(given_time: Any, wanted: tuple[int, int]) -> None:
    second, micros = wanted
    start = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert inbound.moment(given_time) == start.replace(second=20 + second, microsecond=micros)


@pytest.mark.parametrize("nonsense", ["", None, "yesterday", -1, "12345678901", True, 1.5, "١٢٣"])
def test_nonsense_is_no_time(nonsense: Any) -> None:
    with pytest.raises(Malformed):
        inbound.moment(nonsense)


def test_a_message_without_a_time_of_its_own_has_that_of_its_event() -> None:
    late = event("text")
    for nonsense in (None, "", "yesterday", 7.5):
        late["event"]["message"]["create_time"] = nonsense
        [message] = inbound.decode(late, ROBOT).messages
        assert message.sent_at == inbound.moment(late["header"]["create_time"])
    late["header"]["create_time"] = "yesterday"
    with pytest.raises(Malformed):
        inbound.decode(late, ROBOT)


def test_a_text_of_any_length_is_kept_as_far_as_we_keep_any() -> None:
    """A client lets one write 50,000 characters; what is too long for us would be dropped."""
    long = event("text")
    long["event"]["message"]["content"] = json.dumps({"text": "长" * 50_000}, ensure_ascii=False)
    [message] = inbound.decode(long, ROBOT).messages
    assert (message.text, message.kind) == ("长" * MAX_TEXT, MessageKind.TEXT)


# Presses


async def test_a_press_is_an_action_with_an_answer_at_once() -> None:
    channel = offline_feishu()
    call = feishu_call(json.dumps(press(value={"action": "al:a_1:useful"})).encode())
    received = await channel.receive(call)
    [message] = received.messages
    assert (message.kind, message.text) == (MessageKind.PRESS, "al:a_1:useful")
    assert (message.external_id, message.sender.value) == ("press:e2", "ou_hr")
    assert message.sent_at == datetime(2023, 11, 14, 22, 13, 20, 123_456, tzinfo=UTC)
    assert received.media_type == "application/json"
    assert json.loads(received.reply) == {"toast": {"type": "info", "content": "已收到"}}
    assert (await channel.receive(call)).messages[0].external_id == message.external_id
    await channel.stop()


@pytest.mark.parametrize(
    "action",
    [
        {},
        {"value": None},
        {"value": "al:x"},
        {"value": {"act": 1}},
        {"value": {"action": "长" * 22}},
    ],
)
def test_a_press_that_is_not_ours_is_answered_and_nothing_else(action: dict[str, Any]) -> None:
    received = inbound.decode(press(**action), ROBOT)
    assert not received.told
    assert json.loads(received.reply)["toast"]["type"] == "warning"


# Shapes


@pytest.mark.parametrize("name", sorted(path.stem for path in PAYLOADS.glob("*.json")))
def test_an_event_that_lacks_anything_is_read_or_malformed(name: str) -> None:
    """Every key taken away, and every value replaced by one of another kind."""
    for spoilt in _spoilt(event(name)):
        try:
            received = inbound.decode(spoilt, ROBOT)
        except Malformed:
            continue
        for message in received.messages:
            assert message.external_id
            assert message.sender.value.startswith("ou_")
            assert message.text


OTHERS: tuple[Any, ...] = ("gone", None, 7, "x" * 300, [], {}, [None], {"a": {}})


def _spoilt(whole: Any) -> list[Any]:
    found: list[Any] = []
    for path in _paths(whole):
        for other in OTHERS:
            made = json.loads(json.dumps(whole))
            place = made
            for key in path[:-1]:
                place = place[key]
            if other == "gone":
                del place[path[-1]]
            else:
                place[path[-1]] = other
            found.append(made)
    return found


def _paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner: Any = value.items() if isinstance(value, dict) else ()
    if isinstance(value, list):
        inner = enumerate(value)
    return [path for key, one in inner for path in [(*at, key), *_paths(one, (*at, key))]]


JSONS = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["text", "content", "title", "tag", "image_key", "href", "user_id"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(deadline=None, max_examples=60)
@given(kind=st.sampled_from(["text", "post", "image", "file", "location", "x"]), body=JSONS)
def test_any_content_is_read_somehow(kind: str, body: Any) -> None:
    message = {"message_id": "om_1", "message_type": kind, "content": json.dumps(body)}
    said = content.read(message, ROBOT)
    assert said.text
    assert all(isinstance(one, Media) for one in said.media)


@pytest.mark.parametrize("text", ['{"text": "\\ud800"}', '{"text": NaN}', "[" * 5_000, "7"])
def test_content_that_could_not_be_stored_is_a_marker(text: str) -> None:
    said = content.read({"message_type": "text", "content": text}, ROBOT)
    assert said.text == "[暂不支持的消息]"


# The invite


async def test_an_invite_for_who_is_no_member_shows_what_to_send_and_where() -> None:
    channel = offline_feishu()
    url = channel.invite_url(BASE_URL, "tok-EN_1")
    opened, _, shown = url.partition("?mode=window&url=")
    assert opened == "https://applink.feishu.cn/client/web_url/open"
    assert unquote(shown) == f"{BASE_URL}/hooks/feishu?start=tok-EN_1"
    call = HttpCall(method="GET", headers={}, query={"start": "tok-EN_1"}, body=b"")
    received = await channel.receive(call)
    assert not received.told
    assert received.media_type.startswith("text/html")
    shown = received.reply.decode()
    assert "<code>/start tok-EN_1</code>" in shown
    assert "https://applink.feishu.cn/client/bot/open?appId=cli_nobody" in shown
    assert "no-referrer" in shown
    await channel.stop()


async def test_lark_has_links_of_its_own() -> None:
    channel = offline_feishu(host="lark", api_base="")
    assert channel.invite_url(BASE_URL, "t").startswith("https://applink.larksuite.com/")
    call = HttpCall(method="GET", headers={}, query={"start": "t"}, body=b"")
    assert b"https://applink.larksuite.com/" in (await channel.receive(call)).reply
    await channel.stop()


@pytest.mark.parametrize(
    "section",
    [
        {"host": "slack"},
        {"mode": "poll"},
        {"mode": "webhook", "encrypt_key": Plain()},
        {"mode": "webhook", "verification_token": Plain()},
    ],
)
def test_settings_that_cannot_work_are_named(section: dict[str, Any]) -> None:
    with pytest.raises(NotReady, match="YINUO_FEISHU"):
        offline_feishu(**section)
