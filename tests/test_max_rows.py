"""More rows than anybody reads: the first are taken, it is said, and the rest cost nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from feedbot.model import MAX_ROWS, Listing, ListingRule, Source, SourceKind
from feedbot.source.read import read

URL = "https://press.example.org/news"
PLAIN = Source("news", URL, "News", timezone=ZoneInfo("UTC"))
PAGE = replace(
    PLAIN, kind=SourceKind.HTML, listing=ListingRule(item="li", title="a", link="a@href")
)
DATA = replace(PLAIN, kind=SourceKind.JSON, listing=ListingRule(item="rows", title="t", link="u"))


def page(count: int) -> bytes:
    rows = "".join(
        f"<li><b>{1 + n % 28:02}.05.2020</b> <a href=/news/{n}>What happened, part {n}</a></li>"
        for n in range(count)
    )
    return f"<html><body><ul class=news>{rows}</ul>".encode()


def rss(count: int) -> bytes:
    items = "".join(f"<item><title>T{n}</title><link>/{n}</link></item>" for n in range(count))
    return f"<rss version='2.0'><channel><title>x</title>{items}</channel></rss>".encode()


def json_feed(count: int) -> bytes:
    items = [{"id": str(n), "title": f"T{n}", "url": f"/{n}"} for n in range(count)]
    version = "https://jsonfeed.org/version/1.1"
    return json.dumps({"version": version, "title": "x", "items": items}).encode()


def endpoint(count: int) -> bytes:
    return json.dumps({"rows": [{"t": f"T{n}", "u": f"/{n}"} for n in range(count)]}).encode()


KINDS = [
    pytest.param(page, PAGE, id="selectors"),
    pytest.param(page, PLAIN, id="found"),
    pytest.param(rss, PLAIN, id="rss"),
    pytest.param(json_feed, PLAIN, id="JSON Feed"),
    pytest.param(endpoint, DATA, id="JSON"),
]


def listing(body: bytes, source: Source) -> Listing:
    return read(body, None, source, URL)


@pytest.mark.parametrize(("make", "source"), KINDS)
def test_the_first_are_taken_and_it_says_so(make: Callable[[int], bytes], source: Source) -> None:
    found = listing(make(MAX_ROWS + 1), source)
    assert len(found.items) == MAX_ROWS == 2_000
    assert found.items[0].link.endswith("/0")
    assert found.items[-1].link.endswith(f"/{MAX_ROWS - 1}")
    assert found.warnings[0] == "2001 rows, of which the first 2000 are read (max_rows)"


@pytest.mark.parametrize(("make", "source"), KINDS)
def test_as_many_as_may_be_are_nothing_to_speak_of(
    make: Callable[[int], bytes], source: Source
) -> None:
    found = listing(make(30), replace(source, max_rows=30))
    assert len(found.items) == 30
    assert not [warning for warning in found.warnings if "max_rows" in warning]


@pytest.mark.parametrize(("make", "source"), KINDS)
def test_the_operator_says_how_many(make: Callable[[int], bytes], source: Source) -> None:
    found = listing(make(30), replace(source, max_rows=25))
    assert len(found.items) == 25
    assert "the first 25 are read" in found.warnings[0]
