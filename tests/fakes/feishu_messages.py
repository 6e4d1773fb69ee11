"""What the robot does with messages: send, reply, edit, replace a card, recall, look."""

import json
from typing import Any

from tests.fakes.feishu_content import Checked, checked, resolve
from tests.fakes.feishu_errors import bad, ok, refused, too_often
from tests.fakes.feishu_presses import same_schema
from tests.fakes.feishu_rates import CHAT, MESSAGE
from tests.fakes.feishu_request import Asked, Endpoint, field_refused
from tests.fakes.feishu_state import Chat, Json, Message, State, millis

PATH = "/open-apis/im/v1/messages"
SEND = ("im:message", "im:message:send_as_bot")
ID_TYPES = {"open_id": "ou_", "union_id": "on_", "user_id": "", "email": "", "chat_id": "oc_"}
UUID_LENGTH = 50
EDITS = 20
CARD_DAYS = 14


class Messages:
    """The message endpoints."""

    def __init__(self, state: State) -> None:
        self._state = state

    def endpoints(self) -> list[Endpoint]:
        one = f"{PATH}/{{message_id}}"
        return [
            Endpoint(name="send", verb="POST", path=PATH, answer=self.send, scopes=SEND),
            Endpoint(
                name="reply", verb="POST", path=f"{one}/reply", answer=self.reply, scopes=SEND
            ),
            Endpoint(name="edit", verb="PUT", path=one, answer=self.edit, scopes=SEND),
            Endpoint(name="patch", verb="PATCH", path=one, answer=self.patch, scopes=SEND),
            Endpoint(name="recall", verb="DELETE", path=one, answer=self.recall, scopes=SEND),
            Endpoint(
                name="get",
                verb="GET",
                path=one,
                answer=self.get,
                scopes=("im:message", "im:message:readonly"),
            ),
        ]

    # Sending

    def send(self, asked: Asked) -> Json:
        kind = asked.query.get("receive_id_type", "")
        if kind not in ID_TYPES:
            raise field_refused("receive_id_type")
        receive_id, msg_type = asked.text("receive_id"), asked.text("msg_type")
        content = checked(self._state, msg_type, asked.body.get("content"))
        chat = self._chat(kind, receive_id)
        return self._put(asked, chat, msg_type, content, parent=None)

    def reply(self, asked: Asked) -> Json:
        parent = self._message(asked)
        if parent.recalled:
            raise refused(230011)
        msg_type = asked.text("msg_type")
        content = checked(self._state, msg_type, asked.body.get("content"))
        return self._put(asked, self._state.chats[parent.chat_id], msg_type, content, parent)

    def _put(
        self, asked: Asked, chat: Chat, kind: str, content: Checked, parent: Message | None
    ) -> Json:
        state, uuid = self._state, asked.text("uuid", required=False)
        if len(uuid) > UUID_LENGTH:
            raise bad("uuid is too long")
        before = state.sent_before(uuid)
        if before is not None:
            return ok(self.item(before))
        self._reach(chat)
        self._spend_chat(chat)
        now = state.clock()
        message = Message(
            id=state.fresh("om_"),
            chat_id=chat.id,
            sender=state.app.app_id,
            sender_type="app",
            kind=kind,
            content=content.content,
            created=now,
            updated=now,
            mentions=content.mentions,
        )
        if parent is not None:
            message.parent_id, message.root_id = parent.id, parent.root_id or parent.id
            message.thread_id = parent.thread_id
            if asked.body.get("reply_in_thread") and not message.thread_id:
                message.thread_id = parent.thread_id = state.fresh("omt_")
        if uuid:
            state.uuids[uuid] = (message.id, now)
        return ok(self.item(state.put(message)))

    def _chat(self, kind: str, id: str) -> Chat:
        """The chat a receive_id stands for, which for a person may not have been made yet."""
        state = self._state
        if not id.startswith(ID_TYPES[kind]):
            raise bad("invalid receive_id")
        if kind == "chat_id":
            chat = state.chats.get(id)
            if chat is None:
                raise refused(230034)
            return chat
        person = state.find(kind, id)
        if person is None:
            raise refused(230034)
        return state.chats.get(person.chat_id) or Chat(
            person.chat_id, "p2p", person.name, [person.open_id]
        )

    def _reach(self, chat: Chat) -> None:
        """Raise why the robot cannot write in a chat."""
        state = self._state
        if state.external(chat) and not state.app.external_sharing:
            raise refused(230027)
        if chat.kind == "group":
            if chat.dissolved:
                raise refused(232009)
            if not chat.bot:
                raise refused(230002)
            if chat.muted:
                raise refused(230018)
            return
        person = state.people[chat.members[0]]
        if person.resigned:
            raise refused(state.unconfirmed.resigned_code)
        if person.refuses is not None:
            raise refused(person.refuses)
        if not person.available:
            raise refused(230013)
        state.chats.setdefault(chat.id, chat)

    def _spend_chat(self, chat: Chat) -> None:
        full = self._state.rates.spend(f"chat:{chat.id}", CHAT)
        if full is None:
            return
        if self._state.unconfirmed.chat_limit == 230020:
            raise refused(230020)
        raise too_often(full.limit, full.reset_s)

    # Changing

    def edit(self, asked: Asked) -> Json:
        message = self._own(asked, 230071)
        kind = asked.text("msg_type")
        if message.kind not in {"text", "post"} or kind not in {"text", "post"}:
            raise refused(230054)
        if message.edits >= EDITS:
            raise refused(230072)
        content = checked(self._state, kind, asked.body.get("content"))
        message.kind, message.content, message.mentions = kind, content.content, content.mentions
        message.edits += 1
        message.updated = self._state.clock()
        self._state.change()
        return ok(self.item(message))

    def patch(self, asked: Asked) -> Json:
        message = self._own(asked, 230012)
        if message.kind != "interactive":
            raise refused(230054)
        if self._state.clock() - message.created > CARD_DAYS * 86400:
            raise refused(230031)
        content = checked(self._state, "interactive", asked.body.get("content"))
        before = resolve(self._state, json.loads(message.content))
        after = resolve(self._state, json.loads(content.content))
        if not all(_shared(card) for card in (before, after)):
            raise bad("update_multi of the card must be true before and after")
        same_schema(before, after)
        full = self._state.rates.spend(f"message:{message.id}", MESSAGE)
        if full is not None:
            raise refused(230020)
        message.rewrite(content.content, self._state.clock())
        self._state.change()
        return ok({})

    def recall(self, asked: Asked) -> Json:
        message = self._own(asked, 230026)
        message.recalled = True
        message.updated = self._state.clock()
        self._state.change()
        return ok({})

    # Looking

    def get(self, asked: Asked) -> Json:
        message = self._message(asked)
        chat = self._state.chats[message.chat_id]
        if chat.kind == "group" and not chat.bot:
            raise refused(230002)
        return ok({"items": [self.item(message)]})

    def _message(self, asked: Asked) -> Message:
        message = self._state.messages.get(asked.path["message_id"])
        if message is None:
            raise bad("invalid message_id")
        return message

    def _own(self, asked: Asked, otherwise: int) -> Message:
        """A message of the robot's that is still there."""
        message = self._message(asked)
        if message.sender != self._state.app.app_id:
            raise refused(otherwise)
        if message.recalled:
            raise refused(230011)
        return message

    def item(self, message: Message) -> Json:
        """A message as the API shows it."""
        app = self._state.app
        robot = message.sender_type != "user"
        gone = "This message was recalled"
        body: Json = {
            "message_id": message.id,
            "chat_id": message.chat_id,
            "msg_type": message.kind,
            "create_time": millis(message.created),
            "update_time": millis(message.updated),
            "deleted": message.recalled,
            "updated": message.edited or message.rewrites > 0,
            "sender": {
                "id": message.sender,
                "id_type": "app_id" if robot else "open_id",
                "sender_type": "app" if robot else "user",
                "tenant_key": app.tenant_key,
            },
            "body": {"content": gone if message.recalled else message.content},
        }
        for key in ("root_id", "parent_id", "thread_id"):
            if value := getattr(message, key):
                body[key] = value
        if message.mentions:
            body["mentions"] = [self._mention(m.key, m.open_id, m.name) for m in message.mentions]
        return body

    def _mention(self, key: str, open_id: str, name: str) -> Json:
        tenant = self._state.app.tenant_key
        shape = {"key": key, "id": open_id, "id_type": "open_id", "name": name}
        return shape | {"tenant_key": tenant}


def _shared(card: Any) -> bool:
    return (card.get("config") or {}).get("update_multi") is True
