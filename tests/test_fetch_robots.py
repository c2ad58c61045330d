"""robots.txt as RFC 9309 has it: a real server, and time that is handed in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from feedbot.clock import SimulatedClock
from feedbot.errors import FetchError
from feedbot.fetch import Fetcher, Manners, Request
from feedbot.fetch.robots import AGAIN, FORBIDDEN, LIFE, MEMORY, MOST_BYTES
from tests.test_fetch_guard import Names
from tests.web import Route, Web, redirect, reply

NOON = datetime(2020, 5, 27, 12, tzinfo=UTC)
RULES = b"User-agent: *\nDisallow: /private\n"
DOWN = reply(status="503 Service Unavailable")


@asynccontextmanager
async def site(robots: Route | None) -> AsyncIterator[tuple[Web, Fetcher, SimulatedClock]]:
    """A site with such a robots.txt, and a fetcher that minds it."""
    clock = SimulatedClock(NOON)
    names = Names(a_example=["127.0.0.1"], b_example=["127.0.0.1"])
    routes: dict[str, Route] = {path: reply(b"page") for path in ("/", "/private", "/news")}
    if robots is not None:
        routes["/robots.txt"] = robots
    async with (
        Web(routes) as web,
        Fetcher(
            timeout=10,
            allow_private_networks=True,
            resolver=names,
            clock=clock,
            manners=Manners(pause=timedelta(0)),
        ) as fetcher,
    ):
        yield web, fetcher, clock


async def said(fetcher: Fetcher, url: str, *, robots: bool = True) -> str:
    """What fetching it comes to: "page", or why not."""
    try:
        return (await fetcher.fetch(Request(url, robots=robots))).body.decode()
    except FetchError as error:
        return f"forbidden: {error.cause}" if error.forbidden else error.cause


def asked(web: Web) -> list[str]:
    return [one.target for one in web.asked]


async def test_what_is_forbidden_is_not_asked() -> None:
    async with site(reply(RULES)) as (web, fetcher, _):
        assert await said(fetcher, web.url("/private")) == f"forbidden: {FORBIDDEN}"
        assert await said(fetcher, web.url("/news")) == "page"
        assert asked(web) == ["/robots.txt", "/news"]
        agent = web.asked[0].headers["user-agent"]
        assert agent.startswith("feedbot/")


async def test_a_source_of_ones_own_site_is_read_all_the_same() -> None:
    async with site(reply(RULES)) as (web, fetcher, _):
        assert await said(fetcher, web.url("/private"), robots=False) == "page"
        assert asked(web) == ["/private"]


async def test_rules_for_us_by_name_stand_before_those_for_all() -> None:
    rules = b"User-agent: *\nDisallow: /\n\nUser-agent: FeedBot\nAllow: /\nDisallow: /private$\n"
    async with site(reply(rules)) as (web, fetcher, _):
        assert await said(fetcher, web.url("/news")) == "page"
        assert (await said(fetcher, web.url("/private"))).startswith("forbidden")


async def test_the_file_is_asked_for_once_a_day() -> None:
    async with site(reply(RULES)) as (web, fetcher, clock):
        await asyncio.gather(*(said(fetcher, web.url("/news")) for _ in range(4)))
        clock.advance(LIFE - timedelta(seconds=1))
        await said(fetcher, web.url("/news"))
        assert asked(web).count("/robots.txt") == 1
        web.routes["/robots.txt"] = reply(b"User-agent: *\nDisallow: /")
        clock.advance(timedelta(seconds=1))
        assert (await said(fetcher, web.url("/news"))).startswith("forbidden")
        assert asked(web).count("/robots.txt") == 2


async def test_every_origin_has_its_own() -> None:
    async with site(reply(RULES)) as (web, fetcher, _):
        for host in ("a.example", "b.example"):
            assert await said(fetcher, web.url("/news", host=host)) == "page"
        assert asked(web).count("/robots.txt") == 2


@pytest.mark.parametrize("status", ["404 Not Found", "401 Unauthorized", "403 No", "410 Gone"])
async def test_a_site_without_one_allows_everything(status: str) -> None:
    async with site(reply(RULES, status)) as (web, fetcher, _):
        assert await said(fetcher, web.url("/private")) == "page"
        assert await said(fetcher, web.url("/private")) == "page"
        assert asked(web).count("/robots.txt") == 1


@pytest.mark.parametrize("status", ["500 Internal Server Error", "502 Bad Gateway"])
async def test_nothing_is_asked_where_the_server_fails_over_it(status: str) -> None:
    async with site(reply(RULES, status)) as (web, fetcher, clock):
        cause = await said(fetcher, web.url("/news"))
        assert f"its robots.txt cannot be had (HTTP {status})" in cause
        assert 'robots = "ignore"' in cause
        await said(fetcher, web.url("/news"))
        assert asked(web) == ["/robots.txt"]
        web.routes["/robots.txt"] = reply(RULES)
        clock.advance(AGAIN)
        assert await said(fetcher, web.url("/news")) == "page"


async def test_one_that_asks_to_wait_is_waited_for() -> None:
    async with site(reply(status="429 Too Many Requests", Retry_After="60")) as (web, fetcher, c):
        with pytest.raises(FetchError) as raised:
            await fetcher.fetch(Request(web.url("/news")))
        assert raised.value.retry_after == NOON + timedelta(minutes=1)
        web.routes["/robots.txt"] = reply(RULES)
        c.advance(timedelta(minutes=1))
        assert await said(fetcher, web.url("/news")) == "page"


async def test_the_rules_last_seen_count_for_a_month_while_none_can_be_had() -> None:
    async with site(reply(RULES)) as (web, fetcher, clock):
        await said(fetcher, web.url("/news"))
        web.routes["/robots.txt"] = reply(status="500 Internal Server Error")
        clock.advance(MEMORY - timedelta(seconds=1))
        assert await said(fetcher, web.url("/news")) == "page"
        assert (await said(fetcher, web.url("/private"))).startswith("forbidden")
        clock.advance(timedelta(days=1))
        assert "cannot be had" in await said(fetcher, web.url("/news"))


async def test_a_site_that_cannot_be_reached_says_why() -> None:
    async with site(None) as (web, fetcher, _):
        url = web.url("/news")
        await web.__aexit__(None, None, None)
        assert await said(fetcher, url) == "connection refused"


@pytest.mark.parametrize(("hops", "outcome"), [(5, "forbidden"), (6, "its robots.txt cannot")])
async def test_redirects_to_it_are_followed_five_of_them(hops: int, outcome: str) -> None:
    async with site(redirect("/r1")) as (web, fetcher, _):
        for number in range(1, hops):
            web.routes[f"/r{number}"] = redirect(f"/r{number + 1}")
        web.routes[f"/r{hops}"] = reply(RULES)
        assert (await said(fetcher, web.url("/private"))).startswith(outcome)


async def test_it_may_lie_on_another_host_and_counts_for_the_one_that_was_asked() -> None:
    async with site(None) as (web, fetcher, _):
        web.routes["/robots.txt"] = redirect(web.url("/rules", host="b.example"))
        web.routes["/rules"] = reply(RULES)
        assert (await said(fetcher, web.url("/private", host="a.example"))).startswith("forbidden")


async def test_of_a_huge_file_the_beginning_counts() -> None:
    filler = b"# nothing\n" * (MOST_BYTES // 10)
    huge = RULES + filler + b"\nDisallow: /news\n" + filler * 10
    async with site(reply(huge)) as (web, fetcher, _):
        assert len(huge) > 5_000_000  # more than a page may have
        assert (await said(fetcher, web.url("/private"))).startswith("forbidden")
        assert await said(fetcher, web.url("/news")) == "page"


BROKEN = {
    "a page": b"<html><body><p>User-agent: *<p>Disallow: /</body></html>",
    "noise": bytes(range(256)) * 400,
    "nothing": b"",
    "NULs": b"\0" * 9_000,
    "one line": b"Disallow: /" + b"*a" * 100_000,
    "rules of nobody": b"Disallow: /\nAllow: /\n",
    "broken amounts": b"User-agent: *\nCrawl-delay: soon\nRequest-rate: x/y\nDisallow:\n",
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
async def test_a_broken_file_forbids_nothing(content: bytes) -> None:
    async with site(reply(content)) as (web, fetcher, _):
        assert await said(fetcher, web.url("/news")) == "page"


async def test_lines_that_can_be_read_count_in_a_file_that_is_broken_elsewhere() -> None:
    text = b"\xef\xbb\xbf<!-- \xff\xfe -->\r\nuser-AGENT : *  # all\r\nbogus\r\nDisallow:/private\r"
    async with site(reply(text)) as (web, fetcher, _):
        assert (await said(fetcher, web.url("/private"))).startswith("forbidden")
        assert await said(fetcher, web.url("/news")) == "page"


async def test_a_redirect_to_what_is_forbidden_is_not_followed() -> None:
    async with site(reply(RULES)) as (web, fetcher, _):
        web.routes["/news"] = redirect("/private")
        cause = await said(fetcher, web.url("/news"))
        assert cause == f"forbidden: redirected to {web.url('/private')}: {FORBIDDEN}"
        assert asked(web) == ["/robots.txt", "/news"]


async def test_credentials_are_no_part_of_it() -> None:
    async with site(reply(RULES)) as (web, fetcher, _):
        await said(fetcher, f"http://me:hush-hush@127.0.0.1:{web.port}/news")
        assert "authorization" not in web.asked[0].headers
        assert "authorization" in web.asked[1].headers
