"""The sample site behind a server that fails in every way a web server can, and what becomes of it.

async with World(folder) as world:
    await world.sound()                        # the baseline
    async with world.struck(fault): …          # polls as they fall due, in simulated time
    world.site.publish(…); await world.until_sound()
    world.posts(), world.notices()
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
import trustme

from feedbot.clock import SimulatedClock
from feedbot.demo.site import LISTINGS, Event, PressSite, Theme
from feedbot.demo.site.answer import answer
from feedbot.fetch import Fetcher
from feedbot.model import Source, SourceKind
from feedbot.owing import Follower
from feedbot.poll import Audience, Polled, Poller
from feedbot.store import sources
from feedbot.store.engine import Store
from feedbot.store.schema import causes, deliveries, subscribers
from feedbot.store.schema import entries as stored
from tests.test_fetch_guard import Names
from tests.web import Asked, Web, reply

START = datetime(2020, 5, 27, 20, 55, tzinfo=UTC)
HOST = "press.example"
EVERY = timedelta(minutes=5)
MAX_BYTES = 300_000
#: Spoils an answer: gets the good one, and writes what is sent in its place.
Spoil = Callable[["World", Asked, asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Fault:
    """One way to fail.

    name:    what it is called
    spoil:   writes the answer; None: the site answers as ever
    before:  done to the world as it begins
    after:   done to the world as it ends
    tls:     whether the site is served by https
    timeout: seconds a fetch may take, where that is what the fault is about
    tells:   a part of what the operator is told if it lasts an hour; "": nothing
    """

    name: str
    spoil: Spoil | None = None
    before: Callable[[World], None] = lambda _: None
    after: Callable[[World], None] = lambda _: None
    tls: bool = False
    timeout: float = 20
    tells: str = ""

    def __str__(self) -> str:
        return self.name


@cache
def authority() -> trustme.CA:
    """The one certificate authority there is here; a key takes long to make."""
    return trustme.CA()


@cache
def certificate(name: str, days: int = 1) -> trustme.LeafCert:
    now = datetime.now(UTC)
    return authority().issue_cert(
        name, not_before=now - timedelta(days=9), not_after=now + timedelta(days=days)
    )


class World:
    """A press site on a server of ours, a store, and a poller, in simulated time.

    found: the list is found by itself, in place of a configured one
    """

    def __init__(self, folder: Path, *, found: bool = False, tls: bool = False) -> None:
        self.site = PressSite()
        self.clock = SimulatedClock(START)
        self.names = Names(**{HOST.replace(".", "_"): ["127.0.0.1"]})
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if tls else None
        if self.tls:
            self.serve_certificate(HOST)
        self.web = Web({"/": self._answer}, tls=self.tls)
        self.asked = 0
        self._folder, self._found = folder, found
        self._spoil: Spoil | None = None
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> World:
        await self._stack.enter_async_context(self.web)
        self.store = await Store.open(f"sqlite:///{self._folder}/feedbot.db")
        self._stack.push_async_callback(self.store.close)
        self.source = Source(
            name="embassy",
            url=self.web.url(host=HOST),
            title="Press office",
            kind=SourceKind.HTML,
            every=EVERY,
            timezone=ZoneInfo("Europe/London"),
            listing=None if self._found else LISTINGS[Theme.PARAGRAPHS],
        )
        async with self.store.transaction() as connection:
            for address in ("@channel", "1"):
                await connection.execute(
                    sa.insert(subscribers).values(
                        address=address, topic=0, origin="config", state="active", created_at=START
                    )
                )
            await sources.sync(connection, [self.source], HOST, self.clock.now())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    # ---------------------------------------------------------------- the server

    def serve_certificate(self, name: str, days: int = 1) -> None:
        """From the next connection on the site's certificate is for `name`, good for so long."""
        assert self.tls
        certificate(name, days).configure_cert(self.tls)

    def good(self, asked: Asked) -> bytes:
        """The site's own answer, as bytes; it closes the connection, so that each is a new one."""
        base = self.source.url.rstrip("/")
        given = answer(self.site, asked.target, asked.headers, base)
        headers = {name.replace("-", "_"): value for name, value in given.headers.items()}
        return reply(given.body, f"{given.status} X", Connection="close", **headers)

    async def _answer(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        self.asked += 1
        if self._spoil is None:
            writer.write(self.good(asked))
        else:
            await self._spoil(self, asked, writer)
        if not writer.is_closing():
            await writer.drain()
            writer.close()

    @asynccontextmanager
    async def struck(self, fault: Fault) -> AsyncIterator[None]:
        """The fault, while the block runs."""
        self._spoil = fault.spoil
        fault.before(self)
        try:
            yield
        finally:
            self._spoil = None
            fault.after(self)

    # ---------------------------------------------------------------- polls

    @asynccontextmanager
    async def polling(self, patience: float = 20) -> AsyncIterator[Poller]:
        """A poller with connections, and a memory of names, of its own."""

        async def followers(_: Any) -> list[Follower]:
            return [Follower(1)]

        async def operator(_: Any) -> int | None:
            return 2

        async with Fetcher(
            timeout=patience,
            max_bytes=MAX_BYTES,
            allow_private_networks=True,
            resolver=self.names,
            clock=self.clock,
        ) as fetcher:
            audience = Audience(followers, operator)
            yield Poller(
                self.store, fetcher, self.clock, audience, authority=HOST, random=Random(1)
            )

    async def poll(self, patience: float = 20, times: int = 1) -> Polled:
        """Poll so often, each as it falls due.

        patience: seconds a fetch may take
        """
        async with self.polling(patience) as poller:
            for _ in range(times):
                polled = await self._poll(poller)
        return polled

    async def poll_for(self, span: timedelta, patience: float = 20) -> list[Polled]:
        """Poll as often as it falls due in `span`, by the source's own due_at."""
        end = self.clock.now() + span
        polled = []
        async with self.polling(patience) as poller:
            while (await self.state()).due_at < end:
                polled.append(await self._poll(poller))
        self.clock.set(end)
        return polled

    async def _poll(self, poller: Poller) -> Polled:
        due_at = (await self.state()).due_at
        self.clock.set(max(due_at, self.clock.now()))
        self.site.now = self.clock.now()
        return await poller.poll(self.source)

    # ---------------------------------------------------------------- what came of it

    async def state(self) -> sources.SourceState:
        async with self.store.reading() as connection:
            return await sources.load(connection, self.source.name)

    async def posts(self) -> list[str]:
        """The titles the channel is owed, in order, as often as it is owed them."""
        query = (
            sa.select(stored.c.title)
            .join_from(deliveries, causes, causes.c.delivery_id == deliveries.c.id)
            .join(stored, stored.c.id == causes.c.entry_id)
            .where(deliveries.c.kind == "news", deliveries.c.subscriber_id == 1)
            .order_by(deliveries.c.id)
        )
        async with self.store.reading() as connection:
            return list((await connection.execute(query)).scalars())

    async def notices(self) -> list[str]:
        """What the operator is owed, in order."""
        query = (
            sa.select(deliveries.c.payload)
            .where(deliveries.c.kind == "notice", deliveries.c.subscriber_id == 2)
            .order_by(deliveries.c.id)
        )
        async with self.store.reading() as connection:
            return [row["text"] for row in (await connection.execute(query)).scalars()]

    def publish(self, title: str) -> Event:
        """A new item on top of the page, of the site's own day."""
        day: date = self.site.today
        return self.site.publish(Event(day=day, title=title, summary="What has happened."))


# -- answers ---------------------------------------------------------------------------------------


def instead(body: bytes = b"", status: str = "200 OK", **headers: str) -> Spoil:
    """This answer in place of the site's."""
    headers.setdefault("Content_Type", "text/html; charset=utf-8")

    async def spoil(_: World, __: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(body, status, Connection="close", **headers))

    return spoil


def changed(change: Callable[[bytes, bytes], bytes]) -> Spoil:
    """The site's whole answer, its head and its body changed; without validators or coding."""

    async def spoil(world: World, asked: Asked, writer: asyncio.StreamWriter) -> None:
        head, _, body = world.good(replace(asked, headers={})).partition(b"\r\n\r\n")
        writer.write(change(head, body))

    return spoil


def with_headers(**headers: str) -> Spoil:
    """The site's answer to the very request, with these headers over its own."""

    async def spoil(world: World, asked: Asked, writer: asyncio.StreamWriter) -> None:
        head, _, body = world.good(asked).partition(b"\r\n\r\n")
        status, *lines = head.decode().split("\r\n")
        names = {name.replace("_", "-").lower(): value for name, value in headers.items()}
        kept = [line for line in lines if line.partition(":")[0].lower() not in names]
        set_ = [f"{name}: {value}" for name, value in names.items()]
        writer.write("\r\n".join([status, *kept, *set_, "", ""]).encode() + body)

    return spoil


async def half(world: World, asked: Asked, writer: asyncio.StreamWriter) -> None:
    """The page as far as the middle of its list, and its length as if that were all."""
    link = world.site.latest[6].path.encode()
    await changed(lambda head, body: resized(head, body[: body.index(link)]))(world, asked, writer)


def resized(head: bytes, body: bytes, length: int | None = None) -> bytes:
    """Head and body, with the body's length or another one."""
    kept = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"content-length")]
    size = len(body) if length is None else length
    return b"\r\n".join([*kept, b"Content-Length: %d" % size, b"", body])


