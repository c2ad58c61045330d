"""A fetched body to a listing, as the source says it is to be read."""

from __future__ import annotations

from feedbot.errors import NoRuleError, ParseError
from feedbot.model import Listing, Source, SourceKind
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
    """Read what was fetched for `source` from `url` (after redirects).

    Raises ParseError where no sound listing is in it, and nothing else.
    """
    if not body.strip():
        raise ParseError("the body is empty")
    _refuse_binary(body, content_type)
    if source.kind is SourceKind.FEED or (
        source.kind is SourceKind.AUTO and looks_like_feed(body, content_type)
    ):
        return read_feed(body, content_type, url=url, zone=source.timezone)
    if source.listing is None:
        raise NoRuleError(
            f"no feed, and nothing says where its rows are: add [sources.listing] to"
            f" the source {source.name!r}"
        )
    return read_listing(
        decode(body, content_type),
        source.listing,
        url=url,
        zone=source.timezone,
        language=source.language,
    )


def _refuse_binary(body: bytes, content_type: str | None) -> None:
    """Raise ParseError for what is neither page nor feed by its first bytes, or by its type."""
    for signature, name in _SIGNATURES:
        if body.startswith(signature):
            raise ParseError(f"neither a page nor a feed: this is {name}")
    kind = (content_type or "").partition(";")[0].strip().lower()
    if kind.startswith(_NO_PAGES) and b"<" not in body[:1_024]:
        raise ParseError(f"neither a page nor a feed: its type is {kind}")
