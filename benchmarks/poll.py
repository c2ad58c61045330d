"""Polls beside bare httpx with the same requests, and beside lemon24/reader with the same feeds.

    python -m benchmarks.poll [--full]

feedbot: the scheduler's `poll_all` over a store on disk, every poll committed. Bare: an
`httpx.AsyncClient` over the same transport, as many requests at once to the same addresses, each
answer read and dropped. reader: its own `update_feeds` with workers. All in one process, in turn;
the sites in another. Article text is off and hosts get no pause: it is the work that is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import httpx
from httpx_aiohttp import AiohttpTransport

from benchmarks import growth, resident
from benchmarks.measure import Row, Sample, in_turn, process, show
from benchmarks.pages import RULE
from benchmarks.readerpeer import Peer, is_installed
from feedbot.clock import SystemClock
from feedbot.daily import Daily
from feedbot.fetch import Fetcher
from feedbot.model import Source, SourceKind
from feedbot.owing import Follower
from feedbot.poll import Audience, Poller
from feedbot.publish import Plan, Publisher
from feedbot.schedule import Scheduler
from feedbot.store import sources
from feedbot.store.engine import Store

SOURCES, FEW = 2_000, 200  # with --full, and without
ENTRIES = 20  # in each feed
FIRST = 60  # feeds that are loaded for the first time; publishing them is not measured
CONNECTIONS = 100  # at once: what the fetcher keeps, and the transport by itself
GOAL = 0.5
READER_304, READER_UNCHANGED, READER_FIRST = 3.0, 20.0, 10.0
_MOST_SECONDS = 20  # a bound on each comparison, reached on a slow machine only


async def _nobody(_: Any) -> Sequence[Follower]:
    return []


async def _no_operator(_: Any) -> None:
    return None


@asynccontextmanager
async def poller(
    configured: Mapping[str, Source], folder: Path
) -> AsyncIterator[tuple[Store, Poller]]:
    """What polls, over a new store in `folder`, with nobody to tell."""
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        store = await Store.open(f"sqlite:///{folder}/feedbot.db")
        stack.push_async_callback(store.close)
        fetcher = await stack.enter_async_context(
            Fetcher(allow_private_networks=True, connections=CONNECTIONS)
        )
        async with store.transaction() as connection:
            await sources.sync(connection, list(configured.values()), "press.example", clock.now())
        audience = Audience(_nobody, _no_operator)
        yield (
            store,
            Poller(store, fetcher, clock, audience, authority="press.example", random=Random(1)),
        )


@asynccontextmanager
async def scheduler(
    urls: Sequence[str], folder: Path, kind: SourceKind = SourceKind.HTML
) -> AsyncIterator[tuple[Store, Scheduler]]:
    """feedbot's polling half as the program wires it."""
    configured, clock = _configured(urls, kind), SystemClock()
    async with poller(configured, folder) as (store, polls):
        publisher = Publisher(store, clock, Plan(configured, "http://localhost"), directory=folder)
        daily = Daily(store, clock, Audience(_nobody, _no_operator), list)
        yield (
            store,
            Scheduler(store, polls, publisher, daily, clock, lambda: configured, lambda: None),
        )


def _configured(urls: Sequence[str], kind: SourceKind) -> Mapping[str, Source]:
    rule = RULE if kind is SourceKind.HTML else None
    made = [
        Source(f"s-{n}", url, f"Site {n}", kind=kind, listing=rule, article="off")
        for n, url in enumerate(urls)
    ]
    return {source.name: source for source in made}


class Bare:
    """The same requests by httpx alone: `repeats` rounds of one request a URL."""

    def __init__(self, client: httpx.AsyncClient, urls: Sequence[str], etag: str | None) -> None:
        self._client = client
        self._urls = urls
        self._headers = {"If-None-Match": etag} if etag else {}
        self._status = httpx.codes.NOT_MODIFIED if etag else httpx.codes.OK
        self._room = asyncio.Semaphore(CONNECTIONS)

    async def round(self, repeats: int) -> int:
        """Requests made."""
        for _ in range(repeats):
            await asyncio.gather(*(self._get(url) for url in self._urls))
        return repeats * len(self._urls)

    async def _get(self, url: str) -> None:
        async with self._room:
            response = await self._client.get(url, headers=self._headers)
        if response.status_code != self._status:
            raise SystemExit(f"{url}: answered {response.status_code} to bare httpx")


async def _polls(store: Store) -> int:
    async with store.reading() as connection:
        return sum(state.polls for state in await sources.load_all(connection))


