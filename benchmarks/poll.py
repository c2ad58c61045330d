"""Polls that find nothing new, beside bare httpx making the same requests.

    python -m benchmarks.poll [--full]

feedbot: the scheduler's `poll_all` over a store on disk, every poll committed. Bare: an
`httpx.AsyncClient` over the same transport, as many requests at once to the same addresses, each
answer read and dropped. Both in one process, in turn; the sites in another.
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

from benchmarks.measure import Row, Sample, in_turn, process, show
from benchmarks.pages import RULE
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

SOURCES = 200
CONNECTIONS = 100  # at once: what the fetcher keeps, and the transport by itself
GOAL = 0.5
_MOST_SECONDS = 60  # a bound on each comparison, reached on a slow machine only


async def _nobody(_: Any) -> Sequence[Follower]:
    return []


async def _no_operator(_: Any) -> None:
    return None


@asynccontextmanager
async def scheduler(urls: Sequence[str], folder: Path) -> AsyncIterator[tuple[Store, Scheduler]]:
    """feedbot's polling half as the program wires it, with nobody to tell."""
    clock = SystemClock()
    audience = Audience(_nobody, _no_operator)
    configured = _configured(urls)
    async with AsyncExitStack() as stack:
        store = await Store.open(f"sqlite:///{folder}/feedbot.db")
        stack.push_async_callback(store.close)
        fetcher = await stack.enter_async_context(
            Fetcher(allow_private_networks=True, connections=CONNECTIONS)
        )
        async with store.transaction() as connection:
            await sources.sync(connection, list(configured.values()), "press.example", clock.now())
        publisher = Publisher(store, clock, Plan(configured, "http://localhost"), directory=folder)
        poller = Poller(
            store, fetcher, clock, audience, authority="press.example", random=Random(1)
        )
        daily = Daily(store, clock, audience, list)
        yield (
            store,
            Scheduler(store, poller, publisher, daily, clock, lambda: configured, lambda: None),
        )


def _configured(urls: Sequence[str]) -> Mapping[str, Source]:
    made = [
        Source(f"site-{number}", url, f"Site {number}", kind=SourceKind.HTML, listing=RULE)
        for number, url in enumerate(urls)
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
                for _ in range(repeats):
                    failed = [polled.error for polled in await ours.poll_all() if polled.error]
                    if failed:
                        raise SystemExit(f"{len(failed)} polls failed: {failed[0]}")
                return repeats * len(urls)

            await ours.poll_all()  # the baseline: read and stored
            before = await _polls(store)
            sample = await in_turn(
                poll, lambda: bare.round(repeats), rounds=rounds, seconds=_MOST_SECONDS
            )
            expected = (len(sample.ours) + 1) * repeats * len(urls)
            if await _polls(store) - before != expected:
                raise SystemExit(f"the store has not recorded the {expected} polls made")
            return sample


async def main(*, full: bool) -> int:
    """Run; the exit code."""
    logging.disable(logging.INFO)
    rounds, repeats = (25, 10) if full else (11, 4)
    async with process("-m", "benchmarks.webserver", str(SOURCES)) as line:
        roots = json.loads(line)
        validated = [f"{root}/validated" for root in roots]
        plain = [f"{root}/plain" for root in roots]
        rows = [
            Row("304", "httpx", await compare(validated, '"1"', rounds, repeats), GOAL),
            Row("unchanged body", "httpx", await compare(plain, None, rounds, repeats), GOAL),
        ]
    return show("polls", rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.poll", description=__doc__)
    parser.add_argument("--full", action="store_true", help="more and longer rounds")
    sys.exit(asyncio.run(main(full=parser.parse_args().full)))
