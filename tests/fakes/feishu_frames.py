"""The frames of a long connection: nine fields of protobuf (proto2), nothing more.

message Frame {
  required uint64 SeqID = 1;  required uint64 LogID = 2;
  required int32 service = 3; required int32 method = 4;
  repeated Header headers = 5 { required string key = 1; required string value = 2; }
  optional string payload_encoding = 6; optional string payload_type = 7;
  optional bytes payload = 8; optional string LogIDNew = 9;
}
"""

from collections.abc import Iterator
from dataclasses import dataclass

CONTROL = 0
DATA = 1

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
WORD = 1 << 64

Value = int | bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One frame; empty optional fields are not written."""

    service: int
    method: int
    seq_id: int = 0
    log_id: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    payload_encoding: str = ""
    payload_type: str = ""
    payload: bytes = b""
    log_id_new: str = ""

    def header(self, key: str) -> str:
        """The first header of this name, "" when there is none."""
        return next((value for name, value in self.headers if name == key), "")

    def encode(self) -> bytes:
        required = (self.seq_id, self.log_id, self.service, self.method)
        parts = [_integer(number, value) for number, value in enumerate(required, start=1)]
        for key, value in self.headers:
            parts.append(_bytes(5, _bytes(1, key.encode()) + _bytes(2, value.encode())))
        optional = (
            (6, self.payload_encoding.encode()),
            (7, self.payload_type.encode()),
            (8, self.payload),
            (9, self.log_id_new.encode()),
        )
        parts += [_bytes(number, value) for number, value in optional if value]
        return b"".join(parts)

    @classmethod
    def decode(cls, data: bytes) -> "Frame":
        """Read a frame; ValueError for anything else. Unknown fields are skipped."""
        headers: list[tuple[str, str]] = []
        found: dict[int, Value] = {}
        for number, value in _fields(data):
            if number == 5:
                pair = dict(_fields(_as_bytes(value)))
                headers.append((_text(pair.get(1)), _text(pair.get(2))))
            else:
                found[number] = value
        missing = {1, 2, 3, 4} - found.keys()
        if missing:
            raise ValueError(f"required fields are missing: {sorted(missing)}")
        return cls(
            seq_id=_as_int(found[1]),
            log_id=_as_int(found[2]),
            service=_signed(_as_int(found[3])),
            method=_signed(_as_int(found[4])),
            headers=tuple(headers),
            payload_encoding=_text(found.get(6, b"")),
            payload_type=_text(found.get(7, b"")),
            payload=_as_bytes(found.get(8, b"")),
            log_id_new=_text(found.get(9, b"")),
        )


def _varint(value: int) -> bytes:
    value %= WORD  # negative numbers are written as the 64 bits of their complement
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _integer(number: int, value: int) -> bytes:
    return _varint(number << 3 | VARINT) + _varint(value)


def _bytes(number: int, value: bytes) -> bytes:
    return _varint(number << 3 | BYTES) + _varint(len(value)) + value


def _fields(data: bytes) -> Iterator[tuple[int, Value]]:
    at = 0
    while at < len(data):
        tag, at = _read_varint(data, at)
        number, kind = tag >> 3, tag & 7
        if kind == VARINT:
            value, at = _read_varint(data, at)
            yield number, value
            continue
        if kind == BYTES:
            size, at = _read_varint(data, at)
        elif kind in {FIXED64, FIXED32}:
            size = 8 if kind == FIXED64 else 4
        else:
            raise ValueError(f"wire type {kind} is unknown")
        if at + size > len(data):
            raise ValueError("the frame ends too early")
        yield number, data[at : at + size]
        at += size


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data) and shift < 70:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value % WORD, at
        shift += 7
    raise ValueError("a number does not end")


def _signed(value: int) -> int:
    return value - WORD if value >= WORD >> 1 else value


def _as_int(value: Value) -> int:
    if not isinstance(value, int):
        raise ValueError("expected a number")  # noqa: TRY004 - one kind of error for bad frames
    return value


def _as_bytes(value: Value) -> bytes:
    if not isinstance(value, bytes):
        raise ValueError("expected bytes")  # noqa: TRY004
    return value


def _text(value: Value | None) -> str:
    return _as_bytes(b"" if value is None else value).decode()
