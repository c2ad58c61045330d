"""Sitemaps (sitemaps.org, protocol 0.9), news sitemaps, and indexes of sitemaps.

A sitemap has no titles but those of news; the words of an address stand for them. Pages that others
lie below (`/news/` above `/news/1`) are sections, and no items: their dates move with every news.

The XML is read without entities, document types or network. gzip is undone to a bounded size.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

from lxml import etree

from feedbot.errors import ParseError
from feedbot.model import Item, Listing, PageDate, SourceKind
from feedbot.source.bounds import refuse_many_tags
from feedbot.source.dates import understand
from feedbot.source.feed import without_doctype
from feedbot.source.page import Element, absolute
from feedbot.source.text import decode
from feedbot.source.tidy import one_line

MOST = 2_000  # items; the newest are taken
_LARGEST = 24_000_000  # bytes of a sitemap undone; the protocol allows twice that
_SEGMENT = 300  # characters of an address that make a title
_GZIP = b"\x1f\x8b"
_ROOT = re.compile(r"<(?:[\w.-]{1,40}:)?(?:urlset|sitemapindex)[\s>]")
_SECTION = 3  # pages below one that make it a section
_EXTENSION = re.compile(r"\.(?:html?|php|aspx?|jsp|xhtml|pdf)$", re.I)
_NUMBERS = re.compile(r"^[\d\W_]+|[\W_]+(?:[a-f\d]*\d[a-f\d]{5,}|\d{4,})$", re.I)
_BREAKS = re.compile(r"[\W_]+")
#: What an index calls the sitemaps of things that are no news, and those of news.
_NO_NEWS = re.compile(
    r"categor|tag|author|image|video|page-|pages|static|product|taxonom|user", re.I
)
_NEWS = re.compile(r"news|post|article|press|blog|release|event|notice|нов", re.I)
_DIGITS = re.compile(r"\d{1,18}")


@dataclass(frozen=True, slots=True)
class Child:
    """A sitemap that an index names, and when it was last changed."""

    url: str
    modified: PageDate = None


@dataclass(frozen=True, slots=True)
class Sitemap:
    """A sitemap as read: either `items`, or the `children` of an index, the newest first."""

    items: tuple[Item, ...] = ()
    children: tuple[Child, ...] = ()


def looks_like_sitemap(body: bytes) -> bool:
    """Whether a body is a sitemap, told by its first few hundred bytes."""
    return _ROOT.search(decode(body[:2_000], "application/xml")) is not None


def read_sitemap(body: bytes, content_type: str | None, *, url: str, zone: ZoneInfo) -> Sitemap:
    """Read a sitemap or an index fetched from `url`. Raises ParseError where it is neither."""
    text = decode(_undone(body), content_type).lstrip("\ufeff \t\r\n\0")
    if not _ROOT.search(text[:2_000]):
        shown = one_line(text[:60])[:40]
        raise ParseError(f"not a sitemap: <urlset> or <sitemapindex> was looked for, not {shown!r}")
    root = _parsed(without_doctype(text))
    if root.tag.rpartition("}")[2].rpartition(":")[2] == "sitemapindex":
        children = [_child(element, url, zone) for element in root]
        return Sitemap(children=tuple(_by_promise(child for child in children if child)))
    found = (_item(element, url, zone) for element in root)
    return Sitemap(items=tuple(item for item in found if item is not None))


def listing_of(items: Iterable[Item]) -> Listing:
    """The items of a site's sitemaps as one list: the newest first, without its sections."""
    once = {item.link: item for item in items}
    kept = _without_sections(list(once.values()))
    ordered = sorted(kept, key=lambda item: _moment(item.date), reverse=True)
    warnings = []
    if len(ordered) > MOST:
        warnings.append(f"{len(ordered)} pages in the sitemap: the newest {MOST} are taken")
    return Listing(tuple(ordered[:MOST]), SourceKind.SITEMAP, warnings=tuple(warnings))


