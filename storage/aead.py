"""Authenticated encryption of bytes under a key, written as a short ASCII token.

Token: ``1.<alg>.<key id>.<base64url(nonce|ciphertext|tag)>``. Nonces are 96 random bits (NIST SP
800-38D 8.2.2: at most 2^32 messages a key, far above what one person's key ever seals).
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from enum import StrEnum

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from storage.chance import random_bytes
from storage.errors import StorageError

KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
KEY_ID = re.compile(r"[a-z][a-z0-9_-]{0,39}", re.ASCII)


class SealBroken(StorageError):
    """A sealed value was altered, moved, cut, or belongs to another key. Show it as unavailable.

    One error for every cause, so an answer never tells an attacker how far a forgery came.
    """


class Alg(StrEnum):
    """Cipher of a token: its second part."""

    AES_256_GCM = "a"
    SM4_GCM = "s"


class _Sm4Gcm:
    """SM4 (GB/T 32907) in GCM, called like AESGCM. Its key is derived, never shared with AES."""

    def __init__(self, key: bytes) -> None:
        self._sm4 = algorithms.SM4(hkdf(key, b"yinuo/sm4-gcm", 16))

    def encrypt(self, nonce: bytes, data: bytes, aad: bytes) -> bytes:
        encryptor = Cipher(self._sm4, modes.GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(aad)
        return encryptor.update(data) + encryptor.finalize() + encryptor.tag

    def decrypt(self, nonce: bytes, data: bytes, aad: bytes) -> bytes:
        body, tag = data[:-TAG_BYTES], data[-TAG_BYTES:]
        decryptor = Cipher(self._sm4, modes.GCM(nonce, tag)).decryptor()
        decryptor.authenticate_additional_data(aad)
        return decryptor.update(body) + decryptor.finalize()


@dataclass(slots=True)
class Ciphers:
    """Ciphers of one key, made on first use: key set-up costs more than sealing a message."""

    key: bytes
    made: dict[Alg, AESGCM | _Sm4Gcm] = field(default_factory=dict)

    def __getitem__(self, alg: Alg) -> AESGCM | _Sm4Gcm:
        cipher = self.made.get(alg)
        if cipher is None:
            cipher = AESGCM(self.key) if alg is Alg.AES_256_GCM else _Sm4Gcm(self.key)
            self.made[alg] = cipher
        return cipher


def hkdf(secret: bytes, info: bytes, length: int = KEY_BYTES) -> bytes:
    """HKDF-SHA-256 (RFC 5869) without salt: the secret is uniformly random already."""
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=info).derive(secret)


def context(*parts: str) -> bytes:
    """Associated data of a token. Length before each part: no two lists give the same bytes."""
    encoded = [part.encode("utf-8", "surrogatepass") for part in parts]
    return b"yinuo-1" + b"".join([len(data).to_bytes(4, "big") + data for data in encoded])


def seal_bytes(ciphers: Ciphers, alg: Alg, key_id: str, data: bytes, aad: bytes) -> str:
    """The token of ``data``, bound to ``aad``."""
    nonce = random_bytes(NONCE_BYTES)
    return f"1.{alg.value}.{key_id}.{encode(nonce + ciphers[alg].encrypt(nonce, data, aad))}"


def open_bytes(ciphers: Ciphers, alg: Alg, sealed: bytes, aad: bytes) -> bytes:
    """What was sealed. Raises ``SealBroken``."""
    nonce, body = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    if len(body) < TAG_BYTES:
        raise SealBroken
    try:
        return ciphers[alg].decrypt(nonce, body, aad)
    except (InvalidTag, UnsupportedAlgorithm):
        raise SealBroken from None


def split(token: str) -> tuple[Alg, str, bytes]:
    """Algorithm, key id and sealed bytes of a token. Raises ``SealBroken``."""
    version, _, rest = token.partition(".")
    alg, _, rest = rest.partition(".")
    key_id, _, payload = rest.partition(".")
    known = _ALGS.get(alg)
    if version != "1" or known is None or not KEY_ID.fullmatch(key_id):
        raise SealBroken
    try:
        return known, key_id, decode(payload)
    except ValueError:
        raise SealBroken from None


_ALGS = {alg.value: alg for alg in Alg}


def encode(data: bytes) -> str:
    """Base64url (RFC 4648, section 5) without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode(text: str) -> bytes:
    """Raises ``ValueError`` unless ``text`` is exactly what ``encode`` would write."""
    data = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    if encode(data) != text:  # the decoder skips stray characters and spare bits
        raise ValueError("not canonical base64url")
    return data
