"""Sealing: keys, sealed fields, blind indexes, unguessable ids. No database in here.

A keystore file holds one *root* and one or more key-encryption keys (KEK). A KEK wraps the data
keys of people, so erasing one wrapped key makes one person unreadable. The root feeds HKDF for
everything that must survive a KEK rotation: blind indexes, the audit MAC, CSRF tokens.
"""

from __future__ import annotations

import hmac
import itertools
import json
import os
import re
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from storage.aead import (
    KEY_BYTES,
    KEY_ID,
    Alg,
    Ciphers,
    SealBroken,
    context,
    decode,
    encode,
    hkdf,
    open_bytes,
    seal_bytes,
    split,
)
from storage.chance import random_bytes
from storage.errors import StorageError
from storage.phones import normalise_phone

__all__ = [
    "Alg",
    "Keystore",
    "KeystoreError",
    "SealBroken",
    "SubjectKey",
    "blind_index",
    "derive",
    "installation_key",
    "key_id",
    "new_public_id",
    "normalise_phone",
    "open_",
    "seal",
]

PAD_BLOCK = 16
_PLAIN, _PADDED = b"\x00", b"\x01"
_PREFIX = re.compile("[a-z]{1,8}")


class KeystoreError(StorageError):
    """The keys cannot be used. The message says what to do; nothing was overwritten."""


@dataclass(frozen=True, slots=True)
class SubjectKey:
    """The data key of one person, in the clear. Keep it in memory only; its repr shows the id."""

    id: str
    dek: bytes = field(repr=False)
    ciphers: Ciphers = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not KEY_ID.fullmatch(self.id) or len(self.dek) != KEY_BYTES:
            raise ValueError("a subject key needs a short lower-case id and 32 bytes")
        object.__setattr__(self, "ciphers", Ciphers(self.dek))


