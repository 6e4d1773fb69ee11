"""The frames of the stand-in for Feishu, held against the class the official client ships."""

import importlib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes.feishu_frames import PROTOCOL, Frame
from tests.fakes.feishu_sdk import official

official()
pb: Any = importlib.import_module("lark_oapi.ws.pb.pbbp2_pb2")

WORDS = st.text(max_size=8)
NUMBERS = st.integers(0, 2**64 - 1)
SMALL = st.integers(-(2**31), 2**31 - 1)
FRAMES = st.builds(
    Frame,
    service=SMALL,
    method=SMALL,
    seq_id=NUMBERS,
    log_id=NUMBERS,
    headers=st.lists(st.tuples(WORDS, WORDS), max_size=4).map(tuple),
    payload_encoding=WORDS,
    payload_type=WORDS,
    payload=st.binary(max_size=300),
    log_id_new=WORDS,
)
CALM = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def officially(frame: Frame) -> Any:
    """The same frame as an object of the official class."""
    theirs = pb.Frame(
        SeqID=frame.seq_id, LogID=frame.log_id, service=frame.service, method=frame.method
    )
    for key, value in frame.headers:
        theirs.headers.add(key=key, value=value)
    for name, value in {
        "payload_encoding": frame.payload_encoding,
        "payload_type": frame.payload_type,
        "payload": frame.payload,
        "LogIDNew": frame.log_id_new,
    }.items():
        if value:
            setattr(theirs, name, value)
    return theirs


def test_the_protocol_is_the_one_the_official_client_was_generated_from() -> None:
    theirs = {
        message.name: tuple(
            (field.name, field.number, field.label, field.type) for field in message.field
        )
        for message in described().message_type
    }
    assert theirs == PROTOCOL


def described() -> Any:
    """The descriptor the official class was generated from."""
    proto = importlib.import_module("google.protobuf.descriptor_pb2")
    found = proto.FileDescriptorProto()
    pb.DESCRIPTOR.CopyToProto(found)
    return found


@CALM
@given(frame=FRAMES)
def test_the_official_client_reads_what_the_stand_in_writes(frame: Frame) -> None:
    sent = frame.encode()
    read = pb.Frame()
    read.ParseFromString(sent)
    assert read == officially(frame)
    assert sent == officially(frame).SerializeToString()


@CALM
@given(frame=FRAMES)
def test_the_stand_in_reads_what_the_official_client_writes(frame: Frame) -> None:
    assert Frame.decode(officially(frame).SerializeToString()) == frame


@CALM
@given(data=st.binary(max_size=200))
def test_any_bytes_are_a_frame_or_a_value_error(data: bytes) -> None:
    try:
        frame = Frame.decode(data)
    except ValueError:
        return
    assert Frame.decode(frame.encode()) == frame


@pytest.mark.parametrize(
    "data", [b"", b"\x08\x00", b"\xff" * 11, b"\x42\x7f", b"\x0b", b"\x0a\x00"]
)
def test_nonsense_is_no_frame(data: bytes) -> None:
    with pytest.raises(ValueError):
        Frame.decode(data)


@pytest.mark.parametrize(
    "more", [b"\x2a\x02\x0a\x00", b"\x2a\x02\x12\x00"], ids=["no value", "no key"]
)
def test_a_header_has_a_key_and_a_value(more: bytes) -> None:
    whole = Frame(service=1, method=0).encode()
    with pytest.raises(ValueError):
        Frame.decode(whole + more)


@pytest.mark.parametrize(
    "changes", [{"seq_id": -1}, {"seq_id": 2**64}, {"service": 2**31}, {"method": -(2**31) - 1}]
)
def test_a_number_that_does_not_fit_is_not_sent(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        replace(Frame(service=1, method=0), **changes).encode()
