"""What a fetch says to a server, and what it makes of a sound answer."""

from __future__ import annotations

import asyncio
import base64
import gzip
import zlib
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from feedbot import __version__
from feedbot.errors import FetchError
from feedbot.fetch import Fetcher, Request
from tests.web import Asked, Web, redirect, reply

SECRETS = {
    "headers": {"X-Key": "s3cret-header"},
    "cookies": {"session": "s3cret-cookie"},
    "auth": ("reader", "s3cret-password"),
}
DATE = "Wed, 27 May 2020 10:00:00 GMT"


@pytest_asyncio.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    async with Fetcher(
        contact="https://example.org/about", timeout=10, allow_private_networks=True
    ) as fetcher:
        yield fetcher


@pytest_asyncio.fixture
async def web() -> AsyncIterator[Web]:
    async with Web() as web:
        yield web


async def test_an_answer(fetcher: Fetcher, web: Web) -> None:
    web.routes["/news"] = reply(
        "Новости".encode("cp1251"),
        Content_Type="text/html; charset=windows-1251",
        ETag='W/"7"',
        Last_Modified=DATE,
    )
    fetched = await fetcher.fetch(Request(web.url("/news?page=1#top")))
    assert fetched.url == web.url("/news?page=1")
    assert fetched.status == 200
    assert fetched.body == "Новости".encode("cp1251")
    assert fetched.content_type == "text/html; charset=windows-1251"
    assert fetched.etag == 'W/"7"'
    assert fetched.last_modified == DATE
    assert fetched.moved_to is None
    assert not fetched.not_modified
    assert timedelta(0) < fetched.elapsed < timedelta(seconds=10)


async def test_what_is_said(fetcher: Fetcher, web: Web) -> None:
    web.routes["/"] = reply()
    await fetcher.fetch(Request(web.url()))
    assert web.asked[0].headers == {
        "host": f"127.0.0.1:{web.port}",
        "user-agent": f"feedbot/{__version__} (+https://example.org/about)",
        "accept": "*/*",
        "accept-encoding": "gzip, deflate",
        "connection": "keep-alive",
    }


async def test_without_a_contact_the_program_names_itself_alone(web: Web) -> None:
    web.routes["/"] = reply()
    async with Fetcher(allow_private_networks=True) as fetcher:
        await fetcher.fetch(Request(web.url()))
    assert web.asked[0].headers["user-agent"] == f"feedbot/{__version__}"


