"""Sitemaps, news sitemaps and indexes, as they are and as hostile ones are."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbot.clock import SimulatedClock
from feedbot.errors import ParseError
from feedbot.fetch import Fetcher
from feedbot.model import Item, Source, SourceKind
from feedbot.reading import MOST_SITEMAPS, Reader, Reading, request
from feedbot.source.read import read
from feedbot.source.sitemap import (
    MOST,
    Sitemap,
    listing_of,
    looks_like_sitemap,
    read_sitemap,
    title_of_address,
)
from tests.web import Web, reply

URL = "https://press.example.org/sitemap.xml"
ZONE = ZoneInfo("UTC")
SOURCE = Source(name="site", url=URL, title="Press", kind=SourceKind.SITEMAP)
SPACES = (
    'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
    ' xmlns:n="http://www.google.com/schemas/sitemap-news/0.9"'
    ' xmlns:image="http://www.google.com/schemas/sitemap-image/1.1"'
)


def urlset(*entries: str) -> bytes:
    return f"<?xml version='1.0'?><urlset {SPACES}>{''.join(entries)}</urlset>".encode()


def entry(path: str, modified: str = "", more: str = "") -> str:
    stated = f"<lastmod>{modified}</lastmod>" if modified else ""
    return f"<url><loc> https://press.example.org{path} </loc>{stated}{more}</url>"


def index(*children: tuple[str, str]) -> bytes:
    listed = "".join(
        f"<sitemap><loc>{url}</loc>{f'<lastmod>{day}</lastmod>' if day else ''}</sitemap>"
        for url, day in children
    )
    return f"<sitemapindex {SPACES}>{listed}</sitemapindex>".encode()


def sitemap(body: bytes) -> Sitemap:
    return read_sitemap(body, "application/xml", url=URL, zone=ZONE)


def test_pages_come_newest_first_with_words_for_titles() -> None:
    body = urlset(
        entry("/news/3-a-visit.html", "2020-05-20"),
        entry("/news/the-treaty", "2020-05-27T10:00:00+02:00"),
        entry("/%D0%BD%D0%BE%D0%B2%D0%BE%D1%81%D1%82%D1%8C_%D0%B4%D0%BD%D1%8F/"),
    )
    found = read(body, "application/xml", SOURCE, URL)
    assert [(item.title, item.date) for item in found.items] == [
        ("The treaty", datetime(2020, 5, 27, 8, tzinfo=UTC)),
        ("A visit", date(2020, 5, 20)),
        ("Новость дня", None),
    ]
    assert found.kind is SourceKind.SITEMAP


def test_a_news_sitemap_has_its_own_titles_and_dates_whatever_its_prefixes() -> None:
    news = (
        "<n:news><n:publication><n:name>Press</n:name></n:publication>"
        "<n:publication_date>2020-05-27</n:publication_date><n:title>A visit &amp; a talk</n:title>"
        "</n:news><image:image><image:loc>/1.jpg</image:loc></image:image>"
    )
    [item] = sitemap(urlset(entry("/news/1", "2021-01-01", news))).items
    assert item == Item(
        title="A visit & a talk",
        link="https://press.example.org/news/1",
        date=date(2020, 5, 27),
        image="https://press.example.org/1.jpg",
    )
    undeclared = b"<urlset><url><loc>/1</loc><news:title>Bare</news:title></url></urlset>"
    assert sitemap(undeclared).items[0].link == "https://press.example.org/1"


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("/news/42-a-visit-to-london.html", "A visit to london"),
        ("/2020/05/27/what-was-said/", "What was said"),
        ("/story/the-treaty-5f2a9c81d4", "The treaty"),
        ("/news/the-year-2020", "The year"),
        ("/a/covid-19", "Covid 19"),
        ("/press/12345", "Press"),
        ("/12345", "https://press.example.org/12345"),
    ],
)
def test_the_words_of_an_address_are_its_title(path: str, title: str) -> None:
    assert title_of_address(f"https://press.example.org{path}") == title


def test_sections_are_no_items() -> None:
    pages = [entry(path) for path in ("/", "/news/", *(f"/news/visit-no-{n}" for n in range(4)))]
    found = listing_of(sitemap(urlset(*pages, entry("/about"))).items)
    assert {item.link.rpartition("/")[2] for item in found.items} == {
        "about",
        *(f"visit-no-{n}" for n in range(4)),
    }


def test_of_a_very_long_sitemap_the_newest_are_taken_and_it_says_so() -> None:
    items = [
        Item(f"Page {n}", f"https://press.example.org/{n}", date=date.fromordinal(737_000 - n))
        for n in range(MOST + 1)
    ]
    found = listing_of(reversed(items))
    assert len(found.items) == MOST
    assert items[-1] not in found.items
    assert found.warnings == (f"{MOST + 1} pages in the sitemap: the newest {MOST} are taken",)


def test_an_index_names_the_likeliest_first() -> None:
    base = "https://press.example.org/"
    named = [
        ("tag-sitemap.xml", "2020-05-27"),
        ("sitemap-1.xml", ""),
        ("post-sitemap1.xml", "2019-01-01"),
        ("sitemap-12.xml", ""),
        ("post-sitemap2.xml", "2020-05-26"),
    ]
    found = sitemap(index(*((base + name, day) for name, day in named)))
    assert [child.url.removeprefix(base) for child in found.children] == [
        "post-sitemap2.xml",
        "post-sitemap1.xml",
        "sitemap-12.xml",
        "sitemap-1.xml",
        "tag-sitemap.xml",
    ]
    with pytest.raises(ParseError, match="an index of sitemaps"):
        read(index((f"{base}a.xml", "")), None, SOURCE, URL)


def test_a_sitemap_is_known_by_its_body_gzipped_or_not() -> None:
    body = urlset(entry("/news/a-visit"))
    auto = replace(SOURCE, kind=SourceKind.AUTO)
    assert looks_like_sitemap(body)
    assert read(body, "text/plain", auto, URL).kind is SourceKind.SITEMAP
    assert read(gzip.compress(body), "application/gzip", SOURCE, URL).items[0].title == "A visit"
    assert not looks_like_sitemap(b"<html><p>&lt;urlset&gt;")


def test_hostile_xml_expands_nothing_and_reads_no_file() -> None:
    bomb = (
        b'<!DOCTYPE u [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]>'
        b"<urlset><url><loc>/&b;</loc></url></urlset>"
    )
    with pytest.raises(ParseError, match="defines entities of its own"):
        sitemap(bomb)
    external = (
        b'<!DOCTYPE urlset SYSTEM "file:///etc/passwd"><urlset><url><loc>/&x;</loc></url></urlset>'
    )
    assert "root:" not in repr(sitemap(external))
    assert sitemap(b"<urlset><url><loc>/1</loc></url><url><loc>").items[0].link.endswith("/1")


def test_a_gzip_bomb_is_refused_and_broken_gzip_named() -> None:
    bomb = gzip.compress(b"<urlset>" + b" " * 30_000_000)
    with pytest.raises(ParseError, match="larger than 24 MB"):
        sitemap(bomb)
    with pytest.raises(ParseError, match="its gzip is broken"):
        sitemap(b"\x1f\x8b" + b"rubbish")


@settings(deadline=None)
@given(st.binary() | st.binary().map(lambda inner: b"<urlset><url><loc>/" + inner))
def test_any_bytes_give_a_sitemap_or_a_parse_error(body: bytes) -> None:
    try:
        found = sitemap(body)
    except ParseError:
        return
    assert all(item.title and item.link for item in found.items)


@pytest.fixture
async def web() -> AsyncIterator[Web]:
    async with Web() as server:
        yield server


async def reading(web: Web) -> Reading:
    source = replace(SOURCE, url=web.url("/sitemap.xml"))
    async with Fetcher(timeout=5, allow_private_networks=True) as fetcher:
        fetched = await fetcher.fetch(request(source, source.url))
        return await Reader(fetcher, SimulatedClock(datetime(2020, 5, 27, tzinfo=UTC))).read(
            source, fetched
        )


async def test_an_index_is_followed_to_the_likeliest_and_no_further(web: Web) -> None:
    children = {f"/post-sitemap{n}.xml": f"2020-05-{n:02}" for n in range(1, 10)}
    web.routes = {
        "/sitemap.xml": reply(index(*((web.url(path), day) for path, day in children.items())))
    }
    for path in children:
        body = urlset(entry(f"{path}/of-this-month"))
        web.routes[path] = reply(gzip.compress(body), Content_Type="application/gzip")
    web.routes["/post-sitemap8.xml"] = reply(b"", "404 Not Found")
    found = await reading(web)
    asked = [asked.target for asked in web.asked]
    assert asked == ["/sitemap.xml", *(f"/post-sitemap{n}.xml" for n in (9, 8, 7, 6))]
    assert len(asked) == 1 + MOST_SITEMAPS
    assert len(found.listing.items) == 3
    assert "404" in found.listing.warnings[0]
    assert found.fetched.etag is None


async def test_an_index_in_an_index_is_followed_first(web: Web) -> None:
    web.routes = {
        "/sitemap.xml": reply(index((web.url("/news.xml"), "2020-05-27"), (web.url("/b.xml"), ""))),
        "/news.xml": reply(index((web.url("/news-1.xml"), ""))),
        "/news-1.xml": reply(urlset(entry("/news/a-visit"))),
        "/b.xml": reply(urlset(entry("/about-us"))),
    }
    found = await reading(web)
    assert {item.title for item in found.listing.items} == {"A visit", "About us"}


async def test_an_index_of_which_nothing_can_be_read_is_a_failure(web: Web) -> None:
    web.routes = {"/sitemap.xml": reply(index((web.url("/a.xml"), "")))}
    with pytest.raises(ParseError, match=r"none of the sitemaps .*404"):
        await reading(web)
