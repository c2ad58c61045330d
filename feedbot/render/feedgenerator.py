"""feedgen's seam for what it has no word for, and what Atom and RSS say alike.

feedgen calls extensions, which it makes itself, with the element it has made: here one extension
holds a function to call. It has no types.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from feedgen.entry import FeedEntry
from feedgen.ext.base import BaseEntryExtension, BaseExtension
from feedgen.feed import FeedGenerator
from lxml import etree

from feedbot import __version__
from feedbot.render.document import Article, Document

HISTORY = "http://purl.org/syndication/history/1.0"
MEDIA = "http://search.yahoo.com/mrss/"

Write = Callable[[Any], None]


class _Feed(BaseExtension):  # type: ignore[misc]  # its base is feedgen's
    """Writes into the whole feed, and names the namespaces it needs."""

    write: Write
    prefixes: Mapping[str, str]

    def extend_ns(self) -> Mapping[str, str]:
        return self.prefixes

    def extend_atom(self, feed: Any) -> Any:
        self.write(feed)
        return feed

    extend_rss = extend_atom


class _Entry(BaseEntryExtension):  # type: ignore[misc]  # its base is feedgen's
    """Writes into an entry."""

    write: Write

    def extend_atom(self, entry: Any) -> Any:
        self.write(entry)
        return entry

    extend_rss = extend_atom


def new_feed(document: Document, prefixes: Mapping[str, str], write: Write) -> FeedGenerator:
    """A feed with all that both formats say of it; `write` adds the rest to its element."""
    feed = FeedGenerator()
    feed.register_extension("own", _Feed)
    feed.own.prefixes, feed.own.write = prefixes, write
    feed.id(document.id)
    feed.title(document.title)
    feed.generator("feedbot", version=__version__)
    if document.language:
        feed.language(document.language)
    return feed


def new_entry(article: Article, write: Write) -> FeedEntry:
    """An entry with all that both formats say of it; `write` adds the rest to its element."""
    made = FeedEntry()
    made.register_extension("own", _Entry)
    made.own.write = write
    made.id(article.id)
    made.title(article.title)
    made.link(href=article.link)
    if article.content:
        made.content(article.content, type="html")
    for term in article.categories:
        made.category(term=term)
    return made


def namespaces(document: Document) -> dict[str, str]:
    """The prefixes that a document needs in either format, and no others."""
    found = {}
    if document.place.archive:
        found["fh"] = HISTORY
    if any(article.image for article in document.articles):
        found["media"] = MEDIA
    return found


def add_related(parent: Any, tag: str, document: Document, ending: str, type: str) -> None:
    """Links to what belongs to a document, itself aside, and whether it is an archive.

    tag: of a link; type: of the documents of this format
    """
    place = document.place
    pairs = [
        ("hub", place.hub if place.current is None else None),
        ("current", place.url(place.current, ending)),
        ("prev-archive", place.url(place.prev, ending)),
        ("next-archive", place.url(place.next, ending)),
    ]
    for rel, url in pairs:
        if url:
            typed = {} if rel == "hub" else {"type": type}
            etree.SubElement(parent, tag, href=url, rel=rel, **typed)
    if place.archive:
        etree.SubElement(parent, f"{{{HISTORY}}}archive")


def add_thumbnail(entry: Any, article: Article) -> None:
    """The entry's image, for readers that show one beside the title (Media RSS)."""
    if article.image:
        etree.SubElement(entry, f"{{{MEDIA}}}thumbnail", url=article.image.url)


def styled(xml: bytes, stylesheet: str | None) -> bytes:
    """`xml` with the instruction that names its stylesheet, after the declaration."""
    if stylesheet is None:
        return xml
    head, body = xml.split(b"\n", 1)
    return head + f'\n<?xml-stylesheet type="text/css" href="{stylesheet}"?>\n'.encode() + body
