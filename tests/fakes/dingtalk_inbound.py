"""Messages on their way to the robot: bodies, sessions, files, and the quota on them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from tests.fakes.dingtalk_content import Content, ContentError, from_webhook
from tests.fakes.dingtalk_crypto import robot_sign
from tests.fakes.dingtalk_delivery import BOT_TOPIC, Delivery, Outcome, Push
from tests.fakes.dingtalk_endpoint import Ask, Endpoint, free
from tests.fakes.dingtalk_errors import Json, OapiError, V1Error, bad, missing, ok
from tests.fakes.dingtalk_post import Post
from tests.fakes.dingtalk_state import Group, Message, Person, State

QUOTA_CODE = 20001
QUOTA_TEXT = "企业本月消息推送次数已用完"


@dataclass(frozen=True, slots=True)
class Session:
    """Where the sessionWebhook of one message leads, and how long."""

    conversation_id: str
    until: float


@dataclass(frozen=True, slots=True)
class StoredFile:
    """Bytes behind a downloadCode."""

    name: str
    data: bytes


class Inbound:
    """Everything from a person's message to the robot's answer in the same conversation."""

    def __init__(self, state: State, post: Post) -> None:
        self._state = state
        self._post = post
        self._sessions: dict[str, Session] = {}
        self._files: dict[str, StoredFile] = {}
        self._downloads: dict[str, tuple[StoredFile, float]] = {}
        self._signed_ms = 0
        self.callback_url = ""  # where the robot receives by HTTP; "" for Stream

    def endpoints(self) -> list[Endpoint]:
        return [
            free("POST", "/robot/sendBySession", self.reply),
            Endpoint(verb="POST", path="/v1.0/robot/messageFiles/download", answer=self.download),
            free("GET", "/downloads/{key}", self.file),
        ]

    # To the robot

    def say(
        self,
        person: Person,
        group: Group | None,
        payload: Json,
        content: Content,
        at: Sequence[Person] = (),
    ) -> str:
        """Store a message and tell the robot where it listens; the msgId."""
        state = self._state
        conversation_id = group.id if group else person.conversation_id
        message = Message(
            state.fresh("msg"),
            conversation_id,
            person.union_id,
            content,
            "person",
            state.clock(),
            mentioned=frozenset(x.union_id for x in at),
        )
        state.put(message)
        body = self.body(person, group, message.id, payload)
        if group is not None:
            body["atUsers"] += [
                {"dingtalkId": x.sender_id, "staffId": x.user_id, "unionId": x.union_id} for x in at
            ]
        self.deliver(message.id, body)
        return message.id

    def body(self, person: Person, group: Group | None, message_id: str, payload: Json) -> Json:
        """The body as the robot gets it; `payload` holds msgtype and what belongs to it."""
        state, app = self._state, self._state.app
        until = state.clock() + state.unconfirmed.session_life_s
        session = state.fresh("session")
        conversation_id = group.id if group else person.conversation_id
        self._sessions[session] = Session(conversation_id, until)
        body: Json = {
            "conversationId": conversation_id,
            "conversationType": "2" if group else "1",
            "chatbotCorpId": app.corp_id,
            "chatbotUserId": app.chatbot_user_id,
            "msgId": message_id,
            "senderNick": person.name,
            "senderUnionId": person.union_id,
            "senderId": person.sender_id,
            "senderPlatform": "Mac",
            "createAt": state.now_ms(),
            "sessionWebhook": f"{state.bases['oapi']}/robot/sendBySession?session={session}",
            "sessionWebhookExpiredTime": int(until * 1000),
            "robotCode": app.robot_code,
        }
        body |= self._identity(person)
        if group is not None:
            body |= {"conversationTitle": group.title, "isInAtList": True}
            body["atUsers"] = [{"dingtalkId": app.chatbot_user_id}]
        return body | payload

    def _identity(self, person: Person) -> Json:
        """Who somebody is, as far as this robot may know."""
        known = person.user_id if self._state.robot.published else ""
        identity: Json = {"isAdmin": person.admin} if self._state.robot.published else {}
        if person.corp_id:
            identity["senderCorpId"] = person.corp_id
        if known or self._state.unconfirmed.outsider_staff_id == "empty":
            identity["senderStaffId"] = known
        return identity

    def deliver(self, message_id: str, body: Json) -> Delivery:
        """Push a body as it is, or without its content where the month's quota is used up."""
        state, guess = self._state, self._state.unconfirmed
        if state.spend("messages") > state.quota.messages:
            kept = {key: value for key, value in body.items() if key not in {"text", "content"}}
            body = kept | {"errorCode": QUOTA_CODE, "errorMessage": QUOTA_TEXT}
        conversation_id = str(body.get("conversationId", ""))

        def settle(outcome: Outcome | None) -> bool:
            if outcome is not None and self.callback_url:
                self._answered(conversation_id, outcome)
            return outcome is not None and outcome.code == 200

        return self._post.put(
            Delivery(
                id=state.fresh("frame-"),
                key=message_id,
                kind="CALLBACK",
                topic=BOT_TOPIC,
                data=body,
                settle=settle,
                pack=(lambda: self.signed(body)) if self.callback_url else None,
                retry_s=guess.message_retry_s,
                attempts_left=guess.message_attempts,
            )
        )

    def signed(self, body: Json, *, secret: str = "", timestamp_ms: int | None = None) -> Push:
        """One HTTP callback; `secret` and `timestamp_ms` make one that is not to be believed."""
        timestamp = str(self._now_ms() if timestamp_ms is None else timestamp_ms)
        sign = robot_sign(secret or self._state.app.client_secret, timestamp)
        return Push(
            url=self.callback_url,
            headers={
                "content-type": "application/json; charset=utf-8",
                "timestamp": timestamp,
                "sign": sign,
            },
            body=json.dumps(body, ensure_ascii=False).encode(),
            at=self._state.clock(),
        )

    def _now_ms(self) -> int:
        now = self._state.now_ms()
        if not self._state.unconfirmed.same_millisecond:
            now = max(now, self._signed_ms + 1)
        self._signed_ms = now
        return now

    def _answered(self, conversation_id: str, outcome: Outcome) -> None:
        """The answer to an HTTP callback may be a message; what is none is dropped silently."""
        answer = outcome.data
        if outcome.code != 200 or not isinstance(answer, dict):
            return
        try:
            content = from_webhook(answer)
        except ContentError:  # also {"msgtype": "empty"}
            return
        self._put(conversation_id, content, "callback", answer.get("at"))

    # From the robot

    def reply(self, ask: Ask) -> Json:
        """POST to a sessionWebhook."""
        session = self._sessions.get(ask.query.get("session", ""))
        if session is None or self._state.clock() >= session.until:
            raise OapiError(300001, "session 不存在")
        try:
            content = from_webhook(ask.fields)
        except ContentError as error:
            raise OapiError(40035, f"不合法的参数: {error}") from None
        self._put(session.conversation_id, content, "session", ask.fields.get("at"))
        return ok()

    def _put(self, conversation_id: str, content: Content, via: str, at: Any) -> None:
        state = self._state
        mentioned = rung(state, conversation_id, content, at)
        state.put(
            Message(
                state.fresh("msg"),
                conversation_id,
                "",
                content,
                via,
                state.clock(),
                mentioned=mentioned,
            )
        )

    # Files

    def keep(self, name: str, data: bytes) -> str:
        """Store a person's file; the downloadCode."""
        code = self._state.fresh("download")
        self._files[code] = StoredFile(name, data)
        return code

    def download(self, ask: Ask) -> Json:
        state = self._state
        check_robot(state, ask.body.get("robotCode"))
        code = ask.body.get("downloadCode")
        if not code:
            raise missing("downloadCode")
        stored = self._files.get(code)
        if stored is None:
            raise bad("invalidParameter.downloadCode.notExist", "downloadCode不存在")
        key = state.fresh("k")
        self._downloads[key] = (stored, state.clock() + state.unconfirmed.download_life_s)
        return {"downloadUrl": f"{state.bases['oapi']}/downloads/{key}"}

    def file(self, ask: Ask) -> Response:
        """The storage behind downloadUrl: whoever has the link gets the bytes, for a while."""
        stored, until = self._downloads.get(ask.path["key"], (StoredFile("", b""), 0.0))
        if self._state.clock() >= until:
            raise V1Error(403, "AccessDenied", "Request has expired.")
        return Response(stored.data, media_type="application/octet-stream")


def check_robot(state: State, robot_code: Any) -> None:
    """Only the app's own robot may be used."""
    if not robot_code:
        raise bad("invalidParameter.robotCode.empty", "robotCode不能为空")
    if robot_code != state.app.robot_code:
        raise bad("invalidParameter.robotCode.notExsit", "robotCode不存在")  # their spelling


def rung(state: State, conversation_id: str, content: Content, at: Any) -> frozenset[str]:
    """UnionIds of those a message calls by @."""
    wanted = at if isinstance(at, dict) else {}
    audience = state.audience(conversation_id)
    if wanted.get("isAtAll"):
        return frozenset(person.union_id for person in audience)
    user_ids = set(wanted.get("atUserIds") or []) - {None, ""}
    mobiles = set(wanted.get("atMobiles") or [])
    in_text = content.kind == "markdown" and state.unconfirmed.markdown_at_in_text

    def called(person: Person) -> bool:
        if person.user_id and person.user_id in user_ids:
            return not in_text or f"@{person.user_id}" in content.text
        if person.mobile and person.mobile in mobiles:
            return not in_text or f"@{person.mobile}" in content.text
        return False

    return frozenset(person.union_id for person in audience if called(person))
