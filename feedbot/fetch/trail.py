"""How far a fetch has come, from redirect to redirect."""

from __future__ import annotations

from dataclasses import dataclass, field

import httpx

from feedbot.fetch.failure import Failure
from feedbot.fetch.headers import status_text
from feedbot.fetch.request import parse_url, without_credentials

MAX_REDIRECTS = 10
_PERMANENT = frozenset({301, 308})
_SHOWN = 200  # characters of a redirect's target in a message


@dataclass(slots=True)
class Trail:
    """Where a fetch is, whether it never left its origin, and how it moved.

    permanent: every step so far was a permanent redirect
    most:      steps that are taken
    """

    first: httpx.URL
    url: httpx.URL
    most: int = MAX_REDIRECTS
    moved: bool = False
    at_home: bool = True
    permanent: bool = True
    seen: set[httpx.URL] = field(default_factory=set)

    @classmethod
    def beginning(cls, url: httpx.URL, most: int = MAX_REDIRECTS) -> Trail:
        """At its first URL."""
        return cls(first=url, url=url, most=most)

    def step(self, to: httpx.URL, status: int) -> None:
        """Follow a redirect. Raises Failure where that leads nowhere."""
        self.seen.add(self.url)
        self.moved = to != self.first
        self.at_home = self.at_home and _origin(to) == _origin(self.first)
        self.permanent = self.permanent and status in _PERMANENT
        self.url = to
        if to in self.seen:
            raise Failure("redirect loop: this address was asked before")
        if len(self.seen) > self.most:
            raise Failure(f"more than {self.most} redirects")


def target(response: httpx.Response) -> httpx.URL:
    """Where a redirect leads, without the credentials it may carry. Raises Failure."""
    if not response.headers.get("Location") or response.next_request is None:
        status = response.status_code
        raise Failure(f"HTTP {status_text(status)} without a Location", status=status)
    try:
        return without_credentials(parse_url(str(response.next_request.url)))
    except Failure as error:
        raise Failure(f"redirected to where we do not follow: {error}") from error


def named(url: httpx.URL) -> str:
    """A redirect's target for a message: without its query, which can be a key to something."""
    shown = str(url.copy_with(query=None))
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port
