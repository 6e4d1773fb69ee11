"""People with a Telegram client in their hand: what they can do, and what they see."""

import random
from dataclasses import dataclass
from typing import Any

from tests.fakes.telegram_entities import detect, units
from tests.fakes.telegram_methods import as_document, as_photo
from tests.fakes.telegram_state import (
    QUERY_LIFE_S,
    Account,
    Json,
    Message,
    Query,
    State,
    StoredFile,
)

# Smallest honest bytes of each kind, for tests that care only that a file came.
_PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)
_VOICE = b"OggS" + bytes(60)
TEXT_UNITS = 4096
KINDS = ("text", "photo", "document", "voice", "sticker", "contact")


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenButton:
    """A button under a message; exactly one of `data` and `url` is set."""

    text: str
    data: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenMessage:
    """One message as the person sees it. `text` is the caption where there is a file."""

    message_id: int
    incoming: bool  # written by the person
    kind: str
    text: str
    buttons: tuple[tuple[SeenButton, ...], ...]
    edited: bool
    date: int
    entities: tuple[Json, ...] = ()
    file_id: str | None = None
    file_name: str | None = None
    reply_to: int | None = None

    @property
    def labels(self) -> list[str]:
        """Texts of all buttons, row by row."""
        return [button.text for row in self.buttons for button in row]


