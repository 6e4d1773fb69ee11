"""The audit chain: each entry carries the hash of the one before it. No database in here.

``hash = SHA-256("audit-v1" ‖ 0 ‖ JCS(entry without hash and mac))`` finds edits, gaps and swaps;
``mac = HMAC-SHA-256(key, hash)`` finds a rewrite by somebody who has the database but not the key;
signed checkpoints, kept where the product cannot rewrite them, find a cut tail and an emptied
table. Entries after the last checkpoint can be cut unseen: that is the residue.
JCS is RFC 8785.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from storage.aead import decode, encode

CHECKPOINT_ROWS = 64
CHECKPOINT_AGE = timedelta(minutes=5)
_MOMENT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"
_ORIGIN = r"[A-Za-z0-9._:-]{1,100}"
_MAX_DEPTH = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """Who did what to which object, and why. No personal data: ids and *names* of fields only."""

    at: str  # ``moment_text``: UTC, microseconds
    actor: str
    role: str
    action: str
    object: str
    purpose: str
    outcome: str
    request_id: str
    ip_hmac: str
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry(AuditEvent):
    """One link. ``hash`` and ``mac`` are 64 hex digits; ``seq`` starts at 1 without gaps."""

    seq: int
    prev_hash: str
    hash: str
    mac: str


@dataclass(frozen=True, slots=True)
class Head:
    """The last link of a chain."""

    seq: int
    hash: str


GENESIS = Head(0, "0" * 64)


class Fault(StrEnum):
    """What a verification found first."""

    GAP = "gap"  # entries are missing before this one
    ORDER = "order"  # a number repeats or runs backwards
    LINK = "link"  # does not name the hash of the entry before
    HASH = "hash"  # edited, or swapped with another
    MAC = "mac"  # rewritten with a fitting hash but without the key
    HEAD = "head"  # the stored head is not the last entry
    TAIL = "tail"  # the head or a checkpoint knows of entries that are gone
    CHECKPOINT = "checkpoint"  # a signed checkpoint saw another entry here
    SIGNATURE = "signature"  # a checkpoint not signed by this installation


@dataclass(frozen=True, slots=True)
class Verdict:
    """``count`` entries were sound before the first bad one."""

    ok: bool
    first_bad_seq: int | None
    reason: Fault | None
    count: int


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What the head was at a moment, signed with Ed25519 (RFC 8032)."""

    origin: str
    seq: int
    hash: str
    at: str
    signature: bytes

    def line(self) -> str:
        """One line of text, without its end, for a file that is only ever appended to."""
        return f"{_signed_text(self.origin, self.seq, self.hash, self.at)} {encode(self.signature)}"

    def signed_by(self, signer: Ed25519PublicKey) -> bool:
        """Whether the signature is genuine."""
        try:
            text = _signed_text(self.origin, self.seq, self.hash, self.at)
            signer.verify(self.signature, text.encode())
        except InvalidSignature:
            return False
        return True


def moment_text(at: datetime) -> str:
    """``2026-09-01T08:00:00.000000Z``. A naive moment is refused with ``ValueError``."""
    if at.tzinfo is None:
        raise ValueError("an audited moment must be aware")
    return at.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def next_entry(head: Head, event: AuditEvent, mac_key: bytes) -> AuditEntry:
    """The link after ``head``. The caller holds the lock on the head and stores both.

    Raises ``ValueError`` for an event that would not read back equal from both databases:
    fractions, NUL, lone surrogates, integers beyond 2^53 - 1, deep nesting, a moment in another
    form.
    """
    if not re.fullmatch(_MOMENT, event.at, re.ASCII):
        raise ValueError("the moment of an audit entry is written by moment_text")
    if len(mac_key) != 32:
        raise ValueError("the audit key has 32 bytes")
    fields = _fields(event)
    _refuse_unstorable(fields, depth=0)
    digest = _digest(fields, head.seq + 1, head.hash)
    mac = hmac.digest(mac_key, digest, "sha256")
    return AuditEntry(
        **fields,
        seq=head.seq + 1,
        prev_hash=head.hash,
        hash=digest.hex(),
        mac=mac.hex(),
    )


def verify(
    entries: Iterable[AuditEntry],
    *,
    mac_key: bytes,
    head: Head,
    checkpoints: Iterable[Checkpoint] = (),
    signer: Ed25519PublicKey | None = None,
    origin: str | None = None,
) -> Verdict:
    """Walk all entries by rising ``seq`` and name the first bad one.

    Constant memory in the number of entries. ``head`` is the stored one. Checkpoints are believed
    only if ``signer`` signed them for ``origin``; giving some without both is a ``ValueError``.
    """
    seen: dict[int, set[str]] = {}
    for checkpoint in checkpoints:
        if signer is None or origin is None:
            raise ValueError("checkpoints need their signer and origin")
        if checkpoint.origin != origin or not checkpoint.signed_by(signer):
            return Verdict(False, checkpoint.seq, Fault.SIGNATURE, 0)
        seen.setdefault(checkpoint.seq, set()).add(checkpoint.hash)
    last = GENESIS
    for entry in entries:
        fault = _fault(entry, last, mac_key)
        if fault is None and seen.get(entry.seq, {entry.hash}) != {entry.hash}:
            fault = Fault.CHECKPOINT
        if fault is not None:
            bad = last.seq + 1 if fault is Fault.GAP else entry.seq
            return Verdict(False, bad, fault, last.seq)
        last = Head(entry.seq, entry.hash)
    return _end(last, head, max(seen, default=0))


