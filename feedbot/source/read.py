"""A fetched body to a listing, as the source says it is to be read."""

from __future__ import annotations

from feedbot.errors import ParseError
from feedbot.model import Extractor, Listing, Source, SourceKind, Take
from feedbot.source.auto import Found, find, find_again
from feedbot.source.feed import looks_like_feed, read_feed
from feedbot.source.listing import read_listing
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


def read(body: bytes, content_type: str | None, source: Source, url: str) -> Listing:
    """Read what was fetched for `source` from `url` (after redirects), and fetch nothing more.

    Raises ParseError where no sound listing is in it, and nothing else.
    """
    found = look(body, content_type, source, url)
    if found.listing is None:
        raise found.problem or ParseError("no list in it")
    return found.listing


def look(
    body: bytes,
    content_type: str | None,
    source: Source,
    url: str,
    known: Extractor | None = None,
) -> Found:
    """What there is in a body fetched for `source` from `url` (after redirects).

    known: how the source was read before; where that still fits, nothing else is looked for

    Raises ParseError where the body is neither a page nor a feed, or not what it has to be.
    """
    if not body.strip():
        raise ParseError("the body is empty")
    _refuse_binary(body, content_type)
    if (
        source.kind is SourceKind.FEED
        or (known is not None and known.take is Take.FEED)
        or (source.kind is SourceKind.AUTO and looks_like_feed(body, content_type))
    ):
        return Found(read_feed(body, content_type, url=url, zone=source.timezone))
    text = decode(body, content_type)
    if source.listing is not None:
        listing = read_listing(
            text, source.listing, url=url, zone=source.timezone, language=source.language
        )
        return Found(listing)
    if known is not None:
        again = find_again(text, known, source, url)
        if again is not None:
            return Found(again, known)
    return find(text, source, url)


def _refuse_binary(body: bytes, content_type: str | None) -> None:
    """Raise ParseError for what is neither page nor feed by its first bytes, or by its type."""
    for signature, name in _SIGNATURES:
        if body.startswith(signature):
            raise ParseError(f"neither a page nor a feed: this is {name}")
    kind = (content_type or "").partition(";")[0].strip().lower()
    if kind.startswith(_NO_PAGES) and b"<" not in body[:1_024]:
        raise ParseError(f"neither a page nor a feed: its type is {kind}")
