"""What a poll that finds something new costs beside many stored entries, and beside few.

Both stores take turns; the ratio is of rates, many over few, the median of the pairs.
"""

from __future__ import annotations

import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random

from benchmarks.feedserver import filled
from benchmarks.measure import Row, in_turn, show
from feedbot.clock import SystemClock
from feedbot.demo.site import LISTING, PressSite, SampleSite
from feedbot.demo.site.model import Event
from feedbot.fetch import Fetcher
from feedbot.model import Source, SourceKind
from feedbot.poll import Audience, Poller
from feedbot.store import sources

MANY, FEWER, FEW = 1_000_000, 100_000, 1_000  # with --full, without, and beside
_POLLS = 10
_WORDS = 5
LEAST = 1 / 1.3


async def main(*, full: bool) -> int:
    """Measure and print; the exit code."""
    many = MANY if full else FEWER
    clock, random = SystemClock(), Random(1)

    async def nobody(_: object) -> list[object]:
        return []

    async def none(_: object) -> None:
        return None

    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="feedbot-")))
        fetcher = await stack.enter_async_context(Fetcher(allow_private_networks=True))
        benches = []
        for count in (many, FEW):
            site = PressSite()
            server = await stack.enter_async_context(SampleSite(site))
            (folder / str(count)).mkdir()
            store = await filled(folder / str(count), count, _WORDS)
            stack.push_async_callback(store.close)
            source = Source(
                "live",
                f"{server.url}/",
                "Live",
                kind=SourceKind.HTML,
                listing=LISTING,
                article="off",
            )
            async with store.transaction() as connection:
                await sources.sync(connection, [source], "press.example", clock.now())
            audience = Audience(nobody, none)  # type: ignore[arg-type]  # lists are invariant
            poller = Poller(
                store, fetcher, clock, audience, authority="press.example", random=random
            )
            await poller.poll(source)
            benches.append((site, poller, source))

        async def polls(bench: int) -> int:
            site, poller, source = benches[bench]
            for _ in range(_POLLS):
                day = site.latest[0].day
                site.publish(Event(day, f"What number {random.random()} said", "It was said."))
                polled = await poller.poll(source)
                if polled.new != 1:
                    raise SystemExit(f"a poll found {polled.new} new entries: {polled.error}")
            return _POLLS

        sample = await in_turn(lambda: polls(0), lambda: polls(1), rounds=15, seconds=20)
    return show("polls", [Row(f"new, beside {many:,}", f"{FEW:,} entries", sample, LEAST)])
