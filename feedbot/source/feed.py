"""RSS 0.9x, 1.0 and 2.0, Atom and JSON Feed.

XML feeds are read by feedparser. Beside it fastfeedparser was tried on the samples of
`tests/test_source_feed.py`: it is fifty times faster, but leaves relative links and `xml:base`
unresolved, takes an enclosure that comes first for the entry's link, turns a date alone into
midnight UTC, loses RSS 0.90 and text around a stray `&`. A feed is parsed only when its body has
changed, so being right is worth the 16 ms.

feedparser is handed a stream, so it opens no file and no URL. A document type declaration is cut
out before it sees the text: no entity is expanded, no DTD looked for; one that defines entities is
refused. JSON Feed (version 1 and 1.1) is plain JSON, read as its specification says.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

from feedbot.errors import ParseError
from feedbot.model import MAX_ROWS, Item, Listing, PageDate, SourceKind
from feedbot.source import pictures
from feedbot.source.bounds import MAX_TEXT, first_entries, refuse_many_values
from feedbot.source.dates import understand
from feedbot.source.most import too_many
from feedbot.source.naming import own_address
from feedbot.source.page import absolute, parse_page, text_of
from feedbot.source.rhythm import rhythm_of
from feedbot.source.sanitise import XML_FORBIDS, sanitised
from feedbot.source.teaser import is_whole
from feedbot.source.text import decode
from feedbot.source.tidy import one_line, repeats, shorten

_HEAD = 4_096  # characters in which a feed shows what it is
_BEFORE_ROOT = {"<?": "?>", "<!--": "-->"}
_ROOT = re.compile(r"<(?:[\w.-]{1,40}:)?(rss|feed|rdf)[\s/>]", re.I)
_HTML_ROOT = re.compile(r"<(?:!doctype\s{1,9}html|html)[\s>]", re.I)
_DOCTYPE = re.compile(r"<!doctype\s", re.I)
_JSON_FEED = re.compile(
    r'"version"\s{0,9}:\s{0,9}"https?:\\?/\\?/(?:www\.)?jsonfeed\.org\\?/version'
)
_FEED_TYPES = (
    "application/rss+xml",
    "application/atom+xml",
    "application/feed+json",
    "application/rdf+xml",
)
_UNCLOSED = 2_000
_TITLE_LENGTH = 300  # of a title made from an entry's text
_MARKUP = re.compile(r"<[A-Za-z!/]|&(?:#\w{1,8}|[A-Za-z]\w{1,30});")


def looks_like_feed(body: bytes, content_type: str | None) -> bool:
    """Whether a body is a feed, told cheaply by its type and its first few thousand bytes."""
    kind = (content_type or "").partition(";")[0].strip().lower()
    head = decode(body[:_HEAD], content_type)
    return (
        _is_json_feed(head)
        or _is_xml_feed(head)
        or (kind in _FEED_TYPES and not _HTML_ROOT.search(head))
    )


def _is_xml_feed(head: str) -> bool:
    """Whether the first element is a feed's."""
    root = _ROOT.search(head)
    html = _HTML_ROOT.search(head)
    return root is not None and (html is None or root.start() < html.start())


def _is_json_feed(head: str) -> bool:
    return head.lstrip("\ufeff \t\r\n").startswith("{") and _JSON_FEED.search(head) is not None


def read_feed(
    body: bytes, content_type: str | None, *, url: str, zone: ZoneInfo, most: int = MAX_ROWS
) -> Listing:
    """Read a feed fetched from `url`; links in it become absolute.

    zone: of times that name none
    most: how many entries are read

    A valid feed without entries is a sound listing with no items. Raises ParseError where it is no
    feed, and nothing else.
    """
    text = decode(body, content_type).lstrip("\ufeff \t\r\n\0")
    if not text:
        raise ParseError("the feed is empty")
    if text.startswith("{"):
        return _read_json(text, url, zone, most)
    if not _is_xml_feed(text[:_HEAD]):
        what = (
            "an HTML page" if _HTML_ROOT.search(text[:_HEAD]) else f"{one_line(text[:60])[:40]!r}"
        )
        raise ParseError(f"not a feed: RSS, Atom or JSON Feed was looked for, this is {what}")
    return _read_xml(without_doctype(text), url, zone, most)


def _listing(
    entries: list[Any],
    read: Any,
    title: str | None,
    language: str | None,
    most: int,
    number: int,
) -> Listing:
    """Read each entry, the first `most` of `number`; one bad entry never loses the rest."""
    items: list[Item] = []
    warnings = too_many(number, most)
    entries = entries[:most]
    for number, entry in enumerate(entries, start=1):
        try:
            item = read(entry)
        except Exception as error:  # whatever is wrong with one entry, the others stand
            warnings.append(f"entry {number}: left out: {type(error).__name__}: {error}")
            continue
        if item is None:
            warnings.append(f"entry {number}: left out: it has neither title, text nor link")
        else:
            items.append(item)
    return Listing(tuple(items), SourceKind.FEED, title, language, tuple(warnings[:20]))


