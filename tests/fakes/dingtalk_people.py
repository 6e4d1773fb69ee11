"""People with a DingTalk client in their hand: what they can do, and what they see."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.fakes.dingtalk_card import Card
from tests.fakes.dingtalk_content import Content
from tests.fakes.dingtalk_platform import Platform
from tests.fakes.dingtalk_press import Press
from tests.fakes.dingtalk_seen import SeenCard, SeenMessage, seen_card, seen_message
from tests.fakes.dingtalk_state import Group, Message, Person
from tests.fakes.dingtalk_webhook_robot import WebhookRobot

Json = dict[str, Any]

# Smallest honest bytes of each kind, for tests that care only that a file came.
_PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)
_AMR = b"#!AMR\n" + bytes(32)
_MP4 = b"\x00\x00\x00\x18ftypmp42" + bytes(32)
NOT_IN_GROUPS = {"audio", "video", "file"}


class GroupHandle:
    """A group chat, from outside."""

    def __init__(self, platform: Platform, group: Group) -> None:
        self._platform = platform
        self._group = group

    @property
    def id(self) -> str:
        """conversationId inbound, openConversationId outbound."""
        return self._group.id

    @property
    def group(self) -> Group:
        """The stored group: change `robot`, `members` and the like here."""
        return self._group

    def webhook_robot(self, secret: str = "", keywords: tuple[str, ...] = ()) -> WebhookRobot:
        """Add a custom robot; without secret and keywords its token is enough."""
        with self._platform.state.lock:
            return self._platform.webhook_robots.add(self.id, secret, keywords)

    def texts(self) -> list[str]:
        """Texts robots sent here, oldest first."""
        with self._platform.state.lock:
            return [
                message.content.text
                for message in self._platform.state.messages
                if message.conversation_id == self.id and not message.sender
            ]


class Client:
    """What everybody has: eyes, and a finger for cards. Any thread may call."""

    def __init__(self, platform: Platform, person: Person) -> None:
        self._platform = platform
        self._person = person

    @property
    def person(self) -> Person:
        """The stored person: change `name`, `mobile` and the like here."""
        return self._person

    @property
    def union_id(self) -> str:
        return self._person.union_id

    # Seeing

    def chat(self, group: GroupHandle | None = None) -> list[SeenMessage]:
        """The conversation with the robot or a group, oldest first, without what was recalled."""
        conversation_id = group.id if group else self._person.conversation_id
        return [m for m in self._messages() if m.conversation_id == conversation_id]

    def received(self) -> list[SeenMessage]:
        """What robots wrote in any conversation of this person, oldest first."""
        return [message for message in self._messages() if message.from_robot]

    def texts(self) -> list[str]:
        """Texts robots sent, oldest first."""
        return [message.text for message in self.received()]

    def _messages(self) -> list[SeenMessage]:
        state = self._platform.state
        with state.lock:
            return [
                seen_message(message, self.union_id)
                for message in state.messages
                if not message.recalled and self._person in state.audience(message.conversation_id)
            ]

    def read_all(self) -> None:
        """Look at every message, which those who ask are told."""
        state = self._platform.state
        with state.lock:
            for message in state.messages:
                if self._person in state.audience(message.conversation_id):
                    message.read_by.setdefault(self.union_id, state.clock())
            state.change()

    def cards(self) -> list[SeenCard]:
        """Cards in this person's conversations, in the order they were made."""
        with self._platform.state.lock:
            cards = self._platform.cards.cards.values()
            return [seen_card(card, self.union_id) for card in cards if self._sees(card)]

    def card(self, out_track_id: str) -> SeenCard:
        """One card as it looks now; LookupError where this person has none by that name."""
        with self._platform.state.lock:
            return seen_card(self._card(out_track_id), self.union_id)

    def _sees(self, card: Card) -> bool:
        audience = self._platform.state.audience
        return any(
            self._person in audience(space) and card.shown_to(space, self._person.user_id)
            for space in card.spaces
        )

    def _card(self, out_track_id: str) -> Card:
        card = self._platform.cards.cards.get(out_track_id)
        if card is None or not self._sees(card):
            raise LookupError(f"no card {out_track_id!r} in this person's conversations")
        return card

    # Pressing

    def press(
        self, out_track_id: str, label_or_id: str, inputs: Mapping[str, str] | None = None
    ) -> Press:
        """Press a button that is there, by its label or its actionId, with what was typed."""
        for button in self.card(out_track_id).buttons:
            if label_or_id in {button.label, button.action_id}:
                params = {**button.params, **(inputs or {})}
                return self.forge(out_track_id, [button.action_id], params)
        raise LookupError(f"card {out_track_id} has no button {label_or_id!r}")

    def forge(
        self, out_track_id: str, action_ids: Sequence[str], params: Mapping[str, str]
    ) -> Press:
        """Press as a modified client can: any ids and params, whether or not there is a button."""
        with self._platform.state.lock:
            card = self._card(out_track_id)
            return self._platform.presses.press(self._person, card, list(action_ids), params)

    # Writing

    def _send(
        self,
        payload: Json,
        content: Content,
        group: GroupHandle | None,
        *,
        at: Sequence["Client"] = (),
        at_robot: bool = True,
    ) -> str:
        """Store, and tell the robot unless it is a group message that does not call it; msgId."""
        platform, state = self._platform, self._platform.state
        with state.lock:
            target = self._group(group, content.kind)
            heard = target is None or (at_robot and target.robot)
            heard = heard and (self._person.user_id != "" or state.unconfirmed.outsiders_write)
            if heard:
                return platform.inbound.say(
                    self._person, target, payload, content, [x.person for x in at]
                )
            assert target is not None
            message = Message(
                state.fresh("msg"),
                target.id,
                self.union_id,
                content,
                "person",
                state.clock(),
                mentioned=frozenset(x.union_id for x in at),
            )
            return state.put(message).id

    def _group(self, group: GroupHandle | None, kind: str) -> Group | None:
        if not self._person.active:
            raise RuntimeError(f"{self._person.name} has left")
        if group is None:
            return None
        if self.union_id not in group.group.members:
            raise ValueError(f"{self._person.name} is not in the group")
        if kind in NOT_IN_GROUPS:
            raise ValueError(f"nobody can send {kind} to a robot in a group")
        return group.group

    def say(
        self,
        text: str,
        group: GroupHandle | None = None,
        *,
        at: Sequence["Client"] = (),
        at_robot: bool = True,
        reply_to: str = "",
    ) -> str:
        """Write to the robot, or in a group with @ (to others as well); the msgId."""
        with self._platform.state.lock:
            # What is left after the mention begins with a space.
            given: Json = {"content": f" {text}" if group else text}
            if reply_to:
                given |= {"isReplyMsg": True, "repliedMsg": self._replied(reply_to)}
            content = Content(kind="text", raw=given, text=text)
            payload = {"msgtype": "text", "text": given}
            return self._send(payload, content, group, at=at, at_robot=at_robot)

    def _replied(self, message_id: str) -> Json:
        for message in self._platform.state.messages:
            if message.id == message_id:
                sender = self._platform.state.people.get(message.sender)
                app = self._platform.state.app
                return {
                    "msgType": message.content.kind,
                    "msgId": message.id,
                    "senderId": sender.sender_id if sender else app.chatbot_user_id,
                    "createdAt": int(message.at * 1000),
                    "content": {"text": message.content.text},
                }
        raise LookupError(f"no message {message_id!r}")

    def send_raw(self, msgtype: str, payload: Json, group: GroupHandle | None = None) -> str:
        """Send a body of any msgtype, also one no document knows."""
        content = Content(kind=msgtype, raw=payload)
        return self._send({"msgtype": msgtype, **payload}, content, group)

    def _send_content(self, kind: str, given: Json, group: GroupHandle | None, text: str) -> str:
        flat = self._platform.state.unconfirmed.flat_content
        payload = {"msgtype": kind, **(given if flat else {"content": given})}
        return self._send(payload, Content(kind=kind, raw=given, text=text), group)

    def send_rich(self, parts: Sequence[str | bytes], group: GroupHandle | None = None) -> str:
        """Text and pictures in one message: texts as they are, pictures as bytes."""
        rich: list[Json] = []
        for part in parts:
            if isinstance(part, str):
                rich.append({"text": part})
            else:
                rich.append({"type": "picture", **self._picture(part)})
        text = "".join(part for part in parts if isinstance(part, str))
        return self._send_content("richText", {"richText": rich}, group, text)

    def send_picture(self, data: bytes = _PIXEL, group: GroupHandle | None = None) -> str:
        return self._send_content("picture", self._picture(data), group, "")

    def _picture(self, data: bytes) -> Json:
        keep = self._platform.inbound.keep
        with self._platform.state.lock:
            return {
                "downloadCode": keep("image.png", data),
                "pictureDownloadCode": keep("image.png", data),
            }


