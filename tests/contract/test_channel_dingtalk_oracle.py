"""The official client reads in DingTalk's frames what we read, and answers them as we do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.channels import dingtalk_frames as frames
from bot.channels import dingtalk_inbound as inbound
from bot.channels.dingtalk_frames import frame_of
from storage.enums import MessageKind
from tests.contract.dingtalk_samples import FRAMES, MESSAGES, NOW, PAYLOADS, body, framed, told

sdk = pytest.importorskip("dingtalk_stream", reason="needs the official client")


class Wire:
    """What the official client writes its answers to."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    async def send(self, text: str) -> None:
        self.sent.append(json.loads(text))


class Robot(sdk.ChatbotHandler):  # type: ignore[misc, name-defined]
    """Keeps what the official client makes of what came."""

    def __init__(self, kept: list[Any]) -> None:
        super().__init__()
        self.kept = kept

    async def process(self, message: Any) -> tuple[int, str]:
        self.kept.append(message)
        return sdk.AckMessage.STATUS_OK, "OK"


class Events(sdk.EventHandler):  # type: ignore[misc, name-defined]
    def __init__(self, kept: list[Any]) -> None:
        super().__init__()
        self.kept = kept

    async def process(self, message: Any) -> tuple[int, str]:
        self.kept.append(message)
        return sdk.AckMessage.STATUS_OK, "OK"


async def routed(text: str) -> tuple[Any, dict[str, Any]]:
    """The official client's message of a frame, and its answer."""
    kept: list[Any] = []
    client = sdk.DingTalkStreamClient(sdk.Credential("id", "secret"))
    client.websocket = Wire()
    client.register_callback_handler(frames.BOT, Robot(kept))
    client.register_callback_handler(frames.CARD, Robot(kept))
    client.register_all_event_handler(Events(kept))
    await client.route_message(json.loads(text))
    [message], [answer] = kept, client.websocket.sent
    return message, answer


#: Without its content a message breaks the official client, which then never acknowledges it.
BREAKS_THEIRS = {"content_withheld", "picture_flat", "quota_exhausted"}


@pytest.mark.parametrize("name", sorted(BREAKS_THEIRS))
async def test_what_breaks_the_official_client_is_understood_here(name: str) -> None:
    text = framed(body(name))
    with pytest.raises(KeyError):
        sdk.ChatbotMessage.from_dict((await routed(text))[0].data)
    assert told(text).messages[0].text.startswith("[")


@pytest.mark.parametrize("name", [name for name in MESSAGES if name not in BREAKS_THEIRS])
async def test_the_official_client_reads_the_same_message_in_the_same_frame(name: str) -> None:
    text = framed(body(name))
    raw, answer = await routed(text)
    theirs = sdk.ChatbotMessage.from_dict(raw.data)
    ours = told(text).messages
    assert bool(theirs.sender_staff_id) is bool(ours)
    frame = frame_of(text)
    assert frame.id == raw.headers.message_id
    assert _same_but_words(json.loads(frames.ack(frame, frames.OK)), answer)
    if not ours:
        return
    [message] = ours
    assert message.sender.value == f"u/{theirs.sender_staff_id}"
    if theirs.message_id:
        assert theirs.message_id in message.external_id
    assert int(message.sent_at.timestamp() * 1000) == int(theirs.create_at)
    assert (message.ticket is not None) == (
        theirs.conversation_type == "1" and "169.254" not in theirs.session_webhook
    )
    if message.ticket is not None:
        assert message.ticket.value == theirs.session_webhook
        until = int(message.ticket.until.timestamp() * 1000)
        longest = int((NOW + inbound.SESSION_LIFE).timestamp() * 1000)
        assert until == min(theirs.session_webhook_expired_time, longest)


@pytest.mark.parametrize("name", [name for name in MESSAGES if name.startswith(("text", "rich"))])
async def test_the_official_client_reads_the_same_words_and_pictures(name: str) -> None:
    theirs = sdk.ChatbotMessage.from_dict((await routed(framed(body(name))))[0].data)
    [message] = told(framed(body(name))).messages
    words = "".join(theirs.get_text_list() or []).strip()
    said = f"{inbound.PRESS}{message.text}" if message.kind is MessageKind.PRESS else message.text
    if message.kind is not MessageKind.UNSUPPORTED:
        assert said == words
    else:
        assert words == ""
    # Theirs knows no picture that has only the smaller code.
    codes = [one.id for one in message.media if one.id != "pRICH3"]
    assert codes == (theirs.get_image_list() or [])


@pytest.mark.parametrize("name", [name for name in FRAMES if name.startswith("press")])
async def test_the_official_client_reads_the_same_press_in_the_same_frame(name: str) -> None:
    text = (PAYLOADS / "frames" / f"{name}.json").read_text("utf-8")
    raw, answer = await routed(text)
    theirs = sdk.CardCallbackMessage.from_dict(raw.data)
    frame = frame_of(text)
    assert (frame.id, frame.topic) == (raw.headers.message_id, raw.headers.topic)
    ours = json.loads(frames.ack(frame, frames.OK))
    assert _same_but_words(ours, answer)
    assert json.loads(ours["data"]).keys() == json.loads(answer["data"]).keys() == {"response"}
    if name == "press_by_union_id":
        assert told(text).messages == ()
        return
    [press] = told(text).messages
    assert press.sender.value == f"u/{theirs.user_id}"
    assert json.dumps(press.text) in json.dumps(theirs.content)
    here = theirs.card_instance_id if theirs.card_instance_id.isascii() else ""
    assert press.external_id.split("/")[2:] == [here, theirs.user_id]


@pytest.mark.parametrize("name", [name for name in FRAMES if name.startswith("event")])
async def test_the_official_client_reads_the_same_event_in_the_same_frame(name: str) -> None:
    text = (PAYLOADS / "frames" / f"{name}.json").read_text("utf-8")
    raw, answer = await routed(text)
    people = [one for key, value in raw.data.items() if key.lower() == "userid" for one in value]
    known = raw.headers.event_type in inbound.LEFT | inbound.CAME
    reaches = told(text).reaches
    assert [one.sender.value for one in reaches] == [
        f"u/{one}" for one in dict.fromkeys(people) if known
    ]
    assert {one.reachable for one in reaches} <= {raw.headers.event_type in inbound.CAME}
    assert _same_but_words(json.loads(frames.ack(frame_of(text), frames.OK)), answer)


async def test_both_answer_a_ping_with_what_it_holds() -> None:
    headers = {"messageId": "p1", "topic": "ping", "contentType": "application/json"}
    data = json.dumps({"opaque": "0d3e"})
    text = json.dumps({"type": "SYSTEM", "headers": headers, "data": data})
    client = sdk.DingTalkStreamClient(sdk.Credential("id", "secret"))
    client.websocket = Wire()
    await client.route_message(json.loads(text))
    [theirs] = client.websocket.sent
    ours = json.loads(frames.ack(frame_of(text), frames.OK))
    assert _same_but_words(ours, theirs)
    assert json.loads(ours["data"]) == json.loads(theirs["data"]) == {"opaque": "0d3e"}


def _same_but_words(ours: dict[str, Any], theirs: dict[str, Any]) -> bool:
    names = ("messageId", "contentType")
    return (
        ours["code"] == theirs["code"]
        and [ours["headers"][one] for one in names] == [theirs["headers"][one] for one in names]
        and isinstance(ours["data"], str)
        and ours.keys() == theirs.keys()
    )
