"""More rows than anybody reads: the first are taken, it is said, and the rest cost nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from feedbot.errors import ParseError
from feedbot.model import MAX_ROWS, Listing, ListingRule, Source, SourceKind
from feedbot.source.bounds import MAX_ELEMENTS, MAX_PARTS, first_entries
from feedbot.source.read import read

ROOT = Path(__file__).resolve().parent.parent

URL = "https://press.example.org/news"
PLAIN = Source("news", URL, "News", timezone=ZoneInfo("UTC"))
PAGE = replace(
    PLAIN, kind=SourceKind.HTML, listing=ListingRule(item="li", title="a", link="a@href")
)
DATA = replace(PLAIN, kind=SourceKind.JSON, listing=ListingRule(item="rows", title="t", link="u"))
JSON_FEED = b'{"version": "https://jsonfeed.org/version/1", "items": ['
SITEMAP = replace(PLAIN, kind=SourceKind.SITEMAP)


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


# --- parts of what is read -----------------------------------------------------------------------


def test_a_page_of_more_elements_is_read_as_far_as_they_go() -> None:
    rows = "<li><b>01.05.2020</b> <a href=/news/0>What happened</a></li>"
    found = listing(f"<ul>{rows}{'<i>x</i>' * MAX_ELEMENTS}</ul>{rows}".encode(), PAGE)
    assert len(found.items) == 1
    assert f"the first {MAX_ELEMENTS} elements of the page are read, and no more" in found.warnings
    whole = listing(f"<ul>{rows}{'x < y' * MAX_ELEMENTS}{rows}</ul>".encode(), PAGE)
    assert len(whole.items) == 2  # a `<` is no element


@pytest.mark.parametrize(
    ("body", "source", "said"),
    [
        (b'{"rows": [' + b"{}," * MAX_PARTS + b"{}]}", DATA, "values"),
        (JSON_FEED + b"1," * MAX_PARTS, PLAIN, ""),
        (b"<urlset>" + b"<u/>" * MAX_PARTS + b"</urlset>", SITEMAP, "tags"),
    ],
    ids=["JSON", "JSON Feed", "sitemap"],
)
def test_data_of_too_many_parts_is_refused(body: bytes, source: Source, said: str) -> None:
    with pytest.raises(ParseError, match=f"more than {MAX_PARTS} {said}"):
        listing(body, source)


def test_entries_beyond_the_most_are_not_even_parsed() -> None:
    after = "<item><title>never</title></item>" * 5 + "</channel><!-- <item> --></rss>"
    feed = rss(3).decode().replace("</channel></rss>", after)
    entries = first_entries(feed, "", 3)
    assert entries.number == 9
    assert "never" not in entries.text
    assert len(listing(entries.text.encode(), PLAIN).items) == 3
    atom = "<a:feed xmlns:a='http://www.w3.org/2005/Atom'><entry/><a:entry/><a:entry><b/></a:entry>"
    assert first_entries(f"{atom}</a:feed>", "a:", 1).text == (
        "<a:feed xmlns:a='http://www.w3.org/2005/Atom'><entry/><a:entry/></a:feed>"
    )


@pytest.mark.parametrize("name", ["elements, to be found", "entries"])
def test_no_single_source_takes_much_memory(name: str) -> None:
    """In a process of its own; the benchmark has all kinds, and the goal of 64 MB."""
    command = [sys.executable, "-m", "benchmarks.hostile", name]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert float(done.stdout) < 96
