"""A customer with WeChat in hand, talking to a kf account of the corp."""

from urllib.parse import parse_qs, unquote, urlsplit

from tests.fakes.wecom_errors import Json
from tests.fakes.wecom_files import SILK_HEADER, amr
from tests.fakes.wecom_kf import append, event
from tests.fakes.wecom_kf_account import Account, Person
from tests.fakes.wecom_kf_session import SeenByCustomer, Session
from tests.fakes.wecom_media import MEGABYTE
from tests.fakes.wecom_request import size
from tests.fakes.wecom_state import State

BY_CUSTOMER = 3
SCENE_PARAM_BYTES = 128
INBOUND_BYTES = {"image": 2, "voice": 2, "video": 10, "file": 20}  # megabytes
# Smallest honest bytes, for tests that care only that a picture came.
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


class Customer:
    """One person in the chat with one account: the first one, until they enter by a link.

    Whatever they send is in the log at once; what reaches them is in `seen`.
    """

    def __init__(self, state: State, person: Person, account: Account) -> None:
        self._state = state
        self._person = person
        self.account = account

    @property
    def external_userid(self) -> str:
        return self._person.external_userid

    @property
    def contact_id(self) -> str:
        """The id in external contacts, the same one unless that is in doubt."""
        return self._person.contact_id

    @property
    def person(self) -> Person:
        """The stored person: change `nickname`, `refuses` and the like here."""
        return self._person

    @property
    def session(self) -> Session:
        """The conversation as the platform sees it."""
        with self._state.lock:
            session = self.account.session(self.external_userid)
            session.expire(self._state.clock())
            return session

    # Coming in

    def enter(self, link: str = "", *, scene_param: str = "", channels: Json | None = None) -> str:
        """Open the chat, by a link of add_contact_way or from the chat list.

        `scene_param` is added to the link, url-encoded, if it has none. Returns the welcome code
        that the event carries, "" when it carries none.
        """
        scene, parameter = "", scene_param
        if link:
            scene, found = self._follow(link)
            parameter = found or scene_param
        if size(unquote(parameter)) > SCENE_PARAM_BYTES:
            raise ValueError("nobody knows what the platform does with a scene_param that long")
        if self._state.doubts.scene_param_decoded:
            parameter = unquote(parameter)
        with self._state.lock:
            self._act()
            session, now = self.session, self._state.clock()
            context = {"scene": scene, "scene_param": parameter}
            self._person.context = context | ({"wechat_channels": channels} if channels else {})
            code = ""
            if not self.account.native_welcome and session.welcomes(now, self._state.doubts):
                code = self._state.service.issue(session.code("welcome", now))
            fields = self._ids() | self._person.context
            fields |= {"welcome_code": code} if code else {}
            event(self._state, self.account, "enter_session", fields)
            return code

    def _follow(self, link: str) -> tuple[str, str]:
        """The scene and the scene_param of a link, still encoded; switches to its account."""
        parts = urlsplit(link)
        name = parts.path.rpartition("/")[2]
        accounts = self._state.service.accounts.values()
        account = next((account for account in accounts if account.link == name), None)
        if account is None:
            raise LookupError(f"the link {link} leads to no account")
        self.account = account
        pairs = [pair.partition("=") for pair in parts.query.split("&")]
        raw = {key: value for key, _, value in pairs}
        secret = parse_qs(parts.query).get("enc_scene", [""])[0]
        return account.scenes.get(secret, ""), raw.get("scene_param", "")

    def _act(self) -> None:
        self._person.active_at = self._state.clock()
        if self.external_userid not in self._state.service.customers:
            self._state.service.customers.append(self.external_userid)

    def _ids(self) -> Json:
        return {
            "open_kfid": self.account.open_kfid,
            "external_userid": self.external_userid,
        }

    # Sending

    def send(self, msgtype: str, content: Json, *, refill: bool = True, silk: str = "") -> str:
        """Send a message of any type, known or not; returns its msgid."""
        with self._state.lock:
            self._act()
            session = self.account.session(self.external_userid)
            session.hear(self._state.clock(), self.account.assigned(), refill=refill)
            body = self._ids() | {"origin": BY_CUSTOMER, "msgtype": msgtype, msgtype: content}
            return append(self._state, self.account, body, silk)

    def write(self, text: str) -> str:
        """Write a text, also one that happens to be the label of a menu item."""
        return self.send("text", {"content": text})

    def click(self, item: str) -> str:
        """Press an item of the newest menu that has it, by its id or its label."""
        for seen in reversed(self.seen()):
            for entry in seen.content.get("list", []) if seen.msgtype == "msgmenu" else []:
                click = entry.get("click", {})
                if entry["type"] == "click" and item in (click.get("id"), click["content"]):
                    return self.forge_click(click["content"], click.get("id", ""))
        raise LookupError(f"no menu offers {item!r}")

    def forge_click(self, content: str, menu_id: str) -> str:
        """Press an item of a menu that was sent at any time, or never."""
        refill = self._state.doubts.menu_click_refills
        return self.send("text", {"content": content, "menu_id": menu_id}, refill=refill)

    def send_image(self, data: bytes = PIXEL, name: str = "image.png") -> str:
        return self._media("image", name, "image/png", data)

    def send_voice(self, data: bytes = b"", silk: bytes = SILK_HEADER + bytes(20)) -> str:
        """Speak: AMR, and the same as Silk for who asks for voice_format 1."""
        with self._state.lock:
            now = self._state.clock()
            other = self._state.files.keep("voice", "voice.silk", "audio/silk", silk, now)
            return self._media("voice", "voice.amr", "audio/amr", data or amr(), other.media_id)

    def send_video(self, data: bytes = bytes(64), name: str = "video.mp4") -> str:
        return self._media("video", name, "video/mp4", data)

    def send_file(self, name: str, data: bytes = b"%PDF-1.4\n") -> str:
        return self._media("file", name, "application/octet-stream", data)

    def _media(self, kind: str, name: str, mime_type: str, data: bytes, silk: str = "") -> str:
        """A file the platform takes over, or its notice that the file was too large."""
        if len(data) > INBOUND_BYTES[kind] * MEGABYTE:
            return self.write(self._state.doubts.oversized_notice)
        with self._state.lock:
            now = self._state.clock()
            file = self._state.files.keep(kind, name, mime_type, data, now)
            return self.send(kind, {"media_id": file.media_id}, silk=silk)

    def send_location(self, name: str, latitude: float = 39.9, longitude: float = 116.4) -> str:
        place = {"latitude": latitude, "longitude": longitude, "name": name, "address": name}
        return self.send("location", place)

    def send_link(self, title: str, url: str, desc: str = "") -> str:
        picture = "https://mmbiz.qpic.cn/thumb"
        return self.send("link", {"title": title, "desc": desc, "url": url, "pic_url": picture})

    def recall(self, msgid: str) -> None:
        """Take an own message back; it stays in the log, and an event follows."""
        fields = self._ids() | {"recall_msgid": self._own(msgid)}
        event(self._state, self.account, "user_recall_msg", fields)

    def _own(self, msgid: str) -> str:
        for item in self.account.log.items:
            mine = item.body.get("external_userid") == self.external_userid
            if mine and item.body["msgid"] == msgid and item.body["origin"] == BY_CUSTOMER:
                return msgid
        raise LookupError(f"{msgid} is no message of this customer")

    # Looking

    def seen(self) -> list[SeenByCustomer]:
        """What reached the customer in this chat, oldest first."""
        with self._state.lock:
            return list(self.account.session(self.external_userid).seen)

    def texts(self) -> list[str]:
        """The words of what reached the customer, oldest first."""
        return [seen.text for seen in self.seen()]
