"""Whether a feed carries whole texts, by real feeds' ways of saying so."""

from __future__ import annotations

import json
from html import escape
from zoneinfo import ZoneInfo

import pytest

from feedbot.model import Item
from feedbot.source.feed import read_feed

LONG = " ".join(f"Sentence number {n} of the text says something more." for n in range(40))
SHORT = "The office is closed on Monday; letters are answered on Tuesday."


def read(body: str) -> Item:
    (item,) = read_feed(
        body.encode(), None, url="https://press.example/feed", zone=ZoneInfo("UTC")
    ).items
    return item


def rss(description: str = "", content: str = "", title: str = "Title") -> Item:
    encoded = f"<content:encoded>{escape(content)}</content:encoded>" if content else ""
    described = f"<description>{escape(description)}</description>" if description else ""
    named = f"<title>{title}</title>" if title else ""
    return read(
        '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>'
        f"<title>F</title><item>{named}<link>https://press.example/1</link>{described}{encoded}"
        "</item></channel></rss>"
    )


@pytest.mark.parametrize(
    "item",
    [
        rss(SHORT, f"<p>{LONG}</p>"),
        rss("", f"<p>{LONG}</p>"),
        rss(f"<p>{LONG}</p>"),
        rss(SHORT, f"<p>{LONG[:400]}.</p>"),
        rss(SHORT, f"<p>{LONG}</p><p>The post <a href=/1>T</a> appeared first on <a>F</a>.</p>"),
        rss(SHORT, title=""),  # a microblog's
    ],
)
def test_a_whole_text_is_known(item: Item) -> None:
    assert item.whole


@pytest.mark.parametrize(
    "item",
    [
        rss(),
        rss(SHORT),
        rss(f"{LONG[:400]}"),
        rss(f"<p>{LONG} […]</p>"),
        rss(f"<p>{LONG}...</p>"),
        rss(SHORT, f"<p>{LONG}</p><a href=/1>Read more »</a>"),
        rss(SHORT, f"<p>{LONG}</p><a href=/1>Weiterlesen</a>"),
        rss(SHORT, f"<p>{LONG}</p><a href=/1>Читать далее</a>"),
        rss(SHORT, f"<p>{LONG}</p><a href=/1>Lire la suite</a>"),
        rss(SHORT, f"<p>{LONG}</p><a href=/1>阅读全文</a>"),
        rss(SHORT, f"<p>{SHORT}</p>"),
        rss(LONG[:600], f"<p>{LONG[:700]}</p>"),
        rss("", "<img src=/i.jpg>"),
    ],
)
def test_a_teaser_is_known(item: Item) -> None:
    assert not item.whole


def test_atom_and_json_feeds_with_whole_texts() -> None:
    entry = f'<id>1</id><title>T</title><content type="html">{escape(f"<p>{LONG}</p>")}</content>'
    assert read(f'<feed xmlns="http://www.w3.org/2005/Atom"><entry>{entry}</entry></feed>').whole
    summary = f"<id>1</id><title>T</title><summary>{SHORT}</summary>"
    feed = f'<feed xmlns="http://www.w3.org/2005/Atom"><entry>{summary}</entry></feed>'
    assert not read(feed).whole
    version = "https://jsonfeed.org/version/1.1"
    for key, whole in (("content_html", True), ("content_text", True), ("summary", False)):
        item = {"id": "1", "title": "T", key: LONG[:600]}
        assert read(json.dumps({"version": version, "items": [item]})).whole == whole
