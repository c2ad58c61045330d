"""One conditional GET after another over one pool of connections.

    parse_url → GET → redirect → GET → … → 304, or body → Fetched
      each hop:  ├ robots: whether the site wants it asked
                 ├ hosts: when it is its turn
                 └ guard: what its URL says, then each address, as its socket is made

Any exception on the way goes through `failure.explain` into a FetchError.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from http import HTTPStatus
from types import TracebackType
from typing import NamedTuple, cast

import httpx
from aiohttp.abc import AbstractResolver

from feedbot import __version__
from feedbot.clock import Clock, SystemClock
from feedbot.errors import FetchError
from feedbot.fetch import body, guard
from feedbot.fetch.browser import Browser
from feedbot.fetch.client import open_client
from feedbot.fetch.failure import Failure, Limits, explain
from feedbot.fetch.headers import max_age, retry_after, status_text
from feedbot.fetch.hosts import Hosts, Manners
from feedbot.fetch.request import (
    Fetched,
    Request,
    conditions,
    parse_url,
    private_headers,
    public_url,
    without_credentials,
)
from feedbot.fetch.robots import MOST_BYTES, MOST_REDIRECTS, Robots
from feedbot.fetch.trail import Trail, named, target
from feedbot.identity import host_of

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SOUND = frozenset({200, 203})
_RETRY_LATER = frozenset({429, 503})
_PORTS = {"http": 80, "https": 443}
_DIGITS = 16  # of a length that still is a number everywhere, JSON readers included
_SHOWN = 200  # characters of a media type in a message


class _Clients(NamedTuple):
    """For the public web, and for hosts that may have any address (the same where none may)."""

    web: httpx.AsyncClient
    home: httpx.AsyncClient


class Fetcher:
    """Fetches what sources name. An async context manager; `fetch` may be called concurrently.

    contact:       a URL or mail address for the User-Agent, so that a site can reach the operator
    timeout:       seconds a fetch may take, redirects included; waiting for one of `connections`
                   does not count
    max_bytes:     the most a body may have, on the wire and decoded
    allow_private_networks: connect to loopback, private and link-local addresses too
    allow:         networks, addresses and host names that may be connected to although not public
    resolver, socket_factory: what turns names into addresses, and addresses into sockets
    clock:         what Retry-After in seconds counts from, and pauses are waited by
    manners:       how hosts are treated; None: everything is asked at once, and no robots.txt read
    """

    def __init__(
        self,
        *,
        contact: str | None = None,
        timeout: float = 30,
        max_bytes: int = 3_000_000,
        allow_private_networks: bool = False,
        allow: Iterable[str] = (),
        connections: int = 100,
        resolver: AbstractResolver | None = None,
        socket_factory: guard.SocketFactory | None = None,
        clock: Clock | None = None,
        manners: Manners | None = None,
    ) -> None:
        self._agent = f"feedbot/{__version__}" + (f" (+{contact})" if contact else "")
        self._limits = Limits.within(timeout)
        self._max_bytes = max_bytes
        self._connections = connections
        self._slots = asyncio.Semaphore(connections)
        self._resolver = resolver
        self._make_socket = socket_factory or guard.plain_socket
        self._allowed = guard.Allowed.of(allow, everything=allow_private_networks)
        self._clock = clock or SystemClock()
        self._hosts = Hosts(self._clock, manners) if manners else None
        self._robots = Robots(self._clock, self._robots_txt) if manners else None
        self._browser = Browser(
            resolver or guard.SystemResolver(),
            self._make_socket,
            self._allowed,
            agent=self._agent,
            timeout=timeout,
            connect=self._limits.connect,
            max_bytes=max_bytes,
        )
        self._clients: _Clients | None = None
        self._proxied: dict[str, httpx.AsyncClient] = {}  # by proxy

    async def __aenter__(self) -> Fetcher:
        web = self._open(self._allowed)
        home = self._open(guard.Allowed(everything=True)) if self._allowed.hosts else web
        self._clients = _Clients(web, home)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._clients is not None:
            await self._clients.web.aclose()
            await self._clients.home.aclose()
        for client in self._proxied.values():
            await client.aclose()

    def _open(self, allowed: guard.Allowed, proxy: str | None = None) -> httpx.AsyncClient:
        return open_client(
            guard.guarded(self._make_socket, allowed),
            self._resolver,
            agent=self._agent,
            limits=self._limits,
            connections=self._connections,
            proxy=proxy,
        )

    def _opened(self) -> _Clients:
        if self._clients is None:
            raise RuntimeError("a Fetcher is used inside `async with`")
        return self._clients

    def _client_for(
        self, url: httpx.URL, clients: _Clients, proxy: str | None = None
    ) -> httpx.AsyncClient:
        """The client that may connect where `url` leads. Raises RefusedAddress.

        A proxy is the operator's own, so it may be anywhere; it resolves names by itself.
        """
        guard.check(url.host, url.port or _PORTS[url.scheme], self._allowed)
        if proxy is not None:
            if proxy not in self._proxied:
                self._proxied[proxy] = self._open(guard.Allowed(everything=True), proxy)
            return self._proxied[proxy]
        return clients.home if self._allowed.host(url.host) else clients.web

    async def fetch(self, request: Request) -> Fetched:
        """The answer to `request`, if it may be used. Raises FetchError, and nothing else."""
        clients = self._opened()
        trail: Trail | None = None
        try:
            url = parse_url(request.url)
            if request.render and request.proxy:
                raise Failure("rendered pages go through no proxy: take render or proxy out")
            if request.render:
                await self._check_robots(request, url)
                async with self._turn(url):
                    return await self._browser.fetch(request)
            private = private_headers(request, url)
            trail = Trail.beginning(without_credentials(url))
            return await self._follow(clients, request, trail, private)
        except Exception as error:
            raise self._failed(request, trail, error) from error

    def resting(self) -> frozenset[str]:
        """Hosts (`identity.host_of`) that are not to be asked at this moment."""
        return self._hosts.resting() if self._hosts else frozenset()

    def rest(self, host: str, until: datetime) -> None:
        """Leave a host alone until then."""
        if self._hosts:
            self._hosts.rest(host, until)

    async def _check_robots(self, request: Request, url: httpx.URL) -> None:
        if self._robots and request.robots:
            await self._robots.check(without_credentials(url), request.proxy)

    async def _robots_txt(self, url: httpx.URL, proxy: str | None) -> bytes:
        """The beginning of a robots.txt. Raises Failure, and what the connection raises."""
        request = Request(str(url), robots=False, proxy=proxy, enough=MOST_BYTES)
        trail = Trail.beginning(url, most=MOST_REDIRECTS)
        return (await self._follow(self._opened(), request, trail, {})).body

    @asynccontextmanager
    async def _turn(self, url: httpx.URL) -> AsyncGenerator[None]:
        """One request to a host, in its turn; what the host says of being asked is kept."""
        if self._hosts is None:
            async with self._slots:
                yield
            return
        host = host_of(str(url))
        async with self._hosts.turn(host), self._slots:
            try:
                yield
            except Failure as error:
                if error.status in _RETRY_LATER:
                    self._hosts.refused(host, error.status, error.retry_after)
                raise
            self._hosts.answered(host)

    async def post(
        self, url: str, *, form: Mapping[str, str] | None = None, json: object = None
    ) -> int:
        """Send a form, or JSON, to a webhook; the status of its answer, which is not read.

        No redirect is followed: what was said is not said to somebody else. Raises FetchError.
        """
        clients = self._opened()
        async with self._slots:
            try:
                target = parse_url(url)
                auth = (target.username, target.password) if target.userinfo else None
                target = without_credentials(target)
                client = self._client_for(target, clients)
                async with (
                    asyncio.timeout(self._limits.total),
                    client.stream("POST", target, data=form, json=json, auth=auth) as response,
                ):
                    return response.status_code
            except Exception as error:
                raise FetchError(public_url(url), explain(error, self._limits)) from error

    def _failed(self, request: Request, trail: Trail | None, error: Exception) -> FetchError:
        cause = explain(error, self._limits)
        if trail is not None and trail.moved:
            cause = f"redirected to {named(trail.url)}: {cause}"
        return FetchError(
            public_url(request.url),
            cause,
            status=error.status if isinstance(error, Failure) else None,
            retry_after=error.retry_after if isinstance(error, Failure) else None,
            unwanted=isinstance(error, Failure) and error.unwanted,
            forbidden=isinstance(error, Failure) and error.forbidden,
        )

    async def _follow(
        self, clients: _Clients, request: Request, trail: Trail, private: dict[bytes, bytes]
    ) -> Fetched:
        """Hop by hop to an answer. Waiting for a turn does not count against the time there is."""
        now = asyncio.get_running_loop().time
        spent = 0.0
        while True:
            await self._check_robots(request, trail.url)
            async with self._turn(trail.url):
                start = now()
                async with asyncio.timeout(self._limits.total - spent):
                    fetched = await self._hop(clients, request, trail, private)
                spent += now() - start
            if fetched is not None:
                return replace(fetched, elapsed=timedelta(seconds=spent))

    async def _hop(
        self, clients: _Clients, request: Request, trail: Trail, private: dict[bytes, bytes]
    ) -> Fetched | None:
        """One request; None where it leads on, and the trail has taken that step."""
        asked = conditions(request, trail.url, first=not trail.moved)
        headers = asked | private if trail.at_home else asked
        if request.head:  # the length of what it is in itself
            headers = headers | {b"Accept-Encoding": b"identity"}
        client = self._client_for(trail.url, clients, request.proxy)
        method = "HEAD" if request.head else "GET"
        async with client.stream(method, trail.url, headers=headers) as response:
            if response.status_code in _REDIRECTS:
                trail.step(target(response), response.status_code)
                return None
            content = await self._content(response, request, conditional=bool(asked))
            return _fetched(request, trail, response, content)

    async def _content(
        self, response: httpx.Response, request: Request, *, conditional: bool
    ) -> bytes:
        status = response.status_code
        if status == HTTPStatus.NOT_MODIFIED and conditional:
            return b""
        if status not in _SOUND:
            raise Failure(
                f"HTTP {status_text(status)}",
                status=status,
                retry_after=self._retry_after(response),
            )
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if request.types is not None and kind and kind not in request.types:
            raise Failure(f"its type is {kind[:_SHOWN]}", unwanted=True)
        if request.head:
            return b""
        encoded = body.codings(response.headers.get("Content-Encoding", ""))
        length = response.headers.get("Content-Length", "")
        if length.isdecimal() and int(length) > self._max_bytes and request.enough is None:
            raise body.too_large(self._max_bytes)
        # A generator, whatever its declared type: to be closed here, and not when it is collected.
        raw = cast("AsyncGenerator[bytes, None]", response.aiter_raw())
        async with contextlib.aclosing(raw) as chunks:
            return await body.read(chunks, encoded, self._max_bytes, request.enough)

    def _retry_after(self, response: httpx.Response) -> datetime | None:
        value = response.headers.get("Retry-After", "")
        if response.status_code not in _RETRY_LATER or not value:
            return None
        return retry_after(value, self._clock.now())


def _fetched(request: Request, trail: Trail, response: httpx.Response, content: bytes) -> Fetched:
    unmodified = response.status_code == HTTPStatus.NOT_MODIFIED
    headers = response.headers
    return Fetched(
        url=str(trail.url),
        status=response.status_code,
        body=content,
        content_type=headers.get("Content-Type"),
        # A 304 may leave out what has not changed.
        etag=headers.get("ETag", request.etag if unmodified else None),
        last_modified=headers.get("Last-Modified", request.last_modified if unmodified else None),
        moved_to=str(trail.url) if trail.moved and trail.permanent else None,
        elapsed=timedelta(0),
        max_age=max_age(headers),
        length=_length(headers),
    )


def _length(headers: httpx.Headers) -> int | None:
    value = headers.get("Content-Length", "")
    plain = headers.get("Content-Encoding", "identity").strip().lower() == "identity"
    return int(value) if plain and value.isdecimal() and len(value) < _DIGITS else None
