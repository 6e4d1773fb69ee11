"""Files: uploading what the robot sends, downloading what people sent."""

import mimetypes
from urllib.parse import quote

from starlette.responses import Response

from tests.fakes.feishu_errors import Json, bad, ok, refused
from tests.fakes.feishu_request import Asked, Endpoint, Upload
from tests.fakes.feishu_state import Message, State

IMAGE_BYTES = 10 * 1024 * 1024
FILE_BYTES = 30 * 1024 * 1024
DOWNLOAD_BYTES = 100 * 1024 * 1024
FILE_TYPES = {"opus", "mp4", "pdf", "doc", "xls", "ppt", "stream"}
SCOPES = ("im:resource", "im:resource:upload")


class Files:
    """The file endpoints."""

    def __init__(self, state: State) -> None:
        self._state = state

    def endpoints(self) -> list[Endpoint]:
        im = "/open-apis/im/v1"
        download = f"{im}/messages/{{message_id}}/resources/{{file_key}}"
        reads = ("im:message", "im:message:readonly", "im:resource")
        return [
            Endpoint(
                name="image", verb="POST", path=f"{im}/images", answer=self.image, scopes=SCOPES
            ),
            Endpoint(name="file", verb="POST", path=f"{im}/files", answer=self.file, scopes=SCOPES),
            Endpoint(
                name="resource", verb="GET", path=download, answer=self.resource, scopes=reads
            ),
        ]

    def image(self, asked: Asked) -> Json:
        if asked.form.get("image_type") not in {"message", "avatar"}:
            raise refused(234001)
        upload = _upload(asked, "image", IMAGE_BYTES)
        return ok(
            {"image_key": self._state.keep(upload.data, upload.name, upload.mime, "image").key}
        )

    def file(self, asked: Asked) -> Json:
        name = asked.form.get("file_name", "")
        if asked.form.get("file_type") not in FILE_TYPES or not name:
            raise refused(234001)
        upload = _upload(asked, "file", FILE_BYTES)
        return ok({"file_key": self._state.keep(upload.data, name, upload.mime, "file").key})

    def resource(self, asked: Asked) -> Response:
        """The bytes of one key of one message."""
        message, key, kind = self._message(asked), asked.path["file_key"], asked.query.get("type")
        if kind not in {"image", "file"}:
            raise refused(234001)
        self._allowed(message)
        if message.kind in {"sticker", "merge_forward"}:
            raise refused(234043)
        file = self._state.files.get(key)
        if file is None or key not in message.content or file.kind != kind:
            raise refused(234003)
        if file.size > DOWNLOAD_BYTES:
            raise refused(234037)
        mime = file.mime or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        disposition = f"attachment; filename*=UTF-8''{quote(file.name)}"
        return Response(file.data, media_type=mime, headers={"Content-Disposition": disposition})

    def _message(self, asked: Asked) -> Message:
        message = self._state.messages.get(asked.path["message_id"])
        if message is None or message.recalled:
            raise refused(234001)
        return message

    def _allowed(self, message: Message) -> None:
        chat = self._state.chats[message.chat_id]
        if chat.kind == "group" and not chat.bot:
            raise refused(234004)
        if not self._state.external(chat):
            return
        if chat.kind == "group" or not self._state.unconfirmed.external_p2p_downloads:
            raise refused(234009)


def _upload(asked: Asked, field: str, most: int) -> Upload:
    upload = asked.files.get(field)
    if upload is None:
        raise bad(f"{field} is required")
    if not upload.data:
        raise refused(234010)
    if len(upload.data) > most:
        raise refused(234006)
    return upload
