"""The shell's heart: what is due is polled, what changed is published, what is owed wakes delivery.

    tick (once a second) → due sources → poll, many at once → publish → wake
                         → due counters                    → wake
                         → the operator's commands         → wake
                         → feeds that could not be written before

The tick only starts work, so a slow source delays no other, and no tick the next.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Iterable,
    Mapping,
)
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from feedbot.clock import Clock
from feedbot.daily import Daily
from feedbot.errors import PublishError, StoreError
from feedbot.model import Source
from feedbot.poll import Polled, Poller
from feedbot.publish import Publisher
from feedbot.store import held, retract, sources, turns
from feedbot.store.engine import Store
from feedbot.store.nudge import nudges
from feedbot.store.sources import SourceState

log = logging.getLogger(__name__)

#: Polls under way at once: twice the fetcher's connections, so that some fetch while others wait
#: for their commit.
MOST_POLLS = 200
#: Polls of one host that a tick starts; they wait for each other.
_IN_LINE = 4
#: The longest a source rests whose poll the store refused to record.
_LONGEST_REST = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Polls that left nothing behind: how many in a row, when to try again, the store's reason."""

    times: int
    until: datetime
    why: str | None


class Scheduler:
    """Runs polls, counters and publishing for one store.

    configured: the present sources by name, also after a reload
    wake:       tells the deliverer that something is owed
    read:       begins to read the articles that are due; never raises. None: nobody does
    resting:    hosts that are not to be asked now
    """

    def __init__(
        self,
        store: Store,
        poller: Poller,
        publisher: Publisher,
        daily: Daily,
        clock: Clock,
        configured: Callable[[], Mapping[str, Source]],
        wake: Callable[[], None],
        read: Callable[[], Awaitable[None]] | None = None,
        resting: Callable[[], Collection[str]] = tuple,
    ) -> None:
        self._store = store
        self._poller = poller
        self._publisher = publisher
        self._daily = daily
        self._clock = clock
        self._configured = configured
        self._wake = wake
        self._read = read
        self._hosts_resting = resting
        self._polls: dict[str, asyncio.Task[Polled]] = {}
        self._refused: dict[str, _Refusal] = {}
        self._unwritten: set[str] = set()
        self._archiving: asyncio.Task[None] | None = None
        self._unarchived = False  # whether the last try failed
        self._resting: frozenset[str] = frozenset()
        self._stale: dict[str, datetime] = {}  # feeds to be written anew, and when
        self._nudges = 0  # as the last tick saw them
        # Entries of each source taken back, and times that some were let go: at the last nudge.
        self._decided: dict[str, tuple[int, int]] = {}
        self._room = asyncio.Semaphore(MOST_POLLS)
        self.last_tick: datetime | None = None  # the last that did all its work
        self._trouble: str | None = None  # why the last one did not

    async def tick(self) -> None:
        """Start whatever is due. Never raises: trouble is logged once and shown as health."""
        try:
            await self._start_due()
            nudged = await self._nudged()
            if await self._daily.owe_due() or nudged:
                self._wake()
            if nudged:
                await self._publish_decided()
            await self.publish_counters()
            await self.publish_unwritten()
            await self.publish_stale(self._clock.now())
            self._start_archiving()
        except StoreError as error:
            self._note(str(error))
            return
        self.last_tick = self._clock.now()
        self._note(None)

    async def poll_all(self) -> list[Polled]:
        """Poll every source now, save those whose server said when to come back.

        Raises nothing for a source: its failure is in the result.
        """
        now = self._clock.now()
        async with self._store.reading() as connection:
            states = await sources.load_all(connection)
        held = [
            _held(state)
            for state in states
            if state.active and state.retry_after and state.retry_after > now
        ]
        skipped = {polled.source for polled in held}
        active = [state for state in states if state.active and state.name not in skipped]
        return held + await asyncio.gather(*self._spawn(turns.by_turns(active)))

    @asynccontextmanager
    async def resting(self, names: Collection[str]) -> AsyncIterator[None]:
        """Within it none of these sources is polled; what is under way has ended before."""
        self._resting = frozenset(names)
        try:
            while under_way := [self._polls[name] for name in names if name in self._polls]:
                await asyncio.wait(under_way)
            yield
        finally:
            self._resting = frozenset()

    async def publish_unwritten(self) -> None:
        """Try the feeds once more that could not be written."""
        self._unwritten &= self._configured().keys()
        again = list(self._unwritten)
        await self._publish(again)
        if self._publisher.unfinished:
            with suppress(PublishError, StoreError):  # it was said when it happened first
                await self._publisher.publish_all()

    def publish_later(self, name: str, pause: timedelta) -> None:
        """Have a feed written anew within `pause`, however often this is said meanwhile."""
        at = self._clock.now() + pause
        self._stale[name] = min(at, self._stale.get(name, at))

    async def publish_stale(self, until: datetime | None = None) -> None:
        """Write the feeds that are to be written by then; left out: all of them."""
        due = [name for name, at in self._stale.items() if until is None or at <= until]
        for name in due:
            del self._stale[name]
        await self._publish(due)
        for name in due:
            await self._publish_combined(name)

    async def publish_counters(self) -> None:
        """Write the feeds of counters that have counted; what cannot be written is tried again."""
        try:
            await self._publisher.publish_counters(self._daily.counted)
            self._daily.counted.clear()
        except PublishError as error:
            log.error("%s; will be tried again", error)

    def _start_archiving(self) -> None:
        """Archives may take longer than a tick, so no tick waits for them."""
        if self._publisher.archives.due and (self._archiving is None or self._archiving.done()):
            self._archiving = asyncio.create_task(self.publish_archives(), name="archives")

    async def publish_archives(self) -> None:
        """Write the archives that are due; what cannot be written is tried again."""
        try:
            await self._publisher.archives.write()
            self._unarchived = False
        except (PublishError, StoreError) as error:
            if not self._unarchived:
                log.error("%s; will be tried again", error)
            self._unarchived = True

    async def finish(self, grace: timedelta) -> None:
        """Let polls under way end within `grace`, then cut them off; each commits whole or not."""
        tasks: set[asyncio.Task[Any]] = set(self._polls.values())
        if self._archiving:
            tasks.add(self._archiving)
        if not tasks:
            return
        _, unfinished = await asyncio.wait(tasks, timeout=grace.total_seconds())
        for task in unfinished:
            task.cancel()
        await asyncio.gather(*unfinished, return_exceptions=True)

    async def _start_due(self) -> None:
        now = self._clock.now()
        room = MOST_POLLS - len(self._polls)
        if room <= 0:
            return
        resting = (name for name, refusal in self._refused.items() if refusal.until > now)
        busy = [*self._polls, *resting, *self._resting]
        async with self._store.reading() as connection:
            due = await turns.due(
                connection, now, busy=busy, hosts=self._hosts_resting(), limit=room
            )
        self._spawn(turns.by_turns(due, each=_IN_LINE))

    async def _nudged(self) -> bool:
        """Whether a command of the operator has changed what is owed, or to whom."""
        async with self._store.reading() as connection:
            seen, self._nudges = self._nudges, await nudges(connection)
        return self._nudges != seen

    async def _publish_decided(self) -> None:
        """Write the feeds anew that a command of the operator took from, or let something into."""
        async with self._store.reading() as connection:
            taken, given = await retract.numbers(connection), await held.releases(connection)
        names = taken.keys() | given.keys()
        numbers = {name: (taken.get(name, 0), given.get(name, 0)) for name in names}
        changed = [name for name in numbers if numbers[name] != self._decided.get(name)]
        await self._publish(changed)
        for name in changed:
            await self._publish_combined(name)
        self._decided = numbers

    def _spawn(self, states: Iterable[SourceState]) -> list[asyncio.Task[Polled]]:
        configured = self._configured()
        tasks = []
        for state in states:
            source = configured.get(state.name)
            if source is None or state.name in self._polls or state.name in self._resting:
                continue
            task = asyncio.create_task(self._poll(source, state), name=f"poll {source.name}")
            self._polls[source.name] = task
            tasks.append(task)
        return tasks

    async def _poll(self, source: Source, state: SourceState) -> Polled:
        try:
            async with self._room:
                polled = await self._poller.poll(source, state)
            self._refused.pop(source.name, None)
            if polled.feed_changed:
                await self._publish([source.name])
            if polled.owes:
                self._wake()
            if polled.reads and self._read:
                await self._read()
            if polled.feed_changed:
                await self._publish_combined(source.name)
        except StoreError as error:
            return self._rest(source, str(error), str(error))
        except Exception as error:  # a defect of ours must not stop the other sources
            log.exception("%s: %s: this is a defect of feedbot", source.name, source.url)
            return self._rest(source, repr(error), None)
        finally:
            self._polls.pop(source.name, None)
        return polled

    def _rest(self, source: Source, cause: str, why: str | None) -> Polled:
        """Put a source off whose poll left nothing behind: longer each time, but never for long."""
        last = self._refused.get(source.name)
        times = last.times + 1 if last else 1
        until = self._clock.now() + min(_LONGEST_REST, source.every * 2 ** min(times - 1, 5))
        self._refused[source.name] = _Refusal(times, until, why)
        line = f"{source.name}: {source.url}: not recorded: {cause}"
        log.error("%s; next try %s UTC", line, f"{until:%Y-%m-%d %H:%M:%S}")
        return Polled(source.name, error=line)

    async def _publish(self, names: Iterable[str]) -> None:
        for name in names:
            if name not in self._configured():  # removed while it was polled: its feed stays
                continue
            try:
                await self._publisher.publish(name)
                self._unwritten.discard(name)
            except (PublishError, StoreError) as error:
                if name not in self._unwritten:
                    log.error("%s; will be tried again", error)
                self._unwritten.add(name)

    async def _publish_combined(self, name: str) -> None:
        """The feeds that a source is part of; after its own, which nobody should wait for."""
        said = self._publisher.unfinished or bool(self._unwritten)
        try:
            await self._publisher.publish_combined(name)
        except (PublishError, StoreError) as error:
            if not said:
                log.error("%s; will be tried again", error)

    def _note(self, trouble: str | None) -> None:
        if trouble and trouble != self._trouble:
            log.error("%s; will be tried again", trouble)
        elif self._trouble and not trouble:
            log.info("the store can be used again")
        self._trouble = trouble

    @property
    def trouble(self) -> str | None:
        """Why the store refused the last tick, or the last poll of a source."""
        configured = self._configured()
        refused = (
            refusal.why
            for name, refusal in self._refused.items()
            if name in configured and not configured[name].paused
        )
        return self._trouble or next(filter(None, refused), None)

    @property
    def unwritten(self) -> frozenset[str]:
        """Sources whose feed could not be written the last time."""
        return frozenset(self._unwritten)


def _held(state: SourceState) -> Polled:
    until = f"{state.retry_after:%Y-%m-%d %H:%M:%S}"
    return Polled(
        state.name, error=f"{state.name}: its server asked to wait until {until} UTC; not polled"
    )
