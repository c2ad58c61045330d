"""Feeds from memory, as bare ASGI: a framework would cost more than the answer.

GET, HEAD /feeds/PATH   the document: strong ETag, Last-Modified, 304, gzip (RFC 9110)
    opened in a browser (`Sec-Fetch-Mode: navigate`): a page to read; `?raw` is the document
    410 of a feed that has ended, 301 to one that has another name now
OPTIONS                 whoever asks from a script of another site may (CORS)

What Accept says is never looked at: readers send what browsers do.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Any, Protocol
from urllib.parse import parse_qs

from feedbot.errors import StoreError
from feedbot.web.conditional import accepts_gzip, not_modified

log = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

_PREFIX = "/feeds/"
_VARY = b"Accept-Encoding, Sec-Fetch-Mode"
_OPEN: Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"access-control-allow-origin", b"*"),
]
_PREFLIGHT: Headers = [
    *_OPEN,
    (b"access-control-allow-methods", b"GET, HEAD"),
    (b"access-control-allow-headers", b"If-None-Match, If-Modified-Since"),
    (b"access-control-max-age", b"86400"),
]
_NOT_FOUND = b"There is no such feed.\n"
_GONE = b"This feed has ended.\n"
_WANTED = frozenset({b"accept-encoding", b"if-none-match", b"if-modified-since", b"sec-fetch-mode"})


class Feed(Protocol):
    """A document as it is served; see publish.Published."""

    @property
    def body(self) -> bytes: ...  # noqa: D102 - Published says it
    @property
    def gzipped(self) -> bytes: ...  # noqa: D102 - Published says it
    @property
    def etag(self) -> str: ...  # noqa: D102 - Published says it
    @property
    def modified(self) -> datetime: ...  # noqa: D102 - Published says it
    @property
    def content_type(self) -> str: ...  # noqa: D102 - Published says it
    @property
    def max_age(self) -> int: ...  # noqa: D102 - Published says it


class Library(Protocol):
    """Where documents come from; see publish.Publisher."""

    def get(self, path: str) -> Feed | None:
        """A document that is kept in memory."""

    async def fetch(self, path: str) -> Feed | None:
        """One that is not."""

    def gone(self, path: str) -> bool:
        """Whether there was such a feed, and there never will be again."""

    def moved(self, name: str) -> str | None:
        """The present name of a source that was called `name`."""

    def elsewhere(self, feed: Any, base_url: str) -> Feed:
        """The same document for those who reach us by another address."""


#: Makes the HTML page of a feed by its path, and the address we are reached by if a proxy says so.
#: None: it has none. May raise StoreError.
Page = Callable[[str, str | None], Awaitable[bytes | None]]
#: Where in a request's scope that address stands.
BASE = "feedbot.base_url"


@dataclass(frozen=True, slots=True)
class _Answer:
    """All that is said before one coding of a document."""

    etag: str
    modified: datetime
    body: bytes
    headers: Headers
    headers_304: Headers


class FeedServer:
    """The ASGI app for everything below /feeds/.

    page: makes the page of a feed
    """

    def __init__(self, library: Library, page: Page) -> None:
        self._library = library
        self._page = page
        self._answers: dict[str, tuple[Feed, _Answer, _Answer]] = {}  # of what is kept in memory

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; `scope["path"]` begins with /feeds/."""
        method = scope["method"]
        if method not in ("GET", "HEAD"):
            await _refuse(method, send)
            return
        path = scope["path"][len(_PREFIX) :]
        answers = await self._find(path, scope.get(BASE))
        if answers is None:
            await self._send_missing(path, send)
            return
        asked = {name: value for name, value in scope["headers"] if name in _WANTED}
        navigates = asked.get(b"sec-fetch-mode") == b"navigate" and not _raw(scope["query_string"])
        if navigates and await self._send_page(path, scope, send):
            return
        answer = answers[accepts_gzip(asked.get(b"accept-encoding", b"").decode("latin-1"))]
        if not_modified(
            _text(asked.get(b"if-none-match")),
            _text(asked.get(b"if-modified-since")),
            answer.etag,
            answer.modified,
        ):
            await respond(send, 304, answer.headers_304)
        else:
            await respond(send, 200, answer.headers, b"" if method == "HEAD" else answer.body)

    async def _find(self, path: str, base: str | None) -> tuple[_Answer, _Answer] | None:
        """The document's answers, plain and gzipped; `base` is where it is reached from outside."""
        found = self._library.get(path)
        if found is None or base is not None:
            other = found or await self._library.fetch(path)
            moved = other and base and self._library.elsewhere(other, base)
            feed = moved or other
            return (prepared(feed, False), prepared(feed, True)) if feed else None
        known = self._answers.get(path)
        if known is None or known[0] is not found:
            known = self._answers[path] = (found, prepared(found, False), prepared(found, True))
        return known[1:]

    async def _send_page(self, path: str, scope: Scope, send: Send) -> bool:
        """Send the page of a feed, if it has one."""
        try:
            html = await self._page(path, scope.get(BASE))
        except StoreError as error:
            log.error("the page of feeds/%s cannot be shown: %s", path, error)
            await plain(send, 503, b"This page cannot be shown now.\n")
            return True
        if html is None:
            return False
        headers = [
            *PAGE_HEADERS,
            (b"vary", b"Sec-Fetch-Mode"),
            (b"content-length", str(len(html)).encode()),
        ]
        await respond(send, 200, headers, b"" if scope["method"] == "HEAD" else html)
        return True

    async def _send_missing(self, path: str, send: Send) -> None:
        name, _, ending = path.rpartition(".")
        if now := self._library.moved(name):
            # relative: what stands before /feeds/ is the proxy's to know
            location = (b"location", f"{now}.{ending}".encode())
            age = (b"cache-control", b"public, max-age=3600")
            await respond(send, 301, [*_OPEN, location, age, (b"content-length", b"0")])
        elif self._library.gone(path):
            await plain(send, 410, _GONE)
        else:
            await plain(send, 404, _NOT_FOUND)


