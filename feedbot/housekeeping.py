"""What is done once a day, a little at a time, so that the store holds no more than it needs."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

from feedbot.clock import Clock
from feedbot.errors import StoreError
from feedbot.store import history
from feedbot.store.engine import Store
from feedbot.store.prune import prune
from feedbot.store.reindex import reindex

log = logging.getLogger(__name__)

_EVERY = timedelta(days=1)


class Housekeeper:
    """Prunes what was sent longer ago than `keep()`; makes an index of old words anew."""

    def __init__(self, store: Store, clock: Clock, keep: Callable[[], timedelta]) -> None:
        self._store = store
        self._clock = clock
        self._keep = keep
        self._due = clock.now()
        self._indexing = True  # until it is known that the index is as this program makes it

    async def tick(self) -> None:
        """One small batch, if the day's work is not done. Never raises: the next day comes."""
        if self._indexing:
            await self._index()
        elif self._clock.now() >= self._due:
            await self._step()

    async def sweep(self) -> None:
        """All that is due now; of an index to be made anew one batch."""
        await self._index()
        while self._clock.now() >= self._due:
            await self._step()

    async def _index(self) -> None:
        try:
            async with self._store.transaction() as connection:
                self._indexing = await reindex(connection, self._clock.now())
        except StoreError as error:
            log.warning("the search index was not made: %s", error)
            self._indexing = False

    async def _step(self) -> None:
        now = self._clock.now()
        try:
            async with self._store.transaction() as connection:
                more = await prune(connection, now - self._keep())
                more = await history.forget(connection, now) or more
        except StoreError as error:
            log.warning("old deliveries were not pruned: %s", error)
            more = False
        if not more:
            self._due = now + _EVERY