def _end(last: Head, head: Head, anchored: int) -> Verdict:
    if max(head.seq, anchored) > last.seq:
        return Verdict(False, last.seq + 1, Fault.TAIL, last.seq)
    if head != last:
        return Verdict(False, min(head.seq + 1, last.seq), Fault.HEAD, last.seq)
    return Verdict(True, None, None, last.seq)


def _fault(entry: AuditEntry, last: Head, mac_key: bytes) -> Fault | None:
    if entry.seq != last.seq + 1:
        return Fault.GAP if entry.seq > last.seq else Fault.ORDER
    if entry.prev_hash != last.hash:
        return Fault.LINK
    try:
        digest = _digest(_fields(entry), entry.seq, entry.prev_hash)
    except ValueError:  # an edit left something JSON cannot hold
        return Fault.HASH
    if digest.hex() != entry.hash:
        return Fault.HASH
    mac = hmac.digest(mac_key, digest, "sha256").hex()
    return None if hmac.compare_digest(mac.encode(), str(entry.mac).encode()) else Fault.MAC


def checkpoint(head: Head, *, origin: str, at: datetime, key: Ed25519PrivateKey) -> Checkpoint:
    """Sign the head. ``origin`` names the installation: ``ValueError`` if it has spaces."""
    if not re.fullmatch(_ORIGIN, origin):
        raise ValueError("an origin is 1 to 100 of A-Z a-z 0-9 . _ : -")
    moment = moment_text(at)
    text = _signed_text(origin, head.seq, head.hash, moment)
    return Checkpoint(origin, head.seq, head.hash, moment, key.sign(text.encode()))


def checkpoint_due(head: Head, last: Checkpoint | None, now: datetime) -> bool:
    """Whether to sign now: 64 entries, or five minutes with any entry at all, since the last."""
    if last is None:
        return head.seq > 0
    if head.seq <= last.seq:
        return False
    age = now - datetime.fromisoformat(last.at)
    return head.seq - last.seq >= CHECKPOINT_ROWS or age >= CHECKPOINT_AGE


def read_checkpoints(text: str) -> tuple[list[Checkpoint], list[int]]:
    """Checkpoints of a file, and the numbers of lines that are none (1 is the first)."""
    found: list[Checkpoint] = []
    damaged: list[int] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line:
            continue
        match = _LINE.fullmatch(line)
        try:
            signature = decode(match["signature"]) if match else b""
        except ValueError:
            match = None
        if match is None:
            damaged.append(number)
        else:
            origin, seq, digest, at = match.group("origin", "seq", "hash", "at")
            found.append(Checkpoint(origin, int(seq), digest, at, signature))
    return found, damaged


def signing_key(seed: bytes) -> Ed25519PrivateKey:
    """The key that signs checkpoints, from 32 derived bytes."""
    return Ed25519PrivateKey.from_private_bytes(seed)


_LINE = re.compile(
    rf"yinuo-checkpoint-v1 (?P<origin>{_ORIGIN}) (?P<seq>0|[1-9][0-9]{{0,17}}) "
    rf"(?P<hash>[0-9a-f]{{64}}) (?P<at>{_MOMENT}) (?P<signature>[A-Za-z0-9_-]{{86}})",
    re.ASCII,
)


def _signed_text(origin: str, seq: int, digest: str, at: str) -> str:
    return f"yinuo-checkpoint-v1 {origin} {seq} {digest} {at}"


def _fields(event: AuditEvent) -> dict[str, Any]:
    """What is hashed. Details of another shape, left by an edit, are hashed as they are."""
    details: Any = event.details
    return {
        "at": event.at,
        "actor": event.actor,
        "role": event.role,
        "action": event.action,
        "object": event.object,
        "purpose": event.purpose,
        "outcome": event.outcome,
        "request_id": event.request_id,
        "ip_hmac": event.ip_hmac,
        "details": dict(details) if isinstance(details, Mapping) else details,
    }


def _refuse_unstorable(value: object, depth: int) -> None:
    if depth > _MAX_DEPTH or isinstance(value, float):
        raise ValueError("audit details hold no fractions and are not deeply nested")
    if isinstance(value, str) and "\x00" in value:
        raise ValueError("audit text holds no NUL")
    if isinstance(value, dict):
        for key, inner in value.items():
            _refuse_unstorable(key, depth + 1)
            _refuse_unstorable(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _refuse_unstorable(inner, depth + 1)


def _digest(fields: dict[str, Any], seq: int, prev_hash: str) -> bytes:
    """Raises ``ValueError`` for what JSON cannot hold."""
    row = {**fields, "seq": seq, "prev_hash": prev_hash}
    return hashlib.sha256(b"audit-v1\x00" + rfc8785.dumps(row)).digest()
