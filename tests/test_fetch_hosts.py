"""Few connections to a host, a pause after each request, rest on request: a real server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from feedbot.clock import SimulatedClock
from feedbot.errors import FetchError
from feedbot.fetch import Fetcher, Manners, Request
from feedbot.fetch.hosts import FIRST_REST, LONGEST_REST
from feedbot.identity import host_of
from tests.test_fetch_guard import Names
from tests.web import Asked, Web, redirect, reply

NOON = datetime(2020, 5, 27, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class Visits:
    """A server's view: when it was asked, by our clock, and by how many at once."""

    def __init__(self, clock: SimulatedClock, wanted: int = 2) -> None:
        self.clock = clock
        self.wanted = wanted  # how many at once are waited for
        self.at: list[datetime] = []
        self.now = self.most = 0

    async def __call__(self, asked: Asked, writer: Any) -> None:
        self.at.append(self.clock.now())
        self.now += 1
        self.most = max(self.most, self.now)
        for _ in range(2000):  # time for others to come in between, if they may
            if self.now < self.wanted:
                await asyncio.sleep(0)
        self.now -= 1
        writer.write(reply(b"a page"))

    @property
    def gaps(self) -> list[timedelta]:
        return [later - earlier for earlier, later in pairwise(self.at)]


@asynccontextmanager
async def polite(clock: SimulatedClock, manners: Manners) -> AsyncIterator[Fetcher]:
    names = ("a_example", "a_example_", "www_a_example", "b_example")
    async with Fetcher(
        timeout=10,
        allow_private_networks=True,
        resolver=Names(**{name: ["127.0.0.1"] for name in names}),
        clock=clock,
        manners=manners,
    ) as fetcher:
        yield fetcher


def plain(web: Web, path: str = "/", host: str = "a.example") -> Request:
    return Request(web.url(path, host=host), robots=False)


async def test_one_connection_at_a_time_and_a_second_between() -> None:
    clock = SimulatedClock(NOON)
    visits = Visits(clock)
    async with Web({"/": visits}) as web, polite(clock, Manners()) as fetcher:
        hosts = ["a.example", "www.a.example", "A.example.", "a.example"]
        await asyncio.gather(*(fetcher.fetch(plain(web, host=host)) for host in hosts))
    assert visits.most == 1
    assert visits.gaps == [SECOND] * 3


async def test_as_many_connections_as_are_configured() -> None:
    clock = SimulatedClock(NOON)
    visits = Visits(clock, wanted=4)
    manners = Manners(connections=3, pause=timedelta(0))
    async with Web({"/": visits}) as web, polite(clock, manners) as fetcher:
        await asyncio.gather(*(fetcher.fetch(plain(web)) for _ in range(9)))
    assert visits.most == 3
    assert set(visits.gaps) == {timedelta(0)}


async def test_hosts_do_not_wait_for_each_other() -> None:
    clock = SimulatedClock(NOON)
    visits = Visits(clock)
    async with Web({"/": visits}) as web, polite(clock, Manners()) as fetcher:
        await asyncio.gather(fetcher.fetch(plain(web)), fetcher.fetch(plain(web, host="b.example")))
    assert visits.gaps == [timedelta(0)]


async def test_a_redirect_waits_for_its_turn_where_it_leads() -> None:
    clock = SimulatedClock(NOON)
    visits = Visits(clock)
    async with Web({"/end": visits}) as web, polite(clock, Manners()) as fetcher:
        web.routes["/"] = redirect(web.url("/end", host="b.example"))
        for _ in range(2):
            await fetcher.fetch(plain(web))
    assert visits.gaps == [SECOND]


async def test_hosts_that_lead_to_each_other_end() -> None:
    clock = SimulatedClock(NOON)
    async with Web({"/end": reply(b"x")}) as web, polite(clock, Manners()) as fetcher:
        web.routes["/a"] = redirect(web.url("/end", host="b.example"))
        web.routes["/b"] = redirect(web.url("/end", host="a.example"))
        async with asyncio.timeout(10):
            await asyncio.gather(
                fetcher.fetch(plain(web, "/a")), fetcher.fetch(plain(web, "/b", "b.example"))
            )


