"""What sources come to that ask too much of their hosts: from the site to what is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa

from feedbot.answers import LIES
from feedbot.clock import SimulatedClock
from feedbot.failing import NEVER
from feedbot.fetch import Fetcher, Manners
from feedbot.model import ListingRule, Source, SourceKind
from feedbot.owing import Follower
from feedbot.pace import JITTER
from feedbot.poll import Audience, Polled, Poller
from feedbot.store import sources
from feedbot.store.engine import Store
from feedbot.store.schema import deliveries
from tests.test_poll import START, add_subscriber
from tests.web import Asked, Route, Web, redirect, reply

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


# --- when it is polled next ----------------------------------------------------------------------

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def feed(*channel: str) -> bytes:
    item = "<item><title>One</title><link>http://a.example/1</link><ttl>9999</ttl></item>"
    text = (
        f"<rss version='2.0' xmlns:sy='s'><channel><title>F</title>{{}}{item}{{}}</channel></rss>"
    )
    before, after = (*channel, "", "")[:2]
    return reply(text.format(before, after).encode(), Content_Type="application/rss+xml")


async def pause_after(guest: Guest, answer: bytes) -> timedelta:
    guest.source = replace(guest.source, listing=None, kind=SourceKind.AUTO)
    guest.web.routes["/"] = answer
    assert (await guest.poll()).error is None
    return await guest.pause()


def about(pause: timedelta) -> Any:
    """A pause, some of it sooner or later."""
    return pytest.approx(pause, abs=pause * (JITTER + 0.001))


@pytest.mark.parametrize(
    ("said", "pause"),
    [
        ({"Cache_Control": "public, max-age=3600"}, HOUR),
        ({"Cache_Control": 'max-age="3600"', "Age": "600"}, 50 * MINUTE),
        ({"Cache_Control": "max-age=604800"}, 6 * HOUR),
        ({"Cache_Control": "max-age=99999999999999999999"}, 6 * HOUR),
        ({"Cache_Control": "max-age=60"}, 5 * MINUTE),
        ({"Cache_Control": "no-cache, max-age=3600"}, 5 * MINUTE),
        ({"Cache_Control": "max-age=-1"}, 5 * MINUTE),
        ({"Cache_Control": "s-maxage=3600"}, 5 * MINUTE),
    ],
)
async def test_an_answer_is_kept_for_as_long_as_it_says(
    guest: Guest, said: dict[str, str], pause: timedelta
) -> None:
    guest.serve("a", **said)
    await guest.poll()
    assert await guest.pause() == about(pause)
    await guest.poll()  # the same body
    assert await guest.pause() == about(pause)


async def test_a_304_says_it_too_and_a_week_of_every_stays_a_week(guest: Guest) -> None:
    guest.serve("a", ETag='"1"')
    await guest.poll()
    guest.web.routes["/"] = reply(status="304 Not Modified", Cache_Control="max-age=1800")
    await guest.poll()
    assert await guest.pause() == about(30 * MINUTE)
    guest.source = replace(guest.source, every=7 * DAY)
    await guest.poll()
    assert await guest.pause() == about(7 * DAY)


@pytest.mark.parametrize(
    ("channel", "pause"),
    [
        (("<ttl>90</ttl>",), 90 * MINUTE),
        (("", "<ttl> 90 </ttl>"), 90 * MINUTE),
        (("<ttl>3</ttl>",), 5 * MINUTE),
        (("<sy:updatePeriod>hourly</sy:updatePeriod>",), HOUR),
        (("<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>8</sy:updateFrequency>",),
         3 * HOUR),
        (("<sy:updatePeriod>weekly</sy:updatePeriod>",), 6 * HOUR),
        (("<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency>",),
         HOUR),
        (("<ttl>soon</ttl><sy:updatePeriod>ever</sy:updatePeriod>",), 5 * MINUTE),
    ],
)  # fmt: skip
async def test_a_feed_is_read_as_rarely_as_it_says(
    guest: Guest, channel: tuple[str, ...], pause: timedelta
) -> None:
    assert await pause_after(guest, feed(*channel)) == about(pause)
    await guest.poll()  # the same body: it is remembered
    assert await guest.pause() == about(pause)


async def test_hours_and_days_that_a_feed_leaves_out(guest: Guest) -> None:
    # START is a Wednesday, 20:55 UTC; five minutes later it is polled.
    hours = "<skipHours><hour>21</hour><hour>22</hour></skipHours>"
    await pause_after(guest, feed(hours))
    assert (await guest.state()).due_at == datetime(2020, 5, 27, 23, tzinfo=UTC)
    all_day = "".join(f"<hour>{hour}</hour>" for hour in range(24))
    assert await pause_after(guest, feed(f"<skipHours>{all_day}</skipHours>")) == 6 * HOUR
    days = "<skipDays><day>Wednesday</day></skipDays>"
    assert await pause_after(guest, feed(days)) < 3 * HOUR
    assert (await guest.state()).due_at == datetime(2020, 5, 28, tzinfo=UTC)


async def test_the_pause_follows_how_often_something_changes_where_that_is_wanted(
    guest: Guest,
) -> None:
    guest.source = replace(guest.source, adaptive=True)
    for number in range(4):
        guest.serve(*(str(n) for n in range(number, -1, -1)))
        await guest.poll(after=10 * HOUR)
    assert await guest.pause() == about(HOUR)
    await guest.poll(after=40 * HOUR)
    assert await guest.pause() == about(4 * HOUR)
    await guest.poll(after=400 * HOUR)
    assert await guest.pause() == about(6 * HOUR)
    guest.serve("again", *(str(n) for n in range(3, -1, -1)))
    await guest.poll(after=MINUTE)
    for number in range(20):  # it changes every minute by now
        guest.serve(f"x{number}", "again")
        await guest.poll(after=MINUTE)
    assert await guest.pause() < 2 * HOUR
    guest.source = replace(guest.source, adaptive=False)
    await guest.poll()
    assert await guest.pause() == about(5 * MINUTE)


# --- validators that lie, pages that have moved or gone ------------------------------------------


async def test_a_304_that_lies_is_found_out_by_a_whole_read_and_told(guest: Guest) -> None:
    guest.source = replace(guest.source, every=4 * HOUR)  # six a day: every sixth is whole

    async def stuck(asked: Asked, writer: Any) -> None:
        known = asked.headers.get("if-none-match") == '"1"'
        answer = reply(status="304 Not Modified") if known else reply(guest_body[0], ETag='"1"')
        writer.write(answer)

    guest_body = [page("a")]
    guest.web.routes["/"] = stuck
    await guest.poll()
    guest_body[0] = page("b", "a")
    new = [(await guest.poll(after=4 * HOUR)).new for _ in range(6)]
    assert new.count(1) == 1
    assert [line.partition(") ")[2] for line in await guest.told()] == [LIES]
    guest_body[0] = page("c", "b", "a")
    assert (await guest.poll()).new == 1  # it is read whole each time now
    assert len(await guest.told()) == 1


async def test_an_honest_page_is_read_whole_now_and_then_and_believed(guest: Guest) -> None:
    guest.source = replace(guest.source, every=4 * HOUR)
    guest.serve("a", ETag='"1"')
    for _ in range(7):
        assert (await guest.poll(after=4 * HOUR)).error is None
    asked = [one.headers.get("if-none-match") for one in guest.web.asked if one.target == "/"]
    assert asked == [None, *['"1"'] * 4, None, '"1"']
    assert await guest.told() == []


async def test_an_etag_that_changes_with_every_answer_gives_way_to_the_date(guest: Guest) -> None:
    count = 0

    async def restless(asked: Asked, writer: Any) -> None:
        nonlocal count
        count += 1
        if "if-modified-since" in asked.headers and "if-none-match" not in asked.headers:
            writer.write(reply(status="304 Not Modified"))
            return
        headers = {"ETag": f'"{count}"', "Last_Modified": "Wed, 27 May 2020 10:00:00 GMT"}
        writer.write(reply(page("a"), **headers))

    guest.web.routes["/"] = restless
    for _ in range(6):
        polled = await guest.poll()
        assert not polled.error
    sent = ["if-none-match" in one.headers for one in guest.web.asked if one.target == "/"]
    assert sent == [False, True, True, True, False, False]
    assert await guest.told() == []


@pytest.mark.parametrize("status", ["301 Moved Permanently", "308 Permanent Redirect"])
async def test_where_a_page_has_moved_for_good_it_is_read_after_three_polls(
    guest: Guest, status: str
) -> None:
    guest.web.routes["/"] = redirect("/hop", status)
    guest.web.routes["/hop"] = redirect("/there", "301 Moved Permanently")
    guest.web.routes["/there"] = reply(page("a"), ETag='"1"')
    for _ in range(3):
        assert await guest.told() == []
        await guest.poll()
    moved = f"has moved for good to {guest.web.url('/there')}"
    (told,) = await guest.told()
    assert moved in told
    guest.asked()
    for _ in range(3):
        await guest.poll()
    assert guest.asked() == ["/there"] * 3
    assert len(await guest.told()) == 1
    guest.web.routes.pop("/there")  # then its own address is asked again
    guest.web.routes["/"] = reply(page("b", "a"))
    assert (await guest.poll()).error is not None
    assert (await guest.poll()).new == 1
    assert guest.asked() == ["/there", "/"]


async def test_a_redirect_that_is_permanent_only_in_part_is_not_remembered(guest: Guest) -> None:
    guest.web.routes["/"] = redirect("/hop", "301 Moved Permanently")
    guest.web.routes["/hop"] = redirect("/there", "302 Found")
    guest.web.routes["/there"] = reply(page("a"))
    for _ in range(5):
        await guest.poll()
    assert guest.asked()[-3:] == ["/", "/hop", "/there"]
    assert await guest.told() == []


async def test_a_page_that_is_gone_is_not_asked_for_again_and_that_is_said(guest: Guest) -> None:
    guest.serve("a")
    await guest.poll()
    guest.web.routes["/"] = reply(status="410 Gone")
    await guest.poll()
    assert (await guest.state()).due_at == NEVER
    (told,) = await guest.told()
    assert "is gone for good (HTTP 410 Gone) and is not polled any more" in told
    async with guest.store.transaction() as connection:
        await sources.sync(connection, [guest.source], "press.example", guest.clock.now())
    assert (await guest.state()).due_at <= guest.clock.now()  # a restart looks once more
    await guest.poll()
    assert len(await guest.told()) == 1
    guest.serve("a")
    await guest.poll()
    assert "works again" in (await guest.told())[-1]


async def test_a_page_that_is_not_there_is_tried_down_to_once_a_day_and_told(guest: Guest) -> None:
    guest.web.routes["/"] = reply(status="404 Not Found")
    for _ in range(14):
        await guest.poll()
    assert await guest.pause() == about(DAY)
    assert len(await guest.told()) == 1
    guest.web.routes["/"] = reply(status="500 Internal Server Error")
    await guest.poll()
    assert await guest.pause() == about(6 * HOUR)