#: Of a page made of what others wrote: no script, nothing framed, nobody told who reads it.
PAGE_HEADERS: Headers = [
    (b"content-type", b"text/html; charset=utf-8"),
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-cache"),
    (b"referrer-policy", b"no-referrer"),
    (
        b"content-security-policy",
        b"default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none';"
        b" frame-ancestors 'none'",
    ),
]


def prepared(feed: Feed, gzipped: bool) -> _Answer:
    """The answer for one coding; each has an ETag of its own, as strong ones must."""
    etag = f'{feed.etag[:-1]}-gzip"' if gzipped else feed.etag
    body = feed.gzipped if gzipped else feed.body
    common = [
        *_OPEN,
        (b"etag", etag.encode()),
        (b"last-modified", format_datetime(feed.modified, usegmt=True).encode()),
        (b"vary", _VARY),
        (b"cache-control", f"public, max-age={feed.max_age}".encode()),
        (b"access-control-expose-headers", b"ETag, Last-Modified"),
    ]
    headers = [
        *common,
        (b"content-type", feed.content_type.encode()),
        (b"content-length", str(len(body)).encode()),
        *([(b"content-encoding", b"gzip")] if gzipped else []),
    ]
    return _Answer(etag, feed.modified, body, headers, common)


def _raw(query: bytes) -> bool:
    return b"raw" in query and "raw" in parse_qs(query.decode("latin-1"), keep_blank_values=True)


def _text(header: bytes | None) -> str | None:
    return None if header is None else header.decode("latin-1")


async def _refuse(method: str, send: Send) -> None:
    if method == "OPTIONS":
        await respond(send, 204, [*_PREFLIGHT, (b"allow", b"GET, HEAD, OPTIONS")])
    else:
        await plain(send, 405, b"A feed can be read, and nothing else.\n", allow=b"GET, HEAD")


async def plain(send: Send, status: int, text: bytes, **headers: bytes) -> None:
    """A line of text as the answer."""
    said = [(name.encode(), value) for name, value in headers.items()]
    kind = (b"content-type", b"text/plain; charset=utf-8")
    length = (b"content-length", str(len(text)).encode())
    await respond(send, status, [*_OPEN, kind, length, *said], text)


async def respond(
    send: Send, status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes = b""
) -> None:
    """A whole answer."""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