class Keystore:
    """The keys of one installation. Immutable; rotation gives a new one."""

    __slots__ = ("_current", "_derived", "_keks", "_root")

    def __init__(self, *, root: bytes, keks: Mapping[str, bytes], current: str) -> None:
        """Raises ``KeystoreError`` for short, repeated or made-up keys."""
        if current not in keks:
            raise KeystoreError(
                f"keystore: current key {current!r} is not among its keys; set 'current' to one of "
                f"{sorted(keks)} or restore the key file from its own backup"
            )
        for name, key in {"root": root, **keks}.items():
            _refuse_weak(name, key)
        if len({root, *keks.values()}) != len(keks) + 1:
            raise KeystoreError(f"keystore: the same key appears twice; {_RESTORE}")
        self._root, self._current = root, current
        self._keks = {name: Ciphers(key) for name, key in keks.items()}
        self._derived: dict[str, bytes] = {}

    def __repr__(self) -> str:
        return f"Keystore(fingerprint={self.fingerprint!r}, current={self._current!r})"

    @classmethod
    def generate(cls) -> Self:
        """A new keystore that lives in memory only."""
        kek_id = new_public_id("k")[:10]
        return cls(root=os.urandom(KEY_BYTES), keks={kek_id: os.urandom(KEY_BYTES)}, current=kek_id)

    @classmethod
    def create(cls, path: Path) -> Self:
        """Write a new keystore, file 0600 in a directory 0700. Never overwrites."""
        made = cls.generate()
        try:
            _private_directory(path.parent)
            _write_private(path, made.dump())
        except FileExistsError:
            raise KeystoreError(
                f"keystore {path} exists already and is never overwritten, because everything "
                "sealed with it would be lost; use it, or move it away first"
            ) from None
        except OSError as failed:
            raise KeystoreError(
                f"keystore {path} cannot be written ({failed.strerror}); name a directory of your "
                "own with free space"
            ) from failed
        return made

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a keystore file. Refuses one that others may read, with the remedy."""
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as failed:
            raise KeystoreError(
                f"keystore {path} cannot be opened ({failed.strerror}); {_RESTORE}"
            ) from failed
        with open(handle, encoding="utf-8", errors="replace") as file:
            _refuse_open_to_others(path, os.fstat(handle), 0o077, "600")
            _refuse_open_to_others(path.parent, path.parent.stat(), 0o022, "go-w")
            return cls.parse(file.read(65536))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text of a keystore: a file's, or the value of an environment variable."""
        try:
            document = json.loads(text)
            keys = {str(name): _decode_key(value) for name, value in document["keys"].items()}
            root, current = _decode_key(document["root"]), document["current"]
            known = document["version"] == 1 and all(map(KEY_ID.fullmatch, keys))
        except (ValueError, KeyError, TypeError, AttributeError):
            # The cause would quote key text.
            raise KeystoreError(f"keystore: not a keystore document; {_RESTORE}") from None
        if not known or not isinstance(current, str):
            raise KeystoreError(f"keystore: unknown version or key id; {_RESTORE}")
        return cls(root=root, keks=keys, current=current)

    def dump(self) -> str:
        """The text ``parse`` reads: all secrets in the clear."""
        keys = {name: encode(ciphers.key) for name, ciphers in self._keks.items()}
        document = {"version": 1, "current": self._current, "root": encode(self._root)}
        return json.dumps(document | {"keys": keys}, indent=1) + "\n"

    @classmethod
    def rotate(cls, path: Path) -> Self:
        """Add a KEK to the file and make it current. Older ones stay readable until retired.

        The file is replaced in one step, so a crash leaves the old or the new one. Re-wrap every
        data key afterwards (``rewrap``); that may be interrupted and repeated.
        """
        old, added = cls.load(path), cls.generate()
        keks = {name: ciphers.key for name, ciphers in (old._keks | added._keks).items()}
        return cls(root=old._root, keks=keks, current=added._current)._replace(path)

    @classmethod
    def retire(cls, path: Path, kek_id: str) -> Self:
        """Take an older KEK out of the file. Only when no data key is wrapped with it any more."""
        old = cls.load(path)
        if kek_id == old._current or kek_id not in old._keks:
            raise KeystoreError(f"keystore: {kek_id!r} is not an older key; rotate first")
        keks = {name: ciphers.key for name, ciphers in old._keks.items() if name != kek_id}
        return cls(root=old._root, keks=keks, current=old._current)._replace(path)

    def _replace(self, path: Path) -> Self:
        beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        _write_private(beside, self.dump())
        os.replace(beside, path)
        _sync_directory(path.parent)
        return self

    @property
    def fingerprint(self) -> str:
        """16 hex digits that name the root: compare with the stored one before serving."""
        return derive(self, "fingerprint")[:8].hex()

    @property
    def current(self) -> str:
        """Id of the KEK that wraps new data keys."""
        return self._current

    @property
    def kek_ids(self) -> frozenset[str]:
        """Ids of all KEKs that can still be read."""
        return frozenset(self._keks)

    def new_subject_key(self) -> tuple[SubjectKey, str]:
        """A fresh data key for one person, and its wrapped form to store."""
        key = SubjectKey(new_public_id("s"), os.urandom(KEY_BYTES))
        return key, self.wrap(key)

    def wrap(self, key: SubjectKey, *, alg: Alg = Alg.AES_256_GCM) -> str:
        """The data key sealed under the current KEK and bound to its id."""
        bound = context("dek", alg, self._current, key.id)
        return seal_bytes(self._keks[self._current], alg, self._current, key.dek, bound)

    def unwrap(self, subject_id: str, wrapped: str) -> SubjectKey:
        """Raises ``SealBroken``: altered, another person's, or its KEK is not in this keystore."""
        alg, kek_id, sealed = split(wrapped)
        ciphers = self._keks.get(kek_id)
        if ciphers is None:
            raise SealBroken
        dek = open_bytes(ciphers, alg, sealed, context("dek", alg, kek_id, subject_id))
        if len(dek) != KEY_BYTES or not KEY_ID.fullmatch(subject_id):
            raise SealBroken
        return SubjectKey(subject_id, dek)

    def rewrap(self, subject_id: str, wrapped: str) -> str:
        """The same data key under the current KEK; the very same text if it is there already."""
        if key_id(wrapped) == self._current:
            return wrapped
        return self.wrap(self.unwrap(subject_id, wrapped), alg=split(wrapped)[0])


_RESTORE = "restore the key file from its own backup (never make a new one over sealed data)"


def derive(keystore: Keystore, purpose: str) -> bytes:
    """32 bytes for one purpose (HKDF-SHA-256 of the root). Stable across KEK rotation."""
    made = keystore._derived.get(purpose)
    if made is None:
        made = keystore._derived[purpose] = hkdf(keystore._root, f"yinuo/{purpose}".encode())
    return made


