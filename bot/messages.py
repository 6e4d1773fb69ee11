"""The nouns on the road, the same for every platform."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from storage.enums import MediaKind, MessageKind

#: What a message may have where its writer can be told that it is too long: on our own page.
MAX_TEXT = 20_000
#: What is kept of one message; the rest of a longer one is cut and marked.
KEPT_TEXT = 4_000
CUT_MARK = "…[已截断]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """What lets us answer somebody for a while: a welcome code, a session's webhook.

    ``value`` is the platform's own and secret; ``until`` is when it stops working.
    """

    value: str = field(repr=False)
    until: datetime


@dataclass(frozen=True, slots=True)
class Address:
    """Where a person is on one channel: the platform's own id, never a name."""

    channel: str
    value: str
    #: The newest ticket they gave us, where a platform has such a thing.
    ticket: Ticket | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """Something attached. ``Channel.fetch`` brings its bytes, later, by ``id``."""

    id: str
    kind: MediaKind
    name: str = ""  # as the sender's file was called, if the platform says
    size: int = 0  # bytes; 0 where the platform does not say
    here: bool = False  # whoever hands this in keeps the bytes too: nobody has to fetch them


@dataclass(frozen=True, slots=True, kw_only=True)
class Overheard:
    """Said in a colleague's own chat with somebody, where we only listen.

    Both stand here by the address they have with us. What is overheard is kept only while
    ``host`` is one of ours and ``person`` a candidate: all other chats are nobody's business.
    """

    host: Address
    person: Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """What somebody said or pressed, before we know who they are."""

    external_id: str  # the platform's id; unique within the channel
    sender: Address
    kind: MessageKind
    text: str  # for a press: the action of the button
    sent_at: datetime  # aware, UTC, by the platform's clock
    media: tuple[Media, ...] = ()
    ticket: Ticket | None = None
    raw: str = ""  # of a kind we cannot show: the platform's own JSON, kept beside it
    #: Whether a platform with ``Limits.windows`` takes it for the person having written.
    opens: bool = True
    overheard: Overheard | None = None  # always there for an address of ``Limits.listens``

    @property
    def channel(self) -> str:
        """The platform it came over."""
        return self.sender.channel


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """The platform says a person can or cannot be reached any more (bot blocked)."""

    sender: Address
    reachable: bool


@dataclass(frozen=True, slots=True)
class Receipt:
    """The platform's id of what was delivered; needed to change it later."""

    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """Said to a person from our side, but not by us: a colleague wrote in the platform's client.

    It is kept in the conversation, and the bot is silent there until it is released.
    """

    external_id: str
    to: Address
    by: str  # the colleague's address on the same channel
    text: str
    sent_at: datetime
    words: bool = True  # said to the person; else what the colleague did there
    overheard: Overheard | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """The platform took something and says later that it did not arrive. HR reads ``reason``."""

    channel: str
    receipt: Receipt
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pull:
    """There is something to fetch: a callback was only a hint.

    ``account`` names the queue, one cursor each; ``token`` is what the hint gave us, if anything.
    """

    channel: str
    account: str
    token: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One webhook call, decoded. ``reply`` is what the platform expects back."""

    messages: tuple[Inbound, ...] = ()
    reaches: tuple[Reach, ...] = ()
    asides: tuple[Aside, ...] = ()
    bounces: tuple[Bounce, ...] = ()
    pulls: tuple[Pull, ...] = ()
    reply: bytes = b""
    media_type: str = "text/plain"

    @property
    def told(self) -> bool:
        """Whether there is anything to keep."""
        parts = (self.messages, self.reaches, self.asides, self.bounces, self.pulls)
        return any(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What one pull brought. ``cursor`` is where the next one begins; ``more``: at once."""

    received: Received
    cursor: str
    more: bool


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
    has acted, for example 「李娜 已标记误报 · 14:02」. ``said`` stands beside the quote: who said
    it, and when. ``advice`` is what to answer. Where there is no room for all, ``before`` (what
    was said before the quote) gives way first.
    """

    title: str
    quote: str
    lines: tuple[tuple[str, str], ...]
    question: str
    buttons: tuple[Button, ...] = ()
    note: str = ""
    link: str = ""
    quiet: bool = False
    said: str = ""
    advice: str = ""
    before: str = ""


def kept(text: str) -> str:
    """The part of a message that is stored.

    >>> len(kept("长" * 5000)) == KEPT_TEXT
    True
    """
    if len(text) <= KEPT_TEXT:
        return text
    return text[: KEPT_TEXT - len(CUT_MARK)] + CUT_MARK
