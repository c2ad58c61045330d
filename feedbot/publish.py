"""From the store to the feed files: built whole, written at once, kept in memory for serving.

A feed is a function of the store alone, so a crash between a commit and the file costs nothing:
the next start builds every feed again and writes those whose bytes differ.
"""

from __future__ import annotations

import asyncio
import errno
import gzip
import hashlib
import os
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from feedbot.clock import Clock
from feedbot.errors import PublishError
from feedbot.model import Source
from feedbot.render.atom import FeedMeta, render_atom
from feedbot.store import entries, sources
from feedbot.store.engine import Store
from feedbot.store.rename import former_names


@dataclass(frozen=True, slots=True)
class Published:
    """A feed as served: its bytes, plain and gzipped, and their validators.

    modified: whole seconds, later than that of any earlier body; newsboat drops a new body else
    """

    body: bytes = field(repr=False)
    gzipped: bytes = field(repr=False)
    etag: str
    modified: datetime

    @classmethod
    def of(cls, body: bytes, modified: datetime) -> Published:
        """The same bytes make the same validators in every process."""
        digest = hashlib.sha256(body).hexdigest()
        return cls(body, gzip.compress(body, 6, mtime=0), f'"{digest[:32]}"', modified)


class Publisher:
    """Writes `DIRECTORY/NAME.atom` and keeps what it wrote.

    base_url: where the files are served, without a slash at its end; self links point below it
    limit:    entries in each feed
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        configured: Mapping[str, Source],
        *,
        directory: Path,
        base_url: str,
        limit: int,
    ) -> None:
        self._store = store
        self._clock = clock
        self._configured = configured
        self._base_url = base_url
        self._limit = limit
        self._feeds: dict[str, Published] = {}
        self._moved: dict[str, str] = {}
        # One build of a feed at a time, from reading to renaming: of two, the older could end last.
        self._building: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.directory = directory

    def configure(self, configured: Mapping[str, Source], base_url: str, limit: int) -> None:
        """Take up a new configuration; what it changes shows with the next `publish_all`."""
        self._configured, self._base_url, self._limit = configured, base_url, limit

    def check_writable(self) -> None:
        """See that feeds can be written at all, before anything is polled. Raises PublishError."""
        probe = self.directory / f".writable.{os.getpid()}"
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            probe.write_bytes(b"x")
            probe.unlink()
        except OSError as error:
            raise _unwritable(self.directory, error) from None

    def get(self, name: str) -> Published | None:
        """The feed of a source, as it was last written."""
        return self._feeds.get(name)

    def moved(self, name: str) -> str | None:
        """The present name of a source that was called `name`; None: none was."""
        return self._moved.get(name)

    def path(self, name: str) -> Path:
        """Where a source's feed is written."""
        return self.directory / f"{name}.atom"

    def url(self, name: str) -> str:
        """Where a source's feed is served."""
        return f"{self._base_url}/feeds/{name}.atom"

    async def publish_all(self) -> None:
        """Write every feed that differs; take up those of sources no longer configured as they are.

        The file of a source that has another name now goes: two of one feed would drift apart.
        Raises PublishError, StoreError.
        """
        async with self._store.reading() as connection:
            states = await sources.load_all(connection)
            self._moved = await former_names(connection)
        for state in states:
            if state.name in self._configured:
                await self.publish(state.name)
            else:
                await asyncio.to_thread(self._take_up, state.name)
        for name in self._moved:
            self._feeds.pop(name, None)
            await asyncio.to_thread(self._remove, name)

    async def publish(self, name: str) -> None:
        """Build a source's feed and write it if it differs; before the baseline there is none.

        A source that has left the configuration meanwhile keeps the feed it has.
        Raises PublishError, StoreError.
        """
        async with self._building[name]:
            await self._publish(name)

    async def _publish(self, name: str) -> None:
        source = self._configured.get(name)
        if source is None:
            return
        async with self._store.reading() as connection:
            state = await sources.load(connection, name)
            if state.baseline_at is None:
                return
            shown = await entries.newest(connection, state.id, self._limit)
        meta = FeedMeta(
            id=state.feed_id,
            title=source.title,
            url=source.url,
            self_url=self.url(name),
            language=source.language,
            author=source.author or source.title,
            timezone=source.timezone,
            fallback_updated=state.baseline_at.replace(microsecond=0),
        )
        body = await asyncio.to_thread(render_atom, meta, shown)
        await asyncio.to_thread(self._write, name, body)

    def _take_up(self, name: str) -> None:
        """Keep serving what is there, if anything is; nobody will write it again."""
        with suppress(OSError):
            self._feeds[name] = _read(self.path(name))

    def _remove(self, name: str) -> None:
        try:
            self.path(name).unlink(missing_ok=True)
        except OSError as error:
            raise _unwritable(self.path(name), error) from None

    def _write(self, name: str, body: bytes) -> None:
        path = self.path(name)
        try:
            old = self._feeds.get(name) or (_read(path) if path.exists() else None)
            if old and old.body == body and path.exists():
                self._feeds[name] = old
                return
            now = int(self._clock.now().timestamp())
            modified = max(now, int(old.modified.timestamp()) + 1) if old else now
            replace_file(path, body, modified)
        except OSError as error:
            raise _unwritable(path, error) from None
        self._feeds[name] = Published.of(body, datetime.fromtimestamp(modified, UTC))


def _unwritable(path: Path, error: OSError) -> PublishError:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    cure = "make room on its disk" if full else "check feeds.directory and its permissions"
    return PublishError(f"{path}: {error.strerror}; {cure}")


def _read(path: Path) -> Published:
    body = path.read_bytes()
    return Published.of(body, datetime.fromtimestamp(int(path.stat().st_mtime), UTC))


def replace_file(path: Path, body: bytes, modified: int | None = None) -> None:
    """Put `body` at `path` so that a reader sees the old file or the new one, even after a crash.

    modified: the file's time in seconds since 1970, if it matters. Raises OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with partial.open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        if modified is not None:
            os.utime(partial, (modified, modified))
        partial.replace(path)
    except OSError:
        with suppress(OSError):
            partial.unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY)  # the rename itself must survive the power
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
