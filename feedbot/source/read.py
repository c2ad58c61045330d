"""A fetched body to a listing, as the source says it is to be read."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from feedbot.errors import NoRuleError, ParseError
from feedbot.model import Extractor, Listing, Source, SourceKind, Take
from feedbot.source.auto import Found, find, find_again
from feedbot.source.endpoint.rows import find_json
from feedbot.source.feed import looks_like_feed, read_feed
from feedbot.source.fit import NO_PAST, NOTHING_KNOWN, Past, dated
from feedbot.source.listing import read_listing
from feedbot.source.sitemap import listing_of, looks_like_sitemap, read_sitemap
from feedbot.source.text import decode

_NO_PAGES = ("image/", "audio/", "video/", "font/", "application/pdf", "application/zip")
_SIGNATURES = (
    (b"%PDF-", "a PDF"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"GIF8", "an image"),
    (b"PK\x03\x04", "a ZIP file"),
    (b"\x1f\x8b", "gzip data"),
)


def read(
    body: bytes,
    content_type: str | None,
    source: Source,
    url: str,
    *,
    now: datetime | None = None,
) -> Listing:
    """Read what was fetched for `source` from `url` (after redirects), and fetch nothing more.

    now: the moment of the fetch (aware), for dates without their year and those counted from it

    Raises ParseError where no sound listing is in it, and nothing else.
    """
    found = look(body, content_type, source, url, now=now)
    if found.sitemaps:
        raise ParseError("this is an index of sitemaps, and the list is in those that it names")
    if found.listing is None:
        raise found.problem or ParseError("no list in it")
    return found.listing


def look(
    body: bytes,
    content_type: str | None,
    source: Source,
    url: str,
    known: Extractor | None = None,
    now: datetime | None = None,
    past: Past = NO_PAST,
) -> Found:
    """What there is in a body fetched for `source` from `url` (after redirects).

    known: how the source was read before; where that still fits, nothing else is looked for
    now:   the moment of the fetch, see `read`
    past:  what its list showed then

    Raises ParseError where the body is neither a page nor a feed, or not what it has to be.
    """
    if not body.strip():
        raise ParseError("the body is empty")
    if source.kind is SourceKind.SITEMAP:
        return _sitemap(body, content_type, source, url)
    _refuse_binary(body, content_type)
    kind: SourceKind = source.kind
    if known is not None and known.take is Take.FEED:
        kind = SourceKind.FEED
    elif kind is SourceKind.AUTO:
        kind = _kind(body, content_type, source)
    if kind is SourceKind.FEED:
        return Found(
            read_feed(body, content_type, url=url, zone=source.timezone, most=source.max_rows)
        )
    if kind is SourceKind.SITEMAP:
        return _sitemap(body, content_type, source, url)
    text = decode(body, content_type)
    if kind is SourceKind.JSON:
        return find_json(text, source, url, known.rule if known else None)
    return _page(text, source, url, known, now, past)


def _kind(body: bytes, content_type: str | None, source: Source) -> SourceKind:
    """What a body is, by its first few thousand bytes; selectors are of a page."""
    if looks_like_feed(body, content_type):
        return SourceKind.FEED
    if source.listing is not None:
        return SourceKind.HTML
    if looks_like_sitemap(body):
        return SourceKind.SITEMAP
    return SourceKind.JSON if _looks_like_json(body) else SourceKind.HTML


def _looks_like_json(body: bytes) -> bool:
    start = body[:64].lstrip(b"\xef\xbb\xbf \t\r\n")
    return start.startswith((b'{"', b"{\n", b"{\r", b"{ ", b"[{", b"[\n", b"[\r", b"[ "))


def _sitemap(body: bytes, content_type: str | None, source: Source, url: str) -> Found:
    found = read_sitemap(body, content_type, url=url, zone=source.timezone)
    if found.children:
        return Found(sitemaps=tuple(child.url for child in found.children))
    return Found(listing_of(found.items))


def _page(
    text: str,
    source: Source,
    url: str,
    known: Extractor | None,
    now: datetime | None,
    past: Past,
) -> Found:
    if source.listing is not None:
        listing = read_listing(
            text,
            source.listing,
            url=url,
            zone=source.timezone,
            language=source.language,
            now=now,
            most=source.max_rows,
        )
        return Found(listing)
    if known is None:  # nothing was read that another list could be mistaken for
        return replace(find(text, source, url, now, past), doubt=None)
    again = find_again(text, known, source, url, now)
    misfit = past.misfit(again.items, url) if again is not None else None
    if again is not None and misfit is None:
        return Found(again, known)
    found = find(text, source, url, now, past)
    if again is not None and _is_still_it(again, misfit, found, past, url):
        return Found(again, known)
    return found


def _is_still_it(again: Listing, misfit: str | None, found: Found, past: Past, url: str) -> bool:
    """Whether a list that is not what it was, read as before, is the right one all the same."""
    carried = past.carried(again.items, url, relaid=True)
    if found.listing is not None and found.doubt is None:  # it may merely have become short
        others = found.listing.items
        best = past.carried(others, url, relaid=True)
        short = len(again.items) <= len(others) and dated(again.items) >= dated(others)
        return carried >= best and short
    if carried:
        return True
    is_page = found.listing is not None or isinstance(found.problem, NoRuleError)
    return is_page and misfit == NOTHING_KNOWN and past.follows(again.items)


def _refuse_binary(body: bytes, content_type: str | None) -> None:
    """Raise ParseError for what is neither page nor feed by its first bytes, or by its type."""
    for signature, name in _SIGNATURES:
        if body.startswith(signature):
            raise ParseError(f"neither a page nor a feed: this is {name}")
    kind = (content_type or "").partition(";")[0].strip().lower()
    if kind.startswith(_NO_PAGES) and b"<" not in body[:1_024]:
        raise ParseError(f"neither a page nor a feed: its type is {kind}")
