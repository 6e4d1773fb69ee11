"""Secrets of people and programs: second factors, tokens, keys, delays.

Pure: the moment is an argument, storing is the caller's. Random values come from the operating
system, comparisons take the same time whatever differs, and only SHA-256 digests are stored: of
128 random bits or more nothing can be guessed back.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pyotp

from bot.web.passwords import (
    MAX_LENGTH,
    MIN_LENGTH,
    PasswordFault,
    hash_password,
    needs_rehash,
    password_fault,
    verify_password,
)
from storage.aead import decode, encode
from storage.crypto import new_public_id

__all__ = [
    "MAX_LENGTH",
    "MIN_LENGTH",
    "ApiKeyParts",
    "NewApiKey",
    "PasswordFault",
    "check_totp",
    "csrf_ok",
    "csrf_token",
    "hash_password",
    "link_usable",
    "lockout_delay",
    "needs_rehash",
    "new_api_key",
    "new_recovery_codes",
    "new_token",
    "new_totp_secret",
    "parse_api_key",
    "password_fault",
    "redeem",
    "same_digest",
    "token_hash",
    "totp_uri",
    "verify_password",
]

TOTP_SECONDS = 30
RECOVERY_CODES = 10
FREE_FAILURES = 5
FIRST_DELAY = timedelta(seconds=30)
LONGEST_DELAY = timedelta(minutes=15)
RESET_LINK_LIFE = timedelta(minutes=30)
SETUP_LINK_LIFE = timedelta(minutes=30)
_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"


# Second factor


def new_totp_secret() -> str:
    """160 random bits in base32 (RFC 4226 asks for them). Store sealed."""
    return pyotp.random_base32(32)


def totp_uri(secret: str, *, login: str, issuer: str) -> str:
    """What the QR code of an authenticator application holds."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=issuer)


def check_totp(secret: str, code: str, at: datetime, last_step: int | None) -> int | None:
    """The time step a code is right for, one step either way (RFC 6238); None if it is wrong.

    Store the step and give it back as ``last_step``: it and all earlier ones are refused, so a
    code works once. Spaces and full-width digits are read as typed on a phone.
    """
    if at.tzinfo is None:
        raise ValueError("the moment of a sign-in must be aware")
    typed = re.sub(r"\s", "", unicodedata.normalize("NFKC", code[:32]))
    if not re.fullmatch("[0-9]{6}", typed):
        return None
    now = int(at.timestamp()) // TOTP_SECONDS
    accepted = None
    for step in (now - 1, now, now + 1):
        right = hmac.compare_digest(pyotp.TOTP(secret).generate_otp(step), typed)
        if right and (last_step is None or step > last_step):
            accepted = step
    return accepted


def new_recovery_codes() -> tuple[list[str], list[str]]:
    """Ten codes of 130 bits to show once, and their digests to store."""
    codes = [
        "-".join("".join(secrets.choice(_BASE32) for _ in range(n)) for n in (7, 6, 7, 6))
        for _ in range(RECOVERY_CODES)
    ]
    return codes, [token_hash(code.replace("-", "")) for code in codes]


def redeem(code: str, digests: Sequence[str]) -> list[str] | None:
    """The digests that are left when ``code`` is one of them, else None. Store what is left."""
    typed = unicodedata.normalize("NFKC", code[:128]).casefold()
    digest = token_hash(re.sub(r"[\s\-\u2010-\u2015]", "", typed).replace("0", "o"))
    matches = [same_digest(digest, stored) for stored in digests]
    if not any(matches):
        return None
    return [stored for stored, match in zip(digests, matches, strict=True) if not match]


# Tokens: sessions, one-time links, API keys


def new_token() -> tuple[str, str]:
    """A secret of 256 random bits for a cookie or a link, and the SHA-256 to store."""
    token = encode(os.urandom(32))
    return token, token_hash(token)


def token_hash(token: str) -> str:
    """SHA-256 in hex: how a presented token is looked up."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def same_digest(one: str, other: str) -> bool:
    """Equality in constant time, for text of any kind."""
    return hmac.compare_digest(
        one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass")
    )


def link_usable(
    *, expires_at: datetime, used_at: datetime | None, revoked_at: datetime | None, now: datetime
) -> bool:
    """Whether a one-time link still works. Mark it used in the same transaction."""
    return used_at is None and revoked_at is None and now < expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class NewApiKey:
    """A key just made. ``text`` is shown once and never stored."""

    id: str
    text: str = field(repr=False)
    secret_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyParts:
    """A presented key taken apart. It proves nothing before ``matches`` said yes."""

    id: str
    secret: str = field(repr=False)

    def matches(self, secret_hash: str) -> bool:
        """Whether the secret is the one whose digest was stored. Constant time."""
        return same_digest(token_hash(self.secret), secret_hash)


def new_api_key() -> NewApiKey:
    """``hb_<id>_<secret>`` with 256 secret bits. The row's id is ``k_<id>``."""
    row_id = new_public_id("k")
    secret, digest = new_token()
    text = f"hb_{row_id.removeprefix('k_')}_{secret}"
    return NewApiKey(id=row_id, text=text, secret_hash=digest)


def parse_api_key(text: str) -> ApiKeyParts | None:
    """Row id and secret of a key's text; None for anything else."""
    parts = re.fullmatch("hb_([a-z2-7]{26})_([A-Za-z0-9_-]{43})", text)
    return ApiKeyParts(id="k_" + parts[1], secret=parts[2]) if parts else None


# Forms


def csrf_token(key: bytes, session_hash: str) -> str:
    """A token bound to one session; a new one each time, so compression tells nothing of it.

    ``session_hash`` is the stored digest of the session's cookie.
    """
    salt = os.urandom(16)
    return encode(salt + _csrf_mac(key, salt, session_hash))


def csrf_ok(key: bytes, session_hash: str, token: str | None) -> bool:
    """Whether a form's token was made for this session."""
    try:
        data = decode((token or "")[:128])
    except ValueError:
        return False
    return hmac.compare_digest(data[16:], _csrf_mac(key, data[:16], session_hash))


def _csrf_mac(key: bytes, salt: bytes, session_hash: str) -> bytes:
    return hmac.digest(key, b"csrf-v1\x00" + salt + session_hash.encode(), "sha256")


# Guessing


def lockout_delay(failures_in_30min: int) -> timedelta:
    """How long after its last failure an account waits before the next attempt is looked at.

    Nothing for the first four; half a minute after the fifth, doubling up to 15 minutes.
    """
    if failures_in_30min < FREE_FAILURES:
        return timedelta(0)
    doublings = min(failures_in_30min - FREE_FAILURES, 10)
    return min(FIRST_DELAY * (1 << doublings), LONGEST_DELAY)
