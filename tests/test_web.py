"""What is served: feeds with their validators, the page, health."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import httpx
import pytest

from feedbot.errors import ListenError, StoreError
from feedbot.publish import Published, Publisher
from feedbot.store.engine import Store
from feedbot.web.app import Outdoors, create_app
from feedbot.web.conditional import accepts_gzip
from feedbot.web.feedpage import render_page
from feedbot.web.feeds import Receive, Scope, Send, plain
from feedbot.web.server import WebServer, listen
from tests.test_publish import PLAN, SOURCE, publisher, put, sync

PATH = "/feeds/embassy.atom"
OTHER = replace(SOURCE, name="removed")
BEFORE = replace(PLAN, sources={"london": replace(SOURCE, name="london"), "removed": OTHER})


class Site:
    """A served app whose state a test may change."""

    reason: str | None = None
    broken: str | None = None  # why the store cannot be read
    outdoors = Outdoors("https://feeds.example.org", fixed=True)
    client: httpx.AsyncClient
    publisher: Publisher

    @property
    def feed(self) -> Published:
        """What is served at PATH."""
        found = self.publisher.get("embassy.atom")
        assert found is not None
        return found

    async def page(self, path: str, base: str | None) -> bytes | None:
        if self.broken:
            raise StoreError(self.broken)
        document = await self.publisher.document(path, base)
        return render_page(document, path.rpartition(".")[2]) if document else None

    async def trouble(self) -> str | None:
        return self.reason


async def nothing(_: Scope, __: Receive, send: Send) -> None:
    """No pages: they are tested by themselves."""
    await plain(send, 404, b"")


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    site = Site()
    store = await Store.open(f"sqlite:///{tmp_path}/feedbot.db")
    await sync(store, replace(SOURCE, name="london"), OTHER)
    await put(store, 5, 4, name="london")
    await put(store, 3, name="removed")
    site.publisher = publisher(store, tmp_path / "feeds", plan=BEFORE)
    await site.publisher.publish_all()
    await sync(store, replace(SOURCE, was="london"))
    site.publisher.configure(PLAN)
    await site.publisher.publish_all()
    listener = listen("127.0.0.1", 0)
    app = create_app(site.publisher, site.page, nothing, site.trouble, lambda: site.outdoors)
    server = WebServer(app, listener)
    server.start()
    port = listener.getsockname()[1]
    # `Accept-Encoding` is set by each test: httpx would ask for gzip by itself.
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}", headers={"accept-encoding": ""}, trust_env=False
    ) as site.client:
        yield site
    await server.stop()
    await store.close()


async def test_a_former_address_leads_to_the_present_one(site: Site) -> None:
    answer = await site.client.get("/feeds/london.atom")
    assert (answer.status_code, answer.headers["location"]) == (301, "embassy.atom")
    assert (await site.client.head("/feeds/london.atom")).status_code == 301
    assert (await site.client.get("/feeds/paris.atom")).status_code == 404


async def test_a_feed_comes_with_its_validators(site: Site) -> None:
    answer = await site.client.get(PATH)
    assert answer.status_code == 200
    assert answer.content == site.feed.body
    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    assert answer.headers["etag"] == site.feed.etag
    assert answer.headers["last-modified"] == "Wed, 27 May 2020 20:55:00 GMT"
    assert answer.headers["vary"] == "Accept-Encoding, Sec-Fetch-Mode"
    assert answer.headers["cache-control"] == "public, max-age=300"  # the source's rhythm
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "content-encoding" not in answer.headers


async def test_gzip_has_a_strong_etag_of_its_own(site: Site) -> None:
    answer = await site.client.get(PATH, headers={"accept-encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.content == site.feed.body
    assert int(answer.headers["content-length"]) == len(site.feed.gzipped) < len(site.feed.body)
    assert answer.headers["etag"] not in (site.feed.etag, f"W/{site.feed.etag}")
    assert gzip.decompress(site.feed.gzipped) == site.feed.body


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
    older = format_datetime(site.feed.modified - timedelta(seconds=1), usegmt=True)
    for condition in (
        {"if-none-match": '"other"'},
        {"if-none-match": '"other"', "if-modified-since": "Wed, 27 May 2020 20:55:00 GMT"},
        {"if-modified-since": older},
        {"if-modified-since": "yesterday"},
    ):
        answer = await site.client.get(PATH, headers=condition)
        assert (answer.status_code, answer.content) == (200, site.feed.body)


async def test_head_is_get_without_a_body(site: Site) -> None:
    answer = await site.client.head(PATH)
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) == len(site.feed.body)


async def test_an_unknown_feed_is_404_and_nothing_else_is_reached(site: Site) -> None:
    for path in ("/feeds/other.atom", "/feeds/..%2f..%2fetc%2fpasswd.atom", "/feedbot.db"):
        assert (await site.client.get(path)).status_code == 404


async def test_each_format_has_its_type(site: Site) -> None:
    for ending, kind in (
        ("atom", "application/atom+xml"),
        ("rss", "application/rss+xml"),
        ("json", "application/feed+json"),
    ):
        answer = await site.client.get(f"/feeds/embassy.{ending}")
        assert answer.headers["content-type"] == f"{kind}; charset=utf-8"
    assert (
        (await site.client.get("/feeds/all.opml")).headers["content-type"].startswith("text/x-opml")
    )
    assert (await site.client.get("/feeds/feed.css")).headers["content-type"].startswith("text/css")


async def test_a_feed_that_has_ended_is_410(site: Site) -> None:
    for ending in ("atom", "rss", "json"):
        answer = await site.client.get(f"/feeds/removed.{ending}")
        assert (answer.status_code, answer.text) == (410, "This feed has ended.\n")


async def test_scripts_of_other_sites_may_read_a_feed(site: Site) -> None:
    answer = await site.client.options(PATH, headers={"origin": "https://reader.example"})
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "If-None-Match" in answer.headers["access-control-allow-headers"]
    refused = await site.client.post(PATH)
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")


NAVIGATION = {"sec-fetch-mode": "navigate", "accept": "text/html,*/*;q=0.8"}


async def test_a_browser_gets_a_page_to_read(site: Site) -> None:
    answer = await site.client.get(PATH, headers=NAVIGATION)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["vary"] == "Sec-Fetch-Mode"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    page = answer.text
    assert "https://feeds.example.org/feeds/embassy.atom</code>" in page
    assert '<h2><a href="https://press.example.org/5"' in page
    assert "5 May 2020, 12:00" in page
    assert "changed" not in page
    assert 'href="embassy.rss?raw"' in page
    assert (await site.client.head(PATH, headers=NAVIGATION)).content == b""
    both = await site.client.get("/feeds/all.rss", headers=NAVIGATION)
    assert "Press office" in both.text


async def test_what_is_asked_for_raw_is_the_feed(site: Site) -> None:
    answer = await site.client.get(f"{PATH}?raw", headers=NAVIGATION)
    assert answer.content == site.feed.body
    listed = await site.client.get("/feeds/all.opml", headers=NAVIGATION)
    assert listed.content.startswith(b"<?xml")


async def test_a_reader_that_accepts_what_browsers_do_gets_the_feed(site: Site) -> None:
    headers = {"accept": NAVIGATION["accept"], "sec-fetch-mode": "cors"}
    assert (await site.client.get(PATH, headers=headers)).content == site.feed.body


async def test_a_page_of_a_store_that_cannot_be_read_is_503(site: Site) -> None:
    site.broken = "/data/feedbot.db: malformed"
    answer = await site.client.get(PATH, headers=NAVIGATION)
    assert (answer.status_code, answer.text) == (503, "This page cannot be shown now.\n")
    assert (await site.client.get(PATH)).status_code == 200


FORWARDED = {
    "x-forwarded-host": "evil.example, news.example",
    "x-forwarded-proto": "https",
    "x-forwarded-prefix": "/press/",
}


async def test_a_trusted_proxy_says_where_we_are_reached(site: Site) -> None:
    site.outdoors = Outdoors("https://feeds.example.org", fixed=False, trusted=("127.0.0.0/8",))
    answer = await site.client.get(PATH, headers=FORWARDED)
    assert b'href="https://news.example/press/feeds/embassy.atom" rel="self"' in answer.content
    assert b"feeds.example.org" not in answer.content
    assert answer.headers["etag"] != site.feed.etag
    packed = await site.client.get(PATH, headers=FORWARDED | {"accept-encoding": "gzip"})
    assert packed.content == answer.content
    known = {"if-none-match": answer.headers["etag"]}
    again = await site.client.get(PATH, headers=FORWARDED | known)
    assert again.status_code == 304
    page = await site.client.get(PATH, headers=FORWARDED | NAVIGATION)
    assert "https://news.example/press/feeds/embassy.atom</code>" in page.text
    feed = await site.client.get("/feeds/embassy.json", headers=FORWARDED)
    assert json.loads(feed.content)["feed_url"] == "https://news.example/press/feeds/embassy.json"


async def test_a_path_that_the_proxy_left_is_taken_away(site: Site) -> None:
    site.outdoors = Outdoors("https://feeds.example.org/press", fixed=True)
    assert (await site.client.get(f"/press{PATH}")).content == site.feed.body
    assert (await site.client.get("/press/healthz")).status_code == 200
    assert (await site.client.get(PATH)).status_code == 200  # the proxy has taken it away
    site.outdoors = Outdoors("http://localhost:8080", trusted=("127.0.0.1",))
    assert (await site.client.get(f"/press{PATH}", headers=FORWARDED)).status_code == 200


@pytest.mark.parametrize(
    ("trusted", "fixed", "headers"),
    [
        ((), False, FORWARDED),
        (("192.0.2.1", "2001:db8::/32"), False, FORWARDED),
        (("127.0.0.1",), True, FORWARDED),  # what is configured counts
        (("127.0.0.1",), False, {"x-forwarded-host": "<evil>"}),
        (("127.0.0.1",), False, {"x-forwarded-proto": "https"}),
    ],
)
async def test_nobody_else_is_believed(
    site: Site, trusted: tuple[str, ...], fixed: bool, headers: dict[str, str]
) -> None:
    site.outdoors = Outdoors("https://feeds.example.org", fixed, trusted)
    assert (await site.client.get(PATH, headers=headers)).content == site.feed.body


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
