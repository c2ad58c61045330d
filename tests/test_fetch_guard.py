"""No packet into the operator's own network: shown with sockets that are recorded, never opened."""

from __future__ import annotations

import asyncio
import errno
import socket
import threading
from typing import Any

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from feedbot.errors import FetchError
from feedbot.fetch import Fetcher, Request, guard
from feedbot.fetch.guard import AddressInfo, SystemResolver
from tests.web import Web, redirect, reply


class Names(AbstractResolver):
    """A resolver that knows a few names, and notes which were asked for."""

    def __init__(self, **names: list[str]) -> None:
        self.names = {name.replace("_", "."): addresses for name, addresses in names.items()}
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(host)
        if host not in self.names:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [
            ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)
            for address in self.names[host]
        ]

    async def close(self) -> None:
        pass


class Sockets:
    """A socket factory that notes what it was asked for and makes nothing."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, info: AddressInfo) -> socket.socket:
        self.asked.append(str(info[4][0]))
        raise OSError(errno.ENETUNREACH, "not in a test")


async def failure(fetcher: Fetcher, url: str) -> FetchError:
    async with fetcher:
        with pytest.raises(FetchError) as caught:
            await fetcher.fetch(Request(url))
    return caught.value


CURE = "is not public; name it, its network or its host in http.allow to allow it"


INSIDE = ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "fd00::1", "64:ff9b::7f00:1"]


@pytest.mark.parametrize("address", INSIDE)
async def test_a_name_that_leads_inside_is_refused(address: str) -> None:
    sockets = Sockets()
    fetcher = Fetcher(resolver=Names(news_example=[address]), socket_factory=sockets)
    error = await failure(fetcher, "http://news.example/")
    assert error.cause == f"address {address} {CURE}"
    assert sockets.asked == []


@pytest.mark.parametrize("address", INSIDE)
async def test_without_the_guard_it_would_be_reached(address: str) -> None:
    """So the tests here would see it: the guard is all that stands in the way."""
    sockets = Sockets()
    fetcher = Fetcher(
        resolver=Names(news_example=[address]), socket_factory=sockets, allow_private_networks=True
    )
    await failure(fetcher, "http://news.example/")
    assert set(sockets.asked) == {address}


async def test_a_name_that_leads_both_ways_is_asked_on_its_public_side_alone() -> None:
    sockets = Sockets()
    names = Names(news_example=["10.0.0.1", "8.8.8.8", "::1"])
    await failure(Fetcher(resolver=names, socket_factory=sockets), "http://news.example/")
    assert set(sockets.asked) == {"8.8.8.8"}


class Rebinding(Names):
    """A name that is public for whoever looks first, and inside for whoever looks again."""

    async def resolve(self, host: str, *arguments: Any, **named: Any) -> list[ResolveResult]:
        found = await super().resolve(host, *arguments, **named)
        self.names[host] = ["10.0.0.1"]
        return found


async def test_what_a_name_says_the_second_time_is_judged_as_the_first() -> None:
    sockets = Sockets()
    names = Rebinding(news_example=["8.8.8.8"])
    fetcher = Fetcher(resolver=names, socket_factory=sockets)
    await failure(fetcher, "http://news.example/")
    assert names.asked == ["news.example"]  # what was judged is what is connected to
    assert set(sockets.asked) == {"8.8.8.8"}
    error = await failure(fetcher, "http://news.example/")
    assert error.cause == f"address 10.0.0.1 {CURE}"
    assert set(sockets.asked) == {"8.8.8.8"}


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "169.254.169.254"]
)
async def test_a_literal_address_is_refused(host: str) -> None:
    sockets = Sockets()
    error = await failure(Fetcher(resolver=Names(), socket_factory=sockets), f"http://{host}:8000/")
    assert error.cause.endswith(CURE)
    assert sockets.asked == []


@pytest.mark.parametrize(
    "host",
    [
        *("2130706433", "017700000001", "0x7f000001", "0x7f.1", "127.1", "0177.0.0.1"),
        *("127.0.0.1.", "0", "①②⑦.⓪.⓪.①", "１２７．０．０．１", "127。0。0。1", "localhost"),
        *("ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "ｌocalhost", "１27.0.0.1", "xn--127-"),
    ],
)
async def test_loopback_in_odd_spellings_is_refused(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also by the system's resolver, which takes numbers for what they are (here: them alone)."""
    system = socket.getaddrinfo

    def numbers_alone(host: str, port: int, family: int, kind: int, *, flags: int) -> Any:
        return system(host, port, family, kind, flags=flags | socket.AI_NUMERICHOST)

    monkeypatch.setattr(socket, "getaddrinfo", numbers_alone)
    for check in (guard.check, lambda *_: None):
        monkeypatch.setattr(guard, "check", check)
        sockets = Sockets()
        error = await failure(Fetcher(socket_factory=sockets), f"http://{host}:8000/")
        said = error.cause.endswith(CURE) or "not a valid" in error.cause
        assert said or (host == "localhost" and "host not found" in error.cause), error.cause
        assert sockets.asked == []


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://10.0.0.1/hook", "address 10.0.0.1 is not public"),
        ("http://localhost:8000/hook", "address 127.0.0.1 is not public"),
        ("http://hook.example/?key=1", "address 192.168.1.1 is not public"),
        ("http://web.example:25/hook", "port 25 is not the web's"),
        ("ftp://web.example/hook", "cannot fetch ftp scheme"),
    ],
)
async def test_a_webhook_goes_through_the_same_guard(url: str, said: str) -> None:
    sockets = Sockets()
    names = Names(hook_example=["192.168.1.1"], web_example=["8.8.8.8"])
    async with Fetcher(resolver=names, socket_factory=sockets) as fetcher:
        with pytest.raises(FetchError) as caught:
            await fetcher.post(url, json={"text": "hello"})
    assert caught.value.cause.startswith(said)
    assert sockets.asked == []


