"""The platform's signatures and its envelope for events, written from the description alone."""

import base64
import hashlib
import hmac
import os

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 32  # the padding counts blocks of 32 bytes, twice what AES needs
RANDOM = 16


def robot_sign(secret: str, timestamp: str) -> str:
    """`sign` of robot callbacks and of custom group robots, not yet url-encoded."""
    return _mac(secret, f"{timestamp}\n{secret}")


def card_sign(api_secret: str, timestamp: str) -> str:
    """`x-ddpaas-signature` of card callbacks over HTTP."""
    return _mac(api_secret, timestamp)


def _mac(key: str, message: str) -> str:
    digest = hmac.new(key.encode(), message.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


class Envelope:
    """Seals and opens `{"encrypt": …}` for one subscription; ValueError for what does not open."""

    def __init__(self, token: str, aes_key: str, owner: str) -> None:
        """`aes_key` has 43 characters; `owner` is the AppKey or, for API subscriptions, corpId."""
        if len(aes_key) != 43:
            raise ValueError("the AES key has 43 characters")
        self._token = token
        self._key = base64.b64decode(aes_key + "=")
        self._owner = owner.encode()

    def signature(self, timestamp: str, nonce: str, encrypt: str) -> str:
        parts = sorted([self._token, timestamp, nonce, encrypt])
        return hashlib.sha1("".join(parts).encode()).hexdigest()  # noqa: S324 - theirs

    def seal(self, text: str) -> str:
        message = text.encode()
        plain = os.urandom(RANDOM) + len(message).to_bytes(4, "big") + message + self._owner
        pad = BLOCK - len(plain) % BLOCK
        encryptor = self._cipher().encryptor()
        sealed = encryptor.update(plain + bytes([pad]) * pad) + encryptor.finalize()
        return base64.b64encode(sealed).decode()

    def open(self, signature: str, timestamp: str, nonce: str, encrypt: str) -> str:
        if not hmac.compare_digest(self.signature(timestamp, nonce, encrypt), signature):
            raise ValueError("the signature does not match")
        sealed = base64.b64decode(encrypt, validate=True)
        decryptor = self._cipher().decryptor()
        padded = decryptor.update(sealed) + decryptor.finalize()
        pad = padded[-1] if padded else 0
        if not 1 <= pad <= BLOCK or padded[-pad:] != bytes([pad]) * pad:
            raise ValueError("the padding is wrong")
        plain = padded[:-pad]
        end = RANDOM + 4 + int.from_bytes(plain[RANDOM : RANDOM + 4], "big")
        if plain[end:] != self._owner:
            raise ValueError("sealed for another owner")
        return plain[RANDOM + 4 : end].decode()

    def _cipher(self) -> Cipher[modes.CBC]:
        return Cipher(algorithms.AES(self._key), modes.CBC(self._key[:16]))
