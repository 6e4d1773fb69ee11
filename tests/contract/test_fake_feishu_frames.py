"""The frames of the stand-in for Feishu, held against the class the official client ships."""

import importlib
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes.feishu_frames import Frame
from tests.fakes.feishu_sdk import official

official()
pb: Any = importlib.import_module("lark_oapi.ws.pb.pbbp2_pb2")

WORDS = st.text(max_size=8)
NUMBERS = st.integers(0, 2**64 - 1)
SMALL = st.integers(-(2**31), 2**31 - 1)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    NUMBERS,
    NUMBERS,
    SMALL,
    SMALL,
    st.lists(st.tuples(WORDS, WORDS), max_size=4),
    st.binary(max_size=300),
    WORDS,
)
def test_frames_are_the_official_ones(
    seq: int, log: int, service: int, method: int, headers: Any, payload: bytes, new: str
) -> None:
    theirs = pb.Frame(SeqID=seq, LogID=log, service=service, method=method)
    for key, value in headers:
        theirs.headers.add(key=key, value=value)
    if payload:
        theirs.payload, theirs.payload_type = payload, "json"
    if new:
        theirs.LogIDNew = new
    ours = Frame(
        seq_id=seq,
        log_id=log,
        service=service,
        method=method,
        headers=tuple(headers),
        payload=payload,
        payload_type="json" if payload else "",
        log_id_new=new,
    )
    assert ours.encode() == theirs.SerializeToString()
    assert Frame.decode(theirs.SerializeToString()) == ours


@pytest.mark.parametrize(
    "data", [b"", b"\x08\x00", b"\xff" * 11, b"\x42\x7f", b"\x0b", b"\x0a\x00"]
)
def test_nonsense_is_no_frame(data: bytes) -> None:
    with pytest.raises(ValueError):
        Frame.decode(data)
