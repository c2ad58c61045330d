"""What a feed holds, whatever it will be written in: one model for Atom, RSS, JSON and pages.

    entries (store) → Article, Tombstone ─┐
    Channel (configuration, store) ───────┼→ Document → atom, rss, jsonfeed, the page of a feed
    Place (where it is served) ───────────┘

All that can go wrong with words happens here, once: characters that XML refuses are taken out,
overlong texts shortened, links that lead nowhere replaced, times given the zone's offset. Nothing
but the arguments goes in: no clock, no locale, no hash order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape, unescape
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from feedbot.model import Entry
from feedbot.render.text import clean, clip, one_line, paragraphs, safe_url

_WEB = frozenset({"http", "https"})
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
#: A title is a line, not an essay; readers choke on more.
MAX_TITLE = 1000
#: XML parsers refuse a text node above 10 MB; a text above this (in characters) is shortened.
MAX_TEXT = 2_000_000
MAX_CATEGORIES = 50
#: Markup that has strayed into plain text: validators and readers would take it for HTML.
_END_TAG = re.compile(r"</\w+>")
_REFERENCE = re.compile(r"&#?\w{1,32};")
#: Letters written from right to left (Hebrew, Arabic, Syriac, Thaana, N'Ko, Adlam and the like).
_RTL = re.compile(
    "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
)
_LETTER = re.compile(r"[^\W\d_]")
_TAG = re.compile(r"<[^<>]*>")
_SAMPLE = 2_000  # characters that show which way a text runs
RIGHT_TO_LEFT_MARK = "\u200f"

#: Media types by the ending of an image's path. A table of ours: the machine's differ.
IMAGE_TYPES: Mapping[str, str] = {
    "avif": "image/avif",
    "gif": "image/gif",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "png": "image/png",
    "svg": "image/svg+xml",
    "webp": "image/webp",
}


@dataclass(frozen=True, slots=True)
class Channel:
    """What a feed says of itself, as configured and stored.

    id:       `tag:` URI, permanent
    url:      the page it was made from (the alternate link), None where there is none
    author:   always needed (RFC 4287, 4.1.1); empty: the title stands in
    timezone: in whose offset times are written
    fallback_updated: the feed's `updated` (aware) while it has no entries
    """

    id: str
    title: str
    url: str | None
    language: str
    author: str
    timezone: ZoneInfo
    fallback_updated: datetime


@dataclass(frozen=True, slots=True)
class Place:
    """Where a document is served and which others belong to it; each name is a path without ending.

    root: the URL all names stand below, None where that is not known: then there are no such links
    prev, next, current: of RFC 5005, section 4; an archive has a `current`, the feed itself none
    archive: whether it is one, complete and never to grow
    hub:     a WebSub hub that is told of changes
    """

    root: str | None = None
    name: str = ""
    prev: str | None = None
    next: str | None = None
    current: str | None = None
    archive: bool = False
    hub: str | None = None

    def url(self, name: str | None, ending: str) -> str | None:
        """The absolute URL of a document, e.g. ("embassy", "atom")."""
        if self.root is None or name is None:
            return None
        return safe_url(f"{self.root}/{name}.{ending}", _WEB)


@dataclass(frozen=True, slots=True)
class Image:
    """A picture; type and length (bytes) where they are known."""

    url: str
    type: str | None = None
    length: int | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """The feed an entry was taken from; `name` as in Place."""

    id: str
    title: str
    url: str | None
    name: str


@dataclass(frozen=True, slots=True)
class Article:
    """An entry as every format shows it.

    summary: HTML, never empty where there is no content
    text:    the summary as plain text, "" where there is none
    content: sanitised HTML of the whole text
    changed: whether it once said something else
    """

    id: str
    title: str
    link: str
    published: datetime
    updated: datetime
    summary: str
    text: str
    content: str | None
    author: str | None
    categories: tuple[str, ...]
    image: Image | None
    origin: Origin | None
    changed: bool = False


@dataclass(frozen=True, slots=True)
class Tombstone:
    """An entry that left, and when (RFC 6721)."""

    id: str
    when: datetime


@dataclass(frozen=True, slots=True)
class Document:
    """A feed, or an archive of one, ready to be written."""

    id: str
    title: str
    link: str | None
    language: str | None
    author: str
    updated: datetime
    articles: tuple[Article, ...]
    tombstones: tuple[Tombstone, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry to be shown, with what a document adds to it.

    note:   HTML that says what has changed, "" where nothing has or nobody asked
    origin: its own feed, in a combined one
    origin_name: the name of that (see Place)
    origin_number: tells sources apart. Each gives its entries seconds of their own; in a combined
            feed this many microseconds keep any two `updated` different, as validators want it
    """

    entry: Entry
    note: str = ""
    origin: Channel | None = None
    origin_name: str = ""
    origin_number: int = 0
    changed: bool = False

    @property
    def updated(self) -> datetime:
        """When the entry was updated, to the second, or as a combined feed says it."""
        return self.entry.updated.replace(microsecond=self.origin_number % 1_000_000)


