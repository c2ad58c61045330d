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
from feedbot.fetch import Fetcher, Request
from feedbot.fetch.guard import AddressInfo, SystemResolver, is_public
from tests.web import Web, redirect, reply

PUBLIC = ["8.8.8.8", "1.1.1.1", "185.15.59.224", "2001:4860:4860::8888", "2a00:1450:4001::1"]
NOT_PUBLIC = [
    *("127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1"),
    *("172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1", "192.0.0.8", "192.0.0.192"),
    *("192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "192.88.99.1", "224.0.0.1"),
    *("239.255.255.250", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "fec0::1", "ff02::1"),
    *(
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "::127.0.0.1",
        "64:ff9b::127.0.0.1",
        "64:ff9b::8.8.8.8",
    ),
    *("64:ff9b:1::10.0.0.1", "2002:7f00:1::", "2002:808:808::", "2001::1", "2001:db8::1"),
    *("3fff::1", "5f00::1", "100::1", "not an address", ""),
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_not_public(address: str) -> None:
    assert not is_public(address)


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


CURE = "is not public; set http.allow_private_networks = true to allow it"


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "fd00::1"])
async def test_a_name_that_leads_inside_is_refused(address: str) -> None:
    sockets = Sockets()
    fetcher = Fetcher(resolver=Names(news_example=[address]), socket_factory=sockets)
    error = await failure(fetcher, "http://news.example/")
    assert error.cause == f"address {address} {CURE}"
    assert sockets.asked == []


async def test_a_name_that_leads_both_ways_is_asked_on_its_public_side_alone() -> None:
    sockets = Sockets()
    names = Names(news_example=["10.0.0.1", "8.8.8.8", "::1"])
    await failure(Fetcher(resolver=names, socket_factory=sockets), "http://news.example/")
    assert set(sockets.asked) == {"8.8.8.8"}


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "169.254.169.254"]
)
async def test_a_literal_address_is_refused(host: str) -> None:
    sockets = Sockets()
    error = await failure(Fetcher(resolver=Names(), socket_factory=sockets), f"http://{host}:1/")
    assert error.cause.endswith(CURE)
    assert sockets.asked == []


@pytest.mark.parametrize(
    "host",
    [
        *("2130706433", "017700000001", "0x7f000001", "0x7f.1", "127.1", "0177.0.0.1"),
        *("127.0.0.1.", "0", "①②⑦.⓪.⓪.①"),
    ],
)
async def test_loopback_in_odd_spellings_is_refused(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the system's resolver, which takes them for numbers (and here must not ask for names)."""
    system = socket.getaddrinfo

    def numbers_alone(host: str, port: int, family: int, kind: int, *, flags: int) -> Any:
        return system(host, port, family, kind, flags=flags | socket.AI_NUMERICHOST)

    monkeypatch.setattr(socket, "getaddrinfo", numbers_alone)
    sockets = Sockets()
    error = await failure(Fetcher(socket_factory=sockets), f"http://{host}:1/")
    assert error.cause.endswith(CURE) or "not a valid" in error.cause, error.cause
    assert sockets.asked == []


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
