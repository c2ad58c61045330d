"""Opening the store: one engine, short transactions, one scheduler at a time.

SQLite: WAL; `synchronous=FULL`, because NORMAL can lose a "sent" mark with the power; a busy
timeout; foreign keys; every writing transaction BEGIN IMMEDIATE, so that two never deadlock.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from filelock import FileLock, Timeout
from sqlalchemy.engine import URL
from sqlalchemy.exc import DatabaseError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from feedbot.errors import StoreBusyError, StoreError, StoreUnwritableError
from feedbot.store import migrate
from feedbot.store.schema import meta

_BUSY_SECONDS = 5
_HURRY_SECONDS = 0.2
#: What SQLite says when it cannot write, and the cure.
_UNWRITABLE = {
    "readonly": "check storage.url and its permissions",
    "unable to open": "check storage.url and its permissions",
    "is locked": "another program holds it; close that one",
    "is full": "make room on its disk",
    "disk I/O error": "see whether its disk is full or failing",
}


class Store:
    """A store that has been opened; `path` is the database file.

    Queries live beside this module and take the connection, so that the one who calls them sees
    where a transaction begins and ends.
    """

    def __init__(self, engine: AsyncEngine, path: Path) -> None:
        self._engine = engine
        self._writing = asyncio.Lock()  # our own writers queue here, not at SQLite's busy handler
        self._scheduler: FileLock | None = None
        self._begin: dict[str, Any] = {"feedbot_begin": "IMMEDIATE"}
        self.path = path

    @classmethod
    async def open(cls, url: str) -> Store:
        """Open `sqlite:///path`, creating or migrating it. The path stands there as it is.

        Raises StoreTooNewError, StoreUnwritableError, StoreError: one line each.
        """
        path = Path(url.removeprefix("sqlite:///"))
        with _wrapped(path):
            await asyncio.to_thread(migrate.upgrade, path, _create_parents(path))
        return cls(_create_engine(path), path)

    async def close(self) -> None:
        """Close every connection and let another scheduler in."""
        await self._engine.dispose()
        if self._scheduler:
            self._scheduler.release()
            self._scheduler = None

    def hurry(self) -> None:
        """From now on wait for nobody's lock for long: this process is about to end."""
        self._begin["feedbot_busy"] = int(_HURRY_SECONDS * 1000)

    def become_scheduler(self) -> None:
        """Claim the right to poll and send for this store until closed, or until this process dies.

        The operating system holds the lock, so a killed process leaves none behind.
        Raises StoreBusyError.
        """
        lock = FileLock(_lock_path(self.path))
        try:
            lock.acquire(timeout=1)  # `status` may be looking at the lock this very moment
        except Timeout:
            raise StoreBusyError(
                f"{self.path}: another feedbot (run or once) works on this store; stop it first"
            ) from None
        except OSError as error:
            raise StoreUnwritableError(
                f"{lock.lock_file}: {error.strerror}; check storage.url and its permissions"
            ) from None
        self._scheduler = lock

    def has_scheduler(self) -> bool:
        """Whether some process, this one included, polls and sends for this store now."""
        if self._scheduler:
            return True
        lock = FileLock(_lock_path(self.path))
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return True
        except OSError:  # a folder we may only read: nobody of ours works in it
            return False
        lock.release()
        return False

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """A writing transaction: all of it is committed, or none.

        Raises StoreUnwritableError or StoreError for what the database refuses.
        """
        async with self._writing:
            with _wrapped(self.path):
                async with self._engine.connect() as connection:
                    await connection.execution_options(**self._begin)
                    async with connection.begin():
                        yield connection

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A consistent view for reading; it never waits for a writer."""
        with _wrapped(self.path):
            async with self._engine.connect() as connection, connection.begin():
                yield connection

    async def check_writable(self, now: datetime) -> None:
        """Write something small. Raises StoreUnwritableError, StoreError."""
        async with self.transaction() as connection:
            await connection.execute(sa.delete(meta).where(meta.c.key == "checked_at"))
            await connection.execute(
                sa.insert(meta).values(key="checked_at", value=now.isoformat())
            )

    async def backup(self, target: Path) -> None:
        """Write a consistent copy to `target` while others work. Raises StoreError."""
        await asyncio.to_thread(backup, self.path, target)


def _lock_path(path: Path) -> Path:
    return path.with_name(path.name + ".lock")


def _create_parents(path: Path) -> bool:
    """Make the folder; say whether the database is new."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreUnwritableError(f"{path.parent}: {error.strerror}; check storage.url") from None
    return not path.exists()


def _create_engine(path: Path) -> AsyncEngine:
    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=str(path)),
        connect_args={"timeout": _BUSY_SECONDS},
        pool_size=4,
        max_overflow=4,
    )

    # The driver's own transaction handling is switched off: ours says BEGIN IMMEDIATE.
    @sa.event.listens_for(engine.sync_engine, "connect")
    def on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @sa.event.listens_for(engine.sync_engine, "begin")
    def on_begin(connection: sa.Connection) -> None:
        options = connection.get_execution_options()
        if busy := options.get("feedbot_busy"):
            connection.exec_driver_sql(f"PRAGMA busy_timeout={busy}")
        connection.exec_driver_sql(f"BEGIN {options.get('feedbot_begin', 'DEFERRED')}")

    return engine


class _wrapped:
    """Turn what the database raises into our one-line errors."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: Any
    ) -> None:
        cause = error.orig if isinstance(error, DatabaseError) else error
        if isinstance(cause, sqlite3.Error):
            raise _translated(self._path, cause) from error


def _translated(path: Path, error: sqlite3.Error) -> StoreError:
    text = str(error)
    for sign, cure in _UNWRITABLE.items():
        if sign in text:
            return StoreUnwritableError(f"{path}: {text}; {cure}")
    if "not a database" in text or "malformed" in text:
        return StoreError(f"{path}: {text}; restore it from a backup or move it away")
    return StoreError(f"{path}: {text}")


def backup(source: Path, target: Path) -> None:
    """Write a consistent copy of the database at `source` to `target`. Raises StoreError."""
    if target.exists():
        raise StoreError(f"{target}: exists already; a backup never overwrites")
    partial = target.with_name(target.name + ".part")
    try:
        partial.unlink(missing_ok=True)
        with (
            sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True) as original,
            sqlite3.connect(partial) as copy,
        ):
            original.backup(copy)
        copy.close()
        original.close()
        partial.replace(target)
    except (sqlite3.Error, OSError) as error:
        partial.unlink(missing_ok=True)
        raise StoreError(f"{target}: backup failed: {error}") from None