def make_document(
    channel: Channel,
    shown: Sequence[Shown],
    place: Place,
    tombstones: Sequence[tuple[str, datetime]] = (),
) -> Document:
    """The document, entries in the order given."""
    link = safe_url(channel.url or "", _WEB)
    title = plain_title(channel.title) or plain_title(channel.url or "") or plain_title(channel.id)
    zone = channel.timezone
    stones = tuple(Tombstone(clean(id), moment(_whole(when), zone)) for id, when in tombstones)
    times = [one.updated for one in shown] + [_whole(when) for _, when in tombstones]
    return Document(
        id=clean(channel.id),
        title=title,
        link=link,
        language=_language(channel.language),
        author=plain_title(channel.author) or title,
        updated=moment(
            max(times, default=channel.fallback_updated.replace(microsecond=0)), channel.timezone
        ),
        articles=tuple(_article(one, channel, link) for one in shown),
        tombstones=stones,
        place=place,
    )


def _article(shown: Shown, channel: Channel, page: str | None) -> Article:
    """One entry; its title is the summary where it says no more (RFC 4287, 4.1.1.1)."""
    entry = shown.entry
    link = safe_url(entry.link, _WEB) or page or clean(channel.id)
    title = plain_title(entry.title) or plain_title(link)
    text = paragraphs(clip(entry.summary, MAX_TEXT))
    summary = _paragraphs_html(text)
    content = clean(entry.content or "").strip()
    if len(content) > MAX_TEXT:
        content = ""
    rtl = runs_right_to_left(f"{title} {entry.summary[:_SAMPLE]} {content[:_SAMPLE]}")
    if not summary and not content:
        summary = f"<p>{escape(title)}</p>"
    return Article(
        id=clean(entry.id),
        title=RIGHT_TO_LEFT_MARK + title if rtl and not _begins_right_to_left(title) else title,
        link=link,
        published=moment(_whole(entry.published), channel.timezone),
        updated=moment(shown.updated, channel.timezone),
        summary=_directed(summary, shown.note, rtl),
        text="\n\n".join(text),
        content=_directed(content, shown.note, rtl) or None,
        author=plain_title(entry.author or "") or None,
        categories=_terms(entry.categories),
        image=_image(entry),
        origin=_origin(shown),
        changed=shown.changed,
    )


def _directed(html: str, note: str, rtl: bool) -> str:
    """`html` with its note, marked where it runs from right to left; "" stays "" ."""
    if not html:
        return ""
    return f'<div dir="rtl">{html}</div>{note}' if rtl else html + note


def _origin(shown: Shown) -> Origin | None:
    channel = shown.origin
    if channel is None:
        return None
    title = plain_title(channel.title) or plain_title(channel.id)
    return Origin(clean(channel.id), title, safe_url(channel.url or "", _WEB), shown.origin_name)


def _image(entry: Entry) -> Image | None:
    """Its type is what its server says, else what its name says; its length its server's word."""
    address = safe_url(entry.image or "", _WEB)
    if address is None:
        return None
    ending = urlsplit(address).path.rpartition("/")[2].rpartition(".")[2].lower()
    return Image(address, entry.image_type or IMAGE_TYPES.get(ending), entry.image_length)


def plain_title(text: str) -> str:
    """`text` as one line of plain text without stray markup."""
    text = text[: 4 * MAX_TITLE] if len(text) > 4 * MAX_TITLE else text
    if "&" in text:
        text = _REFERENCE.sub(lambda found: unescape(found[0]), text)
    if "</" in text:
        text = _END_TAG.sub("", text)
    return clip(one_line(text), MAX_TITLE)


def _paragraphs_html(text: Sequence[str]) -> str:
    """Plain paragraphs as HTML; a line break within one stays."""
    return "".join(f"<p>{escape(part).replace(chr(10), '<br>')}</p>" for part in text)


def _terms(categories: Sequence[str]) -> tuple[str, ...]:
    """Category terms, cleaned, each once, in the order given."""
    lines = (clip(one_line(term), MAX_TITLE) for term in categories)
    return tuple(dict.fromkeys(term for term in lines if term))[:MAX_CATEGORIES]


def _language(tag: str) -> str | None:
    return tag if _LANGUAGE.fullmatch(tag) else None


def runs_right_to_left(text: str) -> bool:
    """Whether most letters of `text` are written from right to left; tags do not count."""
    if text.isascii() or not _RTL.search(text):
        return False
    text = _TAG.sub(" ", text)
    return 2 * len(_RTL.findall(text)) > len(_LETTER.findall(text))


def _begins_right_to_left(text: str) -> bool:
    first = _LETTER.search(text)
    return first is not None and _RTL.match(first[0]) is not None


def _whole(when: datetime) -> datetime:
    return when.replace(microsecond=0)


def moment(when: datetime, zone: ZoneInfo) -> datetime:
    """`when` with the zone's offset where RFC 3339 can write it (whole minutes)."""
    when = when.astimezone(UTC)
    try:
        local = when.astimezone(zone)
    except OverflowError:  # the first and last day that can be counted
        return when
    offset = local.utcoffset()
    return when if offset is None or offset.total_seconds() % 60 else local


def rfc3339(when: datetime) -> str:
    """An aware moment as Atom and JSON Feed write it."""
    return when.isoformat()
