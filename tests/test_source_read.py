from __future__ import annotations

import contextlib
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbot.errors import ParseError
from feedbot.model import ListingRule, Source, SourceKind
from feedbot.source.read import read

PAGE = (Path(__file__).parent / "data" / "pages" / "russian-koi8-r.html").read_bytes()
FEED = b"<rss version='2.0'><channel><item><title>One</title><link>/1</link></item></channel></rss>"
URL = "https://example.org/news/"


def source(kind: SourceKind, item: str | None = ".news li") -> Source:
    return Source(
        name="embassy",
        url=URL,
        title="Embassy",
        kind=kind,
        timezone=ZoneInfo("Europe/London"),
        listing=ListingRule(item) if item else None,
    )


def test_each_kind_is_read_as_such() -> None:
    assert read(PAGE, "text/html", source(SourceKind.HTML), URL).kind is SourceKind.HTML
    assert read(PAGE, "text/html", source(SourceKind.AUTO), URL).kind is SourceKind.HTML
    assert read(FEED, "text/html", source(SourceKind.AUTO), URL).kind is SourceKind.FEED
    assert read(FEED, None, source(SourceKind.FEED, None), URL).items[0].link == (
        "https://example.org/1"
    )
    with pytest.raises(ParseError, match="HTML page"):
        read(PAGE, "text/html", source(SourceKind.FEED), URL)


@pytest.mark.parametrize("kind", [SourceKind.HTML, SourceKind.AUTO])
def test_a_page_without_a_list_says_what_to_add(kind: SourceKind) -> None:
    about = b"<html><body><h1>About us</h1><p>We build <a href='/bridges'>bridges</a>.</p></body>"
    with pytest.raises(ParseError, match=r"its rows in \[sources\.listing\]"):
        read(about, "text/html", source(kind, None), URL)


@pytest.mark.parametrize(
    ("body", "content_type", "message"),
    [
        (b"", "text/html", "empty"),
        (b" \r\n", None, "empty"),
        (b"%PDF-1.7 ...<a>", "text/html", "PDF"),
        (b"\x89PNG\r\n\x1a\n<p>", None, "an image"),
        (b"\xff\xd8\xff\xe0", None, "an image"),
        (b"\x1f\x8b\x08", "text/html", "gzip"),
        (b"wOF2....", "font/woff2", "font/woff2"),
        (b'{"status": "ok"}', "application/json", "JSON"),
        (b"Service unavailable", "text/plain", "no markup"),
        (b"<html><title>Log in</title></html>", "text/html", "'Log in'"),
    ],
)
@pytest.mark.parametrize("kind", [SourceKind.HTML, SourceKind.AUTO])
def test_what_is_no_listing_is_named(
    body: bytes, content_type: str | None, message: str, kind: SourceKind
) -> None:
    with pytest.raises(ParseError, match=message):
        read(body, content_type, source(kind), URL)


@settings(deadline=None)
@given(st.binary(), st.sampled_from(SourceKind))
def test_any_body_gives_a_listing_or_a_parse_error(body: bytes, kind: SourceKind) -> None:
    with contextlib.suppress(ParseError):
        assert read(body, None, source(kind, "*"), URL).kind in (SourceKind.HTML, SourceKind.FEED)
