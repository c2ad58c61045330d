"""A source of which only the URL is known, poll after poll: its feed, its data, their ends."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa

from feedbot.clock import SimulatedClock
from feedbot.failing import TELL_AFTER
from feedbot.fetch import Fetcher
from feedbot.model import Extractor, Source, SourceKind, Take
from feedbot.owing import Follower
from feedbot.poll import Audience, Polled, Poller
from feedbot.store import sources
from feedbot.store.engine import Store
from feedbot.store.schema import deliveries, entries, subscribers
from tests.web import Asked, Web, reply

START = datetime(2020, 5, 27, 20, 55, tzinfo=UTC)


def title(number: int) -> str:
    return f"What was said on occasion {number}"


def day(number: int) -> str:
    return f"2020-05-{number:02}"


def page(numbers: Iterable[int], head: str = "", *, data: bool = False) -> bytes:
    """A list page: links with dates, and with `data` the same as JSON-LD."""
    numbers = list(numbers)
    listed = "".join(f"<li>{day(n)} <a href=/news/{n}>{title(n)}</a>" for n in numbers)
    nodes = [
        {"@type": "Article", "name": title(n), "url": f"/news/{n}", "datePublished": day(n)}
        for n in numbers
    ]
    script = f'<script type="application/ld+json">{json.dumps(nodes)}</script>' if data else ""
    html = f"<html><head><title>News</title>{head}{script}</head><body><ul>{listed}</ul>"
    return reply(html.encode(), Content_Type="text/html")


def feed(numbers: Iterable[int]) -> bytes:
    listed = "".join(
        f"<item><title>{title(n)}</title><link>/news/{n}</link><guid>{n}</guid>"
        f"<pubDate>{day(n)}T12:00:00Z</pubDate></item>"
        for n in numbers
    )
    body = f"<rss version='2.0'><channel><title>News</title>{listed}</channel></rss>".encode()
    return reply(body, Content_Type="application/rss+xml", ETag=f'"{hash(body)}"')


def named(*hrefs: str) -> str:
    return "".join(
        f'<link rel="alternate" type="application/rss+xml" href="{href}">' for href in hrefs
    )


@dataclass
class Desk:
    web: Web
    store: Store
    clock: SimulatedClock
    poller: Poller
    source: Source

    async def poll(self) -> Polled:
        polled = await self.poller.poll(self.source)
        self.clock.advance(timedelta(minutes=5))
        return polled

    async def state(self) -> sources.SourceState:
        async with self.store.reading() as connection:
            return await sources.load(connection, self.source.name)

    async def extractor(self) -> Extractor:
        found = sources.remembered(self.source, await self.state())
        assert found is not None
        return found

    async def titles(self) -> list[str]:
        async with self.store.reading() as connection:
            return list((await connection.execute(sa.select(entries.c.title))).scalars())

    async def owed(self, kind: str) -> list[Any]:
        query = sa.select(deliveries).where(deliveries.c.kind == kind)
        async with self.store.reading() as connection:
            return list(await connection.execute(query))

    async def notices(self) -> list[str]:
        return [row.payload["text"] for row in await self.owed("notice")]

    def asked(self) -> list[str]:
        """What was asked for since the last time."""
        targets = [asked.target for asked in self.web.asked]
        self.web.asked.clear()
        return targets


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        web = await stack.enter_async_context(Web())
        store = await Store.open(f"sqlite:///{tmp_path}/feedbot.db")
        stack.push_async_callback(store.close)
        clock = SimulatedClock(START)
        fetcher = await stack.enter_async_context(Fetcher(timeout=5, allow_private_networks=True))

        async def followers(_: Any) -> list[Follower]:
            return [Follower(1)]

        async def operator(_: Any) -> int | None:
            return 2

        audience = Audience(followers, operator)
        poller = Poller(store, fetcher, clock, audience, authority="a.example", random=Random(1))
        source = Source(name="embassy", url=web.url("/news"), title="Press office")
        async with store.transaction() as connection:
            for address in ("@channel", "1"):
                row = {"address": address, "topic": 0, "origin": "config", "state": "active"}
                await connection.execute(sa.insert(subscribers).values(**row, created_at=START))
            await sources.sync(connection, [source], "a.example", START)
        yield Desk(web, store, clock, poller, source)


async def test_a_feed_that_carries_the_same_is_found_once_and_then_asked_for_directly(
    desk: Desk,
) -> None:
    desk.web.routes = {
        "/news": page(range(20, 10, -1), named("/comments/feed", "/other", "/feed")),
        "/other": feed(range(9, 0, -1)),
        "/feed": feed(range(20, 5, -1)),
    }
    assert (await desk.poll()).error is None
    assert desk.asked() == ["/news", "/other", "/feed"]
    found = await desk.extractor()
    assert (found.take, found.url) == (Take.FEED, desk.web.url("/feed"))
    assert "it carries the page's items" in found.why[0]
    assert len(await desk.titles()) == 15

    await desk.poll()  # the same body
    desk.web.routes["/feed"] = feed(range(21, 6, -1))
    assert (await desk.poll()).new == 1
    assert desk.asked() == ["/feed", "/feed"]
    [news] = await desk.owed("news")
    assert news.subscriber_id == 1


async def test_the_feeds_validators_are_kept_and_sent_to_it(desk: Desk) -> None:
    async def conditional(asked: Asked, writer: Any) -> None:
        whole = feed(range(20, 5, -1))
        known = asked.headers.get("if-none-match")
        writer.write(reply(status="304 Not Modified") if known == '"1"' else whole)

    desk.web.routes = {
        "/news": page(range(20, 10, -1), named("/feed")),
        "/feed": feed(range(20, 5, -1)).replace(b"ETag: ", b'ETag: "1"\r\nX-Was: '),
    }
    await desk.poll()
    desk.web.routes["/feed"] = conditional
    before = await desk.state()
    assert (await desk.poll()).error is None
    assert (await desk.state()).polls == before.polls + 1
    assert desk.web.asked[-1].headers["if-none-match"] == '"1"'


async def test_no_feed_is_believed_that_does_not_carry_the_pages_items(desk: Desk) -> None:
    desk.web.routes = {
        "/news": page(range(20, 10, -1), named("/other", "/gone", "/page"), data=True),
        "/other": feed(range(9, 0, -1)),
        "/page": page(range(9, 0, -1)),
    }
    assert (await desk.poll()).error is None
    found = await desk.extractor()
    assert found.take is Take.DATA
    reasons = " | ".join(found.why)
    for reason in ("has died: its newest is of 2020-05-09", "404", "this is an HTML page"):
        assert reason in reasons
    assert len(await desk.titles()) == 10
    desk.asked()
    desk.web.routes["/news"] = page(range(21, 11, -1), named("/other"), data=True)
    assert (await desk.poll()).new == 1
    assert desk.asked() == ["/news"]


@pytest.mark.parametrize("end", ["404 Not Found", "410 Gone", "200 OK"])
async def test_a_feed_that_dies_is_said_and_the_page_read_without_telling_old_things_again(
    desk: Desk, end: str
) -> None:
    desk.web.routes = {
        "/news": page(range(20, 5, -1), named("/feed"), data=True),
        "/feed": feed(range(20, 10, -1)),
    }
    await desk.poll()
    assert len(await desk.titles()) == 10
    desk.web.routes["/news"] = page(range(21, 5, -1), named("/feed"), data=True)
    desk.web.routes["/feed"] = reply(b"<html><p>Moved away.", end)
    polled = await desk.poll()
    assert (polled.error, polled.new) == (None, 1)
    assert len(await desk.owed("news")) == 1
    assert sorted(await desk.titles()) == sorted(map(title, range(6, 22)))
    [notice] = await desk.notices()
    assert "/feed has died (" in notice
    assert "the page is read instead" in notice
    assert (await desk.extractor()).take is Take.DATA
    await desk.poll()
    assert len(await desk.notices()) == 1


async def test_a_feed_that_answers_and_is_filled_no_more_is_found_out_within_a_day(
    desk: Desk,
) -> None:
    desk.source = replace(desk.source, every=timedelta(hours=8))
    desk.web.routes = {
        "/news": page(range(15, 5, -1), named("/feed"), data=True),
        "/feed": feed(range(15, 5, -1)),
    }
    await desk.poll()
    await desk.poll()
    desk.web.routes["/news"] = page(range(22, 12, -1), named("/feed"), data=True)
    assert (await desk.poll()).new == 0  # the feed says nothing new, and it is not looked at yet
    polled = await desk.poll()
    assert (polled.error, polled.new) == (None, 7)
    [notice] = await desk.notices()
    assert "its newest is of 2020-05-15, the page has 5 newer than that" in notice
    assert (await desk.extractor()).take is Take.DATA


async def test_a_feed_that_keeps_up_and_a_page_that_fails_change_nothing(desk: Desk) -> None:
    desk.source = replace(desk.source, every=timedelta(days=1))
    desk.web.routes = {
        "/news": page(range(20, 10, -1), named("/feed"), data=True),
        "/feed": feed(range(20, 10, -1)),
    }
    await desk.poll()
    desk.asked()
    await desk.poll()
    assert desk.asked() == ["/news", "/feed", "/feed"]
    desk.web.routes["/news"] = reply(b"", "500 Internal Server Error")
    assert (await desk.poll()).error is None
    assert (await desk.extractor()).take is Take.FEED
    assert await desk.notices() == []


async def test_a_feed_that_fails_is_waited_for_before_the_page_is_read(desk: Desk) -> None:
    desk.web.routes = {
        "/news": page(range(20, 10, -1), named("/feed"), data=True),
        "/feed": feed(range(20, 10, -1)),
    }
    await desk.poll()
    desk.web.routes["/feed"] = reply(b"", "500 Internal Server Error")
    errors = [(await desk.poll()).error for _ in range(TELL_AFTER)]
    assert [bool(error) for error in errors] == [True] * (TELL_AFTER - 1) + [False]
    assert (await desk.extractor()).take is Take.DATA


async def test_where_the_feed_has_gone_the_pages_own_rows_are_read(desk: Desk) -> None:
    desk.web.routes = {
        "/news": page(range(20, 10, -1), named("/feed")),
        "/feed": feed(range(20, 10, -1)),
    }
    await desk.poll()
    del desk.web.routes["/feed"]
    polled = await desk.poll()
    assert polled.error is None
    read = await desk.extractor()
    assert read.take is Take.LISTING
    assert any("not the feed" in reason for reason in read.why)
    assert await desk.owed("news") == []


async def test_an_operator_forces_the_page_and_what_was_found_is_forgotten(desk: Desk) -> None:
    desk.web.routes = {
        "/news": page(range(20, 10, -1), named("/feed"), data=True),
        "/feed": feed(range(20, 10, -1)),
    }
    await desk.poll()
    desk.asked()
    desk.source = replace(desk.source, kind=SourceKind.HTML)
    assert (await desk.poll()).error is None
    assert desk.asked() == ["/news"]
    assert (await desk.extractor()).take is Take.DATA
    assert await desk.owed("news") == []


async def test_secrets_go_to_the_sources_own_origin_alone(desk: Desk) -> None:
    async with Web({"/feed": feed(range(20, 10, -1))}) as other:
        desk.source = replace(desk.source, headers={"X-Key": "secret"}, auth=("me", "secret"))
        desk.web.routes = {
            "/news": page(range(20, 10, -1), named("/stale", other.url("/feed"))),
            "/stale": feed([1]),
        }
        for _ in range(2):
            assert (await desk.poll()).error is None
        assert [asked.headers.get("x-key") for asked in desk.web.asked] == ["secret"] * 2
        assert len(other.asked) == 2
        for asked in other.asked:
            assert not {"x-key", "authorization", "cookie"} & asked.headers.keys()


async def test_a_page_filled_by_a_script_is_read_from_the_feed_it_names_unless_that_is_old(
    desk: Desk,
) -> None:
    head = named("/comments/feed", "/feed") + "<script src=/app.js></script>"
    empty = f"<head><title>News</title>{head}</head><body><div id=root></div>".encode()
    desk.web.routes = {"/news": reply(empty, Content_Type="text/html"), "/feed": feed([20, 19])}
    desk.clock.advance(timedelta(days=400))
    assert "its newest is of 2020-05-20" in str((await desk.poll()).error)
    desk.clock.advance(timedelta(days=-400))
    assert (await desk.poll()).error is None
    assert "nothing to compare it with" in (await desk.extractor()).why[0]


async def test_a_page_that_is_no_list_says_what_it_is(desk: Desk) -> None:
    login = "<title>Log in</title><form><input name=user><input type=password></form>"
    desk.web.routes = {"/news": reply(login.encode(), Content_Type="text/html")}
    polled = await desk.poll()
    assert polled.error is not None
    assert "no list on the page 'Log in': this page asks to log in: give the source" in polled.error