class Member(Client):
    """Somebody of the organisation, who may also write to the robot alone."""

    @property
    def user_id(self) -> str:
        return self._person.user_id

    def send_audio(self, recognition: str, duration_ms: int = 3000, data: bytes = _AMR) -> str:
        """Speak; the platform writes down what it understood."""
        code = self._keep("audio.amr", data)
        given = {"duration": duration_ms, "downloadCode": code, "recognition": recognition}
        return self._send_content("audio", given, None, recognition)

    def send_video(self, duration: int = 5, data: bytes = _MP4) -> str:
        given = {
            "duration": duration,
            "downloadCode": self._keep("video.mp4", data),
            "videoType": "mp4",
        }
        return self._send_content("video", given, None, "")

    def send_file(self, name: str, data: bytes = b"%PDF-1.4\n") -> str:
        given = {
            "downloadCode": self._keep(name, data),
            "fileName": name,
            "spaceId": "1",
            "fileId": "2",
        }
        return self._send_content("file", given, None, name)

    def _keep(self, name: str, data: bytes) -> str:
        with self._platform.state.lock:
            return self._platform.inbound.keep(name, data)

    def login_code(self) -> str:
        """Open the app's page inside the client: the code it is given there."""
        with self._platform.state.lock:
            return self._platform.directory.login_code(self._person)

    def leave(self) -> None:
        """Leave the organisation and its groups: the userid is invalid from now on."""
        with self._platform.state.lock:
            self._person.active = False
            for group in self._platform.state.groups.values():
                if self.union_id in group.members:
                    group.members.remove(self.union_id)


class Outsider(Client):
    """Somebody of another organisation: in external groups only, and without a senderStaffId."""

    def _group(self, group: GroupHandle | None, kind: str) -> Group | None:
        if group is None:
            raise RuntimeError("nobody from outside can write to the robot alone")
        return super()._group(group, kind)