async def reset(world: World, asked: Asked, writer: asyncio.StreamWriter) -> None:
    """Half of the body, and then a reset."""
    whole = world.good(asked)
    writer.write(whole[: len(whole) // 2])
    await writer.drain()
    sock: socket.socket = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.close()


def cut_chunk(head: bytes, body: bytes) -> bytes:
    """A chunk that ends before its length."""
    kept = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"content-length")]
    lines = [*kept, b"Transfer-Encoding: chunked", b"", b"%x" % len(body), body[: len(body) // 2]]
    return b"\r\n".join(lines)


async def drip(world: World, asked: Asked, writer: asyncio.StreamWriter) -> None:
    """A byte at a time, for ever."""
    writer.write(reply(b"", Content_Length="100000"))
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.02)


async def changing_etag(world: World, asked: Asked, writer: asyncio.StreamWriter) -> None:
    """A validator that is another one in every answer, and honours none."""
    await with_headers(ETag=f'"{world.asked}"')(world, replace(asked, headers={}), writer)


async def two_servers(world: World, asked: Asked, writer: asyncio.StreamWriter) -> None:
    """By turns a server that is up to date, and one that has not got the newest two rows."""
    if world.asked % 2:
        writer.write(world.good(asked))
    else:
        await _without_newest(2)(world, asked, writer)


async def yesterday(world: World, asked: Asked, writer: asyncio.StreamWriter) -> None:
    """What a cache has kept of the page from before its newest three rows."""
    await _without_newest(3)(world, asked, writer)


def _without_newest(count: int) -> Spoil:
    async def spoil(world: World, asked: Asked, writer: asyncio.StreamWriter) -> None:
        newest = world.site.latest[:count]
        for event in newest:
            world.site.remove(event)
        writer.write(world.good(asked))
        for event in newest:
            world.site.restore(event)

    return spoil
