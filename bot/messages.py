"""The nouns on the road, the same for every platform."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from storage.enums import MessageKind

#: What a message may have at most; beyond it is refused kindly and kept out of the reader.
MAX_TEXT = 20_000
#: What is kept of one message; the rest of a longer one is cut and marked.
KEPT_TEXT = 4_000
CUT_MARK = "…[已截断]"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a person is on one channel: the platform's own id, never a name."""

    channel: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """What somebody said or pressed, before we know who they are."""

    external_id: str  # the platform's id; unique within the channel
    sender: Address
    kind: MessageKind
    text: str  # for a press: the action of the button
    sent_at: datetime  # aware, UTC, by the platform's clock

    @property
    def channel(self) -> str:
        """The platform it came over."""
        return self.sender.channel


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """The platform says a person can or cannot be reached any more (bot blocked)."""

    sender: Address
    reachable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One webhook call, decoded. ``reply`` is what the platform expects back."""

    messages: tuple[Inbound, ...] = ()
    reaches: tuple[Reach, ...] = ()
    reply: bytes = b""
    media_type: str = "text/plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpCall:
    """One webhook call as it came over the wire."""

    method: str
    headers: dict[str, str]  # names in lower case
    query: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Button:
    """A choice. ``action`` comes back when it is pressed: ASCII, at most 64 bytes, opaque."""

    label: str
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """Words to say, with choices."""

    text: str
    buttons: tuple[Button, ...] = ()
    quiet: bool = False  # deliver without a sound where the platform can


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """Something to look at and act on; a platform draws it as richly as it can.

    ``lines`` are (label, value) pairs; ``note`` replaces the buttons' promise once somebody
    has acted, for example 「李娜 已标记误报 · 14:02」.
    """

    title: str
    quote: str
    lines: tuple[tuple[str, str], ...]
    question: str
    buttons: tuple[Button, ...] = ()
    note: str = ""
    link: str = ""
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Receipt:
    """The platform's id of what was delivered; needed to change it later."""

    value: str


def kept(text: str) -> str:
    """The part of a message that is stored.

    >>> len(kept("长" * 5000)) == KEPT_TEXT
    True
    """
    if len(text) <= KEPT_TEXT:
        return text
    return text[: KEPT_TEXT - len(CUT_MARK)] + CUT_MARK
