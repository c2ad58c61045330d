"""Documents as they are served and as they lie in the folder: the same bytes, the same times.

What validators a path has is stored, because they may never go back: newsboat drops a body whose
Last-Modified has not moved, and a file's own time does not survive a copy.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.clock import Clock
from feedbot.publish.files import put_file, remove_file, unwritable
from feedbot.render import atom, jsonfeed, opml, rss
from feedbot.store import documents
from feedbot.store.documents import Written
from feedbot.store.engine import Store

_TYPES = {
    atom.ENDING: atom.CONTENT_TYPE,
    rss.ENDING: rss.CONTENT_TYPE,
    jsonfeed.ENDING: jsonfeed.CONTENT_TYPE,
    opml.ENDING: opml.CONTENT_TYPE,
    "css": "text/css; charset=utf-8",
}


@dataclass(frozen=True, slots=True, eq=False)
class Published:
    """A document as served: its bytes, plain and gzipped, and what goes before them.

    modified: whole seconds, later than that of any earlier body
    max_age:  for how many seconds it need not be asked for again
    """

    body: bytes = field(repr=False)
    gzipped: bytes = field(repr=False)
    etag: str
    modified: datetime
    content_type: str = atom.CONTENT_TYPE
    max_age: int = 60

    @classmethod
    def of(
        cls, body: bytes, modified: datetime, *, ending: str = atom.ENDING, max_age: int = 60
    ) -> Published:
        """The same bytes make the same validators in every process."""
        squeezed = gzip.compress(body, 6, mtime=0)
        etag = f'"{digest_of(body)[:32]}"'
        return cls(body, squeezed, etag, modified, _TYPES[ending], max_age)


@lru_cache(maxsize=64)
def elsewhere(feed: Published, old: str, new: str) -> Published:
    """A document whose links into our own folder begin with `new`, not `old`.

    Both are URLs of few signs, written the same way in XML and JSON.
    """
    body = feed.body.replace(f"{old}/".encode(), f"{new}/".encode())
    squeezed = gzip.compress(body, 6, mtime=0)
    etag = f'"{digest_of(body)[:32]}"'
    return replace(feed, body=body, gzipped=squeezed, etag=etag)


async def _nobody(_: AsyncConnection, __: Sequence[Written]) -> None:
    """Is told of changes, and does nothing."""


def digest_of(body: bytes) -> str:
    """What tells one body from another."""
    return hashlib.sha256(body).hexdigest()


#: Is told of documents that differ, in the transaction that records them.
Changed = Callable[[AsyncConnection, Sequence[Written]], Awaitable[None]]


class Shelf:
    """All documents of one folder, by path: `embassy.atom`, `counters/since.rss`, `feed.css`."""

    def __init__(self, store: Store, clock: Clock, directory: Path) -> None:
        self._store = store
        self._clock = clock
        self._served: dict[str, Published] = {}
        self._written: dict[str, Written] | None = None  # as stored
        self._on_disk: dict[str, str] = {}  # digests of files that we know
        self.unsettled: set[str] = set()  # recorded, but not yet in memory and in files
        self.changed: Changed = _nobody
        self.directory = directory

    def get(self, path: str) -> Published | None:
        """A document that is kept in memory."""
        return self._served.get(path)

    async def known(self) -> Collection[str]:
        """Every path that was ever put. Raises StoreError."""
        return (await self._rows()).keys()

    async def put(
        self, bodies: Mapping[str, bytes], *, max_age: int = 60, keep: bool = True
    ) -> None:
        """Serve these bodies by their paths and write those that differ.

        keep: whether they are served from memory; else the file is read when it is asked for.
        Raises PublishError, StoreError.
        """
        rows = await self._rows()
        now = self._clock.now().replace(microsecond=0)
        fresh = [
            _written(path, digest, rows.get(path), now)
            for path, digest in ((path, digest_of(body)) for path, body in bodies.items())
            if path not in rows or rows[path].digest != digest
        ]
        try:
            if fresh:
                self.unsettled.update(row.path for row in fresh)
                async with self._store.transaction() as connection:
                    await documents.record(connection, fresh)
                    await self.changed(connection, fresh)
                rows |= {row.path: row for row in fresh}
            await asyncio.to_thread(self._lay_out, bodies, rows, max_age, keep)
        finally:
            self.unsettled.difference_update(row.path for row in fresh)

    async def drop(self, paths: Iterable[str]) -> None:
        """Serve these no more and take their files away; that they were there stays known.

        Raises PublishError.
        """
        dropped = list(paths)
        for path in dropped:
            self._served.pop(path, None)
            self._on_disk.pop(path, None)
        await asyncio.to_thread(self._remove, dropped)

    async def read(self, path: str, max_age: int) -> Published | None:
        """A document that is not kept in memory, from its file; None where there is none."""
        row = (await self._rows()).get(path)
        if row is None:
            return None
        try:
            body = await asyncio.to_thread((self.directory / path).read_bytes)
        except OSError:
            return None
        ending = path.rpartition(".")[2]
        return Published.of(body, row.modified, ending=ending, max_age=max_age)

    def withdraw(self, paths: Iterable[str]) -> None:
        """Serve these no more; their files stay."""
        for path in paths:
            self._served.pop(path, None)

    async def _rows(self) -> dict[str, Written]:
        if self._written is None:
            async with self._store.reading() as connection:
                self._written = await documents.load_all(connection)
        return self._written

    def _lay_out(
        self, bodies: Mapping[str, bytes], rows: Mapping[str, Written], max_age: int, keep: bool
    ) -> None:
        """Memory first: a full disk must not keep what is new from those who ask for it."""
        for path, body in bodies.items():
            row, ending = rows[path], path.rpartition(".")[2]
            made = Published.of(body, row.modified, ending=ending, max_age=max_age)
            if keep:
                self._served[path] = made
            self._write(path, made, row)

    def _write(self, path: str, made: Published, row: Written) -> None:
        file = self.directory / path
        packed = file.with_name(f"{file.name}.gz")
        seconds = int(row.modified.timestamp())
        try:
            if self._on_disk.get(path) == row.digest and file.exists():
                return
            put_file(file, made.body, seconds)
            put_file(packed, made.gzipped, seconds)
        except OSError as error:
            raise unwritable(file, error) from None
        self._on_disk[path] = row.digest

    def _remove(self, paths: Iterable[str]) -> None:
        for path in paths:
            file = self.directory / path
            try:
                remove_file(file)
                remove_file(file.with_name(f"{file.name}.gz"))
            except OSError as error:
                raise unwritable(file, error) from None


def _written(path: str, digest: str, old: Written | None, now: datetime) -> Written:
    """Last-Modified moves by a second or more with the body, whatever the clock says."""
    modified = max(now, old.modified + timedelta(seconds=1)) if old else now
    return Written(path, digest, modified.astimezone(UTC))
