"""The audit chain in the database: one row a deed, added in the deed's own transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import sqlalchemy as sa

from storage import chain, crypto
from storage.crypto import Keystore
from storage.database import Tx
from storage.queries.common import insert_all, insert_new, table, update
from storage.tables import AuditRow, ChainHead
from storage.viewer import Viewer

AUDIT = table(AuditRow)
HEAD = table(ChainHead)
_COLUMNS = tuple(one.name for one in fields(chain.AuditEntry))


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What somebody did to an object. ``details`` holds names of fields and ids only."""

    action: str
    object_id: str
    details: Mapping[str, Any] = field(default_factory=dict)
    purpose: str = ""
    outcome: str = "done"


def append(
    tx: Tx,
    keystore: Keystore,
    viewer: Viewer,
    action: str,
    object_id: str,
    *,
    purpose: str = "",
    outcome: str = "done",
    details: Mapping[str, Any] | None = None,
) -> None:
    """Add a link: who did what to which object. ``details`` holds names of fields and ids only.

    A deed whose link cannot be written is not done: both stand in one transaction.
    """
    deed = Deed(
        action=action,
        object_id=object_id,
        purpose=purpose,
        outcome=outcome,
        details=details or {},
    )
    append_all(tx, keystore, viewer, [deed])


def append_all(tx: Tx, keystore: Keystore, viewer: Viewer, deeds: Sequence[Deed]) -> None:
    """Add a link for each deed, in their order: the head is read once and moved once."""
    if not deeds:
        return
    row = hold(tx)
    last, key, entries = chain.Head(row.seq, row.hash), mac_key(keystore), []
    for deed in deeds:
        entry = chain.next_entry(last, _event(tx, viewer, deed), key)
        entries.append({name: getattr(entry, name) for name in _COLUMNS})
        last = chain.Head(entry.seq, entry.hash)
    insert_all(tx, AuditRow, entries)
    update(tx, ChainHead, HEAD.c.id == 1, seq=last.seq, hash=last.hash)


def _event(tx: Tx, viewer: Viewer, deed: Deed) -> chain.AuditEvent:
    return chain.AuditEvent(
        at=chain.moment_text(tx.now),
        actor=viewer.id,
        role=str(viewer.role) if viewer.role else "program",
        action=deed.action,
        object=deed.object_id,
        purpose=deed.purpose,
        outcome=deed.outcome,
        request_id=viewer.request_id,
        ip_hmac=viewer.ip_hmac,
        details=dict(deed.details),
    )


def hold(tx: Tx) -> Any:
    """The head, locked until the commit: two writers reading the same head would fork the chain.

    Whoever holds it first decides on what everybody before has done, and nobody does meanwhile.
    """
    insert_new(tx, ChainHead, [{"id": 1, "seq": chain.GENESIS.seq, "hash": chain.GENESIS.hash}])
    return tx.first(sa.select(HEAD).where(HEAD.c.id == 1).with_for_update())


def mac_key(keystore: Keystore) -> bytes:
    """The key under the chain's MACs."""
    return crypto.derive(keystore, "audit-mac")


def entries(tx: Tx) -> Iterator[chain.AuditEntry]:
    """The whole chain in order."""
    for row in tx.conn.execution_options(yield_per=1000).execute(
        sa.select(AUDIT).order_by(AUDIT.c.seq)
    ):
        yield chain.AuditEntry(**row._mapping)


def head(tx: Tx) -> chain.Head:
    """The last link as the head row remembers it."""
    row = tx.first(sa.select(HEAD).where(HEAD.c.id == 1))
    return chain.Head(row.seq, row.hash) if row is not None else chain.GENESIS


def verify(tx: Tx, keystore: Keystore) -> chain.Verdict:
    """Check every link, its MAC and the head."""
    return chain.verify(entries(tx), mac_key=mac_key(keystore), head=head(tx))


def page(tx: Tx, *, before: int | None = None, limit: int = 100) -> list[Any]:
    """Links, newest first."""
    query = sa.select(AUDIT).order_by(AUDIT.c.seq.desc()).limit(limit)
    if before is not None:
        query = query.where(AUDIT.c.seq < before)
    return tx.all(query)