class FakeUser:
    """One person in a private chat with the bot. Every method may be called from any thread."""

    def __init__(self, state: State, account: Account) -> None:
        self._state = state
        self._account = account

    @property
    def id(self) -> int:
        return self._account.id

    @property
    def account(self) -> Account:
        """The stored person: change `username`, `deactivated` and the like here."""
        return self._account

    def start(self, payload: str = "") -> int:
        """Tap Start, perhaps through a link with a payload; unblocks the bot if need be."""
        if self._account.blocked:
            self.unblock()
        return self.say(f"/start {payload}".strip())

    def say(self, text: str, *, date: int | None = None, reply_to: int | None = None) -> int:
        """Send a text and return its message id; `date` back-dates it (Unix seconds)."""
        text = text.strip()
        if not 1 <= units(text) <= TEXT_UNITS:
            raise ValueError(f"a client sends 1 to {TEXT_UNITS} characters, not {units(text)}")
        entities = detect(text)
        body: Json = {"text": text} | ({"entities": entities} if entities else {})
        body |= {"date": date} if date is not None else {}
        if reply_to is not None:
            body["reply_to_message"] = self._message(reply_to).body
        return self._send(body)

    def _send(self, body: Json) -> int:
        with self._state.lock:
            if self._account.blocked:
                raise RuntimeError("this person blocked the bot; unblock() or start() first")
            self._account.started = True
            message = self._state.put(self.id, body, incoming=True)
            self._state.enqueue("message", message, ("chat", self.id))
            return int(message["message_id"])

    def edit(self, message_id: int, text: str) -> None:
        """Change an own text message; the bot gets `edited_message`."""
        with self._state.lock:
            message = self._message(message_id)
            if not message.incoming or "text" not in message.body:
                raise ValueError(f"message {message_id} is not a text of this person")
            entities = detect(text)
            body = {**message.body, "text": text, "edit_date": self._state.now()}
            body.pop("entities", None)
            message.body = body | ({"entities": entities} if entities else {})
            message.edited = True
            self._state.change()
            self._state.enqueue("edited_message", message.body, ("chat", self.id))

    def press(self, message_id: int, label_or_data: str) -> str:
        """Press a button that is there, by its label or its data; returns the query id."""
        for label in (True, False):
            for row in self.seen(message_id).buttons:
                for button in row:
                    if label_or_data == (button.text if label else button.data):
                        if button.data is None:
                            raise ValueError(f"{button.text!r} opens {button.url}, it asks nothing")
                        return self.forge(message_id, button.data)
        raise LookupError(f"message {message_id} has no button {label_or_data!r}")

    def forge(self, message_id: int, data: str) -> str:
        """Press as a modified client can: any data, whether or not such a button exists."""
        with self._state.lock:
            message = self._message(message_id)
            query = Query(
                id=str(random.getrandbits(62)),
                user_id=self.id,
                message_id=message_id,
                asked_at=self._state.clock(),
            )
            self._state.queries[query.id] = query
            old = self._state.now() - message.body["date"] > 48 * 3600
            shown = {key: message.body[key] for key in ("message_id", "chat")} | {"date": 0}
            body = {
                "id": query.id,
                "from": self._account.as_user(),
                "chat_instance": str(-(self.id * 7919 + 3871)),
                "data": data,
                "message": shown if old else message.body,
            }
            self._state.change()
            self._state.enqueue("callback_query", body, ("press", self.id), QUERY_LIFE_S)
            return query.id

    def send_photo(self, data: bytes = _PIXEL, caption: str = "") -> int:
        file = self._keep(data, "photo.jpg", "image/jpeg")
        return self._send({"photo": as_photo(file)} | _caption(caption))

    def send_document(
        self, name: str, data: bytes = b"%PDF-1.4\n", mime_type: str = "application/pdf"
    ) -> int:
        return self._send({"document": as_document(self._keep(data, name, mime_type))})

    def send_voice(self, data: bytes = _VOICE, duration: int = 3) -> int:
        file = self._keep(data, "voice.ogg", "audio/ogg")
        shown = as_document(file) | {"duration": duration}
        shown.pop("file_name")
        return self._send({"voice": shown})

    def send_sticker(self, emoji: str = "👍") -> int:
        file = as_document(self._keep(_PIXEL, "sticker.webp", "image/webp"))
        kept = {key: file[key] for key in ("file_id", "file_unique_id", "file_size")}
        size = {"width": 512, "height": 512, "is_animated": False, "is_video": False}
        return self._send({"sticker": {**kept, **size, "type": "regular", "emoji": emoji}})

    def share_contact(self, phone_number: str, *, user_id: int | None = None) -> int:
        """Share a contact: the own one, or somebody else's when `user_id` is given."""
        contact = {"phone_number": phone_number, "first_name": self._account.first_name}
        return self._send({"contact": contact | {"user_id": user_id or self.id}})

    def block(self) -> None:
        """Block the bot; it is told once."""
        self._membership(blocked=True)

    def unblock(self) -> None:
        self._membership(blocked=False)

    def _membership(self, *, blocked: bool) -> None:
        with self._state.lock:
            if self._account.blocked == blocked:
                return
            self._account.blocked = blocked
            before, after = ("member", "kicked") if blocked else ("kicked", "member")
            body = {
                "chat": self._account.as_chat(),
                "from": self._account.as_user(),
                "date": self._state.now(),
                "old_chat_member": self._member(before),
                "new_chat_member": self._member(after),
            }
            self._state.change()
            self._state.enqueue("my_chat_member", body, ("member", self.id))

    def _member(self, status: str) -> Json:
        member: Json = {"user": self._state.as_bot(), "status": status}
        return member | ({"until_date": 0} if status == "kicked" else {})

    def chat(self) -> list[SeenMessage]:
        """Everything in the chat, oldest first."""
        with self._state.lock:
            messages = self._state.chats.get(self.id, {})
            return [as_seen(message) for _, message in sorted(messages.items())]

    def seen(self, message_id: int) -> SeenMessage:
        """One message as it looks now; LookupError when there is none."""
        with self._state.lock:
            return as_seen(self._message(message_id))

    def received(self) -> list[SeenMessage]:
        """What the bot sent, oldest first."""
        return [message for message in self.chat() if not message.incoming]

    def texts(self) -> list[str]:
        """Texts the bot sent, oldest first."""
        return [message.text for message in self.received()]

    def answers(self) -> list[str]:
        """Texts shown after presses ("" where the bot only stopped the spinner), oldest first."""
        return [query.text for query in self._queries() if query.answered]

    def spinning(self) -> list[str]:
        """Ids of presses the bot has not answered yet."""
        return [query.id for query in self._queries() if not query.answered]

    def keyboard(self) -> list[list[str]]:
        """Labels of the keyboard under the text box, row by row."""
        with self._state.lock:
            rows = self._state.keyboards.get(self.id, [])
            return [[str(button["text"]) for button in row] for row in rows]

    def _queries(self) -> list[Query]:
        with self._state.lock:
            return [query for query in self._state.queries.values() if query.user_id == self.id]

    def _message(self, message_id: int) -> Message:
        message = self._state.chats.get(self.id, {}).get(message_id)
        if message is None:
            raise LookupError(f"no message {message_id} in this chat")
        return message

    def _keep(self, data: bytes, name: str, mime_type: str) -> StoredFile:
        with self._state.lock:
            return self._state.keep(data, name, mime_type)


def _caption(text: str) -> Json:
    return {"caption": text} if text else {}


def as_seen(message: Message) -> SeenMessage:
    """A stored message as people see it."""
    body = message.body
    kind = next((kind for kind in KINDS if kind in body), "other")
    file: Any = body.get(kind) if kind not in {"text", "other"} else None
    file = file[-1] if isinstance(file, list) else (file or {})
    rows = body.get("reply_markup", {}).get("inline_keyboard", [])
    return SeenMessage(
        message_id=body["message_id"],
        incoming=message.incoming,
        kind=kind,
        text=body.get("text") or body.get("caption") or file.get("emoji") or "",
        buttons=tuple(
            tuple(
                SeenButton(text=b["text"], data=b.get("callback_data"), url=b.get("url"))
                for b in row
            )
            for row in rows
        ),
        edited=message.edited,
        date=body["date"],
        entities=tuple(body.get("entities") or body.get("caption_entities") or ()),
        file_id=file.get("file_id"),
        file_name=file.get("file_name"),
        reply_to=body.get("reply_to_message", {}).get("message_id"),
    )
