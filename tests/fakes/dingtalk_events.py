"""Event subscription: by Stream, or sealed to a URL that has proved that it can open and seal."""

import json
from dataclasses import dataclass
from urllib.parse import urlencode

from tests.fakes.dingtalk_crypto import Envelope
from tests.fakes.dingtalk_delivery import Delivery, Outcome, Push
from tests.fakes.dingtalk_errors import Json
from tests.fakes.dingtalk_post import Post
from tests.fakes.dingtalk_state import State

QUOTA_CODE = 20001


@dataclass(slots=True)
class Hook:
    """A subscribed URL; events go there once `check_url` was answered rightly."""

    url: str
    envelope: Envelope
    verified: bool = False


class Events:
    """Tells the app what happens in the organisation."""

    def __init__(self, state: State, post: Post) -> None:
        self._state = state
        self._post = post
        self.hook: Hook | None = None

    def subscribe(self, url: str, token: str, aes_key: str, owner: str) -> Hook:
        """Send events to a URL from now on, beginning with `check_url`."""
        self.hook = Hook(url, Envelope(token, aes_key, owner))
        self._put("check_url", {"EventType": "check_url"}, self.hook)
        return self.hook

    def happen(self, event_type: str, fields: Json) -> str:
        """Tell of an event; the eventId."""
        state, hook = self._state, self.hook
        event_id = state.fresh("event")
        body: Json = {"EventType": event_type, "CorpId": state.app.corp_id}
        body |= {"TimeStamp": str(state.now_ms()), "eventId": event_id, **fields}
        if state.spend("messages") > state.quota.messages:
            body = {key: body[key] for key in ("EventType", "CorpId", "TimeStamp", "eventId")}
            body |= {"errorCode": QUOTA_CODE, "errMsg": "企业本月消息推送次数已用完"}
        self._put(event_id, body, hook if hook is not None and hook.verified else None)
        return event_id

    def _put(self, event_id: str, body: Json, hook: Hook | None) -> None:
        state, guess = self._state, self._state.unconfirmed

        def settle(outcome: Outcome | None) -> bool:
            if outcome is None:
                return False
            return self._taken_by(hook, body, outcome) if hook else self._taken(outcome)

        self._post.put(
            Delivery(
                id=state.fresh("frame-"),
                key=event_id,
                kind="EVENT",
                topic="*",
                data=body,
                settle=settle,
                pack=(lambda: self.sealed(hook, body)) if hook else None,
                headers={
                    "eventType": body["EventType"],
                    "eventId": event_id,
                    "eventCorpId": state.app.corp_id,
                    "eventBornTime": str(state.now_ms()),
                    "eventUnifiedAppId": "unified-standin",
                },
                retry_s=guess.event_retry_s,
                attempts_left=guess.event_attempts,
            )
        )

    def _taken(self, outcome: Outcome) -> bool:
        """How the platform reads an ack is not known for sure; LATER asks for another try."""
        status = outcome.data.get("status") if isinstance(outcome.data, dict) else None
        if self._state.unconfirmed.event_ack == "status":
            return outcome.code == 200 and status == "SUCCESS"
        return outcome.code == 200 and status != "LATER"

    def _taken_by(self, hook: Hook, body: Json, outcome: Outcome) -> bool:
        """Over HTTP only a sealed `success` counts."""
        answer = outcome.data
        try:
            said = hook.envelope.open(
                answer["msg_signature"],
                str(answer["timeStamp"]),
                answer["nonce"],
                answer["encrypt"],
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            return False
        if outcome.code != 200 or said != "success":
            return False
        hook.verified = True
        return True

    def sealed(
        self, hook: Hook, body: Json, *, nonce: str = "", timestamp_ms: int | None = None
    ) -> Push:
        """One sealed call; `timestamp_ms` makes one from another time."""
        timestamp = str(self._state.now_ms() if timestamp_ms is None else timestamp_ms)
        nonce = nonce or self._state.fresh("n")[-8:]
        encrypt = hook.envelope.seal(json.dumps(body, ensure_ascii=False))
        signature = hook.envelope.signature(timestamp, nonce, encrypt)
        query = {
            "msg_signature": signature,
            "signature": signature,
            "timestamp": timestamp,
            "nonce": nonce,
        }
        return Push(
            url=f"{hook.url}?{urlencode(query)}",
            headers={"content-type": "application/json"},
            body=json.dumps({"encrypt": encrypt}).encode(),
            at=self._state.clock(),
        )
