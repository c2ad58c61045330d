"""A document as RSS 2.0, for readers that know nothing else: by feedgen.

feedgen writes dates by way of `setlocale`, which is the whole process's, and has neither authors
without a mail address nor an entry's `updated`: extensions write these. Tombstones are Atom's
alone; here an entry that left is just not there.
"""

from __future__ import annotations

from datetime import datetime
from email.utils import format_datetime
from functools import partial
from typing import Any

from feedgen.entry import FeedEntry
from lxml import etree

from feedbot.render.document import Article, Document, Place, rfc3339
from feedbot.render.feedgenerator import (
    add_related,
    add_thumbnail,
    namespaces,
    new_entry,
    new_feed,
    styled,
)

CONTENT_TYPE = "application/rss+xml; charset=utf-8"
ENDING = "rss"
_TYPE = "application/rss+xml"
_ATOM = "http://www.w3.org/2005/Atom"
_DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"


def render_rss(document: Document, stylesheet: str | None = None) -> bytes:
    """The document as UTF-8 bytes. stylesheet: URL of the CSS for those who open it as a file."""
    prefixes = namespaces(document)
    if any(article.author for article in document.articles):
        prefixes["dc"] = _DUBLIN_CORE
    feed = new_feed(document, prefixes, partial(_extend_feed, document))
    feed._FeedGenerator__rss_lastBuildDate = None  # there is no other way to keep its clock out
    own = document.place.url(document.place.name, ENDING)
    feed.description(document.title)
    if own:
        feed.link(href=own, rel="self", type=_TYPE)
    feed.link(href=document.link or own or document.id, rel="alternate")  # the last is RSS's link
    for article in document.articles:
        feed.add_entry(_item(article, document.place), order="append")
    return styled(bytes(feed.rss_str(pretty=True)), stylesheet)


def _extend_feed(document: Document, rss: Any) -> None:
    channel = rss.find("channel")
    etree.SubElement(channel, "lastBuildDate").text = _rfc822(document.updated)
    add_related(channel, f"{{{_ATOM}}}link", document, ENDING, _TYPE)


def _item(article: Article, place: Place) -> FeedEntry:
    made = new_entry(article, partial(_extend_item, article, place))
    if article.summary:
        made.description(article.summary)
    return made


def _extend_item(article: Article, place: Place, item: Any) -> None:
    if article.author:
        etree.SubElement(item, f"{{{_DUBLIN_CORE}}}creator").text = article.author
    etree.SubElement(item, "pubDate").text = _rfc822(article.published)
    etree.SubElement(item, f"{{{_ATOM}}}updated").text = rfc3339(article.updated)
    if (image := article.image) and image.type:  # it must have one; of an unknown length it says 0
        length = str(image.length or 0)
        etree.SubElement(item, "enclosure", url=image.url, length=length, type=image.type)
    add_thumbnail(item, article)
    if article.origin and (url := place.url(article.origin.name, ENDING)):
        etree.SubElement(item, "source", url=url).text = article.origin.title


def _rfc822(when: datetime) -> str:
    """A moment as RSS writes it (RFC 822, with four digits of the year)."""
    return format_datetime(when)
