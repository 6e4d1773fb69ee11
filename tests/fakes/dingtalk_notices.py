"""Work notifications and uploaded media of the old host."""

import json
from datetime import UTC, datetime
from typing import Any

from tests.fakes.dingtalk_content import Content
from tests.fakes.dingtalk_endpoint import Ask, Endpoint
from tests.fakes.dingtalk_errors import Json, OapiError, ok
from tests.fakes.dingtalk_state import SHANGHAI, Message, Person, State

PEOPLE = 100
MSG_BYTES = 2048
PER_DAY = 500
MEGABYTE = 1024 * 1024
MEDIA_BYTES = {
    "image": 20 * MEGABYTE,
    "voice": 2 * MEGABYTE,
    "video": 20 * MEGABYTE,
    "file": 20 * MEGABYTE,
}


class Notices:
    """工作通知 to people, and `/media/upload`."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._today: dict[tuple[str, str], set[str]] = {}  # (unionId, day) → contents
        self.media: dict[str, bytes] = {}

    def endpoints(self) -> list[Endpoint]:
        send = "/topapi/message/corpconversation/asyncsend_v2"
        return [
            Endpoint(verb="POST", path=send, answer=self.send),
            Endpoint(verb="POST", path="/media/upload", answer=self.upload),
        ]

    def send(self, ask: Ask) -> Json:
        fields = ask.fields
        if str(fields.get("agent_id")) != str(self._state.app.agent_id):
            raise OapiError(40035, "不合法的参数: agent_id")
        user_ids = [id for id in str(fields.get("userid_list") or "").split(",") if id]
        if not user_ids or len(user_ids) > PEOPLE:
            raise OapiError(40035, "不合法的参数: userid_list")
        msg = _opened(fields.get("msg"))
        text = json.dumps(msg, ensure_ascii=False, sort_keys=True)
        if not msg or len(text.encode()) > MSG_BYTES:
            raise OapiError(40035, "不合法的参数: msg")
        for user_id in user_ids:
            person = self._state.staff(user_id)
            if person is not None and person.active and self._first_today(person, text):
                self._put(person, msg)
        return ok(task_id=next(self._state.ids))

    def _first_today(self, person: Person, text: str) -> bool:
        """Whether this person may have it: once a day, and 500 a day in all. Nobody is told."""
        day = datetime.fromtimestamp(self._state.clock(), UTC).astimezone(SHANGHAI)
        seen = self._today.setdefault((person.union_id, f"{day:%F}"), set())
        if text in seen or len(seen) >= PER_DAY:
            return False
        seen.add(text)
        return True

    def _put(self, person: Person, msg: Json) -> None:
        kind = str(msg.get("msgtype", ""))
        given = msg.get(kind)
        given = given if isinstance(given, dict) else {}
        content = Content(
            kind=kind,
            raw=given,
            text=str(given.get("content") or given.get("text") or given.get("markdown") or ""),
            title=str(given.get("title", "")),
        )
        state = self._state
        state.put(
            Message(
                state.fresh("msg"), person.conversation_id, "", content, "notice", state.clock()
            )
        )

    def upload(self, ask: Ask) -> Json:
        kind = ask.query.get("type") or ask.form.get("type") or ""
        upload = ask.files.get("media")
        if kind not in MEDIA_BYTES:
            raise OapiError(40004, "无效媒体文件类型")
        if upload is None or not upload.data:
            raise OapiError(40035, "缺少参数 media")
        if len(upload.data) > MEDIA_BYTES[kind]:
            raise OapiError(40006, "不合法的文件大小")
        media_id = self._state.fresh("@media")
        self.media[media_id] = upload.data
        return ok(media_id=media_id, type=kind, created_at=self._state.now_ms())


def _opened(msg: Any) -> Json:
    """`msg` as an object, or as the JSON text a form carries."""
    if isinstance(msg, str):
        try:
            msg = json.loads(msg)
        except ValueError:
            return {}
    return msg if isinstance(msg, dict) else {}
