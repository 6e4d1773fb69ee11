"""A group, seen from above: who is in it, and what happens to it."""

import json
from collections.abc import Sequence

from tests.fakes.feishu_content import plain
from tests.fakes.feishu_news import BOT_ADDED, BOT_DELETED, News
from tests.fakes.feishu_people import Someone
from tests.fakes.feishu_rates import CHAT
from tests.fakes.feishu_state import Chat, Message, State


class Group:
    """One group chat. Every method may be called from any thread."""

    def __init__(self, state: State, news: News, chat: Chat) -> None:
        self._state = state
        self._news = news
        self.chat = chat  # change `muted` and the like here

    @property
    def id(self) -> str:
        return self.chat.id

    def add(self, *people: Someone) -> None:
        with self._state.lock:
            new = [one.open_id for one in people if one.open_id not in self.chat.members]
            self.chat.members += new
            self._state.change()

    def remove(self, person: Someone) -> None:
        with self._state.lock:
            self.chat.members.remove(person.open_id)
            self._state.change()

    def add_bot(self, by: Someone) -> None:
        """Bring the robot in; it is told."""
        self._move(by, inside=True)

    def remove_bot(self, by: Someone) -> None:
        self._move(by, inside=False)

    def _move(self, by: Someone, *, inside: bool) -> None:
        with self._state.lock:
            self.chat.bot = inside
            self._state.change()
            self._news.bot_moved(BOT_ADDED if inside else BOT_DELETED, self.chat, by.person)

    def mute(self, muted: bool = True) -> None:
        """Allow nobody but the owner to write, and no robot."""
        self.chat.muted = muted

    def dissolve(self) -> None:
        self.chat.dissolved = True

    def other_bot_says(self, words: str) -> str:
        """A message of somebody else's robot, with the id of its message."""
        with self._state.lock:
            now = self._state.clock()
            message = Message(
                id=self._state.fresh("om_"),
                chat_id=self.id,
                sender=self._state.fresh("cli_"),
                sender_type="hook",
                kind="text",
                content=json.dumps({"text": words}, ensure_ascii=False),
                created=now,
                updated=now,
            )
            self._state.put(message)
            self._news.received(message, self.chat, None)
            return message.id

    def other_bots_send(self, count: int) -> None:
        """Use up the group's limit, which all robots share."""
        self._state.rates.spend(f"chat:{self.id}", CHAT, count)

    def messages(self) -> Sequence[Message]:
        """Everything that was written, oldest first."""
        return list(self._state.of_chat(self.id))

    def texts(self) -> list[str]:
        """Words of all robots, oldest first."""
        return [
            plain(self._state, message.kind, message.content, message.mentions)
            for message in self.messages()
            if message.sender_type != "user" and not message.recalled
        ]
