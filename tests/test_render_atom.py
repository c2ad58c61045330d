"""Feeds, judged by the W3C validator and an independent reader."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import feedparser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from feedbot import __version__
from feedbot.model import Entry
from feedbot.render.atom import FeedMeta, render_atom
from tests.hostile import TEXTS
from tests.require import VALIDATOR, needs

ATOM = "{http://www.w3.org/2005/Atom}"
SELF = "https://feeds.example.org/press.atom"
META = FeedMeta(
    id="tag:example.org,2020-05-27:press",
    title="Press & news",
    url="https://example.org/press",
    self_url=SELF,
    language="en",
    author="The Embassy",
    timezone=ZoneInfo("Europe/London"),
    fallback_updated=datetime(2020, 1, 1, tzinfo=UTC),
)
ENTRY = Entry(
    id="tag:example.org,2020-05-27:press/1",
    title="Q&A of 26 May",
    link="https://example.org/article/1?a=1&b=2",
    published=datetime(2020, 5, 27, 11, 0, 0, 123, tzinfo=UTC),
    updated=datetime(2020, 5, 27, 20, 55, tzinfo=UTC),
    summary="First <paragraph>.\nIts second line.\n\nSecond.",
    categories=("News", "News", " \x00", "Speeches"),
)


def parsed(meta: FeedMeta, *entries: Entry) -> etree._Element:
    return etree.fromstring(render_atom(meta, entries))


def text(element: etree._Element, path: str) -> str | None:
    found: str | None = element.findtext("/".join(ATOM + name for name in path.split("/")))
    return found


def links(element: etree._Element) -> list[dict[str, str]]:
    return [dict(link.attrib) for link in element.findall(ATOM + "link")]


def several(number: int) -> list[Entry]:
    return [
        replace(ENTRY, id=f"{ENTRY.id}{at}", updated=ENTRY.updated - timedelta(seconds=at))
        for at in range(number)
    ]


def test_an_entry_says_what_it_must() -> None:
    entry = parsed(META, ENTRY).find(ATOM + "entry")
    assert text(entry, "id") == ENTRY.id
    assert text(entry, "title") == "Q&A of 26 May"
    assert entry.find(ATOM + "title").get("type") is None  # plain text
    assert text(entry, "published") == "2020-05-27T12:00:00+01:00"
    assert text(entry, "updated") == "2020-05-27T21:55:00+01:00"
    assert links(entry) == [{"href": ENTRY.link, "rel": "alternate"}]
    assert entry.find(ATOM + "summary").get("type") == "html"
    assert text(entry, "summary") == (
        "<p>First &lt;paragraph&gt;.<br>Its second line.</p><p>Second.</p>"
    )
    assert [tag.get("term") for tag in entry.findall(ATOM + "category")] == ["News", "Speeches"]
    assert entry.find(ATOM + "content") is None
    assert entry.find(ATOM + "author") is None  # the feed's holds


def test_content_and_author_where_the_entry_has_them() -> None:
    entry = replace(ENTRY, content="<p>Whole &amp; ]]> all</p>", author="N. N.")
    found = parsed(META, entry).find(ATOM + "entry")
    assert found.find(ATOM + "content").get("type") == "html"
    assert text(found, "content") == entry.content
    assert text(found, "author/name") == "N. N."


def test_the_feed_says_what_it_must() -> None:
    feed = parsed(META, *several(3))
    assert text(feed, "id") == META.id
    assert text(feed, "title") == "Press & news"
    assert text(feed, "author/name") == "The Embassy"
    assert text(feed, "updated") == "2020-05-27T21:55:00+01:00"
    assert links(feed) == [
        {"href": META.url, "rel": "alternate"},
        {"href": SELF, "rel": "self", "type": "application/atom+xml"},
    ]
    assert feed.find(ATOM + "generator").attrib == {"version": __version__}
    assert text(feed, "generator") == "feedbot"
    assert feed.get("{http://www.w3.org/XML/1998/namespace}lang") == "en"


def test_entries_keep_the_order_given_and_updated_is_the_newest() -> None:
    entries = several(3)[::-1]
    feed = parsed(META, *entries)
    assert [text(entry, "id") for entry in feed.findall(ATOM + "entry")] == [
        entry.id for entry in entries
    ]
    assert text(feed, "updated") == "2020-05-27T21:55:00+01:00"


def test_an_empty_feed_is_one() -> None:
    feed = parsed(replace(META, author="", self_url=None, language="not a language"))
    assert text(feed, "updated") == "2020-01-01T00:00:00+00:00"
    assert text(feed, "author/name") == "Press & news"
    assert [link["rel"] for link in links(feed)] == ["alternate"]
    assert len(feed.attrib) == 0


@pytest.mark.parametrize(
    ("zone", "moment", "written"),
    [
        ("Asia/Kolkata", datetime(2020, 1, 1, tzinfo=UTC), "2020-01-01T05:30:00+05:30"),
        ("Europe/London", datetime(1840, 1, 1, tzinfo=UTC), "1840-01-01T00:00:00+00:00"),
        ("Asia/Tokyo", datetime.max.replace(tzinfo=UTC), "9999-12-31T23:59:59+00:00"),
        ("America/Lima", datetime.min.replace(tzinfo=UTC), "0001-01-01T00:00:00+00:00"),
    ],
)
def test_times_have_the_zone_s_offset_where_it_can_be_written(
    zone: str, moment: datetime, written: str
) -> None:
    feed = parsed(replace(META, timezone=ZoneInfo(zone)), replace(ENTRY, updated=moment))
    assert text(feed, "entry/updated") == written


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("a\x00\ufffe\ud800b\n c", "ab c"),
        ("]]> <x>", "]]> <x>"),
        ("Fish &amp; chips</b>", "Fish & chips"),
        ("\x00", ENTRY.link),
    ],
)
def test_titles_are_made_clean(title: str, shown: str) -> None:
    assert text(parsed(META, replace(ENTRY, title=title)), "entry/title") == shown


def test_a_megabyte_of_title_is_shortened() -> None:
    found = text(parsed(META, replace(ENTRY, title="word " * 250_000)), "entry/title")
    assert found is not None
    assert len(found) <= 1000
    assert found.endswith("word…")


def test_text_that_xml_readers_would_refuse_is_left_out_or_shortened() -> None:
    entry = replace(ENTRY, content="x" * 11_000_000, summary="y" * 11_000_000)
    feed = parsed(META, entry)  # lxml refuses text nodes above 10 MB
    assert feed.find(f"{ATOM}entry/{ATOM}content") is None
    assert len(text(feed, "entry/summary") or "") > 1_000_000


@pytest.mark.parametrize("link", ["javascript:alert(1)", "", "/a", "http://[", "tag:x"])
def test_a_link_that_leads_nowhere_gives_way_to_the_page(link: str) -> None:
    entry = parsed(META, replace(ENTRY, link=link)).find(ATOM + "entry")
    assert links(entry) == [{"href": META.url, "rel": "alternate"}]


@settings(deadline=None)
@given(TEXTS, TEXTS, TEXTS, TEXTS, st.lists(TEXTS, max_size=3))
def test_no_text_costs_the_feed(
    title: str, summary: str, content: str, link: str, categories: list[str]
) -> None:
    odd = replace(
        ENTRY, title=title, summary=summary, content=content, link=link, author=title,
        categories=tuple(categories),
    )  # fmt: skip
    good = replace(ENTRY, id=ENTRY.id + "x")
    meta = replace(META, title=title, author=summary, url=link)
    feed = parsed(meta, odd, good)
    assert len(feed.findall(ATOM + "entry")) == 2
    assert all(text(entry, "title") for entry in feed.findall(ATOM + "entry"))


def test_an_independent_reader_reads_it_back() -> None:
    found = feedparser.parse(render_atom(META, several(2)))
    assert not found.bozo
    assert found.feed.title == "Press & news"
    assert [entry.link for entry in found.entries] == [ENTRY.link, ENTRY.link]
    assert found.entries[0].updated_parsed[:5] == (2020, 5, 27, 20, 55)


SCRIPT = """
import sys
from tests.test_render_atom import META, several
from feedbot.render.atom import render_atom
sys.stdout.buffer.write(render_atom(META, several(5)))
"""


def test_the_same_bytes_whatever_hash_seed_locale_and_zone() -> None:
    made = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env={**os.environ, "PYTHONHASHSEED": seed, "LC_ALL": locale, "TZ": zone},
            cwd=Path(__file__).parent.parent,
            check=True,
            capture_output=True,
        ).stdout
        for seed, locale, zone in (("1", "C", "UTC"), ("2", "C.UTF-8", "Asia/Tokyo"))
    }
    assert made == {render_atom(META, several(5))}


def test_the_clock_is_not_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Kind(type):
        def __instancecheck__(cls, value: object) -> bool:
            return isinstance(value, datetime)

    class Later(datetime, metaclass=Kind):
        @classmethod
        def now(cls, tz: object = None) -> Later:
            return cls(2099, 1, 1, tzinfo=UTC)

    before = [render_atom(META, several(2)), render_atom(META, [])]
    monkeypatch.setattr("feedgen.feed.datetime", Later)
    monkeypatch.setattr("feedgen.entry.datetime", Later)
    assert [render_atom(META, several(2)), render_atom(META, [])] == before


def complaints(tmp_path: Path, feed: bytes) -> list[dict[str, object]]:
    """What the W3C validator has against a feed served at SELF."""
    file = tmp_path / "press.atom"
    file.write_bytes(feed)
    done = subprocess.run(
        [sys.executable, str(VALIDATOR), "--at", SELF, str(file)], capture_output=True, text=True
    )
    assert done.returncode in (0, 1), done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return [event for event in found if event["kind"] != "UnknownNamespace"]


@needs("validator")
def test_the_validator_notices_what_is_wrong(tmp_path: Path) -> None:
    assert complaints(tmp_path, render_atom(META, several(1)).replace(b"<title>", b"<titel>"))


@needs("validator")
@pytest.mark.parametrize(
    "entries",
    [
        [],
        several(10),
        [replace(ENTRY, summary="")],
        [replace(ENTRY, content="<p>Whole</p>", summary="", author="N. N.")],
        [replace(ENTRY, title="</b> &eacute; &#1; \x85 ]]> \ufffd\x80 <script>", summary="<b\x81")],
        [replace(ENTRY, link="https://президент.рф/статья one?q=[1]&r=\"é\"#б<>|\\^`{}")],
        [replace(ENTRY, link="https://example.org/100%?q=50%")],
        [replace(ENTRY, title="\x00", link="javascript:x", categories=("\ud800", "a<b", "é"))],
        [replace(ENTRY, title="слово " * 20_000, summary="слово\n\n" * 20_000)],
        [replace(ENTRY, title="שלום \u202e AT&T <a@b.org>")],
    ],
    ids=range(10),
)  # fmt: skip
def test_the_validator_finds_nothing(tmp_path: Path, entries: list[Entry]) -> None:
    assert complaints(tmp_path, render_atom(META, entries)) == []
