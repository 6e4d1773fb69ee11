"""The frames of a long connection, as the platform's servers read and write them.

Google's own protobuf does the bytes, from the fields that the protocol names. The product does
them by hand: neither can repeat a mistake of the other.
"""

from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Field
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass

CONTROL = 0
DATA = 1

#: message → its fields in proto2: name, number, label, type.
PROTOCOL = {
    "Header": (
        ("key", 1, Field.LABEL_REQUIRED, Field.TYPE_STRING),
        ("value", 2, Field.LABEL_REQUIRED, Field.TYPE_STRING),
    ),
    "Frame": (
        ("SeqID", 1, Field.LABEL_REQUIRED, Field.TYPE_UINT64),
        ("LogID", 2, Field.LABEL_REQUIRED, Field.TYPE_UINT64),
        ("service", 3, Field.LABEL_REQUIRED, Field.TYPE_INT32),
        ("method", 4, Field.LABEL_REQUIRED, Field.TYPE_INT32),
        ("headers", 5, Field.LABEL_REPEATED, Field.TYPE_MESSAGE),
        ("payload_encoding", 6, Field.LABEL_OPTIONAL, Field.TYPE_STRING),
        ("payload_type", 7, Field.LABEL_OPTIONAL, Field.TYPE_STRING),
        ("payload", 8, Field.LABEL_OPTIONAL, Field.TYPE_BYTES),
        ("LogIDNew", 9, Field.LABEL_OPTIONAL, Field.TYPE_STRING),
    ),
}


def _messages() -> dict[str, Any]:
    """The classes of the protocol. In a pool of their own: the official client has its own."""
    file = FileDescriptorProto(name="standin.proto", package="standin", syntax="proto2")
    for message, fields in PROTOCOL.items():
        made = file.message_type.add(name=message)
        for name, number, label, kind in fields:
            field = made.field.add(name=name, number=number, label=label, type=kind)
            if kind == Field.TYPE_MESSAGE:
                field.type_name = ".standin.Header"
    pool = DescriptorPool()
    pool.Add(file)
    found = {name: pool.FindMessageTypeByName(f"standin.{name}") for name in PROTOCOL}
    return {name: GetMessageClass(descriptor) for name, descriptor in found.items()}


WIRE = _messages()


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One frame; what is optional and empty is not sent."""

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
        """The value under a key; "" when the frame has none."""
        values = [value for name, value in self.headers if name == key]
        return values[0] if values else ""

    def encode(self) -> bytes:
        """As it is sent; ValueError where a number does not fit its field."""
        message = WIRE["Frame"](
            SeqID=self.seq_id,
            LogID=self.log_id,
            service=self.service,
            method=self.method,
            headers=[WIRE["Header"](key=key, value=value) for key, value in self.headers],
            payload_encoding=self.payload_encoding or None,
            payload_type=self.payload_type or None,
            payload=self.payload or None,
            LogIDNew=self.log_id_new or None,
        )
        sent: bytes = message.SerializeToString()
        return sent

    @classmethod
    def decode(cls, data: bytes) -> "Frame":
        """What was received; ValueError where a client sent no frame of the protocol."""
        try:
            message = WIRE["Frame"].FromString(data)
        except DecodeError as error:
            raise ValueError(str(error)) from None
        if not message.IsInitialized():
            raise ValueError(f"missing: {message.FindInitializationErrors()}")
        return cls(
            seq_id=message.SeqID,
            log_id=message.LogID,
            service=message.service,
            method=message.method,
            headers=tuple((header.key, header.value) for header in message.headers),
            payload_encoding=message.payload_encoding,
            payload_type=message.payload_type,
            payload=message.payload,
            log_id_new=message.LogIDNew,
        )
