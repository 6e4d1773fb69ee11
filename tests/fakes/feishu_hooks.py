"""Custom group robots: an address that takes messages for one group, and nothing else."""

import hmac
import json
from dataclasses import dataclass
from typing import Any

from tests.fakes.feishu_card_rules import check
from tests.fakes.feishu_cards import obj
from tests.fakes.feishu_crypto import hook_sign
from tests.fakes.feishu_errors import ApiError, Json
from tests.fakes.feishu_rates import HOOK
from tests.fakes.feishu_request import Asked, Endpoint
from tests.fakes.feishu_state import Chat, Message, State

BODY_BYTES = 20 * 1024
WINDOW_S = 3600
DONE = {"StatusCode": 0, "StatusMessage": "success", "code": 0, "data": {}, "msg": "success"}
BUSY = "frequency limited psm[lark.oapi.app_platform_runtime]appID[1500]"
SIGN = "sign match fail or timestamp is not within one hour from current time"


@dataclass(frozen=True, slots=True)
class Hook:
    """One custom robot; without a secret everybody who knows the address may write."""

    id: str
    chat_id: str
    secret: str
    url: str


class Hooks:
    """All custom robots. Refusals come with HTTP 200."""

    def __init__(self, state: State) -> None:
        self.all: dict[str, Hook] = {}
        self._state = state

    def add(self, chat: Chat, secret: str, base_url: str) -> Hook:
        id = self._state.fresh("")
        url = f"{base_url}/open-apis/bot/v2/hook/{id}"
        self.all[id] = Hook(id, chat.id, secret, url)
        return self.all[id]

    def endpoints(self) -> list[Endpoint]:
        path = "/open-apis/bot/v2/hook/{hook_id}"
        return [Endpoint(name="hook", verb="POST", path=path, answer=self.post, token="none")]

    def post(self, asked: Asked) -> Json:
        hook = self.all.get(asked.path["hook_id"])
        if hook is None:
            raise _no(19001, "param invalid: incoming webhook access token invalid")
        if len(asked.raw) > BODY_BYTES:
            raise _no(9499, "Bad Request")
        body = asked.body
        if hook.secret:
            self._signed(hook, body)
        if self._state.rates.spend(f"hook:{hook.id}", HOOK) is not None:
            raise _no(11232, BUSY)
        kind, content = _content(body, set(self._state.people))
        now = self._state.clock()
        self._state.put(
            Message(
                id=self._state.fresh("om_"),
                chat_id=hook.chat_id,
                sender=hook.id,
                sender_type="hook",
                kind=kind,
                content=json.dumps(content, ensure_ascii=False),
                created=now,
                updated=now,
            )
        )
        return DONE

    def _signed(self, hook: Hook, body: Json) -> None:
        timestamp, sign = str(body.get("timestamp", "")), str(body.get("sign", ""))
        right = hmac.compare_digest(hook_sign(timestamp, hook.secret).encode(), sign.encode())
        fresh = timestamp.isdigit() and abs(self._state.clock() - int(timestamp)) <= WINDOW_S
        if not (right and fresh):
            raise _no(19021, SIGN)


def _content(body: Json, people: set[str]) -> tuple[str, Json]:
    """msg_type and content, which is an object here, and the card beside it."""
    kind = body.get("msg_type")
    content: Any = body.get("card" if kind == "interactive" else "content")
    if not isinstance(kind, str) or not isinstance(content, dict):
        raise _no(9499, "Bad Request")
    if kind == "text" and not content.get("text"):
        raise _no(19002, "params error, text is empty")
    if kind == "interactive":
        try:
            check(content, people)
        except ApiError as error:
            raise _no(11246, error.msg) from None
    if kind == "post":
        languages = content.get("post")
        if not isinstance(languages, dict) or not languages:
            raise _no(19002, "params error, post is empty")
        content = obj(next(iter(languages.values())))
    return kind, content


def _no(code: int, msg: str) -> ApiError:
    return ApiError(code, msg, 200, whole={"code": code, "msg": msg, "data": {}})
