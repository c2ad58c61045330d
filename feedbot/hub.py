"""Telling the WebSub hub of changes, from the outbox, until it knows.

Shelf: a document differs → its new validators and what the hub is owed: one transaction
tick (once a second) → what is due is told, a topic at a time; a failure waits and is retried
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.clock import Clock
from feedbot.errors import FetchError, StoreError
from feedbot.fetch import Fetcher
from feedbot.fetch.ping import HubRefusedError, ping
from feedbot.publish import Plan
from feedbot.store import hub
from feedbot.store.documents import Written
from feedbot.store.engine import Store
from feedbot.store.hub import Topic

log = logging.getLogger(__name__)

_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=6)
#: Then the next change will tell the hub: by the pauses above, after about a day.
_MOST_ATTEMPTS = 12


class HubTeller:
    """Tells the hub of the plan, if there is one.

    plan:      what is published now, also after a reload
    unsettled: paths of documents that are just being written: a hub that came at once would find
               the old one
    """

    def __init__(
        self,
        store: Store,
        fetcher: Fetcher,
        clock: Clock,
        plan: Callable[[], Plan],
        unsettled: Collection[str],
    ) -> None:
        self._store = store
        self._fetcher = fetcher
        self._clock = clock
        self._plan = plan
        self._unsettled = unsettled
        self._due: datetime | None = clock.now()  # None: nothing is owed
        self._task: asyncio.Task[None] | None = None

    async def owe(self, connection: AsyncConnection, changed: Sequence[Written]) -> None:
        """Owe the hub that documents have changed, in the transaction that says so."""
        address = self._plan().hub
        topics = [one for one in changed if is_topic(one.path)]
        if address and topics:
            self._due = self._clock.now()
            await hub.owe(connection, address, topics, self._due)

    async def tick(self) -> None:
        """Begin to tell what is due. Never raises: trouble is logged, and the next tick comes."""
        idle = self._task is None or self._task.done()
        if idle and self._due and self._due <= self._clock.now() and self._plan().hub:
            self._task = asyncio.create_task(self.tell(), name="hub")

    async def tell(self) -> None:
        """Tell all that is due now."""
        if self._plan().hub is None:
            return
        try:
            async with self._store.transaction() as connection:
                topics = await hub.claim(connection, self._clock.now(), self._unsettled)
            for topic in topics:
                await self._tell(topic)
            async with self._store.reading() as connection:
                self._due = await hub.next_due(connection)
        except StoreError as error:
            log.error("%s; the hub is told later", error)

    async def _tell(self, topic: Topic) -> None:
        plan = self._plan()
        if plan.hub is None:
            return
        try:
            await ping(self._fetcher, plan.hub, f"{plan.root}/{topic.path}")
        except FetchError as error:
            await self._note(topic, error)
            return
        async with self._store.transaction() as connection:
            await hub.told(connection, topic)

    async def _note(self, topic: Topic, error: FetchError) -> None:
        now = self._clock.now()
        hopeless = isinstance(error, HubRefusedError) or topic.attempts >= _MOST_ATTEMPTS
        pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** (topic.attempts - 1))
        again = None if hopeless else now + pause
        async with self._store.transaction() as connection:
            await hub.not_told(connection, topic, error.cause, now, again)
        said = f"next try {again:%Y-%m-%d %H:%M:%S} UTC" if again else "given up"
        log.warning("feeds.hub: %s; %s", error, said)

    async def stop(self) -> None:
        """End what is under way; what was not told is told by the next process."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)


def is_topic(path: str) -> bool:
    """Whether a document is a feed that readers subscribe to: neither a list nor an archive."""
    name, _, ending = path.rpartition(".")
    return ending in ("atom", "rss", "json") and not name.rpartition("/")[2].isdigit()
