"""What is asked, what comes back, and which of it may be shown to whom."""

from __future__ import annotations

import base64
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import httpx

from feedbot.fetch.failure import Failure

#: Set by the fetcher, the connection or the validators; a source's own would break one of them.
_OURS = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "expect",
        "if-modified-since",
        "if-none-match",
        "range",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 section 5.6.2
_LINE_BREAKING = re.compile(r"[\r\n\0]")


@dataclass(frozen=True, slots=True, repr=False)
class Request:
    """One conditional GET.

    url:            http or https; credentials in it are used as `auth` and never shown
    headers:        added to ours; a User-Agent replaces ours. Like `cookies` and `auth`, they go
                    to the origin of `url` alone, and no more once a redirect has left it
    auth:           user and password for Basic authentication (RFC 7617)
    etag:           the validators (RFC 9110 section 8.8) of the last answer
    last_modified:
    validators_url: the URL that gave them (`Fetched.url`), the only one they are sent to: another
                    page may well be older than the last one was, and would be called unmodified.
                    None: `url` itself
    render:         by a browser, which has no validators and of `headers` takes a User-Agent alone
    types:          media types that are wanted, in lower case; the body of another is not read.
                    None: any
    head:           what goes before a body is enough (HEAD); the body is empty then
    robots:         whether robots.txt is obeyed
    proxy:          an HTTP proxy that everything goes through, credentials included; never shown
    enough:         bytes of the body that are read; what comes after them is left. None: all of it
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)
    auth: tuple[str, str] | None = None
    etag: str | None = None
    last_modified: str | None = None
    validators_url: str | None = None
    render: bool = False
    types: Collection[str] | None = None
    head: bool = False
    robots: bool = True
    proxy: str | None = None
    enough: int | None = None

    def __repr__(self) -> str:
        return f"Request({public_url(self.url)!r})"


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer that may be used.

    url:      where it came from, after redirects; without credentials and fragment
    status:   200, 203, or 304 (then `body` is empty)
    body:     decoded from its codings, as bytes
    moved_to: `url`, where every redirect on the way was a permanent one (301, 308)
    elapsed:  while connected and reading, all hops together
    max_age:  for how long it says that it stays fresh
    length:   bytes of the body as the server counts them, where it says so of one without codings
    """

    url: str
    status: int
    body: bytes = field(repr=False)
    content_type: str | None
    etag: str | None
    last_modified: str | None
    moved_to: str | None
    elapsed: timedelta
    length: int | None = None
    max_age: timedelta | None = None

    @property
    def not_modified(self) -> bool:
        """Whether what was fetched before still stands."""
        return self.status == httpx.codes.NOT_MODIFIED


def parse_url(url: str) -> httpx.URL:
    """`url` as an absolute http(s) URL without fragment, credentials included. Raises Failure."""
    try:
        parsed = httpx.URL(url)
        parsed = parsed.copy_with(fragment=None) if parsed.fragment else parsed
        host = parsed.host  # decoded as it is read: an "xn--" that says nothing raises here
    except (httpx.InvalidURL, ValueError) as error:
        raise Failure("not a valid URL") from error
    if parsed.scheme not in ("http", "https"):
        raise Failure(f"cannot fetch {parsed.scheme or 'no'} scheme: only http and https")
    if not host:
        raise Failure("not a valid URL: it names no host")
    return parsed


def without_credentials(url: httpx.URL) -> httpx.URL:
    """`url` as it may be sent and shown."""
    return url.copy_with(userinfo=b"") if url.userinfo else url


def public_url(url: str) -> str:
    """`url` on one line and without credentials, even where it is not a valid one."""
    try:
        return str(without_credentials(parse_url(url)))
    except Failure:
        _, at, rest = url.rpartition("@")
        shown = f"…@{rest}" if at else rest
        return "".join(char if char.isprintable() else "?" for char in shown)


def private_headers(request: Request, url: httpx.URL) -> dict[bytes, bytes]:
    """What only the source's own origin may see: its headers, cookies and credentials.

    `url` is the request's own, credentials included. As bytes, because httpx takes text in headers
    for ASCII. Raises Failure for what cannot be sent.
    """
    headers = {name: value for name, value in request.headers.items() if name.lower() not in _OURS}
    if request.cookies:
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in request.cookies.items())
    auth = request.auth or ((url.username, url.password) if url.userinfo else None)
    if auth is not None:
        pair = base64.b64encode(_encoded("the user and password", ":".join(auth)))
        headers["Authorization"] = f"Basic {pair.decode()}"
    for name in headers:
        if not _TOKEN.fullmatch(name):
            raise Failure(f"header {name!r} is not a valid name")
    return {
        name.encode(): _encoded(f"the value of header {name}", value)
        for name, value in headers.items()
    }


def _encoded(what: str, value: str) -> bytes:
    """`value` for a header, without naming it. Raises Failure where it cannot stand in one."""
    if _LINE_BREAKING.search(value):
        raise Failure(f"{what} has a line break in it")
    try:
        return value.encode()
    except UnicodeEncodeError:
        raise Failure(f"{what} is not valid text") from None


def conditions(request: Request, url: httpx.URL, *, first: bool) -> dict[bytes, bytes]:
    """The conditional headers (RFC 9110 section 13.1) for `url`, if it gave the validators.

    first: whether it is the request's own URL, and not one it was redirected to
    """
    gave = first if request.validators_url is None else str(url) == request.validators_url
    if not gave:
        return {}
    named = {b"If-None-Match": request.etag, b"If-Modified-Since": request.last_modified}
    return {name: _encoded("a validator", value) for name, value in named.items() if value}
