"""A document as Atom (RFC 4287), with archives (RFC 5005) and tombstones (RFC 6721): by feedgen.

feedgen loses `rel`, `type` and `length` of an entry's links, knows nothing of archives, hubs and
tombstones, and writes half of `atom:source`; its own seam for that, extensions, writes the rest.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from feedgen.entry import FeedEntry
from lxml import etree

from feedbot.render.document import Article, Document, Origin, Place, rfc3339
from feedbot.render.feedgenerator import (
    add_related,
    add_thumbnail,
    namespaces,
    new_entry,
    new_feed,
    styled,
)

CONTENT_TYPE = "application/atom+xml; charset=utf-8"
ENDING = "atom"
TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"
_TYPE = "application/atom+xml"


def render_atom(document: Document, stylesheet: str | None = None) -> bytes:
    """The document as UTF-8 bytes. stylesheet: URL of the CSS for those who open it as a file."""
    prefixes = namespaces(document)
    if document.tombstones:
        prefixes["at"] = TOMBSTONES
    feed = new_feed(document, prefixes, partial(_extend_feed, document))
    feed.author(name=document.author)
    feed.updated(document.updated)
    if document.link:
        feed.link(href=document.link, rel="alternate")
    if own := document.place.url(document.place.name, ENDING):
        feed.link(href=own, rel="self", type=_TYPE)
    for article in document.articles:
        feed.add_entry(_entry(article, document.place), order="append")
    return styled(bytes(feed.atom_str(pretty=True)), stylesheet)


def _extend_feed(document: Document, feed: Any) -> None:
    add_related(feed, "link", document, ENDING, _TYPE)
    for stone in document.tombstones:
        etree.SubElement(
            feed, f"{{{TOMBSTONES}}}deleted-entry", ref=stone.id, when=rfc3339(stone.when)
        )


def _entry(article: Article, place: Place) -> FeedEntry:
    made = new_entry(article, partial(_extend_entry, article, place))
    made.published(article.published)
    made.updated(article.updated)
    if article.author:
        made.author(name=article.author)
    if article.summary:
        made.summary(article.summary, type="html")
    return made


def _extend_entry(article: Article, place: Place, entry: Any) -> None:
    for link in entry.findall("link"):
        link.attrib["rel"] = "alternate"
    if image := article.image:
        known = {"type": image.type, "length": image.length and str(image.length)}
        found = {name: value for name, value in known.items() if value}
        etree.SubElement(entry, "link", rel="enclosure", href=image.url, **found)
    add_thumbnail(entry, article)
    if article.origin:
        _source(entry, article, article.origin, place)


def _source(entry: Any, article: Article, origin: Origin, place: Place) -> None:
    """`atom:source`: where an entry of a combined feed was taken from (RFC 4287, 4.2.11).

    Its `updated` is that of the feed with this entry on top: with the newest, every entry would
    change whenever another came.
    """
    source = etree.SubElement(entry, "source")
    etree.SubElement(source, "id").text = origin.id
    etree.SubElement(source, "title").text = origin.title
    etree.SubElement(source, "updated").text = rfc3339(article.updated)
    if url := place.url(origin.name, ENDING):
        etree.SubElement(source, "link", href=url, rel="self", type=_TYPE)
    if origin.url:
        etree.SubElement(source, "link", href=origin.url, rel="alternate")