async def test_the_environment_is_not_asked(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    web.routes["/"] = reply(b"direct")
    async with Fetcher(allow_private_networks=True) as fetcher:
        assert (await fetcher.fetch(Request(web.url()))).body == b"direct"


async def test_a_sources_own_headers_cookies_and_auth(fetcher: Fetcher, web: Web) -> None:
    web.routes["/"] = reply()
    await fetcher.fetch(
        Request(
            web.url(),
            headers={"User-Agent": "Mozilla", "X-Name": "значение"},
            cookies={"a": "1", "b": "2"},
            auth=("reader", "пароль:с двоеточием"),
        )
    )
    said = web.asked[0].headers
    assert said["user-agent"] == "Mozilla"
    assert said["x-name"].encode("latin-1").decode() == "значение"
    assert said["cookie"] == "a=1; b=2"
    kind, _, pair = said["authorization"].partition(" ")
    assert kind == "Basic"
    assert base64.b64decode(pair).decode() == "reader:пароль:с двоеточием"


async def test_headers_that_are_the_connections_own_are_not_taken(
    fetcher: Fetcher, web: Web
) -> None:
    web.routes["/"] = reply()
    own = {"Accept-Encoding": "br", "Content-Length": "9", "If-None-Match": '"x"', "Range": "0-"}
    await fetcher.fetch(Request(web.url(), headers=own))
    said = web.asked[0].headers
    assert said["accept-encoding"] == "gzip, deflate"
    assert not {"content-length", "if-none-match", "range"} & set(said)


async def test_credentials_in_the_url_are_used_and_not_shown(fetcher: Fetcher, web: Web) -> None:
    web.routes["/"] = reply()
    request = Request(f"http://reader:p%40ss@127.0.0.1:{web.port}/")
    fetched = await fetcher.fetch(request)
    pair = base64.b64encode(b"reader:p@ss").decode()
    assert web.asked[0].headers["authorization"] == f"Basic {pair}"
    assert fetched.url == web.url()
    assert repr(request) == f"Request('{web.url()}')"


def test_a_request_shows_no_secret() -> None:
    shown = repr(Request("http://127.0.0.1/", **SECRETS))  # type: ignore[arg-type]
    assert shown == "Request('http://127.0.0.1/')"


async def test_what_a_source_sets_is_not_kept(fetcher: Fetcher, web: Web) -> None:
    web.routes["/"] = reply(Set_Cookie="id=1; Path=/")
    await fetcher.fetch(Request(web.url()))
    await fetcher.fetch(Request(web.url()))
    assert "cookie" not in web.asked[1].headers


@pytest.mark.parametrize(
    ("pack", "coding"), [(gzip.compress, "gzip"), (zlib.compress, "deflate"), (bytes, "identity")]
)
async def test_codings(fetcher: Fetcher, web: Web, pack: object, coding: str) -> None:
    text = b"a page " * 30_000
    assert callable(pack)
    web.routes["/"] = reply(pack(text), Content_Encoding=coding)
    assert (await fetcher.fetch(Request(web.url()))).body == text


async def test_chunked(fetcher: Fetcher, web: Web) -> None:
    web.routes["/"] = (
        b"HTTP/1.1 203 Non-Authoritative Information\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\n\r\n"
    )
    fetched = await fetcher.fetch(Request(web.url()))
    assert (fetched.status, fetched.body) == (203, b"abcdefg")


# -- conditions ------------------------------------------------------------------------------------


async def test_not_modified(fetcher: Fetcher, web: Web) -> None:
    web.routes["/"] = reply(status="304 Not Modified", ETag='"2"')
    fetched = await fetcher.fetch(Request(web.url(), etag='"1"', last_modified=DATE))
    said = web.asked[0].headers
    assert said["if-none-match"] == '"1"'
    assert said["if-modified-since"] == DATE
    assert fetched.not_modified
    assert fetched.body == b""
    assert fetched.etag == '"2"'  # a new one is taken
    assert fetched.last_modified == DATE  # what is left out still holds


async def test_not_modified_without_a_condition_is_no_answer(fetcher: Fetcher, web: Web) -> None:
    web.routes["/"] = reply(status="304 Not Modified")
    with pytest.raises(FetchError, match="HTTP 304 Not Modified"):
        await fetcher.fetch(Request(web.url()))


async def test_validators_go_to_the_url_that_gave_them(fetcher: Fetcher, web: Web) -> None:
    """Behind a redirect they work; in front of it they would vouch for another page."""
    web.routes |= {"/": redirect("/real"), "/real": reply(b"news", ETag='"real"')}
    first = await fetcher.fetch(Request(web.url()))
    web.routes["/real"] = reply(status="304 Not Modified")
    again = Request(web.url(), etag=first.etag, validators_url=first.url)
    assert (await fetcher.fetch(again)).not_modified
    sent = [asked.headers.get("if-none-match") for asked in web.asked]
    assert sent == [None, None, None, '"real"']


async def test_validators_are_not_sent_past_a_redirect(fetcher: Fetcher, web: Web) -> None:
    web.routes |= {"/": redirect("/other"), "/other": reply(b"older, and not seen yet")}
    request = Request(web.url(), etag='"1"', last_modified=DATE)
    assert (await fetcher.fetch(request)).body == b"older, and not seen yet"
    assert "if-none-match" in web.asked[0].headers
    assert not {"if-none-match", "if-modified-since"} & set(web.asked[1].headers)


# -- redirects -------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_followed(fetcher: Fetcher, web: Web, status: int) -> None:
    web.routes |= {"/a/b": redirect("../new page#part", f"{status} X"), "/new%20page": reply(b"!")}
    fetched = await fetcher.fetch(Request(web.url("/a/b")))
    assert fetched.body == b"!"
    assert fetched.url == web.url("/new%20page")
    assert fetched.moved_to == (fetched.url if status in (301, 308) else None)


@pytest.mark.parametrize(
    ("first", "second", "moved"), [(301, 308, True), (301, 302, False), (307, 301, False)]
)
async def test_moved_for_good_only_if_every_hop_says_so(
    fetcher: Fetcher, web: Web, first: int, second: int, moved: bool
) -> None:
    web.routes |= {
        "/": redirect("/1", f"{first} X"),
        "/1": redirect("/2", f"{second} X"),
        "/2": reply(),
    }
    fetched = await fetcher.fetch(Request(web.url()))
    assert fetched.moved_to == (web.url("/2") if moved else None)


async def test_ten_redirects_and_no_more(fetcher: Fetcher, web: Web) -> None:
    web.routes |= {f"/{n}": redirect(f"/{n + 1}") for n in range(1, 12)}
    web.routes["/12"] = reply(b"there")
    assert (await fetcher.fetch(Request(web.url("/2")))).body == b"there"
    with pytest.raises(FetchError, match="more than 10 redirects"):
        await fetcher.fetch(Request(web.url("/1")))


def told(asked: Asked) -> set[str]:
    return set(asked.headers) & {"x-key", "cookie", "authorization"}


async def test_secrets_stay_with_their_origin(fetcher: Fetcher, web: Web) -> None:
    async with Web() as other:
        web.routes |= {"/": redirect("/home"), "/home": redirect(other.url()), "/end": reply()}
        other.routes["/"] = redirect(web.url("/end"))
        await fetcher.fetch(Request(web.url(), **SECRETS))  # type: ignore[arg-type]
    assert [told(asked) for asked in web.asked] == [
        {"x-key", "cookie", "authorization"},
        {"x-key", "cookie", "authorization"},
        set(),  # back home, but sent there by a stranger
    ]
    assert [told(asked) for asked in other.asked] == [set()]


async def test_another_host_name_is_another_origin(fetcher: Fetcher, web: Web) -> None:
    web.routes |= {"/": redirect(web.url("/x", "localhost")), "/x": reply()}
    await fetcher.fetch(Request(web.url(), **SECRETS))  # type: ignore[arg-type]
    assert told(web.asked[1]) == set()


async def test_credentials_a_redirect_brings_are_not_used(fetcher: Fetcher, web: Web) -> None:
    web.routes |= {"/": redirect(f"http://u:p@127.0.0.1:{web.port}/x"), "/x": reply()}
    fetched = await fetcher.fetch(Request(web.url()))
    assert fetched.url == web.url("/x")
    assert told(web.asked[1]) == set()


# -- the pool --------------------------------------------------------------------------------------


async def test_a_connection_is_used_again(fetcher: Fetcher, web: Web) -> None:
    web.routes |= {
        "/": redirect("/page"),
        "/page": reply(b"x" * 200_000),
        "/same": reply(status="304 Not Modified"),
        "/missing": reply(b"no such page", "404 Not Found"),
    }
    await fetcher.fetch(Request(web.url()))
    await fetcher.fetch(Request(web.url("/same"), etag='"1"'))
    with pytest.raises(FetchError):
        await fetcher.fetch(Request(web.url("/missing")))
    await fetcher.fetch(Request(web.url("/same"), etag='"1"'))
    assert {asked.connection for asked in web.asked} == {0}


async def test_waiting_for_a_free_connection_is_not_held_against_a_source() -> None:
    """Eight fetches of 0.2 s, two at a time, with a time limit that four in a row would break."""
    under_way, most = 0, 0

    async def slow(asked: Asked, writer: asyncio.StreamWriter) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.2)
        under_way -= 1
        writer.write(reply(b"late"))

    async with (
        Web({"/": slow}) as web,
        Fetcher(timeout=0.75, connections=2, allow_private_networks=True) as fetcher,
    ):
        all_of_them = await asyncio.gather(*(fetcher.fetch(Request(web.url())) for _ in range(8)))
    assert [fetched.body for fetched in all_of_them] == [b"late"] * 8
    assert most == 2


async def test_a_cancelled_fetch_is_cancelled(fetcher: Fetcher, web: Web) -> None:
    reached = asyncio.Event()

    async def never(asked: Asked, writer: asyncio.StreamWriter) -> None:
        reached.set()
        await asyncio.Event().wait()

    web.routes["/"] = never
    task = asyncio.create_task(fetcher.fetch(Request(web.url())))
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_fetcher_that_was_not_entered_says_so() -> None:
    with pytest.raises(RuntimeError, match="async with"):
        await Fetcher().fetch(Request("http://127.0.0.1/"))
