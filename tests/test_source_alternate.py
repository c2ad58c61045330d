"""Feeds that a page names, and the judgement whether one of them is the page's own list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from feedbot.model import Item, Listing, SourceKind
from feedbot.source.alternate import FeedLink, feed_links, judge_feed, page_links
from feedbot.source.page import parse_page

URL = "https://press.example.org/en/news/"
NOW = datetime(2020, 5, 27, 20, 55, tzinfo=UTC)
FEED = FeedLink("https://press.example.org/feed", "News")


def named(html: str) -> list[str]:
    return [link.url for link in feed_links(parse_page(html, URL), URL)]


def alternate(href: str, title: str = "", kind: str = "application/rss+xml") -> str:
    return f'<link rel="alternate" type="{kind}" title="{title}" href="{href}">'


def test_declared_feeds_come_before_linked_ones_and_comments_last() -> None:
    page = (
        "<head><title>News</title>"
        + alternate("/comments/feed/", "Press » Comments Feed")
        + alternate("/feed/", "Press")
        + alternate("/en/news/feed/", "Press » News")
        + "</head><body><a href=/rss.xml>RSS</a> <a href=/en/news/1>Feed the birds</a>"
        + "<a href='/news?format=rss'>as a feed</a>"
    )
    assert named(page) == [
        "https://press.example.org/en/news/feed/",
        "https://press.example.org/feed/",
        "https://press.example.org/rss.xml",
        "https://press.example.org/news?format=rss",
        "https://press.example.org/comments/feed/",
    ]


def test_what_only_looks_like_a_feed_is_not_named() -> None:
    page = (
        alternate("/de/", kind="text/html")
        + alternate("/wp-json/wp/v2/pages/2", "JSON", "application/json")
        + alternate("/oembed", kind="application/json+oembed")
        + '<link rel="stylesheet" type="application/rss+xml" href="/x">'
        + "<a href=/feedback>Feedback</a><a href=/atomic-energy>Atomic</a><a href=#rss>RSS</a>"
        + "<a href=/en/news/>This page</a><a href=mailto:rss@example.org>Mail</a>"
    )
    assert named(page) == []


@pytest.mark.parametrize(
    "href",
    [
        *("/rss", "/feed.xml", "/news.rss", "/index.rdf", "/atom.xml", "/feed/atom/", "/blog/feed"),
        *("/rss.php", "/feed.json", "?feed=rss2", "/export/rss2.xml", "/news-rss.xml"),
    ],
)
def test_plain_links_to_feeds_are_known_by_their_address(href: str) -> None:
    assert len(named(f"<a href='{href}'>here</a>")) == 1


def rows(count: int, *, first: int = 1, newest: date | None = date(2020, 5, 27)) -> list[Item]:
    """`count` items, the newest first, a day apart."""
    return [
        Item(
            title=f"What was said on occasion {number}",
            link=f"https://press.example.org/en/news/{number}?utm_source=feed",
            date=newest - timedelta(days=place) if newest else None,
        )
        for place, number in enumerate(range(first, first + count))
    ]


def judged(shown: Sequence[Item], carried: Sequence[Item], *, are_rows: bool = True) -> str:
    listing = Listing(tuple(carried), SourceKind.FEED)
    verdict = judge_feed(shown, listing, NOW, link=FEED, are_rows=are_rows)
    return f"{'same' if verdict.same else 'no'}: {verdict.reason}"


@pytest.mark.parametrize(("on_page", "in_feed"), [(10, 10), (30, 10), (10, 50), (3, 20), (20, 2)])
def test_a_feed_of_the_same_items_is_the_same_however_many_each_shows(
    on_page: int, in_feed: int
) -> None:
    assert judged(rows(on_page), rows(in_feed)).startswith("same: it carries the page's items")
    undated = rows(on_page, newest=None)
    assert judged(undated, rows(in_feed)).startswith("same")
    assert judged(list(reversed(undated)), rows(in_feed, newest=None)).startswith("same")


def test_other_links_to_the_same_titles_are_the_same() -> None:
    carried = [replace(item, link=f"https://proxy.example/{n}") for n, item in enumerate(rows(10))]
    assert judged(rows(10), carried).startswith("same")


def test_pinned_rows_and_what_a_cache_has_not_seen_yet_are_forgiven() -> None:
    pinned = [Item("How to reach us by telephone", f"{URL}contact"), *rows(9)]
    assert judged(pinned, rows(10)).startswith("same")
    assert judged(rows(12), rows(10, first=3, newest=date(2020, 5, 25))).startswith("same")


def test_a_feed_of_another_list_is_refused() -> None:
    other = rows(10, first=100)
    assert judged(rows(10), other) == (
        "no: it carries another list: 0 of its newest 10 are on the page"
    )
    wider = [item for pair in zip(rows(5), rows(5, first=100), strict=True) for item in pair]
    assert judged(rows(10), wider).startswith("no: it carries another list: 5 of its newest 10")
    narrower = rows(10)[::3]
    assert judged(rows(10), narrower).startswith("no: it carries a part: ")


def test_a_feed_that_died_is_told_from_one_that_is_made_once_a_day() -> None:
    old = rows(10, first=6, newest=date(2020, 5, 22))
    assert judged(rows(10), old) == (
        "no: it has died: its newest is of 2020-05-22, the page has 3 newer than that"
    )
    assert judged(rows(10), rows(10, first=2, newest=date(2020, 5, 26))).startswith("same")
    long_dead = rows(5, first=2, newest=date(2019, 1, 1))
    assert judged([rows(1)[0], *long_dead], long_dead).startswith("no: it has died")
    announced = [replace(item, date=date(2020, 7, 1)) for item in rows(4, first=50)]
    assert not judged([*announced, *rows(10)], rows(10)).startswith("no: it has died")


def test_comments_are_known_by_name_by_address_and_by_what_they_are() -> None:
    comments = [
        Item(f"By: a reader {n}", f"{URL}{n}#comment-{n}", date=date(2020, 5, 27)) for n in range(9)
    ]
    assert judged(rows(10), comments) == "no: it carries comments"
    for link in (
        FeedLink(f"{URL}comments/feed"),
        FeedLink(f"{URL}feed/2", "Комментарии к записи"),
    ):
        assert link.of_comments
        assert not judge_feed(
            rows(9), Listing(tuple(rows(9)), SourceKind.FEED), NOW, link=link
        ).same
    assert not FEED.of_comments


def test_an_empty_feed_and_a_page_without_rows_prove_nothing() -> None:
    assert judged(rows(10), []) == "no: it is empty"
    assert judged([], rows(10)).startswith("no: ")


def test_where_rows_are_not_known_the_page_has_to_link_to_what_the_feed_carries() -> None:
    menu = "".join(f"<a href=/section/{n}>Section {n}</a>" for n in range(20))
    listed = "".join(f"<a href='/en/news/{n}'>On occasion {n}</a>" for n in range(1, 6))
    links = page_links(parse_page(menu + listed, URL))
    assert judged(links, rows(20), are_rows=False).startswith("same: its newest 5")
    assert judged(links, rows(20, first=3), are_rows=False).startswith("same: its newest 3")
    assert judged(links, rows(20, first=4), are_rows=False) == (
        "no: of its newest 20, 2 are linked on the page"
    )
    assert judged(links, rows(2), are_rows=False).startswith("same")