def _undone(body: bytes) -> bytes:
    """A body without its gzip (RFC 1952), as `sitemap.xml.gz` has it. Raises ParseError."""
    if not body.startswith(_GZIP):
        return body
    unpack = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        plain = unpack.decompress(body, _LARGEST)
    except zlib.error as error:
        raise ParseError(f"not a sitemap: its gzip is broken: {error}") from error
    if unpack.unconsumed_tail:
        raise ParseError(f"the sitemap is larger than {_LARGEST // 1_000_000} MB undone")
    return plain


def _parsed(text: str) -> Element:
    refuse_many_tags(text)
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, recover=True, remove_comments=True,
        remove_pis=True,
    )  # fmt: skip
    try:
        root = etree.fromstring(text.encode("utf-8", "ignore"), parser)
    except (etree.LxmlError, ValueError) as error:
        raise ParseError(f"not a sitemap: {error}") from error
    if root is None:
        raise ParseError("not a sitemap: its XML is broken")
    return root


def _texts(element: Element) -> dict[str, str]:
    """The text of each element inside, by its name without namespace; the first of each counts."""
    found: dict[str, str] = {}
    for inner in element.iter():
        if isinstance(inner.tag, str) and inner.text and inner.text.strip():
            found.setdefault(_name(inner), one_line(inner.text))
    return found


def _name(element: Element) -> str:
    """`loc`, `news:title`: whatever prefix the file itself has for the vocabulary."""
    space, _, name = element.tag.rpartition("}")
    vocabulary = space.rpartition("/")[0].rpartition("-")[2]
    return f"{vocabulary}:{name}" if vocabulary in ("news", "image", "video") else name


def _child(element: Element, url: str, zone: ZoneInfo) -> Child | None:
    texts = _texts(element)
    link = absolute(texts.get("loc"), url)
    return Child(link, _date(texts.get("lastmod"), zone)) if link else None


def _item(element: Element, url: str, zone: ZoneInfo) -> Item | None:
    texts = _texts(element)
    link = absolute(texts.get("loc"), url)
    if link is None:
        return None
    stated = texts.get("news:publication_date") or texts.get("lastmod")
    return Item(
        title=texts.get("news:title") or title_of_address(link),
        link=link,
        date=_date(stated, zone),
        image=absolute(texts.get("image:loc"), url),
    )


def _date(text: str | None, zone: ZoneInfo) -> PageDate:
    """W3C date and time, as the protocol has it."""
    return understand(text, language="en", zone=zone) if text else None


def title_of_address(link: str) -> str:
    """Words for a page of which only the address is known: `/news/42-a-visit.html` is "A visit"."""
    parts = urlsplit(link)
    segments = [segment for segment in unquote(parts.path).split("/") if segment]
    for segment in reversed(segments):
        bare = _NUMBERS.sub("", _EXTENSION.sub("", segment[-_SEGMENT:]))
        said = one_line(_BREAKS.sub(" ", bare)).strip()
        if sum(map(str.isalpha, said)) >= 3:
            return said[:1].upper() + said[1:]
    return link


def _by_promise(children: Iterable[Child]) -> list[Child]:
    """The likeliest to hold what is new first: news before tags, by date, by number."""

    def promise(child: Child) -> tuple[int, datetime, list[int]]:
        path = urlsplit(child.url).path
        rank = int(bool(_NEWS.search(path))) - int(bool(_NO_NEWS.search(path)))
        return rank, _moment(child.modified), [int(digits) for digits in _DIGITS.findall(path)]

    return sorted(children, key=promise, reverse=True)


def _moment(when: PageDate) -> datetime:
    """For comparing: a day alone is its end, so that it is not older than its own hours."""
    if isinstance(when, datetime):
        return when.astimezone(UTC)
    if isinstance(when, date):
        return datetime.combine(when, time.max, UTC)
    return datetime.min.replace(tzinfo=UTC)


def _without_sections(items: Sequence[Item]) -> list[Item]:
    """The items without the pages that several others lie below, the site's first one too."""
    above: Counter[str] = Counter()
    for item in items:
        folders = _folder(item.link).split("/")
        above.update("/".join(folders[:end]) for end in range(1, len(folders)))
    return [item for item in items if above[_folder(item.link)] < _SECTION]


def _folder(link: str) -> str:
    parts = urlsplit(link)
    return f"{parts.netloc}{parts.path}".rstrip("/") + (f"?{parts.query}" if parts.query else "")