async def test_a_webhook_gets_what_it_is_told_and_leads_nowhere_else() -> None:
    async with Web({"/": redirect("/inside"), "/ok": reply(status="202 Accepted")}) as web:
        async with Fetcher(allow_private_networks=True) as fetcher:
            assert await fetcher.post(web.url("/ok"), form={"a": "1"}) == 202
        async with Fetcher(allow=["127.0.0.0/8"]) as fetcher:
            url = f"http://me:hunter2@127.0.0.1:{web.port}/"
            assert await fetcher.post(url, json={"a": 1}) == 302
        form, hook = web.asked
    assert form.headers["content-type"] == "application/x-www-form-urlencoded"
    assert hook.headers["content-type"] == "application/json"
    assert hook.headers["authorization"] == "Basic bWU6aHVudGVyMg=="


@pytest.mark.parametrize("allow", [["127.0.0.1"], ["127.0.0.0/8"], ["News.Home.arpa"]])
async def test_what_the_operator_allows_is_reached_and_nothing_beside_it(allow: list[str]) -> None:
    async with Web({"/": reply(b"hello")}) as web:
        names = Names(news_home_arpa=["127.0.0.1"], other_home_arpa=["10.0.0.1"])
        async with Fetcher(resolver=names, allow=allow) as fetcher:
            fetched = await fetcher.fetch(Request(web.url(host="news.home.arpa")))
            assert fetched.body == b"hello"
            with pytest.raises(FetchError, match=r"address 10.0.0.1 is not public"):
                await fetcher.fetch(Request(web.url(host="other.home.arpa")))


async def test_a_host_that_is_allowed_opens_its_address_to_no_other_name() -> None:
    async with Web({"/": reply(b"hello")}) as web:
        names = Names(news_home_arpa=["127.0.0.1"], evil_example=["127.0.0.1"])
        async with Fetcher(resolver=names, allow=["news.home.arpa"]) as fetcher:
            await fetcher.fetch(Request(web.url(host="news.home.arpa")))
            web.routes["/"] = redirect(web.url(host="evil.example"))
            for host in ("evil.example", "news.home.arpa"):
                with pytest.raises(FetchError, match=r"address 127.0.0.1 is not public"):
                    await fetcher.fetch(Request(web.url(host=host)))
        assert {asked.headers["host"].partition(":")[0] for asked in web.asked} == {
            "news.home.arpa"
        }


class Diverted(socket.socket):
    """A socket that can connect to one port of loopback only, whatever it is told."""

    port = 0

    def connect(self, address: Any) -> None:
        super().connect(("127.0.0.1", self.port))


async def test_each_hop_of_a_redirect_is_judged() -> None:
    async with Web({"/": reply()}) as inside, Web() as outside:
        outside.routes["/"] = redirect(inside.url("/admin?key=secret"))

        def divert(info: AddressInfo) -> socket.socket:
            diverted = Diverted(info[0], info[1], info[2])
            diverted.port = outside.port
            return diverted

        names = Names(news_example=["8.8.8.8"])
        fetcher = Fetcher(resolver=names, socket_factory=divert)
        error = await failure(fetcher, "http://news.example/")
        assert error.cause == (f"redirected to {inside.url('/admin')}: address 127.0.0.1 {CURE}")
        assert len(outside.asked) == 1
        assert inside.asked == []


async def test_allowed_means_allowed() -> None:
    async with Web({"/": reply(b"hello")}) as web:
        async with Fetcher(allow_private_networks=True) as fetcher:
            assert (await fetcher.fetch(Request(web.url()))).body == b"hello"
        error = await failure(Fetcher(), web.url())
        assert error.cause == f"address 127.0.0.1 {CURE}"
        assert len(web.asked) == 1


async def test_lookups_do_not_wait_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fifty names whose DNS server is silent do not keep a good one waiting, nor the exit."""
    silent = threading.Event()

    def lookup(host: str, port: int, *_: object, **__: object) -> list[AddressInfo]:
        if host == "silent.example":
            silent.wait()
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    resolver = SystemResolver()
    stuck = [asyncio.ensure_future(resolver.resolve("silent.example", 80)) for _ in range(50)]
    await asyncio.sleep(0)
    try:
        found = await resolver.resolve("good.example", 80)
        assert [answer["host"] for answer in found] == ["127.0.0.1"]
        assert not any(task.done() for task in stuck)
        waiting = [thread for thread in threading.enumerate() if thread.name == "resolve"]
        assert waiting
        assert all(thread.daemon for thread in waiting)
    finally:
        silent.set()
        await asyncio.gather(*stuck)
