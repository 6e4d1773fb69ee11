"""Hands on the traffic from the platform to the app: order, repetition, forgery, connections."""

from dataclasses import replace
from typing import Any, Literal

from tests.fakes.dingtalk_delivery import Ack, Delivery, Push
from tests.fakes.dingtalk_events import Hook
from tests.fakes.dingtalk_platform import Platform
from tests.fakes.standin import Background

Json = dict[str, Any]


class Traffic:
    """What a test may do to messages, events and presses on their way. Any thread may call."""

    platform: Platform
    _background: Background

    # Connections

    @property
    def connections(self) -> list[str]:
        """Ids of the open stream connections."""
        with self.platform.state.lock:
            return list(self.platform.stream.links)

    def ping(self) -> list[str]:
        """Send SYSTEM ping on every connection; the messageIds."""
        return self.platform.stream.ping()

    def echoed(self, message_id: str) -> bool:
        """Whether a ping came back with its opaque."""
        ack = next((ack for ack in self.acks if ack.message_id == message_id), None)
        opaque = self.platform.stream.pings[message_id]
        return ack is not None and ack.code == 200 and ack.data == {"opaque": opaque}

    def disconnect(self, connection_id: str | None = None) -> None:
        """Send SYSTEM disconnect to one or all; nothing new goes there, the pause ends them."""
        self.platform.stream.disconnect(connection_id)

    def cut(self, connection_id: str | None = None) -> None:
        """Break one or all connections without a closing handshake."""
        self.platform.stream.cut(connection_id)

    def inject(self, raw: str) -> None:
        """Send any text on every connection."""
        self.platform.stream.inject(raw)

    # Where the app receives

    def receive_by_http(self, url: str) -> None:
        """The robot's receive mode is HTTP from now on."""
        self.platform.inbound.callback_url = url

    def receive_by_stream(self) -> None:
        """The robot's receive mode is Stream from now on, as it is in the beginning."""
        self.platform.inbound.callback_url = ""

    def subscribe_events(self, url: str, token: str, aes_key: str, *, by_api: bool = False) -> Hook:
        """Send events to a URL, beginning with check_url; `verified` once that was answered.

        What is sealed belongs to the AppKey, or to the corpId for subscriptions made `by_api`.
        """
        app, events = self.platform.state.app, self.platform.events
        owner = app.corp_id if by_api else app.client_id
        with self.platform.state.lock:
            return events.subscribe(url, token, aes_key, owner)

    # Telling the app

    def event(self, event_type: str, **fields: Any) -> str:
        """Something happens in the organisation; the eventId."""
        with self.platform.state.lock:
            return self.platform.events.happen(event_type, fields)

    def raw_message(self, body: Json) -> Delivery:
        """Push any body to the robot."""
        with self.platform.state.lock:
            key = str(body.get("msgId", "")) or self.platform.state.fresh("raw")
            return self.platform.inbound.deliver(key, body)

    def deliver_twice(self, times: int = 1) -> None:
        """Deliver each of the next `times` things again after it was acknowledged."""
        with self.platform.state.lock:
            self.platform.post.duplicates += times

    def redeliver(self, key: str, *, same_frame: bool = True) -> Delivery:
        """Deliver what has this msgId, eventId or press id once more.

        The messageId of the frame is the same as well unless `same_frame` is off.
        """
        with self.platform.state.lock:
            old = self.delivery(key)
            message_id = old.id if same_frame else self.platform.state.fresh("frame-")
            return self.platform.post.again(old, message_id)

    def hold(self) -> None:
        """Keep everything back, as a platform in trouble does, until release()."""
        self.platform.post.held = True

    def release(self, order: Literal["as_sent", "reversed"] = "as_sent") -> None:
        self.platform.post.release(order)

    # Forging HTTP callbacks

    def signed(self, body: Json, *, secret: str = "", timestamp_ms: int | None = None) -> Push:
        """A robot callback for repeat(): with another secret it is forged, with old ms late."""
        with self.platform.state.lock:
            return self.platform.inbound.signed(body, secret=secret, timestamp_ms=timestamp_ms)

    def sealed(self, body: Json, *, envelope: Any = None, timestamp_ms: int | None = None) -> Push:
        """An event callback for repeat(), sealed by another `envelope` if one is given."""
        with self.platform.state.lock:
            hook = self.platform.events.hook
            if hook is None:
                raise RuntimeError("subscribe_events() first")
            hook = replace(hook, envelope=envelope or hook.envelope)
            return self.platform.events.sealed(hook, body, timestamp_ms=timestamp_ms)

    async def repeat(
        self,
        push: Push,
        *,
        url: str | None = None,
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
    ) -> Push:
        """Make an HTTP call again, byte for byte or tampered with; the new call, answered."""
        again = replace(
            push,
            url=push.url if url is None else url,
            headers=push.headers if headers is None else headers,
            body=push.body if body is None else body,
            at=self.platform.state.clock(),
            status=None,
            answer=None,
        )
        return await self._background.there(self.platform.post.repeat(again))

    # Looking

    @property
    def deliveries(self) -> list[Delivery]:
        """Everything the app was or is to be told, oldest first."""
        with self.platform.state.lock:
            return list(self.platform.post.deliveries)

    def delivery(self, key: str) -> Delivery:
        """The latest delivery of this msgId, eventId or press id."""
        for delivery in reversed(self.deliveries):
            if delivery.key == key:
                return delivery
        raise LookupError(f"nothing with the key {key!r}")

    @property
    def pushes(self) -> list[Push]:
        """HTTP calls made to the app, oldest first."""
        with self.platform.state.lock:
            return list(self.platform.post.pushes)

    @property
    def acks(self) -> list[Ack]:
        """Everything that came back on sockets, oldest first; code 0 was no ack."""
        with self.platform.state.lock:
            return list(self.platform.stream.acks)

    def acks_of(self, key: str) -> list[Ack]:
        """Acks for all frames that carried this msgId, eventId or press."""
        frames = {delivery.id for delivery in self.deliveries if delivery.key == key}
        return [ack for ack in self.acks if ack.message_id in frames]

    @property
    def unacked(self) -> list[str]:
        """Keys of what was sent and not answered."""
        return [delivery.key for delivery in self.deliveries if delivery.status == "sent"]
