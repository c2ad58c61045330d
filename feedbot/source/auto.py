"""A page of which nobody says where its list is: what there is to take.

page → its kind (a log-in page has no list)
     → data in it (JSON-LD, microdata) that the page shows
     → the lists in its markup
     → the feeds that it names, for the caller to fetch and check against the list

Where it had a list before, the one with known items on it is taken, whatever else looks likelier.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from feedbot.errors import NoRuleError, ParseError
from feedbot.model import Extractor, Item, Listing, ListingRule, Source, SourceKind, Take, day_of
from feedbot.source.alternate import FeedLink, feed_links, page_links
from feedbot.source.data import data_items
from feedbot.source.detect import Detected, detect
from feedbot.source.fit import NO_PAST, Past
from feedbot.source.listing import read_listing, written_in
from feedbot.source.page import Page, parse_page
from feedbot.source.pagekind import PageKind, recognise

_NEARLY = 0.8  # of the most known items that a list on the page carries
_FULLER = 1.5  # times the items of a page's data: then that leaves out too many of its rows


@dataclass(frozen=True, slots=True)
class Found:
    """What a body has to offer.

    listing:   the list in the body itself, None where there is none; `problem` says why
    extractor: how that list was found, None where the configuration says how to read it
    feeds:     those that the page names, the likeliest first
    links:     every named link of the page: what a feed is checked against where there are no rows
    sitemaps:  those that an index of sitemaps names, the likeliest first: the list is in them
    lists:     the lists that the page shows, the likeliest first
    scripted:  a script fills the page, so that there is nothing to check a feed against
    doubt:     why the listing may be another one than was read before
    """

    listing: Listing | None = None
    extractor: Extractor | None = None
    problem: ParseError | None = None
    feeds: tuple[FeedLink, ...] = ()
    links: tuple[Item, ...] = ()
    sitemaps: tuple[str, ...] = ()
    lists: Sequence[Detected] = ()
    scripted: bool = False
    doubt: str | None = None


def find(
    text: str, source: Source, url: str, now: datetime | None = None, past: Past = NO_PAST
) -> Found:
    """Look for the list of a decoded page fetched from `url` at `now` (aware).

    past: what the list showed before

    Raises ParseError: it is no HTML.
    """
    page = parse_page(text, url)
    feeds, links = feed_links(page, url), page_links(page)
    items = data_items(page, url=url, zone=source.timezone)
    language = written_in(page, source.language)
    seen = detect(page, url=url, zone=source.timezone, language=language, now=now, known=bool(past))
    lists = [one for one in seen if one.likely]
    kind = recognise(page, rows=max(len(items), lists[0].rows if lists else 0))
    if kind is not None:
        scripted = kind is PageKind.SCRIPT
        problem = ParseError(_about(page, kind))
        return Found(problem=problem, feeds=feeds, links=links, scripted=scripted)
    offers: list[_Offer] = []
    if items and not (lists and _says_more(lists[0], items, text, source, url, now)):
        why = f"data in the page lists {len(items)} of its items"
        offers.append(_Offer(_listing(items, page), Extractor(Take.DATA, why=(why,))))
    for one in seen:
        listing = _read(text, one.rule, source, url, now) if past or not offers else None
        if listing is not None:
            extractor = Extractor(Take.LISTING, rule=one.rule, why=(one.why,))
            offers.append(_Offer(listing, extractor, one.likely))
    taken, doubt = _proven(offers, url, past) if past else (next(iter(offers), None), None)
    if taken is not None:
        return Found(
            taken.listing, taken.extractor, feeds=feeds, links=links, lists=lists, doubt=doubt
        )
    problem = NoRuleError(
        "nothing on this page is a list of dated or titled links: name a page that has one, its"
        " feed, or its rows in [sources.listing]"
    )
    return Found(problem=problem, feeds=feeds, links=links)


def _says_more(
    listed: Detected,
    items: Sequence[Item],
    text: str,
    source: Source,
    url: str,
    now: datetime | None,
) -> bool:
    """Whether a list on the page has many more rows than its data, or dates, or later ones."""
    if listed.rows > _FULLER * len(items):
        return True
    dated = sum(item.date is not None for item in items)
    if dated * 2 < len(items):
        return listed.dated * 2 > listed.rows
    shown = _read(text, listed.rule, source, url, now)
    return shown is not None and _newest(shown.items) > _newest(items)


def _newest(items: Sequence[Item]) -> date:
    """The last day of items; of none with a date the first there is."""
    return max(filter(None, (day_of(item.date) for item in items)), default=date.min)


@dataclass(frozen=True, slots=True)
class _Offer:
    """A list on a page. `likely`: it looks like one, whatever is known."""

    listing: Listing
    extractor: Extractor
    likely: bool = True


def _proven(offers: Sequence[_Offer], url: str, past: Past) -> tuple[_Offer | None, str | None]:
    """The list with the most known items on it, of nearly as many the likeliest; and any doubt."""
    carried = [past.carried(one.listing.items, url, relaid=True) for one in offers]
    most = max(carried, default=0)
    if not most:
        likely = [one for one in offers if one.likely]
        looked_at = ", ".join(_called(one.extractor) for one in likely)
        doubt = f"its list is not there any more: nothing is known of what is ({looked_at})"
        return (likely[0], doubt) if likely else (None, None)
    best = next(n for n, count in enumerate(carried) if count >= most * _NEARLY)
    taken = offers[best]
    proof = f"{carried[best]} of its {len(taken.listing.items)} items were known before"
    why = (*taken.extractor.why, proof)
    return replace(taken, extractor=replace(taken.extractor, why=why)), None


def _called(extractor: Extractor) -> str:
    return extractor.rule.item if extractor.rule else "data in the page"


def _read(
    text: str, rule: ListingRule, source: Source, url: str, now: datetime | None
) -> Listing | None:
    """A page's rows as a rule finds them, None where it finds none."""
    try:
        return read_listing(
            text,
            rule,
            url=url,
            zone=source.timezone,
            language=source.language,
            now=now,
            most=source.max_rows,
        )
    except ParseError:
        return None


def find_again(
    text: str, extractor: Extractor, source: Source, url: str, now: datetime | None = None
) -> Listing | None:
    """The list where it was found before, None where it is there no more.

    Raises ParseError where the page is no HTML, or is no list at all (a log-in page, …).
    """
    if extractor.take is Take.LISTING and extractor.rule is not None:
        return _read(text, extractor.rule, source, url, now)
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
