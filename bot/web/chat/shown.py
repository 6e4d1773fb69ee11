"""A message as the candidate sees it, on the page and on the wire."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from bot.web import filenames
from bot.web.public_views import ChatButton, ChatFile, ChatMessage
from storage.database import Tx
from storage.enums import Author, Direction, MediaState
from storage.queries import media, timeline
from storage.queries.media import Attached
from storage.queries.timeline import MessageRow
from storage.vault import Vault


@dataclass(frozen=True, slots=True)
class Talk:
    """A stretch of a conversation, oldest first, with what its messages carry."""

    rows: tuple[MessageRow, ...] = ()
    files: tuple[Attached, ...] = ()

    def carried(self, uid: str) -> tuple[Attached, ...]:
        """What one message carries."""
        return tuple(file for file in self.files if file.message_uid == uid)

    def wire(self) -> list[dict[str, Any]]:
        """Every message for ``static/chat.js``."""
        return [wire(row, self.carried(row.uid)) for row in self.rows]


def talk(tx: Tx, vault: Vault, conversation_id: str, **stretch: Any) -> Talk:
    """A stretch, as ``timeline.chat`` takes it."""
    rows = timeline.chat(tx, vault, conversation_id, **stretch)
    files = media.of_messages(tx, vault, [row.uid for row in rows])
    return Talk(tuple(rows), tuple(files))


def shown(row: MessageRow, files: Sequence[Attached] = ()) -> ChatMessage:
    """One message. A file whose bytes never came was not sent, one whose bytes are not kept yet
    is not sent yet."""
    inbound = row.direction is Direction.INBOUND
    states = {one.state for one in files} if inbound else set()
    state = "sending" if MediaState.NEW in states else "sent"
    return ChatMessage(
        id=row.uid,
        direction="in" if inbound else "out",
        author="candidate" if inbound else "hr" if row.author is Author.HR else "bot",
        name="" if inbound or row.author is not Author.HR else row.author_name,
        text=row.text,
        at=row.sent_at,
        state="failed" if MediaState.GONE in states else state,
        # What is said by pressing is the label: the same words as when it is typed.
        buttons=tuple(ChatButton(label=label, value=label) for label, _ in row.choices),
        files=tuple(
            ChatFile(kind=one.kind.value, name=filenames.shown(one.name), size=one.size)
            for one in files
        ),
    )


def wire(row: MessageRow, files: Sequence[Attached] = ()) -> dict[str, Any]:
    """The same as JSON, as ``static/chat.js`` expects it."""
    message = shown(row, files)
    mine = message.direction == "in"
    return {
        "id": message.id,
        "client_id": row.external_id.partition(":")[2] if mine else "",
        "direction": message.direction,
        "author": message.author,
        "name": message.name,
        "text": message.text,
        "at": message.at.isoformat(),
        "state": message.state,
        "buttons": [{"label": b.label, "value": b.value} for b in message.buttons],
        "files": [asdict(file) for file in message.files],
    }


def rested(messages: Sequence[ChatMessage]) -> tuple[ChatMessage, ...]:
    """The same messages, with the buttons at rest that have been answered: by a press, or by
    whatever else the candidate said since."""
    made: list[ChatMessage] = []
    answer: str | None = None
    for message in reversed(messages):
        if message.buttons and answer is not None:
            made.append(replace(message, answered=True, chosen=answer))
        else:
            made.append(message)
        if message.direction == "in":
            answer = message.text
    return tuple(reversed(made))
