"""People with the client in their hand: what they can do, and what they see."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.fakes import feishu_inbound as inbound
from tests.fakes.feishu_cards import Card, Field
from tests.fakes.feishu_content import plain, resolve
from tests.fakes.feishu_inbound import Written
from tests.fakes.feishu_login import Login
from tests.fakes.feishu_news import News
from tests.fakes.feishu_presses import Press, Presses
from tests.fakes.feishu_state import Chat, Json, Message, Person, State

TIMEZONE = "Asia/Shanghai"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One message as somebody sees it."""

    message_id: str
    mine: bool  # written by the one who looks
    by_bot: bool
    kind: str
    text: str  # of a card: all its words
    card: Card | None
    rings: tuple[str, ...]  # open_ids of those who were mentioned; "all"
    edited: bool
    recalled: bool
    created: float
    parent_id: str

    @property
    def labels(self) -> list[str]:
        """Texts of all buttons."""
        return [button.label for button in self.card.buttons] if self.card else []


@dataclass(frozen=True, slots=True)
class World:
    """What everybody's hand reaches."""

    state: State
    news: News
    presses: Presses
    login: Login


class Someone:
    """One person. Every method may be called from any thread.

    `where` is the id of a group; "" is the one-to-one chat with the robot.
    """

    def __init__(self, world: World, person: Person) -> None:
        self._world = world
        self._state = world.state
        self.person = person  # change `available`, `frozen` and the like here

    @property
    def open_id(self) -> str:
        return self.person.open_id

    @property
    def name(self) -> str:
        return self.person.name

    @property
    def chat_id(self) -> str:
        """The one-to-one chat with the robot."""
        return self.person.chat_id

    # Writing

    def open_chat(self) -> None:
        """Open the one-to-one chat with the robot: by a search, a link, or a code."""
        with self._state.lock:
            if not self._state.app.active:
                raise RuntimeError("the robot cannot be found: no version is published")
            last = list(self._state.of_chat(self.person.chat_id))[-1:]
            self._world.news.entered(self.person, last[0] if last else None)

    def say(self, words: str, where: str = "", *, reply_to: str = "", age_s: float = 0.0) -> str:
        """Send a text, return its id; "@" with a name mentions; `age_s` dates it back."""
        chat = self._chat(where)
        written = inbound.text(self._state, chat, words)
        return self.send(written, where, reply_to=reply_to, age_s=age_s)

    def send(
        self, written: Written, where: str = "", *, reply_to: str = "", age_s: float = 0.0
    ) -> str:
        """Send anything: see `feishu_inbound`, or make a `Written` of a kind nobody knows."""
        with self._state.lock:
            chat = self._chat(where)
            now = self._state.clock() - age_s
            message = Message(
                id=self._state.fresh("om_"),
                chat_id=chat.id,
                sender=self.open_id,
                sender_type="user",
                kind=written.kind,
                content=json.dumps(written.content, ensure_ascii=False),
                created=now,
                updated=now,
                mentions=written.mentions,
            )
            if reply_to:
                parent = self._state.messages[reply_to]
                message.parent_id, message.root_id = parent.id, parent.root_id or parent.id
                message.thread_id = parent.thread_id
            self._state.put(message)
            self._world.news.received(message, chat, self.person)
            return message.id

    def _chat(self, where: str) -> Chat:
        """The chat, if this person can write in it."""
        if where:
            chat = self._state.chats[where]
            if self.open_id not in chat.members or chat.dissolved:
                raise RuntimeError(f"{self.name} is not in this group")
            return chat
        if self.person.refuses is not None:
            raise RuntimeError("this person blocked the robot; unblock() first")
        if not self._state.app.granted("im:message", "im:message.p2p_msg:readonly"):
            raise RuntimeError("the chat has no input box: the robot may not read it")
        if not self.person.met:
            self.open_chat()
        return self._state.p2p(self.person)

    def recall(self, message_id: str) -> None:
        """Take an own message back; the robot is told."""
        with self._state.lock:
            message = self._state.messages[message_id]
            if message.sender != self.open_id:
                raise ValueError("only own messages can be recalled")
            message.recalled = True
            self._state.change()
            self._world.news.recalled(message)

    def forward(self, message_id: str, where: str) -> None:
        """Show a message of the robot's in a group. RuntimeError where a card forbids it."""
        message = self._message(message_id)
        with self._state.lock:
            body = json.loads(message.content)
            config = body.get("config") or {} if message.kind == "interactive" else {}
            if config.get("enable_forward") is False:
                raise RuntimeError("this card cannot be forwarded")
            chat = self._chat(where)
            now = self._state.clock()
            copy = Message(
                id=self._state.fresh("om_"),
                chat_id=chat.id,
                sender=self.open_id,
                sender_type="user",
                kind=message.kind,
                content=message.content,
                created=now,
                updated=now,
            )
            self._state.put(copy)

    def read(self) -> None:
        """Read everything the robot wrote one-to-one."""
        with self._state.lock:
            from_bot = [m for m in self._state.of_chat(self.chat_id) if m.sender_type == "app"]
            self._world.news.read(self.person, from_bot)

    def block(self, code: int | None = None) -> None:
        """Hear nothing of the robot any more: sending is refused with this code."""
        self.person.refuses = code or self._state.unconfirmed.block_code

    def unblock(self) -> None:
        self.person.refuses = None

    # Looking

    def chat(self, where: str = "") -> list[Seen]:
        """Everything in a chat, oldest first."""
        return [self._seen(message) for message in self._state.of_chat(where or self.chat_id)]

    def received(self, where: str = "") -> list[Seen]:
        """What the robot sent and did not recall, oldest first."""
        return [seen for seen in self.chat(where) if seen.by_bot and not seen.recalled]

    def texts(self, where: str = "") -> list[str]:
        """Words the robot sent, oldest first."""
        return [seen.text for seen in self.received(where)]

    def seen(self, message_id: str) -> Seen:
        """One message as it looks now; LookupError when there is none."""
        return self._seen(self._message(message_id))

    def card(self, message_id: str) -> Card:
        """A card as it looks now; LookupError when there is none."""
        card = self.seen(message_id).card
        if card is None:
            raise LookupError(f"{message_id} is no card")
        return card

    def _message(self, message_id: str) -> Message:
        message = self._state.messages.get(message_id)
        if message is None or self.open_id not in self._state.chats[message.chat_id].members:
            raise LookupError(f"no message {message_id} in the chats of {self.name}")
        return message

    def _seen(self, message: Message) -> Seen:
        state = self._state
        with state.lock:
            body = json.loads(message.content)
            bot_card = message.kind == "interactive" and message.sender_type != "user"
            return Seen(
                message_id=message.id,
                mine=message.sender == self.open_id,
                by_bot=message.sender_type == "app",
                kind=message.kind,
                text=plain(state, message.kind, message.content, message.mentions),
                card=Card.of(resolve(state, body)) if bot_card else None,
                rings=tuple(mention.open_id for mention in message.mentions),
                edited=message.edited,
                recalled=message.recalled,
                created=message.created,
                parent_id=message.parent_id,
            )

    # Pressing

    def press(self, message_id: str, what: str, form: dict[str, Any] | None = None) -> Press:
        """Press a button by its label or name; a submit button takes what was filled in."""
        card = self.card(message_id)
        button = _find(card.buttons, what, lambda b: (b.label, b.name))
        if button.disabled:
            raise ValueError(f"{what!r} is greyed out")
        if button.url and button.value is None:
            raise ValueError(f"{what!r} opens {button.url}, it asks nothing")
        action: Json = {"value": button.value, "tag": "button", "timezone": TIMEZONE}
        if button.name:
            action["name"] = button.name
        if button.submits:
            action["form_value"] = _filled(card, button.form, form or {})
        return self.forge(message_id, action)

    def pick(self, message_id: str, name: str, *options: str) -> Press:
        """Choose in a list outside a form; several options for one of several choices."""
        field = self._field(message_id, name)
        for option in options:
            if option not in field.options:
                raise ValueError(f"{name!r} does not offer {option!r}")
        many = field.tag.startswith("multi_")
        chosen: Json = {"options": list(options)} if many else {"option": options[0]}
        return self._use(message_id, field, chosen)

    def type_in(self, message_id: str, name: str, words: str) -> Press:
        """Fill in a line outside a form."""
        return self._use(message_id, self._field(message_id, name), {"input_value": words})

    def tick(self, message_id: str, name: str, checked: bool = True) -> Press:
        return self._use(message_id, self._field(message_id, name), {"checked": checked})

    def _field(self, message_id: str, name: str) -> Field:
        field: Field = _find(self.card(message_id).fields, name, lambda f: (f.name, f.label))
        return field

    def _use(self, message_id: str, field: Field, chosen: Json) -> Press:
        base = {"value": field.value or {}, "tag": field.tag, "timezone": TIMEZONE}
        return self.forge(message_id, base | {"name": field.name or None} | chosen)

    def forge(self, message_id: str, action: Json) -> Press:
        """Press as a modified client can: any action, whether or not such a button exists."""
        return self._world.presses.start(self.person, self._message(message_id), action)


