"""Feeds, judged by the W3C validator and an independent reader."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import feedparser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from feedbot import __version__
from feedbot.model import Entry
from feedbot.render.atom import TOMBSTONES, render_atom
from feedbot.render.document import Channel, Place
from feedbot.render.feedgenerator import HISTORY, MEDIA
from tests.feeds import (
    ARCHIVE,
    CHANNEL,
    ENTRY,
    GONE,
    PLACE,
    ROOT,
    SELF,
    WHOLE,
    atom,
    complaints,
    document,
    everything,
    kinds,
    several,
)  # fmt: skip
from tests.hostile import TEXTS
from tests.require import needs

ATOM = "{http://www.w3.org/2005/Atom}"
META = CHANNEL


def parsed(channel: Channel, *entries: Entry, place: Place = PLACE) -> etree._Element:
    return etree.fromstring(atom(channel, *entries, place=place))


def text(element: etree._Element, path: str) -> str | None:
    found: str | None = element.findtext("/".join(ATOM + name for name in path.split("/")))
    return found


def links(element: etree._Element) -> list[dict[str, str]]:
    return [dict(link.attrib) for link in element.findall(ATOM + "link")]


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


def test_a_lead_image_is_an_enclosure_and_a_thumbnail() -> None:
    entry = parsed(META, WHOLE).find(ATOM + "entry")
    assert links(entry) == [
        {"href": WHOLE.link, "rel": "alternate"},
        {"href": WHOLE.image, "rel": "enclosure", "type": "image/jpeg"},
    ]
    assert entry.find(f"{{{MEDIA}}}thumbnail").get("url") == WHOLE.image
    odd = parsed(META, replace(WHOLE, image="javascript:x")).find(ATOM + "entry")
    assert len(links(odd)) == 1


def test_an_entry_of_a_combined_feed_names_its_own() -> None:
    first, second = (
        etree.fromstring(render_atom(document(META, *several(1), WHOLE, combined=True)))
    ).findall(ATOM + "entry")
    source = first.find(ATOM + "source")
    assert [text(source, name) for name in ("id", "title")] == [META.id, "Press & news"]
    assert links(source) == [
        {"href": SELF, "rel": "self", "type": "application/atom+xml"},
        {"href": META.url, "rel": "alternate"},
    ]
    # of two entries updated at once, in two sources
    assert text(first, "updated") == "2020-05-27T21:55:00+01:00"
    assert text(second, "updated") == "2020-05-27T21:55:00.000001+01:00"


def test_an_archive_says_what_it_is_and_where_the_others_are() -> None:
    feed = parsed(META, WHOLE, place=ARCHIVE)
    assert feed.find(f"{{{HISTORY}}}archive") is not None
    assert {link["rel"]: link["href"].removeprefix(ROOT) for link in links(feed)} == {
        "alternate": META.url,
        "self": "/press/50/2.atom",
        "current": "/press.atom",
        "prev-archive": "/press/50/1.atom",
        "next-archive": "/press/50/3.atom",
    }
    assert parsed(META, WHOLE).find(f"{{{HISTORY}}}archive") is None


def test_an_entry_that_left_has_a_tombstone() -> None:
    feed = etree.fromstring(render_atom(document(META, ENTRY, gone=GONE)))
    [stone] = feed.findall(f"{{{TOMBSTONES}}}deleted-entry")
    assert dict(stone.attrib) == {"ref": GONE[0][0], "when": "2020-05-27T22:00:00+01:00"}
    assert text(feed, "updated") == "2020-05-27T22:00:00+01:00"


def test_a_stylesheet_is_named_before_the_feed() -> None:
    head = render_atom(document(META, ENTRY), "feed.css").split(b"\n")[:2]
    assert head[1] == b'<?xml-stylesheet type="text/css" href="feed.css"?>'


def test_entries_keep_the_order_given_and_updated_is_the_newest() -> None:
    entries = several(3)[::-1]
    feed = parsed(META, *entries)
    assert [text(entry, "id") for entry in feed.findall(ATOM + "entry")] == [
        entry.id for entry in entries
    ]
    assert text(feed, "updated") == "2020-05-27T21:55:00+01:00"


def test_an_empty_feed_is_one() -> None:
    feed = parsed(replace(META, author="", language="not a language"), place=Place())
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
    found = feedparser.parse(atom(META, *several(2)))
    assert not found.bozo
    assert found.feed.title == "Press & news"
    assert [entry.link for entry in found.entries] == [ENTRY.link, ENTRY.link]
    assert found.entries[0].updated_parsed[:5] == (2020, 5, 27, 20, 55)


SCRIPT = """
import sys
from tests.feeds import everything
sys.stdout.buffer.write(everything())
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
    assert made == {everything()}


def test_the_clock_is_not_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Kind(type):
        def __instancecheck__(cls, value: object) -> bool:
            return isinstance(value, datetime)

    class Later(datetime, metaclass=Kind):
        @classmethod
        def now(cls, tz: object = None) -> Later:
            return cls(2099, 1, 1, tzinfo=UTC)

    before = everything()
    monkeypatch.setattr("feedgen.feed.datetime", Later)
    monkeypatch.setattr("feedgen.entry.datetime", Later)
    assert everything() == before


@needs("validator")
def test_the_validator_notices_what_is_wrong(tmp_path: Path) -> None:
    assert complaints(tmp_path, atom(META, *several(1)).replace(b"<title>", b"<titel>"))


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
    assert complaints(tmp_path, atom(META, *entries)) == []


@needs("validator")
@pytest.mark.parametrize("kind", [kind for kind in kinds() if kind != "nowhere"])
def test_the_validator_finds_nothing_in_any_kind(tmp_path: Path, kind: str) -> None:
    made = kinds()[kind]
    name = f"{made.place.name}.atom"
    assert complaints(tmp_path, render_atom(made, "feed.css"), name) == []
