"""A source's own proxy: what goes through it, what is refused before, and what is never shown."""

from __future__ import annotations

from datetime import timedelta

import pytest

from feedbot.errors import FetchError
from feedbot.fetch import Fetcher, Manners, Request
from tests.test_fetch_guard import Names
from tests.web import Web, redirect, reply

SECRET = "hush-hush"


def through(proxy: Web, url: str, *, render: bool = False, robots: bool = False) -> Request:
    place = f"http://me:{SECRET}@127.0.0.1:{proxy.port}"
    return Request(url, proxy=place, render=render, robots=robots)


async def test_a_page_is_asked_of_the_proxy_which_resolves_by_itself() -> None:
    names = Names()
    routes = {"http://press.example/": reply(b"page")}
    async with Web(routes) as proxy, Fetcher(timeout=9, resolver=names) as fetcher:
        fetched = await fetcher.fetch(through(proxy, "http://press.example/"))
        assert fetched.body == b"page"
        await fetcher.fetch(through(proxy, "http://press.example/"))
    first, second = proxy.asked
    assert first.headers["proxy-authorization"].startswith("Basic ")
    assert first.connection == second.connection
    assert names.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://10.0.0.1/",
        "http://[::1]/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://localhost/",
        "http://press.example:25/",
        "ftp://press.example/",
    ],
)
async def test_what_a_url_says_is_guarded_all_the_same(url: str) -> None:
    async with Web() as proxy, Fetcher(timeout=9) as fetcher:
        with pytest.raises(FetchError):
            await fetcher.fetch(through(proxy, url))
    assert proxy.asked == []


async def test_a_redirect_to_an_address_of_ours_is_not_followed() -> None:
    routes = {"http://press.example/": redirect("http://192.168.0.1/")}
    async with Web(routes) as proxy, Fetcher(timeout=9) as fetcher:
        with pytest.raises(FetchError, match="not public"):
            await fetcher.fetch(through(proxy, "http://press.example/"))
    assert len(proxy.asked) == 1


async def test_robots_txt_comes_through_it_too() -> None:
    rules = reply(b"User-agent: *\nDisallow: /")
    manners = Manners(pause=timedelta(0))
    routes = {"http://press.example/robots.txt": rules}
    async with Web(routes) as proxy, Fetcher(timeout=9, manners=manners) as fetcher:
        with pytest.raises(FetchError) as raised:
            await fetcher.fetch(through(proxy, "http://press.example/", robots=True))
    assert raised.value.forbidden
    assert [one.target for one in proxy.asked] == ["http://press.example/robots.txt"]


async def test_a_proxy_that_fails_is_named_without_its_secrets() -> None:
    refused = reply(status="407 Proxy Authentication Required")
    async with Web({"http://press.example/": refused}) as proxy, Fetcher(timeout=9) as fetcher:
        request = through(proxy, "http://press.example/")
        with pytest.raises(FetchError, match="407") as raised:
            await fetcher.fetch(request)
        tunnel = through(proxy, "https://press.example/")
        with pytest.raises(FetchError, match="the proxy failed") as tunnelled:
            await fetcher.fetch(tunnel)
        port = proxy.port
        assert SECRET not in f"{raised.value!r} {raised.value} {tunnelled.value} {request!r}"
    async with Fetcher(timeout=9) as fetcher:
        gone = Request("http://press.example/", proxy=f"http://me:{SECRET}@127.0.0.1:{port}")
        with pytest.raises(FetchError, match="the proxy failed"):
            await fetcher.fetch(gone)


async def test_a_rendered_page_goes_through_none() -> None:
    async with Web() as proxy, Fetcher(timeout=9) as fetcher:
        with pytest.raises(FetchError, match="take render or proxy out"):
            await fetcher.fetch(through(proxy, "http://press.example/", render=True))
