"""Errors of storage, named by what to do next."""

from __future__ import annotations


class StorageError(Exception):
    """Anything the store could not do."""


class StorageUnavailable(StorageError):
    """The database is locked, full, read-only or away. Nothing was written; try again later."""


class Stale(StorageError):
    """Somebody decided in between. Look again and decide again."""


class NotFound(StorageError):
    """No such object, or none this viewer may know of; the two are never told apart."""


class Conflict(StorageError):
    """The object exists already, or the request contradicts its state."""


class AlreadyRunning(StorageError):
    """Another process holds this SQLite file. One file, one process."""