async def refused(fetcher: Fetcher, request: Request) -> FetchError:
    with pytest.raises(FetchError) as raised:
        await fetcher.fetch(request)
    return raised.value


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
async def test_a_host_that_asks_to_wait_is_left_alone(status: str) -> None:
    clock = SimulatedClock(NOON)
    limited, until = reply(status=status, Retry_After="600"), NOON + timedelta(minutes=10)
    async with (
        Web({"/": limited, "/other": reply(b"x")}) as web,
        polite(clock, Manners()) as fetcher,
    ):
        assert (await refused(fetcher, plain(web))).retry_after == until
        assert fetcher.resting() == {"a.example"}
        error = await refused(fetcher, plain(web, "/other", "www.a.example"))
        assert error.retry_after == until
        assert error.cause == (
            f"not asked: its host rests until 2020-05-27 12:10:00 UTC (HTTP {status[:3]})"
        )
        assert len(web.asked) == 1
        await fetcher.fetch(plain(web, "/other", "b.example"))
        clock.set(until)
        assert fetcher.resting() == frozenset()
        await fetcher.fetch(plain(web, "/other"))


async def test_no_page_silences_its_host_for_longer_than_an_hour() -> None:
    clock = SimulatedClock(NOON)
    routes = {"/": reply(status="503 Service Unavailable", Retry_After="604800"), "/b": reply(b"x")}
    async with Web(routes) as web, polite(clock, Manners()) as fetcher:
        assert (await refused(fetcher, plain(web))).retry_after == NOON + timedelta(days=7)
        clock.advance(LONGEST_REST)
        await fetcher.fetch(plain(web, "/b"))


async def test_refusals_without_a_word_on_when_double_the_rest_until_one_is_sound() -> None:
    clock = SimulatedClock(NOON)
    rests = []
    async with Web() as web, polite(clock, Manners()) as fetcher:
        for status in ["429 No", "429 No", "429 No", "200 OK", "429 No"]:
            web.routes["/"] = reply(status=status)
            began = clock.now()
            if status == "200 OK":
                await fetcher.fetch(plain(web))
            else:
                await refused(fetcher, plain(web))
            while fetcher.resting():
                clock.advance(SECOND)
            rests.append(clock.now() - began)
    assert rests == [FIRST_REST, FIRST_REST * 2, FIRST_REST * 4, SECOND, FIRST_REST]


async def test_a_failure_of_another_kind_makes_nobody_wait() -> None:
    clock = SimulatedClock(NOON)
    async with Web({"/b": reply(b"x")}) as web, polite(clock, Manners()) as fetcher:
        web.routes["/"] = reply(status="500 Internal Server Error")
        await refused(fetcher, plain(web))
        await fetcher.fetch(plain(web, "/b"))
    assert clock.now() == NOON + SECOND


async def test_what_is_cut_off_in_line_leaves_the_line() -> None:
    clock = SimulatedClock(NOON)
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_: Asked, writer: Any) -> None:
        asked.set()
        await go_on.wait()
        writer.write(reply(b"x"))

    async with Web({"/": slow, "/b": reply(b"x")}) as web, polite(clock, Manners()) as fetcher:
        first = asyncio.create_task(fetcher.fetch(plain(web)))
        await asked.wait()
        assert fetcher.resting() == {"a.example"}
        second = asyncio.create_task(fetcher.fetch(plain(web, "/b")))
        await asyncio.sleep(0)
        second.cancel()
        go_on.set()
        await first
        await fetcher.fetch(plain(web, "/b"))
        assert [one.target for one in web.asked] == ["/", "/b"]
        clock.advance(SECOND)
        assert fetcher.resting() == frozenset()
        assert fetcher._hosts is not None
        assert not fetcher._hosts._hosts  # nothing is kept of hosts that nobody asks


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://www.Example.org:8443/x", "example.org"),
        ("http://example.org./", "example.org"),
        ("http://www.example.org/", "example.org"),
        ("http://news.example.org/", "news.example.org"),
        ("http://[::1]/", "::1"),
        ("http://[nothing/", ""),
        ("mailto:someone", ""),
    ],
)
def test_the_host_of_a_url(url: str, host: str) -> None:
    assert host_of(url) == host