def _item(
    *,
    url: str,
    title: str,
    link: str | None,
    guid: str | None,
    date: PageDate,
    summary: str,
    content: str | None,
    own_content: bool,
    author: str | None,
    images: Sequence[str],
    categories: Iterable[str],
) -> Item | None:
    """An item from cleaned parts, None where nothing names it.

    own_content: `content` stands where a feed has whole texts
    """
    full = one_line(summary)
    text = _html_text(content, url) if content else ""
    whole = is_whole(text, summary, own=own_content, titled=bool(title))
    title = title or shorten(full, _TITLE_LENGTH) or link or ""
    if not title:
        return None
    return Item(
        title=title,
        link=link or own_address(guid, title, date, url),
        own_link=link is not None,
        guid=guid,
        date=date,
        summary="" if repeats(summary, title) else summary,
        content=content or None,
        whole=whole,
        author=author or None,
        image=next(iter(images), None),
        more_images=tuple(images[1:]),
        categories=tuple(dict.fromkeys(name for name in map(one_line, categories) if name)),
    )


# --- RSS and Atom --------------------------------------------------------------------------------


def without_doctype(text: str) -> str:
    """The text from its root element on; a parser might follow or expand a type declaration.

    Only what may stand before the root is passed over (XML 1.0, production 22), so that a comment
    cannot hide the declaration.
    """
    start = 0
    while True:
        start += len(text[start : start + _HEAD]) - len(text[start : start + _HEAD].lstrip())
        opening = next((mark for mark in _BEFORE_ROOT if text.startswith(mark, start)), None)
        if opening is None:
            break
        closing = _BEFORE_ROOT[opening]
        end = text.find(closing, start + len(opening))
        if end < 0:
            return text[start:]
        start = end + len(closing)
    declared = _DOCTYPE.match(text, start)
    if declared is None:
        return text[start:]
    end = text.find(">", start)
    if "[" in text[start:end] or end < 0:
        raise ParseError("the feed defines entities of its own (<!DOCTYPE … [), which is refused")
    return text[end + 1 :]


def _never_closed(text: str) -> int:
    """About how many elements are opened and not closed; CDATA sections are passed over.

    feedparser takes seconds to minutes over deeply nested rubbish, so it does not get to see it.
    """
    surplus = start = 0
    while start >= 0:
        section = text.find("<![CDATA[", start)
        end = len(text) if section < 0 else section
        closed = text.count("</", start, end)
        surplus += text.count("<", start, end) - 2 * closed
        surplus -= text.count("/>", start, end) + text.count("<!--", start, end)
        start = text.find("]]>", section) if section >= 0 else -1
    return surplus


def _read_xml(text: str, url: str, zone: ZoneInfo, most: int) -> Listing:
    """RSS or Atom, by feedparser."""
    if _never_closed(text) > _UNCLOSED:
        raise ParseError("not a feed: its XML is broken, thousands of elements are never closed")
    import feedparser  # takes as long to load as a page to read

    root = _ROOT.search(text)
    prefix = root[0][1 : root.start(1) - root.start()] if root else ""
    entries = first_entries(text, prefix, most)
    data = XML_FORBIDS.sub("", entries.text).encode("utf-8")
    try:
        parsed = feedparser.parse(
            io.BytesIO(data),
            response_headers={
                "content-location": url,
                "content-type": "application/xml; charset=utf-8",
            },
            # Takes twenty times a text's memory; we make links absolute by the feed's URL anyway.
            resolve_relative_uris=entries.longest <= MAX_TEXT,
            sanitize_html=False,  # nh3 does that, after the links are absolute
        )
    except Exception as error:  # it parses with regular expressions where the XML is broken
        raise ParseError(f"not a feed: {type(error).__name__}: {error}") from error
    if not parsed.version and not parsed.entries:
        raise ParseError("not a feed: RSS, Atom or JSON Feed was looked for")
    listing = _listing(
        parsed.entries,
        lambda entry: _entry(entry, url, zone),
        _as_text(parsed.feed.get("title"), parsed.feed.get("title_detail"), url) or None,
        one_line(parsed.feed.get("language") or "") or None,
        most,
        max(entries.number, len(parsed.entries)),
    )
    return replace(listing, rhythm=rhythm_of(text))


