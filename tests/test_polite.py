"""What sources come to that ask too much of their hosts: from the site to what is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa

from feedbot.clock import SimulatedClock
from feedbot.fetch import Fetcher, Manners
from feedbot.model import ListingRule, Source
from feedbot.owing import Follower
from feedbot.poll import Audience, Polled, Poller
from feedbot.store import sources
from feedbot.store.engine import Store
from feedbot.store.schema import deliveries
from tests.test_poll import START, add_subscriber
from tests.web import Route, Web, reply

RULE = ListingRule(item="li", title="a", link="a@href")


def page(*titles: str) -> bytes:
    rows = "".join(f"<li><a href=/{title}>Title {title}</a>" for title in titles)
    return f"<ul>{rows}</ul>".encode()


@dataclass
class Guest:
    """A site, and a source that is read from it politely."""

    web: Web
    store: Store
    clock: SimulatedClock
    fetcher: Fetcher
    poller: Poller
    source: Source

    async def poll(self, after: timedelta = timedelta(minutes=5)) -> Polled:
        self.clock.advance(after)
        return await self.poller.poll(self.source)

    async def state(self) -> sources.SourceState:
        async with self.store.reading() as connection:
            return await sources.load(connection, self.source.name)

    async def pause(self) -> timedelta:
        """Until the next poll."""
        return (await self.state()).due_at - self.clock.now()

    async def told(self) -> list[str]:
        """All that the operator was told, in order."""
        query = sa.select(deliveries.c.payload).order_by(deliveries.c.id)
        async with self.store.reading() as connection:
            return [row.payload["text"] for row in await connection.execute(query)]

    def asked(self) -> list[str]:
        found = [one.target for one in self.web.asked]
        self.web.asked.clear()
        return found

    def serve(self, *titles: str, **headers: str) -> None:
        self.web.routes["/"] = reply(page(*titles), Content_Type="text/html", **headers)


@pytest.fixture
async def guest(tmp_path: Path) -> AsyncIterator[Guest]:
    async with AsyncExitStack() as stack:
        routes: dict[str, Route] = {"/robots.txt": reply(b"User-agent: *\nDisallow: /private")}
        web = await stack.enter_async_context(Web(routes))
        store = await Store.open(f"sqlite:///{tmp_path}/feedbot.db")
        stack.push_async_callback(store.close)
        clock = SimulatedClock(START)
        fetcher = await stack.enter_async_context(
            Fetcher(timeout=9, allow_private_networks=True, clock=clock, manners=Manners())
        )
        await add_subscriber(store, "1")

        async def nobody(_: Any) -> list[Follower]:
            return []

        async def operator(_: Any) -> int | None:
            return 1

        poller = Poller(
            store,
            fetcher,
            clock,
            Audience(nobody, operator),
            authority="press.example",
            random=Random(1),
        )
        source = Source("press", web.url("/"), "Press", listing=RULE, article="off")
        async with store.transaction() as connection:
            await sources.sync(connection, [source], "press.example", START)
        yield Guest(web, store, clock, fetcher, poller, source)


async def test_what_robots_txt_forbids_is_told_at_once_and_once(guest: Guest) -> None:
    guest.source = replace(guest.source, url=guest.web.url("/private"))
    for _ in range(5):
        polled = await guest.poll(after=timedelta(days=2))
        assert polled.error is not None
        assert "robots.txt forbids this page" in polled.error
    assert set(guest.asked()) == {"/robots.txt"}
    (told,) = await guest.told()
    assert "robots.txt forbids this page" in told
    assert 'robots = "ignore"' in told


async def test_a_source_that_ignores_it_is_read(guest: Guest) -> None:
    guest.source = replace(guest.source, url=guest.web.url("/private"), robots="ignore")
    guest.web.routes["/private"] = reply(page("a"), Content_Type="text/html")
    assert (await guest.poll()).error is None
    assert guest.asked() == ["/private"]
