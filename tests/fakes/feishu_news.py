"""What people do, told as events: who wrote what, opened the chat, or moved the robot."""

from collections.abc import Callable

from tests.fakes.feishu_events import Event, Outbox
from tests.fakes.feishu_state import Chat, Json, Message, Person, State, micros, millis

RECEIVE = "im.message.receive_v1"
ENTERED = "im.chat.access_event.bot_p2p_chat_entered_v1"
CREATED = "p2p_chat_create"  # in the old envelope
BOT_ADDED = "im.chat.member.bot.added_v1"
BOT_DELETED = "im.chat.member.bot.deleted_v1"
READ = "im.message.message_read_v1"
RECALLED = "im.message.recalled_v1"


class News:
    """Turns what people do into events."""

    def __init__(self, state: State, outbox: Outbox) -> None:
        self._state = state
        self._outbox = outbox

    def received(self, message: Message, chat: Chat, person: Person | None) -> Event | None:
        """A message the robot may hear; from another robot when `person` is None."""
        if not self._hears(message, chat):
            return None
        state = self._state
        digits: Callable[[float], str] = micros if state.unconfirmed.message_micros else millis
        body: Json = {
            "message_id": message.id,
            "root_id": message.root_id,
            "parent_id": message.parent_id,
            "create_time": digits(message.created),
            "update_time": digits(message.updated),
            "chat_id": chat.id,
            "thread_id": message.thread_id,
            "chat_type": chat.kind,
            "message_type": message.kind,
            "content": "" if message.recalled else message.content,
            "user_agent": "",
        }
        if message.mentions:
            body["mentions"] = [self._mention(m.key, m.open_id, m.name) for m in message.mentions]
        sender: Json = {"sender_id": None, "sender_type": "bot", "tenant_key": state.app.tenant_key}
        if person is not None:
            sender = {
                "sender_id": self._ids(person),
                "sender_type": "user",
                "tenant_key": self.tenant_of(person),
            }
        return self._outbox.emit(RECEIVE, {"sender": sender, "message": body}, chat.id)

    def _hears(self, message: Message, chat: Chat) -> bool:
        app = self._state.app
        if chat.kind == "p2p":
            return app.granted("im:message", "im:message.p2p_msg:readonly")
        called = any(mention.open_id == app.open_id for mention in message.mentions)
        scopes = ("im:message.group_at_msg:readonly",) if called else ()
        return chat.bot and app.granted("im:message.group_msg", *scopes)

    def tenant_of(self, person: Person) -> str:
        """What `sender.tenant_key` says of somebody."""
        guess = self._state.unconfirmed
        theirs = guess.outsider_tenant if person.external else guess.member_tenant
        if theirs == "ours":
            return self._state.app.tenant_key
        return person.tenant_key if person.external else f"{person.tenant_key}x"

    def _ids(self, person: Person) -> Json:
        granted = self._state.app.granted("contact:user.employee_id:readonly")
        user_id = person.user_id if granted else ""
        return {"union_id": person.union_id, "user_id": user_id, "open_id": person.open_id}

    def _mention(self, key: str, open_id: str, name: str) -> Json:
        person = self._state.people.get(open_id)
        if person is not None:
            ids, tenant, kind = self._ids(person), self.tenant_of(person), "user"
        else:
            ids, tenant = {"union_id": "", "user_id": "", "open_id": open_id}, ""
            kind, tenant = "bot", self._state.app.tenant_key
        return {"key": key, "id": ids, "mentioned_type": kind, "name": name, "tenant_key": tenant}

    def entered(self, person: Person, last: Message | None) -> None:
        """Somebody opened the one-to-one chat; the very first time it is made as well."""
        app = self._state.app
        if not person.met:
            person.met = True
            self._state.p2p(person)
            who = {"open_id": person.open_id, "user_id": person.user_id}
            created = {
                "app_id": app.app_id,
                "chat_id": person.chat_id,
                "operator": who,
                "tenant_key": app.tenant_key,
                "user": {**who, "name": person.name},
            }
            self._outbox.emit_old(CREATED, created, person.chat_id)
        body = {
            "chat_id": person.chat_id,
            "operator_id": self._ids(person),
            "last_message_id": last.id if last else "",
            "last_message_create_time": millis(last.created) if last else "",
        }
        self._outbox.emit(ENTERED, body, person.chat_id)

    def bot_moved(self, kind: str, chat: Chat, by: Person) -> None:
        """The robot was added to a group, or removed from it."""
        body = {
            "chat_id": chat.id,
            "operator_id": self._ids(by),
            "external": self._state.external(chat),
            "operator_tenant_key": self.tenant_of(by),
            "name": chat.name,
            "i18n_names": {"zh_cn": chat.name, "en_us": "", "ja_jp": ""},
        }
        self._outbox.emit(kind, body, chat.id)

    def read(self, person: Person, messages: list[Message]) -> None:
        reader = {
            "reader_id": self._ids(person),
            "read_time": millis(self._state.clock()),
            "tenant_key": self.tenant_of(person),
        }
        ids = [message.id for message in messages]
        self._outbox.emit(READ, {"reader": reader, "message_id_list": ids}, person.chat_id)

    def recalled(self, message: Message) -> None:
        body = {
            "message_id": message.id,
            "chat_id": message.chat_id,
            "recall_time": millis(self._state.clock()),
            "recall_type": "message_owner",
        }
        self._outbox.emit(RECALLED, body, message.chat_id)
