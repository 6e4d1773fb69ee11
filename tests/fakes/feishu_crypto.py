"""The platform's envelope and signatures, written from the description alone."""

import base64
import hashlib
import hmac
import os

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 16


def seal(encrypt_key: str, text: str) -> str:
    """The `encrypt` of a body: AES-256-CBC under sha256(key), the IV in front, base64."""
    message = text.encode()
    pad = BLOCK - len(message) % BLOCK
    iv = os.urandom(BLOCK)
    encryptor = _cipher(encrypt_key, iv).encryptor()
    sealed = encryptor.update(message + bytes([pad]) * pad) + encryptor.finalize()
    return base64.b64encode(iv + sealed).decode()


def unseal(encrypt_key: str, sealed: str) -> str:
    """What `seal` sealed; ValueError for what does not open."""
    raw = base64.b64decode(sealed, validate=True)
    if len(raw) < 2 * BLOCK or len(raw) % BLOCK:
        raise ValueError("no whole number of blocks")
    decryptor = _cipher(encrypt_key, raw[:BLOCK]).decryptor()
    padded = decryptor.update(raw[BLOCK:]) + decryptor.finalize()
    pad = padded[-1]
    if not 1 <= pad <= BLOCK or padded[-pad:] != bytes([pad]) * pad:
        raise ValueError("the padding is wrong")
    return padded[:-pad].decode()


def _cipher(encrypt_key: str, iv: bytes) -> Cipher[modes.CBC]:
    key = hashlib.sha256(encrypt_key.encode()).digest()
    return Cipher(algorithms.AES(key), modes.CBC(iv))


def signature(timestamp: str, nonce: str, encrypt_key: str, body: bytes) -> str:
    """`X-Lark-Signature` over the raw bytes of a body."""
    return hashlib.sha256((timestamp + nonce + encrypt_key).encode() + body).hexdigest()


def hook_sign(timestamp: str, secret: str) -> str:
    """`sign` of a custom group bot: the text is the key, and nothing is what is signed."""
    digest = hmac.new(f"{timestamp}\n{secret}".encode(), b"", hashlib.sha256).digest()
    return base64.b64encode(digest).decode()
