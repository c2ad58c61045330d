"""The proxy of the rendering browser: what it passes on, and what it refuses without a packet."""

from __future__ import annotations

import asyncio

import pytest

from feedbot.fetch import guard
from feedbot.fetch.proxy import GuardedProxy
from tests.test_fetch_guard import Names, Sockets
from tests.web import Asked, Web, reply


def open_to_all(names: Names | None = None, max_bytes: int = 100_000) -> GuardedProxy:
    """A proxy without the guard, so that loopback can be reached."""
    names = names or Names(news_example=["127.0.0.1"])
    return GuardedProxy(
        names, guard.plain_socket, guard.Allowed(everything=True), max_bytes=max_bytes, connect=5
    )


async def said(proxy: GuardedProxy, *parts: bytes) -> bytes:
    """All that a client gets that sends `parts`, each after an answer to the one before."""
    host, _, port = proxy.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    got = b""
    try:
        for number, part in enumerate(parts, start=1):
            writer.write(part)
            got += await (reader.read() if number == len(parts) else reader.readuntil(b"\r\n\r\n"))
    finally:
        writer.close()
    return got


def get(url: str, *more: str) -> bytes:
    return "\r\n".join([f"GET {url} HTTP/1.1", "Host: news.example", *more, "", ""]).encode()


async def test_a_plain_request_is_passed_on_as_the_server_wants_it() -> None:
    async with Web({"/a": reply(b"hello")}) as web, open_to_all() as proxy:
        url = f"http://news.example:{web.port}/a?b=1"
        answer = await said(
            proxy, get(url, "Proxy-Connection: keep-alive", "Proxy-Authorization: x", "X-Own: 1")
        )
        [asked] = web.asked
        assert asked.target == "/a?b=1"
        assert asked.headers["x-own"] == "1"
        assert asked.headers["connection"] == "close"
        assert not [name for name in asked.headers if name.startswith("proxy")]
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b"Connection: close" in answer
        assert answer.endswith(b"hello")
        assert proxy.traffic.received == len(answer) - len(b"Connection: close\r\n")


async def test_a_second_request_on_the_connection_goes_nowhere() -> None:
    async with Web({"/a": reply(b"hello")}) as web, open_to_all() as proxy:
        url = f"http://news.example:{web.port}/a"
        host, _, port = proxy.url.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(get(url) + get("http://10.0.0.1/secret"))
        assert (await reader.readuntil(b"hello")).endswith(b"hello")
        writer.close()
    assert [asked.target for asked in web.asked] == ["/a"]


async def test_a_tunnel_carries_both_ways() -> None:
    async with Web({"/a": reply(b"hello")}) as web, open_to_all() as proxy:
        tunnel = f"CONNECT news.example:{web.port} HTTP/1.1\r\n\r\n".encode()
        host, _, port = proxy.url.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(tunnel)
        assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
        for _ in range(2):
            writer.write(get("/a"))
            assert (await reader.readuntil(b"hello")).endswith(b"hello")
        writer.close()
        assert len(web.asked) == 2


@pytest.mark.parametrize(
    ("target", "address"),
    [
        ("http://10.0.0.1/x", "10.0.0.1"),
        ("http://[::1]:8000/x", "::1"),
        ("http://169.254.169.254/latest/meta-data", "169.254.169.254"),
        ("http://inside.example/", "192.168.1.1"),
    ],
)
async def test_what_is_not_public_is_refused_without_a_socket(target: str, address: str) -> None:
    sockets = Sockets()
    names = Names(inside_example=["192.168.1.1", "fd00::1"])
    names.names |= {one: [one] for one in ("10.0.0.1", "::1", "169.254.169.254")}
    proxy = GuardedProxy(names, sockets, guard.PUBLIC, max_bytes=1_000, connect=5)
    place = target.split("/")[2]
    async with proxy:
        plain = await said(proxy, get(target))
        tunnel = await said(
            proxy,
            f"CONNECT {place if place[-1].isdigit() and ':' in place else place + ':443'}"
            " HTTP/1.1\r\n\r\n".encode(),
        )
    for answer in (plain, tunnel):
        assert answer.startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
        assert b"is not public" in answer
    assert sockets.asked == []
    [why] = proxy.traffic.refused.values()
    assert why.startswith("address ")
    assert address in why or "fd00::1" in why


@pytest.mark.parametrize(
    "target",
    ["ftp://news.example/", "file:///etc/passwd", "/etc/passwd", "http://", "http://x:99999/"],
)
async def test_only_the_webs_schemes_are_passed_on(target: str) -> None:
    async with open_to_all() as proxy:
        answer = await said(proxy, get(target))
        assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
        assert await said(proxy, b"CONNECT nowhere HTTP/1.1\r\n\r\n") == answer


async def test_a_host_that_is_not_there_is_said() -> None:
    async with open_to_all() as proxy:
        assert b"gone.example: no such host" in await said(proxy, get("http://gone.example/"))
        assert proxy.traffic.refused == {"gone.example": "no such host"}


async def test_no_more_is_passed_on_than_may_be() -> None:
    async with (
        Web({"/big": reply(b"x" * 1_000_000)}) as web,
        open_to_all(max_bytes=100_000) as proxy,
    ):
        url = f"http://news.example:{web.port}/big"
        assert len(await said(proxy, get(url))) <= 100_000
        assert 100_000 < proxy.traffic.received < 300_000
        assert len(await said(proxy, get(url))) < 1_000


async def test_everything_ends_with_the_rendering() -> None:
    reached = asyncio.Event()

    async def silent(_: Asked, __: asyncio.StreamWriter) -> None:
        reached.set()
        await asyncio.Event().wait()

    async with Web({"/": silent}) as web:
        async with open_to_all() as proxy:
            host, _, port = proxy.url.removeprefix("http://").partition(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(get(f"http://news.example:{web.port}/"))
            await reached.wait()
        assert await reader.read() == b""
        writer.close()
