"""Temporary media: real bytes behind a media_id, for three days."""

import secrets
from dataclasses import dataclass, field

from tests.fakes.wecom_doubts import DAY_S
from tests.fakes.wecom_errors import ApiError

MEDIA_LIFE_S = 3 * DAY_S
KINDS = ("image", "voice", "video", "file")
AMR_HEADER = b"#!AMR\n"
SILK_HEADER = b"\x02#!SILK_V3"
AMR_FRAMES_PER_S = 50
# Bytes of one AMR frame by the mode in its first byte; 15 means silence.
_AMR_FRAME_BYTES = {0: 13, 1: 14, 2: 16, 3: 18, 4: 20, 5: 21, 6: 27, 7: 32, 8: 6, 15: 1}


@dataclass(frozen=True, slots=True)
class StoredFile:
    """What one media_id stands for; `robot` is the key of the only robot that may use it."""

    media_id: str
    kind: str
    name: str
    mime_type: str
    data: bytes
    created_at: float
    robot: str = ""


@dataclass(slots=True)
class Files:
    """Every file of the corp; all its apps share them."""

    stored: dict[str, StoredFile] = field(default_factory=dict)

    def keep(
        self, kind: str, name: str, mime_type: str, data: bytes, now: float, robot: str = ""
    ) -> StoredFile:
        media_id = secrets.token_urlsafe(48)
        file = StoredFile(media_id, kind, name, mime_type, data, now, robot)
        self.stored[media_id] = file
        return file

    def find(self, media_id: str, now: float, *kinds: str, robot: str = "") -> StoredFile:
        """The file; 40007 when it is unknown, too old, of another kind or of another robot."""
        file = self.stored.get(media_id)
        if file is None or now - file.created_at > MEDIA_LIFE_S or file.robot != robot:
            raise ApiError(40007, "unknown or expired")
        if kinds and file.kind not in kinds:
            raise ApiError(40007, f"is of kind {file.kind}")
        return file


def amr(seconds: float = 1.0) -> bytes:
    """A silent AMR recording."""
    return AMR_HEADER + b"\x7c" * round(seconds * AMR_FRAMES_PER_S)


def amr_seconds(data: bytes) -> float | None:
    """The length of an AMR recording; None for bytes that are none."""
    if not data.startswith(AMR_HEADER):
        return None
    frames, at = 0, len(AMR_HEADER)
    while at < len(data):
        size = _AMR_FRAME_BYTES.get(data[at] >> 3 & 15)
        if size is None:
            return None
        frames, at = frames + 1, at + size
    return frames / AMR_FRAMES_PER_S
