"""Opening a database and running units of work. SQLite and PostgreSQL differ only here.

A unit of work is a plain function of a transaction: ``await database.write(fn)``. It runs in a
thread, so it may not await; it must be safe to run again, and it must not touch the network.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar

import psycopg
import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url

from storage import sqlite
from storage.errors import StorageUnavailable

T = TypeVar("T")
Now = Callable[[], datetime]
Work = Callable[["Tx"], T]

#: Units of work that share one commit at most. More would only lengthen the wait of the first.
GROUP = 64
POSTGRES_THREADS = 8
#: Seconds without use after which a connection is asked whether it is still there.
RESTED_S = 5.0


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


class Tx:
    """One transaction, alive while its unit of work runs."""

    __slots__ = ("_committed", "_gathered", "conn", "now")

    def __init__(self, conn: sa.Connection, now: datetime) -> None:
        self.conn = conn
        self.now = now
        self._committed: list[Callable[[], None]] = []
        self._gathered: dict[Hashable, tuple[list[Any], Callable[[list[Any]], None]]] = {}

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self.conn.dialect.name

    def run(
        self,
        statement: sa.Executable,
        params: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    ) -> sa.CursorResult[Any]:
        """Execute a statement."""
        result = self.conn.execute(statement, params)
        assert isinstance(result, sa.CursorResult)
        return result

    def all(self, statement: sa.Executable, params: Mapping[str, Any] | None = None) -> list[Any]:
        """All rows."""
        return list(self.run(statement, params).all())

    def first(self, statement: sa.Executable, params: Mapping[str, Any] | None = None) -> Any:
        """The first row, or None."""
        return self.run(statement, params).first()

    def scalar(self, statement: sa.Executable, params: Mapping[str, Any] | None = None) -> Any:
        """The first column of the first row, or None."""
        return self.run(statement, params).scalar()

    def gather(self, name: Hashable, item: Any, flush: Callable[[list[Any]], None]) -> None:
        """Collect items under a name; ``flush`` gets them once, at the end of the transaction.

        Items stay collected when a savepoint in between is rolled back.
        """
        self._gathered.setdefault(name, ([], flush))[0].append(item)

    def finish(self) -> None:
        """Flush what was gathered; the database does this just before its commit."""
        for items, flush in self._gathered.values():
            flush(items)

    def after_commit(self, call: Callable[[], None]) -> None:
        """Call once the work is durable, never if it is rolled back. Must not block or raise."""
        self._committed.append(call)

    def committed(self) -> None:
        """Make the promised calls; the database does this after its commit."""
        for call in self._committed:
            call()


class Database(Protocol):
    """A place to run units of work."""

    url: URL

    @property
    def dialect(self) -> str: ...

    def submit(self, work: Work[T]) -> Future[T]:
        """Run a writing unit of work; the future resolves after its commit."""

    def submit_read(self, work: Work[T]) -> Future[T]:
        """Run a unit of work that cannot write."""

    async def write(self, work: Work[T]) -> T:
        """Run and wait. Raises what the work raises, or ``StorageUnavailable``."""

    async def read(self, work: Work[T]) -> T:
        """Run a unit of work that cannot write, and wait."""

    def close(self) -> None:
        """Finish what was submitted and let go of the file or the pool."""


class _Threads(ABC):
    """What both databases share: awaiting work that runs in threads."""

    url: URL

    def __init__(self, url: URL, now: Now) -> None:
        self.url = url
        self._now = now

    @abstractmethod
    def submit(self, work: Work[T]) -> Future[T]: ...

    @abstractmethod
    def submit_read(self, work: Work[T]) -> Future[T]: ...

    async def write(self, work: Work[T]) -> T:
        return await asyncio.wrap_future(self.submit(work))

    async def read(self, work: Work[T]) -> T:
        return await asyncio.wrap_future(self.submit_read(work))

    def _hand_over(self, pool: ThreadPoolExecutor, call: Callable[..., T], *args: Any) -> Future[T]:
        try:
            return pool.submit(call, *args)
        except RuntimeError:  # the pool was shut down
            return _refused()

    def _reading(self, engine: sa.Engine, work: Work[T]) -> T:
        try:
            with engine.connect() as conn:
                return work(Tx(conn, self._now()))
        except (sa.exc.OperationalError, sa.exc.TimeoutError, sa.exc.InternalError) as error:
            raise StorageUnavailable(_cause(error)) from error


class SQLiteDatabase(_Threads):
    """One file, one process, one writer thread.

    Units of work waiting at the same moment share a commit: each runs in its own savepoint, so
    one that fails takes nobody with it, and all of them are durable before any is answered.
    """

    dialect = "sqlite"

    def __init__(
        self, url: URL, *, now: Now = utc_now, readers: int = 3, shared: bool = False
    ) -> None:
        super().__init__(url, now)
        self._lock = None if shared else sqlite.lock_file(Path(url.database or ""))
        self._writer = sqlite.engine(url, writable=True)
        self._reader = sqlite.engine(url, writable=False)
        self._queue: queue.SimpleQueue[tuple[Work[Any], Future[Any]] | None] = queue.SimpleQueue()
        self._pool = ThreadPoolExecutor(readers, thread_name_prefix="read")
        # Opened here, so that an unusable file fails the start and not the first message.
        self._conn: sa.Connection | None = self._writer.connect()
        self._closed = False
        self._thread = threading.Thread(target=self._serve, name="writer", daemon=True)
        self._thread.start()

    def submit(self, work: Work[T]) -> Future[T]:
        if self._closed:
            return _refused()
        future: Future[T] = Future()
        self._queue.put((work, future))
        return future

    def submit_read(self, work: Work[T]) -> Future[T]:
        return self._hand_over(self._pool, self._reading, self._reader, work)

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._queue.put(None)
        self._thread.join()
        self._pool.shutdown(wait=True)
        if self._conn is not None:
            self._conn.close()
        self._writer.dispose()
        self._reader.dispose()
        if self._lock is not None:
            self._lock.close()

    def _serve(self) -> None:
        stopping = False
        while not stopping or not self._queue.empty():
            group = [self._queue.get()]
            while len(group) < GROUP and not self._queue.empty():
                group.append(self._queue.get())
            stopping = stopping or None in group
            # Once running, a future can no longer be cancelled under the writer's hands.
            waiting = [
                item
                for item in group
                if item is not None and item[1].set_running_or_notify_cancel()
            ]
            if waiting:
                self._commit_together(waiting)

    def _commit_together(self, group: list[tuple[Work[Any], Future[Any]]]) -> None:
        if len(group) == 1:
            self._commit_alone(*group[0])
            return
        done: list[tuple[Tx, Future[Any], Any]] = []
        failed: list[tuple[Future[Any], BaseException]] = []
        try:
            conn = self._conn = self._conn or self._writer.connect()
            with conn.begin() as transaction:
                for work, future in group:
                    tx = Tx(conn, self._now())
                    savepoint = conn.begin_nested()
                    try:
                        result = work(tx)
                        tx.finish()
                    except sa.exc.OperationalError:
                        # Full disk and I/O errors roll the whole transaction back inside SQLite.
                        raise
                    except Exception as error:  # noqa: BLE001 - handed to whoever asked
                        savepoint.rollback()
                        failed.append((future, error))
                    else:
                        savepoint.commit()
                        done.append((tx, future, result))
                transaction.commit()
        except sa.exc.DBAPIError as error:
            self._recover(group, error)
            return
        for future, error_ in failed:
            future.set_exception(error_)
        for tx, future, result in done:
            tx.committed()
            future.set_result(result)

    def _commit_alone(self, work: Work[Any], future: Future[Any]) -> None:
        """Without a savepoint: every statement hands the interpreter lock over and waits for it."""
        try:
            conn = self._conn = self._conn or self._writer.connect()
            with conn.begin() as transaction:
                tx = Tx(conn, self._now())
                result = work(tx)
                tx.finish()
                transaction.commit()
        except sa.exc.OperationalError as error:
            self._recover([(work, future)], error)
        except Exception as error:  # noqa: BLE001 - handed to whoever asked
            future.set_exception(error)
        else:
            tx.committed()
            future.set_result(result)

    def _recover(
        self, group: list[tuple[Work[Any], Future[Any]]], error: sa.exc.DBAPIError
    ) -> None:
        """The common commit failed: nothing is written. Try each alone, to spare the innocent."""
        if self._conn is not None:
            self._conn.invalidate()
            self._conn.close()
            self._conn = None  # connected again when next needed, which may fail again
        if len(group) == 1:
            group[0][1].set_exception(_unavailable(error))
            return
        for item in group:
            self._commit_together([item])


class PostgresDatabase(_Threads):
    """A pool of connections, one thread each."""

    dialect = "postgresql"

    def __init__(self, url: URL, *, now: Now = utc_now, threads: int = POSTGRES_THREADS) -> None:
        super().__init__(url, now)
        self.engine = sa.create_engine(
            url,
            pool_size=threads,
            max_overflow=0,
            pool_timeout=5,
            connect_args={"connect_timeout": 5, "options": "-c timezone=UTC"},
        )
        sa.event.listen(self.engine, "checkin", _rest)
        sa.event.listen(self.engine, "checkout", _ask_after_rest)
        self._read_only = self.engine.execution_options(postgresql_readonly=True)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="database")
        with self.engine.connect() as conn:
            conn.execute(sa.text("SELECT 1"))

    def submit(self, work: Work[T]) -> Future[T]:
        return self._hand_over(self._pool, self._writing, work)

    def submit_read(self, work: Work[T]) -> Future[T]:
        return self._hand_over(self._pool, self._reading, self._read_only, work)

    def close(self) -> None:
        self._pool.shutdown(wait=True)
        self.engine.dispose()

    def _writing(self, work: Work[T]) -> T:
        try:
            with self.engine.connect() as conn, conn.begin() as transaction:
                tx = Tx(conn, self._now())
                result = work(tx)
                tx.finish()
                transaction.commit()
        except (sa.exc.OperationalError, sa.exc.TimeoutError, sa.exc.InternalError) as error:
            raise StorageUnavailable(_cause(error)) from error
        tx.committed()
        return result


def _rest(_connection: Any, record: Any) -> None:
    record.info["rested_since"] = time.monotonic()


def _ask_after_rest(connection: Any, record: Any, _proxy: Any) -> None:
    """A connection unused for a while may be dead: ask before a transaction relies on it. One
    in steady use is not asked, which would cost a round trip a batch."""
    if time.monotonic() - record.info.get("rested_since", time.monotonic()) < RESTED_S:
        return
    try:
        connection.execute("SELECT 1")
        connection.rollback()
    except psycopg.Error as error:
        raise sa.exc.DisconnectionError("the connection died while unused") from error


def normalise_url(url: str) -> URL:
    """A URL with the driver we use: ``postgresql://`` means psycopg 3."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() == "sqlite":
        return parsed.set(drivername="sqlite")
    raise ValueError("database_url must start with sqlite:// or postgresql://")