def _entry(entry: dict[str, Any], url: str, zone: ZoneInfo) -> Item | None:
    """One RSS item or Atom entry."""
    bodies = entry.get("content") or []
    raw_content = (bodies[0].get("value") or "") if bodies else ""
    content = _sanitised(raw_content, bodies[0].get("type"), url) if bodies else ""
    raw_summary = entry.get("summary") or ""
    detail = entry.get("summary_detail") or {}
    return _item(
        url=url,
        title=one_line(_as_text(entry.get("title"), entry.get("title_detail"), url)),
        link=absolute(_link(entry), url),
        guid=one_line(entry.get("id") or "") or None,
        # feedparser's own `get` gives `published` for a missing `updated`, with a warning.
        date=_date((dict.get(entry, key) for key in ("published", "updated", "created")), zone),
        summary=_as_text(raw_summary, detail, url),
        content=content
        or (_sanitised(raw_summary, detail.get("type"), url) if raw_summary else None),
        own_content=bool(content),
        author=one_line(entry.get("author") or ""),
        images=pictures.of_entry(entry, raw_content or raw_summary, url),
        categories=(tag.get("label") or tag.get("term") or "" for tag in entry.get("tags") or ()),
    )


def _link(entry: Mapping[str, Any]) -> str | None:
    """The entry's page: its alternate link, not an enclosure; a permalink guid serves as one."""
    for link in entry.get("links") or ():
        if link.get("rel", "alternate") == "alternate" and link.get("href"):
            return str(link["href"])
    stated = entry.get("link")
    return str(stated) if stated else None


def _date(stated: Iterable[str | None], zone: ZoneInfo) -> PageDate:
    """The first date that can be read; a feed's dates are never completed either."""
    for text in stated:
        date = understand(text, language="en", zone=zone) if text else None
        if date is not None:
            return date
    return None


# --- text and HTML -------------------------------------------------------------------------------


def _as_text(value: str | None, detail: Mapping[str, Any] | None, url: str) -> str:
    """Plain text of a field; its markup goes unless the feed says that it is plain text."""
    if not value:
        return ""
    kind = (detail or {}).get("type")
    if kind == "text/plain" or not _MARKUP.search(value):
        return "\n\n".join(
            paragraph for paragraph in map(one_line, re.split(r"\n\s*\n", value)) if paragraph
        )
    return _html_text(value, url)


def _html_text(html: str, url: str) -> str:
    """The text of an HTML fragment, paragraphs separated by a blank line."""
    return text_of(parse_page(f"<body>{html[:MAX_TEXT]}</body>", url).root)


def _sanitised(html: str, kind: str | None, url: str) -> str:
    """Safe HTML with absolute links; plain text is escaped."""
    if kind == "text/plain":
        return escape(one_line(html), quote=False)
    return sanitised(html, url)


# --- JSON Feed -----------------------------------------------------------------------------------


def _read_json(text: str, url: str, zone: ZoneInfo, most: int) -> Listing:
    """JSON Feed 1 or 1.1 (jsonfeed.org/version/1.1)."""
    refuse_many_values(text)
    try:
        feed = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ParseError(f"not a feed: the JSON is broken: {error}") from error
    version = feed.get("version")
    if not isinstance(version, str) or "jsonfeed.org/version" not in version:
        raise ParseError("not a feed: this is JSON, but no JSON Feed (it has no `version` of one)")
    items = feed.get("items")
    if not isinstance(items, list):
        raise ParseError("not a feed: a JSON Feed must have a list of `items`")
    return _listing(
        items,
        lambda item: _json_item(item, feed, url, zone),
        one_line(_string(feed.get("title"))) or None,
        one_line(_string(feed.get("language"))) or None,
        most,
        len(items),
    )


def _json_item(
    item: Mapping[str, Any], feed: Mapping[str, Any], url: str, zone: ZoneInfo
) -> Item | None:
    """One item of a JSON Feed. Its `id` may be a number, which the specification forgives."""
    html, plain = _string(item.get("content_html")), _string(item.get("content_text"))
    summary = _string(item.get("summary"))
    identity = item.get("id")
    tags = item.get("tags")
    return _item(
        url=url,
        title=one_line(_string(item.get("title"))),
        link=absolute(_string(item.get("url")) or _string(item.get("external_url")), url),
        guid=one_line(str(identity)) if isinstance(identity, str | int | float) else None,
        date=_date((_string(item.get("date_published")), _string(item.get("date_modified"))), zone),
        summary=_as_text(summary or plain, {"type": "text/plain"}, url)
        or (_html_text(html, url) if html else ""),
        content=_sanitised(html or plain, None if html else "text/plain", url) or None,
        own_content=True,
        author=_json_author(item) or _json_author(feed),
        images=pictures.of_json(item, html, url),
        categories=map(_string, tags) if isinstance(tags, list) else (),
    )


def _json_author(thing: Mapping[str, Any]) -> str:
    """The first author's name; version 1 has one `author`."""
    authors = thing.get("authors")
    first = authors[0] if isinstance(authors, list) and authors else thing.get("author")
    return one_line(_string(first.get("name"))) if isinstance(first, dict) else ""


def _string(value: Any) -> str:
    """A JSON value where a string belongs; anything else is none."""
    return value if isinstance(value, str) else ""
