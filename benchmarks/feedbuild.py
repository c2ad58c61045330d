"""What building feeds costs, and which documents a new entry rewrites: for `benchmarks.serve`."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from benchmarks.feedserver import NOW, PLAN, SOURCE, filled
from feedbot.clock import SimulatedClock
from feedbot.publish import Publisher
from feedbot.publish.archives import Archives
from feedbot.publish.assemble import channel_of, source_document
from feedbot.publish.shelf import Published
from feedbot.render.atom import render_atom
from feedbot.render.document import Document, Shown, make_document
from feedbot.render.jsonfeed import render_json
from feedbot.render.rss import render_rss
from feedbot.store import editions, feeds, sources
from feedbot.store.editions import Progress
from feedbot.store.schema import articles, entries
from feedbot.store.schema import sources as table

HISTORY = 100_000
_FORMATS: Mapping[str, Callable[[Document], bytes]] = {
    "Atom": render_atom,
    "RSS": render_rss,
    "JSON Feed": render_json,
}


@dataclass(frozen=True, slots=True)
class Built:
    """Milliseconds of processor time that a feed of fifty entries takes, each the least of many.

    What it takes beyond that is what else the machine does, as `timeit` says of its own figures.

    read:    from the store to a document, all that is asked of the database included
    formats: from entries to the bytes of each format, cleaning and all
    packed:  the gzip and the ETag of one
    size:    bytes of the Atom feed
    """

    read: float
    formats: Mapping[str, float]
    packed: float
    size: int

    def __str__(self) -> str:
        made = ", ".join(f"{name} {took:.2f}" for name, took in self.formats.items())
        return (
            f"50 entries ({self.size:,} bytes) to bytes: {made} ms"
            f" (read from the store: {self.read:.2f}, packed: {self.packed:.2f} ms)"
        )


async def build(folder: Path, rounds: int) -> Built:
    """Build a feed of fifty entries again and again."""
    store = await filled(folder, 50)
    read = []
    for _ in range(rounds):
        start = time.process_time()
        async with store.reading() as connection:
            state = await sources.load(connection, SOURCE.name)
            await source_document(connection, PLAN, SOURCE, state)
        read.append(1000 * (time.process_time() - start))
    async with store.reading() as connection:
        shown = [Shown(one.entry) for one in await feeds.newest(connection, state.id, 50)]
    await store.close()
    channel, place = channel_of(SOURCE, state), Archives.of(PLAN, SOURCE, state).current

    def maker(render: Callable[[Document], bytes]) -> Callable[[], bytes]:
        return lambda: render(make_document(channel, shown, place))

    body = maker(render_atom)()
    formats = {name: _took(maker(render), rounds) for name, render in _FORMATS.items()}
    packed = _took(lambda: Published.of(body, NOW), rounds)
    return Built(min(read), formats, packed, len(body))


def _took(work: Callable[[], object], rounds: int) -> float:
    """The least that `work` takes, in milliseconds of processor time."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        times.append(1000 * (time.process_time() - start))
    return min(times)


def _written(folder: Path) -> dict[Path, int]:
    """When each Atom document was written."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*.atom")}


async def rewritten(folder: Path) -> tuple[int, int, float]:
    """Of a long history: how many archives, documents a new entry rewrites, milliseconds."""
    store = await filled(folder, HISTORY, words=30)
    publisher = Publisher(store, SimulatedClock(NOW), PLAN, directory=folder / "feeds")
    async with store.transaction() as connection:
        state = await sources.load(connection, SOURCE.name)
        kept = Archives.of(PLAN, SOURCE, state)
        await editions.record_progress(connection, 1, Progress(kept.recipe, kept.positions), [])
    publisher.archives.looked_through.add(SOURCE.name)  # the files of the past are not needed
    await publisher.publish(SOURCE.name)
    async with store.transaction() as connection:
        await connection.execute(sa.insert(articles).values(id=HISTORY + 1, key="new"))
        last = (
            await connection.execute(sa.select(entries).where(entries.c.position == HISTORY))
        ).one()
        new = dict(last._mapping) | {
            "id": HISTORY + 1, "atom_id": "tag:new", "article_id": HISTORY + 1,
            "position": HISTORY + 1, "title": "New", "updated": NOW,
        }  # fmt: skip
        await connection.execute(sa.insert(entries).values(new))
        await connection.execute(sa.update(table).values(positions=HISTORY + 1))
    before = _written(folder / "feeds")
    start = time.perf_counter()
    await publisher.publish(SOURCE.name)
    await publisher.archives.write()
    took = 1000 * (time.perf_counter() - start)
    after = _written(folder / "feeds")
    await store.close()
    return kept.pages, len(after.items() - before.items()), took
