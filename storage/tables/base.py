"""What all tables share.

Two habits hold everywhere. Text ids are made by us, unguessable, and known before the insert,
because a sealed value is bound to its row. A column called ``*_sealed`` holds a token of
``storage.crypto``, readable only with the data key of the person it belongs to.

Table modules must not use ``from __future__ import annotations``: SQLModel reads annotations.
"""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from storage.types import UtcDateTime

# Unnamed constraints cannot be dropped in SQLite's batch migrations.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def text_id() -> Any:
    """A primary key made by ``storage.crypto.new_public_id``."""
    return Field(primary_key=True, max_length=40, sa_type=sa.String(40))


def ref(target: str, *, nullable: bool = False, index: bool = False) -> Any:
    """A foreign key to a text id."""
    return Field(
        default=None if nullable else ...,
        sa_column=sa.Column(sa.String(40), sa.ForeignKey(target), nullable=nullable, index=index),
    )


def moment(*, nullable: bool = False) -> Any:
    """An aware moment in UTC."""
    return Field(
        default=None if nullable else ...,
        sa_column=sa.Column(UtcDateTime(), nullable=nullable),
    )


__all__ = ["datetime", "moment", "ref", "text_id"]
