"""A platform of a few lists in memory behind the ``Channel`` seam, for what any channel needs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.channels.base import Accept, Limits, Payload, Window
from bot.channels.plain_text import numbered
from bot.errors import GiveUp, Refused
from bot.messages import Address, Card, Content, HttpCall, Page, Pull, Receipt, Received

LIMITS = Limits(
    text=2_000, buttons=0, editable=False, dedupes=True, rate=100, burst=100,
    windows={"kf/": Window(lasts=timedelta(hours=1), messages=2)},
)  # fmt: skip


@dataclass
class Post:
    """A platform with one queue of pages, and windows of two messages an hour.

    ``refusals`` are what the next sends end with, after what happens meanwhile. ``sent``: to whom,
    what, and the receipt of what it replaced.
    """

    clock: Callable[[], datetime]
    name: str = "post"
    limits: Limits = LIMITS
    pages: list[tuple[Received, bool]] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    said: list[tuple[str, str | None]] = field(default_factory=list)
    sent: list[tuple[str, str, str]] = field(default_factory=list)
    again: list[bool] = field(default_factory=list)
    files: dict[str, list[bytes]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    stuck: bool = False  # its cursor does not move
    broken: Exception | None = None
    refusals: list[tuple[Callable[[], Awaitable[None]], Exception]] = field(default_factory=list)

    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    async def listen(self, accept: Accept) -> None: ...
    async def noticed(self, external_id: str, note: str) -> None: ...
    async def check(self) -> None: ...

    async def receive(self, call: HttpCall) -> Received:
        raise Refused

    def accounts(self) -> Sequence[str]:
        return ("one",)

    async def pull(self, pull: Pull, cursor: str) -> Page:
        if self.broken is not None:
            raise self.broken
        self.asked.append((cursor, pull.token))
        at = int(cursor or 0)
        if at >= len(self.pages):
            return Page(received=Received(), cursor=cursor, more=False)
        received, more = self.pages[at]
        return Page(received=received, cursor=cursor if self.stuck else str(at + 1), more=more)

    def render(self, content: Content | Card) -> Sequence[Payload]:
        choices = numbered([button.label for button in content.buttons])
        text = content.text if isinstance(content, Content) else content.quote + content.note
        return [{"text": "\n\n".join(part for part in (text, choices) if part)}]

    async def send(
        self,
        to: Address,
        payload: Payload,
        *,
        key: str,
        replaces: Receipt | None = None,
        again: bool = False,
    ) -> Receipt:
        self.again.append(again)
        if self.refusals:
            meanwhile, refusal = self.refusals.pop(0)
            await meanwhile()
            raise refusal
        if self.broken is not None:
            raise self.broken
        self.said.append((payload["text"], to.ticket.value if to.ticket else None))
        changed = replaces if self.limits.editable else None
        self.sent.append((to.value, payload["text"], changed.value if changed else ""))
        return changed or Receipt(f"r{len(self.said)}")

    async def fetch(self, media_id: str) -> AsyncIterator[bytes]:
        if self.broken is not None:
            raise self.broken
        for chunk in self.files[media_id]:
            yield chunk

    def file_name(self, media_id: str) -> str:
        return self.names.get(media_id, "")

    def invite_url(self, base_url: str, token: str, *, member: bool = False) -> str:
        return base_url

    def sign_in_url(self, redirect_uri: str, state: str, *, in_app: bool) -> str | None:
        return None

    async def signed_in(self, code: str, redirect_uri: str) -> Address:
        raise GiveUp("没有登录")
