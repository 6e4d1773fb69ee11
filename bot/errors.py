"""All errors a caller can meet, in one tree; a name says what to do next.

BotError
├── Refused            the call is not from who it claims: 403, nothing stored
├── Malformed          the call cannot be understood: 400, nothing stored
├── TooLong            kindly refused; kept out of the reader
├── MayNotAsk          a person asks what the law forbids to ask; the article is named
├── NotReady           settings, keys or the database need a hand; says which and how
└── CredentialsWrong   a channel's console page to fix
scheduler.errors.DeliveryError
├── TryLater · Hold · GiveUp · Unknown
storage.errors.StorageError
└── StorageUnavailable · Stale · NotFound · Conflict · AlreadyRunning
"""

from __future__ import annotations

from scheduler.errors import DeliveryError, GiveUp, Hold, TryLater, Unknown
from storage.errors import (
    AlreadyRunning,
    Conflict,
    NotFound,
    Stale,
    StorageError,
    StorageUnavailable,
)


class BotError(Exception):
    """Anything the product itself refuses. Texts never repeat what was sent."""


class Refused(BotError):
    """The call is not from who it claims to be. Answer 403 and store nothing."""


class Malformed(BotError):
    """The call cannot be understood. Answer 400 and store nothing."""


class TooLong(BotError):
    """More characters than a message may have. Say so kindly and store nothing."""


class MayNotAsk(BotError):
    """A text asks what nobody may be asked. The text says, in Chinese, what and by which article;
    it quotes the words to whoever wrote them. Nothing was sent, and nothing overrides it."""


class NotReady(BotError):
    """Something must be set up first; the text says what and how."""


class CredentialsWrong(BotError):
    """A platform does not accept our credentials; the text names the console page to fix."""


__all__ = [
    "AlreadyRunning",
    "BotError",
    "Conflict",
    "CredentialsWrong",
    "DeliveryError",
    "GiveUp",
    "Hold",
    "Malformed",
    "MayNotAsk",
    "NotFound",
    "NotReady",
    "Refused",
    "Stale",
    "StorageError",
    "StorageUnavailable",
    "TooLong",
    "TryLater",
    "Unknown",
]
