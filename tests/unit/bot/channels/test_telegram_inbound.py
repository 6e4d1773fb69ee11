"""Decoding Telegram's updates: whatever comes, it is an update or ``Malformed``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.telegram_inbound import MAX_BYTES, decode, decode_update
from bot.errors import Malformed
from bot.messages import Received
from storage.enums import MessageKind

PAYLOADS = Path(__file__).parents[3] / "contract/payloads/telegram"
CAPTURED = [json.loads(path.read_text("utf-8")) for path in sorted(PAYLOADS.glob("*.json"))]


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


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"caption": "体检"}, "[图片] 体检"),
        ({"media_group_id": "5"}, "[图片]"),
    ],
)
def test_a_caption_is_kept(more: dict[str, Any], text: str) -> None:
    sizes = [{"file_id": "a", "file_unique_id": "b", "width": 1, "height": 1}]
    update = message(photo=sizes, **more)
    del update["message"]["text"]
    [said] = decode_update(update).messages
    assert (said.kind, said.text) == (MessageKind.UNSUPPORTED, text)


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
        int(said.sender.value)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_decoded_or_malformed(body: bytes) -> None:
    try:
        decode(body)
    except Malformed:
        return
