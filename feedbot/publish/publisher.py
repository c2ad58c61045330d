"""Which feeds there are, and when each is built."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Coroutine, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from feedbot.clock import Clock
from feedbot.errors import PublishError
from feedbot.model import Combined, Counter
from feedbot.publish import assemble
from feedbot.publish.archives import parse_path
from feedbot.publish.archiving import ArchiveWriter
from feedbot.publish.files import check_writable
from feedbot.publish.formats import DAY, ENDINGS, STYLE, rendered
from feedbot.publish.plan import ALL, Plan, counter_feed, rhythm
from feedbot.publish.shelf import Published, Shelf, elsewhere
from feedbot.render import opml
from feedbot.render.document import Document
from feedbot.store import documents, sources
from feedbot.store.documents import FeedState
from feedbot.store.engine import Store
from feedbot.store.rename import former_names
from feedbot.store.sources import SourceState

_STYLESHEET = (Path(__file__).parent / STYLE).read_bytes()


class Publisher:
    """Builds feeds, writes them below `directory` and keeps what is to be served."""

    def __init__(self, store: Store, clock: Clock, plan: Plan, *, directory: Path) -> None:
        self._store = store
        self._clock = clock
        self._plan = plan
        self.shelf = Shelf(store, clock, directory)
        self.archives = ArchiveWriter(store, self.shelf, plan)
        self._moved: dict[str, str] = {}
        self._ended: frozenset[str] = frozenset()
        self._feeds: Mapping[str, FeedState] = {}
        self._queued: set[str] = set()
        # One build of a feed at a time, from reading to renaming: of two, the older could end last.
        self._building: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.unfinished = False  # whether something could not be written the last time
        self.directory = directory

    @property
    def plan(self) -> Plan:
        """What is published now."""
        return self._plan

    def configure(self, plan: Plan) -> None:
        """Take up a new configuration; what it changes shows with the next `publish_all`."""
        self._plan = self.archives.plan = plan

    def check_writable(self) -> None:
        """See that feeds can be written at all, before anything is polled. Raises PublishError."""
        check_writable(self.directory)

    def get(self, path: str) -> Published | None:
        """A document by its path, e.g. `embassy.atom`, as it was last built."""
        return self.shelf.get(path)

    async def fetch(self, path: str) -> Published | None:
        """A document that is not kept in memory: an archive, from its file."""
        found = parse_path(path)
        if found is None or found[0] not in self._plan.sources:
            return None
        return await self.shelf.read(path, DAY)

    def elsewhere(self, feed: Published, base_url: str) -> Published:
        """The same document for those who reach us by another address."""
        return elsewhere(feed, self._plan.base_url, base_url)

    async def document(self, path: str, base_url: str | None = None) -> Document | None:
        """What a path shows, to be made a page of; None where that is no feed. Raises StoreError.

        base_url: where we are reached, if not where the configuration says
        """
        archive = parse_path(path)
        kept = self.get(path) is not None and path.rpartition(".")[2] in ENDINGS
        if not kept and not archive:
            return None
        name, plan = name_of(path), self._plan
        plan = replace(plan, base_url=base_url) if base_url else plan
        combined = next((one for one in plan.combined if one.name == name), None)
        async with self._store.reading() as connection:
            if name in plan.sources:
                state = await sources.load(connection, name)
                if archive:
                    source = plan.sources[name]
                    return await assemble.archive_document(
                        connection, plan, source, state, archive[2]
                    )
                return await assemble.source_document(connection, plan, plan.sources[name], state)
            if combined and name in self._feeds:
                states = await sources.brief(connection)
                return await assemble.combined_document(
                    connection, plan, combined, self._feeds[name], states
                )
            for counter in plan.counters:
                if counter_feed(counter) == name and name in self._feeds:
                    feed = self._feeds[name]
                    return await assemble.counter_document(connection, plan, counter, feed)
        return None

    def gone(self, path: str) -> bool:
        """Whether there was such a feed, and there never will be again."""
        return name_of(path) in self._ended

    def moved(self, name: str) -> str | None:
        """The present name of a source that was called `name`; None: none was."""
        return self._moved.get(name)

    def path(self, name: str) -> Path:
        """Where a feed is written."""
        return self.directory / f"{name}.{ENDINGS[0]}"

    async def publish_all(self) -> None:
        """Build every feed and write those that differ; take away what is nobody's any more.

        A source that has left the configuration leaves a last feed that says so; it is not served.
        Raises PublishError, StoreError.
        """
        plan = self._plan
        async with self._store.reading() as connection:
            states = {state.name: state for state in await sources.load_all(connection)}
            self._moved = await former_names(connection)
        names = plan.names
        async with self._store.transaction() as connection:
            self._feeds = await documents.name_feeds(
                connection, names, plan.authority, self._clock.now()
            )
        self.unfinished = True
        failed = [error for error in [await self._try(job) for job in self._jobs(states)] if error]
        await self._clear({*plan.sources, *names}, states)
        if failed:
            raise failed[0]
        self.unfinished = False

    def _jobs(self, states: Mapping[str, SourceState]) -> Iterator[Coroutine[Any, Any, None]]:
        """What there is to build: each can fail without the others."""
        for state in states.values():
            if state.name in self._plan.sources:
                yield self.publish(state.name)
            elif state.baseline_at:
                yield self._publish_last(state)
        for one in self._plan.combined:
            yield self._publish_combined(one)
        for counter in self._plan.counters:
            yield self._publish_counter(counter)
        yield self._publish_lists()

    async def _try(self, job: Coroutine[Any, Any, None]) -> PublishError | None:
        try:
            await job
        except PublishError as error:
            return error
        return None

    async def publish(self, name: str) -> None:
        """Build a source's own feed; before the baseline there is none.

        A source that has left the configuration meanwhile keeps the feed it has.
        Raises PublishError, StoreError.
        """
        await self._publish_source(name)

    async def publish_combined(self, name: str) -> None:
        """Build the feeds that a source is part of; one that fails is built again with all.

        Raises PublishError, StoreError.
        """
        for one in self._plan.combined_of(name):
            try:
                await self._publish_combined(one)
            except PublishError:
                self.unfinished = True
                raise

    async def _publish_source(self, name: str) -> None:
        async with self._building[name]:
            plan = self._plan
            source = plan.sources.get(name)
            if source is None:
                return
            async with self._store.reading() as connection:
                state = await sources.load(connection, name)
                if state.baseline_at is None:
                    return
                made = await assemble.source_document(connection, plan, source, state)
            await self.shelf.put(await rendered(made), max_age=rhythm(source))
        self.archives.due.add(name)

    async def _publish_combined(self, combined: Combined) -> None:
        if combined.name not in self._feeds:  # configured since; publish_all is on its way
            return
        if combined.name in self._queued:  # one that has not begun yet will see what we saw
            return
        self._queued.add(combined.name)
        async with self._building[combined.name]:
            self._queued.discard(combined.name)
            plan = self._plan
            async with self._store.reading() as connection:
                states = await sources.brief(connection)
                made = await assemble.combined_document(
                    connection, plan, combined, self._feeds[combined.name], states
                )
            age = rhythm(*plan.members(combined))
            await self.shelf.put(await rendered(made), max_age=age)

    async def publish_counters(self, names: Collection[str]) -> None:
        """Build the feeds of these counters, as far as they have one.

        Raises PublishError, StoreError.
        """
        for counter in self._plan.counters:
            if counter.name in names:
                await self._publish_counter(counter)

    async def _publish_counter(self, counter: Counter) -> None:
        name = counter_feed(counter)
        if name not in self._feeds:  # configured since; publish_all is on its way
            return
        async with self._building[name]:
            async with self._store.reading() as connection:
                made = await assemble.counter_document(
                    connection, self._plan, counter, self._feeds[name]
                )
            await self.shelf.put(await rendered(made), max_age=rhythm())

    async def _publish_last(self, state: SourceState) -> None:
        async with self._building[state.name]:
            async with self._store.reading() as connection:
                made = await assemble.last_document(connection, self._plan, state)
            await self.shelf.put(await rendered(made), max_age=DAY, keep=False)
            self.shelf.withdraw(f"{state.name}.{ending}" for ending in ENDINGS)

    async def _publish_lists(self) -> None:
        """What belongs to no feed: the list of all, and how a file looks when it is opened."""
        plan = self._plan
        listed = assemble.outlines(plan, list(plan.sources.values()))
        whole = next((one.title for one in plan.combined if one.name == ALL), "feedbot")
        bodies = {
            f"{ALL}.{opml.ENDING}": opml.render_opml(whole, listed),
            STYLE: _STYLESHEET,
        }
        await self.shelf.put(bodies, max_age=DAY)

    async def _clear(self, live: Collection[str], states: Mapping[str, SourceState]) -> None:
        """Take away the files of feeds that are no more, and remember which these were.

        The file of a source that has another name now goes: two of one feed would drift apart.
        """
        last = {state.name for state in states.values()} - set(live)
        known = await self.shelf.known()
        names = {path: name_of(path) for path in known}
        lists = {f"{ALL}.{opml.ENDING}", STYLE}
        kept = {f"{name}.{ending}" for name in last for ending in ENDINGS} | lists
        ended = {path for path, name in names.items() if name not in live and path not in lists}
        self._ended = frozenset({names[path] for path in ended} | last) - self._moved.keys()
        await self.shelf.drop(ended - kept)


def name_of(path: str) -> str:
    """The name of the feed that a path belongs to."""
    archive = parse_path(path)
    return archive[0] if archive else path.rpartition(".")[0]
