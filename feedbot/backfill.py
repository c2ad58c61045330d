"""What a source had before feedbot knew it: its older pages, followed after the first poll.

    tick → the next page of each source → fetch → read → one transaction:
                                          its entries, told to nobody; where the way goes on

Pages of one host are read one at a time, with the pause that the fetcher keeps to. How far the way
has come is in the store alone, so a page whose reading was cut off is read again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.articles import pictured, wanted
from feedbot.clock import Clock
from feedbot.errors import FetchError, ParseError, StoreError
from feedbot.fetch import Fetcher
from feedbot.identity import Row, host_of
from feedbot.matching import Known
from feedbot.model import Source, day_of
from feedbot.older import OlderPage, first_pages, matched, may_pass, read_older, retry_after
from feedbot.source.trail import Trail, is_of_the_list, is_reached, older
from feedbot.store import backfills, pictures, sources, texts
from feedbot.store.backfills import Backfill
from feedbot.store.engine import Store
from feedbot.store.sources import SourceState

log = logging.getLogger(__name__)

#: Pages read for one source at most.
MOST_PAGES = 500
#: How long `once` follows older pages; the next one goes on.
SPELL = timedelta(minutes=2)
#: What may pass by itself is tried again after these; then the page is passed over.
_RETRIES = (
    timedelta(seconds=15),
    timedelta(minutes=1),
    timedelta(minutes=10),
    timedelta(hours=1),
)
_LOOK = timedelta(seconds=1)  # how soon `drain` looks again
#: How long a host rests whose page could be read, and the store refused to keep it.
_REST = timedelta(seconds=30)
_LOG_EVERY = 10  # pages


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a source's way back has come. `share`: 0 to 1, None where nobody can know."""

    source: str
    pages: int
    entries: int
    share: float | None
    done: bool