def installation_key(keystore: Keystore) -> SubjectKey:
    """Key for secrets that belong to no person: TOTP secrets, channel credentials."""
    return SubjectKey("installation", derive(keystore, "installation"))


def blind_index(keystore: Keystore, column: str, value: str) -> str:
    """128 bits in hex that are equal for equal values of one column, and useless without the key.

    Normalise first. Only for exact look-ups of phone, mail and id number.
    """
    key = derive(keystore, f"blind-index/{column}")
    return hmac.digest(key, value.encode("utf-8", "surrogatepass"), "sha256")[:16].hex()


def seal(
    key: SubjectKey,
    plaintext: str,
    *,
    table: str,
    column: str,
    row_id: str,
    pad: bool = False,
    alg: Alg = Alg.AES_256_GCM,
) -> str:
    """An ASCII token ``1.<alg>.<key id>.<base64url(nonce|ciphertext)>`` bound to its place.

    ``pad`` hides the length within 16-byte steps: use it for salaries and id numbers. Any text
    comes back unchanged from ``open_``, lone surrogates too.
    """
    data = plaintext.encode("utf-8", "surrogatepass")
    if pad:  # ISO/IEC 7816-4: one 0x80, then zeros
        data = _PADDED + data + b"\x80"
        data += b"\x00" * (-len(data) % PAD_BLOCK)
    else:
        data = _PLAIN + data
    bound = context("field", alg, key.id, table, column, row_id)
    return seal_bytes(key.ciphers, alg, key.id, data, bound)


def open_(key: SubjectKey, token: str, *, table: str, column: str, row_id: str) -> str:
    """The text of a token made by ``seal`` for exactly this key, table, column and row.

    Raises ``SealBroken`` for anything else.
    """
    alg, subject_id, sealed = split(token)
    if subject_id != key.id:
        raise SealBroken
    bound = context("field", alg, key.id, table, column, row_id)
    data = open_bytes(key.ciphers, alg, sealed, bound)
    kind, body = data[:1], data[1:]
    if kind == _PADDED:
        body = body.rstrip(b"\x00")
        if not body.endswith(b"\x80"):
            raise SealBroken
        body = body[:-1]
    elif kind != _PLAIN:
        raise SealBroken
    return body.decode("utf-8", "surrogatepass")


def key_id(token: str) -> str:
    """Which key a token or a wrapped data key needs: a subject's id, or a KEK's."""
    return split(token)[1]


#: Any byte to one of 32 letters, each letter for eight bytes: five random bits a byte.
_LETTERS = b"abcdefghijklmnopqrstuvwxyz234567" * 8


def new_public_id(prefix: str) -> str:
    """``<prefix>_`` and 26 characters that carry 130 random bits and no time."""
    if not _PREFIX.fullmatch(prefix):
        raise ValueError("the prefix of an id is one to eight letters a-z")
    return f"{prefix}_{random_bytes(26).translate(_LETTERS).decode()}"


def _decode_key(text: object) -> bytes:
    if not isinstance(text, str):
        raise TypeError
    return decode(text)


def _refuse_weak(name: str, key: bytes) -> None:
    """Chance refuses a random key less than once in 2^40."""
    steps = {(b - a) % 256 for a, b in itertools.pairwise(key)}
    typed = all(0x20 <= byte < 0x7F for byte in key)
    if len(key) != KEY_BYTES:
        problem = f"is {len(key)} bytes long instead of {KEY_BYTES}"
    elif typed or len(set(key)) < 12 or len(steps) < 4:
        problem = "looks typed or copied from an example"
    else:
        return
    raise KeystoreError(
        f"keystore: key {name!r} {problem}; for a new installation remove the file and let it be "
        f"made, otherwise {_RESTORE}"
    )


def _refuse_open_to_others(path: Path, found: os.stat_result, forbidden: int, remedy: str) -> None:
    """``forbidden`` bits: nobody else may read the file, nor replace it through its folder."""
    if found.st_uid not in (os.geteuid(), 0):
        raise KeystoreError(f"keystore: {path} belongs to another account; run: chown $USER {path}")
    if stat.S_IMODE(found.st_mode) & forbidden:
        raise KeystoreError(f"keystore: {path} is open to others; run: chmod {remedy} {path}")


def _private_directory(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        _refuse_open_to_others(directory, directory.stat(), 0o022, "go-w")


def _write_private(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with open(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(handle)
    except OSError:
        path.unlink()
        raise
    _sync_directory(path.parent)


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
