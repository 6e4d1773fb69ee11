"""A member of the corp with the WeCom client in hand: writes to an app, reads it, presses cards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

from tests.fakes.wecom_app import response_code
from tests.fakes.wecom_app_content import TEXT_BYTES
from tests.fakes.wecom_customer import PIXEL, Customer
from tests.fakes.wecom_directory import Entry
from tests.fakes.wecom_doubts import Spelling
from tests.fakes.wecom_errors import Json
from tests.fakes.wecom_files import amr
from tests.fakes.wecom_request import cut
from tests.fakes.wecom_state import App, Received, State, opaque
from tests.fakes.wecom_xml import Value

Choices = Mapping[str, Sequence[str]]
Fields = Mapping[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class AppMessage:
    """One message of an app as a member sees it. `replaced`: the label of a card that is done."""

    msgid: str
    agentid: int
    msgtype: str
    content: Json
    at: float
    replaced: str = ""

    @property
    def text(self) -> str:
        """The words: of a text, or the title of anything that has one."""
        titled = self.content.get("main_title", self.content)
        return str(self.content.get("content") or titled.get("title", ""))

    @property
    def buttons(self) -> list[str]:
        """Labels of what can be pressed now."""
        return [] if self.replaced else [button["text"] for button in buttons(self.content)]


def buttons(card: Json) -> list[Json]:
    """What calls back when it is pressed, in the order of the card."""
    submit = [card["submit_button"]] if "submit_button" in card else []
    return [button for button in card.get("button_list", []) if not button.get("type")] + submit


class Member:
    """One member at one app. Being out of its visible range raises ValueError."""

    def __init__(self, state: State, entry: Entry, app: App) -> None:
        self._state = state
        self._entry = entry
        self._app = app

    @property
    def userid(self) -> str:
        return self._entry.userid

    @property
    def entry(self) -> Entry:
        """What the address book says: change `status`, `departments` and the like here."""
        return self._entry

    def at(self, app: App) -> "Member":
        """The same member at another app."""
        return Member(self._state, self._entry, app)

    # Writing to the app

    def write(self, text: str) -> int:
        """Write a text; returns its MsgId."""
        return self.send("text", {"Content": text})

    def send(self, msgtype: str, fields: Fields) -> int:
        """Send a message of any type; returns its MsgId."""
        msgid = self._state.next_msgid()
        self._push({"MsgType": msgtype, **fields, "MsgId": msgid})
        return msgid

    def send_image(self, data: bytes = PIXEL) -> int:
        media_id = self._keep("image", "image.png", "image/png", data)
        return self.send("image", {"PicUrl": "https://p.qpic.cn/pic", "MediaId": media_id})

    def send_voice(self, data: bytes = b"") -> int:
        media_id = self._keep("voice", "voice.amr", "audio/amr", data or amr())
        return self.send("voice", {"MediaId": media_id, "Format": "amr"})

    def send_video(self, data: bytes = bytes(64)) -> int:
        media_id = self._keep("video", "video.mp4", "video/mp4", data)
        thumb = self._keep("image", "thumb.png", "image/png", PIXEL)
        return self.send("video", {"MediaId": media_id, "ThumbMediaId": thumb})

    def send_file(self, name: str, data: bytes = b"%PDF-1.4\n") -> int:
        """Send a file. No document says what the app gets; this is a guess."""
        media_id = self._keep("file", name, "application/octet-stream", data)
        tag = self._state.doubts.inbound_file_name_tag
        return self.send("file", {"MediaId": media_id, tag: name})

    def send_location(self, label: str, latitude: float = 39.9, longitude: float = 116.4) -> int:
        place: Fields = {
            "Location_X": latitude,
            "Location_Y": longitude,
            "Scale": 15,
            "Label": label,
        }
        return self.send("location", {**place, "AppType": "wxwork"})

    def send_link(self, title: str, url: str, description: str = "") -> int:
        fields = {"Title": title, "Description": description, "Url": url}
        return self.send("link", {**fields, "PicUrl": "https://p.qpic.cn/pic"})

    def _keep(self, kind: str, name: str, mime_type: str, data: bytes) -> str:
        with self._state.lock:
            now = self._state.clock()
            return self._state.files.keep(kind, name, mime_type, data, now).media_id

    # Events

    def follow(self) -> None:
        """Start having the app."""
        self.event("subscribe")

    def unfollow(self) -> None:
        self.event("unsubscribe")

    def open_app(self) -> None:
        """Open the app, which happens every time."""
        self.event("enter_agent", {"EventKey": ""})

    def menu(self, key: str) -> None:
        """Press an entry of the app's own menu."""
        self.event("click", {"EventKey": key})

    def report_location(self, latitude: float, longitude: float) -> None:
        where: Fields = {"Latitude": latitude, "Longitude": longitude, "Precision": 65.0}
        self.event("LOCATION", {**where, "AppType": "wxwork"})

    def event(self, name: str, fields: Fields | None = None) -> None:
        """Any event of this member."""
        head: Fields = {"MsgType": "event", "Event": name}
        self._push({**head, **(fields or {})})

    def _push(self, fields: Fields, msgid: str = "") -> None:
        if not self._state.visible(self._app, self._entry):
            raise ValueError(f"{self.userid} does not have app {self._app.agentid}")
        body: dict[str, Value] = {
            "FromUserName": self.userid,
            "CreateTime": self._state.now(),
            **fields,
            "AgentID": self._app.agentid,
        }
        self._state.push(self._app, body, reply=self._hear(msgid))

    # Cards

    def press(
        self,
        button: str,
        choices: Choices | None = None,
        *,
        msgid: str = "",
        spelling: Spelling | None = None,
    ) -> str:
        """Press a button of the newest card that has it, by its key or its label.

        `choices` are option ids by question key; without them what the card preselects is sent.
        Returns the response code of this press.
        """
        with self._state.lock:
            for copy in self._cards(msgid):
                for entry in buttons(copy.content):
                    if button in (entry["key"], entry["text"]):
                        picked = _picked(copy.content, choices or {})
                        return self._pressed(copy, entry["key"], picked, spelling)
        raise LookupError(f"no card offers {button!r}")

    def choose(self, action: str, *, msgid: str = "") -> str:
        """Choose from the menu in the corner of a card; returns the response code."""
        with self._state.lock:
            for copy in self._cards(msgid):
                for entry in copy.content.get("action_menu", {}).get("action_list", []):
                    if action in (entry["key"], entry["text"]):
                        return self._pressed(copy, entry["key"], None, None)
        raise LookupError(f"no card menu offers {action!r}")

    def _cards(self, msgid: str) -> list[Received]:
        """Cards that can be pressed, newest first."""
        return [
            copy
            for copy in reversed(self._state.inboxes.get(self._entry.key, []))
            if copy.msgtype == "template_card"
            and copy.agentid == self._app.agentid
            and not copy.replaced
            and not copy.recalled
            and msgid in ("", copy.msgid)
        ]

    def _pressed(
        self, copy: Received, key: str, picked: Choices | None, spelling: Spelling | None
    ) -> str:
        code = response_code(self._state, self._app.agentid, copy.msgid)
        fields: dict[str, Value] = {
            "MsgType": "event",
            "Event": "template_card_menu_event" if picked is None else "template_card_event",
            "EventKey": key,
            "TaskId": str(copy.content.get("task_id", "")),
            "CardType": str(copy.content["card_type"]),
            "ResponseCode": code,
        }
        if picked:
            many = spelling or self._state.doubts.card_spelling
            one = many.removesuffix("s")
            items: list[Value] = [
                {"QuestionKey": question, many: {one: list(ids)}}
                for question, ids in picked.items()
            ]
            fields["SelectedItems"] = {"SelectedItem": items}
        self._push(fields, copy.msgid)
        return code

    def _hear(self, msgid: str) -> Any:
        """What a passive answer does: a message to this member, or the card just pressed done."""

        def hear(root: Element) -> None:
            kind = root.findtext("MsgType", "")
            if kind in {"update_button", "update_template_card"}:
                tag = (
                    "Button/ReplaceName" if kind == "update_button" else "TemplateCard/ReplaceText"
                )
                for copy in self._state.inboxes.get(self._entry.key, []):
                    if copy.msgid == msgid:
                        copy.replaced = root.findtext(tag, "")
                return
            words = cut(root.findtext("Content", ""), TEXT_BYTES)
            content: Json = {"content": words} if kind == "text" else {}
            now = self._state.clock()
            copy = Received(opaque(), self._app.agentid, kind, content, now)
            self._state.inboxes.setdefault(self._entry.key, []).append(copy)

        return hear

    # External contacts

    def add_contact(self, customer: Customer, state: str = "", *, welcome: bool = True) -> str:
        """A customer becomes a contact of this member; returns the welcome code of the event."""
        customer.person.followers.add(self._entry.key)
        code = opaque() if welcome else ""
        self.contact_event(
            "add_external_contact",
            customer,
            ({"State": state} if state else {}) | ({"WelcomeCode": code} if code else {}),
        )
        return code

    def drop_contact(self, customer: Customer) -> None:
        customer.person.followers.discard(self._entry.key)
        self.contact_event("del_external_contact", customer)

    def contact_event(self, change: str, customer: Customer, fields: Fields | None = None) -> None:
        """Any change of type `change` between this member and a customer."""
        body: dict[str, Value] = {
            "FromUserName": "sys",
            "CreateTime": self._state.now(),
            "MsgType": "event",
            "Event": "change_external_contact",
            "ChangeType": change,
            "UserID": self.userid,
            "ExternalUserID": customer.contact_id,
        }
        if self._state.visible(self._app, self._entry):
            self._state.push(self._app, {**body, **(fields or {})})

    # Reading

    def messages(self) -> list[AppMessage]:
        """What the app sent, oldest first; what was recalled is gone."""
        with self._state.lock:
            return [
                AppMessage(
                    msgid=copy.msgid,
                    agentid=copy.agentid,
                    msgtype=copy.msgtype,
                    content=copy.content,
                    at=copy.at,
                    replaced=copy.replaced,
                )
                for copy in self._state.inboxes.get(self._entry.key, [])
                if copy.agentid == self._app.agentid and not copy.recalled
            ]

    def texts(self) -> list[str]:
        """The words of what the app sent, oldest first."""
        return [message.text for message in self.messages()]

    def cards(self) -> list[AppMessage]:
        """The cards among them."""
        return [message for message in self.messages() if message.msgtype == "template_card"]


def _picked(card: Json, choices: Choices) -> Choices:
    """Chosen option ids by question key, as the client lets people choose; else ValueError."""
    found: dict[str, list[str]] = {}
    selects = [*card.get("select_list", [])]
    selects += [card["button_selection"]] if "button_selection" in card else []
    questions = selects + ([card["checkbox"]] if "checkbox" in card else [])
    for question in questions:
        options = [option["id"] for option in question["option_list"]]
        ticked = [o["id"] for o in question["option_list"] if o.get("is_checked")]
        preset = [question["selected_id"]] if question.get("selected_id") else ticked
        chosen = list(choices.get(question["question_key"], preset))
        single = question in selects or question.get("mode", 0) == 0
        if set(chosen) - set(options) or (single and len(chosen) > 1):
            raise ValueError(f"{chosen} cannot be chosen of {options}")
        if chosen:
            found[question["question_key"]] = chosen
    unknown = set(choices) - {question["question_key"] for question in questions}
    if unknown:
        raise ValueError(f"the card does not ask {sorted(unknown)}")
    return found
