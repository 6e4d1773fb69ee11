"""Presses on cards: what the app is told, and what its answer does to the card."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tests.fakes.dingtalk_card import Card, param_map
from tests.fakes.dingtalk_card_api import Cards
from tests.fakes.dingtalk_crypto import card_sign
from tests.fakes.dingtalk_delivery import CARD_TOPIC, Delivery, Outcome, Push
from tests.fakes.dingtalk_errors import V1Error
from tests.fakes.dingtalk_post import Post
from tests.fakes.dingtalk_state import Person, State

Json = dict[str, Any]

ANSWER_S = 2.0


@dataclass(slots=True, kw_only=True)
class Press:
    """One press. `failed`: nobody heard, or the answer was none; `late`: it came after 2 s."""

    id: str
    out_track_id: str
    body: Json
    at: float
    status: Literal["waiting", "answered", "failed", "late"] = "waiting"
    answer: Any = None

    @property
    def done(self) -> bool:
        return self.status != "waiting"


class Presses:
    """Tells the app of presses and changes cards by its answers."""

    def __init__(self, state: State, cards: Cards, post: Post) -> None:
        self._state = state
        self._cards = cards
        self._post = post

    def press(
        self, person: Person, card: Card, action_ids: list[str], params: Mapping[str, str]
    ) -> Press:
        id = self._state.fresh("press-")
        press = Press(
            id=id,
            out_track_id=card.out_track_id,
            body=self._body(person, card, action_ids, params),
            at=self._state.clock(),
        )
        if card.template.basic and card.callback_type == "STREAM":
            press.status = "failed"  # such a card has nowhere to call
            return press

        def settle(outcome: Outcome | None) -> bool:
            return self._settle(press, person, card, outcome)

        by_http = card.callback_type == "HTTP"
        self._state.spend("messages")
        self._post.put(
            Delivery(
                id=self._state.fresh("frame-"),
                key=id,
                kind="CALLBACK",
                topic=CARD_TOPIC,
                data=press.body,
                settle=settle,
                pack=(lambda: self.signed(card, press.body)) if by_http else None,
                give_up_s=ANSWER_S,
            )
        )
        return press

    def _body(
        self, person: Person, card: Card, action_ids: list[str], params: Mapping[str, str]
    ) -> Json:
        shape = self._state.unconfirmed.card_params
        given = dict(params)
        content: Json = {"cardPrivateData": {"actionIds": action_ids, "params": given}}
        if shape == "beside":
            content = {"cardPrivateData": {"actionIds": action_ids}, "params": given}
        elif shape == "top":
            content = {"actionId": action_ids[0] if action_ids else "", "params": given}
        text = json.dumps(content, ensure_ascii=False)
        spaces = [x for x in card.spaces if person in self._state.audience(x)]
        return {
            "type": "actionCallback",
            "outTrackId": card.out_track_id,
            "corpId": self._state.app.corp_id,
            "userId": person.union_id if card.user_id_type == 2 else person.user_id,
            "userIdType": card.user_id_type,
            "spaceType": "im",
            "spaceId": spaces[0] if spaces else "",
            "extension": "{}",
            "content": text,
            "value": text,
        }

    def signed(self, card: Card, body: Json) -> Push:
        """The callback over HTTP."""
        route = self._cards.routes[card.callback_route_key]
        timestamp = str(self._state.now_ms())
        return Push(
            url=route.url,
            headers={
                "content-type": "application/json; charset=utf-8",
                "x-ddpaas-signature-timestamp": timestamp,
                "x-ddpaas-signature": card_sign(route.api_secret, timestamp),
            },
            body=json.dumps(body, ensure_ascii=False).encode(),
            at=self._state.clock(),
        )

    def _settle(self, press: Press, person: Person, card: Card, outcome: Outcome | None) -> bool:
        answer = outcome.data if outcome is not None and outcome.code == 200 else None
        if card.callback_type == "STREAM" and isinstance(answer, dict):
            answer = answer.get("response")
        press.answer = answer
        if outcome is None:
            press.status = "late" if self._state.clock() - press.at > ANSWER_S else "failed"
            return False
        if not isinstance(answer, dict):
            press.status = "failed"
            return False
        try:
            self._apply(person, card, answer)
        except V1Error:  # data that is not all strings
            press.status = "failed"
            return False
        press.status = "answered"
        return True

    def _apply(self, person: Person, card: Card, answer: Json) -> None:
        """Change the card for all and for the one who pressed."""
        options = answer.get("cardUpdateOptions") or {}
        common = param_map(answer.get("cardData"))
        # Not keyed by user here: what stands under a userId is not seen.
        private = param_map(answer.get("userPrivateData"), "userPrivateData")
        if common:
            card.change(common, by_key=bool(options.get("updateCardDataByKey")))
        if private:
            by_key = bool(options.get("updatePrivateDataByKey"))
            self._cards.set_for(card, person, private, by_key=by_key)
