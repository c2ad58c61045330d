"""Polls that changed nothing, committed together."""

from __future__ import annotations

import asyncio

from feedbot.store import sources
from feedbot.store.engine import Store
from feedbot.store.sources import Confirmed


class Confirmations:
    """Commits the polls that changed nothing, as many at a time as have gathered.

    At thousands of sources nearly every poll is one of these; one transaction each would be most
    of their cost.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: list[tuple[Confirmed, asyncio.Future[None]]] = []
        self._flush: asyncio.Task[None] | None = None

    async def add(self, poll: Confirmed) -> None:
        """Return when the poll is committed. Raises StoreError."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((poll, done))
        if self._flush is None or self._flush.done():
            self._flush = asyncio.create_task(self._commit_all())
        await done

    async def _commit_all(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            failure: Exception | None = None
            try:
                async with self._store.transaction() as connection:
                    await sources.record_confirmed(connection, [poll for poll, _ in batch])
            except Exception as error:  # every waiting poll has to hear of it
                failure = error
            for _, done in batch:
                if done.done():
                    continue
                if failure:
                    done.set_exception(failure)
                else:
                    done.set_result(None)
