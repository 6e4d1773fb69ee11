"""The envelope of callbacks: AES-256-CBC, PKCS#7 padding to 32 bytes, SHA-1 over sorted strings."""

import base64
import binascii
import hashlib
import re
import secrets
import struct

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7

BLOCK_BYTES = 32  # not the 16 of AES


class CryptoError(ValueError):
    """Carries the return code of the official samples: -40001, -40005, -40007, -40008, -40010."""

    def __init__(self, code: int) -> None:
        super().__init__(f"callback crypto {code}")
        self.code = code


class CallbackCrypto:
    """Seals and opens what travels between the platform and one callback URL."""

    def __init__(self, token: str, encoding_aes_key: str, receiveid: str) -> None:
        """Raises ValueError for a token or key that the admin console would refuse."""
        if not re.fullmatch(r"[0-9A-Za-z]{1,32}", token):
            raise ValueError("a token is 1 to 32 letters and digits")
        if not re.fullmatch(r"[0-9A-Za-z]{43}", encoding_aes_key):
            raise ValueError("an EncodingAESKey is 43 letters and digits")
        self.token = token
        self.receiveid = receiveid
        self._key = base64.b64decode(encoding_aes_key + "=")

    def _cipher(self) -> Cipher[CBC]:
        return Cipher(AES(self._key), CBC(self._key[:16]))

    def encrypt(self, text: str, random16: bytes = b"", receiveid: str | None = None) -> str:
        """Base64 of the sealed text. `random16` and another `receiveid` are for test vectors."""
        return self.encrypt_padded(pad(self.buffer(text, random16, receiveid)))

    def buffer(self, text: str, random16: bytes = b"", receiveid: str | None = None) -> bytes:
        """Sixteen random bytes, the length of the text, the text, the receiver."""
        message = text.encode("utf-8", "surrogateescape")
        prefix = random16 or secrets.token_hex(8).encode()
        receiver = self.receiveid if receiveid is None else receiveid
        return prefix + struct.pack(">I", len(message)) + message + receiver.encode()

    def encrypt_padded(self, buffer: bytes) -> str:
        """Base64 of a buffer as it is; its length is a multiple of 16."""
        encryptor = self._cipher().encryptor()
        return base64.b64encode(encryptor.update(buffer) + encryptor.finalize()).decode()

    def decrypt(self, encrypt: str) -> str:
        """The text inside; raises CryptoError."""
        try:
            sealed = base64.b64decode(encrypt, validate=True)
        except (binascii.Error, ValueError):
            raise CryptoError(-40010) from None
        if not sealed or len(sealed) % BLOCK_BYTES:
            raise CryptoError(-40007)
        decryptor = self._cipher().decryptor()
        padded = decryptor.update(sealed) + decryptor.finalize()
        unpadder = PKCS7(BLOCK_BYTES * 8).unpadder()
        try:
            buffer = unpadder.update(padded) + unpadder.finalize()
            (length,) = struct.unpack(">I", buffer[16:20])
            if 20 + length > len(buffer):
                raise CryptoError(-40008)
            message = buffer[20 : 20 + length].decode()
        except (ValueError, struct.error) as error:
            raise error if isinstance(error, CryptoError) else CryptoError(-40008) from error
        if buffer[20 + length :] != self.receiveid.encode():
            raise CryptoError(-40005)
        return message

    def sign(self, timestamp: str, nonce: str, encrypt: str) -> str:
        """The `msg_signature` over a sealed text."""
        parts = "".join(sorted([self.token, timestamp, nonce, encrypt]))
        return hashlib.sha1(parts.encode()).hexdigest()  # noqa: S324 - the platform's choice

    def open(self, signature: str, timestamp: str, nonce: str, encrypt: str) -> str:
        """Check the signature, then decrypt; raises CryptoError."""
        if not secrets.compare_digest(self.sign(timestamp, nonce, encrypt), signature):
            raise CryptoError(-40001)
        return self.decrypt(encrypt)


def pad(buffer: bytes) -> bytes:
    """PKCS#7 to 32 bytes."""
    padder = PKCS7(BLOCK_BYTES * 8).padder()
    return padder.update(buffer) + padder.finalize()