def open_database(
    url: str, *, now: Now = utc_now, shared: bool = False
) -> SQLiteDatabase | PostgresDatabase:
    """Open the database at a URL. Raises ``AlreadyRunning`` or ``StorageUnavailable``.

    ``shared`` is for a short command beside a running server: it takes no lock on a SQLite file
    and must run no engine, because wake-ups live in the memory of the one that serves.
    """
    parsed = normalise_url(url)
    try:
        if parsed.get_backend_name() == "sqlite":
            return SQLiteDatabase(parsed, now=now, shared=shared)
        return PostgresDatabase(parsed, now=now)
    except sa.exc.DBAPIError as error:
        raise _unavailable(error) from error


def _refused() -> Future[Any]:
    future: Future[Any] = Future()
    future.set_exception(StorageUnavailable("the database is closed"))
    return future


def _cause(error: BaseException) -> str:
    """The driver's own words, without statement or parameters: those may carry a person's data."""
    original = getattr(error, "orig", None) or error
    return f"{type(original).__name__}: {str(original).splitlines()[0] if str(original) else ''}"


def _unavailable(error: sa.exc.DBAPIError) -> Exception:
    if isinstance(error, sa.exc.OperationalError):
        wrapped: Exception = StorageUnavailable(_cause(error))
        wrapped.__cause__ = error
        return wrapped
    return error
