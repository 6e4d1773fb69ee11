"""Presses on cards: the callback and its three seconds, what is seen then, late updates."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.feishu_card_rules import check
from tests.fakes.feishu_cards import schema_of
from tests.fakes.feishu_content import resolve
from tests.fakes.feishu_errors import ApiError, card_refused, ok, refused
from tests.fakes.feishu_request import Asked, Endpoint
from tests.fakes.feishu_socket import LongConnections
from tests.fakes.feishu_state import Json, Message, Person, State, micros, millis
from tests.fakes.feishu_webhook import Webhook

TRIGGER = "card.action.trigger"
UPDATE_LIFE_S = 30 * 60
UPDATES = 2
TOASTS = {"info", "success", "warning", "error"}

# What the client shows when a press goes wrong.
NOT_CONFIGURED, TIMEOUT, NOT_200, BAD_BODY, BAD_CARD = 200340, 200341, 200671, 200672, 200673
OTHER_SCHEMA = 200830


@dataclass(frozen=True, slots=True)
class Toast:
    """The line that appears after a press."""

    type: str
    content: str


@dataclass(slots=True, eq=False)
class Press:
    """One press. `code` is None while the app is asked, 0 when it answered well, else what the
    client shows."""

    token: str
    message_id: str
    open_id: str
    body: Json
    at: float
    before: str  # the card as it was pressed
    rewrites: int  # of the card through the API until then
    state: State = field(repr=False)
    code: int | None = None
    toast: Toast | None = None
    changed_card: bool = False
    updates: int = 0

    def wait(self) -> "Press":
        """Block until the client shows something."""
        self.state.wait(lambda: self.code is not None)
        return self

    async def answered(self) -> "Press":
        """`wait` for coroutines."""
        return await asyncio.to_thread(self.wait)


@dataclass(frozen=True, slots=True)
class _Answer:
    toast: Toast | None = None
    card: str = ""  # content to put in place, "" for none


class Presses:
    """Sends callbacks and carries out their answers."""

    def __init__(
        self,
        state: State,
        webhook: Webhook,
        sockets: LongConnections,
        spawn: Callable[[Coroutine[Any, Any, Any]], None],
    ) -> None:
        """`spawn` lets a coroutine run on the server's loop."""
        self.all: list[Press] = []
        self._state = state
        self._spawn = spawn
        self._webhook = webhook
        self._sockets = sockets

    def start(self, person: Person, message: Message, action: Json) -> Press:
        """Press something; the callback is on its way when this returns."""
        with self._state.lock:
            token = self._state.fresh("c-")
            body = self._body(token, person, message, action)
            press = Press(
                token,
                message.id,
                person.open_id,
                body,
                self._state.clock(),
                message.content,
                message.rewrites,
                self._state,
            )
            self.all.append(press)
            life = self._state.unconfirmed.card_life_s
            old = life is not None and self._state.clock() - message.created > life
            app = self._state.app
            if old or not app.active or app.callbacks == "none" or action.get("value") is None:
                press.code = NOT_CONFIGURED
                return press
        self._spawn(self._ask(press))
        return press

    def _body(self, token: str, person: Person, message: Message, action: Json) -> Json:
        app, guess, now = self._state.app, self._state.unconfirmed, self._state.clock()
        granted = app.granted("contact:user.employee_id:readonly")
        ours = person.external and guess.operator_tenant == "ours"
        operator = {
            "tenant_key": app.tenant_key if ours else person.tenant_key,
            "user_id": person.user_id if granted else "",
            "open_id": person.open_id,
            "union_id": person.union_id,
        }
        header = {
            "event_id": self._state.fresh(""),
            "token": app.verification_token,
            "create_time": micros(now) if guess.callback_micros else millis(now),
            "event_type": TRIGGER,
            "tenant_key": app.tenant_key,
            "app_id": app.app_id,
        }
        event = {
            "operator": operator,
            "token": token,
            "action": {key: value for key, value in action.items() if value is not None},
            "host": "im_message",
            "context": {"open_message_id": message.id, "open_chat_id": message.chat_id},
        }
        return {"schema": "2.0", "header": header, "event": event}

    async def _ask(self, press: Press) -> None:
        try:
            code, answer = await self._answer_to(press)
        except asyncio.CancelledError:
            code, answer = TIMEOUT, _Answer()
        with self._state.lock:
            message = self._state.messages[press.message_id]
            if answer.card:
                message.content = answer.card
            elif message.rewrites > press.rewrites:
                message.content = press.before  # an update that came too early does not last
            press.changed_card = bool(answer.card)
            press.toast, press.code = answer.toast, code
            self._state.change()

    async def _answer_to(self, press: Press) -> tuple[int, _Answer]:
        if self._state.app.callbacks == "webhook":
            prepared = self._webhook.prepare(self._state.app.callback_url, "callback", press.body)
            push = await self._webhook.send(prepared)
            if push.status is None:
                return TIMEOUT, _Answer()
            if push.error:
                return NOT_200, _Answer()
            try:
                data = json.loads(push.answer) if push.answer.strip() else {}
            except ValueError:
                return BAD_BODY, _Answer()
        else:
            outcome = await self._sockets.send(press.body)
            if outcome.error:
                return (TIMEOUT if outcome.code is None else NOT_200), _Answer()
            data = {} if outcome.data is None else outcome.data
        try:
            with self._state.lock:
                return 0, self._read(press, data)
        except ApiError as error:
            return error.code, _Answer()

    def _read(self, press: Press, data: Any) -> _Answer:
        """The toast and the card of an answer; ApiError with the client's code for a bad one."""
        if not isinstance(data, dict):
            raise refused(BAD_BODY)
        toast, given = data.get("toast"), data.get("card")
        seen = None
        if toast is not None:
            if not isinstance(toast, dict) or str(toast.get("type", "info")) not in TOASTS:
                raise refused(BAD_BODY)
            seen = Toast(toast.get("type", "info"), str(toast.get("content", "")))
        if not given:
            return _Answer(seen)
        if not isinstance(given, dict) or not isinstance(given.get("data"), dict):
            raise refused(BAD_CARD)
        card = given if given.get("type") == "template" else given["data"]
        try:
            self._fits(press.before, card)
        except ApiError as error:
            raise refused(OTHER_SCHEMA if str(OTHER_SCHEMA) in error.msg else BAD_CARD) from None
        return _Answer(seen, json.dumps(card, ensure_ascii=False))

    def _fits(self, before: str, card: Json) -> None:
        """Raise unless a card is right and may take the place of another."""
        new = resolve(self._state, card)
        check(new, set(self._state.people))
        same_schema(resolve(self._state, json.loads(before)), new)

    # Late updates

    def endpoints(self) -> list[Endpoint]:
        path = "/open-apis/interactive/v1/card/update"
        return [Endpoint(name="card_update", verb="POST", path=path, answer=self.update)]

    def update(self, asked: Asked) -> Json:
        """Change the card of a press within 30 minutes, twice at most."""
        token, card = asked.text("token"), asked.body.get("card")
        press = next((press for press in self.all if press.token == token), None)
        code = self._state.unconfirmed.late_update_code
        if press is None:
            raise refused(code, "invalid token")
        if self._state.clock() - press.at > UPDATE_LIFE_S:
            raise refused(code, "token is expired")
        if press.updates >= UPDATES:
            raise refused(code, "token is used up")
        if not isinstance(card, dict):
            raise refused(99992402, "card")
        message = self._state.messages[press.message_id]
        self._fits(message.content, card)
        press.updates += 1
        message.rewrite(json.dumps(card, ensure_ascii=False), self._state.clock())
        self._state.change()
        return ok()


def same_schema(before: Json, after: Json) -> None:
    """A 2.0 card stays 2.0."""
    if schema_of(before) == "2.0" and schema_of(after) != "2.0":
        raise card_refused(OTHER_SCHEMA, "card schema V2 cannot be changed to V1")