async def compare(urls: Sequence[str], etag: str | None, rounds: int, repeats: int) -> Sample:
    """Polls a second of `urls`, ours and bare; `etag`: what the sites' validators are, if any."""
    with tempfile.TemporaryDirectory(prefix="feedbot-") as folder:
        async with (
            scheduler(urls, Path(folder)) as (store, ours),
            httpx.AsyncClient(transport=AiohttpTransport(), trust_env=False) as client,
        ):
            bare = Bare(client, urls, etag)

            async def poll() -> int:
                return sum([await _poll_all(ours, len(urls)) for _ in range(repeats)])

            await ours.poll_all()  # the baseline: read and stored
            before = await _polls(store)
            sample = await in_turn(
                poll, lambda: bare.round(repeats), rounds=rounds, seconds=_MOST_SECONDS
            )
            expected = (len(sample.ours) + 1) * repeats * len(urls)
            if await _polls(store) - before != expected:
                raise SystemExit(f"the store has not recorded the {expected} polls made")
            return sample


async def beside_reader(urls: Sequence[str], rounds: int) -> Sample:
    """Updates a second of feeds that are known, ours and reader's."""
    with tempfile.TemporaryDirectory(prefix="feedbot-") as name:
        folder = Path(name)
        peer = Peer(urls, folder / "reader")
        async with scheduler(urls, folder, SourceKind.FEED) as (_, ours):
            await _poll_all(ours, len(urls))
            await peer.update()
            peer.check(ENTRIES * len(urls))

            async def polls() -> int:
                return await _poll_all(ours, len(urls))

            sample = await in_turn(polls, peer.update, rounds=rounds, seconds=_MOST_SECONDS)
        peer.close()
        return sample


async def first_loads(urls: Sequence[str], rounds: int) -> Sample:
    """Feeds a second that are new: fetched, read, sanitised and stored, ours and reader's."""
    counts = {"ours": 0, "reader": 0}
    with tempfile.TemporaryDirectory(prefix="feedbot-") as name:

        def place(who: str) -> Path:
            counts[who] += 1
            return Path(name) / f"{who}-{counts[who]}"

        async def ours() -> int:
            folder = place("ours")
            folder.mkdir()
            configured = _configured(urls, SourceKind.FEED)
            async with poller(configured, folder) as (store, polls):
                await asyncio.gather(*map(polls.poll, configured.values()))
                async with store.reading() as connection:
                    stored = [state.entries for state in await sources.load_all(connection)]
                if stored != [ENTRIES] * len(urls):
                    raise SystemExit("not all entries were stored")
                return len(urls)

        async def theirs() -> int:
            peer = Peer(urls, place("reader"))
            done = await peer.update()
            peer.check(ENTRIES * len(urls))
            peer.close()
            return done

        return await in_turn(ours, theirs, rounds=rounds, seconds=_MOST_SECONDS)


async def _poll_all(ours: Scheduler, count: int) -> int:
    failed = [polled.error for polled in await ours.poll_all() if polled.error]
    if failed:
        raise SystemExit(f"{len(failed)} polls failed: {failed[0]}")
    return count


async def main(*, full: bool) -> int:
    """Run; the exit code."""
    logging.disable(logging.INFO)
    rounds, repeats, count = (9, 2, SOURCES) if full else (9, 3, FEW)
    async with process("-m", "benchmarks.webserver", str(count)) as line:
        roots = json.loads(line)

        def urls(path: str) -> list[str]:
            return [root + path for root in roots]

        bare = await compare(urls("/validated"), '"1"', rounds, repeats)
        rows = [Row("304", "httpx", bare, GOAL)]
        bare = await compare(urls("/plain"), None, rounds, repeats)
        rows.append(Row("unchanged body", "httpx", bare))
        if is_installed():
            peer = await beside_reader(urls("/feed/validated"), 5)
            rows.append(Row("304, feed", "reader", peer, READER_304))
            peer = await beside_reader(urls("/feed/plain"), 3)
            rows.append(Row("unchanged feed", "reader", peer, READER_UNCHANGED))
            peer = await first_loads(urls("/feed/plain")[:FIRST], 3)
            rows.append(Row(f"first load, {ENTRIES} entries", "reader", peer, READER_FIRST))
        else:
            print("reader is not installed (pip install reader): not measured beside it")
    code = show("polls", rows)
    return max(code, await growth.main(full=full), await resident.main(full=full))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.poll", description=__doc__)
    parser.add_argument("--full", action="store_true", help="2,000 sources, 1,000,000 entries")
    sys.exit(asyncio.run(main(full=parser.parse_args().full)))
