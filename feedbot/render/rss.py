"""A document as RSS 2.0, for readers that know nothing else: by feedgen.

feedgen writes dates by way of `setlocale`, which is the whole process's, and has neither authors
without a mail address nor an entry's `updated`: extensions write these. Tombstones are Atom's
alone; here an entry that left is just not there.
"""

from __future__ import annotations

from datetime import datetime
from email.utils import format_datetime
from typing import Any

from feedgen.entry import FeedEntry
from feedgen.ext.base import BaseEntryExtension, BaseExtension
from feedgen.feed import FeedGenerator
from lxml import etree

from feedbot import __version__
from feedbot.render.atom import HISTORY, MEDIA, namespaces, related, styled
from feedbot.render.document import Article, Document, Place, rfc3339

CONTENT_TYPE = "application/rss+xml; charset=utf-8"
ENDING = "rss"
_TYPE = "application/rss+xml"
_ATOM = "http://www.w3.org/2005/Atom"
_DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"


class _FeedExtension(BaseExtension):  # type: ignore[misc]  # feedgen has no types
    """What belongs to the channel and feedgen has no word for, or not the right one."""

    document: Document

    def extend_ns(self) -> dict[str, str]:
        found = namespaces(self.document, tombstones=False)
        if any(article.author for article in self.document.articles):
            found["dc"] = _DUBLIN_CORE
        return found

    def extend_rss(self, rss: Any) -> Any:
        channel = rss.find("channel")
        etree.SubElement(channel, "lastBuildDate").text = _rfc822(self.document.updated)
        for rel, url in related(self.document.place, ENDING):
            typed = {} if rel == "hub" else {"type": _TYPE}
            etree.SubElement(channel, f"{{{_ATOM}}}link", href=url, rel=rel, **typed)
        if self.document.place.archive:
            etree.SubElement(channel, f"{{{HISTORY}}}archive")
        return rss


class _ItemExtension(BaseEntryExtension):  # type: ignore[misc]
    """What belongs to an item and feedgen has no word for, or not the right one."""

    article: Article
    place: Place

    def extend_rss(self, item: Any) -> Any:
        article = self.article
        if article.author:
            etree.SubElement(item, f"{{{_DUBLIN_CORE}}}creator").text = article.author
        etree.SubElement(item, "pubDate").text = _rfc822(article.published)
        etree.SubElement(item, f"{{{_ATOM}}}updated").text = rfc3339(article.updated)
        if image := article.image:
            if image.type:  # an enclosure must have one; of an unknown length it says 0
                length = str(image.length or 0)
                etree.SubElement(item, "enclosure", url=image.url, length=length, type=image.type)
            etree.SubElement(item, f"{{{MEDIA}}}thumbnail", url=image.url)
        if article.origin and (url := self.place.url(article.origin.name, ENDING)):
            etree.SubElement(item, "source", url=url).text = article.origin.title
        return item


def render_rss(document: Document, stylesheet: str | None = None) -> bytes:
    """The document as UTF-8 bytes. stylesheet: URL of the CSS for those who open it as a file."""
    feed = FeedGenerator()
    feed._FeedGenerator__rss_lastBuildDate = None  # there is no other way to keep its clock out
    feed.register_extension("own", _FeedExtension)
    feed.own.document = document
    own = document.place.url(document.place.name, ENDING)
    feed.id(document.id)
    feed.title(document.title)
    feed.description(document.title)
    feed.generator("feedbot", version=__version__)
    if document.language:
        feed.language(document.language)
    if own:
        feed.link(href=own, rel="self", type=_TYPE)
    feed.link(href=document.link or own or document.id, rel="alternate")  # the last is RSS's link
    for article in document.articles:
        feed.add_entry(_item(article, document.place), order="append")
    return styled(bytes(feed.rss_str(pretty=True)), stylesheet)


def _item(article: Article, place: Place) -> FeedEntry:
    made = FeedEntry()
    made.register_extension("own", _ItemExtension)
    made.own.article, made.own.place = article, place
    made.id(article.id)
    made.title(article.title)
    made.link(href=article.link)
    if article.content:
        made.content(article.content, type="html")
    if article.summary:
        made.description(article.summary)
    for term in article.categories:
        made.category(term=term)
    return made


def _rfc822(when: datetime) -> str:
    """A moment as RSS writes it (RFC 822, with four digits of the year)."""
    return format_datetime(when)
