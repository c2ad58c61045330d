"""RSS and JSON Feed from the same document as Atom: the same entries, each format's own way."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import feedparser
import jsonschema
import nh3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from feedbot.model import Entry
from feedbot.render.atom import render_atom
from feedbot.render.document import RIGHT_TO_LEFT_MARK, Document, Place
from feedbot.render.jsonfeed import render_json
from feedbot.render.rss import render_rss
from tests.feeds import (
    ARCHIVE,
    CHANNEL,
    ENTRY,
    GONE,
    HUB,
    WHOLE,
    complaints,
    document,
    kinds,
    several,
)
from tests.hostile import TEXTS
from tests.require import needs

NAMESPACES = {
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "fh": "http://purl.org/syndication/history/1.0",
    "media": "http://search.yahoo.com/mrss/",
}
SCHEMA = json.loads((Path(__file__).parent / "data" / "jsonfeed-1.1.schema.json").read_text())


def rss(made: Document) -> etree._Element:
    return etree.fromstring(render_rss(made)).find("channel")


def as_json(made: Document) -> Any:
    feed = json.loads(render_json(made))
    jsonschema.Draft202012Validator(SCHEMA).validate(feed)
    return feed


def test_an_item_of_rss_says_what_an_entry_does() -> None:
    item = rss(document(CHANNEL, WHOLE)).find("item")
    found = {
        name: item.findtext(name, namespaces=NAMESPACES)
        for name in ("title", "link", "guid", "pubDate", "atom:updated", "dc:creator")
    }
    assert found == {
        "title": "Q&A of 26 May",
        "link": ENTRY.link,
        "guid": ENTRY.id,
        "pubDate": "Wed, 27 May 2020 12:00:00 +0100",
        "atom:updated": "2020-05-27T21:55:00+01:00",
        "dc:creator": "N. N.",
    }
    assert item.find("guid").get("isPermaLink") == "false"
    assert item.findtext("description", "").startswith("<p>First &lt;paragraph&gt;")
    assert item.findtext("content:encoded", namespaces=NAMESPACES) == WHOLE.content
    assert [category.text for category in item.findall("category")] == ["News", "Speeches"]
    assert dict(item.find("enclosure").attrib) == {
        "url": WHOLE.image, "length": "0", "type": "image/jpeg"
    }  # fmt: skip
    assert item.find("media:thumbnail", NAMESPACES).get("url") == WHOLE.image


def test_what_is_known_of_an_image_is_said_in_every_format() -> None:
    known = document(CHANNEL, replace(WHOLE, image_type="image/webp", image_length=34_567))
    expected = {"type": "image/webp", "length": "34567"}
    assert expected.items() <= dict(rss(known).find("item/enclosure").attrib).items()
    link = etree.fromstring(render_atom(known)).find(".//{*}entry/{*}link[@rel='enclosure']")
    assert expected.items() <= dict(link.attrib).items()
    assert json.loads(render_json(known))["items"][0]["attachments"] == [
        {"url": WHOLE.image, "mime_type": "image/webp", "size_in_bytes": 34_567}
    ]


def test_an_image_of_an_unknown_type_is_no_enclosure_of_rss() -> None:
    item = rss(document(CHANNEL, replace(WHOLE, image="https://example.org/image?id=7"))).find(
        "item"
    )
    assert item.find("enclosure") is None
    assert item.find("media:thumbnail", NAMESPACES) is not None


def test_a_channel_of_rss_says_what_a_feed_does() -> None:
    channel = rss(document(CHANNEL, WHOLE, place=HUB))
    assert channel.findtext("link") == CHANNEL.url
    assert channel.findtext("language") == "en"
    assert channel.findtext("lastBuildDate") == "Wed, 27 May 2020 21:55:00 +0100"
    assert [(link.get("rel"), link.get("href")) for link in channel.findall(
        "atom:link", NAMESPACES)] == [
        ("self", "https://feeds.example.org/feeds/press.rss"),
        ("hub", "https://hub.example.org/"),
        ("prev-archive", "https://feeds.example.org/feeds/press/50/2.rss"),
    ]  # fmt: skip
    archive = rss(document(CHANNEL, WHOLE, place=ARCHIVE))
    assert archive.find("fh:archive", NAMESPACES) is not None


def test_an_item_of_a_combined_feed_names_its_own() -> None:
    made = document(CHANNEL, WHOLE, combined=True)
    source = rss(made).find("item/source")
    assert (source.text, source.get("url")) == (
        "Press & news", "https://feeds.example.org/feeds/press.rss"
    )  # fmt: skip
    assert as_json(made)["items"][0]["_source"] == {
        "id": CHANNEL.id,
        "title": "Press & news",
        "home_page_url": CHANNEL.url,
        "feed_url": "https://feeds.example.org/feeds/press.json",
    }


def test_an_independent_reader_reads_rss_back() -> None:
    found = feedparser.parse(render_rss(document(CHANNEL, *several(2))))
    assert not found.bozo
    assert [entry.link for entry in found.entries] == [ENTRY.link, ENTRY.link]
    assert found.entries[0].published_parsed[:5] == (2020, 5, 27, 11, 0)


def test_json_feed_says_what_the_others_do() -> None:
    feed = as_json(document(CHANNEL, WHOLE, place=HUB, gone=GONE))
    assert feed["feed_url"] == "https://feeds.example.org/feeds/press.json"
    assert feed["home_page_url"] == CHANNEL.url
    assert feed["next_url"] == "https://feeds.example.org/feeds/press/50/2.json"
    assert feed["hubs"] == [{"type": "WebSub", "url": "https://hub.example.org/"}]
    assert feed["_deleted"]["entries"] == [{"ref": GONE[0][0], "when": "2020-05-27T22:00:00+01:00"}]
    [item] = feed["items"]
    assert item["content_html"] == WHOLE.content
    assert item["summary"] == "First <paragraph>.\nIts second line.\n\nSecond."
    assert item["date_published"] == "2020-05-27T12:00:00+01:00"
    assert item["attachments"] == [{"url": WHOLE.image, "mime_type": "image/jpeg"}]


def test_json_of_an_entry_with_a_title_alone() -> None:
    [item] = as_json(document(CHANNEL, replace(ENTRY, summary="", categories=())))["items"]
    assert item["content_html"] == "<p>Q&amp;A of 26 May</p>"
    assert not item.keys() & {"summary", "tags", "authors", "image", "attachments"}


@pytest.mark.parametrize("kind", kinds())
def test_every_kind_of_document_fits_the_schema(kind: str) -> None:
    assert as_json(kinds()[kind])


def test_the_schema_refuses_what_is_wrong() -> None:
    feed = as_json(document(CHANNEL, ENTRY))
    del feed["items"][0]["id"]
    with pytest.raises(jsonschema.ValidationError, match="'id' is a required property"):
        jsonschema.Draft202012Validator(SCHEMA).validate(feed)


@pytest.mark.parametrize(
    ("title", "summary", "shown"),
    [
        ("שלום עולם", "", "שלום עולם"),
        ("2020: שלום עולם", "", "2020: שלום עולם"),
        ("EU: مرحبا بالعالم", "", RIGHT_TO_LEFT_MARK + "EU: مرحبا بالعالم"),
    ],
)
def test_what_runs_from_right_to_left_is_marked(title: str, summary: str, shown: str) -> None:
    [item] = as_json(document(CHANNEL, replace(ENTRY, title=title, summary=summary)))["items"]
    assert item["title"] == shown
    assert item["content_html"] == f'<div dir="rtl"><p>{title}</p></div>'


def test_a_word_that_runs_from_right_to_left_turns_nothing_round() -> None:
    [item] = as_json(document(CHANNEL, replace(ENTRY, title="He said שלום twice", summary="")))[
        "items"
    ]
    assert item["content_html"] == "<p>He said שלום twice</p>"


@given(TEXTS, TEXTS, TEXTS, TEXTS, st.lists(TEXTS, max_size=3))
def test_no_text_costs_the_feed(
    title: str, summary: str, content: str, link: str, categories: list[str]
) -> None:
    odd = replace(
        ENTRY, title=title, summary=summary, content=content, link=link, author=title, image=link,
        categories=tuple(categories),
    )  # fmt: skip
    channel = replace(CHANNEL, title=title, author=summary, url=link)
    made = document(channel, odd, replace(ENTRY, id=ENTRY.id + "x"), combined=True)
    assert len(rss(made).findall("item")) == 2
    assert len(as_json(made)["items"]) == 2


def hostile() -> list[Entry]:
    """Entries that would cost a feed, were they not made clean."""
    texts = ["\x00\x1b\x7f", "\ufffe\uffff", "word " * 200_000, "]]> <![CDATA[", "half \ud800"]
    return [
        replace(
            WHOLE,
            id=f"{ENTRY.id}/{number}",
            title=text,
            summary=text,
            content=nh3.clean(f"<p>{text.encode('utf-8', 'ignore').decode()}</p>"),
            author=text,
            categories=(text,),
            updated=ENTRY.updated.replace(second=number),
            image=f"https://example.org/{text[:20]}.png",
        )
        for number, text in enumerate(texts)
    ]


@needs("validator")
@pytest.mark.parametrize("kind", [kind for kind in kinds() if kind != "nowhere"])
def test_the_validator_finds_nothing_in_any_kind(tmp_path: Path, kind: str) -> None:
    made = kinds()[kind]
    assert complaints(tmp_path, render_rss(made, "feed.css"), f"{made.place.name}.rss") == []


@needs("validator")
def test_the_validator_finds_nothing_in_hostile_entries(tmp_path: Path) -> None:
    made = document(CHANNEL, *hostile())
    assert len(made.articles) == 5
    assert complaints(tmp_path, render_rss(made), "press.rss") == []


def test_without_a_root_no_place_is_named() -> None:
    made = document(replace(CHANNEL, url=None), WHOLE, place=Place())
    assert rss(made).findtext("link") == CHANNEL.id
    assert not as_json(made).keys() & {"feed_url", "next_url", "home_page_url"}
