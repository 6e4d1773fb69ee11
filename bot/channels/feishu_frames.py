"""The frames of Feishu's long connection: one protobuf message, written and read by hand.

message Frame {
  required uint64 SeqID = 1;    required uint64 LogID = 2;
  required int32  service = 3;  required int32  method = 4;
  repeated Header headers = 5;  // required string key = 1, value = 2
  optional string payload_encoding = 6;  optional string payload_type = 7;
  optional bytes  payload = 8;           optional string LogIDNew = 9;
}
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

CONTROL = 0
DATA = 1
#: More headers than this is no frame of theirs.
MAX_HEADERS = 64

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_WORD = 1 << 64
_LONGEST_VARINT = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One frame. An optional field that is empty is not written."""

    service: int
    method: int
    seq_id: int = 0
    log_id: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    payload_encoding: str = ""
    payload_type: str = ""
    payload: bytes = b""
    log_id_new: str = ""

    def header(self, name: str) -> str:
        """The first header of a name; empty if there is none."""
        return next((value for key, value in self.headers if key == name), "")


def encode(frame: Frame) -> bytes:
    """A frame as it goes over the wire.

    >>> encode(Frame(service=1, method=0)).hex()
    '0800100018012000'
    """
    numbers = (frame.seq_id, frame.log_id, frame.service, frame.method)
    parts = [_tag(at, _VARINT) + _varint(value) for at, value in enumerate(numbers, 1)]
    for name, value in frame.headers:
        parts.append(_field(5, _field(1, name.encode()) + _field(2, value.encode())))
    optional = (
        (6, frame.payload_encoding.encode()),
        (7, frame.payload_type.encode()),
        (8, frame.payload),
        (9, frame.log_id_new.encode()),
    )
    parts += [_field(at, value) for at, value in optional if value]
    return b"".join(parts)


def decode(data: bytes) -> Frame:
    """Read a frame. Raises ``ValueError``; fields that are newer than this code are skipped."""
    numbers: dict[int, int] = {}
    strings: dict[int, bytes] = {}
    headers: list[tuple[str, str]] = []
    for at, value in _fields(data):
        if at == 5 and isinstance(value, bytes):
            headers.append(_header(value))
        elif isinstance(value, bytes):
            strings[at] = value
        else:
            numbers[at] = value
    if not {1, 2, 3, 4} <= numbers.keys() or len(headers) > MAX_HEADERS:
        raise ValueError("not a frame")
    return Frame(
        seq_id=numbers[1],
        log_id=numbers[2],
        service=_signed(numbers[3]),
        method=_signed(numbers[4]),
        headers=tuple(headers),
        payload_encoding=strings.get(6, b"").decode(),
        payload_type=strings.get(7, b"").decode(),
        payload=strings.get(8, b""),
        log_id_new=strings.get(9, b"").decode(),
    )


def _header(data: bytes) -> tuple[str, str]:
    found = {at: value for at, value in _fields(data) if isinstance(value, bytes)}
    return found.get(1, b"").decode(), found.get(2, b"").decode()


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    at = 0
    while at < len(data):
        key, at = _read_varint(data, at)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value, at = _read_varint(data, at)
            yield number, value
            continue
        if kind == _BYTES:
            size, at = _read_varint(data, at)
        elif kind in (_FIXED64, _FIXED32):
            size = 8 if kind == _FIXED64 else 4
        else:
            raise ValueError("an unknown wire type")
        if size > len(data) - at:
            raise ValueError("the frame ends too early")
        if kind == _BYTES:
            yield number, data[at : at + size]
        at += size


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for place, byte in enumerate(data[at : at + _LONGEST_VARINT]):
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value % _WORD, at + place + 1
    raise ValueError("a number does not end")


def _varint(value: int) -> bytes:
    value %= _WORD  # a negative number is written as its complement in 64 bits
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _tag(number: int, kind: int) -> bytes:
    return _varint(number << 3 | kind)


def _field(number: int, value: bytes) -> bytes:
    return _tag(number, _BYTES) + _varint(len(value)) + value


def _signed(value: int) -> int:
    """An int32 out of the 64 bits it travels in."""
    value &= 0xFFFFFFFF
    return value - (1 << 32) if value >> 31 else value
