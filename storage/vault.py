"""People's data keys, and the sealing of their words with them.

Everything a person said or that says something about them is sealed with a key of their own,
wrapped by the installation's key (``storage.crypto``). Destroying the wrapped key makes all of
it unreadable, in every copy and backup.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from storage import crypto
from storage.crypto import Keystore, SubjectKey
from storage.database import Tx
from storage.errors import NotFound
from storage.queries.common import chunks, insert_all, table
from storage.tables import SubjectKey as SubjectKeyRow

#: Unwrapped keys kept in memory; one is about 1 kB.
CACHED = 20_000


class Vault:
    """Seals and opens fields. Safe to use from several threads."""

    def __init__(self, keystore: Keystore) -> None:
        self.keystore = keystore
        self.system = crypto.installation_key(keystore)
        self._cache: OrderedDict[str, SubjectKey] = OrderedDict()
        self._lock = threading.Lock()

    def new_subject(self, tx: Tx, *, candidate_id: str | None = None) -> SubjectKey:
        """Make and store a key for somebody we have not met."""
        return self.new_subjects(tx, [candidate_id])[0]

    def new_subjects(self, tx: Tx, candidate_ids: Sequence[str | None]) -> list[SubjectKey]:
        """Make and store a key for each of several people; the keys, in order."""
        made = [self.keystore.new_subject_key() for _ in candidate_ids]
        rows = [
            {
                "id": key.id,
                "candidate_id": candidate_id,
                "wrapped": wrapped,
                "created_at": tx.now,
            }
            for candidate_id, (key, wrapped) in zip(candidate_ids, made, strict=True)
        ]
        insert_all(tx, SubjectKeyRow, rows)
        # Not cached: this transaction may still be rolled back.
        return [key for key, _ in made]

    def key(self, tx: Tx, subject_id: str) -> SubjectKey:
        """A person's key. Raises ``NotFound`` after their erasure."""
        return self.keys(tx, [subject_id])[subject_id]

    def keys(self, tx: Tx, subject_ids: Iterable[str]) -> dict[str, SubjectKey]:
        """Keys of several people in one query."""
        wanted = set(subject_ids)
        with self._lock:
            found = {sid: self._cache[sid] for sid in wanted if sid in self._cache}
        missing = wanted - found.keys()
        if missing:
            rows = table(SubjectKeyRow)
            for some in chunks(missing):
                query = sa.select(rows.c.id, rows.c.wrapped).where(
                    rows.c.id.in_(some), rows.c.destroyed_at.is_(None)
                )
                for row in tx.all(query):
                    found[row.id] = self.keystore.unwrap(row.id, row.wrapped)
            if len(found) < len(wanted):
                raise NotFound("a person's key does not exist any more")
            self._remember(found[sid] for sid in missing)
        return found

    def forget(self, subject_id: str) -> None:
        """Drop a key from memory, as its destruction must."""
        with self._lock:
            self._cache.pop(subject_id, None)

    def _remember(self, keys: Iterable[SubjectKey]) -> None:
        with self._lock:
            for key in keys:
                self._cache[key.id] = key
            while len(self._cache) > CACHED:
                self._cache.popitem(last=False)


def seal(key: SubjectKey, text: str, where: str, row_id: str, *, pad: bool = False) -> str:
    """Seal a field. ``where`` is ``table.column``."""
    table_name, column = where.split(".")
    return crypto.seal(key, text, table=table_name, column=column, row_id=row_id, pad=pad)


def unseal(key: SubjectKey, token: str, where: str, row_id: str) -> str:
    """Open a field. Raises ``SealBroken`` when it was moved or changed."""
    table_name, column = where.split(".")
    return crypto.open_(key, token, table=table_name, column=column, row_id=row_id)