class Backfiller:
    """Follows the older pages of the sources that want it.

    configured: the present sources by name, also after a reload
    done:       is told of each source with new entries, and whether it is at its end
    show:       is told of the progress after each page
    """

    def __init__(
        self,
        store: Store,
        fetcher: Fetcher,
        clock: Clock,
        configured: Callable[[], Mapping[str, Source]],
        done: Callable[[str, bool], None],
        *,
        authority: str,
        shown: Callable[[], int],
        show: Callable[[Progress], None],
    ) -> None:
        self._store = store
        self._fetcher = fetcher
        self._clock = clock
        self._configured = configured
        self._done = done
        self._authority = authority
        self._shown = shown
        self._show = show
        self._tasks: dict[str, asyncio.Task[None]] = {}  # by host
        self._starting = asyncio.Lock()
        self._trouble: str | None = None
        self._stopping = False

    async def tick(self) -> None:
        """Start whatever is due. Never raises: trouble is logged once."""
        try:
            await self._start_due()
        except StoreError as error:
            if str(error) != self._trouble:
                log.error("%s; older pages are read later", error)
            self._trouble = str(error)
        else:
            self._trouble = None

    async def drain(self, until: datetime) -> None:
        """Read what is due until `until`."""
        while self._clock.now() < until:
            await self.tick()
            soonest = self._clock.now() if self._tasks else await self._soonest()
            if soonest is None or soonest >= until:
                return
            next_look = max(soonest, self._clock.now() + _LOOK)
            await self._clock.wait(self._tasks.values(), min(until, next_look))

    async def finish(self) -> None:
        """Begin no more, and cut off what is under way: it is due as before."""
        self._stopping = True
        async with self._starting:
            tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _wanted(self) -> dict[str, str]:
        """What is wanted, by the source's name."""
        return {
            name: backfills.goal_of(source)
            for name, source in self._configured().items()
            if source.backfill
        }

    async def _soonest(self) -> datetime | None:
        """When there is something to do; None where there is nothing, or the store refuses."""
        try:
            async with self._store.reading() as connection:
                return await backfills.soonest(connection, self._wanted(), self._clock.now())
        except StoreError:
            return None

    async def _start_due(self) -> None:
        goals = self._wanted()
        if not goals or self._stopping:
            return
        async with self._starting:
            now = self._clock.now()
            resting = self._fetcher.resting()
            async with self._store.reading() as connection:
                due = await backfills.due(connection, goals, now)
            for one in due:
                source = self._configured()[one.name]
                if not one.trail.pages and not one.trail.waiting:
                    one = _begun(one, source)
                host = host_of(one.trail.waiting[0].url)
                if host in self._tasks or host in resting:
                    continue
                task = asyncio.create_task(self._run(one, source, host), name=f"older {one.name}")
                self._tasks[host] = task

    async def _run(self, backfill: Backfill, source: Source, host: str) -> None:
        extractor = sources.recalled(source, backfill.extractor)
        url = backfill.trail.waiting[0].url
        try:
            try:
                page = await read_older(self._fetcher, self._clock, source, url, extractor)
            except (FetchError, ParseError) as error:
                await self._miss(backfill, source, error)
            else:
                await self._commit(backfill, source, page)
        except StoreError as error:
            log.error("%s: %s: its entries are not kept: %s", source.name, url, error)
            self._fetcher.rest(host, self._clock.now() + _REST)
        finally:
            self._tasks.pop(host, None)

    async def _commit(self, backfill: Backfill, source: Source, page: OlderPage) -> None:
        """Write what a page brought, and where the way goes on."""
        now = self._clock.now()
        way, trail = backfill.trail.waiting[0], backfill.trail
        rows: list[Row] = []
        reached = False
        async with self._store.transaction() as connection:
            state = await sources.load(connection, source.name)
            known, standing = await matched(connection, state, page.rows)
            proof = way.proof or page.part.found
            if is_of_the_list(page.rows, known, trail, proof=proof):
                rows = _to_store(page, known, standing, trail, source.backfill)
                shown = {page.rows[index].article_key for index in known}
                await self._store_older(connection, source, state, rows, shown, now)
                trail = trail.read((way.url, page.url), page.rows, page.part.onward)
                extractor = sources.remember(source, page.part.extractor)
                backfill = replace(backfill, extractor=extractor)
                reached = is_reached(page.rows, trail, source.backfill)
            else:
                log.info("%s: %s: this is not the same list", source.name, way.url)
                trail = trail.passed(way.url)
            counted = replace(backfill, trail=trail, entries=backfill.entries + len(rows))
            moved = await _go_on(connection, counted, now, reached=reached)
        self._tell(source, moved, rows)

    async def _store_older(
        self,
        connection: AsyncConnection,
        source: Source,
        state: SourceState,
        rows: Sequence[Row],
        shown: set[str],
        now: datetime,
    ) -> None:
        """Store rows, and have the articles read of as many as a feed still has room for."""
        brought = await backfills.insert_older(
            connection, state, rows, shown, source=source, authority=self._authority, now=now
        )
        room = self._shown() - state.entries
        if room > 0:
            pages = wanted(source, brought, (), now, shown=room)
            await texts.want(connection, state.id, pages, now)
            images = pictured(source, brought, (), shown=room)
            await pictures.want(connection, state.id, images, now)

    async def _miss(
        self, backfill: Backfill, source: Source, error: FetchError | ParseError
    ) -> None:
        """A page could not be read: once more later, or another in its place."""
        now, trail = self._clock.now(), backfill.trail
        url = trail.waiting[0].url
        again = may_pass(error) or not trail.pages  # at least the first page was a list
        async with self._store.transaction() as connection:
            if again and backfill.attempts < len(_RETRIES):
                due_at = max(now + _RETRIES[backfill.attempts], retry_after(error) or now)
                moved = backfills.again(backfill, due_at)
                await backfills.record(connection, moved)
            else:
                passed = replace(backfill, trail=trail.passed(url))
                moved = await _go_on(connection, passed, now, reached=False)
        cause = error.cause if isinstance(error, FetchError) else str(error)
        log.info("%s: %s: %s", source.name, url, cause)
        self._tell(source, moved, ())

    def _tell(self, source: Source, backfill: Backfill, rows: Sequence[Row]) -> None:
        """Say how far it has come, in the log and to whoever shows it."""
        over, trail = backfill.done_at is not None, backfill.trail
        if over and not backfill.entries:
            log.warning("%s: %s: no older entries were found", source.name, source.url)
        elif over or (rows and trail.pages % _LOG_EVERY == 0):
            state = "done" if over else "so far"
            counts = f"{backfill.entries} older entries from {trail.pages} pages"
            log.info("%s: backfill %s: %s", source.name, state, counts)
        goal = source.backfill
        share = None if isinstance(goal, date) else min(1.0, len(trail.rows) / goal)
        self._show(Progress(source.name, trail.pages, backfill.entries, share, over))
        if rows or over:
            self._done(source.name, over)


def _begun(backfill: Backfill, source: Source) -> Backfill:
    """A way back at its first step."""
    ways = first_pages(source, sources.recalled(source, backfill.extractor))
    return replace(backfill, trail=Trail(waiting=ways))


def _to_store(
    page: OlderPage,
    known: Mapping[int, Known],
    standing: Sequence[Known],
    trail: Trail,
    goal: int | date,
) -> list[Row]:
    """The rows of a page that are to be stored.

    What the first page shows now and did not at the first poll is the next poll's to tell.
    """
    if not trail.pages:
        return []
    days = [day for entry in standing if (day := day_of(entry.date)) is not None]
    chosen = older(page.rows, known, max(days, default=None), trail, goal)
    return [page.rows[index] for index in chosen]


async def _go_on(
    connection: AsyncConnection, backfill: Backfill, now: datetime, *, reached: bool
) -> Backfill:
    """Write how far the way has come, and whether that is its end."""
    over = reached or backfill.trail.is_over(MOST_PAGES)
    if over:
        await backfills.settle(connection, backfill.source_id)
    moved = replace(backfill, due_at=now, attempts=0, done_at=now if over else None)
    await backfills.record(connection, moved)
    return moved
