"""Older pages: followed to a number or a day, through crashes, loops and gaps; real servers."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa

from feedbot.backfill import Backfiller, Progress
from feedbot.clock import SimulatedClock
from feedbot.demo.site import PressSite, SampleSite
from feedbot.errors import StoreUnwritableError
from feedbot.fetch import Fetcher, Manners
from feedbot.model import Entry, Source
from feedbot.owing import Follower
from feedbot.poll import Audience, Polled, Poller
from feedbot.progress import Bar, line
from feedbot.store import backfills, catalogue, editions, feeds, sources
from feedbot.store.engine import Store
from feedbot.store.schema import backfills as table
from feedbot.store.schema import deliveries
from feedbot.store.schema import entries as stored
from tests.test_poll import add_subscriber
from tests.web import Asked, Web, reply

NOON = datetime(2020, 5, 27, 12, tzinfo=UTC)
LAST = date(2020, 5, 26)
ON_A_PAGE = 4


def row(number: int) -> str:
    """Row 0 is of LAST, each further one of the day before."""
    day = LAST - timedelta(days=number)
    words = f"The committee met for the {number + 1000}th time"
    return f"<li><time datetime={day}>{day:%d.%m.%Y}</time> <a href=/n/{number}>{words}</a></li>"


def page(rows: list[str], after: str) -> bytes:
    html = f"<html lang=en><title>News</title><ul id=list>{''.join(rows)}</ul>{after}</html>"
    return reply(html.encode(), Content_Type="text/html; charset=utf-8")


@dataclass
class Desk:
    """A list on pages of four rows, a source that reads it, one follower."""

    web: Web
    store: Store
    clock: SimulatedClock
    fetcher: Fetcher
    poller: Poller
    source: Source
    rows: list[int] = field(default_factory=list)
    seen: list[Progress] = field(default_factory=list)
    done: list[tuple[str, bool]] = field(default_factory=list)
    at: list[tuple[str, datetime]] = field(default_factory=list)

    def filler(self) -> Backfiller:
        """What a process has; another one is another process."""
        return Backfiller(
            self.store,
            self.fetcher,
            self.clock,
            lambda: {self.source.name: self.source},
            lambda name, over: self.done.append((name, over)),
            authority="press.example",
            shown=lambda: 50,
            show=self.seen.append,
        )

    def pages(self, rows: list[int], first: str = "/") -> None:
        """The list on as many pages as it takes, each with a link to the next one."""
        count = -(-len(rows) // ON_A_PAGE)

        async def answer(asked: Asked, writer: asyncio.StreamWriter) -> None:
            self.at.append((asked.target, self.clock.now()))
            number = int(asked.target.partition("p=")[2] or 1)
            shown = rows[(number - 1) * ON_A_PAGE : number * ON_A_PAGE]
            link = f"<p><a href='{first}?p={number + 1}'>Older</a>" if number < count else ""
            writer.write(page([row(one) for one in shown], link))

        self.web.routes[first] = answer

    async def poll(self) -> Polled:
        polled = await self.poller.poll(self.source)
        self.clock.advance(timedelta(minutes=5))
        return polled

    async def fill(self) -> None:
        await self.filler().drain(self.clock.now() + timedelta(hours=3))

    async def entries(self) -> list[Entry]:
        async with self.store.reading() as connection:
            state = await sources.load(connection, self.source.name)
            return [one.entry for one in await feeds.newest(connection, state.id, 1000)]

    async def links(self) -> list[int]:
        return [int(entry.link.rpartition("/")[2]) for entry in await self.entries()]

    async def owed(self) -> int:
        async with self.store.reading() as connection:
            query = sa.select(sa.func.count()).select_from(deliveries)
            return int((await connection.execute(query)).scalar_one())

    async def row(self) -> Any:
        async with self.store.reading() as connection:
            return (await connection.execute(sa.select(table))).one_or_none()

    async def state(self) -> sources.SourceState:
        async with self.store.reading() as connection:
            return await sources.load(connection, self.source.name)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        web = await stack.enter_async_context(Web())
        store = await Store.open(f"sqlite:///{tmp_path}/feedbot.db")
        stack.push_async_callback(store.close)
        clock = SimulatedClock(NOON)
        fetcher = await stack.enter_async_context(
            Fetcher(timeout=5, allow_private_networks=True, clock=clock, manners=Manners())
        )
        await add_subscriber(store, "@channel")

        async def followers(_: Any) -> list[Follower]:
            return [Follower(1)]

        async def nobody(_: Any) -> int | None:
            return None

        poller = Poller(
            store,
            fetcher,
            clock,
            Audience(followers, nobody),
            authority="press.example",
            random=Random(1),
        )
        source = Source("news", web.url("/"), "News", article="off", backfill=100, robots="ignore")
        async with store.transaction() as connection:
            await sources.sync(connection, [source], "press.example", clock.now())
        yield Desk(web, store, clock, fetcher, poller, source)


async def test_older_pages_are_followed_to_the_end_and_told_to_nobody(desk: Desk) -> None:
    desk.pages(list(range(19)))
    await desk.poll()
    assert await desk.links() == [0, 1, 2, 3]
    await desk.fill()
    assert await desk.links() == list(range(19))
    assert [entry.page_date for entry in await desk.entries()] == [
        LAST - timedelta(days=number) for number in range(19)
    ]
    published = [entry.published for entry in await desk.entries()]
    assert published[5] == datetime(2020, 5, 21, 12, tzinfo=UTC)
    assert await desk.owed() == 0
    assert desk.done[-1] == ("news", True)
    assert desk.seen[-1] == Progress("news", 5, 15, 0.19, True)


async def test_pages_are_read_one_at_a_time_a_second_apart(desk: Desk) -> None:
    desk.pages(list(range(19)))
    await desk.poll()
    desk.at.clear()
    await desk.fill()
    assert [target for target, _ in desk.at] == ["/", "/?p=2", "/?p=3", "/?p=4", "/?p=5"]
    moments = [when for _, when in desk.at]
    assert all(after - before >= timedelta(seconds=1) for before, after in pairwise(moments))


async def test_a_number_is_kept_to_the_entry_first_page_included(desk: Desk) -> None:
    desk.pages(list(range(19)))
    desk.source = replace(desk.source, backfill=10)
    await desk.poll()
    await desk.fill()
    assert await desk.links() == list(range(10))
    assert [target for target, _ in desk.at][-1] == "/?p=3"
    async with desk.store.reading() as connection:  # readers can look through them
        assert len(await catalogue.newest(connection, catalogue.Range([1]), 100)) == 10


async def test_a_day_ends_it_where_a_whole_page_is_before_it(desk: Desk) -> None:
    desk.pages([0, 1, 2, 17, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16])  # an old one is pinned
    desk.source = replace(desk.source, backfill=LAST - timedelta(days=9))
    await desk.poll()
    await desk.fill()
    assert await desk.links() == [0, 1, 2, 4, 5, 6, 7, 8, 9, 17]
    assert [target for target, _ in desk.at][-1] == "/?p=4"
    assert desk.seen[-1].share is None


async def test_none_is_wanted_and_none_is_fetched(desk: Desk) -> None:
    desk.pages(list(range(19)))
    desk.source = replace(desk.source, backfill=0)
    await desk.poll()
    await desk.fill()
    assert await desk.links() == [0, 1, 2, 3]
    assert await desk.row() is None
    assert len(desk.at) == 1


async def test_a_crash_between_two_pages_loses_and_doubles_nothing(desk: Desk) -> None:
    desk.pages(list(range(19)))
    await desk.poll()
    for _ in range(20):  # each process lives for one page
        filler = desk.filler()
        await filler.drain(desk.clock.now() + timedelta(milliseconds=1))
        await filler.finish()
        desk.clock.advance(timedelta(seconds=2))
    assert await desk.links() == list(range(19))
    assert (await desk.state()).entries == 19
    assert len(desk.at) == 6  # the poll, and each page once


async def test_what_the_store_refused_is_read_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.pages(list(range(9)))
    await desk.poll()
    real, calls = backfills.record, 0

    async def refuse(*arguments: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:  # after the entries of the second page, before the commit
            raise StoreUnwritableError("disk full")
        await real(*arguments)

    monkeypatch.setattr(backfills, "record", refuse)
    await desk.fill()
    assert await desk.links() == list(range(9))
    assert [target for target, _ in desk.at].count("/?p=2") == 2


async def test_it_stays_in_order_while_the_list_moves_on(desk: Desk) -> None:
    desk.pages(list(range(5, 24)))
    await desk.poll()
    filler = desk.filler()
    for newer in (4, 3, 2):  # each pushes a row over to the next page
        await filler.drain(desk.clock.now() + timedelta(seconds=1.5))
        desk.pages(list(range(newer, 24)))
        assert (await desk.poll()).new == 1
    await desk.fill()
    assert await desk.links() == list(range(2, 24))
    assert await desk.owed() == 3
    await desk.poll()
    assert await desk.owed() == 3
    everything = await desk.entries()
    stamps = [entry.updated for entry in everything]
    assert stamps == sorted(stamps, reverse=True)
    assert len(set(stamps)) == len(stamps)


async def test_news_that_only_an_older_page_shows_yet_is_left_to_the_poll(desk: Desk) -> None:
    desk.web.routes["/"] = page([row(n) for n in range(1, 5)], "<a href=/all>All news</a>")
    desk.pages(list(range(19)), "/all")  # row 0 is here already
    await desk.poll()
    await desk.fill()
    assert await desk.links() == list(range(1, 19))
    desk.web.routes["/"] = page([row(n) for n in range(4)], "<a href=/all>All news</a>")
    assert (await desk.poll()).new == 1


async def test_positions_begin_at_one_when_it_is_done(desk: Desk) -> None:
    desk.pages(list(range(19)))
    await desk.poll()
    await desk.fill()
    state = await desk.state()
    async with desk.store.reading() as connection:
        query = sa.select(stored.c.link).order_by(stored.c.position)
        links = list((await connection.execute(query)).scalars())
        part = await editions.stretch(connection, state.id, 1, 3)
    assert state.positions == 19
    assert [int(link.rpartition("/")[2]) for link in links] == list(range(18, -1, -1))
    assert [one.position for one in part.shown] == [3, 2, 1]


@pytest.mark.parametrize("last", ["the same page for ever", "the first page", "404", "500"])
async def test_a_pager_without_an_end_comes_to_one(desk: Desk, last: str) -> None:
    async def answer(asked: Asked, writer: asyncio.StreamWriter) -> None:
        desk.at.append((asked.target, desk.clock.now()))
        number = int(asked.target.partition("p=")[2] or 1)
        if number > 3 and last.isdecimal():
            writer.write(reply(status=f"{last} No"))
            return
        begin = {"the first page": 0}.get(last, 8) if number > 3 else (number - 1) * 4
        rows = [row(one) for one in range(begin, begin + 4)]
        writer.write(page(rows, f"<p><a href='/?p={number + 1}'>Next</a>"))

    desk.web.routes["/"] = answer
    await desk.poll()
    await desk.fill()
    assert await desk.links() == list(range(12))
    assert len(desk.at) < 12
    assert (await desk.row()).done_at is not None


async def test_a_page_that_fails_for_a_while_is_read_later(desk: Desk) -> None:
    desk.pages(list(range(12)))
    await desk.poll()
    well = desk.web.routes["/"]
    bad = 2

    async def answer(asked: Asked, writer: asyncio.StreamWriter) -> None:
        nonlocal bad
        if asked.target == "/?p=2" and bad:
            bad -= 1
            writer.write(reply(status="503 Wait"))
        else:
            assert callable(well)
            await well(asked, writer)

    desk.web.routes["/"] = answer
    await desk.fill()
    assert await desk.links() == list(range(12))
    assert desk.clock.now() > NOON + timedelta(minutes=5, seconds=75)


async def test_another_goal_begins_anew_and_doubles_nothing(desk: Desk) -> None:
    desk.pages(list(range(19)))
    desk.source = replace(desk.source, backfill=6)
    await desk.poll()
    await desk.fill()
    before = {entry.link: entry.id for entry in await desk.entries()}
    desk.source = replace(desk.source, backfill=15)
    await desk.fill()
    after = {entry.link: entry.id for entry in await desk.entries()}
    assert await desk.links() == list(range(15))
    assert before.items() <= after.items()


async def test_another_list_behind_a_link_is_not_taken(desk: Desk) -> None:
    desk.web.routes["/"] = page([row(n) for n in range(4)], "<a href=/archive>Archive</a>")
    desk.web.routes["/archive"] = page([row(n) for n in range(500, 520)], "")
    await desk.poll()
    await desk.fill()
    assert await desk.links() == [0, 1, 2, 3]


async def test_a_feeds_archives_are_followed(desk: Desk) -> None:
    def feed(rows: range, link: str) -> bytes:
        items = "".join(
            f"<entry><id>urn:n:{n}</id><title>Entry {n}</title><link href='/n/{n}'/>"
            f"<updated>{LAST - timedelta(days=n)}T09:00:00Z</updated></entry>"
            for n in rows
        )
        text = f"<feed xmlns='http://www.w3.org/2005/Atom'><title>F</title>{link}{items}</feed>"
        return reply(text.encode(), Content_Type="application/atom+xml")

    desk.web.routes["/"] = feed(range(5), "<link rel='prev-archive' href='/2'/>")
    desk.web.routes["/2"] = feed(range(3, 9), "<link rel='prev-archive' href='/1'/>")
    desk.web.routes["/1"] = feed(range(9, 12), "")
    await desk.poll()
    await desk.fill()
    assert await desk.links() == list(range(12))


async def test_the_page_is_followed_where_its_feed_is_read_and_names_nothing_older(
    desk: Desk,
) -> None:
    items = "".join(
        f"<item><title>The committee met for the {n + 1000}th time</title>"
        f"<link>{desk.web.url(f'/n/{n}')}</link>"
        f"<pubDate>{LAST - timedelta(days=n):%a, %d %b %Y} 09:00:00 GMT</pubDate></item>"
        for n in range(4)
    )
    rss = f"<rss version='2.0'><channel><title>N</title>{items}</channel></rss>"
    desk.web.routes["/rss"] = reply(rss.encode(), Content_Type="application/rss+xml")
    desk.pages(list(range(12)))
    pages = desk.web.routes["/"]

    async def answer(asked: Asked, writer: asyncio.StreamWriter) -> None:
        if asked.target == "/":
            link = "<link rel=alternate type='application/rss+xml' href=/rss>"
            after = "<p><a href='/?p=2'>Older</a>"
            writer.write(page([row(one) for one in range(4)], link + after))
        else:
            assert callable(pages)
            await pages(asked, writer)

    desk.web.routes["/"] = answer
    await desk.poll()
    assert (await desk.state()).extractor is not None
    assert '"feed"' in str((await desk.state()).extractor)
    await desk.fill()
    assert await desk.links() == list(range(12))


async def test_the_sample_site_is_read_to_its_end(desk: Desk) -> None:
    site = PressSite()
    async with SampleSite(site) as server:
        desk.source = replace(desk.source, url=f"{server.url}/")
        await desk.poll()
        assert len(await desk.entries()) == 10
        await desk.fill()
        links = [entry.link for entry in await desk.entries()]
        dates = [entry.page_date for entry in await desk.entries()]
        assert links == [f"{server.url}{event.path}" for event in site.events]
        assert dates == [event.day for event in site.events]
        assert await desk.owed() == 0


# --- gaps ----------------------------------------------------------------------------------------


@pytest.fixture
async def gap(desk: Desk) -> Desk:
    """Entries 12 to 15 are known, and the baseline is behind."""
    desk.source = replace(desk.source, backfill=0)
    desk.pages(list(range(12, 40)))
    await desk.poll()
    desk.at.clear()
    return desk


async def announced(desk: Desk) -> list[int]:
    async with desk.store.reading() as connection:
        query = sa.select(deliveries.c.dedupe_key).order_by(deliveries.c.id)
        count = len(list(await connection.execute(query)))
    newest = sorted(await desk.entries(), key=lambda entry: entry.updated)
    return [int(entry.link.rpartition("/")[2]) for entry in newest[-count:]] if count else []


async def test_what_came_and_went_during_a_downtime_is_news_oldest_first(gap: Desk) -> None:
    gap.pages(list(range(3, 40)))
    assert (await gap.poll()).new == 9
    assert await announced(gap) == list(range(11, 2, -1))
    assert await gap.links() == list(range(3, 16))
    assert [target for target, _ in gap.at] == ["/", "/?p=2", "/?p=3"]
    moments = [when for _, when in gap.at]
    assert all(after - before >= timedelta(seconds=1) for before, after in pairwise(moments))
    assert len((await gap.state()).places) == ON_A_PAGE  # what the first page shows, as always
    assert (await gap.poll()).new == 0


async def test_with_a_known_row_on_the_first_page_no_other_is_read(gap: Desk) -> None:
    gap.pages(list(range(10, 40)))
    assert (await gap.poll()).new == 2
    assert [target for target, _ in gap.at] == ["/"]


async def test_without_an_end_the_search_stops_and_what_is_later_is_news(gap: Desk) -> None:
    gap.pages([*range(6), *range(100, 180)])  # what was known is nowhere
    assert (await gap.poll()).new == 6
    assert len(gap.at) == 11
    assert await announced(gap) == [5, 4, 3, 2, 1, 0]


async def test_an_older_page_that_fails_is_waited_for_but_not_for_ever(gap: Desk) -> None:
    gap.pages(list(range(3, 40)))
    well = gap.web.routes["/"]

    async def answer(asked: Asked, writer: asyncio.StreamWriter) -> None:
        if asked.target == "/":
            assert callable(well)
            await well(asked, writer)
        else:
            writer.write(reply(status="503 Wait"))

    gap.web.routes["/"] = answer
    assert (await gap.poll()).error
    assert (await gap.poll()).error
    assert (await gap.poll()).new == 4
    assert await announced(gap) == [6, 5, 4, 3]


async def test_a_crash_in_a_gap_leaves_it_open(gap: Desk) -> None:
    gap.pages(list(range(3, 40)))
    well, reached = gap.web.routes["/"], asyncio.Event()

    async def answer(asked: Asked, writer: asyncio.StreamWriter) -> None:
        if asked.target == "/?p=2":
            reached.set()
            await asyncio.Event().wait()
        assert callable(well)
        await well(asked, writer)

    gap.web.routes["/"] = answer
    task = asyncio.create_task(gap.poll())
    await reached.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await gap.owed() == 0
    gap.web.routes["/"] = well
    assert (await gap.poll()).new == 9


# --- the bar -------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_bar_is_a_line_that_makes_way_for_the_log() -> None:
    terminal = Terminal()
    bar = Bar(terminal)
    handler = logging.StreamHandler(terminal)
    logging.getLogger().addHandler(handler)
    try:
        bar.attach()
        bar.show(Progress("embassy", 3, 40, 0.25, False))
        logging.getLogger("feedbot").warning("something else")
        bar.show(Progress("embassy", 4, 60, 0.5, False))
        bar.show(Progress("embassy", 5, 80, 1.0, True))
    finally:
        logging.getLogger().removeHandler(handler)
    clear = "\r\x1b[K"
    first = f"{clear}embassy: [######..................] 40 entries, 3 pages"
    second = f"{clear}embassy: [############............] 60 entries, 4 pages"
    assert terminal.getvalue() == f"{first}{clear}something else\n{second}{clear}"


def test_without_an_end_in_sight_there_is_no_bar() -> None:
    assert line(Progress("a", 2, 30, None, False)) == "a: 30 entries, 2 pages"


def test_nothing_is_drawn_where_nobody_looks() -> None:
    stream = io.StringIO()
    bar = Bar(stream)
    bar.attach()
    bar.show(Progress("a", 2, 30, None, False))
    bar.clear()
    assert stream.getvalue() == ""
