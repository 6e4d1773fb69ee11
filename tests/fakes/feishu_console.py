"""The developer console: how events and callbacks come, what the app may do, tokens and secrets.

Changes count at once; on the platform most wait for the next published version.
"""

from collections.abc import Iterable

from tests.fakes.feishu_crypto import signature
from tests.fakes.feishu_server import Server
from tests.fakes.feishu_socket import LongConnections
from tests.fakes.feishu_state import App, Json, State
from tests.fakes.feishu_webhook import NONCE, SIGNATURE, TIMESTAMP, ConsoleRefused, Push, Webhook


class Console:
    """What an administrator does in a browser, and the pushes an attacker would make."""

    def __init__(
        self, state: State, server: Server, webhook: Webhook, sockets: LongConnections
    ) -> None:
        self._state = state
        self._server = server
        self._webhook = webhook
        self._sockets = sockets

    @property
    def app(self) -> App:
        """Ids and keys; switches such as `published` and `external_sharing` can be turned here."""
        return self._state.app

    async def save_webhook(self, url: str = "", callback_url: str = "") -> None:
        """Have events and callbacks, or one of them, pushed to addresses that were challenged.

        ConsoleRefused when an address does not repeat the challenge in time.
        """
        for address in dict.fromkeys(filter(None, (url, callback_url))):
            await self._server.there(self._webhook.challenge(address))
        with self._state.lock:
            if url:
                self.app.events, self.app.event_url = "webhook", url
            if callback_url:
                self.app.callbacks, self.app.callback_url = "webhook", callback_url

    def save_socket(self, *, events: bool = True, callbacks: bool = True) -> None:
        """Have them come over long connections; ConsoleRefused while none is up."""
        if not self._sockets.connections:
            raise ConsoleRefused("应用未建立长连接")
        with self._state.lock:
            self.app.events = "socket" if events else self.app.events
            self.app.callbacks = "socket" if callbacks else self.app.callbacks

    def subscribe(self, kinds: Iterable[str] | None) -> None:
        """Let only these event types come; None: all."""
        self.app.subscribed = None if kinds is None else frozenset(kinds)

    def grant(self, *scopes: str) -> None:
        self.app.scopes |= set(scopes)

    def withdraw(self, *scopes: str) -> None:
        self.app.scopes -= set(scopes)

    def reset_secret(self, secret: str) -> None:
        """A new app secret; tokens given out under the old one are worthless."""
        with self._state.lock:
            self.app.secret = secret
            self._state.tokens.revoke()

    def revoke_tokens(self) -> None:
        """Make every token invalid before its time."""
        with self._state.lock:
            self._state.tokens.revoke()

    def template(self, template_id: str, card: Json) -> None:
        """Publish a card template; `${name}` in it is a variable."""
        self._state.templates[template_id] = card

    # What reaches the app's addresses and is not the platform

    async def push(
        self,
        body: Json,
        *,
        url: str = "",
        key: str | None = None,
        age_s: float = 0.0,
        signed: bool = True,
        sealed: bool = True,
        headers: dict[str, str] | None = None,
        tampered: bool = False,
    ) -> Push:
        """Post a push of one's own making and return it with its answer; it is never repeated.

        `key`: another Encrypt Key than the app's. `age_s`: how old the signature says it is.
        `tampered`: bytes are changed after signing. `headers` replace those that were made.
        """
        mine = self.app.encrypt_key if key is None else key
        push = self._webhook.prepare(
            url or self.app.event_url, "forged", body, key=mine, sign=signed, seals=sealed
        )
        if signed and mine and age_s:
            old = str(int(self._state.clock() - age_s))
            push.headers[TIMESTAMP] = old
            push.headers[SIGNATURE] = signature(old, push.headers[NONCE], mine, push.raw)
        if tampered:
            push.raw = push.raw[:-1] + b" }" if push.raw.endswith(b"}") else push.raw + b" "
        push.headers |= headers or {}
        return await self._server.there(self._webhook.send(push))

    async def replay(self, push: Push) -> Push:
        """Post the very bytes and headers of an earlier push once more."""
        again = Push(
            push.url, "forged", dict(push.headers), push.raw, push.body, self._state.clock()
        )
        return await self._server.there(self._webhook.send(again))
