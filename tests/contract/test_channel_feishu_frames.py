"""Our codec of Feishu's frames against the class that ships in the official client."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels import feishu_frames as frames
from bot.channels.feishu_frames import Frame

INT32 = st.integers(-(2**31), 2**31 - 1)
UINT64 = st.integers(0, 2**64 - 1)
TEXT = st.text(max_size=30)
FRAMES = st.builds(
    Frame,
    service=INT32,
    method=INT32,
    seq_id=UINT64,
    log_id=UINT64,
    headers=st.lists(st.tuples(TEXT, TEXT), max_size=5).map(tuple),
    payload_encoding=TEXT,
    payload_type=TEXT,
    payload=st.binary(max_size=300),
    log_id_new=TEXT,
)


@pytest.fixture(scope="module")
def theirs() -> Any:
    """The class the official client was generated with."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the client makes an event loop when it is imported
        pb = pytest.importorskip("lark_oapi.ws.pb.pbbp2_pb2", reason="needs the official client")
    return pb.Frame


def as_theirs(theirs: Any, frame: Frame) -> Any:
    made = theirs(
        SeqID=frame.seq_id, LogID=frame.log_id, service=frame.service, method=frame.method
    )
    for key, value in frame.headers:
        made.headers.add(key=key, value=value)
    for name, given_value in (
        ("payload_encoding", frame.payload_encoding),
        ("payload_type", frame.payload_type),
        ("payload", frame.payload),
        ("LogIDNew", frame.log_id_new),
    ):
        if given_value:
            setattr(made, name, given_value)
    return made


@settings(deadline=None, max_examples=60)
@given(frame=FRAMES)
def test_what_we_write_is_what_the_official_class_writes(theirs: Any, frame: Frame) -> None:
    assert frames.encode(frame) == as_theirs(theirs, frame).SerializeToString()


@settings(deadline=None, max_examples=60)
@given(frame=FRAMES)
def test_what_the_official_class_writes_we_read(theirs: Any, frame: Frame) -> None:
    assert frames.decode(as_theirs(theirs, frame).SerializeToString()) == frame


@settings(deadline=None, max_examples=60)
@given(data=st.binary(max_size=200))
def test_any_bytes_are_a_frame_or_a_value_error(data: bytes) -> None:
    try:
        frames.decode(data)
    except ValueError:
        return


@settings(deadline=None, max_examples=60)
@given(frame=FRAMES, at=st.integers(0, 400))
def test_a_frame_cut_anywhere_is_a_value_error_or_a_shorter_frame(frame: Frame, at: int) -> None:
    whole = frames.encode(frame)
    try:
        frames.decode(whole[:at])
    except ValueError:
        assert at < len(whole)


def test_fields_that_are_newer_than_we_are_skipped() -> None:
    frame = Frame(service=7, method=1, payload=b"x")
    newer = b"\x50\x01" + b"\x5a\x03abc" + b"\x61" + bytes(8) + b"\x6d" + bytes(4)
    assert frames.decode(frames.encode(frame) + newer) == frame


def test_required_fields_are_required() -> None:
    for left_out in range(4):
        numbers = [b"\x08\x00", b"\x10\x00", b"\x18\x01", b"\x20\x00"]
        del numbers[left_out]
        with pytest.raises(ValueError, match="not a frame"):
            frames.decode(b"".join(numbers))
