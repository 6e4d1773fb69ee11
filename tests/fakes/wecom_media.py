"""Uploading and downloading temporary media."""

from tests.fakes.wecom_errors import ApiError, Json
from tests.fakes.wecom_files import KINDS, StoredFile, amr_seconds
from tests.fakes.wecom_request import Asked, Blob, Endpoint
from tests.fakes.wecom_state import Robot, State

MEGABYTE = 1024 * 1024
LEAST_BYTES = 6
MOST_BYTES = {"voice": 2 * MEGABYTE, "video": 10 * MEGABYTE, "file": 20 * MEGABYTE}
VOICE_S = 60


def upload(state: State, asked: Asked) -> Json:
    return _answer(keep(state, asked, KINDS))


def keep(
    state: State, asked: Asked, kinds: tuple[str, ...], robot: Robot | None = None
) -> StoredFile:
    """Store what came as the multipart field `media`; raises ApiError."""
    kind = asked.param("type")
    if kind not in kinds:
        raise ApiError(40004, kind)
    sent = asked.uploads.get("media")
    if sent is None:
        raise ApiError(41005, "no field `media` with a filename")
    if len(sent.data) < LEAST_BYTES:
        raise ApiError(40006, f"{len(sent.data)} bytes")
    if len(sent.data) > (MOST_BYTES | {"image": state.doubts.image_upload_bytes})[kind]:
        raise ApiError(45001, f"{len(sent.data)} bytes")
    if kind == "voice":
        seconds = amr_seconds(sent.data)
        if seconds is None:
            raise ApiError(40005, "a voice is AMR")
        if seconds > VOICE_S:
            raise ApiError(45007, f"{seconds} seconds")
    owner = robot.key if robot else ""
    return state.files.keep(kind, sent.name, sent.mime_type, sent.data, state.clock(), owner)


def _answer(file: StoredFile) -> Json:
    """`created_at` is a string here."""
    return {"type": file.kind, "media_id": file.media_id, "created_at": str(int(file.created_at))}


def get(state: State, asked: Asked) -> Blob:
    file = state.files.find(asked.param("media_id"), state.clock())
    return Blob(file.name, file.mime_type, file.data)


def robot_upload(state: State, asked: Asked) -> Json:
    return _answer(keep(state, asked, ("file", "voice"), robot_of(state, asked)))


def robot_of(state: State, asked: Asked) -> Robot:
    """The robot whose key stands in the query string."""
    robot = state.robots.get(asked.query.get("key", ""))
    if robot is None:
        raise ApiError(93000)
    if robot.disabled:
        raise ApiError(93004)
    if robot.removed:
        raise ApiError(93008)
    return robot


ENDPOINTS = {
    "media/upload": Endpoint(upload),
    "media/get": Endpoint(get, ("GET",)),
    "webhook/upload_media": Endpoint(robot_upload, token=False),
}
