"""Everything that can go wrong, done for real by a server on loopback: one line with the cause."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import importlib
import pkgutil
import socket
import ssl
import struct
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import httpx
import pytest
import pytest_asyncio
import trustme
from aiohttp.client_reqrep import ConnectionKey
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbot.clock import SimulatedClock
from feedbot.errors import FetchError
from feedbot.fetch import Fetcher, Request
from feedbot.fetch.failure import CAUSES, Limits, explain
from feedbot.fetch.headers import MAX_RETRY_AFTER, retry_after
from tests.test_fetch_guard import Names, Sockets
from tests.web import Asked, Route, Web, redirect, reply

NOW = datetime(2020, 5, 27, 12, tzinfo=UTC)
HASTE = 0.9  # connecting may take 0.3 s of it, silence 0.6 s


@pytest_asyncio.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    """One with time enough that no busy machine makes a time-out of another fault."""
    async with Fetcher(
        timeout=30, allow_private_networks=True, resolver=Names(), clock=SimulatedClock(NOW)
    ) as fetcher:
        yield fetcher


@pytest_asyncio.fixture
async def hasty() -> AsyncIterator[Fetcher]:
    """One for faults that are a matter of time."""
    async with Fetcher(timeout=HASTE, allow_private_networks=True) as fetcher:
        yield fetcher


async def failure(fetcher: Fetcher, request: Request | str) -> FetchError:
    """The error of a fetch; always one line that begins with the URL."""
    request = Request(request) if isinstance(request, str) else request
    with pytest.raises(FetchError) as caught:
        await fetcher.fetch(request)
    error = caught.value
    assert str(error) == f"{error.url}: {error.cause}"
    assert str(error).isprintable()
    return error


async def cause(fetcher: Fetcher, route: Route) -> str:
    async with Web({"/": route}) as web:
        return (await failure(fetcher, web.url())).cause


# -- refusals --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("404 Gone fishing", "HTTP 404 Not Found"),
        ("500 Oops", "HTTP 500 Internal Server Error"),
        ("204 No Content", "HTTP 204 No Content"),
        ("206 Partial Content", "HTTP 206 Partial Content"),
        ("300 Multiple Choices", "HTTP 300 Multiple Choices"),
        ("599 Whatever", "HTTP 599"),
    ],
)
async def test_status(fetcher: Fetcher, status: str, expected: str) -> None:
    async with Web({"/": reply(status=status)}) as web:
        error = await failure(fetcher, web.url())
    assert error.cause == expected
    assert error.status == int(status[:3])
    assert error.retry_after is None


@pytest.mark.parametrize(
    ("status", "header", "expected"),
    [
        ("503 X", "120", NOW + timedelta(minutes=2)),
        ("429 X", "Wed, 27 May 2020 13:00:00 GMT", NOW + timedelta(hours=1)),
        ("503 X", "99999999999", NOW + timedelta(days=7)),
        ("503 X", "soon", None),
        ("500 X", "120", None),
    ],
)
async def test_retry_after(
    fetcher: Fetcher, status: str, header: str, expected: datetime | None
) -> None:
    async with Web({"/": reply(status=status, Retry_After=header)}) as web:
        assert (await failure(fetcher, web.url())).retry_after == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (" 60 ", NOW + timedelta(seconds=60)),
        ("Wednesday, 27-May-20 12:00:01 GMT", NOW + timedelta(seconds=1)),
        ("Wed May 27 12:00:01 2020", NOW + timedelta(seconds=1)),
        ("Wed, 27 May 2020 14:00:01 +0200", NOW + timedelta(seconds=1)),
        ("Fri, 27 May 2050 12:00:00 GMT", NOW + MAX_RETRY_AFTER),
        ("Wed, 27 May 2020 12:00:00 GMT", None),
        ("0", None),
        ("-5", None),
        ("1.5", None),
        ("", None),
        ("Wed, 99 May 2020 12:00:00 GMT", None),
        ("Fri, 01 Jan 0001 00:00:00 +2359", None),
        ("9" * 5000, NOW + MAX_RETRY_AFTER),
    ],
)
def test_retry_after_is_read(value: str, expected: datetime | None) -> None:
    assert retry_after(value, NOW) == expected


@given(st.text(max_size=40) | st.integers().map(str) | st.datetimes().map("{:%c}".format))
def test_retry_after_is_never_out_of_reach(value: str) -> None:
    moment = retry_after(value, NOW)
    assert moment is None or NOW < moment <= NOW + MAX_RETRY_AFTER


# -- connecting ------------------------------------------------------------------------------------


async def test_host_not_found(fetcher: Fetcher) -> None:
    error = await failure(fetcher, "http://nowhere.example/")
    assert error.cause == "host not found (DNS knows no such name)"


class Silent(Names):
    """A DNS server that does not answer: at once, as the system says it, or never."""

    def __init__(self, *, says_so: bool) -> None:
        super().__init__()
        self._says_so = says_so

    async def resolve(self, *_: object, **__: object) -> list[aiohttp.abc.ResolveResult]:
        if not self._says_so:
            await asyncio.Event().wait()
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")


@pytest.mark.parametrize(
    ("says_so", "expected"),
    [
        (True, "host not found: the DNS server did not answer"),
        (False, "timed out: no connection within 0.3 s"),
    ],
)
async def test_no_answer_from_dns(says_so: bool, expected: str) -> None:
    async with Fetcher(timeout=HASTE, resolver=Silent(says_so=says_so)) as fetcher:
        assert (await failure(fetcher, "http://news.example/")).cause == expected


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


async def test_connection_refused(fetcher: Fetcher, free_port: int) -> None:
    error = await failure(fetcher, f"http://127.0.0.1:{free_port}/")
    assert error.cause == "connection refused"


async def test_a_host_that_does_not_pick_up(hasty: Fetcher) -> None:
    """A queue that is full leaves new callers unanswered, as a dead host does."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        callers = [socket.socket() for _ in range(4)]
        try:
            for caller in callers:
                caller.setblocking(False)
                caller.connect_ex(server.getsockname())
            error = await failure(hasty, f"http://127.0.0.1:{server.getsockname()[1]}/")
        finally:
            for caller in callers:
                caller.close()
    assert error.cause == "timed out: no connection within 0.3 s"


