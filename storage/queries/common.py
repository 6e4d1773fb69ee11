"""Statements both databases understand."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import SQLModel

from storage.database import Tx

T = TypeVar("T")
#: Values of one ``IN``, and rows of one insert. Both databases take more; memory is the limit.
CHUNK = 500


def table(model: type[SQLModel]) -> sa.Table:
    """The Core table behind a SQLModel class."""
    made: sa.Table = model.__table__  # type: ignore[attr-defined]
    return made


def insert(tx: Tx, model: type[SQLModel], values: Mapping[str, Any]) -> None:
    """Insert one row. Raises IntegrityError when it exists."""
    tx.run(sa.insert(table(model)), dict(values))


def insert_all(tx: Tx, model: type[SQLModel], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows of the same columns, in one round trip. Raises IntegrityError when one exists."""
    if rows:
        tx.run(sa.insert(table(model)), [dict(row) for row in rows])


def chunks(values: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """Values, so many at a time that one statement takes them.

    >>> list(chunks("abc", 2))
    [['a', 'b'], ['c']]
    """
    rest = iter(values)
    while some := list(itertools.islice(rest, size)):
        yield some


def insert_new(tx: Tx, model: type[SQLModel], rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert the rows that are not there yet; the number that were new."""
    if not rows:
        return 0
    made = sqlite.insert if tx.dialect == "sqlite" else postgresql.insert
    count = 0
    for row in rows:
        statement = made(table(model)).values(**row).on_conflict_do_nothing()
        # Counted by what comes back: where SQLAlchemy fetches a generated key by itself, the
        # rowcount on PostgreSQL is -1 whatever happened.
        count += len(tx.run(statement.returning(sa.literal_column("1"))).all())
    return count


def update(tx: Tx, model: type[SQLModel], where: sa.ColumnElement[bool], **values: Any) -> int:
    """Update the rows a condition selects; the number changed."""
    return tx.run(sa.update(table(model)).where(where).values(**values)).rowcount
