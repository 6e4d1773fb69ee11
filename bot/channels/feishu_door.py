"""Feishu's webhook calls: who they are from, and what is inside. Verify first, then open.

A call is signed over its raw bytes, and sealed. Only the question the console asks when an
address is saved carries no signature; it is told by the token inside, and by nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from bot.channels.strict_json import MAX_BYTES, whole
from bot.errors import Malformed, Refused

TIMESTAMP = "x-lark-request-timestamp"
NONCE = "x-lark-request-nonce"
SIGNATURE = "x-lark-signature"

#: The console's question is a hundred bytes; nothing longer is opened without a signature.
MAX_UNSIGNED = 4 * 1024
MAX_NONCE = 128
BLOCK = 16

Json = dict[str, Any]

#: Whatever is wrong, the caller learns only this.
_NOT_THEIRS = "the call is not signed and sealed by Feishu with our keys"
_SECONDS = re.compile(r"[0-9]{10,11}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """What the console shows under 事件与回调 › 加密策略; while it is being changed, also what it
    showed before. Empty ones are not believed."""

    encrypt_keys: tuple[str, ...] = field(repr=False)
    tokens: tuple[str, ...] = field(repr=False)
    #: How old a call may be. Retries come up to six hours later: were they signed with the first
    #: try's time, all but the first of them would need a wider window.
    window: timedelta = timedelta(seconds=300)

    def __post_init__(self) -> None:
        for name in ("encrypt_keys", "tokens"):
            object.__setattr__(self, name, tuple(filter(None, getattr(self, name))))


def opened(headers: Mapping[str, str], body: bytes, keys: Keys, now: datetime) -> Json:
    """What a call says. Raises ``Refused`` or ``Malformed``."""
    if not keys.encrypt_keys or not keys.tokens:
        raise Refused("no keys are set for webhook calls")
    if len(body) > MAX_BYTES:
        raise Malformed("a call is not that large")
    if not any(name in headers for name in (TIMESTAMP, NONCE, SIGNATURE)):
        return _question(body, keys)
    data = whole(_unsealed(body, _verified(headers, body, keys, now)))
    if not _ours(data, keys):
        raise Refused(_NOT_THEIRS)
    return data


def signature(timestamp: str, nonce: str, encrypt_key: str, body: bytes) -> str:
    """What the signature header must say.

    >>> signature("1700000000", "n1", "ek-123", b'{"encrypt":"abc"}')[:16]
    'f63f215d4ca6e156'
    """
    return hashlib.sha256((timestamp + nonce + encrypt_key).encode() + body).hexdigest()


def unseal(sealed: str, encrypt_key: str) -> bytes:
    """AES-256-CBC under sha256 of the key, the first block is the IV. Raises ``ValueError``.

    >>> unseal("P37w+VZImNgPEO1RBhJ6RtKl7n6zymIbEG1pReEzghk=", "test key")
    b'hello world'
    """
    raw = base64.b64decode(sealed, validate=True)
    if len(raw) < 2 * BLOCK or len(raw) % BLOCK:
        raise ValueError("no whole blocks")
    key = hashlib.sha256(encrypt_key.encode()).digest()
    decryptor = Cipher(algorithms.AES(key), modes.CBC(raw[:BLOCK])).decryptor()
    padded = decryptor.update(raw[BLOCK:]) + decryptor.finalize()
    pad = padded[-1]
    if not 1 <= pad <= BLOCK or not padded.endswith(bytes([pad]) * pad):
        raise ValueError("the padding is wrong")
    return padded[:-pad]


def _verified(headers: Mapping[str, str], body: bytes, keys: Keys, now: datetime) -> str:
    """The key a call is signed with. Raises ``Refused``."""
    timestamp, nonce = headers.get(TIMESTAMP, ""), headers.get(NONCE, "")
    if not _SECONDS.fullmatch(timestamp) or not nonce.isascii() or len(nonce) > MAX_NONCE:
        raise Refused(_NOT_THEIRS)
    given = headers.get(SIGNATURE, "").encode("utf-8", "surrogatepass")
    for key in keys.encrypt_keys:
        if hmac.compare_digest(given, signature(timestamp, nonce, key, body).encode()):
            break
    else:
        raise Refused(_NOT_THEIRS)
    if abs(now.timestamp() - int(timestamp)) > keys.window.total_seconds():
        raise Refused("the call is too old or from the future")
    return key


def _question(body: bytes, keys: Keys) -> Json:
    """The one call without a signature. Raises ``Refused``, the same for whatever is wrong."""
    if len(body) > MAX_UNSIGNED:
        raise Refused(_NOT_THEIRS)
    for key in keys.encrypt_keys:
        try:
            data = whole(_unsealed(body, key))
        except (Malformed, Refused):
            continue
        if data.get("type") == "url_verification" and _ours(data, keys):
            return data
    raise Refused(_NOT_THEIRS)


def _unsealed(body: bytes, encrypt_key: str) -> bytes:
    """The inside of ``{"encrypt": …}``; a body in the clear is not accepted beside a key."""
    try:
        sealed = json.loads(body)["encrypt"]
        return unseal(sealed, encrypt_key)
    except (ValueError, LookupError, TypeError, RecursionError):
        raise Refused(_NOT_THEIRS) from None


def _ours(data: Json, keys: Keys) -> bool:
    """Whether a verification token is inside: in the header, or at the top (schema 1.0)."""
    header = data.get("header")
    given = header.get("token") if isinstance(header, dict) else data.get("token")
    if not isinstance(given, str):
        return False
    return any(hmac.compare_digest(given.encode(), token.encode()) for token in keys.tokens)