# -- TLS -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the test's authority one of the system's."""
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))


def serving(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


async def tls_answer(certificate: trustme.LeafCert) -> str:
    async with (
        Web({"/": reply(b"safe")}, tls=serving(certificate)) as web,
        Fetcher(timeout=10, allow_private_networks=True) as fetcher,
    ):
        try:
            return (await fetcher.fetch(Request(web.url()))).body.decode()
        except FetchError as error:
            return error.cause


@pytest.mark.usefixtures("trusted")
async def test_tls_that_is_sound(authority: trustme.CA) -> None:
    assert await tls_answer(authority.issue_cert("127.0.0.1")) == "safe"


@pytest.mark.usefixtures("trusted")
async def test_tls_expired(authority: trustme.CA) -> None:
    old = authority.issue_cert(
        "127.0.0.1", not_before=NOW - timedelta(days=9), not_after=NOW - timedelta(days=1)
    )
    assert await tls_answer(old) == "TLS error: the server's certificate has expired"


@pytest.mark.usefixtures("trusted")
async def test_tls_not_valid_yet(authority: trustme.CA) -> None:
    early = authority.issue_cert(
        "127.0.0.1",
        not_before=datetime(2999, 1, 1, tzinfo=UTC),
        not_after=datetime(3000, 1, 1, tzinfo=UTC),
    )
    assert await tls_answer(early) == "TLS error: the server's certificate is not valid yet"


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize(
    ("name", "fault"),
    [("127.0.0.2", "is for another address"), ("news.example", "is for another")],
)
async def test_tls_wrong_host(authority: trustme.CA, name: str, fault: str) -> None:
    answer = await tls_answer(authority.issue_cert(name))
    assert answer.startswith(f"TLS error: the server's certificate {fault}")


async def test_tls_unknown_authority(authority: trustme.CA) -> None:
    answer = await tls_answer(authority.issue_cert("127.0.0.1"))
    assert "signed by an authority that is not known here" in answer


async def test_tls_self_signed(tmp_path: Path) -> None:
    """An authority's own certificate is signed by itself; served as a site's, it is just that."""
    own = trustme.CA()
    own.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    own.cert_pem.write_to_path(str(tmp_path / "cert.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    async with (
        Web({"/": reply()}, tls=context) as web,
        Fetcher(timeout=10, allow_private_networks=True) as fetcher,
    ):
        error = await failure(fetcher, web.url())
    assert error.cause == "TLS error: the server's certificate is self-signed"


async def test_tls_to_a_port_without_it(fetcher: Fetcher) -> None:
    async def shout(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(b"plain http"))
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(shout, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        error = await failure(fetcher, f"https://127.0.0.1:{port}/")
    assert error.cause == "TLS error: this port does not speak TLS (is it http rather than https?)"


async def test_tls_handshake_that_hangs(hasty: Fetcher) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        error = await failure(hasty, f"https://127.0.0.1:{server.getsockname()[1]}/")
    assert error.cause == "timed out: no connection within 0.3 s"


# -- time ------------------------------------------------------------------------------------------


async def forever(asked: Asked, writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def half(asked: Asked, writer: asyncio.StreamWriter) -> None:
    writer.write(reply(b"all of it")[:-4])
    await forever(asked, writer)


async def drip(asked: Asked, writer: asyncio.StreamWriter) -> None:
    writer.write(reply(b"", Content_Length="1000"))
    while True:
        writer.write(b".")
        await writer.drain()
        await asyncio.sleep(0.02)


async def drip_of_headers(asked: Asked, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nX: ")
    while True:
        writer.write(b".")
        await writer.drain()
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("route", [forever, half])
async def test_silence(hasty: Fetcher, route: Route) -> None:
    assert await cause(hasty, route) == "timed out: nothing received for 0.6 s"


@pytest.mark.parametrize("route", [drip, drip_of_headers])
async def test_a_drip_ends_with_the_whole_time(hasty: Fetcher, route: Route) -> None:
    assert await cause(hasty, route) == "timed out: not finished within 0.9 s"


async def test_the_time_of_all_redirects_together_is_limited(hasty: Fetcher) -> None:
    async def slow(asked: Asked, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.4)
        writer.write(redirect(f"{asked.target}x"))

    async with Web() as web:
        web.routes = {f"/{'x' * n}": slow for n in range(9)}
        error = await failure(hasty, web.url())
    assert error.cause.endswith("timed out: not finished within 0.9 s")


# -- bodies ----------------------------------------------------------------------------------------


def cut(route: bytes, keep: int) -> Route:
    async def handler(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(route[:keep])
        await writer.drain()
        writer.close()

    return handler


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"


@pytest.mark.parametrize("route", [reply(b"hello"), CHUNKED])
async def test_cut_off(fetcher: Fetcher, route: bytes) -> None:
    for keep in (len(route) - 1, len(route) - 3):
        assert await cause(fetcher, cut(route, keep)) == (
            "body was cut off: the connection ended in the middle of it"
        )


async def test_reset(fetcher: Fetcher) -> None:
    async def reset(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(b"hello")[:-1])
        await writer.drain()
        plug = writer.get_extra_info("socket")
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    assert await cause(fetcher, reset) in (
        "body was cut off: the connection ended in the middle of it",
        "connection lost: connection reset by peer",
    )


async def test_closed_without_an_answer(fetcher: Fetcher) -> None:
    assert await cause(fetcher, cut(b"", 0)) == (
        "the server closed the connection without an answer"
    )


@pytest.mark.parametrize("garbage", [b"SSH-2.0-OpenSSH_9.2\r\n\r\n", b"\0\1\2\3\r\n\r\n"])
async def test_not_http(fetcher: Fetcher, garbage: bytes) -> None:
    assert await cause(fetcher, garbage) == "the answer is not valid HTTP"


@pytest.mark.parametrize(
    "headers", [{"X": "x" * 20_000}, {f"X{n}": "x" for n in range(1000)}], ids=["large", "many"]
)
async def test_headers_out_of_bounds(fetcher: Fetcher, headers: dict[str, str]) -> None:
    assert await cause(fetcher, reply(b"", **headers)) == "the headers of the answer are too large"


async def test_too_large_by_its_own_word(fetcher: Fetcher) -> None:
    assert await cause(fetcher, reply(Content_Length="3000001")) == "body is more than 3 MB"


async def test_two_hundred_megabytes_are_not_read(fetcher: Fetcher) -> None:
    sent = 0

    async def flood(asked: Asked, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        block = bytes(100_000)
        while sent < 200_000_000:
            writer.write(block)
            await writer.drain()
            sent += len(block)

    tracemalloc.start()
    try:
        assert await cause(fetcher, flood) == "body is more than 3 MB"
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sent < 50_000_000  # what was under way in buffers of both sides
    assert peak < 15_000_000


async def test_bomb(fetcher: Fetcher) -> None:
    bomb = gzip.compress(bytes(50_000_000))
    assert await cause(fetcher, reply(bomb, Content_Encoding="gzip")) == (
        "body decompresses to more than 3 MB"
    )
    twice = gzip.compress(bomb)
    assert await cause(fetcher, reply(twice, Content_Encoding="gzip, gzip")) == (
        "body decompresses to more than 3 MB"
    )


async def test_bad_codings(fetcher: Fetcher) -> None:
    assert await cause(fetcher, reply(b"plain", Content_Encoding="gzip")) == (
        "body is not the gzip data it claims to be"
    )
    assert await cause(fetcher, reply(gzip.compress(b"x")[:-1], Content_Encoding="gzip")) == (
        "body was cut off: its gzip data has no end"
    )
    assert await cause(fetcher, reply(b"plain", Content_Encoding="br")) == (
        "body is encoded as 'br'; only gzip and deflate were asked for"
    )


# -- redirects and URLs ----------------------------------------------------------------------------


async def test_redirect_loops(fetcher: Fetcher) -> None:
    async with Web({"/": redirect("/"), "/a": redirect("/b?k=1"), "/b": redirect("/a")}) as web:
        itself = await failure(fetcher, web.url())
        both = await failure(fetcher, web.url("/b?k=1"))
    assert itself.cause == "redirect loop: this address was asked before"
    assert both.cause == "redirect loop: this address was asked before"


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("", "HTTP 302 Found without a Location"),
        ("file:///etc/passwd", "redirected to where we do not follow: cannot fetch file scheme"),
        ("mailto:press@news.example", "redirected to something that is not a valid URL"),
        ("javascript:alert(1)", "redirected to something that is not a valid URL"),
        ("http://[::1/", "redirected to something that is not a valid URL"),
        ("http://127.0.0.1:port/", "redirected to something that is not a valid URL"),
    ],
)
async def test_redirects_nowhere(fetcher: Fetcher, location: str, expected: str) -> None:
    assert (await cause(fetcher, redirect(location))).startswith(expected)


async def test_an_error_behind_a_redirect_names_where(fetcher: Fetcher, free_port: int) -> None:
    place = f"127.0.0.1:{free_port}/login"
    async with Web({"/": redirect(f"http://u:p@{place}?token=abc#x")}) as web:
        error = await failure(fetcher, web.url())
        assert error.url == web.url()
    assert error.cause == f"redirected to http://{place}: connection refused"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("ftp://127.0.0.1/", "cannot fetch ftp scheme: only http and https"),
        ("127.0.0.1/news", "cannot fetch no scheme: only http and https"),
        ("http://", "not a valid URL: it names no host"),
        ("http://127.0.0.1:port/", "not a valid URL"),
        ("http://xn--127-/", "not a valid URL"),
        ("http://127.0.0.1/\n", "not a valid URL"),
        (f"http://{'a' * 70}.example/", "the host name is not valid"),
        ("", "cannot fetch no scheme: only http and https"),
    ],
)
async def test_bad_urls(url: str, expected: str) -> None:
    async with Fetcher() as fetcher:
        assert (await failure(fetcher, url)).cause == expected


@pytest.mark.parametrize(
    "request_",
    [
        Request("http://127.0.0.1:1/", headers={"X Y": "s3cret"}),
        Request("http://127.0.0.1:1/", headers={"X": "s3cret\r\nY: 1"}),
        Request("http://127.0.0.1:1/", cookies={"a": "s3cret\0"}),
        Request("http://127.0.0.1:1/", headers={"X": "s3cret\ud800"}),
    ],
)
async def test_headers_that_cannot_be_sent(fetcher: Fetcher, request_: Request) -> None:
    error = await failure(fetcher, request_)
    assert error.cause.startswith(("header ", "the value of header "))
    assert "s3cret" not in str(error)


@pytest.mark.parametrize(
    "url",
    [
        "http://reader:s3cret@127.0.0.1:1/",
        "http://reader:s3cret/x@127.0.0.1/",
        "http://reader:s3cret@127.0.0.1:port/",
        "reader:s3cret@127.0.0.1",
        "ftp://reader:s3cret@127.0.0.1/",
        "//reader:s3cret@127.0.0.1/",
    ],
)
async def test_credentials_are_in_no_message(
    fetcher: Fetcher, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    error = await failure(fetcher, url)
    assert "s3cret" not in f"{error!r} {error} {error.url} {Request(url)!r} {caplog.text}"


ANY_URL = st.text(max_size=60) | st.text(max_size=60).map("http://127.0.0.1:1/{}".format)


@given(st.lists(ANY_URL, min_size=20, max_size=40))
@settings(deadline=None, max_examples=8)
async def test_no_url_raises_anything_else(urls: list[str]) -> None:
    """No address is found and no socket made, so nothing is sent, whatever the URL says."""
    async with Fetcher(resolver=Names(), socket_factory=Sockets()) as fetcher:
        for url in urls:
            await failure(fetcher, url)


# -- the table of causes ---------------------------------------------------------------------------


def subclasses(kind: type[BaseException]) -> Iterator[type[BaseException]]:
    yield kind
    for below in kind.__subclasses__():
        yield from subclasses(below)


def upstream() -> set[type[BaseException]]:
    """All exceptions of httpx and of aiohttp's client, as installed."""
    for package in (httpx, aiohttp):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            with contextlib.suppress(ImportError):  # some want a library that is not here
                importlib.import_module(module.name)
    roots = (httpx.HTTPError, httpx.InvalidURL, httpx.CookieConflict, httpx.StreamError)
    trees = {kind for root in (*roots, aiohttp.ClientError) for kind in subclasses(root)}
    public = {
        value
        for value in vars(httpx).values()
        if isinstance(value, type) and issubclass(value, BaseException)
    }
    return {kind for kind in trees | public if kind.__module__.split(".")[0] in PACKAGES}


PACKAGES = ("httpx", "aiohttp")


def test_no_upstream_exception_goes_unmapped() -> None:
    found = upstream()
    assert len(found) > 50
    assert {kind.__name__ for kind in found - set(CAUSES)} == set()


def test_no_cause_is_for_an_exception_that_is_gone() -> None:
    ours = {kind for kind in CAUSES if kind.__module__.split(".")[0] in PACKAGES}
    assert ours <= upstream()


def instance(kind: type[BaseException]) -> BaseException:
    """An exception of this class, as empty as its constructor allows."""
    error = kind.__new__(kind)
    error.args = ("s3cret",)
    return error


@pytest.mark.parametrize("kind", sorted(CAUSES, key=repr))
def test_every_cause_is_one_line_in_our_words(kind: type[BaseException]) -> None:
    if kind.__module__.startswith("feedbot"):
        return
    line = explain(instance(kind), Limits.within(30))
    assert line
    assert line.isprintable()
    assert "{" not in line
    assert "s3cret" not in line


def test_the_transports_own_reason_is_asked_first() -> None:
    key = ConnectionKey("127.0.0.1", 1, False, True, None, None, None)
    refused = aiohttp.ClientConnectorError(key, ConnectionRefusedError(111, "refused"))
    wrapped = httpx.ConnectTimeout("")
    wrapped.__cause__ = refused
    assert explain(wrapped, Limits.within(30)) == "connection refused"


async def test_what_nobody_foresaw_is_a_fetch_error_too(fetcher: Fetcher) -> None:
    class Broken(Names):
        async def resolve(self, *_: object, **__: object) -> list[aiohttp.abc.ResolveResult]:
            raise ZeroDivisionError("s3cret")

    async with Fetcher(resolver=Broken()) as broken:
        error = await failure(broken, "http://news.example/")
    assert error.cause == "internal error (ZeroDivisionError)"
    assert isinstance(error.__cause__, ZeroDivisionError)
