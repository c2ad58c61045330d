"""One page of a list that goes on over many: its rows, and where the older ones are.

A page further back is read as the first one was. Where that finds nothing ("all messages" looks
otherwise than the front page), its list is found anew, and whoever asked has to make sure that it
is the same one: by rows that are known.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from feedbot.errors import ParseError
from feedbot.model import Extractor, Listing, Source, SourceKind, Take, day_of
from feedbot.source.feed import looks_like_feed, read_feed
from feedbot.source.feedlinks import older_documents
from feedbot.source.page import parse_page
from feedbot.source.pager import Kind, onward
from feedbot.source.read import look
from feedbot.source.text import decode


@dataclass(frozen=True, slots=True)
class Way:
    """A link that leads on. `proof`: what it leads to has to show rows that are known."""

    url: str
    proof: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """What one page shows of a list.

    extractor: how it was read, None: as configured
    found:     it was not read as before, but found anew
    onward:    where the older rows are, the likeliest first
    """

    listing: Listing
    extractor: Extractor | None
    found: bool
    onward: tuple[Way, ...]


def read_part(
    body: bytes,
    content_type: str | None,
    source: Source,
    url: str,
    known: Extractor | None,
    now: datetime,
) -> Part:
    """Read what was fetched for `source` from `url` (after redirects).

    known: how the pages before it were read

    Raises ParseError where there is no list in it.
    """
    if source.kind in (SourceKind.AUTO, SourceKind.FEED) and looks_like_feed(body, content_type):
        listing = read_feed(body, content_type, url=url, zone=source.timezone)
        ways = tuple(Way(one) for one in older_documents(decode(body, content_type), url))
        return Part(listing, known, False, ways)
    if source.kind in (SourceKind.JSON, SourceKind.SITEMAP, SourceKind.FEED):
        raise ParseError("older items are looked for in pages and feeds alone")
    if known is not None and known.take is Take.FEED:
        known = None
    listing, extractor, is_found = _listing(body, content_type, source, url, known, now)
    return Part(listing, extractor, is_found, ways_on(body, content_type, listing, url))


def _listing(
    body: bytes,
    content_type: str | None,
    source: Source,
    url: str,
    known: Extractor | None,
    now: datetime,
) -> tuple[Listing, Extractor | None, bool]:
    """The list, how it was found, and whether it was found anew. Raises ParseError."""
    if source.listing is not None:
        try:
            found = look(body, content_type, source, url, None, now)
            if found.listing is not None:
                return found.listing, known, False
        except ParseError:  # the operator's selectors are those of the first page
            pass
    free = replace(source, listing=None, kind=SourceKind.HTML)
    found = look(body, content_type, free, url, known, now)
    if found.listing is None:
        raise found.problem or ParseError("there is no list in it")
    return found.listing, found.extractor, found.extractor != known


def ways_on(body: bytes, content_type: str | None, listing: Listing, url: str) -> tuple[Way, ...]:
    """Where the rows are that are older than those a page or feed shows; none in anything else."""
    if listing.kind is SourceKind.FEED:
        return tuple(Way(one) for one in older_documents(decode(body, content_type), url))
    if listing.kind is not SourceKind.HTML:
        return ()
    page = parse_page(decode(body, content_type), url)
    links = [item.link for item in listing.items if item.own_link]
    days = [day for item in listing.items if (day := day_of(item.date)) is not None]
    return tuple(Way(one.url, one.kind is Kind.ALL) for one in onward(page, url, links, days))