class Member(Someone):
    """Somebody of the company; inside the app's availability scope unless told otherwise."""

    def resign(self) -> None:
        """Leave the company."""
        self.person.resigned = True

    def login_code(self, redirect_uri: str = "", challenge: str = "") -> str:
        """A code as the login page would hand it out."""
        return self._world.login.grant(self.person, redirect_uri, challenge)

    def follow_login(self, url: str) -> str:
        """Open a login address, confirm, and return where the browser is sent."""
        query = {key: values[0] for key, values in parse_qs(urlsplit(url).query).items()}
        code = self.login_code(query["redirect_uri"], query.get("code_challenge", ""))
        answer = {"code": code} | ({"state": query["state"]} if "state" in query else {})
        return f"{query['redirect_uri']}?{urlencode(answer)}"


class Outsider(Someone):
    """Somebody of another tenant or with a personal account; cannot be written to before opening
    the robot's chat, which puts the person into the availability scope."""

    def open_chat(self) -> None:
        with self._state.lock:
            if not self._state.app.external_sharing:
                raise RuntimeError("the robot is not shared outside the company")
            self.person.available = True
            super().open_chat()


def _find(things: Any, what: str, names: Any) -> Any:
    for thing in things:
        if what and what in names(thing):
            return thing
    raise LookupError(f"there is no {what!r}")


def _filled(card: Card, form: str, given: dict[str, Any]) -> Json:
    """`form_value` as the client sends it; ValueError where it would not let anybody submit."""
    fields = {field.name: field for field in card.fields if field.form == form}
    for name, value in given.items():
        if name not in fields:
            raise LookupError(f"the form has no {name!r}")
        options = fields[name].options
        for chosen in value if isinstance(value, list) else [value]:
            if options and chosen not in options:
                raise ValueError(f"{name!r} does not offer {chosen!r}")
    missing = [name for name, field in fields.items() if field.required and not given.get(name)]
    if missing:
        raise ValueError(f"required and empty: {missing}")
    return dict(given)
