"""Looking people up, the members of a chat, and the robot itself."""

import hashlib

from tests.fakes.feishu_errors import Json, bad, ok, refused
from tests.fakes.feishu_request import Asked, Endpoint, field_refused
from tests.fakes.feishu_state import Person, State

MOST = 50
KINDS = {"open_id", "union_id", "user_id"}


class Contacts:
    """The contact endpoints; people of other tenants are in nobody's address book."""

    def __init__(self, state: State) -> None:
        self._state = state

    def endpoints(self) -> list[Endpoint]:
        users = "/open-apis/contact/v3/users"
        return [
            Endpoint(
                name="lookup",
                verb="POST",
                path=f"{users}/batch_get_id",
                answer=self.lookup,
                scopes=("contact:user.id:readonly",),
            ),
            Endpoint(
                name="user",
                verb="GET",
                path=f"{users}/{{user_id}}",
                answer=self.user,
                scopes=("contact:user.base:readonly",),
            ),
            Endpoint(
                name="members",
                verb="GET",
                path="/open-apis/im/v1/chats/{chat_id}/members",
                answer=self.members,
                scopes=("im:chat:readonly", "im:chat"),
            ),
            Endpoint(name="bot", verb="GET", path="/open-apis/bot/v3/info", answer=self.bot),
        ]

    def lookup(self, asked: Asked) -> Json:
        """Ids for addresses and numbers; what is not found comes back without `user_id`."""
        kind = asked.query.get("user_id_type", "open_id")
        if kind not in KINDS:
            raise field_refused("user_id_type")
        listed: list[Json] = []
        resigned = bool(asked.body.get("include_resigned"))
        for field, what in (("emails", "email"), ("mobiles", "mobile")):
            keys = asked.body.get(field) or []
            if not isinstance(keys, list) or len(keys) > MOST:
                raise field_refused(field)
            for key in keys:
                person = self._holder(what, str(key))
                entry: Json = {what: key}
                if person is not None and (resigned or not person.resigned):
                    entry["user_id"] = person.id_of(kind)
                    entry["status"] = _status(person)
                listed.append(entry)
        return ok({"user_list": listed})

    def _holder(self, what: str, key: str) -> Person | None:
        """Numbers of the mainland go without +86, all others need their "+"."""
        if what == "mobile" and key.startswith("+86"):
            key = key.removeprefix("+86")
        for person in self._state.people.values():
            if key and not person.external and getattr(person, what) == key:
                return person
        return None

    def user(self, asked: Asked) -> Json:
        kind = asked.query.get("user_id_type", "open_id")
        person = self._state.find(kind, asked.path["user_id"]) if kind in KINDS else None
        if person is None or person.external or not person.available:
            raise refused(41050)
        user: Json = {
            "open_id": person.open_id,
            "union_id": person.union_id,
            "name": person.name,
            "status": _status(person),
        }
        for scope, key, value in (
            ("contact:user.employee_id:readonly", "user_id", person.user_id),
            ("contact:user.phone:readonly", "mobile", person.dialled),
            ("contact:user.email:readonly", "email", person.email),
        ):
            if self._state.app.granted(scope):
                user[key] = value
        return ok({"user": user})

    def members(self, asked: Asked) -> Json:
        """The people in a chat, without robots."""
        chat = self._state.chats.get(asked.path["chat_id"])
        if chat is None:
            raise bad("invalid chat_id")
        if not chat.bot:
            raise refused(230002)
        kind = asked.query.get("member_id_type", "open_id")
        strange = (
            self._state.external(chat) and self._state.unconfirmed.external_group_ids == "different"
        )
        items = [
            {
                "member_id_type": kind,
                "member_id": _other(person.id_of(kind)) if strange else person.id_of(kind),
                "name": person.name,
                "tenant_key": person.tenant_key,
            }
            for person in (self._state.people[id] for id in chat.members)
        ]
        return ok({"items": items, "has_more": False, "page_token": "", "member_total": len(items)})

    def bot(self, asked: Asked) -> Json:
        app = self._state.app
        bot = {
            "activate_status": 2,
            "app_name": app.name,
            "avatar_url": "",
            "ip_white_list": [],
            "open_id": app.open_id,
        }
        return {"code": 0, "msg": "ok", "bot": bot}


def _status(person: Person) -> Json:
    return {
        "is_frozen": person.frozen,
        "is_resigned": person.resigned,
        "is_activated": True,
        "is_exited": False,
        "is_unjoin": False,
    }


def _other(id: str) -> str:
    """A second id of the same person, joined to the first by nothing."""
    return id[:3] + hashlib.sha256(id.encode()).hexdigest()[:32]
