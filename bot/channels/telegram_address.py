"""Where people are on Telegram.

<chat>                       somebody's private chat with the bot; its number is the person's own
biz/<connection>/<chat>      a colleague's own chat with that person, where we only listen
"""

from __future__ import annotations

import re

from bot.errors import Malformed
from bot.messages import Address

NAME = "telegram"
BUSINESS = "biz/"

_CHAT = re.compile(r"-?[0-9]{1,19}", re.ASCII)
#: What Telegram calls a connection is opaque; the longest seen has 28 characters.
_CONNECTION = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


def person(chat: int) -> Address:
    """Somebody's chat with the bot."""
    return Address(NAME, str(chat))


def business(connection: str, chat: int) -> Address:
    """A chat of the account behind a connection: Telegram numbers it like the bot's own."""
    return Address(NAME, f"{BUSINESS}{connection}/{chat}")


def chat_of(value: str) -> int | None:
    """The chat the bot may write to at an address; None for any other address.

    >>> chat_of("700"), chat_of("biz/bc1/700")
    (700, None)
    """
    return int(value) if _CHAT.fullmatch(value) else None


def connection(value: object) -> str:
    """The id of a connection. Raises ``Malformed``."""
    if not isinstance(value, str) or not _CONNECTION.fullmatch(value):
        raise Malformed("the id of a connection is short and plain")
    return value


def number(value: object) -> int:
    """An id of Telegram, which the library does not make sure of. Raises ``Malformed``."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise Malformed("an id is a number")
    return value
