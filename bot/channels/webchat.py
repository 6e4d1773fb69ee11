"""The built-in chat page. Its platform is our own database: the page tails what was delivered."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from bot.channels.base import Accept, Channel, Limits, Payload
from bot.channels.plain_text import cut, numbered, split
from bot.errors import GiveUp, Refused
from bot.messages import (
    KEPT_TEXT,
    MAX_TEXT,
    Address,
    Button,
    Card,
    Content,
    HttpCall,
    Receipt,
    Received,
)

NAME = "webchat"
#: The page draws them as a list; more than this is nobody's choice any more.
BUTTONS = 20
#: Read by HR beside a file whose bytes never came.
BROKE_OFF = "上传中断了，没有收到内容；请对方重新发送"
NO_SIGN_IN = "网页聊天不需要登录，请直接打开收到的链接"


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Nothing to configure: the page is ours."""


class Webchat:
    """Sends by being stored; what people write comes in over the page's own routes."""

    name = NAME
    limits = Limits(
        text=MAX_TEXT,
        buttons=BUTTONS,
        editable=True,
        dedupes=True,
        rate=500,
        burst=500,
        link_is_chat=True,
        names=True,
    )

    def __init__(self, config: Config) -> None:
        self._config = config

    async def start(self) -> None:
        """Nothing to open."""

    async def stop(self) -> None:
        """Nothing to close."""

    async def receive(self, call: HttpCall) -> Received:
        """Refused: nobody calls a webhook of the page; its routes know who is writing."""
        raise Refused("the chat page has no webhook")

    async def listen(self, accept: Accept) -> None:
        """Return at once: there is no long connection."""

    def render(self, content: Content | Card) -> Sequence[Payload]:
        """The text, and under its last part the buttons the page draws."""
        shown, rest = content.buttons[:BUTTONS], content.buttons[BUTTONS:]
        text = _card_text(content) if isinstance(content, Card) else content.text
        choices = numbered([button.label for button in rest], first=BUTTONS + 1)
        parts = split("\n\n".join(part for part in (text, choices) if part), MAX_TEXT)
        payloads: list[Payload] = [{"text": part, "buttons": []} for part in parts]
        if payloads:
            payloads[-1]["buttons"] = [_button(button) for button in shown]
        return payloads

    async def send(
        self,
        to: Address,
        payload: Payload,
        *,
        key: str,
        replaces: Receipt | None = None,
        again: bool = False,
    ) -> Receipt:
        """Delivered as soon as its row is settled; the same key gives the same receipt."""
        return replaces or Receipt(key)

    async def noticed(self, external_id: str, note: str) -> None:
        """Nothing spins on the page."""

    def fetch(self, media_id: str) -> AsyncIterator[bytes]:
        """Raises ``GiveUp``: the page brings its files itself, or an upload broke off."""
        raise GiveUp(BROKE_OFF)

    def invite_url(self, base_url: str, token: str, *, member: bool = False) -> str:
        """The person's own chat page."""
        return f"{base_url}/chat/{token}"

    def sign_in_url(self, redirect_uri: str, state: str, *, in_app: bool) -> str | None:
        """None: whoever has the link is whom it was made for."""
        return None

    async def signed_in(self, code: str, redirect_uri: str) -> Address:
        """Raises ``GiveUp``: nobody signs in here."""
        raise GiveUp(NO_SIGN_IN)

    async def check(self) -> None:
        """Always well: there are no credentials."""


def build(section: object, *, secret: str, base_url: str) -> Channel:
    """The channel. None of the settings concern it."""
    return Webchat(Config())


def _button(button: Button) -> dict[str, str]:
    return {"label": button.label, "action": button.action}


def _card_text(card: Card) -> str:
    facts = "\n".join(f"{label}：{value}" for label, value in card.lines)
    quote = cut(card.quote, KEPT_TEXT)
    cited = "\n".join(part for part in (quote and f"「{quote}」", quote and card.said) if part)
    asides = (card.advice, card.note, card.before, card.link)
    parts = (card.title, cited, facts, card.question, *asides)
    return "\n\n".join(part for part in parts if part)
