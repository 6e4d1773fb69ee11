"""Decoding Telegram's updates: whatever comes, it is an update or ``Malformed``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.strict_json import MAX_BYTES, checked, opened
from bot.channels.telegram_address import chat_of
from bot.channels.telegram_business import Line, line_id
from bot.channels.telegram_content import MAX_RAW
from bot.channels.telegram_inbound import decoded
from bot.errors import Malformed
from bot.messages import Address, Inbound, Media, Overheard, Received
from storage.enums import MediaKind, MessageKind

PAYLOADS = Path(__file__).parents[3] / "contract/payloads/telegram"
CAPTURED = [json.loads(path.read_text("utf-8")) for path in sorted(PAYLOADS.glob("*.json"))]


LINE = Line(id="bc1", host=9)


def decode_update(update: Any) -> Received:
    """As the channel does; whoever it was heard from is an account of 9."""
    data = checked(update)
    return decoded(data, LINE if line_id(data) is not None else None)


def decode(body: bytes) -> Received:
    return decode_update(opened(body))


def message(**more: Any) -> dict[str, Any]:
    person = {"id": 7, "is_bot": False, "first_name": "Li"}
    chat = {"id": 7, "type": "private", "first_name": "Li"}
    base = {"message_id": 1, "from": person, "chat": chat, "date": 1793581200, "text": "好"}
    return {"update_id": 1, "message": base | more}


def encoded(update: object) -> bytes:
    return json.dumps(update).encode()


def nested(depth: int) -> dict[str, Any]:
    inner: Any = "x"
    for _ in range(depth):
        inner = [inner]
    return message(deep=inner)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[1]",
        b'"text"',
        b"{}",
        b"{",
        b"\xff\xfe",
        b"\xed\xa0\x80",
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b'{"update_id": NaN}',
        b'{"update_id": 1, "x": Infinity}',
        b'{"update_id": 1, "x": -1e999}',
        b'{"update_id": 1, "x": ' + b"9" * 5_000 + b"}",
        b'{"update_id": 1, "x": 9223372036854775808}',
        b'{"update_id": 1, "x": -9223372036854775809}',
        b" " * MAX_BYTES + b"{}",
        encoded(nested(20)),
        encoded(message(text="\ud800")),
        encoded({"update_id": 1, "\udfff": 1}),
        encoded(message(text=5)),
        encoded(message(text=["好"])),
        encoded(message(message_id="1")),
        encoded(message(message_id=True)),
        encoded(message(date=None)),
        encoded(message(date="soon")),
        encoded(message(date=10**15)),
        encoded(message(chat={"id": "7", "type": "private"})),
        encoded(message(chat=7)),
        encoded({"update_id": 1, "callback_query": {"id": "1"}}),
        encoded({"message": {}}),
    ],
)
def test_what_is_not_an_update_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        decode(body)


def test_an_update_at_the_limits_is_taken() -> None:
    assert decode(encoded(nested(17))).messages
    assert decode(encoded(message(message_id=2**63 - 1))).messages
    assert len(decode(encoded(message(text="好" * 4096))).messages[0].text) == 4096


@pytest.mark.parametrize("query_id", ["", "a" * 65, "a\x00b", "号", "a b"])
def test_the_id_of_a_press_is_short_and_plain(query_id: str) -> None:
    press = json.loads((PAYLOADS / "press.json").read_text("utf-8"))
    press["callback_query"]["id"] = query_id
    with pytest.raises(Malformed):
        decode_update(press)


PHOTO = [
    {"file_id": "s", "file_unique_id": "b", "width": 1, "height": 1},
    {"file_id": "L-_1", "file_unique_id": "c", "width": 9, "height": 9, "file_size": 70},
]
VOICE = {"file_id": "v", "file_unique_id": "u", "duration": 3}


def attached(**more: Any) -> Inbound:
    update = message(**more)
    del update["message"]["text"]
    [said] = decode_update(update).messages
    return said


def test_words_under_a_picture_are_words_and_the_picture_is_kept() -> None:
    said = attached(photo=PHOTO, caption=" 对方给到 30k ")
    assert (said.kind, said.text, said.raw) == (MessageKind.TEXT, "对方给到 30k", "")
    assert said.media == (Media(id="L-_1", kind=MediaKind.IMAGE, size=70),)


@pytest.mark.parametrize("caption", [None, "", "  "])
def test_a_picture_without_words_is_named(caption: str | None) -> None:
    said = attached(photo=PHOTO, media_group_id="5", caption=caption)
    assert (said.kind, said.text) == (MessageKind.UNSUPPORTED, "[图片]")
    assert [one.id for one in said.media] == ["L-_1"]
    assert json.loads(said.raw)["media_group_id"] == "5"


@pytest.mark.parametrize("aside", [{"effect_id": "5104841245755180586"}, {"reply_to_story": {
    "id": 1, "chat": {"id": 7, "type": "private"}}}])  # fmt: skip
def test_what_a_message_has_besides_its_kind_does_not_hide_the_kind(aside: dict[str, Any]) -> None:
    """The library lists an effect among the kinds, and before most of them."""
    assert attached(voice=VOICE, **aside).text == "[语音]"


@pytest.mark.parametrize("file_id", ["", "a/b", "../x", "号", "a" * 201, ["x"]])
def test_an_id_that_cannot_be_one_is_not_asked_for(file_id: Any) -> None:
    assert attached(voice=VOICE | {"file_id": file_id}).media == ()


def test_only_so_much_is_kept_of_the_platforms_own_form() -> None:
    said = attached(hologram={"x": "好" * 9_000})
    assert (said.text, len(said.raw)) == ("[其他消息]", MAX_RAW)


# In a colleague's own chat


def overheard(who: int, kind: str = "business_message", **more: Any) -> dict[str, Any]:
    """What ``who`` wrote in the chat of 9 and 7."""
    person = {"id": who, "is_bot": False, "first_name": "x"}
    inner = message(**{"from": person, "business_connection_id": "bc1"} | more)["message"]
    return {"update_id": 5, kind: inner}


def test_what_the_other_writes_is_theirs_and_what_the_owner_writes_an_aside() -> None:
    where = Address("telegram", "biz/bc1/7")
    both = Overheard(host=Address("telegram", "9"), person=Address("telegram", "7"))
    [said] = decode_update(overheard(7)).messages
    assert (said.sender, said.overheard, said.external_id) == (where, both, "b:bc1:7:1")
    received = decode_update(overheard(9))
    [aside] = received.asides
    assert received.messages == ()
    assert (aside.to, aside.by, aside.overheard) == (where, "9", both)
    assert aside.external_id == "b:bc1:7:1"  # one chat, one numbering


def test_an_edit_is_said_again_by_whoever_made_it() -> None:
    kind, when = "edited_business_message", {"edit_date": 1793581300}
    [said] = decode_update(overheard(7, kind, **when)).messages
    [aside] = decode_update(overheard(9, kind, **when)).asides
    assert said.external_id == aside.external_id == "be:bc1:7:1:5"
    assert said.sent_at.timestamp() == aside.sent_at.timestamp() == 1793581300
    moved = overheard(7, kind, location={"latitude": 1.0, "longitude": 1.0}, **when)
    del moved[kind]["text"]
    assert decode_update(moved) == Received()


BOT = {"id": 1, "is_bot": True, "first_name": "b"}


@pytest.mark.parametrize(
    "update",
    [
        overheard(8),  # neither of the two
        overheard(9, sender_business_bot=BOT),  # a bot in the owner's name
        overheard(7, **{"from": BOT}),
        overheard(7, **{"from": None}),
        overheard(7, chat={"id": -100, "type": "supergroup", "title": "t"}),
        overheard(7, pinned_message={"message_id": 1, "date": 0, "chat": {"id": 7, "type": "p"}}),
    ],
)
def test_whatever_else_passes_there_is_not_heard(update: dict[str, Any]) -> None:
    if "pinned_message" in update["business_message"]:
        del update["business_message"]["text"]
    assert decode_update(update) == Received()


def test_the_bots_own_chat_and_the_owners_are_never_one() -> None:
    [own], [theirs] = decode_update(message()).messages, decode_update(overheard(7)).messages
    assert own.sender != theirs.sender
    assert own.external_id != theirs.external_id


@pytest.mark.parametrize("id", [None, "", 5, "a/b", "a" * 65, "号", "a:b"])
def test_the_id_of_a_connection_is_short_and_plain(id: Any) -> None:
    with pytest.raises(Malformed):
        decode_update(overheard(7, business_connection_id=id))


def test_what_is_deleted_stays_said_and_is_noted() -> None:
    body = {
        "business_connection_id": "bc1",
        "chat": {"id": 7, "type": "private", "first_name": "Li"},
        "message_ids": [1, 2, 3],
    }
    [note] = decode_update({"update_id": 5, "deleted_business_messages": body}).messages
    assert (note.external_id, note.kind) == ("bd:bc1:7:5", MessageKind.UNSUPPORTED)
    assert "3 条消息被删除" in note.text
    none = body | {"message_ids": []}
    assert decode_update({"update_id": 5, "deleted_business_messages": none}) == Received()


def test_what_another_bot_says_is_not_heard() -> None:
    bot = {"id": 8, "is_bot": True, "first_name": "x"}
    assert decode_update(message(**{"from": bot})) == Received()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every path into a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    found = [path] if path else []
    if isinstance(value, dict | list):
        for key, item in inner:
            nested_in = isinstance(item, dict | list)
            found += places(item, (*path, key)) if nested_in else [(*path, key)]
    return found


@st.composite
def damaged(draw: st.DrawFn) -> Any:
    """A captured update with one or two of its values replaced or removed."""
    update = json.loads(json.dumps(draw(st.sampled_from(CAPTURED))))
    for _ in range(draw(st.integers(min_value=1, max_value=2))):
        *road, last = draw(st.sampled_from(places(update)))
        here = update
        for step in road:
            here = here[step]
        if isinstance(here, dict) and draw(st.booleans()):
            del here[last]
        else:
            here[last] = draw(JSON)
        if not places(update):
            break
    return update


@settings(max_examples=400, deadline=None)
@given(damaged() | JSON)
def test_a_damaged_update_is_decoded_or_malformed_and_nothing_else(update: Any) -> None:
    try:
        received = decode_update(update)
    except Malformed:
        return
    for said in received.messages:
        said.text.encode()
        assert said.sent_at.utcoffset() is not None
        assert chat_of(said.sender.value) is not None or said.overheard is not None


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_decoded_or_malformed(body: bytes) -> None:
    try:
        decode(body)
    except Malformed:
        return
