"""Accounts whose owner lets the bot into their own chats (Telegram Business, secretary mode).

    hr = telegram.user(900, "王敏")
    own = telegram.business(hr)
    own.hears(li, "我可能去不了")

Message numbers of such a chat are the owner's own: they have nothing to do with the numbers in the
bot's chat with the same person.
"""

import random
from collections.abc import Iterable

from tests.fakes.telegram_connections import announce, put
from tests.fakes.telegram_entities import detect
from tests.fakes.telegram_state import Account, Connection, Json, Message, State
from tests.fakes.telegram_users import FakeUser, SeenMessage, as_document, as_photo, as_seen

#: What an owner can allow; a new connection of a client has these of the "manage messages" group.
RIGHTS = ("can_reply", "can_read_messages", "can_delete_sent_messages", "can_delete_all_messages")


class FakeBusiness:
    """What an owner does in their own account, and what is said to them there."""

    def __init__(self, state: State, connection: Connection) -> None:
        self._state = state
        self._connection = connection

    @property
    def id(self) -> str:
        """The business_connection_id."""
        return self._connection.id

    def switch(self, *, on: bool) -> None:
        """Let the bot in or shut it out; it is told."""
        self._change(enabled=on)

    def grant(self, *rights: str) -> None:
        """Allow this and nothing else; the bot is told."""
        self._change(rights=rights)

    def _change(self, **values: object) -> None:
        with self._state.lock:
            for name, value in values.items():
                setattr(self._connection, name, value)
            announce(self._state, self._connection)

    def keep_out(self, person: FakeUser) -> None:
        """Do not let the bot into the chat with this person; it is not told."""
        with self._state.lock:
            self._connection.kept_out.add(person.id)

    # What is said

    def hears(self, person: FakeUser, text: str, *, date: int | None = None) -> int:
        """The person writes to the owner; the message's number. `date` back-dates it."""
        body = _worded(text) | ({"date": date} if date is not None else {})
        return self._put(person.account, person.account, body)

    def says(self, person: FakeUser, text: str) -> int:
        """The owner writes by hand."""
        return self._put(person.account, self._connection.owner, _worded(text))

    def is_sent(self, person: FakeUser, name: str, data: bytes, mime_type: str) -> int:
        """The person sends a file."""
        with self._state.lock:
            file = self._state.keep(data, name, mime_type)
        picture = mime_type.startswith("image/")
        body: Json = {"photo": as_photo(file)} if picture else {"document": as_document(file)}
        return self._put(person.account, person.account, body)

    def edits(self, person: FakeUser, message_id: int, text: str) -> None:
        """Whoever wrote a message changes its words."""
        with self._state.lock:
            message = self._message(person, message_id)
            kept = {key: value for key, value in message.body.items() if key != "entities"}
            message.body = kept | _worded(text) | {"edit_date": self._state.now()}
            message.edited = True
            self._tell("edited_business_message", message.body, person.id)

    def deletes(self, person: FakeUser, *message_ids: int) -> None:
        """Somebody deletes messages for both; who is not told."""
        with self._state.lock:
            for message_id in message_ids:
                self._message(person, message_id)
                del self._connection.chats[person.id][message_id]
            body = {
                "business_connection_id": self.id,
                "chat": person.account.as_chat(),
                "message_ids": list(message_ids),
            }
            self._tell("deleted_business_messages", body, person.id)

    def chat(self, person: FakeUser) -> list[SeenMessage]:
        """Everything in the chat, oldest first; `incoming` is what the person wrote."""
        with self._state.lock:
            found = self._connection.chats.get(person.id, {})
            return [as_seen(message) for _, message in sorted(found.items())]

    def _message(self, person: FakeUser, message_id: int) -> Message:
        found = self._connection.chats.get(person.id, {}).get(message_id)
        if found is None:
            raise LookupError(f"no message {message_id} in this chat")
        return found

    def _put(self, person: Account, author: Account, body: Json) -> int:
        with self._state.lock:
            whole = put(self._state, self._connection, person, author.as_user(), body)
            self._tell("business_message", whole, person.id)
            return int(whole["message_id"])

    def _tell(self, kind: str, body: Json, person_id: int) -> None:
        connection = self._connection
        self._state.change()
        if connection.enabled and person_id not in connection.kept_out:
            self._state.enqueue(kind, body, ("business", connection.id, person_id))


def connect(state: State, owner: FakeUser, rights: Iterable[str]) -> FakeBusiness:
    """Let the bot into an account; the bot is told. An account has one bot at a time."""
    with state.lock:
        for old in state.connections.values():
            if old.owner.id == owner.id and old.enabled:
                raise ValueError("this account is connected already")
        id = f"bc_{random.getrandbits(96):024x}"
        connection = Connection(id, owner.account, state.now(), tuple(rights))
        state.connections[id] = connection
        announce(state, connection)
        return FakeBusiness(state, connection)


def _worded(text: str) -> Json:
    entities = detect(text)
    return {"text": text} | ({"entities": entities} if entities else {})
