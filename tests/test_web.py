"""What is served: feeds with their validators, the page, health."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from feedbot.errors import ListenError, StoreError
from feedbot.publish import Published
from feedbot.web.app import accepts_gzip, create_app
from feedbot.web.server import WebServer, listen

MODIFIED = datetime(2020, 5, 27, 20, 55, tzinfo=UTC)
FEED = Published.of(b"<feed>" + b"words " * 200 + b"</feed>", MODIFIED)
PATH = "/feeds/embassy.atom"


class Site:
    """A served app whose state a test may change."""

    reason: str | None = None
    broken: str | None = None  # why the store cannot be read
    client: httpx.AsyncClient

    async def trouble(self) -> str | None:
        return self.reason

    async def overview(self) -> dict[str, Any]:
        if self.broken:
            raise StoreError(self.broken)
        return {
            "language": "en",
            "counters": [{"days": 815, "text": "815 days <since>"}],
            "sources": [
                {
                    "title": "Press & office",
                    "url": "https://press.example.org/?a=1&b=2",
                    "feed": "feeds/embassy.atom",
                    "ready": True,
                    "entries": 10,
                    "last_ok": "2020-05-27 20:55 UTC",
                }
            ],
        }


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    site = Site()
    listener = listen("127.0.0.1", 0)
    app = create_app(
        lambda name: FEED if name == "embassy" else None,
        {"london": "embassy"}.get,
        site.overview,
        site.trouble,
    )
    server = WebServer(app, listener)
    server.start()
    port = listener.getsockname()[1]
    # `Accept-Encoding` is set by each test: httpx would ask for gzip by itself.
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}", headers={"accept-encoding": ""}, trust_env=False
    ) as site.client:
        yield site
    await server.stop()


async def test_a_former_address_leads_to_the_present_one(site: Site) -> None:
    answer = await site.client.get("/feeds/london.atom")
    assert (answer.status_code, answer.headers["location"]) == (301, "embassy.atom")
    assert (await site.client.head("/feeds/london.atom")).status_code == 301
    assert (await site.client.get("/feeds/paris.atom")).status_code == 404


async def test_a_feed_comes_with_its_validators(site: Site) -> None:
    answer = await site.client.get(PATH)
    assert answer.status_code == 200
    assert answer.content == FEED.body
    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    assert answer.headers["etag"] == FEED.etag
    assert answer.headers["last-modified"] == "Wed, 27 May 2020 20:55:00 GMT"
    assert answer.headers["vary"] == "Accept-Encoding"
    assert "content-encoding" not in answer.headers


async def test_gzip_has_a_strong_etag_of_its_own(site: Site) -> None:
    answer = await site.client.get(PATH, headers={"accept-encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.content == FEED.body
    assert int(answer.headers["content-length"]) == len(FEED.gzipped) < len(FEED.body)
    assert answer.headers["etag"] not in (FEED.etag, f"W/{FEED.etag}")
    assert gzip.decompress(FEED.gzipped) == FEED.body


@pytest.mark.parametrize("coding", ["", "gzip"])
async def test_a_reader_that_has_it_gets_304(site: Site, coding: str) -> None:
    first = await site.client.get(PATH, headers={"accept-encoding": coding})
    etag = first.headers["etag"]
    for condition in (
        {"if-none-match": etag},
        {"if-none-match": f'"other", W/{etag}'},
        {"if-none-match": "*"},
        {"if-modified-since": first.headers["last-modified"]},
        {"if-none-match": etag, "if-modified-since": "Thu, 01 Jan 1970 00:00:00 GMT"},
    ):
        answer = await site.client.get(PATH, headers={"accept-encoding": coding} | condition)
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == etag
        assert answer.headers["last-modified"] == first.headers["last-modified"]


async def test_a_reader_that_has_an_older_one_gets_the_feed(site: Site) -> None:
    older = format_datetime(MODIFIED - timedelta(seconds=1), usegmt=True)
    for condition in (
        {"if-none-match": '"other"'},
        {"if-none-match": '"other"', "if-modified-since": "Wed, 27 May 2020 20:55:00 GMT"},
        {"if-modified-since": older},
        {"if-modified-since": "yesterday"},
    ):
        answer = await site.client.get(PATH, headers=condition)
        assert (answer.status_code, answer.content) == (200, FEED.body)


async def test_head_is_get_without_a_body(site: Site) -> None:
    answer = await site.client.head(PATH)
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) == len(FEED.body)


async def test_an_unknown_feed_is_404_and_nothing_else_is_reached(site: Site) -> None:
    for path in ("/feeds/other.atom", "/feeds/..%2f..%2fetc%2fpasswd.atom", "/feedbot.db"):
        assert (await site.client.get(path)).status_code == 404


async def test_the_page_shows_sources_and_counters_escaped(site: Site) -> None:
    page = (await site.client.get("/")).text
    assert "815 days &lt;since&gt;" in page
    assert "Press &amp; office" in page
    assert 'href="https://press.example.org/?a=1&amp;b=2"' in page
    assert 'href="feeds/embassy.atom"' in page
    assert (await site.client.get("/style.css")).headers["content-type"].startswith("text/css")


async def test_a_store_that_cannot_be_read_is_503_and_no_traceback(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    site.broken = "/data/feedbot.db: malformed"
    answer = await site.client.get("/")
    assert (answer.status_code, answer.text) == (503, "This page cannot be shown now.\n")
    assert caplog.messages == ["the page at / cannot be shown: /data/feedbot.db: malformed"]


async def test_health_is_503_with_the_reason(site: Site) -> None:
    assert (await site.client.get("/healthz")).status_code == 200
    site.reason = "feedbot.db: database or disk is full"
    answer = await site.client.get("/healthz")
    assert (answer.status_code, answer.text) == (503, f"{site.reason}\n")


def test_an_address_that_is_taken_is_one_line() -> None:
    taken = listen("127.0.0.1", 0)
    port = taken.getsockname()[1]
    with pytest.raises(ListenError, match=rf"web\.listen: cannot listen on 127\.0\.0\.1:{port}"):
        listen("127.0.0.1", port)
    taken.close()


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        ("gzip", True),
        ("deflate, gzip;q=0.5", True),
        ("*", True),
        ("GZIP ; q=1", True),
        ("", False),
        ("identity", False),
        ("gzip;q=0", False),
        ("gzip;q=0, *", False),
        ("gzip;q=x", False),
    ],
)
def test_accept_encoding(header: str, accepted: bool) -> None:
    assert accepts_gzip(header) is accepted
