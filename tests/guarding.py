"""A list whose rows a test writes as it likes, read through a real server into a real store.

async with Watch.open(tmp_path) as watch:
    watch.rows = days(10)
    await watch.poll()
    watch.rows = [Line("News", date(2020, 5, 28)), *watch.rows]
    await watch.poll()
    assert await watch.posted() == ["News"]
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from html import escape
from pathlib import Path
from random import Random
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from feedbot.clock import SimulatedClock
from feedbot.fetch import Fetcher
from feedbot.holding import Choice, decide, pressed
from feedbot.model import ListingRule, Source
from feedbot.owing import Follower
from feedbot.poll import Audience, Polled, Poller
from feedbot.store import feeds, held, sources
from feedbot.store.engine import Store
from feedbot.store.held import Held
from feedbot.store.schema import causes, deliveries, entries
from tests.outboxes import add_subscriber, appoint
from tests.web import Asked, Web, reply

START = datetime(2020, 5, 27, 12, tzinfo=UTC)
RULE = ListingRule(item="li", title="a", link="a@href", date="time", summary="p")
TODAY = START.date()
CHANNEL, OPERATOR = 1, 2


@dataclass(frozen=True)
class Line:
    """A row of the list. `link` left out: made of the title."""

    title: str
    day: date | None = None
    text: str = "What came of it."
    link: str = ""

    def html(self) -> str:
        when = f"<time>{self.day}</time>" if self.day else ""
        link = self.link or f"/{self.title.replace(' ', '-')}"
        return f"<li>{when}<a href='{escape(link)}'>{escape(self.title)}</a><p>{self.text}</p>"


def days(count: int, *, last: date = TODAY) -> list[Line]:
    """So many rows, one a day back from `last`."""
    return [
        Line(f"Statement number {number}", last - timedelta(days=count - number))
        for number in range(count, 0, -1)
    ]


@dataclass
class Watch:
    """The list, what reads it, and what came of it."""

    web: Web
    store: Store
    clock: SimulatedClock
    poller: Poller
    source: Source
    rows: Sequence[Line] = ()
    body: str | None = None  # in place of the page with the rows
    status: str = "200 OK"
    every: timedelta = field(default=timedelta(hours=1))

    @classmethod
    @asynccontextmanager
    async def open(cls, folder: Path, **options: Any) -> AsyncIterator[Watch]:
        clock = SimulatedClock(START)
        store = await Store.open(f"sqlite:///{folder}/feedbot.db")
        fetcher = Fetcher(contact=None, timeout=5, allow_private_networks=True)
        async with Web() as web, fetcher:
            async with store.transaction() as connection:
                await add_subscriber(connection, "@channel")
                await appoint(connection, await add_subscriber(connection, "2", origin="admin"))

            async def followers(_: AsyncConnection) -> list[Follower]:
                return [Follower(CHANNEL)]

            async def operator(_: AsyncConnection) -> int | None:
                return OPERATOR

            audience = Audience(followers, operator)
            poller = Poller(
                store, fetcher, clock, audience, authority="press.example", random=Random(1)
            )
            hourly = timedelta(hours=1)
            source = Source("news", web.url("/"), "News", every=hourly, listing=RULE, article="off")
            source = replace(source, **options)
            async with store.transaction() as connection:
                await sources.sync(connection, [source], "press.example", clock.now())
            watch = cls(web, store, clock, poller, source)
            web.routes["/"] = watch._answer
            yield watch
        await store.close()

    async def _answer(self, _: Asked, writer: asyncio.StreamWriter) -> None:
        page = f"<title>News</title><ul>{''.join(row.html() for row in self.rows)}</ul>"
        body = page if self.body is None else self.body
        writer.write(reply(body.encode(), self.status, Content_Type="text/html; charset=utf-8"))

    async def poll(self, times: int = 1) -> Polled:
        """Poll so often, an hour apart."""
        for _ in range(times):
            polled = await self.poller.poll(self.source)
            self.clock.advance(self.every)
        return polled

    def add(self, *titles: str, day: date | None = None) -> None:
        """Put new rows on top, the last one uppermost; they are of today."""
        for title in titles:
            self.rows = [Line(title, day or self.clock.now().date()), *self.rows]

    async def posted(self) -> list[str]:
        """The titles owed to the channel, in their order."""
        query = (
            sa.select(entries.c.title)
            .join_from(deliveries, causes, causes.c.delivery_id == deliveries.c.id)
            .join(entries, entries.c.id == causes.c.entry_id)
            .where(deliveries.c.subscriber_id == CHANNEL)
            .order_by(deliveries.c.id)
        )
        async with self.store.reading() as connection:
            return list((await connection.execute(query)).scalars())

    async def told(self) -> list[str]:
        """What the operator is owed."""
        query = (
            sa.select(deliveries.c.payload)
            .where(deliveries.c.subscriber_id == OPERATOR)
            .order_by(deliveries.c.id)
        )
        async with self.store.reading() as connection:
            rows = (await connection.execute(query)).scalars()
            return [payload["text"] for payload in rows]

    async def buttons(self) -> list[tuple[str, str]]:
        """(label, data) below the last question to the operator."""
        query = (
            sa.select(deliveries.c.payload)
            .where(deliveries.c.subscriber_id == OPERATOR)
            .order_by(deliveries.c.id.desc())
        )
        async with self.store.reading() as connection:
            for payload in (await connection.execute(query)).scalars():
                if "buttons" in payload:
                    return [(label, data) for label, data in payload["buttons"]]
        return []

    async def press(self, data: str) -> str | None:
        """What a press of a button comes to."""
        async with self.store.transaction() as connection:
            known = {self.source.name: self.source}.get
            following = [Follower(CHANNEL)]
            return await pressed(connection, data, known, following, self.clock.now(), shown=50)

    async def decide(self, choice: Choice) -> int:
        """Decide on all that waits; how many that was."""
        async with self.store.transaction() as connection:
            waiting = await held.waiting(connection, source=self.source.name)
            done = await decide(
                connection,
                choice,
                waiting,
                self.source,
                [Follower(CHANNEL)],
                self.clock.now(),
                shown=50,
            )
        return done.number

    async def held(self) -> list[Held]:
        async with self.store.reading() as connection:
            return await held.waiting(connection)

    async def feed(self) -> list[str]:
        """The titles in the feed, newest publication first."""
        state = await self.state()
        async with self.store.reading() as connection:
            return [one.entry.title for one in await feeds.newest(connection, state.id, 1000)]

    async def state(self) -> sources.SourceState:
        async with self.store.reading() as connection:
            return await sources.load(connection, self.source.name)
