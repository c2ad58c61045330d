"""From an entry's link to its text: a real server, a real store, and crashes in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from html import escape
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa

from feedbot.articles import PATIENCE, ArticleReader
from feedbot.clock import SimulatedClock
from feedbot.errors import StoreUnwritableError
from feedbot.fetch import Fetcher, Manners
from feedbot.model import DeliveryState, Entry, ListingRule, Source, TextState
from feedbot.owing import Follower
from feedbot.poll import Audience, Polled, Poller
from feedbot.search import parse_query
from feedbot.store import feeds, fulltext, outbox, sources, texts
from feedbot.store.engine import Store
from feedbot.store.outbox import Outcome
from feedbot.store.schema import deliveries
from feedbot.store.schema import entries as stored_entries
from feedbot.store.schema import texts as stored
from tests.outboxes import claim_next
from tests.test_poll import add_subscriber
from tests.web import Asked, Web, redirect, reply

PAUSE = Manners().pause
NOON = datetime(2020, 5, 27, 12, tzinfo=UTC)
RULE = ListingRule(item="li", title="a", link="a@href", date="time@datetime")
BODY = "The first paragraph says what happened and to whom.", "The second one says why it did."


def article(title: str, *paragraphs: str, head: str = "") -> bytes:
    text = "".join(f"<p>{one}</p>" for one in paragraphs or BODY)
    page = (
        f"<html><head><title>{title} - Site</title>{head}</head><body><ul id=menu><li>"
        f"<a href=/>Home</a></ul><h1>{title}</h1>{text}</body></html>"
    )
    return reply(page.encode(), Content_Type="text/html; charset=utf-8")


@dataclass
class Desk:
    """A site with a list and pages, a source that reads it, one follower, and a reader."""

    web: Web
    store: Store
    clock: SimulatedClock
    fetcher: Fetcher
    poller: Poller
    source: Source
    links: list[str] = field(default_factory=list)
    done: list[tuple[str, bool]] = field(default_factory=list)
    released: int = 0

    def reader(self) -> ArticleReader:
        """What a process has; another one is another process."""

        def count() -> None:
            self.released += 1

        return ArticleReader(
            self.store,
            self.fetcher,
            self.clock,
            lambda: {self.source.name: self.source},
            lambda name, waited: self.done.append((name, waited)),
            count,
        )

    def publish(self, link: str, page: Any = None, title: str | None = None) -> None:
        """Put a row on top of the list; its page is an ordinary article unless given."""
        self.links.insert(0, link)
        path = link.removeprefix(self.web.url(""))
        self.web.routes[path] = page or article(title or f"Title of {link}")
        rows = "".join(
            f"<li><time datetime=2020-05-27></time> <a href={one}>Title of {one}</a>"
            for one in self.links
        )
        self.web.routes["/"] = reply(f"<ul>{rows}</ul>".encode(), Content_Type="text/html")

    async def poll(self) -> Polled:
        polled = await self.poller.poll(self.source)
        self.clock.advance(PAUSE)  # its host may be asked again
        return polled

    async def baseline(self) -> None:
        """The first poll, of one row whose page has been read."""
        self.publish("/old")
        await self.poll()
        await self.reader().drain(self.clock.now() + PATIENCE, held=False)
        self.web.asked.clear()
        self.done.clear()

    async def new(self, link: str = "/new", page: Any = None) -> None:
        self.publish(link, page)
        assert (await self.poll()).new == 1
        self.web.asked.clear()

    def asked(self) -> list[str]:
        return [one.target for one in self.web.asked]

    async def text(self, link: str = "/new") -> Any:
        """The row of the page at `link`."""
        query = (
            sa.select(stored)
            .join(stored_entries, stored_entries.c.id == stored.c.entry_id)
            .where(stored_entries.c.link == self.web.url(link))
        )
        async with self.store.reading() as connection:
            return (await connection.execute(query)).one_or_none()

    async def owed(self) -> list[Any]:
        async with self.store.reading() as connection:
            query = sa.select(deliveries).order_by(deliveries.c.id)
            return list(await connection.execute(query))

    async def feed(self) -> dict[str, Entry]:
        async with self.store.reading() as connection:
            state = await sources.load(connection, self.source.name)
            shown = [one.entry for one in await feeds.newest(connection, state.id, 50)]
        return {entry.link.removeprefix(self.web.url("")): entry for entry in shown}

    async def claim(self) -> list[outbox.Claimed]:
        async with self.store.transaction() as connection:
            return await claim_next(connection, self.clock.now())


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

        async def nobody(_: Any) -> None:
            return None

        poller = Poller(
            store,
            fetcher,
            clock,
            Audience(followers, nobody),
            authority="press.example",
            random=Random(1),
            shown=lambda: 3,
        )
        source = Source("press", web.url("/"), "Press", listing=RULE, robots="ignore")
        async with store.transaction() as connection:
            await sources.sync(connection, [source], "press.example", NOON)
        yield Desk(web, store, clock, fetcher, poller, source)


# ---------------------------------------------------------------- waiting, and its end


async def test_a_message_waits_for_the_text_and_goes_with_it(desk: Desk) -> None:
    await desk.baseline()
    await desk.new()
    (delivery,) = await desk.owed()
    assert delivery.due_at == desk.clock.now() - PAUSE + PATIENCE
    assert await desk.claim() == []
    began = desk.clock.now()
    await desk.reader().drain(began + PATIENCE, held=True)
    assert desk.clock.now() - began < timedelta(seconds=5)
    (claimed,) = await desk.claim()
    assert claimed.causes[0].content == "".join(f"<p>{one}</p>" for one in BODY)
    assert desk.done == [("press", True)]
    assert desk.released == 1
    async with desk.store.reading() as connection:  # what was read is searched, too: old and new
        assert len(await fulltext.find(connection, parse_query(f'"{BODY[-1]}"'), [1], 5)) == 2


async def test_a_crash_after_the_listing_forgets_neither_page_nor_message(desk: Desk) -> None:
    await desk.baseline()
    await desk.new()
    del desk.web.asked[:]  # the process ends here; what comes now is another one
    await desk.reader().drain(desk.clock.now() + PATIENCE, held=True)
    assert desk.asked() == ["/new"]
    assert len(await desk.claim()) == 1


async def test_a_crash_while_a_page_is_read_leaves_it_due(desk: Desk) -> None:
    await desk.baseline()
    answering = asyncio.Event()

    async def never(_: Asked, __: Any) -> None:
        answering.set()
        await asyncio.Event().wait()

    await desk.new(page=never)
    reader = desk.reader()
    await reader.tick()
    await answering.wait()
    await reader.finish()
    assert (await desk.text()).attempts == 0
    await reader.tick()  # nothing more begins in a process that ends
    assert desk.asked() == ["/new"]
    desk.web.routes["/new"] = article("Title of /new")
    await desk.reader().drain(desk.clock.now() + PATIENCE, held=True)
    assert len(await desk.claim()) == 1
    assert len(await desk.owed()) == 1


async def test_text_and_release_are_one_transaction(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.baseline()
    await desk.new()

    async def broken(*_: Any) -> bool:
        raise StoreUnwritableError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(outbox, "release", broken)
        reader = desk.reader()
        for _ in range(10):
            await reader.tick()
            await desk.clock.wait(reader._tasks.values(), desk.clock.now())
    assert desk.asked() == ["/new"]  # its host rests; it is not asked every second
    row = await desk.text()
    assert (row.state, row.content, row.attempts) == (TextState.WAITING, None, 0)
    assert desk.done == []


async def test_a_message_goes_without_text_when_two_minutes_are_over(desk: Desk) -> None:
    await desk.baseline()
    await desk.new()
    desk.clock.advance(PATIENCE)  # nobody reads
    (claimed,) = await desk.claim()
    assert claimed.causes[0].content is None
    before = (await desk.feed())["/new"]
    await desk.reader().drain(desk.clock.now() + PATIENCE, held=False)
    after = (await desk.feed())["/new"]
    assert after.content
    assert after.updated == before.updated  # text that comes later is no revision
    assert len(await desk.owed()) == 1
    assert (await desk.owed())[0].state == DeliveryState.SENDING


async def test_what_cannot_come_in_time_is_not_waited_for(desk: Desk) -> None:
    await desk.baseline()
    await desk.new(page=reply(b"", "500 Internal Server Error"))
    began = desk.clock.now()
    await desk.reader().drain(began + PATIENCE, held=True)
    assert desk.asked() == ["/new"] * 3  # at once, after 15 s, a minute later; then in ten
    assert timedelta(minutes=1) < desk.clock.now() - began < PATIENCE
    (claimed,) = await desk.claim()
    assert claimed.causes[0].content is None
    assert (await desk.text()).state == TextState.WAITING


async def test_a_release_leaves_a_delivery_that_waits_for_something_else(desk: Desk) -> None:
    await desk.baseline()
    await desk.new(page=reply(b"", "500 Internal Server Error"))
    row = await desk.text()
    desk.clock.advance(PATIENCE)
    (claimed,) = await desk.claim()
    later = desk.clock.now() + timedelta(minutes=5)
    failed = Outcome(claimed.id, DeliveryState.PENDING, desk.clock.now(), later, "no connection")
    async with desk.store.transaction() as connection:
        await outbox.record(connection, [failed])
        now = desk.clock.now()
        assert not await outbox.release(connection, row.entry_id, row.hold_until, now)
    assert (await desk.owed())[0].due_at == later


async def test_later_sends_at_once_and_off_never_asks(desk: Desk) -> None:
    await desk.baseline()
    desk.source = replace(desk.source, article="later")
    await desk.new()
    assert len(await desk.claim()) == 1
    await desk.reader().drain(desk.clock.now() + PATIENCE, held=False)
    assert (await desk.feed())["/new"].content
    assert desk.done == [("press", False)]
    desk.source = replace(desk.source, article="off")
    await desk.new("/next")
    await desk.reader().drain(desk.clock.now() + PATIENCE, held=False)
    assert desk.asked() == []
    assert await desk.text("/next") is None


async def test_a_source_turned_off_meanwhile_is_not_read(desk: Desk) -> None:
    await desk.baseline()
    await desk.new()
    desk.source = replace(desk.source, article="off")
    await desk.reader().drain(desk.clock.now() + PATIENCE, held=True)
    assert desk.asked() == []
    assert len(await desk.claim()) == 1


# ---------------------------------------------------------------- which pages, in which order


async def test_of_a_baseline_the_newest_are_read_and_nobody_is_told(desk: Desk) -> None:
    for number in range(5):
        desk.publish(f"/{number}")
    polled = await desk.poll()
    assert (polled.new, polled.reads) == (0, True)
    del desk.web.asked[:]
    await desk.reader().drain(desk.clock.now() + PATIENCE, held=False)
    assert desk.asked() == ["/4", "/3", "/2"]  # as many as a feed shows
    assert await desk.owed() == []


async def test_a_host_is_asked_for_one_page_at_a_time_news_first(desk: Desk) -> None:
    moments: list[datetime] = []

    async def page(asked: Asked, writer: Any) -> None:
        moments.append(desk.clock.now())
        writer.write(article(f"Title of {asked.target}"))

    for number in range(3):
        desk.publish(f"/{number}", page)
    await desk.poll()
    for number in range(3, 6):
        desk.publish(f"/{number}", page)
    await desk.poll()
    del desk.web.asked[:]
    reader = desk.reader()
    await reader.tick()
    await reader.tick()
    assert len(reader._tasks) == 1
    await reader.drain(desk.clock.now() + PATIENCE, held=False)
    assert desk.asked() == ["/3", "/4", "/5", "/2", "/1", "/0"]
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    assert min(gaps) >= PAUSE


async def test_a_server_that_asks_to_wait_is_left_alone(desk: Desk) -> None:
    await desk.baseline()
    limited = reply(b"", "429 Too Many Requests", Retry_After="3600")
    desk.publish("/one", limited)
    desk.publish("/two", limited)
    await desk.poll()
    desk.web.asked.clear()
    reader = desk.reader()
    for _ in range(60):
        await reader.tick()
        await desk.clock.wait(reader._tasks.values(), desk.clock.now() + PAUSE)
    assert desk.asked() == ["/one"]
    assert (await desk.text("/one")).due_at > NOON + timedelta(minutes=59)


async def test_what_is_the_sources_own_goes_to_its_origin_alone(desk: Desk) -> None:
    desk.source = replace(desk.source, headers={"X-Key": "hush-hush"}, auth=("me", "hush-hush"))
    elsewhere = desk.web.url("/there", host="localhost")
    desk.publish(elsewhere)
    desk.web.routes["/there"] = article("Title of it")
    desk.publish("/here")
    await desk.poll()
    del desk.web.asked[:]
    await desk.reader().drain(desk.clock.now() + PATIENCE, held=False)
    headers = {one.target: one.headers for one in desk.web.asked}
    assert headers["/here"]["x-key"] == "hush-hush"
    assert headers["/here"]["authorization"].startswith("Basic ")
    assert not {"x-key", "authorization"} & set(headers["/there"])


async def test_a_changed_entry_is_read_again(desk: Desk) -> None:
    await desk.baseline()
    old = (await desk.feed())["/old"]
    assert "second one" in (old.content or "")
    desk.web.routes["/old"] = article("Title of /old", "Another text stands here by now.")
    desk.web.routes["/"] = reply(
        b"<ul><li><time datetime=2020-05-27></time><a href=/old>Title of /old, corrected</a></ul>"
    )
    for _ in range(desk.source.confirm_changed):
        await desk.poll()
    assert (await desk.feed())["/old"].content == old.content  # until there is another
    await desk.reader().drain(desk.clock.now() + PATIENCE, held=False)
    assert (await desk.feed())["/old"].content == "<p>Another text stands here by now.</p>"
    assert await desk.owed() == []


# ---------------------------------------------------------------- what is no article


async def refused(desk: Desk, page: Any, link: str = "/new") -> Any:
    """The row after a first attempt at such a page; its message is let go at once."""
    await desk.baseline()
    await desk.new(link, page)
    began = desk.clock.now()
    await desk.reader().drain(began + PATIENCE, held=True)
    assert desk.clock.now() - began <= 2 * PAUSE
    assert len(await desk.claim()) == 1
    return await desk.text(link)


@pytest.mark.parametrize("status", ["404 Not Found", "410 Gone"])
async def test_a_page_that_is_not_there_is_remembered(desk: Desk, status: str) -> None:
    row = await refused(desk, reply(b"", status))
    assert (row.state, row.error) == (TextState.GONE, f"HTTP {status}")
    desk.clock.advance(timedelta(days=1))
    await desk.reader().drain(desk.clock.now() + PATIENCE, held=False)
    assert desk.asked() == ["/new"]


async def test_a_file_is_not_asked_for(desk: Desk) -> None:
    row = await refused(desk, reply(b"%PDF-"), "/report.PDF")
    assert (row.state, row.error) == (TextState.SKIPPED, "no page: a .pdf file")
    assert desk.asked() == []


async def test_the_body_of_another_type_is_not_read(desk: Desk) -> None:
    sent = []

    async def film(_: Asked, writer: Any) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\n\r\n")
        for _piece in range(1000):
            writer.write(b"x" * 100_000)
            await writer.drain()
            sent.append(100_000)

    row = await refused(desk, film)
    assert (row.state, row.error) == (TextState.SKIPPED, "its type is video/mp4")
    assert len(sent) < 100


async def test_a_log_in_page_is_no_article_and_tried_once_more(desk: Desk) -> None:
    form = b"<h1>Log in</h1><form><input type=password></form><p>Please log in to read on here."
    desk.web.routes["/login"] = reply(form, Content_Type="text/html")
    row = await refused(desk, redirect("/login?next=/new"))
    assert row.state == TextState.WAITING
    assert "redirected to a log-in page" in row.error
    assert "next=" not in row.error
    desk.clock.advance(timedelta(hours=2))
    await desk.reader().drain(desk.clock.now() + PATIENCE, held=False)
    assert (await desk.text()).state == TextState.FAILED
    assert (await desk.feed())["/new"].content is None
    async with desk.store.reading() as connection:
        unread = (await texts.unread(connection))["press"]
    assert (unread.waiting, unread.failed) == (0, 1)
    assert unread.error is not None
    assert unread.error.startswith(desk.web.url("/new"))


async def test_a_server_that_fails_is_given_up_in_the_end(desk: Desk) -> None:
    await desk.baseline()
    await desk.new(page=reply(b"", "502 Bad Gateway"))
    reader = desk.reader()
    for _ in range(6):
        await reader.drain(desk.clock.now() + PATIENCE, held=False)
        desk.clock.advance(timedelta(hours=2))
    assert desk.asked() == ["/new"] * 5
    assert (await desk.text()).state == TextState.FAILED


async def test_a_feed_with_whole_texts_has_no_pages_read_and_a_teaser_has(desk: Desk) -> None:
    whole = "".join(
        f"<p>Sentence {n} of the text, which says something more.</p>" for n in range(40)
    )

    def feed(*items: tuple[str, str]) -> bytes:
        rows = "".join(
            f"<item><title>Title of {link}</title><link>{desk.web.url(link)}</link>"
            f"<description>{escape(text)}</description></item>"
            for link, text in items
        )
        body = f"<rss version='2.0'><channel><title>F</title>{rows}</channel></rss>".encode()
        return reply(body, Content_Type="application/rss+xml")

    desk.source = replace(desk.source, listing=None)
    desk.web.routes["/"] = feed(("/old", whole))
    await desk.poll()
    desk.web.routes["/"] = feed(("/new", "It begins so …"), ("/whole", whole), ("/old", whole))
    desk.web.routes["/new"] = article("Title of /new")
    assert (await desk.poll()).new == 2
    del desk.web.asked[:]
    assert [one.causes[0].content for one in await desk.claim()] == [whole]
    await desk.reader().drain(desk.clock.now() + PATIENCE, held=False)
    assert desk.asked() == ["/new"]
    shown = await desk.feed()
    assert shown["/whole"].content == whole
    assert BODY[1] in (shown["/new"].content or "")
