"""A page of which nobody says where its list is: what there is to take.

page → its kind (a log-in page has no list)
     → data in it (JSON-LD, microdata) that the page shows
     → the feeds that it names, for the caller to fetch and check against the list
"""

from __future__ import annotations

from dataclasses import dataclass

from feedbot.errors import NoRuleError, ParseError
from feedbot.model import Extractor, Item, Listing, Source, SourceKind, Take
from feedbot.source.alternate import FeedLink, feed_links, page_links
from feedbot.source.data import data_items
from feedbot.source.page import Page, parse_page
from feedbot.source.pagekind import PageKind, recognise


@dataclass(frozen=True, slots=True)
class Found:
    """What a body has to offer.

    listing:   the list in the body itself, None where there is none; `problem` says why
    extractor: how that list was found, None where the configuration says how to read it
    feeds:     those that the page names, the likeliest first
    links:     every named link of the page: what a feed is checked against where there are no rows
    sitemaps:  those that an index of sitemaps names, the likeliest first: the list is in them
    scripted:  a script fills the page, so that there is nothing to check a feed against
    """

    listing: Listing | None = None
    extractor: Extractor | None = None
    problem: ParseError | None = None
    feeds: tuple[FeedLink, ...] = ()
    links: tuple[Item, ...] = ()
    sitemaps: tuple[str, ...] = ()
    scripted: bool = False


def find(text: str, source: Source, url: str) -> Found:
    """Look for the list of a decoded page fetched from `url`. Raises ParseError: it is no HTML."""
    page = parse_page(text, url)
    feeds, links = feed_links(page, url), page_links(page)
    items = data_items(page, url=url, zone=source.timezone)
    kind = recognise(page, rows=len(items))
    if kind is not None:
        scripted = kind is PageKind.SCRIPT
        problem = ParseError(_about(page, kind))
        return Found(problem=problem, feeds=feeds, links=links, scripted=scripted)
    if not items:
        problem = NoRuleError(
            f"nothing says where its rows are: add [sources.listing] to the source {source.name!r}"
        )
        return Found(problem=problem, feeds=feeds, links=links)
    extractor = Extractor(Take.DATA, why=(f"data in the page lists {len(items)} of its items",))
    return Found(_listing(items, page), extractor, feeds=feeds, links=links)


def find_again(text: str, extractor: Extractor, source: Source, url: str) -> Listing | None:
    """The list where it was found before, None where it is there no more.

    Raises ParseError where the page is no HTML, or is no list at all (a log-in page, …).
    """
    page = parse_page(text, url)
    if extractor.take is not Take.DATA:
        return None
    items = data_items(page, url=url, zone=source.timezone)
    kind = recognise(page, rows=len(items))
    if kind is not None:
        raise ParseError(_about(page, kind))
    return _listing(items, page) if items else None


def _listing(items: tuple[Item, ...], page: Page) -> Listing:
    return Listing(items, SourceKind.HTML, page.title, page.language)


def _about(page: Page, kind: str) -> str:
    return f"no list on the page {page.title!r}: {kind}" if page.title else f"no list: {kind}"
