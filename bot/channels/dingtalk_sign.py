"""DingTalk's signatures, and the envelope of its events over HTTP. Compared over bytes."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from bot.errors import Refused
from storage.chance import random_bytes

#: The padding counts blocks of 32 bytes, twice what the cipher needs.
BLOCK = 32
RANDOM = 16
LENGTH = 4
#: Longer than any signature there is.
MAX_SIGNATURE = 128


def robot_sign(secret: str, timestamp: str) -> str:
    """Of callbacks of the robot, and of calls to a custom robot. The body is not part of it.

    >>> robot_sign("this is a secret", "1577262236757")
    'DJrE6qdyVGCQz9z5r2MDuNcNAhwYnuAkyj13cx169CA='
    """
    return _mac(secret, f"{timestamp}\n{secret}")


def card_sign(secret: str, timestamp: str) -> str:
    """Of callbacks of cards over HTTP. The body is not part of it either."""
    return _mac(secret, timestamp)


def same(given: str, wanted: str) -> bool:
    """Compare in constant time whatever a header may hold."""
    if len(given) > MAX_SIGNATURE:
        return False
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), wanted.encode())


class Envelope:
    """Opens and seals ``{"encrypt": …}``. Raises ``Refused``, always with the same words."""

    def __init__(self, token: str, aes_key: str, owner: str) -> None:
        """``owner`` is the AppKey, or the corpId where a subscription was made by API."""
        self._token = token
        self._key = base64.b64decode(aes_key + "=")
        self._owner = owner.encode()

    def signature(self, timestamp: str, nonce: str, encrypt: str) -> str:
        """What proves that a call is from whoever knows the token."""
        parts = sorted([self._token, timestamp, nonce, encrypt])
        joined = "".join(parts).encode("utf-8", "surrogatepass")
        return hashlib.sha1(joined).hexdigest()  # noqa: S324 - the platform's choice

    def open(self, encrypt: str) -> bytes:
        """The message. Verify its signature first: what is wrong inside is not told apart."""
        try:
            sealed = base64.b64decode(encrypt.encode("ascii"), validate=True)
            decryptor = self._cipher().decryptor()
            padded = decryptor.update(sealed) + decryptor.finalize()
        except (ValueError, binascii.Error):
            raise Refused("this does not open") from None
        pad = padded[-1] if padded else 0
        plain = padded[: len(padded) - pad]
        start = RANDOM + LENGTH
        end = start + int.from_bytes(plain[RANDOM:start], "big")
        good = (
            1 <= pad <= BLOCK
            and hmac.compare_digest(padded[len(plain) :], bytes([pad]) * pad)
            and start <= end <= len(plain)
            and hmac.compare_digest(plain[end:], self._owner)
        )
        if not good:
            raise Refused("this does not open")
        return plain[start:end]

    def seal(self, message: bytes) -> str:
        """The other way, for the answer."""
        plain = random_bytes(RANDOM) + len(message).to_bytes(LENGTH, "big") + message + self._owner
        pad = BLOCK - len(plain) % BLOCK
        encryptor = self._cipher().encryptor()
        sealed = encryptor.update(plain + bytes([pad]) * pad) + encryptor.finalize()
        return base64.b64encode(sealed).decode()

    def _cipher(self) -> Cipher[modes.CBC]:
        return Cipher(algorithms.AES(self._key), modes.CBC(self._key[:16]))


def _mac(key: str, message: str) -> str:
    made = hmac.digest(key.encode(), message.encode("utf-8", "surrogatepass"), "sha256")
    return base64.b64encode(made).decode()
