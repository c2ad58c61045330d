"""One conditional GET after another over one pool of connections.

    parse_url → GET → redirect → GET → … → 304, or body → Fetched
      each hop:  └ guard: what its URL says, then each address, as its socket is made

Any exception on the way goes through `failure.explain` into a FetchError.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from types import TracebackType
from typing import NamedTuple, cast

import httpx
from aiohttp.abc import AbstractResolver

from feedbot import __version__
from feedbot.clock import SystemClock
from feedbot.errors import FetchError
from feedbot.fetch import body, guard
from feedbot.fetch.browser import Browser
from feedbot.fetch.client import open_client
from feedbot.fetch.failure import Failure, Limits, explain
from feedbot.fetch.request import (
    Fetched,
    Request,
    conditions,
    parse_url,
    private_headers,
    public_url,
    without_credentials,
)

MAX_REDIRECTS = 10
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PERMANENT = frozenset({301, 308})
_SOUND = frozenset({200, 203})
_RETRY_LATER = frozenset({429, 503})
_PORTS = {"http": 80, "https": 443}
_DIGITS = 16  # of a length that still is a number everywhere, JSON readers included
_SHOWN = 200  # characters of a redirect's target in a message
#: A server that asks for more is mistaken or hostile; one poll a week costs it nothing.
MAX_RETRY_AFTER = timedelta(days=7)


class _Clients(NamedTuple):
    """For the public web, and for hosts that may have any address (the same where none may)."""

    web: httpx.AsyncClient
    home: httpx.AsyncClient


@dataclass(slots=True)
class _Trail:
    """How far a fetch has come: where it is, whether it never left its origin, and how it moved."""

    first: httpx.URL
    url: httpx.URL
    moved: bool = False
    at_home: bool = True
    permanent: bool = True

    @classmethod
    def beginning(cls, url: httpx.URL) -> _Trail:
        return cls(first=url, url=url)

    def step(self, target: httpx.URL, status: int) -> None:
        self.moved = target != self.first
        self.at_home = self.at_home and _origin(target) == _origin(self.first)
        self.permanent = self.permanent and status in _PERMANENT
        self.url = target


class Fetcher:
    """Fetches what sources name. An async context manager; `fetch` may be called concurrently.

    contact:       a URL or mail address for the User-Agent, so that a site can reach the operator
    timeout:       seconds a fetch may take, redirects included; waiting for one of `connections`
                   does not count
    max_bytes:     the most a body may have, on the wire and decoded
    allow_private_networks: connect to loopback, private and link-local addresses too
    allow:         networks, addresses and host names that may be connected to although not public
    resolver, socket_factory: what turns names into addresses, and addresses into sockets
    now:           the present moment, aware UTC; what Retry-After in seconds counts from
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
        now: Callable[[], datetime] | None = None,
    ) -> None:
        self._agent = f"feedbot/{__version__}" + (f" (+{contact})" if contact else "")
        self._limits = Limits.within(timeout)
        self._max_bytes = max_bytes
        self._connections = connections
        self._slots = asyncio.Semaphore(connections)
        self._resolver = resolver
        self._make_socket = socket_factory or guard.plain_socket
        self._allowed = guard.Allowed.of(allow, everything=allow_private_networks)
        self._now = now or SystemClock().now
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

    def _open(self, allowed: guard.Allowed) -> httpx.AsyncClient:
        return open_client(
            guard.guarded(self._make_socket, allowed),
            self._resolver,
            agent=self._agent,
            limits=self._limits,
            connections=self._connections,
        )

    def _opened(self) -> _Clients:
        if self._clients is None:
            raise RuntimeError("a Fetcher is used inside `async with`")
        return self._clients

    def _client_for(self, url: httpx.URL, clients: _Clients) -> httpx.AsyncClient:
        """The client that may connect where `url` leads. Raises RefusedAddress."""
        guard.check(url.host, url.port or _PORTS[url.scheme], self._allowed)
        return clients.home if self._allowed.host(url.host) else clients.web

    async def fetch(self, request: Request) -> Fetched:
        """The answer to `request`, if it may be used. Raises FetchError, and nothing else."""
        clients = self._opened()
        trail: _Trail | None = None
        async with self._slots:
            try:
                if request.render:
                    return await self._browser.fetch(request)
                url = parse_url(request.url)
                private = private_headers(request, url)
                trail = _Trail.beginning(without_credentials(url))
                async with asyncio.timeout(self._limits.total):
                    return await self._follow(clients, request, trail, private)
            except Exception as error:
                raise self._failed(request, trail, error) from error

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

    def _failed(self, request: Request, trail: _Trail | None, error: Exception) -> FetchError:
        cause = explain(error, self._limits)
        if trail is not None and trail.moved:
            cause = f"redirected to {_named(trail.url)}: {cause}"
        return FetchError(
            public_url(request.url),
            cause,
            status=error.status if isinstance(error, Failure) else None,
            retry_after=error.retry_after if isinstance(error, Failure) else None,
            unwanted=isinstance(error, Failure) and error.unwanted,
        )

    async def _follow(
        self, clients: _Clients, request: Request, trail: _Trail, private: dict[bytes, bytes]
    ) -> Fetched:
        start = asyncio.get_running_loop().time()
        seen: set[httpx.URL] = set()
        for _ in range(MAX_REDIRECTS + 1):
            asked = conditions(request, trail.url, first=not trail.moved)
            headers = asked | private if trail.at_home else asked
            if request.head:  # the length of what it is in itself
                headers = headers | {b"Accept-Encoding": b"identity"}
            client = self._client_for(trail.url, clients)
            method = "HEAD" if request.head else "GET"
            async with client.stream(method, trail.url, headers=headers) as response:
                if response.status_code not in _REDIRECTS:
                    content = await self._content(response, request, conditional=bool(asked))
                    return _fetched(request, trail, response, content, start)
                seen.add(trail.url)
                trail.step(_target(response), response.status_code)
            if trail.url in seen:
                raise Failure("redirect loop: this address was asked before")
        raise Failure(f"more than {MAX_REDIRECTS} redirects")

    async def _content(
        self, response: httpx.Response, request: Request, *, conditional: bool
    ) -> bytes:
        status = response.status_code
        if status == HTTPStatus.NOT_MODIFIED and conditional:
            return b""
        if status not in _SOUND:
            raise Failure(
                f"HTTP {_status(status)}",
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
        if length.isdecimal() and int(length) > self._max_bytes:
            raise body.too_large(self._max_bytes)
        # A generator, whatever its declared type: to be closed here, and not when it is collected.
        raw = cast("AsyncGenerator[bytes, None]", response.aiter_raw())
        async with contextlib.aclosing(raw) as chunks:
            return await body.read(chunks, encoded, self._max_bytes)

    def _retry_after(self, response: httpx.Response) -> datetime | None:
        value = response.headers.get("Retry-After", "")
        if response.status_code not in _RETRY_LATER or not value:
            return None
        return retry_after(value, self._now())


def retry_after(value: str, now: datetime) -> datetime | None:
    """The moment a Retry-After header (RFC 9110 section 10.2.3) names, in UTC, a week off at most.

    None where it names none to come.
    """
    value = value.strip()
    latest = now + MAX_RETRY_AFTER
    if value.isdecimal():
        seconds = min(float(value), MAX_RETRY_AFTER.total_seconds())
        moment = now + timedelta(seconds=seconds)
    else:
        try:
            moment = parsedate_to_datetime(value)
        except (ValueError, OverflowError):
            return None
        # An HTTP date is in GMT; of its three forms, asctime's does not say so.
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(moment, latest) if moment > now else None


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _target(response: httpx.Response) -> httpx.URL:
    """Where a redirect leads, without the credentials it may carry. Raises Failure."""
    if not response.headers.get("Location") or response.next_request is None:
        status = response.status_code
        raise Failure(f"HTTP {_status(status)} without a Location", status=status)
    try:
        return without_credentials(parse_url(str(response.next_request.url)))
    except Failure as error:
        raise Failure(f"redirected to where we do not follow: {error}") from error


def _fetched(
    request: Request, trail: _Trail, response: httpx.Response, content: bytes, start: float
) -> Fetched:
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
        elapsed=timedelta(seconds=asyncio.get_running_loop().time() - start),
        length=_length(headers),
    )


def _length(headers: httpx.Headers) -> int | None:
    value = headers.get("Content-Length", "")
    plain = headers.get("Content-Encoding", "identity").strip().lower() == "identity"
    return int(value) if plain and value.isdecimal() and len(value) < _DIGITS else None


def _status(status: int) -> str:
    """A status with the standard's words; the server's own could say anything."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _named(url: httpx.URL) -> str:
    """A redirect's target for a message: without its query, which can be a key to something."""
    shown = str(url.copy_with(query=None))
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"
