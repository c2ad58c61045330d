"""A document as Atom (RFC 4287), with archives (RFC 5005) and tombstones (RFC 6721): by feedgen.

feedgen loses `rel`, `type` and `length` of an entry's links, knows nothing of archives, hubs and
tombstones, and writes half of `atom:source`; its own seam for that, extensions, writes the rest.
"""

from __future__ import annotations

from typing import Any

from feedgen.entry import FeedEntry
from feedgen.ext.base import BaseEntryExtension, BaseExtension
from feedgen.feed import FeedGenerator
from lxml import etree

from feedbot import __version__
from feedbot.render.document import Article, Document, Origin, Place, rfc3339

CONTENT_TYPE = "application/atom+xml; charset=utf-8"
ENDING = "atom"
HISTORY = "http://purl.org/syndication/history/1.0"
TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"
MEDIA = "http://search.yahoo.com/mrss/"
_TYPE = "application/atom+xml"


class _FeedExtension(BaseExtension):  # type: ignore[misc]  # feedgen has no types
    """What belongs to the whole feed and feedgen has no word for."""

    document: Document

    def extend_ns(self) -> dict[str, str]:
        return namespaces(self.document, tombstones=True)

    def extend_atom(self, feed: Any) -> Any:
        for rel, url in related(self.document.place, ENDING):
            etree.SubElement(feed, "link", href=url, rel=rel, **_typed(rel))
        if self.document.place.archive:
            etree.SubElement(feed, f"{{{HISTORY}}}archive")
        for stone in self.document.tombstones:
            etree.SubElement(
                feed, f"{{{TOMBSTONES}}}deleted-entry", ref=stone.id, when=rfc3339(stone.when)
            )
        return feed


class _EntryExtension(BaseEntryExtension):  # type: ignore[misc]
    """What belongs to an entry and feedgen loses or has no word for."""

    article: Article
    place: Place

    def extend_atom(self, entry: Any) -> Any:
        for link in entry.findall("link"):
            link.attrib["rel"] = "alternate"
        if image := self.article.image:
            known = {"type": image.type, "length": image.length and str(image.length)}
            found = {name: value for name, value in known.items() if value}
            etree.SubElement(entry, "link", rel="enclosure", href=image.url, **found)
            etree.SubElement(entry, f"{{{MEDIA}}}thumbnail", url=image.url)
        if self.article.origin:
            _source(entry, self.article, self.article.origin, self.place)
        return entry


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


def namespaces(document: Document, *, tombstones: bool) -> dict[str, str]:
    """The prefixes that a document needs, and no others."""
    found = {}
    if document.place.archive:
        found["fh"] = HISTORY
    if tombstones and document.tombstones:
        found["at"] = TOMBSTONES
    if any(article.image for article in document.articles):
        found["media"] = MEDIA
    return found


def related(place: Place, ending: str) -> list[tuple[str, str]]:
    """(rel, URL) of the documents and services that belong to one, itself aside."""
    pairs = [
        ("hub", place.hub if place.current is None else None),
        ("current", place.url(place.current, ending)),
        ("prev-archive", place.url(place.prev, ending)),
        ("next-archive", place.url(place.next, ending)),
    ]
    return [(rel, url) for rel, url in pairs if url]


def _typed(rel: str) -> dict[str, str]:
    return {} if rel == "hub" else {"type": _TYPE}


def render_atom(document: Document, stylesheet: str | None = None) -> bytes:
    """The document as UTF-8 bytes. stylesheet: URL of the CSS for those who open it as a file."""
    feed = FeedGenerator()
    feed.register_extension("own", _FeedExtension)
    feed.own.document = document
    feed.id(document.id)
    feed.title(document.title)
    feed.author(name=document.author)
    feed.generator("feedbot", version=__version__)
    feed.updated(document.updated)
    if document.language:
        feed.language(document.language)
    if document.link:
        feed.link(href=document.link, rel="alternate")
    if own := document.place.url(document.place.name, ENDING):
        feed.link(href=own, rel="self", type=_TYPE)
    for article in document.articles:
        feed.add_entry(_entry(article, document.place), order="append")
    return styled(bytes(feed.atom_str(pretty=True)), stylesheet)


def _entry(article: Article, place: Place) -> FeedEntry:
    made = FeedEntry()
    made.register_extension("own", _EntryExtension)
    made.own.article, made.own.place = article, place
    made.id(article.id)
    made.title(article.title)
    made.published(article.published)
    made.updated(article.updated)
    made.link(href=article.link)
    if article.author:
        made.author(name=article.author)
    if article.content:
        made.content(article.content, type="html")
    if article.summary:
        made.summary(article.summary, type="html")
    for term in article.categories:
        made.category(term=term)
    return made


def styled(xml: bytes, stylesheet: str | None) -> bytes:
    """`xml` with the instruction that names its stylesheet, after the declaration."""
    if stylesheet is None:
        return xml
    head, body = xml.split(b"\n", 1)
    return head + f'\n<?xml-stylesheet type="text/css" href="{stylesheet}"?>\n'.encode() + body
