"""Owing what counters are due: once per local date, in the transaction that remembers the date."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from feedbot.clock import Clock
from feedbot.counters import days, due, is_milestone, wording
from feedbot.model import Counter
from feedbot.owing import owe_counter
from feedbot.poll import Audience
from feedbot.store import counters as states
from feedbot.store import outbox
from feedbot.store.counters import Count, CounterState
from feedbot.store.engine import Store

log = logging.getLogger(__name__)


class Daily:
    """The counters of a store. `configured` gives the present ones, also after a reload."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        audience: Audience,
        configured: Callable[[], Sequence[Counter]],
    ) -> None:
        self._store = store
        self._clock = clock
        self._audience = audience
        self._configured = configured
        self._states: dict[str, CounterState] = {}
        self.counted: set[str] = set()  # counters whose feed is to be written anew

    async def sync(self) -> None:
        """Take up the configured counters. Raises StoreError."""
        async with self._store.transaction() as connection:
            names = [counter.name for counter in self._configured()]
            await states.sync(connection, names, self._clock.now())
            self._states = await states.load_all(connection)

    async def owe_due(self) -> int:
        """Owe every count that is due; how many deliveries that made. Raises StoreError.

        What is due is decided in memory, so that a tick with nothing due costs no query.
        """
        now = self._clock.now()
        owed = 0
        for counter in self._configured():
            state = self._states.get(counter.name)
            if state and due(counter, now, first_seen=state.first_seen, last_owed=state.last_owed):
                owed += await self._owe(counter)
        return owed

    async def _owe(self, counter: Counter) -> int:
        now = self._clock.now()
        async with self._store.transaction() as connection:
            self._states = await states.load_all(connection)  # the store knows, memory guesses
            state = self._states[counter.name]
            day = due(counter, now, first_seen=state.first_seen, last_owed=state.last_owed)
            if day is None:
                return 0
            text = wording(counter, days(counter, day))
            followers = await self._audience.followers(connection)
            owed = owe_counter(counter.name, day, text, followers)
            await outbox.owe(connection, owed, now)
            await states.mark_owed(connection, counter.name, day)
            await states.record(
                connection,
                counter.name,
                Count(day, text, now),
                milestone=is_milestone(counter, day),
            )
            self._states = await states.load_all(connection)
        self.counted.add(counter.name)
        log.info("%s: owed for %s to %d", counter.name, day, len(owed))
        return len(owed)
